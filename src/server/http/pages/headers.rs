//! The headers of every page.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// What a page may load: files of this server. No script and no style stands in a page, and no
/// text becomes markup by script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const PAGE: [(&str, &str); 11] = [
    ("content-security-policy", POLICY),
    // Sites of an intranet are shown as in Internet Explorer 7 otherwise.
    ("x-ua-compatible", "IE=edge"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    // With no-referrer, a form would say that it comes from nowhere: `Origin: null`.
    ("referrer-policy", "same-origin"),
    ("x-xss-protection", "0"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
    ("cache-control", "no-store"),
    ("vary", "Cookie, Accept-Language"),
];

/// Adds them; those that the page has itself stay.
pub(super) fn add(headers: &mut HeaderMap, hsts: bool) {
    for (name, value) in PAGE {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if hsts {
        let name = HeaderName::from_static("strict-transport-security");
        headers.insert(name, HeaderValue::from_static("max-age=31536000"));
    }
}
