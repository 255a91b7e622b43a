//! What an unknown name was probably meant to be.

/// The setting that is a secret itself, and therefore never stands in the file.
pub(super) const NOT_IN_FILE: &str = "key";

/// What could stand in place of an unknown name: the one that it was meant to
/// be, if one differs by a slip, else all.
pub(super) fn nearest(word: &str, fields: &[&'static str]) -> String {
    let plain = word.replace('-', "_").to_lowercase();
    let names: Vec<&str> = fields
        .iter()
        .copied()
        .filter(|name| *name != NOT_IN_FILE)
        .collect();
    match names.iter().find(|name| is_near(name, &plain)) {
        Some(name) => format!("'{name}'"),
        None => format!("one of {}", names.join(", ")),
    }
}

/// Whether at most one letter too many, too few or wrong is all that differs.
fn is_near(name: &str, word: &str) -> bool {
    let (name, word) = (name.as_bytes(), word.as_bytes());
    let same = name.iter().zip(word).take_while(|(a, b)| a == b).count();
    let (a, b) = (&name[same..], &word[same..]);
    match (a, b) {
        ([] | [_], []) | ([], [_]) => true,
        ([_, rest @ ..], [_, other @ ..]) => rest == other || rest == b || a == other,
        _ => false,
    }
}
