//! What a tablet manages: the WMI classes below `./cimv2`, DevInfo and DevDetail.
//!
//! Shapes by Microsoft's class references (mdmsettingsprov, mdmappprov,
//! CIMWin32Prov). Which statuses an 8.1 agent answers is mostly unknown: they
//! follow the meanings that OMA DM gives them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::{Address, InstanceName, Member};
use super::classes::{Cim, Class, Life, Property};
use super::csp::Csp;
use super::extent::{Extent, Extents, Instance, new_tablet, windows10};
use super::outcome::Found;
use super::registrar::Wns;

/// The tree.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) extents: Extents,
    /// Path in lower case to name and value.
    nodes: BTreeMap<String, (&'static str, String)>,
    /// Key of MDM_Client.
    pub(super) device_id: String,
    /// How many channels were made: each has a URI of its own.
    pub(super) channels: u32,
    /// Who gives out its channel URIs, if anybody does.
    pub(super) wns: Option<Wns>,
    /// Why no channel can be made, as LastError shows it.
    pub(super) channel_error: Option<u32>,
    /// How often the password was reset.
    pub(super) resets: u32,
    /// What SetValues set, by name.
    pub(super) eas: BTreeMap<String, String>,
    /// The nodes below `./Vendor`, on the other families.
    pub(super) csp: Option<Csp>,
    /// What the next job that ends fails with.
    pub(super) next_job_error: Option<u32>,
}

impl Tree {
    /// A new channel URI.
    pub(super) fn new_channel(&mut self, family: &str) -> String {
        self.channels += 1;
        match &self.wns {
            Some(wns) => (wns.0)(family),
            None => format!(
                "https://db5.notify.windows.com/?token=sim-{}",
                self.channels
            ),
        }
    }

    pub(super) fn new(device_id: &str) -> Self {
        let nodes = [
            ("./DevInfo/", "DevId", device_id),
            ("./DevInfo/", "Man", "Contoso"),
            ("./DevInfo/", "Mod", "Windows 8.1 Pro"),
            ("./DevInfo/", "DmV", "1.3"),
            ("./DevInfo/", "Lang", "en-US"),
            ("./DevDetail/", "SwV", "6.3.9600"),
            ("./DevDetail/", "HwV", "1.0"),
        ];
        let mut tree = Tree {
            extents: new_tablet(),
            nodes: nodes
                .map(|(root, name, value)| {
                    let path = format!("{}{name}", &root[2..]).to_lowercase();
                    (path, (name, value.to_owned()))
                })
                .into(),
            device_id: device_id.to_owned(),
            channels: 0,
            wns: None,
            channel_error: None,
            resets: 0,
            eas: BTreeMap::new(),
            next_job_error: None,
            csp: None,
        };
        tree.instance(
            "MDM_Client",
            "DeviceClientID",
            device_id,
            &[
                ("DeviceName", "tablet.contoso.test"),
                ("DomainSID", "S-1-5-21-1004336348-1177238915-682003330"),
                ("PlatformID", "Windows 8.1 Pro"),
                ("ProcessorDescription", "x86"),
                ("UserSid", "S-1-5-21-1004336348-1177238915-682003330-1001"),
                ("Version", "6.3.9600"),
            ],
        );
        tree
    }

    /// Becomes the tree of another family; a phone has no WMI classes.
    pub(super) fn become_family(&mut self, csp: Csp) {
        let version = if csp.is_phone() {
            self.extents.clear();
            "8.10.14219.341"
        } else {
            self.extents.extend(windows10());
            "10.0.18363.1016"
        };
        let node = ("SwV", version.to_owned());
        self.nodes.insert("devdetail/swv".to_owned(), node);
        self.csp = Some(csp);
    }

    /// Its system is of this version, as DevDetail shows it.
    pub(super) fn set_version(&mut self, version: &str) {
        let node = ("SwV", version.to_owned());
        self.nodes.insert("devdetail/swv".to_owned(), node);
    }

