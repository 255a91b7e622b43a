//! SOAP 1.2 envelopes that the server answers with.

use crate::namespace::{ADDRESSING, DIAGNOSTICS, SOAP12};
use crate::xml::Element;

/// The media type of every answer.
pub const CONTENT_TYPE: &str = "application/soap+xml; charset=utf-8";

/// An answer: what stands in the header and the body. Clients expect it in one piece with
/// a Content-Length, not chunked.
#[derive(Debug, Clone)]
pub struct Reply {
    action: String,
    relates_to: Option<String>,
    activity_id: Option<String>,
    body: Element,
}

impl Reply {
    /// An answer with this action and body.
    pub(crate) fn new(action: String, body: Element) -> Self {
        Reply {
            action,
            relates_to: None,
            activity_id: None,
            body,
        }
    }

    /// Names the request by its MessageID, verbatim.
    pub fn relates_to(mut self, message_id: Option<&str>) -> Self {
        self.relates_to = message_id.map(str::to_owned);
        self
    }

    /// Adds the optional header ActivityId, by which a log entry can be found.
    pub fn activity_id(mut self, id: &str) -> Self {
        self.activity_id = Some(id.to_owned());
        self
    }

    /// The envelope as one line of XML.
    pub fn write(&self) -> String {
        let action =
            Element::with_text("a:Action", &self.action).attribute("s:mustUnderstand", "1");
        let mut header = Element::new("s:Header").child(action);
        if let Some(id) = &self.activity_id {
            let activity = Element::with_text("ActivityId", id).namespace(DIAGNOSTICS);
            header = header.child(activity.attribute("CorrelationId", id));
        }
        if let Some(id) = &self.relates_to {
            header = header.child(Element::with_text("a:RelatesTo", id));
        }
        Element::new("s:Envelope")
            .attribute("xmlns:s", SOAP12)
            .attribute("xmlns:a", ADDRESSING)
            .child(header)
            .child(Element::new("s:Body").child(self.body.clone()))
            .write()
    }
}
