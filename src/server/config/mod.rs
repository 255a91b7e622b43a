//! The configuration: a file, the environment and flags become one [`Settings`].
//!
//! A flag overrides the environment, the environment the file, the file the
//! default. Each source is read to its end, and all faults are reported at once.
//! This module depends on nothing that serves: what serves depends on it.

mod alerts;
mod audit;
mod checks;
mod choices;
mod compliance;
mod enrollment;
mod fault;
mod key;
mod oidc;
mod retention;
mod settings;
mod show;
mod siem;
mod source;
mod suggestion;
#[cfg(test)]
mod tests;
mod tree;
mod values;
mod web;
mod witness;

use std::collections::BTreeMap;
use std::path::Path;

pub use alerts::AlertSettings;
pub use audit::AuditSettings;
pub(crate) use checks::secret_file;
pub use choices::{AddressHeader, LogFormat, ProxyHeader};
pub use compliance::ComplianceSettings;
pub use enrollment::EnrollmentSettings;
pub(crate) use fault::{Fault, SourceLocation, Warning};
pub(crate) use key::KEYS;
pub use oidc::{OidcRole, OidcSettings};
pub use retention::Retention;
pub use settings::{Limits, Log, Otlp, ServerAuth, Settings, Webhooks, Wns};
pub(crate) use show::{Entry, entries};
pub use siem::{SiemSettings, SinkAddress, SinkTarget};
pub(crate) use source::{Flags, NEXT_KEY_VARIABLE, environment};
pub(crate) use values::token_url;
pub use values::{Network, hex_key};
pub use web::WebSettings;
pub use witness::WitnessAddress;

use tree::Node;

/// Where the values of keys come from, by the key's name; those that are not there have their
/// default.
pub(crate) type Origins = BTreeMap<&'static str, SourceLocation>;

/// What the sources say together, right or wrong.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The settings; where there is a fault the default stands in, so these
    /// are for use only if `faults` is empty.
    pub settings: Settings,
    /// Where each key's value comes from, by the key's name.
    pub origins: Origins,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// What is allowed, but seldom meant.
    pub warnings: Vec<Warning>,
}

impl Loaded {
    /// Reads the file (if one is named), these environment variables and these
    /// flags. The values are checked, each and together; the files that they
    /// name are not touched.
    pub(crate) fn read(
        file: Option<&Path>,
        environment: &[(String, String)],
        flags: &Flags,
    ) -> Loaded {
        let (mut faults, mut warnings) = (Vec::new(), Vec::new());
        let sources = [
            file.map_or_else(Node::default, |path| source::from_file(path, &mut faults)),
            source::from_environment(environment, &mut warnings),
            source::from_flags(flags),
        ];
        let (mut all, mut origins) = (Node::default(), BTreeMap::new());
        for source in sources {
            faults.extend(source.read().1);
            for key in KEYS.iter() {
                let node = source.find(key);
                origins.extend(node.map(|node| (key.as_str(), node.key.clone())));
            }
            all.overlay(source);
        }
        let (mut settings, _) = all.read();
        // No more at once than in a minute.
        let limits = &mut settings.limits;
        limits.device_burst = limits.device_burst.min(limits.device_per_minute);
        let mut loaded = Loaded {
            settings,
            origins,
            faults,
            warnings,
        };
        checks::together(&mut loaded);
        loaded.faults.sort_by(|a, b| a.place.cmp(&b.place));
        loaded
    }

    /// Checks the files and directories that the settings name, too, and what `further`
    /// looks at.
    pub(crate) fn with_files(mut self, further: impl FnOnce(&mut Loaded)) -> Loaded {
        checks::files(&mut self);
        further(&mut self);
        self.faults.sort_by(|a, b| a.place.cmp(&b.place));
        self
    }

    /// Where the key's value comes from.
    pub(crate) fn origin(&self, key: &str) -> SourceLocation {
        show::origin(&self.origins, key)
    }

    /// The settings, if nothing is wrong.
    ///
    /// # Errors
    /// Every fault there is.
    pub(crate) fn settled(self) -> Result<Settings, Vec<Fault>> {
        if self.faults.is_empty() {
            Ok(self.settings)
        } else {
            Err(self.faults)
        }
    }
}
