//! What the server for the tests says: answers and provisioning documents.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::site::{HttpAnswer, Site};
use crate::enroll::Family;

pub(super) const SUBJECT: &str = "6c1cfd13-2b0b-4d0f-9a53-1d1a3b9f0f6e";
pub(super) const PROVIDER: &str = "modegate";
const KEY: &str = "ADDED6F93DADADF1F5B4EAA67D995169";

pub(super) fn envelope(action: &str, relates: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\">\
         <s:Header><a:Action s:mustUnderstand=\"1\">{action}</a:Action><a:RelatesTo>{relates}</a:RelatesTo></s:Header>\
         <s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// A fault with HTTP 500.
pub(super) fn fault(subcode: &str, detail: &str) -> HttpAnswer {
    HttpAnswer::status(
        500,
        format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault>\
             <s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>s:{subcode}</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text xml:lang=\"en\">no</s:Text></s:Reason>{detail}</s:Fault></s:Body></s:Envelope>"
        ),
    )
}

pub(super) fn discover(site: &Site, policy: &str) -> String {
    let element = |name: &str, value: String| format!("<{name}>{value}</{name}>");
    let policy = element("AuthPolicy", policy.to_owned());
    let authentication = element("AuthenticationServiceUrl", site.url("/sign-in"));
    let policies = element(
        "EnrollmentPolicyServiceUrl",
        site.url("/EnrollmentServer/w/Policy.svc"),
    );
    let enrollment = element(
        "EnrollmentServiceUrl",
        site.url("/EnrollmentServer/w/Enrollment.svc"),
    );
    let result = match site.family {
        Family::Windows10 => {
            format!(
                "{policy}<EnrollmentVersion>4.0</EnrollmentVersion>{policies}{enrollment}{authentication}"
            )
        }
        _ => format!("{policy}{authentication}{policies}{enrollment}"),
    };
    format!(
        "<DiscoverResponse xmlns=\"http://schemas.microsoft.com/windows/management/2012/01/enrollment\">\
         <DiscoverResult>{result}</DiscoverResult></DiscoverResponse>"
    )
}

/// `SHA1`: no hash is named; otherwise SHA-256 is.
pub(super) fn policies(hash: &str) -> String {
    let nil = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"";
    let (reference, oid) = match hash {
        "SHA1" => (
            format!("<hashAlgorithmOIDReference {nil}/>"),
            "<value>1.3.6.1.4.1.311.20.2</value><group>1</group><oIDReferenceID>5</oIDReferenceID>",
        ),
        _ => (
            "<hashAlgorithmOIDReference>0</hashAlgorithmOIDReference>".to_owned(),
            "<value>2.16.840.1.101.3.4.2.1</value><group>1</group><oIDReferenceID>0</oIDReferenceID>",
        ),
    };
    format!(
        "<GetPoliciesResponse xmlns=\"http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy\"><response>\
         <policies><policy><attributes><policySchema>3</policySchema><privateKeyAttributes>\
         <minimalKeyLength>2048</minimalKeyLength><algorithmOIDReference {nil}/></privateKeyAttributes>{reference}\
         </attributes></policy></policies></response><oIDs><oID>{oid}</oID></oIDs></GetPoliciesResponse>"
    )
}

pub(super) fn token_response(family: Family, document: &str) -> String {
    let manager = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment";
    let security =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    let kind = format!("<TokenType>{manager}/DeviceEnrollmentToken</TokenType>");
    let token = format!(
        "<BinarySecurityToken xmlns=\"{security}\" ValueType=\"{manager}/DeviceEnrollmentProvisionDoc\" \
         EncodingType=\"{security}#base64binary\">{}</BinarySecurityToken>",
        STANDARD.encode(document)
    );
    let (outside, inside) = match family {
        Family::Windows81 => ("", kind.as_str()),
        _ => (kind.as_str(), ""),
    };
    format!(
        "<RequestSecurityTokenResponseCollection xmlns=\"http://docs.oasis-open.org/ws-sx/ws-trust/200512\">\
         <RequestSecurityTokenResponse>{outside}<RequestedSecurityToken>{inside}{token}</RequestedSecurityToken>\
         <RequestID xmlns=\"http://schemas.microsoft.com/windows/pki/2009/01/enrollment\">0</RequestID>\
         </RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection>"
    )
}

