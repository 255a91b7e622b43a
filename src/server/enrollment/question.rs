//! What an issuer outside is asked, as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::issuer::CertificateRequest;

/// The request for a certificate as an issuer outside reads it.
#[derive(Serialize)]
pub(super) struct Question<'a> {
    /// PKCS#10 in PEM: its signature was verified. Its subject and extensions mean nothing.
    csr: String,
    /// The common name that the certificate is to have.
    common_name: &'a str,
    /// RFC 3339.
    not_before: String,
    /// RFC 3339.
    not_after: String,
    /// Whose device it is.
    user: &'a str,
    /// `windows81`, `windows_phone81` or `windows10`.
    family: &'static str,
    /// What the device says of itself, proved by nothing: pairs of name and value.
    claims: &'a [(String, String)],
}

impl<'a> Question<'a> {
    pub(super) fn new(request: &'a CertificateRequest) -> Self {
        Question {
            csr: pem_of("CERTIFICATE REQUEST", &request.csr_der),
            common_name: &request.subject_cn,
            not_before: request.not_before.to_string(),
            not_after: request.not_after.to_string(),
            user: &request.user,
            family: request.family.name(),
            claims: request.claims.all(),
        }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        // Strings and lists of strings are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A section of PEM with lines of 64 characters (RFC 7468).
fn pem_of(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for start in (0..text.len()).step_by(64) {
        pem.push_str(&text[start..text.len().min(start + 64)]);
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