    /// The tree below `./Vendor`, where an address is of it.
    pub(super) fn csp_at<'a>(&mut self, at: &'a Address) -> Option<(&mut Csp, &'a str)> {
        match (at, &mut self.csp) {
            (Address::Node(path), Some(csp)) if Csp::has(path) => Some((csp, path)),
            _ => None,
        }
    }

    pub(super) fn extent_mut(&mut self, class: &str) -> Option<&mut Extent> {
        self.extents
            .get_mut(&class.to_lowercase())
            .map(Arc::make_mut)
    }

    /// Puts an instance of a documented class with one key there, or changes it.
    pub(super) fn instance(&mut self, class: &str, key: &str, id: &str, values: &[(&str, &str)]) {
        let name = InstanceName {
            class: class.to_lowercase(),
            keys: vec![(key.to_owned(), id.to_owned())],
        };
        let Some(extent) = self.extent_mut(class) else {
            return;
        };
        if let (None, Some(class)) = (extent.find(&name), extent.class) {
            extent.instances.push(Instance::new(class, name.clone()));
        }
        if let Some(instance) = extent.find_mut(&name) {
            for (property, value) in values {
                instance.set(property, Some(value));
            }
        }
    }

    /// Get: absent is 404, WMI's null 500.
    pub(super) fn get(&self, at: &Address) -> Result<Found, u16> {
        let (class, name, member) = match at {
            Address::Nowhere => return Err(404),
            Address::Node(path) => {
                return match self.csp.as_ref().filter(|_| Csp::has(path)) {
                    Some(csp) => csp.get(path),
                    None => self.node(path).ok_or(404),
                };
            }
            Address::Wmi {
                class,
                instance,
                member,
            } => (class, instance, member),
        };
        let extent = self.extents.get(class).ok_or(404_u16)?;
        let Some(name) = name else {
            let shown = extent.instances.iter().map(|held| held.shown.clone());
            return Ok(Found::Names(shown.collect()));
        };
        let instance = extent.find(name).ok_or(404_u16)?;
        match member {
            None => {
                let names = instance.values.iter().map(|held| held.name.clone());
                Ok(Found::Names(names.collect()))
            }
            Some(Member::Property(property)) => {
                let held = instance.find(property).ok_or(404_u16)?;
                let value = held.value.clone().ok_or(500_u16)?;
                Ok(Found::Value(held.cim, value))
            }
            Some(Member::Method(_)) => Err(405),
        }
    }

    fn node(&self, path: &str) -> Option<Found> {
        if let Some((_, value)) = self.nodes.get(path) {
            return Some(Found::Value(Cim::String, value.clone()));
        }
        let below = format!("{path}/");
        let names: Vec<String> = self
            .nodes
            .iter()
            .filter(|(known, _)| known.starts_with(&below))
            .map(|(_, (name, _))| (*name).to_owned())
            .collect();
        (!names.is_empty()).then_some(Found::Names(names))
    }

    /// Replace of a property; on an instance it means the one that matters.
    pub(super) fn replace(&mut self, at: &Address, data: &str) -> u16 {
        if let Some((csp, path)) = self.csp_at(at) {
            return csp.replace(path, data);
        }
        self.try_replace(at, data).err().unwrap_or(200)
    }

    fn try_replace(&mut self, at: &Address, data: &str) -> Result<(), u16> {
        let (class, name, member) = self.writable(at)?;
        let extent = self.extents.get(class).ok_or(404_u16)?;
        let instance = extent.find(name).ok_or(404_u16)?;
        let Some(known) = extent.class else {
            return Err(refusal(instance, member));
        };
        let property = property_of(known, member)?;
        check(known, property, data)?;
        if let Some(instance) = self.extent_mut(class).and_then(|e| e.find_mut(name)) {
            instance.set(property.name, Some(data));
        }
        Ok(())
    }

    /// Add of an instance with its main property, or of a property; an
    /// instance that is missing is made with it.
    pub(super) fn add(&mut self, at: &Address, data: &str) -> u16 {
        if let Some((csp, path)) = self.csp_at(at) {
            return csp.add(path, data);
        }
        self.try_add(at, data).err().unwrap_or(200)
    }

    fn try_add(&mut self, at: &Address, data: &str) -> Result<(), u16> {
        let (class, name, member) = self.writable(at)?;
        let extent = self.extents.get(class).ok_or(404_u16)?;
        let existing = extent.find(name);
        let known = extent.class.ok_or(405_u16)?;
        let property = match (member, known.main) {
            (None, None) => None,
            _ => Some(property_of(known, member)?),
        };
        let there = existing.is_some_and(|instance| match (member, property) {
            (None, _) | (_, None) => true,
            (_, Some(property)) => instance
                .find(property.name)
                .is_some_and(|held| held.value.is_some()),
        });
        if there {
            return Err(418);
        }
        if known.life != Life::Open {
            return Err(405);
        }
        if !keys_fit(known, name) {
            return Err(500);
        }
        if let Some(property) = property {
            check(known, property, data)?;
        }
        let made = existing.cloned();
        let mut instance = made.unwrap_or_else(|| made_by_add(known, name));
        if let Some(property) = property {
            instance.set(property.name, Some(data));
        }
        if let Some(extent) = self.extent_mut(class) {
            extent.instances.retain(|held| held.name != *name);
            extent.instances.push(instance);
        }
        Ok(())
    }

    /// Delete of an instance.
    pub(super) fn delete(&mut self, at: &Address) -> u16 {
        if let Some((csp, path)) = self.csp_at(at) {
            return csp.delete(path);
        }
        self.try_delete(at).err().unwrap_or(200)
    }

    fn try_delete(&mut self, at: &Address) -> Result<(), u16> {
        let (class, name, member) = self.writable(at)?;
        let extent = self.extents.get(class).ok_or(404_u16)?;
        extent.find(name).ok_or(404_u16)?;
        let fixed = extent.class.is_none_or(|class| class.life == Life::Fixed);
        if fixed || member.is_some() {
            return Err(405);
        }
        if let Some(extent) = self.extent_mut(class) {
            extent.instances.retain(|held| held.name != *name);
        }
        Ok(())
    }

    /// Class, instance and member of what may be written at all.
    fn writable<'a>(
        &self,
        at: &'a Address,
    ) -> Result<(&'a str, &'a InstanceName, Option<&'a Member>), u16> {
        match at {
            Address::Nowhere => Err(404),
            Address::Node(path) => Err(if self.node(path).is_some() { 405 } else { 404 }),
            Address::Wmi {
                class,
                instance: Some(name),
                member,
            } => Ok((class, name, member.as_ref())),
            Address::Wmi { class, .. } => Err(if self.extents.contains_key(class) {
                405
            } else {
                404
            }),
        }
    }
}

