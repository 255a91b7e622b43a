//! A property of a class: its type, and what may be written to it.

/// A property.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    /// Its name, as the class reference spells it.
    pub(crate) name: &'static str,
    /// Its type.
    pub(crate) cim: CimType,
    /// Whether it is an array of that type. How an agent writes one is unknown, so its
    /// value stays text.
    pub(crate) is_array: bool,
    /// What may be written to it; read-only, or written by a typed operation with
    /// arguments of its own, if nothing is said.
    pub(crate) form: Option<ValueForm>,
    /// Whether its value is a secret: it is not asked for, and never kept.
    pub(crate) is_secret: bool,
}

/// A CIM type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CimType {
    /// `boolean`.
    Boolean,
    /// `uint8`.
    Uint8,
    /// `uint16`.
    Uint16,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
    /// `sint16`.
    Sint16,
    /// `sint32`.
    Sint32,
    /// `datetime`.
    DateTime,
    /// `string`.
    String,
}

impl CimType {
    /// Whether it is one of whole numbers.
    pub(crate) const fn is_integer(self) -> bool {
        !matches!(self, CimType::Boolean | CimType::DateTime | CimType::String)
    }
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
    const fn writable(name: &'static str, cim: CimType, form: ValueForm) -> Self {
        Property {
            form: Some(form),
            ..of(name, cim)
        }
    }

    pub(super) const fn typed(self, cim: CimType) -> Self {
        Property { cim, ..self }
    }

    pub(super) const fn array(self) -> Self {
        Property {
            is_array: true,
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

/// A property that is only read.
pub(super) const fn of(name: &'static str, cim: CimType) -> Property {
    Property {
        name,
        cim,
        is_array: false,
        form: None,
        is_secret: false,
    }
}

/// A boolean that may be set.
pub(crate) const fn flag(name: &'static str) -> Property {
    Property::writable(name, CimType::Boolean, ValueForm::Boolean)
}

/// A `uint32` that may be set, from `least` to `most`.
pub(crate) const fn number(name: &'static str, least: i64, most: i64) -> Property {
    let form = ValueForm::Integer(least, most);
    Property::writable(name, CimType::Uint32, form)
}

/// A line of text of at most `most` bytes that may be set.
pub(crate) const fn line(name: &'static str, most: usize) -> Property {
    Property::writable(name, CimType::String, ValueForm::Line(most))
}

/// An XML document of at most `most` bytes that may be set.
pub(super) const fn xml(name: &'static str, most: usize) -> Property {
    Property::writable(name, CimType::String, ValueForm::Xml(most))
}

/// One of some values of a `uint32` that may be set, each under a word of its own.
pub(crate) const fn choice(
    name: &'static str,
    words: &'static [(&'static str, &'static str)],
) -> Property {
    Property::writable(name, CimType::Uint32, ValueForm::OneOf(words))
}

/// Properties that are only read: `Name: Type`, or `Name` for a string. Braces keep
/// rustfmt from giving each a line.
macro_rules! reads {
    ($($name:ident $(: $cim:ident)?),* $(,)?) => {
        &[$($crate::wmi::property::of(
            stringify!($name),
            $crate::wmi::property::reads!(@ $($cim)?),
        )),*]
    };
    (@) => { $crate::wmi::property::CimType::String };
    (@ $cim:ident) => { $crate::wmi::property::CimType::$cim };
}

pub(super) use reads;
