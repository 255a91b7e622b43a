//! How the text of a LocURI is parsed: decoded exactly once, repeated slashes
//! counted once, quotes respected, and in them the backslashes of WMI's object paths.

use super::node::{LocUriError, Member, Node, TreeNode, WmiNode};
use super::segments::{Quotes, ROOT, Segments, Span, has_open_quote};

/// A segment that stands for any, in a LocURI that stands for all of a shape: a
/// control character, which no LocURI from outside can have.
pub(crate) const WILDCARD: &str = "\u{1}";

const SEGMENT: LocUriError = LocUriError("segments that are names");
const CLASS: LocUriError = LocUriError("the name of a class below './cimv2'");
const MEMBER: LocUriError = LocUriError("one property or 'Exec=Method' below the instance");

/// Where the parts of a decoded LocURI stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    Wmi {
        class: Span,
        instance: Option<Span>,
        member: Option<(bool, Span)>,
    },
    Tree {
        user: bool,
        /// Where the path begins, `Device/` or `User/` left out.
        start: usize,
    },
}

impl Layout {
    /// Parses a decoded LocURI. With `wildcards` it may hold [`WILDCARD`].
    pub(super) fn from_text(decoded: &str, wildcards: bool) -> Result<Layout, LocUriError> {
        if !wildcards && decoded.chars().any(char::is_control) {
            return Err(LocUriError("no control characters"));
        }
        if !decoded.starts_with(ROOT) {
            return Err(LocUriError("a path that begins with './'"));
        }
        let mut segments = Segments::new(decoded, ROOT.len());
        let root = segments.next().ok_or(SEGMENT)?;
        if root.eq_ignore_ascii_case("cimv2") {
            return wmi(decoded, &segments);
        }
        check_quotes_and_dots(decoded, &Segments::new(decoded, ROOT.len()), false)?;
        let user = root.eq_ignore_ascii_case("user");
        let start = if user || root.eq_ignore_ascii_case("device") {
            segments.at
        } else {
            ROOT.len()
        };
        if !decoded[start..].is_ascii() {
            return Err(LocUriError("a path of ASCII characters"));
        }
        match Segments::new(decoded, start).next() {
            Some(_) => Ok(Layout::Tree { user, start }),
            None => Err(SEGMENT),
        }
    }

    /// Whether a percent sign in `decoded` stands where only a name is: inside the quotes of
    /// an instance's key, and not before digits that would end or open something if they
    /// were decoded once more.
    pub(super) fn allows_percents(self, decoded: &str) -> bool {
        let Layout::Wmi { instance, .. } = self else {
            return !decoded.contains('%');
        };
        let (from, to) = instance.unwrap_or_default();
        let key = decoded.get(from..to).unwrap_or_default();
        let count = |text: &str| text.bytes().filter(|&byte| byte == b'%').count();
        let mut quotes = Quotes::new(!has_open_quote(key, true));
        let mut bytes = key.as_bytes();
        let mut allowed = 0;
        while let [byte, rest @ ..] = bytes {
            let is_inside = quotes.take(*byte);
            allowed += usize::from(*byte == b'%' && is_inside && !decodes_to_syntax(rest));
            bytes = rest;
        }
        allowed == count(decoded)
    }

    /// The parts of `decoded`, from which the layout was made.
    pub(super) fn node(self, decoded: &str) -> Node<'_> {
        let part = |(from, to): Span| decoded.get(from..to).unwrap_or_default();
        match self {
            Layout::Wmi {
                class,
                instance,
                member,
            } => Node::Wmi(WmiNode {
                class: part(class),
                instance: instance.map(part),
                member: member.map(|(is_method, span)| match is_method {
                    true => Member::Method(part(span)),
                    false => Member::Property(part(span)),
                }),
            }),
            Layout::Tree { user, start } => Node::Tree(TreeNode {
                user,
                text: decoded,
                start,
            }),
        }
    }
}

