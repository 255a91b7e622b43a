//! Everything that the classes have: for whom a device is to show each property once.

use super::address::InstanceName;
use super::classes::{Cim, Class, Property, Values, applications, settings, windows10};
use super::extent::Instance;
use super::tablet::Tablet;

/// One property of a class, as its reference has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PropertySchema {
    /// The class.
    pub class: &'static str,
    /// The property.
    pub name: &'static str,
    /// Its CIM type: `string`, `boolean`, `uint8` … or `datetime`.
    pub cim: &'static str,
}

/// One method of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodSchema {
    /// The class.
    pub class: &'static str,
    /// The method.
    pub name: &'static str,
    /// Its one parameter, if it has one.
    pub parameter: Option<&'static str>,
}

fn properties(classes: &'static [Class]) -> impl Iterator<Item = PropertySchema> {
    classes.iter().flat_map(|class| {
        let properties = class.keys.iter().chain(class.properties);
        properties.map(|property| PropertySchema {
            class: class.name,
            name: property.name,
            cim: property.cim.name(),
        })
    })
}

/// The properties of the classes of the two MDM providers.
pub fn mdm_properties() -> Vec<PropertySchema> {
    properties(settings::CLASSES)
        .chain(properties(applications::CLASSES))
        .collect()
}

/// The properties of the other classes that a Windows 10 lists.
pub fn windows10_properties() -> Vec<PropertySchema> {
    properties(windows10::CLASSES).collect()
}

/// The methods of the classes of the two MDM providers.
pub fn mdm_methods() -> Vec<MethodSchema> {
    let classes = settings::CLASSES.iter().chain(applications::CLASSES);
    let of_class = |class: &'static Class| {
        class.methods.iter().map(|method| MethodSchema {
            class: class.name,
            name: method.name,
            parameter: method.parameter,
        })
    };
    classes.flat_map(of_class).collect()
}

impl Tablet {
    /// Gives the device an instance of each class, and each property of them a value of
    /// its type: a string says of which property it is (`value of MDM_Client.Version`).
    /// What it had stays.
    pub fn holds_everything(&mut self) {
        let extents = self.tree.extents.values_mut();
        for extent in extents.map(std::sync::Arc::make_mut) {
            let Some(class) = extent.class else { continue };
            if extent.instances.is_empty() {
                extent.instances.push(Instance::new(class, name(class)));
            }
            for instance in &mut extent.instances {
                for property in class.properties {
                    let held = instance.find(property.name);
                    if held.is_none_or(|held| held.value.is_none()) {
                        instance.set(property.name, Some(&value(class, property)));
                    }
                }
            }
        }
    }
}

fn name(class: &Class) -> InstanceName {
    let mut keys: Vec<(String, String)> = class
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), value(class, key)))
        .collect();
    keys.sort_by_key(|(name, _)| name.to_lowercase());
    InstanceName {
        class: class.name.to_lowercase(),
        keys,
    }
}

fn value(class: &Class, property: &Property) -> String {
    match (property.values, property.cim) {
        (Values::Range(least, _), _) => least.to_string(),
        (Values::OneOf(known), _) => known.first().map(u32::to_string).unwrap_or_default(),
        (Values::Base64, _) => "MIIBCgKC".to_owned(),
        (Values::Xml, _) => format!("<value of=\"{}.{}\"/>", class.name, property.name),
        (Values::Any, Cim::String) => format!("value of {}.{}", class.name, property.name),
        (Values::Any, Cim::Bool) => "true".to_owned(),
        (Values::Any, Cim::DateTime) => "20140925030203.000000+120".to_owned(),
        (Values::Any, Cim::Uint8 | Cim::Uint16 | Cim::Uint32 | Cim::Uint64) => "7".to_owned(),
    }
}
