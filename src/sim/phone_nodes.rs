//! The nodes of a phone for certificates, VPN, Wi-Fi and company apps, by
//! Microsoft's CSP reference: which verbs each takes, in which Format, and which
//! values. What the reference leaves open is answered as OMA DM would have it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a value must be.
#[derive(Debug, Clone, Copy)]
enum Value {
    Text,
    Number(u32, u32),
    Bool,
    Base64,
    Xml,
    Thumbprint,
    OneOf(&'static [&'static str]),
    Nothing,
}

/// A node of the reference.
#[derive(Debug)]
pub(super) struct NodeRule {
    /// Its path below `vendor/msft`, in lower case; `*` stands for a name.
    path: &'static str,
    /// `A`dd, `R`eplace, `D`elete, e`X`ec.
    verbs: &'static str,
    format: &'static str,
    value: Value,
    /// Whether it is written inside an Atomic only.
    pub(super) atomic: bool,
}

const fn rule(
    path: &'static str,
    verbs: &'static str,
    format: &'static str,
    value: Value,
    atomic: bool,
) -> NodeRule {
    NodeRule {
        path,
        verbs,
        format,
        value,
        atomic,
    }
}

const PLUG_INS: Value = Value::OneOf(&[
    "JunOS Pulse",
    "SonicWall Mobile Connect",
    "F5 Big-IP Edge Client",
    "Checkpoint Mobile VPN",
]);

static RULES: &[NodeRule] = &[
    rule(
        "certificatestore/root/system/*/encodedcertificate",
        "AR",
        "b64",
        Value::Base64,
        false,
    ),
    rule(
        "certificatestore/root/system/*",
        "D",
        "",
        Value::Nothing,
        false,
    ),
    rule(
        "certificatestore/ca/system/*/encodedcertificate",
        "AR",
        "b64",
        Value::Base64,
        false,
    ),
    rule(
        "certificatestore/ca/system/*",
        "D",
        "",
        Value::Nothing,
        false,
    ),
    rule(
        "certificatestore/my/user/*/encodedcertificate",
        "AR",
        "b64",
        Value::Base64,
        false,
    ),
    rule("certificatestore/my/user/*", "D", "", Value::Nothing, false),
    rule(
        "certificatestore/my/scep/*",
        "ARD",
        "node",
        Value::Nothing,
        false,
    ),
    rule(
        "certificatestore/my/scep/*/install/serverurl",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/challenge",
        "ARD",
        "chr",
        Value::Base64,
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/ekumapping",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/keyusage",
        "ARD",
        "int",
        Value::OneOf(&["32", "128", "160"]),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/subjectname",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/subjectalternativenames",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/keyprotection",
        "ARD",
        "int",
        Value::Number(1, 3),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/retrydelay",
        "AD",
        "int",
        Value::Number(1, u32::MAX),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/retrycount",
        "ARD",
        "int",
        Value::Number(0, 30),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/keylength",
        "ARD",
        "int",
        Value::OneOf(&["1024", "2048", "4096"]),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/hashalgorithm",
        "ARD",
        "chr",
        Value::OneOf(&["SHA-1", "SHA-2", "SHA-3"]),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/cathumbprint",
        "ARD",
        "chr",
        Value::Thumbprint,
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/validperiod",
        "ARD",
        "chr",
        Value::OneOf(&["Days", "Months", "Years"]),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/validperiodunits",
        "ARD",
        "int",
        Value::Number(0, u32::MAX),
        true,
    ),
    rule(
        "certificatestore/my/scep/*/install/enroll",
        "X",
        "null",
        Value::Nothing,
        true,
    ),
    rule(
        "certificatestore/my/wstep/renew/robosupport",
        "ARD",
        "bool",
        Value::Bool,
        true,
    ),
    rule(
        "certificatestore/my/wstep/renew/renewperiod",
        "ARD",
        "int",
        Value::Number(1, 1000),
        true,
    ),
    rule(
        "certificatestore/my/wstep/renew/retryinterval",
        "ARD",
        "int",
        Value::Number(1, 1000),
        true,
    ),
    rule(
        "clientcertificateinstall/pfxcertinstall/*",
        "ARD",
        "node",
        Value::Nothing,
        false,
    ),
    rule(
        "clientcertificateinstall/pfxcertinstall/*/keylocation",
        "AR",
        "int",
        Value::Number(1, 3),
        true,
    ),
    rule(
        "clientcertificateinstall/pfxcertinstall/*/pfxcertpassword",
        "AR",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "clientcertificateinstall/pfxcertinstall/*/pfxcertblob",
        "AR",
        "chr",
        Value::Base64,
        true,
    ),
    rule("wifi/profile/*", "D", "", Value::Nothing, false),
    rule("wifi/profile/*/wlanxml", "ARD", "chr", Value::Xml, false),
    rule("wifi/profile/*/proxy", "ARD", "chr", Value::Text, false),
    rule("vpn/*", "ARD", "node", Value::Nothing, false),
    rule("vpn/*/server", "AR", "chr", Value::Text, true),
    rule(
        "vpn/*/tunneltype",
        "A",
        "chr",
        Value::OneOf(&["IKEv2"]),
        true,
    ),
    rule("vpn/*/thirdparty/name", "A", "chr", PLUG_INS, true),
    rule("vpn/*/thirdparty/appid", "ARD", "chr", Value::Text, true),
    rule(
        "vpn/*/thirdparty/customstoreurl",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "vpn/*/thirdparty/customconfiguration",
        "ARD",
        "chr",
        Value::Xml,
        true,
    ),
    rule("vpn/*/authentication/method", "A", "chr", Value::Text, true),
    rule(
        "vpn/*/authentication/certificate/issuer",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "vpn/*/authentication/certificate/eku",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule("vpn/*/authentication/eap", "AR", "chr", Value::Xml, true),
    rule("vpn/*/proxy/manual/server", "ARD", "chr", Value::Text, true),
    rule(
        "vpn/*/proxy/manual/port",
        "ARD",
        "int",
        Value::Number(1, 65_535),
        true,
    ),
    rule(
        "vpn/*/proxy/bypassforlocal",
        "ARD",
        "bool",
        Value::Bool,
        true,
    ),
    rule(
        "vpn/*/securedresources/*/*",
        "ARD",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "vpn/*/policies/splittunnel",
        "ARD",
        "bool",
        Value::Bool,
        true,
    ),
    rule(
        "vpn/*/policies/bypassforlocal",
        "ARD",
        "bool",
        Value::Bool,
        true,
    ),
    rule(
        "vpn/*/policies/trustednetworkdetection",
        "ARD",
        "bool",
        Value::Bool,
        true,
    ),
    rule(
        "vpn/*/policies/connectiontype",
        "AR",
        "chr",
        Value::OneOf(&["Triggering", "Manual"]),
        true,
    ),
    rule("vpn/*/dnssuffix", "ARD", "chr", Value::Text, true),
    rule(
        "enterpriseappmanagement/*",
        "AD",
        "node",
        Value::Nothing,
        false,
    ),
    rule(
        "enterpriseappmanagement/*/enrollmenttoken",
        "AR",
        "chr",
        Value::Text,
        false,
    ),
    rule(
        "enterpriseappmanagement/*/certificatesearchcriteria",
        "AR",
        "chr",
        Value::Text,
        false,
    ),
    rule(
        "enterpriseappmanagement/*/crlcheck",
        "AR",
        "chr",
        Value::OneOf(&["0", "1"]),
        false,
    ),
    rule(
        "enterpriseappmanagement/*/enterpriseapps/inventory/*",
        "D",
        "",
        Value::Nothing,
        false,
    ),
    rule(
        "enterpriseappmanagement/*/enterpriseapps/download/*/name",
        "AR",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "enterpriseappmanagement/*/enterpriseapps/download/*/url",
        "AR",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "enterpriseappmanagement/*/enterpriseapps/download/*/version",
        "AR",
        "chr",
        Value::Text,
        true,
    ),
    rule(
        "enterpriseappmanagement/*/enterpriseapps/download/*/downloadinstall",
        "X",
        "int",
        Value::Number(0, 0),
        true,
    ),
];

/// The rule of a path below `vendor/`, in lower case.
pub(super) fn rule_of(path: &str) -> Option<&'static NodeRule> {
    let below = path.strip_prefix("vendor/msft/")?;
    RULES.iter().find(|rule| {
        let (mut asked, mut known) = (below.split('/'), rule.path.split('/'));
        loop {
            match (asked.next(), known.next()) {
                (None, None) => return true,
                (Some(asked), Some(known)) if known == "*" || known == asked => {}
                _ => return false,
            }
        }
    })
}

