//! What an unknown key was probably meant to be.

/// The setting that is a secret itself, and therefore never stands in the file.
pub(super) const NOT_IN_FILE: &str = "key";

/// What could stand in place of an unknown key of the file.
pub(super) fn nearest(word: &str, fields: &[&'static str]) -> String {
    let names = fields.iter().copied().filter(|name| *name != NOT_IN_FILE);
    modegate_core::suggestion::nearest(word, &names.collect::<Vec<_>>())
}