pub(super) fn sha1(der: &[u8]) -> String {
    Sha1::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

fn parm(name: &str, value: &str) -> String {
    format!("<parm name=\"{name}\" value=\"{value}\"/>")
}

fn integer(name: &str, value: u32) -> String {
    format!("<parm name=\"{name}\" value=\"{value}\" datatype=\"integer\"/>")
}

fn node(kind: &str, inner: &str) -> String {
    format!("<characteristic type=\"{kind}\">{inner}</characteristic>")
}

fn certificate(der: &[u8], more: &str) -> String {
    let encoded = parm("EncodedCertificate", &STANDARD.encode(der));
    node(&sha1(der), &format!("{encoded}{more}"))
}

fn document(inner: &str) -> String {
    format!("<wap-provisioningdoc version=\"1.1\">{inner}</wap-provisioningdoc>")
}

pub(super) fn provisioning(site: &Site, leaf: &[u8]) -> String {
    let root = node("Root", &node("System", &certificate(&site.root(), "")));
    let inner = match site.family {
        Family::Windows81 => {
            let container = parm("KeySpec", "2")
                + &parm("ContainerName", "ConfigMgrEnrollment")
                + &parm("ProviderType", "1");
            let container = node("PrivateKeyContainer", &container);
            let my = node("My", &node("User", &certificate(leaf, &container)));
            let stores = node("CertificateStore", &(root + &my));
            stores + &application(site) + &registry(site, leaf)
        }
        _ => {
            let beside = node("PrivateKeyContainer", "");
            let user = node("User", &(certificate(leaf, "") + &beside));
            let renew = "<parm name=\"ROBOSupport\" value=\"true\" datatype=\"boolean\"/>"
                .to_owned()
                + &integer("RenewPeriod", 42)
                + &integer("RetryInterval", 7);
            let my = node("My", &(user + &node("WSTEP", &node("Renew", &renew))));
            let stores = node("CertificateStore", &(root + &my));
            stores + &application(site) + &dm_client()
        }
    };
    document(&inner)
}

fn application(site: &Site) -> String {
    let address = site.url("/dm");
    let secret = |level: &str, name: &str| {
        node(
            "APPAUTH",
            &(parm("AAUTHLEVEL", level)
                + &parm("AAUTHTYPE", "DIGEST")
                + name
                + &parm("AAUTHSECRET", "s3cret")
                + &parm("AAUTHDATA", &STANDARD.encode([7; 16]))),
        )
    };
    let inner = parm("APPID", "w7")
        + &parm("PROVIDER-ID", PROVIDER)
        + &parm("NAME", "Contoso &amp; sons")
        + &parm("SSPHyperlink", &site.url("/portal"))
        + &parm("ADDR", &address)
        + &parm("ServerList", &address)
        + &parm("ROLE", "4294967295")
        + "<parm name=\"BACKCOMPATRETRYDISABLED\"/>"
        + &parm("DEFAULTENCODING", "application/vnd.syncml.dm+xml")
        + &parm(
            "SSLCLIENTCERTSEARCHCRITERIA",
            &format!("Subject=CN%3d{SUBJECT}&amp;Stores=MY%5CUser"),
        )
        + &secret("CLIENT", "")
        + &secret("APPSRV", &parm("AAUTHNAME", "device-1"));
    node("APPLICATION", &inner)
}

fn registry(site: &Site, leaf: &[u8]) -> String {
    let retry = integer("NumRetries", 8)
        + &integer("RetryInterval", 15)
        + &integer("AuxNumRetries", 5)
        + &integer("AuxRetryInterval", 3)
        + &integer("Aux2NumRetries", 0)
        + &integer("Aux2RetryInterval", 480);
    let ssl = parm("SslServerRootCertHash", &sha1(&site.root()))
        + &parm("SslClientCertStore", "MY%5CSystem")
        + &parm("SslClientCertSubjectName", &format!("CN%3d{SUBJECT}"))
        + &parm("SslClientCertHash", &sha1(leaf));
    let reference = parm(
        "SslClientCertReference",
        &format!("My;System;{}", sha1(leaf)),
    );
    let inner = node(
        "HKLM\\Security\\MachineEnrollment",
        &integer("RenewalPeriod", 42),
    ) + &node("HKLM\\Security\\MachineEnrollment\\OmaDmRetry", &retry)
        + &node(
            "HKLM\\Software\\Windows\\CurrentVersion\\MDM\\MachineEnrollment",
            &parm("DeviceName", ""),
        )
        + &node(
            "HKLM\\SOFTWARE\\Windows\\CurrentVersion\\MDM\\MachineEnrollment",
            &ssl,
        )
        + &node(
            &format!("HKLM\\Security\\Provisioning\\OMADM\\Accounts\\{KEY}"),
            &reference,
        );
    node("Registry", &inner)
}

fn dm_client() -> String {
    let poll = integer("NumberOfFirstRetries", 8)
        + &integer("IntervalForFirstSetOfRetries", 15)
        + &integer("NumberOfSecondRetries", 5)
        + &integer("IntervalForSecondSetOfRetries", 3)
        + &integer("NumberOfRemainingScheduledRetries", 0)
        + &integer("IntervalForRemainingScheduledRetries", 1560)
        + "<parm name=\"PollOnLogin\" value=\"true\" datatype=\"boolean\"/>";
    let own = parm("EntDMID", "dm-77") + &parm("EntDeviceName", "Tablet") + &node("Poll", &poll);
    node("DMClient", &node("Provider", &node(PROVIDER, &own)))
}

/// The document of a renewal.
pub(super) fn renewal(site: &Site, leaf: &[u8]) -> String {
    let inner = match site.family {
        Family::Windows81 => certificate(leaf, ""),
        _ => certificate(leaf, "") + &node("PrivateKeyContainer", ""),
    };
    let stores = node("CertificateStore", &node("My", &node("User", &inner)));
    let account = match site.family {
        Family::Windows81 => String::new(),
        _ => node("APPLICATION", &parm("PROVIDER-ID", PROVIDER)),
    };
    document(&(stores + &account))
}

/// The content of a PKCS #7: the OCTET STRING after the identifier of data, found by its bytes.
pub(super) fn enclosed_request(pkcs7: &[u8]) -> Vec<u8> {
    let data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let at = pkcs7.windows(data.len()).position(|bytes| bytes == data);
    let rest = &pkcs7[at.unwrap() + data.len()..];
    // [0] and OCTET STRING, each with a length of two bytes.
    assert_eq!((rest[0], rest[1], rest[4], rest[5]), (0xa0, 0x82, 4, 0x82));
    let length = usize::from(rest[6]) << 8 | usize::from(rest[7]);
    rest[8..8 + length].to_vec()
}
