//! The forms of an HTML page, as far as a sign-in needs them.

/// A form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) is_post: bool,
    pub(super) fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    /// `type` in lower case; `text` without one.
    pub(super) kind: String,
    pub(super) value: String,
}

impl Form {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether it asks for a password or a code.
    pub(super) fn asks_secret(&self) -> bool {
        self.fields.iter().any(Field::is_secret)
    }
}

impl Field {
    /// Whether a password or a code goes in here.
    pub(super) fn is_secret(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        let is_code = name.contains("token") || name.contains("code");
        self.kind == "password" || self.is_text() && is_code
    }

    /// Whether the user types a text here.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind.as_str(), "text" | "email")
    }
}

/// Every form of a page.
pub(super) fn forms(page: &str) -> Vec<Form> {
    let (mut found, mut open) = (Vec::new(), None::<Form>);
    let mut submitted = false;
    for (name, attributes) in Tags(page) {
        let attribute = |wanted: &str| {
            let mut all = attributes.iter();
            all.find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        match (name.as_str(), &mut open) {
            ("form", _) => {
                found.extend(open.take());
                submitted = false;
                open = Some(Form {
                    action: attribute("action").unwrap_or_default(),
                    is_post: attribute("method")
                        .is_some_and(|method| method.eq_ignore_ascii_case("post")),
                    fields: Vec::new(),
                });
            }
            ("/form", _) => found.extend(open.take()),
            ("input" | "button", Some(form)) => {
                let default = if name == "button" { "submit" } else { "text" };
                let kind = attribute("type").unwrap_or_else(|| default.to_owned());
                let kind = kind.to_ascii_lowercase();
                let is_button = matches!(kind.as_str(), "submit" | "image");
                let unset =
                    matches!(kind.as_str(), "checkbox" | "radio") && attribute("checked").is_none();
                // Of several buttons only the one that is pressed is sent: the first.
                let left_out = is_button && submitted || unset || kind == "reset";
                submitted |= is_button;
                let name = attribute("name").filter(|name| !name.is_empty() && !left_out);
                form.fields.extend(name.map(|name| Field {
                    name,
                    kind,
                    value: attribute("value").unwrap_or_default(),
                }));
            }
            _ => {}
        }
    }
    found.extend(open);
    found
}

/// The tags of a page: name (`/form` at an end) and attributes, both in lower case.
struct Tags<'a>(&'a str);

impl Iterator for Tags<'_> {
    type Item = (String, Vec<(String, String)>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let at = self.0.find('<')?;
            let rest = &self.0[at + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                self.0 = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '/';
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let name = rest[..end].to_ascii_lowercase();
            self.0 = &rest[end..];
            if name.is_empty() {
                continue;
            }
            let attributes = self.attributes();
            if matches!(name.as_str(), "script" | "style" | "textarea") {
                let close = format!("</{name}");
                let lower = self.0.to_ascii_lowercase();
                self.0 = lower.find(&close).map_or("", |end| &self.0[end..]);
            }
            return Some((name, attributes));
        }
    }
}

impl Tags<'_> {
    /// Reads up to the end of the tag.
    fn attributes(&mut self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        loop {
            self.0 = self
                .0
                .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            match self.0.chars().next() {
                None => return found,
                Some('>') => {
                    self.0 = &self.0[1..];
                    return found;
                }
                Some(_) => {}
            }
            let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
            let end = self.0.find(is_end).unwrap_or(self.0.len());
            // A `=` without a name: skipped, so that every round takes something.
            let end = end.max(usize::from(self.0.starts_with('=')));
            let name = self.0[..end].to_ascii_lowercase();
            self.0 = self.0[end..].trim_start();
            let mut value = String::new();
            if let Some(rest) = self.0.strip_prefix('=') {
                value = self.value(rest.trim_start());
            }
            found.push((name, value));
        }
    }
}

impl<'a> Tags<'a> {
    fn value(&mut self, rest: &'a str) -> String {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, rest) = match quote {
            Some(quote) => {
                let inner = &rest[1..];
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            None => {
                let is_end = |c: char| c.is_ascii_whitespace() || c == '>';
                rest.split_at(rest.find(is_end).unwrap_or(rest.len()))
            }
        };
        self.0 = rest;
        decoded(value)
    }
}

/// Text with its character references replaced.
fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 10);
        let character = end.and_then(|end| character(&rest[1..end]));
        match (character, end) {
            (Some(character), Some(end)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_read_as_a_browser_reads_them() {
        let page = "<!-- <form action=no> --><FORM Method='POST' action=\"ms-app://x?a=1&amp;b=2\">\
            <input type=hidden name=wresult value=\"a&#x26;b&quot;&#39;&lt;\"/><input name='user'>\
            <input type=checkbox name=keep><button name=go value=1>Go</button>\
            <button name=stop value=1>Stop</button></form><script>'<form>'</script>";
        let found = forms(page);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].action, "ms-app://x?a=1&b=2");
        assert!(found[0].is_post);
        let names: Vec<_> = found[0]
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(names, ["wresult", "user", "go"]);
        assert_eq!(found[0].fields[0].value, "a&b\"'<");
        assert_eq!(found[0].fields[1].kind, "text");
    }

    proptest! {
        #[test]
        fn no_page_panics_or_hangs(page in "[<>a-f/='\"& ;#x-]{0,80}", whole in any::<String>()) {
            let _ = forms(&page);
            let _ = forms(&format!("<form {page}"));
            let _ = forms(&whole);
        }
    }
}