impl NodeRule {
    /// How it refuses this, if it does: 405 for the verb, 415 for the Format,
    /// 400 for the value.
    pub(super) fn refusal(&self, verb: &str, format: Option<&str>, data: &str) -> Option<u16> {
        let letter = match verb {
            "Add" => 'A',
            "Replace" => 'R',
            "Delete" => 'D',
            _ => 'X',
        };
        if !self.verbs.contains(letter) {
            return Some(405);
        }
        if letter == 'D' {
            return None;
        }
        if format.unwrap_or("chr") != self.format {
            return Some(415);
        }
        (!self.value.accepts(data)).then_some(400)
    }
}

impl Value {
    fn accepts(self, data: &str) -> bool {
        match self {
            Value::Text => !data.is_empty(),
            Value::Number(least, most) => data
                .parse()
                .is_ok_and(|number: u32| (least..=most).contains(&number)),
            Value::Bool => matches!(data, "true" | "false"),
            Value::Base64 => !data.is_empty() && STANDARD.decode(data).is_ok(),
            Value::Xml => roxmltree::Document::parse(data).is_ok(),
            Value::Thumbprint => is_thumbprint(data),
            Value::OneOf(words) => words.contains(&data),
            Value::Nothing => data.is_empty(),
        }
    }
}

/// 20 bytes in hexadecimal.
pub(super) fn is_thumbprint(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name that a WLAN profile gives itself.
pub(super) fn wlan_name(xml: &str) -> Option<String> {
    let document = roxmltree::Document::parse(xml).ok()?;
    let mut below = document.root_element().children();
    let name = below.find(|node| node.tag_name().name() == "name")?;
    name.text().map(str::to_owned)
}

/// What a SCEP enrolment needs before Enroll (all are "required").
pub(super) const SCEP_NEEDS: [&str; 8] = [
    "serverurl",
    "challenge",
    "ekumapping",
    "keyusage",
    "subjectname",
    "keylength",
    "hashalgorithm",
    "cathumbprint",
];
