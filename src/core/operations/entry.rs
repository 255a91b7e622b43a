//! What a type of command is: an entry of the table of types.

use uuid::Uuid;

use super::argument::{Argument, Arguments, Result};
use crate::command::{ExecutionOptions, Lenient, Operation, Unanswered};
use crate::context::Family;
use crate::ids::DeviceId;
use crate::loc_uri::LocUri;
use crate::secret::Secret;
use crate::templates::Templates;
use crate::time::Timestamp;
use modegate_wire::message::{GroupKind, Verb};

/// What a command is made for, besides what its caller says.
#[derive(Debug, Clone, Copy)]
pub struct BuildContext<'a> {
    /// The device that it is for; none for a batch that is only checked.
    pub device: Option<DeviceId>,
    /// Texts whose grammar is not known for sure.
    pub templates: &'a Templates,
    /// Who asks.
    pub actor: &'a str,
    /// Now.
    pub now: Timestamp,
    /// A new id, for what needs one (an app job).
    pub fresh: Uuid,
}

/// A type of command.
#[derive(Clone, Copy)]
pub(super) struct Type {
    /// Its name in the API.
    pub(super) name: &'static str,
    /// What it does, in words.
    pub(super) about: &'static str,
    /// Its arguments.
    pub(super) arguments: &'static [&'static dyn Argument],
    /// After how long it expires unless told otherwise, milliseconds.
    pub(super) expires_ms: Option<i64>,
    /// Whether a newer one for the same nodes takes the place of one that waits.
    pub(super) supersedes: bool,
    /// The families that have it.
    pub(super) families: &'static [Family],
    /// How its operations are made.
    pub(super) build: Build,
}

/// How the operations of a type are made.
#[derive(Clone, Copy)]
pub(super) enum Build {
    /// From its arguments.
    Operations(Builder),
    /// From the commands that it groups.
    Group(GroupKind),
}

/// Makes a type's operations.
pub(super) type Builder = fn(&Arguments<'_>, &BuildContext<'_>) -> Result<Built>;

/// Those whose classes are under `./cimv2` (MS-MDM 3.1.5.1; "WMI providers
/// supported in Windows"); a phone has none.
const BRIDGE: &[Family] = &[Family::Windows81, Family::Windows10];
/// Those with configuration service providers.
pub(super) const CSP: &[Family] = &[Family::Windows10, Family::WindowsPhone81];

impl Type {
    /// A type for Windows.
    pub(super) const fn new(
        name: &'static str,
        about: &'static str,
        arguments: &'static [&'static dyn Argument],
        build: Builder,
    ) -> Self {
        Type {
            name,
            about,
            arguments,
            expires_ms: None,
            supersedes: false,
            families: BRIDGE,
            build: Build::Operations(build),
        }
    }

    /// The same, where a newer one takes the place of one that waits.
    pub(super) const fn superseding(self) -> Self {
        Type {
            supersedes: true,
            ..self
        }
    }

    /// The same for these families.
    pub(super) const fn of(self, families: &'static [Family]) -> Self {
        Type { families, ..self }
    }
}

/// What a type makes of its arguments.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// The operations, in order.
    pub(super) operations: Vec<Operation>,
    /// How they are carried out.
    pub(super) options: ExecutionOptions,
    /// What besides its nodes makes it another target: a user's name.
    pub(super) target: Option<String>,
}

impl Built {
    pub(super) fn new(operations: Vec<Operation>) -> Self {
        Built {
            operations,
            ..Built::default()
        }
    }

    /// Add, and Replace where the device has it already (418): "set".
    pub(super) fn set(operations: Vec<Operation>) -> Self {
        let mut built = Built::new(operations);
        built.options.set = true;
        built
    }

    /// A Delete of an instance, which is done where there is none.
    pub(super) fn removal(instance: LocUri) -> Self {
        let mut built = Built::new(vec![Operation::node(Verb::Delete, instance, None)]);
        built.options.removals = vec![0];
        built
    }

    /// Gets of which some may have no value.
    pub(super) fn reads(nodes: impl IntoIterator<Item = LocUri>) -> Self {
        let mut built = Built::new(nodes.into_iter().map(Operation::get).collect());
        built.options.lenient = Lenient::IfAnyAnswers;
        built
    }

    /// The same with another answer to what happens when no answer comes.
    pub(super) fn unanswered(mut self, unanswered: Unanswered) -> Self {
        self.options.unanswered = unanswered;
        self
    }
}

/// An Exec, with text where it takes some.
pub(super) fn exec(loc_uri: LocUri, data: Option<String>) -> Operation {
    let text = data.is_some();
    Operation::Node {
        verb: Verb::Exec,
        loc_uri,
        format: text.then(|| "chr".to_owned()),
        mime: text.then(|| "text/plain".to_owned()),
        data: data.map(Secret::new),
    }
}

/// A write of one property, as MS-MDM 3.1.5.1.3 shows it: no Meta.
pub(super) fn write(verb: Verb, instance: &LocUri, property: &str, value: &str) -> Operation {
    Operation::Node {
        verb,
        loc_uri: instance.below(property),
        format: None,
        mime: None,
        data: Some(Secret::new(value)),
    }
}
