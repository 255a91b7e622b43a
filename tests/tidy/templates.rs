//! What no template of the pages says: what the content security policy would drop, what
//! Internet Explorer 11 lacks, and what makes markup of a value.

use crate::tree::files;

const TEMPLATES: &str = "src/pages/templates";
/// Attributes whose value is an address.
const ADDRESSES: [&str; 4] = ["href", "src", "action", "formaction"];
/// Types of input that Internet Explorer 11 shows as plain text.
const NEW_INPUTS: [&str; 6] = ["date", "time", "datetime-local", "month", "week", "color"];

/// A start tag: its name, its attributes with their values as they stand there, quotes
/// included, and the text behind it.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    after: &'a str,
}

impl<'a> Tag<'a> {
    /// An attribute's value without its quotes.
    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.attributes.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| value.trim_matches(['"', '\'']))
    }
}

/// The length of what stands before the first of `ends` that is outside quotes and
/// expressions of the template.
fn until(text: &str, ends: &[char]) -> usize {
    let (mut quote, mut at) = (None, 0);
    while at < text.len() {
        let rest = &text[at..];
        let closing = [("{{", "}}"), ("{%", "%}")]
            .into_iter()
            .find(|(open, _)| rest.starts_with(open));
        if let Some((_, close)) = closing {
            at += rest.find(close).map_or(rest.len(), |end| end + close.len());
            continue;
        }
        let Some(next) = rest.chars().next() else {
            break;
        };
        match quote {
            Some(open) if next == open => quote = None,
            None if matches!(next, '"' | '\'') => quote = Some(next),
            None if ends.contains(&next) => return at,
            _ => {}
        }
        at += next.len_utf8();
    }
    text.len()
}

/// The start tags of a template.
fn tags(text: &str) -> Vec<Tag<'_>> {
    let starts = text.match_indices('<').map(|(at, _)| &text[at + 1..]);
    let starts = starts.filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    starts
        .map(|rest| {
            let inner = &rest[..until(rest, &['>'])];
            let end = inner.find(|c: char| !c.is_ascii_alphanumeric());
            let (name, mut left) = inner.split_at(end.unwrap_or(inner.len()));
            let mut attributes = Vec::new();
            while !left.trim_start().is_empty() {
                left = left.trim_start();
                let (one, further) = left.split_at(until(left, &[' ', '\n', '\t']).max(1));
                left = further;
                let one = without_conditions(one);
                if let Some((attribute, value)) = one.split_once('=') {
                    attributes.push((attribute, value));
                }
            }
            let after = rest.get(inner.len() + 1..).unwrap_or_default();
            Tag {
                name,
                attributes,
                after,
            }
        })
        .collect()
}

/// What of an attribute stands behind the `{% … %}` that it begins with.
fn without_conditions(text: &str) -> &str {
    match text
        .strip_prefix("{%")
        .and_then(|rest| rest.split_once("%}"))
    {
        Some((_, rest)) => without_conditions(rest.trim_start()),
        None => text,
    }
}

/// The faults of a template.
fn faults(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in ["|safe", "| safe", "autoescape", "|escape(", "<!--"] {
        if text.contains(word) {
            found.push(format!("has '{word}'"));
        }
    }
    for tag in tags(text) {
        let name = tag.name;
        for (attribute, value) in &tag.attributes {
            // What decides whether further attributes follow is no part of the value.
            let value = value.split_once("\"{%").map_or(*value, |(value, _)| value);
            let is_quoted = value.starts_with(['"', '\'']);
            if value.contains("{{") && !is_quoted {
                found.push(format!("<{name} {attribute}=> is not quoted"));
            }
            if *attribute == "style" || attribute.starts_with("on") || *attribute == "form" {
                found.push(format!("<{name} {attribute}=>"));
            }
            if ADDRESSES.contains(attribute) && !is_own_address(value.trim_matches(['"', '\''])) {
                found.push(format!("<{name} {attribute}={value}>: an address begins with / and a letter, ?, #, or is one expression"));
            }
        }
        found.extend(fault_of_element(&tag));
    }
    found
}

