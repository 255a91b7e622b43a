//! What an argument must look like.

/// An argument of a type.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    /// Its name in the request.
    pub name: &'static str,
    /// What it must look like.
    pub form: Form,
    /// Whether it must be there.
    pub required: bool,
    /// What it is, in words.
    pub about: &'static str,
}

/// The forms.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Text of 1 to so many bytes without control characters.
    Line(usize),
    /// The same without `;` and quotes, for which no escape is known.
    Safe(usize),
    /// Any text that XML can carry, not empty.
    Text(usize),
    /// A well-formed XML document without a DTD.
    Xml(usize),
    /// A whole number in that range.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// One of these words, each with what goes on the wire for it.
    OneOf(&'static [(&'static str, &'static str)]),
    /// An X.509 certificate: PEM, or base64 of its DER.
    Certificate,
    /// The SHA-1 thumbprint of a certificate, 40 hexadecimal digits.
    Thumbprint,
    /// A product key: five groups of five letters and digits.
    ProductKey,
    /// A list of so many lines of so many bytes.
    Lines(usize, usize),
    /// An object of some of these properties.
    Settings(&'static [Property]),
    /// An object of properties of any names, with values of plain types.
    AnySettings,
    /// A list of commands: raw, typed, atomic or sequence.
    Commands,
}

/// A property that can be set.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Its name, as the class reference spells it.
    pub name: &'static str,
    /// What it must look like.
    pub form: Form,
}

pub(super) const fn needed(name: &'static str, form: Form, about: &'static str) -> Argument {
    Argument {
        name,
        form,
        required: true,
        about,
    }
}

pub(super) const fn optional(name: &'static str, form: Form, about: &'static str) -> Argument {
    Argument {
        name,
        form,
        required: false,
        about,
    }
}

pub(super) const fn flag(name: &'static str) -> Property {
    Property {
        name,
        form: Form::Boolean,
    }
}

pub(super) const fn number(name: &'static str, least: i64, most: i64) -> Property {
    Property {
        name,
        form: Form::Integer(least, most),
    }
}

pub(super) const fn line(name: &'static str, most: usize) -> Property {
    Property {
        name,
        form: Form::Line(most),
    }
}

pub(super) const fn choice(
    name: &'static str,
    words: &'static [(&'static str, &'static str)],
) -> Property {
    Property {
        name,
        form: Form::OneOf(words),
    }
}