/// Quotes are closed, and no segment consists of dots.
fn check_quotes_and_dots(
    decoded: &str,
    segments: &Segments<'_>,
    escapes: bool,
) -> Result<(), LocUriError> {
    let is_dots = |segment: &str| segment.bytes().all(|byte| byte == b'.');
    if segments.clone().any(is_dots) {
        return Err(SEGMENT);
    }
    match has_open_quote(decoded, escapes) {
        true => Err(LocUriError::OPEN_QUOTE),
        false => Ok(()),
    }
}

/// Reads what is below `./cimv2`. In the keys of an instance a backslash escapes, but not
/// everybody who names one escapes its backslashes: where reading it so leaves a quote open,
/// they are letters like others. Who reads it that way must not find a method that is not
/// there otherwise.
fn wmi(decoded: &str, segments: &Segments<'_>) -> Result<Layout, LocUriError> {
    let read = |escapes| read_wmi(decoded, segments.clone().read_with(escapes), escapes);
    match read(true) {
        Err(error) if error == LocUriError::OPEN_QUOTE => read(false),
        Ok(layout) => {
            let methods = |escapes| {
                let segments = segments.clone().read_with(escapes);
                segments.filter(|segment| is_method(segment)).count()
            };
            match methods(false) > methods(true) {
                true => Err(LocUriError::METHOD_IN_KEY),
                false => Ok(layout),
            }
        }
        error => error,
    }
}

fn is_method(segment: &str) -> bool {
    let exec = segment.get(..5);
    exec.is_some_and(|exec| exec.eq_ignore_ascii_case("exec="))
}

fn read_wmi(
    decoded: &str,
    mut segments: Segments<'_>,
    escapes: bool,
) -> Result<Layout, LocUriError> {
    check_quotes_and_dots(decoded, &segments, escapes)?;
    let mut class = segments.next_span().ok_or(CLASS)?;
    // `./cimv2/mdm/MDM_x` names the namespace that is flattened elsewhere.
    if decoded[class.0..class.1].eq_ignore_ascii_case("mdm")
        && let Some(next) = segments.next_span()
    {
        class = next;
    }
    let name = &decoded[class.0..class.1];
    if !is_name_or_wildcard(name) {
        return Err(CLASS);
    }
    let instance = segments.next_span();
    if instance.is_some_and(|(from, to)| !is_instance_of(&decoded[from..to], name)) {
        return Err(LocUriError(
            "an instance 'Class.Key=value' of the class that the path names",
        ));
    }
    let member = match segments.next_span() {
        None => None,
        Some((from, to)) => match decoded[from..to].split_once('=') {
            Some((exec, method))
                if exec.eq_ignore_ascii_case("exec") && is_name_or_wildcard(method) =>
            {
                Some((true, (to - method.len(), to)))
            }
            None if is_name_or_wildcard(&decoded[from..to]) => Some((false, (from, to))),
            _ => return Err(MEMBER),
        },
    };
    if segments.next().is_some() {
        return Err(MEMBER);
    }
    Ok(Layout::Wmi {
        class,
        instance,
        member,
    })
}

/// Whether two digits behind a percent sign stand for a quote, a backslash, a slash, a
/// percent sign or a control character.
fn decodes_to_syntax(behind: &[u8]) -> bool {
    let digits = behind
        .get(..2)
        .and_then(|two| std::str::from_utf8(two).ok());
    let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
    byte.is_some_and(|byte| byte.is_ascii_control() || b"\"'\\/%".contains(&byte))
}

/// `Class.Key=…` or `Class=…`; the class must be the one that the path names.
fn is_instance_of(instance: &str, class: &str) -> bool {
    let Some((head, rest)) = instance.split_at_checked(class.len()) else {
        return false;
    };
    head.eq_ignore_ascii_case(class)
        && match rest.as_bytes() {
            [b'=', _, ..] => true,
            [b'.', ..] => rest[1..]
                .split_once('=')
                .is_some_and(|(key, value)| is_name(key) && !value.is_empty()),
            _ => false,
        }
}

/// Whether it is a name of a class, a key, a property or a method.
pub(crate) fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_letter)
}

/// The wildcard gets here only in a shape: elsewhere it is a control character.
fn is_name_or_wildcard(text: &str) -> bool {
    text == WILDCARD || is_name(text)
}
