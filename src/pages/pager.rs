//! The links from one page of a list to the others.

use askama::Template;
use askama::filters::HtmlSafe;

/// The links below a list that is read in pages: to its first page, where this is another, and
/// to the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "pager.html")]
pub struct Pager {
    /// The address of the first page.
    pub first: Option<String>,
    /// The address of the next page.
    pub next: Option<String>,
    /// What the next page has: "Next 50".
    pub next_text: String,
}

// Its template escapes what it shows.
impl HtmlSafe for Pager {}
