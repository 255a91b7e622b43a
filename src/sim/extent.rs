//! The instances of one class, and those that a new tablet has.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::address::InstanceName;
use super::classes::held::{InstanceSample, Sample};
use super::classes::{Cim, Class, applications, mdm_class, samples, settings, win32, windows10};

/// A property as an instance holds it; `None` is WMI's null.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) cim: Cim,
    pub(super) value: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Instance {
    /// As WMI writes it.
    pub(super) shown: String,
    pub(super) name: InstanceName,
    /// Keys first.
    pub(super) values: Vec<Held>,
}

impl Instance {
    /// An instance of a documented class, without other values than its keys.
    pub(super) fn new(class: &Class, name: InstanceName) -> Instance {
        let keys: Vec<String> = class
            .keys
            .iter()
            .map(|key| {
                let value = name.key(key.name).unwrap_or_default();
                match key.cim {
                    Cim::String | Cim::DateTime => format!("{}=\"{value}\"", key.name),
                    _ => format!("{}={value}", key.name),
                }
            })
            .collect();
        let shown = match keys.as_slice() {
            [] => format!("{}=@", class.name),
            keys => format!("{}.{}", class.name, keys.join(",")),
        };
        Instance::shown_as(shown, name)
    }

    /// An instance that WMI calls `shown`, without other values than its keys.
    pub(super) fn shown_as(shown: String, name: InstanceName) -> Instance {
        let class = mdm_class(&name.class);
        let key = |(key, value): &(String, String)| {
            let known = class.and_then(|class| class.property(key));
            Held {
                name: known.map_or_else(|| key.clone(), |property| property.name.to_owned()),
                cim: known.map_or(Cim::String, |property| property.cim),
                value: Some(value.clone()),
            }
        };
        let values = name.keys.iter().map(key).collect();
        Instance {
            shown,
            name,
            values,
        }
    }

    pub(super) fn find(&self, property: &str) -> Option<&Held> {
        self.values
            .iter()
            .find(|held| held.name.eq_ignore_ascii_case(property))
    }

    pub(super) fn put(&mut self, name: &str, cim: Cim, value: Option<&str>) {
        let value = value.map(str::to_owned);
        let held = self
            .values
            .iter_mut()
            .find(|held| held.name.eq_ignore_ascii_case(name));
        match held {
            Some(held) => (held.cim, held.value) = (cim, value),
            None => self.values.push(Held {
                name: name.to_owned(),
                cim,
                value,
            }),
        }
    }

    /// Puts a value, or WMI's null, by the type that the property has.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) {
        let known = mdm_class(&self.name.class).and_then(|class| class.property(name));
        let held = self.find(name).map(|held| (held.name.clone(), held.cim));
        let (name, cim) = match (known, held) {
            (Some(property), _) => (property.name.to_owned(), property.cim),
            (None, Some(held)) => held,
            (None, None) => (name.to_owned(), Cim::String),
        };
        self.put(&name, cim, value);
    }

    pub(super) fn remove(&mut self, property: &str) {
        self.values
            .retain(|held| !held.name.eq_ignore_ascii_case(property));
    }
}

/// A class that the tablet has, with its instances.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    /// What is documented of it; inventory classes are only read.
    pub(super) class: Option<&'static Class>,
    pub(super) instances: Vec<Instance>,
}

impl Extent {
    pub(super) fn find(&self, name: &InstanceName) -> Option<&Instance> {
        self.instances.iter().find(|held| held.name == *name)
    }

    pub(super) fn find_mut(&mut self, name: &InstanceName) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|held| held.name == *name)
    }
}

/// Classes by their names in lower case. What tablets have alike is held once.
pub(super) type Extents = BTreeMap<String, Arc<Extent>>;

/// What every new tablet has.
pub(super) fn new_tablet() -> Extents {
    static TEMPLATE: OnceLock<Extents> = OnceLock::new();
    TEMPLATE.get_or_init(build).clone()
}

/// What a Windows 10 has besides: the classes that came with it, as yet without an instance.
pub(super) fn windows10() -> Extents {
    let documented = settings::CLASSES.iter().chain(applications::CLASSES);
    let came = documented.filter(|class| class.windows10);
    came.chain(windows10::CLASSES)
        .map(|class| {
            let extent = Extent {
                class: Some(class),
                instances: Vec::new(),
            };
            (class.name.to_lowercase(), Arc::new(extent))
        })
        .collect()
}

fn build() -> Extents {
    let mut extents: BTreeMap<String, Extent> = BTreeMap::new();
    let documented = settings::CLASSES.iter().chain(applications::CLASSES);
    let empty = |class| Extent {
        class,
        instances: Vec::new(),
    };
    for class in documented.filter(|class| !class.windows10) {
        extents.insert(class.name.to_lowercase(), empty(Some(class)));
    }
    for name in win32::EMPTY {
        extents.insert(name.to_lowercase(), empty(None));
    }
    for sample in samples::INSTANCES.iter().chain(win32::INSTANCES) {
        if let Some(instance) = from_sample(sample) {
            let class = instance.name.class.clone();
            let extent = extents.entry(class).or_insert_with(|| empty(None));
            extent.instances.push(instance);
        }
    }
    extents
        .into_iter()
        .map(|(name, extent)| (name, Arc::new(extent)))
        .collect()
}

fn from_sample((shown, values): &InstanceSample) -> Option<Instance> {
    let name = InstanceName::read(shown)?;
    let mut instance = Instance::shown_as((*shown).to_owned(), name);
    for Sample { name, cim, value } in *values {
        instance.put(name, *cim, *value);
    }
    Some(instance)
}
