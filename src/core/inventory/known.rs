//! What is worth asking for: presets of classes and nodes. A class whose
//! properties [`crate::wmi`] does not name is walked by asking its instances for
//! the names of theirs.

use super::Address;
use crate::kind::Kind;
use crate::wmi;

/// Nodes outside WMI whose value is a secret, by the last name of their path: Wi-Fi and VPN
/// profiles with their key, passwords and what stands for one, the push channel.
const SECRET_NODES: [&str; 13] = [
    "AAuthSecret",
    "AuthPwd",
    "AuthSecret",
    "Challenge",
    "ChangeProductKey",
    "ChannelURI",
    "L2tpPsk",
    "NewPINValue",
    "Password",
    "PFXCertBlob",
    "PFXCertPassword",
    "ProfileXML",
    "WlanXml",
];

/// Whether the value at an address may be kept.
pub(crate) fn may_be_kept(address: &Address) -> bool {
    if !address.is_tree() {
        return wmi::may_be_kept(&address.class, &address.property);
    }
    let last = address.property.rsplit('/').next().unwrap_or_default();
    !SECRET_NODES
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(last))
}

/// A preset: what an inventory reads under one word.
#[derive(Debug)]
pub(crate) struct Preset {
    /// The word.
    pub(crate) name: &'static str,
    /// Its classes and nodes.
    pub(crate) reads: &'static [&'static str],
}

impl Preset {
    /// Whether it can only be read while the enrolled user is there.
    pub(crate) fn needs_user(&self) -> bool {
        let mut classes = self.reads.iter().filter_map(|read| wmi::find(read));
        classes.any(|(_, class)| class.get != Kind::Inventory)
    }
}

macro_rules! presets {
    ($($name:literal = $($read:literal)*;)*) => {
        &[$(Preset { name: $name, reads: &[$($read),*] }),*]
    };
}

/// The presets.
pub(crate) static PRESETS: &[Preset] = presets! {
    // The operating system, its version, clock and zone, and who manages the device.
    "os" = "./DevInfo" "./DevDetail/SwV" "Win32_OperatingSystem" "Win32_TimeZone"
        "Win32_LocalTime" "Win32_UTCTime" "MDM_Client" "MDM_MgmtAuthority";
    // The machine, its firmware, processor, memory and battery.
    "hardware" = "./DevDetail/HwV" "Win32_ComputerSystem" "Win32_ComputerSystemProduct"
        "Win32_BIOS" "Win32_Processor" "Win32_PhysicalMemory" "Win32_SystemEnclosure"
        "Win32_Battery";
    // Volumes and drives.
    "storage" = "Win32_LogicalDisk" "Win32_DiskDrive";
    // Network adapters and their addresses.
    "network" = "Win32_NetworkAdapter" "Win32_NetworkAdapterConfiguration";
    // Firewall, anti-virus, encryption and sideloading as the device reports them.
    "security" = "MDM_SecurityStatus" "MDM_Restrictions" "MDM_SideLoader"
        "MDM_DeviceRegistrationInfo";
    // Update policy and installed fixes.
    "updates" = "MDM_Updates" "Win32_QuickFixEngineering" "Win32_WindowsUpdateAgentVersion";
    // The enrolled user's apps: needs the user, so it goes in Maintenance and Apps only.
    "apps" = "MDM_Application" "MDM_WebApplication" "MDM_RemoteApplication";
    // What BitLocker says of each volume.
    "encryption" = "Win32_EncryptableVolume";
    // How the enrolled user's password, encryption and browser stand: goes as "apps" does.
    "user_security" = "MDM_SecurityStatusUser" "MDM_BrowserSettings";
};

/// The preset of that name.
pub(crate) fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// What is read of each instance of a class: nothing of one that is a secret; `None`
/// where no property is known, and the instances are asked for theirs.
pub(crate) fn properties(class: &str) -> Option<impl Iterator<Item = &'static str> + Clone> {
    let (_, class) = wmi::find(class)?;
    let is_known = class.is_secret || !class.properties.is_empty();
    is_known.then(|| class.inventoried())
}
