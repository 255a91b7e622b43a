//! The form by which a device is registered or changed.

use askama::Template;

use crate::console::form::{Control, Fault, Section};
use crate::shell::Shell;
use crate::words::Word;

/// The form of a device.
#[derive(Debug, Template)]
#[template(path = "console/devices/form.html")]
pub struct DeviceFormPage {
    /// What every page shows.
    pub shell: Shell,
    /// The heading.
    pub heading: String,
    /// What comes of it.
    pub about: &'static str,
    /// Where it is posted to.
    pub action: String,
    /// What its button says.
    pub button: &'static str,
    /// The name of the write.
    pub once: String,
    /// The fields.
    pub sections: Vec<Section>,
    /// What is wrong with them.
    pub faults: Vec<Fault>,
}
