//! The table of what a chart shows.

use std::fmt::{self, Write as _};

use super::draw::escaped;

/// A finished table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// Escaped.
    caption: String,
    text: String,
}

impl Table {
    /// What it shows, escaped.
    pub(super) fn caption(&self) -> &str {
        &self.caption
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A table with this caption and these heads of its columns; the first cell of each row is
/// the row's head. Any text.
pub(super) fn table(
    caption: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = (String, Vec<String>)>,
) -> Table {
    let caption = escaped(caption);
    let mut text = format!(
        r#"<table class="list c-table"><caption class="visually-hidden"><bdi>{caption}</bdi></caption><thead><tr>"#
    );
    for column in columns {
        // Writing to memory does not fail.
        let _ = write!(text, r#"<th scope="col">{}</th>"#, escaped(column));
    }
    text.push_str("</tr></thead><tbody>");
    for (head, cells) in rows {
        let _ = write!(text, r#"<tr><th scope="row">{}</th>"#, escaped(&head));
        for cell in cells {
            let _ = write!(text, "<td>{}</td>", escaped(&cell));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table>");
    Table { caption, text }
}
