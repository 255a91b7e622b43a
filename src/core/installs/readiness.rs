//! Whether a Windows 8.1 device can sideload: it is joined to a domain, or a
//! product key was activated; and whose packages it trusts. What is not known
//! is said, not refused: only the device itself decides.

use crate::command::{CommandState, StoredCommand};
use crate::context::Family;
use crate::ids::CommandSeq;
use crate::inventory::{Inventory, Value};

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readiness {
    /// Why it can, where that is known.
    pub because: Option<&'static str>,
    /// Whether this server added a signing certificate.
    pub has_certificate: bool,
    /// Whether the family needs any of it.
    pub needed: bool,
}

impl Readiness {
    /// Whether it is known that it can.
    pub fn is_ready(&self) -> bool {
        !self.needed || self.because.is_some()
    }

    /// What is doubtful, in words.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !self.is_ready() {
            all.push(
                "sideloading: the device is not known to be joined to a domain (Win32_ComputerSystem.PartOfDomain), \
                 and no product key is known to be active (MDM_SideLoader): queue sideload_key first, or an inventory \
                 of the presets hardware and security"
                    .to_owned(),
            );
        }
        if self.needed && !self.has_certificate {
            all.push(
                "sideloading: this server added no signing certificate: the package installs only if its publisher is \
                 trusted otherwise; else queue sideload_certificate first"
                    .to_owned(),
            );
        }
        all
    }
}

/// What inventory and the latest commands of a device say, as far as the enrollment
/// brought them that begins with the command `since`. Each command comes with the state
/// that it has now.
pub fn readiness<'a>(
    family: Family,
    since: CommandSeq,
    inventory: Option<&Inventory>,
    commands: impl IntoIterator<Item = (&'a StoredCommand, CommandState)>,
) -> Readiness {
    let mut readiness = Readiness {
        needed: family == Family::Windows81,
        ..Readiness::default()
    };
    let mut key = false;
    for (command, state) in commands {
        if state != CommandState::Succeeded || command.id.seq < since {
            continue;
        }
        match command.body.name.as_str() {
            "sideload_key" => key = true,
            "sideload_deactivate" => key = false,
            "sideload_certificate" => readiness.has_certificate = true,
            _ => {}
        }
    }
    let known = |class: &str, property: &str, good: fn(&Value) -> bool| {
        let instances = inventory.and_then(|inventory| inventory.classes.get(class));
        let mut instances = instances.into_iter().flat_map(|all| all.values());
        instances.any(|values| {
            let entry = values.get(property).filter(|entry| entry.command >= since);
            entry.is_some_and(|entry| good(&entry.value))
        })
    };
    readiness.because = if known("Win32_ComputerSystem", "PartOfDomain", is_true) {
        Some("the device is joined to a domain")
    } else if known("MDM_SideLoader", "ProductKeyHash", is_there) {
        Some("a sideloading key is active")
    } else if key {
        Some("this server activated a sideloading key")
    } else {
        None
    };
    readiness
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true))
        || matches!(value, Value::Text(text) if text.eq_ignore_ascii_case("true"))
}

fn is_there(value: &Value) -> bool {
    matches!(value, Value::Text(text) if !text.trim().is_empty())
        || matches!(value, Value::Integer(number) if *number != 0)
}
