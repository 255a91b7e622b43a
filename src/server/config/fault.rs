//! Where a setting was given, and what is wrong with it.

use std::fmt;

use serde::Serialize;

/// Where a setting comes from. In order: the default, then a file from its top
/// to its end, then variables and flags by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub(crate) enum SourceLocation {
    /// Nowhere: it is the default.
    Default,
    /// A place in the configuration file.
    File {
        /// The file, as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag of the command line.
    Flag {
        /// The flag with its dashes.
        flag: String,
    },
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceLocation::Default => f.write_str("default"),
            SourceLocation::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            SourceLocation::Environment { variable } => f.write_str(variable),
            SourceLocation::Flag { flag } => f.write_str(flag),
        }
    }
}

/// What is wrong with the configuration, and where. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{place}: expected {expected}, found {found}")]
pub(crate) struct Fault {
    /// Where it stands.
    #[serde(flatten)]
    pub place: SourceLocation,
    /// What should stand there.
    pub expected: String,
    /// What does.
    pub found: String,
}

impl Fault {
    /// A fault at `place`.
    pub(crate) fn new(
        place: SourceLocation,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Fault {
            place,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl From<modegate_core::policy::Fault> for Fault {
    fn from(fault: modegate_core::policy::Fault) -> Self {
        let place = SourceLocation::File {
            file: fault.file,
            line: fault.line,
            column: fault.column,
        };
        Fault::new(place, fault.expected, fault.found)
    }
}

/// What is allowed, but seldom meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Warning {
    /// Where it stands.
    #[serde(flatten)]
    pub place: SourceLocation,
    /// What to look at.
    pub warning: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.warning)
    }
}
