//! Values as instances hold them.

use super::Cim;

/// A value of a new tablet: a property's name, its type, and what it holds;
/// nothing for one that WMI knows as null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) cim: Cim,
    pub(crate) value: Option<&'static str>,
}

/// An instance of a new tablet: its name as WMI writes it, and its values.
pub(crate) type InstanceSample = (&'static str, &'static [Sample]);

const fn sample(name: &'static str, cim: Cim, value: &'static str) -> Sample {
    Sample {
        name,
        cim,
        value: Some(value),
    }
}

pub(super) const fn text(name: &'static str, value: &'static str) -> Sample {
    sample(name, Cim::String, value)
}

pub(super) const fn flag(name: &'static str, value: &'static str) -> Sample {
    sample(name, Cim::Bool, value)
}

pub(super) const fn small(name: &'static str, value: &'static str) -> Sample {
    sample(name, Cim::Uint16, value)
}

pub(super) const fn number(name: &'static str, value: &'static str) -> Sample {
    sample(name, Cim::Uint32, value)
}

pub(super) const fn large(name: &'static str, value: &'static str) -> Sample {
    sample(name, Cim::Uint64, value)
}

pub(super) const fn time(name: &'static str, value: &'static str) -> Sample {
    sample(name, Cim::DateTime, value)
}

/// WMI's null: asking for it is answered 500.
pub(super) const fn null(name: &'static str, cim: Cim) -> Sample {
    Sample {
        name,
        cim,
        value: None,
    }
}