/// Whether an address stays on this server whatever its expressions are: it begins with the
/// path, or is a single expression, an address that Rust made.
fn is_own_address(value: &str) -> bool {
    if let Some(rest) = value.strip_prefix('/') {
        return rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_alphabetic());
    }
    let is_expression = value.starts_with("{{") && value.find("}}") == Some(value.len() - 2);
    is_expression || value.starts_with(['?', '#'])
}

fn fault_of_element(tag: &Tag<'_>) -> Option<String> {
    let content = || {
        tag.after
            .split_once(&format!("</{}", tag.name))
            .map_or("", |(inner, _)| inner)
    };
    let fault = match tag.name {
        "script" if tag.get("src").is_none() || !content().trim().is_empty() => {
            "stands in the page"
        }
        "style" | "details" | "dialog" => "is not for Internet Explorer 11, or not for the policy",
        "input"
            if tag
                .get("type")
                .is_some_and(|kind| NEW_INPUTS.contains(&kind)) =>
        {
            "has a type that Internet Explorer 11 lacks"
        }
        "svg" if tag.get("focusable") != Some("false") => "lacks focusable=\"false\"",
        "table" if !tag.after.trim_start().starts_with("<caption") => "has no caption",
        "button" if tag.get("aria-label").is_none() && words(content()).is_empty() => "has no text",
        _ => return None,
    };
    Some(format!("<{}> {fault}", tag.name))
}

/// The text of a piece of markup, expressions included.
fn words(markup: &str) -> String {
    let mut text = String::new();
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        rest = after.get(until(after, &['>']) + 1..).unwrap_or_default();
    }
    text.push_str(rest);
    text.trim().to_owned()
}

#[test]
fn templates_say_nothing_that_the_policy_or_an_old_browser_drops() {
    let mut all = Vec::new();
    for (path, text) in files(TEMPLATES, &["html"]) {
        all.extend(
            faults(&text)
                .into_iter()
                .map(|fault| format!("{path}: {fault}")),
        );
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn each_fault_of_a_template_is_found() {
    for good in [
        "<a href=\"/console/devices/{{ id }}?q={{ q }}\"{% if x %} class=\"on\"{% endif %}>{{ a }}</a>",
        "<a href=\"{{ link.href }}\">x</a> <img src=\"/assets/{{ digest }}/x.png\" alt=\"\">",
        "<script src=\"/assets/{{ digest }}/ui.js\" defer></script>",
        "<svg class=\"chart\" focusable=\"false\"></svg><button><b>{{ x }}</b></button>",
        "<table class=\"list\">\n<caption>c</caption></table> <input type=\"text\" value=\"a > b\">",
    ] {
        assert!(faults(good).is_empty(), "{good}: {:?}", faults(good));
    }
    for bad in [
        "<p style=\"color: red\">",
        "<p {% if x %}style=\"color: red\"{% endif %}>",
        "<p title=\"a > b\" onclick=\"x()\">",
        "<button form=\"other\">x</button>",
        "<input value={{ value }}>",
        "<a href=\"{{ base }}/x\">x</a>",
        "<a href=\"/{{ path }}\">x</a>",
        "<a href=\"//{{ host }}/\">x</a>",
        "<form action=\"javascript:{{ x }}\">",
        "<script>var x = 1;</script>",
        "<script src=\"/x.js\">var x = 1;</script>",
        "<style>p {}</style>",
        "{{ text|safe }}",
        "<details>",
        "<dialog>",
        "<input name=\"from\" type=\"date\">",
        "<svg width=\"1\"></svg>",
        "<table><tr></tr></table>",
        "<button class=\"x\"><b></b></button>",
    ] {
        assert!(!faults(bad).is_empty(), "{bad}");
    }
}
