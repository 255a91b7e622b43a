//! Why a use case fails.

use crate::work::Interrupted;
use modegate_core::change::Refusal;
use modegate_core::fields::{FieldError, quoted};
use modegate_store::StoreError;

/// Why a use case fails. Nothing was changed, unless it says so.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AppError {
    /// There is no such thing, or none that the caller may see.
    #[error("{0}")]
    Missing(String),
    /// Not in this state.
    #[error("{0}")]
    Conflict(String),
    /// Every field that conflicts with existing data.
    #[error("fields conflict with existing data")]
    Conflicts(Vec<FieldError>),
    /// Over a bound.
    #[error("{0}")]
    Limit(String),
    /// Not as the caller last saw it.
    #[error("{0}")]
    Stale(String),
    /// Others of this kind are under way; later.
    #[error("{0}")]
    Busy(String),
    /// Not for this caller.
    #[error("{0}")]
    Forbidden(String),
    /// Every invalid field.
    #[error("fields are invalid")]
    Fields(Vec<FieldError>),
    /// Another request with this idempotency key was executed: its response is stored.
    #[error("another request with this idempotency key was executed meanwhile")]
    Done,
    /// It cannot be done now; whether it was is not known.
    #[error("the write was interrupted; retry")]
    Interrupted,
    /// The store cannot do it now.
    #[error(transparent)]
    Store(StoreError),
}

impl AppError {
    /// There is no such thing.
    pub(crate) fn missing(what: &str) -> Self {
        AppError::Missing(format!("{what} not found"))
    }

    /// One field that is not what it should be.
    pub(crate) fn field(
        field: impl Into<String>,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        FieldError::new(field, expected, found).into()
    }
}

impl From<Interrupted> for AppError {
    fn from(_: Interrupted) -> Self {
        AppError::Interrupted
    }
}

impl From<FieldError> for AppError {
    fn from(fault: FieldError) -> Self {
        AppError::Fields(vec![fault])
    }
}

impl From<Vec<FieldError>> for AppError {
    fn from(faults: Vec<FieldError>) -> Self {
        AppError::Fields(faults)
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict(why) => AppError::Conflict(why),
            Refusal::Limit(why) => AppError::Limit(why),
            Refusal::Missing(why) => AppError::Missing(why),
            Refusal::Stale(why) => AppError::Stale(why),
            Refusal::Field(fault) => fault.into(),
            Refusal::Conflicts(faults) => AppError::Conflicts(faults),
        }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::NoDevice => AppError::missing("device"),
            StoreError::Done => AppError::Done,
            StoreError::LogInUse(_) => AppError::Conflict(error.to_string()),
            other => AppError::Store(other),
        }
    }
}

/// A device is registered with this source already.
pub(crate) fn source_taken(source: &str) -> FieldError {
    FieldError::new("source", "a source that is not registered", quoted(source))
}
