//! Why a write that somebody asked for does not happen.

use crate::fields::FieldError;

/// Why an API write does not happen; the text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not in this state: HTTP 409.
    Conflict(String),
    /// Over a limit: HTTP 413.
    Limit(String),
    /// No such thing: HTTP 404.
    Missing(String),
    /// Not as the caller last saw it (`If-Match`): HTTP 412.
    Stale(String),
    /// A field that cannot be so, now that the device is seen as it stands: HTTP 422.
    Field(FieldError),
    /// Fields that stand against what is there already, all of them: HTTP 409.
    Conflicts(Vec<FieldError>),
}

impl Refusal {
    /// Why, in words.
    pub fn words(&self) -> String {
        match self {
            Refusal::Conflict(why)
            | Refusal::Limit(why)
            | Refusal::Missing(why)
            | Refusal::Stale(why) => why.clone(),
            Refusal::Field(error) => error.to_string(),
            Refusal::Conflicts(errors) => {
                let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
                words.join("; ")
            }
        }
    }
}
