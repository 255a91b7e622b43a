//! An entry of the table of types.

use super::form::Argument;
use super::given::Given;
use super::{Built, Setting};
use crate::context::Family;
use crate::fields::FieldError;

/// A type of command.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    /// Its name in the API.
    pub name: &'static str,
    /// What it does, in words.
    pub about: &'static str,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// After how long it expires unless told otherwise, milliseconds.
    pub expires_ms: Option<i64>,
    /// Whether a newer one for the same nodes takes the place of one that waits.
    pub supersedes: bool,
    /// The families that have it.
    pub families: &'static [Family],
    pub(super) build: fn(&Given<'_>, &Setting<'_>) -> Result<Built, FieldError>,
}

type Build = fn(&Given<'_>, &Setting<'_>) -> Result<Built, FieldError>;

pub(super) const fn plain(
    name: &'static str,
    about: &'static str,
    arguments: &'static [Argument],
    build: Build,
) -> Type {
    Type {
        name,
        about,
        arguments,
        expires_ms: None,
        supersedes: false,
        families: BRIDGE,
        build,
    }
}

pub(super) const fn superseding(
    name: &'static str,
    about: &'static str,
    arguments: &'static [Argument],
    build: Build,
) -> Type {
    Type {
        name,
        about,
        arguments,
        expires_ms: None,
        supersedes: true,
        families: BRIDGE,
        build,
    }
}

/// Those whose classes are under `./cimv2` (MS-MDM 3.1.5.1; "WMI providers
/// supported in Windows"); a phone has none.
const BRIDGE: &[Family] = &[Family::Windows81, Family::Windows10];
/// Those that every family has.
pub(super) const ALL: &[Family] = &Family::ALL;

/// The same type of these families.
pub(super) const fn of(families: &'static [Family], kind: Type) -> Type {
    Type { families, ..kind }
}
