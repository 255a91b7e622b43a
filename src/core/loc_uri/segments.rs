//! The segments of a decoded LocURI.

/// What every LocURI begins with.
pub(super) const ROOT: &str = "./";

/// From where to where, bytes.
pub(super) type Span = (usize, usize);

/// Follows the quotes of a text, byte by byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quotes {
    /// The quote that is open.
    open: Option<u8>,
    /// Whether a backslash inside quotes takes the next byte's meaning, as WMI's object
    /// paths have it.
    escapes: bool,
    /// Whether the byte before was such a backslash.
    is_escaped: bool,
}

impl Quotes {
    /// Before the first byte.
    pub(super) fn new(escapes: bool) -> Self {
        Quotes {
            open: None,
            escapes,
            is_escaped: false,
        }
    }

    /// Takes the next byte in; whether a quote is open behind it.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        if self.is_escaped {
            self.is_escaped = false;
        } else {
            match (self.open, byte) {
                (Some(_), b'\\') if self.escapes => self.is_escaped = true,
                (Some(quote), byte) if quote == byte => self.open = None,
                (None, b'"' | b'\'') => self.open = Some(byte),
                _ => {}
            }
        }
        self.open.is_some()
    }
}

/// The segments of a path: split at slashes outside quotes, empty ones left out.
#[derive(Debug, Clone)]
pub(super) struct Segments<'a> {
    text: &'a str,
    /// Where the rest begins, bytes.
    pub(super) at: usize,
    /// Whether backslashes escape inside quotes.
    escapes: bool,
}

impl<'a> Segments<'a> {
    /// Those from `at` on, backslashes being letters like others.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Segments {
            text,
            at,
            escapes: false,
        }
    }

    /// The same, where backslashes may escape inside quotes.
    pub(super) fn read_with(self, escapes: bool) -> Self {
        Segments { escapes, ..self }
    }

    pub(super) fn next_span(&mut self) -> Option<Span> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let from = self.at + rest.iter().position(|&byte| byte != b'/')?;
        let mut quotes = Quotes::new(self.escapes);
        let length = self.text.bytes().skip(from).position(|byte| {
            let is_inside = quotes.take(byte);
            byte == b'/' && !is_inside
        });
        self.at = length.map_or(self.text.len(), |length| from + length);
        Some((from, self.at))
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (from, to) = self.next_span()?;
        self.text.get(from..to)
    }
}

/// Whether a quote in it is not closed.
pub(super) fn has_open_quote(path: &str, escapes: bool) -> bool {
    let mut quotes = Quotes::new(escapes);
    path.bytes().fold(false, |_, byte| quotes.take(byte))
}
