//! What a tablet manages: the WMI classes below `./cimv2`, DevInfo and DevDetail.
//!
//! Shapes by Microsoft's class references (mdmsettingsprov, mdmappprov,
//! CIMWin32Prov); which classes need the enrolled user is seed 004's rule.

use std::collections::BTreeMap;

/// A LocURI as the tablet understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// `./DevInfo/…`, `./DevDetail/…`: in lower case.
    Node(String),
    /// A class, an instance (as keyed here), a property or method.
    Wmi {
        class: String,
        instance: Option<String>,
        member: Option<Member>,
    },
    /// Nothing that this tablet has.
    Nowhere,
}

/// What is addressed below an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    Property(String),
    Method(String),
}

/// What a method did that concerns the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Unenroll,
}

type Instance = BTreeMap<String, String>;

/// The tree.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    /// Class (lower case) to instances; an instance's key is written as WMI does.
    classes: BTreeMap<String, BTreeMap<String, Instance>>,
    nodes: BTreeMap<String, String>,
    /// How many channels were made: each has a URI of its own.
    channels: u32,
    /// How often each password was reset.
    pub(super) resets: u32,
}

/// Takes a LocURI apart: decoded once, slashes inside quotes are text.
pub(super) fn address(loc_uri: &str) -> Address {
    let Ok(decoded) = percent_encoding::percent_decode_str(loc_uri).decode_utf8() else {
        return Address::Nowhere;
    };
    let mut parts: Vec<String> = vec![String::new()];
    let mut quoted = false;
    for character in decoded.trim().chars() {
        match character {
            '"' => quoted = !quoted,
            '/' if !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts.retain(|part| !part.is_empty());
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts[..] {
        [".", root, class, ref rest @ ..] if root.eq_ignore_ascii_case("cimv2") => {
            let member = rest.get(1).map(|text| match text.split_once('=') {
                Some((exec, method)) if exec.eq_ignore_ascii_case("exec") => {
                    Member::Method(method.to_lowercase())
                }
                _ => Member::Property((*text).to_owned()),
            });
            Address::Wmi {
                class: class.to_lowercase(),
                instance: rest.first().map(|text| key(text)),
                member,
            }
        }
        [".", ref rest @ ..] if !rest.is_empty() => Address::Node(rest.join("/").to_lowercase()),
        _ => Address::Nowhere,
    }
}

/// An instance's key without quotes, in lower case, for comparison.
fn key(instance: &str) -> String {
    instance.replace('"', "").to_lowercase()
}

/// Whether reading a class needs nothing of the enrolled user's.
pub(super) fn is_device_scoped(class: &str) -> bool {
    class.starts_with("win32_")
        || matches!(
            class,
            "mdm_client"
                | "mdm_securitystatus"
                | "mdm_updates"
                | "mdm_restrictions"
                | "mdm_mgmtauthority"
                | "mdm_deviceregistrationinfo"
                | "mdm_sideloader"
        )
}

impl Tree {
    pub(super) fn new(device_id: &str) -> Self {
        let mut tree = Tree {
            classes: BTreeMap::new(),
            nodes: BTreeMap::new(),
            channels: 0,
            resets: 0,
        };
        let nodes = [
            ("devinfo/devid", device_id),
            ("devinfo/man", "Contoso"),
            ("devinfo/mod", "Windows 8.1 Pro"),
            ("devinfo/dmv", "1.3"),
            ("devinfo/lang", "en-US"),
            ("devdetail/swv", "6.3.9600"),
            ("devdetail/hwv", "1.0"),
        ];
        tree.nodes = nodes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let client = format!("MDM_Client.DeviceClientID=\"{device_id}\"");
        tree.put(
            &client,
            &[
                ("DeviceClientID", device_id),
                ("DeviceName", "tablet.contoso.test"),
                ("Version", "6.3.9600"),
            ],
        );
        tree.put(
            "MDM_SecurityStatus.Key=1",
            &[
                ("FirewallStatus", "0"),
                ("AntiVirusStatus", "0"),
                ("AutoUpdateStatus", "3"),
            ],
        );
        tree.put(
            "MDM_Restrictions.Key=1",
            &[
                ("WifiEnabled", "true"),
                ("BluetoothEnabled", "true"),
                ("DataRoamingEnabled", "true"),
            ],
        );
        tree.put("MDM_Updates.key=1", &[("AutoUpdatePolicy", "1")]);
        tree.put(
            "MDM_BrowserSettings.Key=1",
            &[("AutofillEnabled", "true"), ("InternetBlockPopups", "true")],
        );
        tree.put(
            "MDM_ConfigSetting.SettingName=\"UnEnrollOnCertExpiry\"",
            &[("SettingValue", "true")],
        );
        tree.put("MDM_EASPolicy.Key=1", &[]);
        tree.put("MDM_SideLoader.key=1", &[("ProductKeyHash", "")]);
        tree.put(
            "MDM_Application.PackageFullName=\"App_1.0.0.0_neutral__8wekyb3d8bbwe\"",
            &[("PackageName", "App")],
        );
        tree.put(
            "Win32_OperatingSystem=@",
            &[
                ("Caption", "Microsoft Windows 8.1 Pro"),
                ("Version", "6.3.9600"),
                ("SystemDrive", "C:"),
            ],
        );
        tree.put(
            "Win32_ComputerSystem.Name=\"TABLET\"",
            &[
                ("Manufacturer", "Contoso"),
                ("TotalPhysicalMemory", "2147483648"),
            ],
        );
        tree.put(
            "Win32_BIOS.Name=\"BIOS\",Version=\"1\"",
            &[("SerialNumber", "0123456789")],
        );
        tree.put(
            "Win32_LogicalDisk.DeviceID=\"C:\"",
            &[("FreeSpace", "12884901888"), ("Size", "31138512896")],
        );
        tree.put(
            "Win32_NetworkAdapter.DeviceID=\"0\"",
            &[("Name", "Wireless")],
        );
        tree.put("Win32_Processor.DeviceID=\"CPU0\"", &[("Name", "1.33 GHz")]);
        tree.classes
            .entry("mdm_wnsconfiguration".to_owned())
            .or_default();
        tree.classes.entry("mdm_wnschannel".to_owned()).or_default();
        tree.classes
            .entry("mdm_appinstalljob".to_owned())
            .or_default();
        tree.classes
            .entry("mdm_certificate".to_owned())
            .or_default();
        tree.classes
            .entry("mdm_wirelessprofilexml".to_owned())
            .or_default();
        tree
    }

    fn put(&mut self, instance: &str, properties: &[(&str, &str)]) {
        let class = instance
            .split(['.', '='])
            .next()
            .unwrap_or("")
            .to_lowercase();
        let properties = properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.classes
            .entry(class)
            .or_default()
            .insert(instance.to_owned(), properties);
    }

    fn find(&self, class: &str, wanted: &str) -> Option<&Instance> {
        self.classes
            .get(class)?
            .iter()
            .find(|(name, _)| key(name) == *wanted)
            .map(|(_, instance)| instance)
    }

    fn find_mut(&mut self, class: &str, wanted: &str) -> Option<&mut Instance> {
        self.classes
            .get_mut(class)?
            .iter_mut()
            .find(|(name, _)| key(name) == *wanted)
            .map(|(_, instance)| instance)
    }

    /// Format and value of a node; a class or instance gives the names below
    /// it, joined by `/` and not escaped.
    pub(super) fn get(&self, address: &Address) -> Result<(&'static str, String), u16> {
        match address {
            Address::Node(node) => self
                .nodes
                .get(node)
                .map(|value| ("chr", value.clone()))
                .ok_or(404),
            Address::Wmi {
                class,
                instance: None,
                ..
            } => {
                let instances = self.classes.get(class).ok_or(404_u16)?;
                Ok((
                    "node",
                    instances.keys().cloned().collect::<Vec<_>>().join("/"),
                ))
            }
            Address::Wmi {
                class,
                instance: Some(wanted),
                member,
            } => {
                let instance = self.find(class, wanted).ok_or(404_u16)?;
                match member {
                    None => Ok((
                        "node",
                        instance.keys().cloned().collect::<Vec<_>>().join("/"),
                    )),
                    Some(Member::Property(name)) => {
                        let found = instance
                            .iter()
                            .find(|(known, _)| known.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| ("chr", value.clone())).ok_or(404)
                    }
                    Some(Member::Method(_)) => Err(405),
                }
            }
            Address::Nowhere => Err(404),
        }
    }

    pub(super) fn replace(&mut self, address: &Address, data: &str) -> u16 {
        let Address::Wmi {
            class,
            instance: Some(wanted),
            member: Some(Member::Property(name)),
        } = address
        else {
            return 405;
        };
        let Some(instance) = self.find_mut(class, wanted) else {
            return 404;
        };
        match instance
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, value)) => {
                data.clone_into(value);
                200
            }
            None => 404,
        }
    }

    pub(super) fn add(&mut self, address: &Address, loc_uri: &str, data: &str) -> u16 {
        let Address::Wmi {
            class,
            instance: Some(wanted),
            member,
        } = address
        else {
            return 405;
        };
        if !self.classes.contains_key(class) {
            return 404;
        }
        let property = match member {
            Some(Member::Property(name)) => name.clone(),
            None => "Value".to_owned(),
            Some(Member::Method(_)) => return 405,
        };
        if self
            .find(class, wanted)
            .is_some_and(|instance| instance.contains_key(&property) || member.is_none())
        {
            return 418;
        }
        let decoded = percent_encoding::percent_decode_str(loc_uri)
            .decode_utf8_lossy()
            .into_owned();
        let name = decoded.split('/').nth(3).unwrap_or(wanted).to_owned();
        let instances = self.classes.entry(class.clone()).or_default();
        instances
            .entry(name)
            .or_default()
            .insert(property, data.to_owned());
        200
    }

    pub(super) fn delete(&mut self, address: &Address) -> u16 {
        let Address::Wmi {
            class,
            instance: Some(wanted),
            member: None,
        } = address
        else {
            return 405;
        };
        let Some(instances) = self.classes.get_mut(class) else {
            return 404;
        };
        let before = instances.len();
        instances.retain(|name, _| key(name) != *wanted);
        if instances.len() < before { 200 } else { 404 }
    }

    /// Runs a method: its status and what it did.
    pub(super) fn exec(&mut self, address: &Address, data: &str) -> (u16, Effect) {
        let Address::Wmi {
            class,
            instance: Some(instance),
            member: Some(Member::Method(method)),
        } = address
        else {
            return (406, Effect::None);
        };
        let argument = data.split_once('=').map_or(data, |(_, value)| value);
        match (class.as_str(), method.as_str()) {
            ("mdm_client", _) if self.find(class, instance).is_none() => (404, Effect::None),
            ("mdm_client", "resetuserpassword") => {
                self.resets += 1;
                (if argument.contains(';') { 200 } else { 500 }, Effect::None)
            }
            ("mdm_client", "sendunenrollrequest") => (200, Effect::Unenroll),
            ("mdm_client", "lockworkstation") => (200, Effect::None),
            ("mdm_wnsconfiguration", "updateconfiguration") => {
                (self.configure_channel(argument), Effect::None)
            }
            ("mdm_appinstalljob", "createjob") => {
                let id = instance.split_once('=').map_or("", |(_, id)| id).to_owned();
                let job = format!("MDM_AppInstallJob.JobID=\"{id}\"");
                self.put(
                    &job,
                    &[
                        ("JobID", &id),
                        ("Status", "0"),
                        ("Progress", "0"),
                        ("LastError", "0"),
                    ],
                );
                (200, Effect::None)
            }
            ("mdm_easpolicy", "setvalues") => {
                (if argument.contains(',') { 200 } else { 500 }, Effect::None)
            }
            ("mdm_sideloader", "activatekey" | "addcertificate" | "unactivatelob") => {
                (200, Effect::None)
            }
            _ => (406, Effect::None),
        }
    }

    /// UpdateConfiguration: `<AppId>;<PFN>` makes a channel with a new URI.
    fn configure_channel(&mut self, argument: &str) -> u16 {
        let Some((app, family)) = argument.split_once(';') else {
            return 500;
        };
        if app.is_empty() || family.is_empty() {
            return 500;
        }
        self.channels += 1;
        let uri = format!(
            "https://db5.notify.windows.com/?token=sim-{}",
            self.channels
        );
        self.put(
            &format!("MDM_WNSConfiguration.AppId=\"{app}\""),
            &[("ConfigurationStatus", "1")],
        );
        let channel = format!("MDM_WNSChannel.AppId=\"{app}\"");
        self.put(
            &channel,
            &[
                ("Channel", &uri),
                ("ExpirationTime", "20991231235959.000000+000"),
                ("LastError", "0"),
            ],
        );
        200
    }

    /// Whether a channel is configured.
    pub(super) fn has_channel(&self) -> bool {
        self.classes
            .get("mdm_wnschannel")
            .is_some_and(|channels| !channels.is_empty())
    }

    /// WNS revokes the channel.
    pub(super) fn revoke_channel(&mut self) {
        if let Some(channels) = self.classes.get_mut("mdm_wnschannel") {
            channels.clear();
        }
    }
}
