//! What befalls a tablet from outside its sessions.

use super::address::InstanceName;
use super::classes::mdm_class;
use super::extent::Instance;
use super::tree::{Tree, keys_fit};

/// What is done to a property from outside.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change<'a> {
    Set(&'a str),
    /// WMI's null: asking for it is answered 500.
    Null,
    /// Asking for it is answered 404.
    Remove,
}

impl Tree {
    /// Whether a channel is configured.
    pub(super) fn has_channel(&self) -> bool {
        let channels = self.extents.get("mdm_wnschannel");
        channels.is_some_and(|extent| !extent.instances.is_empty())
    }

    /// Another server sets up a channel for a PFN of its own.
    pub(super) fn set_up_by_another(&mut self, app_id: &str, family: &str) {
        if let Some(csp) = &mut self.csp {
            csp.set_name(family);
            return;
        }
        let instance = format!("MDM_WNSConfiguration.AppId=\"{app_id}\"");
        if let Some(name) = read(&instance) {
            self.configure_channel(&name, &format!("{app_id};{family}"));
        }
    }

    /// WNS revokes the channel.
    pub(super) fn revoke_channel(&mut self) {
        if let Some(channels) = self.extent_mut("MDM_WNSChannel") {
            channels.instances.clear();
        }
    }

    /// What a property holds, if it is there and not null.
    pub(super) fn property(&self, instance: &str, property: &str) -> Option<String> {
        let name = read(instance)?;
        let extent = self.extents.get(&name.class)?;
        extent.find(&name)?.find(property)?.value.clone()
    }

    /// Changes a property. An instance that is missing is made; `false` where
    /// the tablet has no such class, or the keys are not the class's.
    pub(super) fn change(&mut self, instance: &str, property: &str, change: Change<'_>) -> bool {
        let Some(name) = read(instance) else {
            return false;
        };
        let Some(extent) = self.extent_mut(&name.class) else {
            return false;
        };
        if extent.find(&name).is_none() {
            let made = match mdm_class(&name.class) {
                Some(class) if !keys_fit(class, &name) => return false,
                Some(class) => Instance::new(class, name.clone()),
                None => Instance::shown_as(last(instance).to_owned(), name.clone()),
            };
            extent.instances.push(made);
        }
        if let Some(instance) = extent.find_mut(&name) {
            match change {
                Change::Set(value) => instance.set(property, Some(value)),
                Change::Null => instance.set(property, None),
                Change::Remove => instance.remove(property),
            }
        }
        true
    }
}

/// An instance by its WMI name, or by `./cimv2/<Class>/<name>`, unescaped.
fn read(instance: &str) -> Option<InstanceName> {
    InstanceName::read(last(instance))
}

fn last(instance: &str) -> &str {
    instance
        .strip_prefix("./cimv2/")
        .and_then(|rest| rest.split_once('/'))
        .map_or(instance, |(_, name)| name)
}
