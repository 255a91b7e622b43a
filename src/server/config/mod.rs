//! The configuration: a file, the environment and flags become one [`Settings`].
//!
//! A flag beats the environment, the environment beats the file, the file beats
//! the default. Everything is read to its end: all faults are told at once.

mod checks;
mod cidr;
mod fault;
mod file;
mod key;
mod layer;
mod read;
mod secrets;
mod settings;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

pub use cidr::{Cidr, NotACidr};
pub use fault::{Fault, Place, Warning};
pub use key::{KEYS, Key, Shape};
pub use layer::Flags;
pub use secrets::SecretError;
pub use settings::{
    AddressHeader, Limits, Log, LogFormat, ProxyHeader, Retention, ServerAuth, Settings, Wns,
    hex_key,
};
pub use show::Entry;

/// What the sources say together, right or wrong.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings; where there is a fault the default stands in, so these
    /// are for use only if `faults` is empty.
    pub settings: Settings,
    /// Where each key's value comes from, by the key's name.
    pub origins: BTreeMap<&'static str, Place>,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// What is allowed, but seldom meant.
    pub warnings: Vec<Warning>,
}

impl Loaded {
    /// Reads the file (if one is named), these environment variables and these
    /// flags. The values are checked, each and together; the files that they
    /// name are not touched.
    pub fn read(file: Option<&Path>, environment: &[(String, String)], flags: &Flags) -> Loaded {
        let (mut faults, mut warnings) = (Vec::new(), Vec::new());
        let mut layers = Vec::from([layer::from_flags(flags, &mut faults)]);
        layers.push(layer::from_environment(
            environment,
            &mut faults,
            &mut warnings,
        ));
        layers.extend(file.map(|path| file::read(path, &mut faults)));
        let mut reader = read::Reader::new(layers, faults);
        let settings = reader.settings();
        let (origins, faults) = reader.into_parts();
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

    /// Checks the files and folders that the settings name, too.
    pub fn with_files(mut self) -> Loaded {
        checks::files(&mut self);
        self.faults.sort_by(|a, b| a.place.cmp(&b.place));
        self
    }

    /// Where the key's value comes from.
    pub fn origin(&self, key: &str) -> Place {
        self.origins.get(key).cloned().unwrap_or(Place::Default)
    }

    /// The settings, if nothing is wrong.
    ///
    /// # Errors
    /// Every fault there is.
    pub fn settled(self) -> Result<Settings, Vec<Fault>> {
        if self.faults.is_empty() {
            Ok(self.settings)
        } else {
            Err(self.faults)
        }
    }
}

impl Settings {
    /// The settings of these sources: [`Loaded::read`], with the files that
    /// they name checked too.
    ///
    /// # Errors
    /// Every fault of all of them.
    pub fn load(
        file: Option<&Path>,
        environment: &[(String, String)],
        flags: &Flags,
    ) -> Result<Settings, Vec<Fault>> {
        Loaded::read(file, environment, flags)
            .with_files()
            .settled()
    }
}

/// The process's environment, as far as it is for this program.
pub fn environment() -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            // What is no UTF-8 becomes text that no setting takes.
            let value = value.to_string_lossy().into_owned();
            name.starts_with("MODEGATE_").then_some((name, value))
        })
        .collect();
    variables.sort();
    variables
}
