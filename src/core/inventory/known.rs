//! What is worth asking for: presets of classes, the properties of each, and
//! which of them are numbers. Names and types by Microsoft's WMI references
//! (CIMWin32 provider; *mdmsettingsprov*).
//!
//! A class that is not here is walked by asking its instances for the names of
//! their properties.

/// One class and what is read of each of its instances.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The class.
    pub class: &'static str,
    /// Its properties.
    pub properties: &'static [&'static str],
}

/// A preset: what an inventory reads under one word.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// The word.
    pub name: &'static str,
    /// What it is for, in words.
    pub about: &'static str,
    /// Its classes and nodes.
    pub reads: &'static [&'static str],
}

/// The presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "os",
        about: "the operating system, its version, clock and zone, and who manages the device",
        reads: &[
            "./DevInfo",
            "./DevDetail/SwV",
            "Win32_OperatingSystem",
            "Win32_TimeZone",
            "Win32_LocalTime",
            "Win32_UTCTime",
            "MDM_Client",
            "MDM_MgmtAuthority",
        ],
    },
    Preset {
        name: "hardware",
        about: "the machine, its firmware, processor, memory and battery",
        reads: &[
            "./DevDetail/HwV",
            "Win32_ComputerSystem",
            "Win32_ComputerSystemProduct",
            "Win32_BIOS",
            "Win32_Processor",
            "Win32_PhysicalMemory",
            "Win32_SystemEnclosure",
            "Win32_Battery",
        ],
    },
    Preset {
        name: "storage",
        about: "volumes and drives",
        reads: &["Win32_LogicalDisk", "Win32_DiskDrive"],
    },
    Preset {
        name: "network",
        about: "network adapters and their addresses",
        reads: &["Win32_NetworkAdapter", "Win32_NetworkAdapterConfiguration"],
    },
    Preset {
        name: "security",
        about: "firewall, anti-virus, encryption and sideloading as the device reports them",
        reads: &[
            "MDM_SecurityStatus",
            "MDM_Restrictions",
            "MDM_SideLoader",
            "MDM_DeviceRegistrationInfo",
        ],
    },
    Preset {
        name: "updates",
        about: "update policy and installed fixes",
        reads: &[
            "MDM_Updates",
            "Win32_QuickFixEngineering",
            "Win32_WindowsUpdateAgentVersion",
        ],
    },
    Preset {
        name: "apps",
        about: "the enrolled user's apps: needs the user, so it goes in Maintenance and Apps only",
        reads: &[
            "MDM_Application",
            "MDM_WebApplication",
            "MDM_RemoteApplication",
        ],
    },
];

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

