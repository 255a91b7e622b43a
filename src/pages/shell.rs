//! What every page shows around its own content.

use modegate_core::time::Timestamp;
use modegate_core::web_session::Surface;

use crate::address;
use crate::brand::Brand;
use crate::when::{Ago, When};
use crate::words::{Language, Text};

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads: an address of this site.
    pub href: String,
    /// What it says.
    pub text: String,
}

impl Link {
    /// A link.
    pub fn new(href: impl Into<String>, text: impl Into<String>) -> Self {
        Link {
            href: href.into(),
            text: text.into(),
        }
    }
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// It is to be known.
    Info,
    /// It wants attention.
    Warn,
    /// It went wrong.
    Bad,
}

impl Tone {
    /// The end of its class names.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Info => "info",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// A sentence at the top of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// What every page shows.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Its language.
    pub language: Language,
    /// What it belongs to.
    pub surface: Surface,
    /// Its title, unique among the pages.
    pub title: String,
    /// The links of the navigation, for whom they are.
    pub nav: Vec<Link>,
    /// The address of the navigation's link that leads here or above here.
    pub section: String,
    /// Who is signed in.
    pub who: Option<String>,
    /// What forms must send back, empty before signing in.
    pub csrf: String,
    /// Whose pages they are.
    pub brand: Brand,
    /// The part of the assets' addresses that changes with them.
    pub assets: String,
    /// The page above this one.
    pub back: Option<Link>,
    /// What is said first.
    pub notice: Option<Notice>,
    /// This page's address, for print.
    pub address: String,
    /// The time.
    pub now: Timestamp,
}

/// As much of a long id as lists show.
const ID_SHOWN: usize = 8;

/// Whether it is an id that nobody reads as a whole.
fn is_long_id(text: &str) -> bool {
    text.len() >= 32 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

impl Shell {
    /// The address of the first page.
    pub fn home(&self) -> &'static str {
        address::home(self.surface)
    }

    /// The page of who is signed in, where there is one.
    pub fn me(&self) -> Option<&'static str> {
        address::me(self.surface)
    }

    /// Where signing out is posted to.
    pub fn sign_out(&self) -> &'static str {
        address::sign_out(self.surface)
    }

    /// A text in the page's language.
    pub fn say<T: Text>(&self, text: T) -> &'static str {
        text.text(self.language)
    }

    /// A text with one place filled.
    pub fn fill<T: Text>(&self, text: T, value: impl std::fmt::Display) -> String {
        text.filled(self.language, &[&value])
    }

    /// An instant.
    pub fn when(&self, at: &Timestamp) -> When {
        When(*at)
    }

    /// How long ago an instant is.
    pub fn ago(&self, at: &Timestamp) -> Ago {
        Ago {
            at: *at,
            now: self.now,
        }
    }

    /// Who did something, with a long id shortened: a name is recognised by its beginning. The
    /// page of the entry has the whole.
    pub fn actor(&self, actor: &str) -> String {
        match actor.split_once(':') {
            Some((of, id)) if is_long_id(id) => {
                format!("{of}:{}\u{2026}", id.get(..ID_SHOWN).unwrap_or(id))
            }
            _ => actor.to_owned(),
        }
    }

    /// A text with a capital first, as a sentence begins.
    pub fn capital(&self, text: impl AsRef<str>) -> String {
        capital(text.as_ref())
    }

    /// The page with the page above it.
    #[must_use]
    pub fn below(mut self, href: impl Into<String>, text: impl Into<String>) -> Self {
        self.back = Some(Link::new(href, text));
        self
    }

    /// The page with another title.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Whether this is the page at this address, whatever its query is.
    pub fn is_page(&self, href: &str) -> bool {
        self.address.split('?').next() == Some(href)
    }

    /// Whether this link of the navigation leads here or above here.
    pub fn is_current(&self, link: &Link) -> bool {
        link.href == self.section
    }
}

/// A text with a capital first.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
