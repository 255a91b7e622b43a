//! The words of closed lists, by which types of the core are known outside.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use modegate_core::alert::{AlertKind, Severity};
use modegate_core::batch::BatchState;
use modegate_core::command::CommandState;
use modegate_core::compliance::{ComplianceState, Reason};
use modegate_core::context::{Family, Login, Mode};
use modegate_core::device::ActivityFlag;
use modegate_core::device::{AuthFailure, FamilyEvidence};
use modegate_core::enrollment::Phase;
use modegate_core::event::EventType;
use modegate_core::fleet::DeviceFlag;
use modegate_core::installs;
use modegate_core::polling::ScheduleState;
use modegate_core::push::profile::{Health, TokenForm};
use modegate_core::push::wake::Priority;
use modegate_core::tokens::Role;

/// A type that is one of a closed list of words.
pub(crate) trait Words: Copy + Sized + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// The word.
    fn word(self) -> &'static str;
}

/// All words of a type, in order.
pub(crate) fn all_words<T: Words>() -> Vec<&'static str> {
    T::ALL.iter().map(|one| one.word()).collect()
}

/// A value that is sent and shown as its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Words> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.word())
    }
}

impl<T: Words> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": all_words::<T>()})
    }
}

/// Gives types their words: those that know them themselves, and those that do not.
macro_rules! words {
    ($($type:ty),* $(,)?) => {$(
        impl Words for $type {
            const ALL: &'static [Self] = &<$type>::ALL;

            fn word(self) -> &'static str {
                self.name()
            }
        }
    )*};
    ($type:ident { $($one:ident => $word:literal),* $(,)? }) => {
        impl $crate::app::word::Words for $type {
            const ALL: &'static [Self] = &[$($type::$one),*];

            fn word(self) -> &'static str {
                match self {
                    $($type::$one => $word,)*
                }
            }
        }
    };
}
pub(crate) use words;

words!(
    CommandState,
    Family,
    FamilyEvidence,
    ActivityFlag,
    DeviceFlag,
    AlertKind,
    ComplianceState,
    Reason,
    ScheduleState,
    AuthFailure,
    EventType,
    Phase,
    Login,
    Mode,
    Role,
    Severity,
    installs::InstallState,
    installs::fault::JobFault,
    installs::offer::Obstacle,
    installs::offer::OfferState,
    installs::standing::Hold,
    installs::standing::Mark,
    installs::standing::Stage,
    Priority
);

words!(BatchState {
    Running => "running",
    Cancelling => "cancelling",
    Finished => "finished",
    Stopped => "stopped",
});

words!(TokenForm {
    Legacy => "legacy",
    Entra => "entra",
});

words!(Health {
    Unchecked => "unchecked",
    Healthy => "healthy",
    Degraded => "degraded",
    Misconfigured => "misconfigured",
    Blocked => "blocked",
});
