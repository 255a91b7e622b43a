//! What a form sent.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use crate::http::problem::{Problem, ProblemCode};
use modegate_pages::error::SentForm;

/// Largest form, bytes.
pub(super) const BYTES: usize = 256 * 1024;
/// Most fields of one.
const FIELDS: usize = 2_000;
/// The field by which a form shows that a page of this session sent it.
pub(super) const CSRF: &str = "csrf";
/// The field by which a form is sent once: a random text, made with the page.
pub(super) const ONCE: &str = "once";

/// The fields of a form, in the order in which they were sent.
#[derive(Debug, Clone)]
pub(super) struct Form(Arc<[(String, String)]>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|_| {
            Problem::new(ProblemCode::MalformedBody, "expected the fields of a form")
        })?;
        if fields.len() > FIELDS {
            let detail = format!("expected at most {FIELDS} fields, found {}", fields.len());
            return Err(Problem::new(ProblemCode::BodyTooLarge, detail));
        }
        Ok(Form(fields.into()))
    }

    /// The text of a field, without white space around it; empty where it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// The text of a field as it was sent.
    pub(super) fn exact(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, text)| text)
    }

    /// The text of a field, if there is any.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether a box was ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }

    /// What its sender entered: without what the server adds to each form.
    pub(super) fn entered(&self) -> Vec<(String, String)> {
        let entered = self
            .0
            .iter()
            .filter(|(name, _)| name != CSRF && name != ONCE);
        entered.cloned().collect()
    }
}

/// A refused form, to be sent again, where one of this site's pages sent it.
#[derive(Debug, Clone)]
pub(super) struct Resend(pub(super) SentForm);

/// Whether a field may stand in a page: a secret is asked for again by the form itself.
fn is_shown((name, _): &(String, String)) -> bool {
    let secrets = ["password", "secret", "token", "key", "data"];
    !secrets.iter().any(|secret| name.contains(secret))
}

/// What a form that was posted there has to be sent again with.
pub(super) fn resend(action: &str, form: &Form) -> Resend {
    Resend(SentForm {
        action: action.to_owned(),
        fields: form.entered().into_iter().filter(is_shown).collect(),
    })
}

impl FromRequest for Form {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The guard read it.
        let form = request.extensions().get::<Form>().cloned();
        let missing = || Problem::new(ProblemCode::MalformedBody, "expected a form");
        ready(form.ok_or_else(missing))
    }
}
