//! The words of the pages that a tablet's user sees, in one place: each text stands once, in
//! all languages side by side, so that one that is missing does not compile.
//!
//! The console is in English, whose terms are those of the API and of the documents.

mod portal;
mod shared;

pub use portal::PortalWord;
pub use shared::Word;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::English, Language::German];

    /// Its tag (RFC 5646): the attribute `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::German => "Deutsch",
        }
    }

    /// The language with this tag, whatever its region.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Language::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language that a browser likes best (`Accept-Language`, RFC 9110 section 12.5.4) of
    /// those that there are.
    pub fn preferred(accept: &str) -> Self {
        // Of a header of kilobytes the beginning is enough.
        let wanted = accept.split(',').take(16).filter_map(|item| {
            let (tag, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
            let language = Language::from_tag(tag.trim())?;
            (weight > 0.0).then_some((weight, language))
        });
        // Of two with the same weight the first.
        let best = wanted.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map_or_else(Language::default, |(_, language)| language)
    }
}

/// A text in all languages.
pub trait Text: Copy {
    /// It in this language.
    fn text(self, language: Language) -> &'static str;

    /// It with its places `{}` filled, in their order.
    fn filled(self, language: Language, values: &[&dyn std::fmt::Display]) -> String {
        let mut parts = self.text(language).split("{}");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        let mut values = values.iter();
        for part in parts {
            if let Some(value) = values.next() {
                filled.push_str(&value.to_string());
            }
            filled.push_str(part);
        }
        filled
    }
}

/// Declares texts: `Name => "English", "German";`.
macro_rules! words {
    ($(#[$about:meta])* $vis:vis enum $type:ident { $($name:ident => $english:literal, $german:literal;)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $type {
            $(#[doc = $english] $name,)+
        }

        impl $type {
            /// Every one of them.
            pub const ALL: &[$type] = &[$($type::$name),+];
        }

        impl $crate::words::Text for $type {
            fn text(self, language: $crate::words::Language) -> &'static str {
                match (self, language) {
                    $(
                        ($type::$name, $crate::words::Language::English) => $english,
                        ($type::$name, $crate::words::Language::German) => $german,
                    )+
                }
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_that_it_likes_best() {
        for (accept, expected) in [
            ("", Language::English),
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("fr-FR,en;q=0.8,de;q=0.9", Language::German),
            ("en,de", Language::English),
            ("de;q=0", Language::English),
            ("fr", Language::English),
            ("de;q=x,,;;", Language::English),
        ] {
            assert_eq!(Language::preferred(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn both_languages_of_a_text_have_the_same_places_to_fill() {
        fn check<T: Text + std::fmt::Debug>(all: &[T]) {
            for word in all {
                let places = |language| word.text(language).matches("{}").count();
                let (english, german) = (places(Language::English), places(Language::German));
                assert_eq!(english, german, "{word:?}");
            }
        }
        check(Word::ALL);
        check(PortalWord::ALL);
    }

    #[test]
    fn places_are_filled_in_their_order() {
        let filled = Word::SignedInAs.filled(Language::German, &[&"ann@contoso.com"]);
        assert!(filled.contains("ann@contoso.com") && !filled.contains("{}"));
    }
}
