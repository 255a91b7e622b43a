//! The crate from outside: requests, hostile bytes, keys and documents.

mod documents;
// Public for the fuzz target.
#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/enrollment.rs"]
mod fuzz;
mod hostile;
mod keys;
mod replies;
mod requests;

use crate::envelope::Envelope;

/// An envelope as a Windows client writes one, with these headers and this body.
fn envelope(headers: &str, body: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>{headers}</s:Header><s:Body>{body}</s:Body></s:Envelope>"#
    )
}

fn read(headers: &str, body: &str) -> Envelope {
    Envelope::read(envelope(headers, body).as_bytes()).unwrap()
}

/// A line for each element, so that differences can be read. What is sent has none.
fn lines(xml: &str) -> String {
    assert!(!xml.contains(['\n', '\r', '\t']), "one line");
    assert!(!xml.contains("> <"), "no white space between tags");
    xml.replace("><", ">\n<")
}
