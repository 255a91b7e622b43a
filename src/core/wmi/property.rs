//! A property of a class: its type, and what may be written to it.

/// A property.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    /// Its name, as the class reference spells it.
    pub(crate) name: &'static str,
    /// Its type, where it is recorded.
    pub(crate) cim: Option<CimType>,
    /// What may be written to it; read-only, or written by a typed operation with
    /// arguments of its own, if nothing is said.
    pub(crate) form: Option<ValueForm>,
    /// Whether an inventory asks for it.
    pub(crate) is_inventoried: bool,
    /// Whether its value is a secret, wherever a property of that name stands.
    pub(crate) is_secret: bool,
}

/// A CIM type, as far as reading a value depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CimType {
    /// `boolean`.
    Boolean,
    /// `sint8` to `uint64`.
    Integer,
    /// `string`.
    String,
}

/// What a value given by a caller must look like; on the wire it is text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueForm {
    /// Text of 1 to so many bytes without control characters.
    Line(usize),
    /// The same without `;` and quotes, for which no escape is known.
    Safe(usize),
    /// Any text that XML can carry, not empty, of so many bytes at most.
    Text(usize),
    /// A well-formed XML document of so many bytes at most, without a DTD.
    Xml(usize),
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// One of these words, each with what is sent for it.
    OneOf(&'static [(&'static str, &'static str)]),
}

impl Property {
    /// A property of which only the name is recorded.
    pub(crate) const fn named(name: &'static str) -> Self {
        Property {
            name,
            cim: None,
            form: None,
            is_inventoried: false,
            is_secret: false,
        }
    }

    /// A property that may be set to what `form` says.
    pub(crate) const fn writable(
        name: &'static str,
        cim: Option<CimType>,
        form: ValueForm,
    ) -> Self {
        Property {
            cim,
            form: Some(form),
            ..Property::named(name)
        }
    }

    pub(super) const fn of(self, cim: CimType) -> Self {
        Property {
            cim: Some(cim),
            ..self
        }
    }

    pub(super) const fn inventoried(self) -> Self {
        Property {
            is_inventoried: true,
            ..self
        }
    }

    pub(super) const fn secret(self) -> Self {
        Property {
            is_secret: true,
            ..self
        }
    }
}

/// A boolean that may be set.
pub(crate) const fn flag(name: &'static str) -> Property {
    Property::writable(name, Some(CimType::Boolean), ValueForm::Boolean)
}

/// A whole number that may be set, from `least` to `most`.
pub(crate) const fn number(name: &'static str, least: i64, most: i64) -> Property {
    let form = ValueForm::Integer(least, most);
    Property::writable(name, Some(CimType::Integer), form)
}

/// A line of text of at most `most` bytes that may be set.
pub(crate) const fn line(name: &'static str, most: usize) -> Property {
    Property::writable(name, Some(CimType::String), ValueForm::Line(most))
}

/// An XML document of at most `most` bytes that may be set.
pub(super) const fn xml(name: &'static str, most: usize) -> Property {
    Property::writable(name, Some(CimType::String), ValueForm::Xml(most))
}

/// One of some values that may be set, each under a word of its own.
pub(crate) const fn choice(
    name: &'static str,
    words: &'static [(&'static str, &'static str)],
) -> Property {
    Property::writable(name, None, ValueForm::OneOf(words))
}

/// Properties that an inventory reads: `Name`, or `Name: Type` where the type is
/// recorded. Braces keep rustfmt from giving each a line.
macro_rules! reads {
    ($($name:ident $(: $cim:ident)?),* $(,)?) => {
        &[$($crate::wmi::property::Property::named(stringify!($name)).inventoried()$(.of($crate::wmi::property::CimType::$cim))?),*]
    };
}

/// Properties of which only the names are recorded.
macro_rules! names {
    ($($name:ident),* $(,)?) => {
        &[$($crate::wmi::property::Property::named(stringify!($name))),*]
    };
}

pub(super) use {names, reads};
