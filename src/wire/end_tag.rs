//! The end tag of a value that is not well-formed: found in the text itself.

/// What ends a value that is not well-formed.
pub(super) enum EndTag {
    /// The element's own end tag: where it begins and where it ends.
    Found { at: usize, after: usize },
    /// Before any such one, that of the element around it.
    OfParent,
    /// Nothing.
    Missing,
}

/// The first end tag of `name` or of `parent` behind `begin`.
pub(super) fn end_tag(text: &str, begin: usize, name: &str, parent: Option<&str>) -> EndTag {
    for (at, _) in text[begin..].match_indices("</") {
        let at = begin + at;
        let tag = &text[at + 2..];
        let ends = |name: &str| {
            let rest = tag.strip_prefix(name)?;
            let rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
            rest.strip_prefix('>').map(|rest| text.len() - rest.len())
        };
        if let Some(after) = ends(name) {
            return EndTag::Found { at, after };
        }
        if parent.and_then(ends).is_some() {
            return EndTag::OfParent;
        }
    }
    EndTag::Missing
}
