//! The segments of a decoded LocURI.

/// What every LocURI begins with.
pub(super) const ROOT: &str = "./";

/// From where to where, bytes.
pub(super) type Span = (usize, usize);

/// The segments of a path: split at slashes outside quotes, empty ones left out.
#[derive(Debug, Clone)]
pub(super) struct Segments<'a> {
    text: &'a str,
    /// Where the rest begins, bytes.
    pub(super) at: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Segments { text, at }
    }

    pub(super) fn next_span(&mut self) -> Option<Span> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let from = self.at + rest.iter().position(|&byte| byte != b'/')?;
        let mut quote = None;
        let length = self.text.bytes().skip(from).position(|byte| {
            quote = quoted(quote, byte);
            byte == b'/' && quote.is_none()
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

/// The quote that is open after `byte`, where `open` was before it.
fn quoted(open: Option<u8>, byte: u8) -> Option<u8> {
    match (open, byte) {
        (Some(quote), byte) if quote == byte => None,
        (None, b'"' | b'\'') => Some(byte),
        (open, _) => open,
    }
}

/// Whether a quote in it is not closed.
pub(super) fn has_open_quote(path: &str) -> bool {
    path.bytes().fold(None, quoted).is_some()
}
