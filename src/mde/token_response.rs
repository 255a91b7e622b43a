//! The answer to RequestSecurityToken: the provisioning document, wrapped.

use crate::base64;
use crate::family::Family;
use crate::namespace::{DEVICE_ENROLLMENT, PKI_ENROLLMENT, SECURITY, TRUST};
use crate::provisioning::ProvisioningDocument;
use crate::reply::Reply;
use crate::xml::Element;

/// The answer that contains `document`. It contains secrets.
pub fn reply(family: Family, document: &ProvisioningDocument) -> Reply {
    let token_type = format!("{DEVICE_ENROLLMENT}/DeviceEnrollmentToken");
    let token_type = Element::with_text("TokenType", &token_type);
    let content = base64::encode(document.reveal().as_bytes());
    let token = Element::with_text("BinarySecurityToken", &content)
        .namespace(SECURITY)
        .attribute(
            "ValueType",
            &format!("{DEVICE_ENROLLMENT}/DeviceEnrollmentProvisionDoc"),
        )
        .attribute("EncodingType", &format!("{SECURITY}#base64binary"));
    let requested = Element::new("RequestedSecurityToken");
    let response = Element::new("RequestSecurityTokenResponse");
    // MS-MDE has TokenType inside RequestedSecurityToken, MS-MDE2 beside it.
    let (response, requested) = match family {
        Family::Windows81 => (response, requested.child(token_type)),
        Family::WindowsPhone81 | Family::Windows10 => (response.child(token_type), requested),
    };
    let response = response
        .child(Element::new("DispositionMessage").namespace(PKI_ENROLLMENT))
        .child(requested.child(token))
        .child(Element::with_text("RequestID", "0").namespace(PKI_ENROLLMENT));
    let collection = Element::new("RequestSecurityTokenResponseCollection").namespace(TRUST);
    Reply::new(
        format!("{PKI_ENROLLMENT}/RSTRC/wstep"),
        collection.child(response),
    )
}