/// Why an inventory class is not written.
fn refusal(instance: &Instance, member: Option<&Member>) -> u16 {
    match member {
        Some(Member::Property(name)) if instance.find(name).is_none() => 404,
        _ => 405,
    }
}

fn property_of(class: &'static Class, member: Option<&Member>) -> Result<&'static Property, u16> {
    match member {
        Some(Member::Property(name)) => class.property(name).ok_or(404),
        None => class.main_property().ok_or(405),
        Some(Member::Method(_)) => Err(405),
    }
}

fn check(class: &Class, property: &Property, data: &str) -> Result<(), u16> {
    if !property.writable || class.is_key(property.name) {
        return Err(405);
    }
    if property.accepts(data) {
        Ok(())
    } else {
        Err(500)
    }
}

/// Whether a name has the class's keys, all of them, with fitting values.
pub(super) fn keys_fit(class: &Class, name: &InstanceName) -> bool {
    class.keys.len() == name.keys.len()
        && class
            .keys
            .iter()
            .all(|key| name.key(key.name).is_some_and(|value| key.accepts(value)))
}

/// A new instance with what the device fills in itself.
fn made_by_add(class: &Class, name: &InstanceName) -> Instance {
    let mut instance = Instance::new(class, name.clone());
    let own: &[(&str, &str)] = match class.name {
        "MDM_Certificate" => &[("IsInstalled", "true")],
        "MDM_CertificateEnrollment" => &[("Status", "0"), ("Error", "0")],
        "MDM_ApplicationSetting" => &[("SettingType", "0")],
        _ => &[],
    };
    for (property, value) in own {
        instance.set(property, Some(value));
    }
    instance
}
