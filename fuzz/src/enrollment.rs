//! The messages of enrollment: whatever the bytes are, nothing panics, and what is written
//! is read as it was.

use modegate_mde::csr::CertificateRequest;
use modegate_mde::discovery::DiscoverRequest;
use modegate_mde::envelope::Envelope;
use modegate_mde::pkcs7::RenewalRequest;
use modegate_mde::policies;
use modegate_mde::token_request::TokenRequest;
use modegate_mde::xml::{Element, XmlError};

/// Requests, certificate requests and signed messages.
pub fn enrollment(data: &[u8]) {
    let _ = CertificateRequest::read(data);
    let _ = RenewalRequest::read(data, None);
    let _ = RenewalRequest::read(data, Some(data));
    if let Ok(element) = Element::read(data) {
        // Escapes can be longer than what they stand for.
        match Element::read(element.write().as_bytes()) {
            Err(XmlError::TooLong) => {}
            back => assert_eq!(back, Ok(element)),
        }
    }
    let Ok(envelope) = Envelope::read(data) else {
        return;
    };
    let _ = DiscoverRequest::from_envelope(&envelope);
    let _ = policies::check_request(&envelope);
    let _ = TokenRequest::from_envelope(&envelope);
}
