//! Secrets that were entered into a form which is shown again: the page carries them sealed, for
//! this session only, so that none is shown and none is to be entered twice.

use data_encoding::BASE64URL_NOPAD;

use super::super::Visitor;
use modegate_pages::console::form::{Control, Entered, Section};
use modegate_store::seal::SealContext;

/// The field of the form that carries them.
const KEPT: &str = "kept";

/// What was entered, with the secrets that were entered before where there are no others.
pub(super) fn restored(visitor: &Visitor, entered: Entered, secrets: &[String]) -> Entered {
    let kept = open(visitor, &entered.exact(KEPT)).unwrap_or_default();
    let left_out =
        |(name, _): &(String, String)| secrets.contains(name) && entered.exact(name).is_empty();
    let kept: Vec<(String, String)> = kept.into_iter().filter(left_out).collect();
    let with = |entered: Entered, (name, text): (String, String)| entered.with(&name, text);
    kept.into_iter().fold(entered, with)
}

/// The secrets among what was entered, sealed; the fields that ask for them say that they are
/// kept. Empty where there is none.
pub(super) fn sealed(
    visitor: &Visitor,
    entered: &Entered,
    secrets: &[String],
    sections: &mut [Section],
) -> String {
    let given = secrets
        .iter()
        .map(|name| (name.clone(), entered.exact(name)));
    let given: Vec<(String, String)> = given.filter(|(_, text)| !text.is_empty()).collect();
    if given.is_empty() {
        return String::new();
    }
    let text = serde_json::to_vec(&given).unwrap_or_default();
    // Sealing fails for want of random numbers only: then they are to be entered again.
    let Ok(sealed) = visitor.app().keys.seal(context(visitor), &text) else {
        return String::new();
    };
    for input in sections.iter_mut().flat_map(|section| &mut section.inputs) {
        let is_given = given.iter().any(|(name, _)| *name == input.name);
        if let (true, Control::Secret { is_kept, .. }) = (is_given, &mut input.control) {
            *is_kept = true;
        }
    }
    BASE64URL_NOPAD.encode(&sealed)
}

fn open(visitor: &Visitor, text: &str) -> Option<Vec<(String, String)>> {
    let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let text = visitor.app().keys.open(context(visitor), &sealed).ok()?;
    serde_json::from_slice(&text).ok()
}

fn context(visitor: &Visitor) -> SealContext {
    SealContext::Form(visitor.session.id.0.as_u128())
}
