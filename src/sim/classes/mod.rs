//! What the tablet's WMI classes look like: properties with their CIM types,
//! keys, methods, and what an agent may do to them.

pub(super) mod applications;
pub(super) mod held;
pub(super) mod samples;
pub(super) mod settings;
#[cfg(test)]
mod tests;
mod values;
pub(super) mod win32;
pub(super) mod windows10;

pub(crate) use values::{Cim, Values, blob};

/// A property.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) cim: Cim,
    /// Whether a server may set it in practice: the reference marks every
    /// property read-only, yet MS-MDM replaces two of them.
    pub(crate) writable: bool,
    pub(crate) values: Values,
}

impl Property {
    /// Whether the device would take `text` as its value.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        self.cim.accepts(text) && self.values.accept(text)
    }
}

/// A method: each has one string parameter or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) parameter: Option<&'static str>,
    /// Whether it makes its instance itself.
    pub(crate) makes: bool,
}

/// What must be there for an agent to reach a class (the MDMAgent article).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessLevel {
    /// Readable as Local System without a user's profile: Machine mode.
    System,
    /// Needs a user's session to be allowed, but no impersonation.
    Device,
    /// Done as the enrolled user.
    User,
}

/// What a server may do with instances. How Add and Delete look on 8.1 is
/// unknown; the class texts speak of installing and deleting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Fixed,
    Removable,
    /// Add and Delete.
    Open,
}

/// A class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) access: AccessLevel,
    pub(crate) life: Life,
    pub(crate) keys: &'static [Property],
    pub(crate) properties: &'static [Property],
    /// The property that takes the Data of an Add on the instance.
    pub(crate) main: Option<&'static str>,
    pub(crate) methods: &'static [Method],
    /// Whether it came with Windows 10: an 8.1 tablet does not have it.
    pub(crate) windows10: bool,
}

impl Class {
    /// A property, keys too; names compare without case.
    pub(crate) fn property(&self, name: &str) -> Option<&'static Property> {
        self.keys
            .iter()
            .chain(self.properties)
            .find(|property| property.name.eq_ignore_ascii_case(name))
    }

    /// The property that takes the Data of an Add or Replace on the instance.
    pub(crate) fn main_property(&self) -> Option<&'static Property> {
        self.property(self.main?)
    }

    pub(crate) fn is_key(&self, name: &str) -> bool {
        self.keys
            .iter()
            .any(|key| key.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods
            .iter()
            .find(|method| method.name.eq_ignore_ascii_case(name))
    }
}

/// The class of that name that is documented with its types: those of the MDM providers,
/// and what a Windows 10 lists besides.
pub(crate) fn mdm_class(name: &str) -> Option<&'static Class> {
    settings::CLASSES
        .iter()
        .chain(applications::CLASSES)
        .chain(windows10::CLASSES)
        .find(|class| class.name.eq_ignore_ascii_case(name))
}

/// Win32 classes that show what a user has: desktops, logons and printers.
const OF_USERS: [&str; 6] = [
    "win32_desktop",
    "win32_environment",
    "win32_loggedonuser",
    "win32_networkloginprofile",
    "win32_printer",
    "win32_printerconfiguration",
];

/// What must be there to reach a class, whether the tablet has it or not.
pub(crate) fn reach(class: &str) -> AccessLevel {
    let lower = class.to_lowercase();
    let is_win32 = lower.starts_with("win32_") && !OF_USERS.contains(&lower.as_str());
    match mdm_class(class) {
        Some(known) => known.access,
        None if is_win32 => AccessLevel::System,
        None => AccessLevel::User,
    }
}

const fn read(name: &'static str, cim: Cim) -> Property {
    Property {
        name,
        cim,
        writable: false,
        values: Values::Any,
    }
}

const fn write(name: &'static str, cim: Cim) -> Property {
    Property {
        name,
        cim,
        writable: true,
        values: Values::Any,
    }
}

const fn limited(name: &'static str, cim: Cim, values: Values) -> Property {
    Property {
        name,
        cim,
        writable: true,
        values,
    }
}

const fn method(name: &'static str, parameter: Option<&'static str>) -> Method {
    Method {
        name,
        parameter,
        makes: false,
    }
}

const fn maker(name: &'static str, parameter: &'static str) -> Method {
    Method {
        name,
        parameter: Some(parameter),
        makes: true,
    }
}

const fn class(
    name: &'static str,
    reach: AccessLevel,
    life: Life,
    keys: &'static [Property],
    properties: &'static [Property],
) -> Class {
    Class {
        name,
        access: reach,
        life,
        keys,
        properties,
        main: None,
        methods: &[],
        windows10: false,
    }
}

impl Class {
    const fn with_main(mut self, main: &'static str) -> Self {
        self.main = Some(main);
        self
    }

    const fn with_methods(mut self, methods: &'static [Method]) -> Self {
        self.methods = methods;
        self
    }

    const fn of_windows10(mut self) -> Self {
        self.windows10 = true;
        self
    }
}