const fn known(class: &'static str, properties: &'static [&'static str]) -> Known {
    Known { class, properties }
}

/// The classes whose properties are asked for by name.
pub const CLASSES: &[Known] = &[
    known(
        "Win32_OperatingSystem",
        &[
            "Caption",
            "Version",
            "BuildNumber",
            "OSArchitecture",
            "InstallDate",
            "LastBootUpTime",
            "LocalDateTime",
            "CurrentTimeZone",
            "OSLanguage",
            "SystemDrive",
            "FreePhysicalMemory",
            "TotalVisibleMemorySize",
            "Status",
        ],
    ),
    known(
        "Win32_ComputerSystem",
        &[
            "Name",
            "Manufacturer",
            "Model",
            "SystemType",
            "TotalPhysicalMemory",
            "NumberOfProcessors",
            "NumberOfLogicalProcessors",
            "Domain",
            "PartOfDomain",
            "UserName",
            "PCSystemType",
        ],
    ),
    known(
        "Win32_ComputerSystemProduct",
        &["Name", "Vendor", "Version", "IdentifyingNumber", "UUID"],
    ),
    known(
        "Win32_BIOS",
        &[
            "Manufacturer",
            "Name",
            "SerialNumber",
            "SMBIOSBIOSVersion",
            "Version",
            "ReleaseDate",
        ],
    ),
    known(
        "Win32_Processor",
        &[
            "Name",
            "Manufacturer",
            "NumberOfCores",
            "NumberOfLogicalProcessors",
            "MaxClockSpeed",
            "Architecture",
        ],
    ),
    known(
        "Win32_PhysicalMemory",
        &[
            "Capacity",
            "Speed",
            "Manufacturer",
            "PartNumber",
            "BankLabel",
        ],
    ),
    known(
        "Win32_SystemEnclosure",
        &["Manufacturer", "SerialNumber", "SMBIOSAssetTag"],
    ),
    known(
        "Win32_Battery",
        &[
            "Name",
            "Status",
            "BatteryStatus",
            "EstimatedChargeRemaining",
            "EstimatedRunTime",
        ],
    ),
    known(
        "Win32_LogicalDisk",
        &[
            "DeviceID",
            "Description",
            "DriveType",
            "FileSystem",
            "FreeSpace",
            "Size",
            "VolumeName",
            "VolumeSerialNumber",
        ],
    ),
    known(
        "Win32_DiskDrive",
        &[
            "Model",
            "InterfaceType",
            "SerialNumber",
            "Size",
            "MediaType",
            "Status",
        ],
    ),
    known(
        "Win32_NetworkAdapter",
        &[
            "Name",
            "AdapterType",
            "MACAddress",
            "NetConnectionID",
            "NetConnectionStatus",
            "NetEnabled",
            "PhysicalAdapter",
            "Speed",
        ],
    ),
    known(
        "Win32_NetworkAdapterConfiguration",
        &[
            "Description",
            "DHCPEnabled",
            "DNSHostName",
            "IPAddress",
            "IPEnabled",
            "MACAddress",
        ],
    ),
    known(
        "Win32_TimeZone",
        &["Caption", "StandardName", "Bias", "DaylightBias"],
    ),
    known(
        "Win32_LocalTime",
        &["Year", "Month", "Day", "Hour", "Minute", "Second"],
    ),
    known(
        "Win32_UTCTime",
        &["Year", "Month", "Day", "Hour", "Minute", "Second"],
    ),
    known(
        "Win32_QuickFixEngineering",
        &["HotFixID", "Description", "InstalledOn"],
    ),
    known("Win32_Service", &["DisplayName", "State", "StartMode"]),
    known("Win32_WindowsUpdateAgentVersion", &["Version"]),
    known(
        "MDM_Client",
        &[
            "DeviceClientID",
            "DeviceName",
            "DomainSID",
            "PlatformID",
            "ProcessorDescription",
            "UserSid",
            "Version",
        ],
    ),
    known(
        "MDM_MgmtAuthority",
        &[
            "AuthorityName",
            "RootThumbprint",
            "ProvisionedCertThumbprint",
            "ServerList",
        ],
    ),
    known("MDM_SideLoader", &["ProductKeyHash"]),
    known(
        "MDM_DeviceRegistrationInfo",
        &["DeviceId", "UPN", "CertificateThumbprint"],
    ),
    known(
        "MDM_SecurityStatus",
        &[
            "FirewallStatus",
            "AntiVirusStatus",
            "AntiVirusSignatureStatus",
            "AutoUpdateStatus",
            "RequireEncryption",
            "MaintenanceScheduleStartHour",
            "MaintenanceScheduleDelayPattern",
            "MaintenanceScheduleAllowWakeup",
            "IsMicrosoftAccountOptional",
        ],
    ),
    known("MDM_Updates", &["AutoUpdatePolicy"]),
    known(
        "MDM_Restrictions",
        &[
            "DiagnosticsSubmissionEnabled",
            "DataRoamingEnabled",
            "BluetoothEnabled",
            "WifiEnabled",
            "PCSettingsSyncEnabled",
            "PCSettingsMeteredNetworkSyncEnabled",
            "PCSettingsPasswordSyncEnabled",
            "EcsAutoProvisionEnabled",
            "SmartScreenEnabled",
            "IEEnterpriseModeEnabled",
            "EcsSyncUrl",
            "UserAccountControlStatus",
        ],
    ),
    known(
        "MDM_Application",
        &[
            "PackageFullName",
            "PackageName",
            "PackagePublisher",
            "PackageVersion",
            "IsFramework",
            "IsResourcePackage",
            "IsBundle",
            "IsDevelopmentMode",
        ],
    ),
    known(
        "MDM_WebApplication",
        &[
            "PackageName",
            "PackageUrl",
            "ShortcutFolder",
            "ShortcutFilename",
        ],
    ),
    known("MDM_RemoteApplication", &["FeedUrl", "AppId"]),
];

/// What is read of a class.
pub fn properties(class: &str) -> Option<&'static [&'static str]> {
    CLASSES
        .iter()
        .find(|known| known.class.eq_ignore_ascii_case(class))
        .map(|known| known.properties)
}

/// Properties whose CIM type is a number.
const NUMBERS: &[&str] = &[
    "AntiVirusSignatureStatus",
    "AntiVirusStatus",
    "Architecture",
    "AutoUpdatePolicy",
    "AutoUpdateStatus",
    "BatteryStatus",
    "Bias",
    "Capacity",
    "CurrentTimeZone",
    "Day",
    "DaylightBias",
    "DriveType",
    "EstimatedChargeRemaining",
    "EstimatedRunTime",
    "FirewallStatus",
    "FreePhysicalMemory",
    "FreeSpace",
    "Hour",
    "MaintenanceScheduleStartHour",
    "MaxClockSpeed",
    "Minute",
    "Month",
    "NetConnectionStatus",
    "NumberOfCores",
    "NumberOfLogicalProcessors",
    "NumberOfProcessors",
    "OSLanguage",
    "PCSystemType",
    "Second",
    "Size",
    "Speed",
    "TotalPhysicalMemory",
    "TotalVisibleMemorySize",
    "UserAccountControlStatus",
    "Year",
];

/// Whether a property is a number.
pub fn is_number(property: &str) -> bool {
    NUMBERS.binary_search(&property).is_ok()
}

/// Whether a value may be kept: not what holds a key, a cookie or a challenge,
/// and not the push channel (law 7).
pub fn may_be_kept(class: &str, property: &str) -> bool {
    const NEVER: &[&str] = &[
        "MDM_WirelessProfile",
        "MDM_WirelessProfileXml",
        "MDM_RemoteAppUserCookie",
        "MDM_WNSChannel",
        "MDM_WNSConfiguration",
        "MDM_VpnConnection",
    ];
    let never = NEVER.iter().any(|name| name.eq_ignore_ascii_case(class));
    !never
        && !property.eq_ignore_ascii_case("ConfigurationParameters")
        && !property.eq_ignore_ascii_case("ProductKey")
}
