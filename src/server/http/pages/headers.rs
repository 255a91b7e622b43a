//! The headers of every page.

use actix_web::http::StatusCode;
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

/// What of them an answer without content has. A browser shows nothing of it, and keeps the page
/// that it has with the page's own headers; a page that looks for news gets many of these.
const NO_CONTENT: [&str; 3] = ["x-content-type-options", "cache-control", "vary"];

/// Adds them; those that the page has itself stay.
pub(super) fn add(status: StatusCode, headers: &mut HeaderMap, hsts: bool) {
    let has_content = status != StatusCode::NO_CONTENT;
    for (name, value) in PAGE {
        if !has_content && !NO_CONTENT.contains(&name) {
            continue;
        }
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
