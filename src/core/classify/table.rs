//! The one table: the classes of the MDM Settings and MDM Application
//! Providers with their methods (Microsoft's *mdmsettingsprov* and
//! *mdmappprov* references), the WMI classes that "WMI providers supported in
//! Windows" lists for inventory, and the nodes of DevInfo, DevDetail and the
//! DMClient CSP.
//!
//! New classes go to the end: a queued command remembers its class by its place.

use crate::kind::Kind;
use modegate_wire::message::Verb;

/// A WMI class below `./cimv2`.
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// What a Get of it is.
    pub(super) get: Kind,
    /// What Add, Replace and Delete of an instance or property are.
    pub(super) write: Option<Kind>,
    /// Its methods, and what an Exec of each is.
    pub(super) methods: &'static [(&'static str, Kind)],
    /// Whether it is one of the 28 documented MDM classes.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "checked by a test of the table")
    )]
    pub(super) documented: bool,
}

/// A node, or a tree, of a configuration service provider.
pub(super) struct NodeEntry {
    /// The path in lower case; `*` stands for one segment.
    pub(super) path: &'static [&'static str],
    /// Whether what is below it counts too.
    pub(super) below: bool,
    pub(super) verbs: &'static [Verb],
    pub(super) kind: Kind,
}

const fn mdm(
    name: &'static str,
    get: Kind,
    write: Option<Kind>,
    methods: &'static [(&'static str, Kind)],
) -> Entry {
    Entry {
        name,
        get,
        write,
        methods,
        documented: true,
    }
}

const fn win32(name: &'static str) -> Entry {
    Entry {
        name,
        get: Kind::Inventory,
        write: None,
        methods: &[],
        documented: false,
    }
}

use Kind::{
    AppInstall, AppStatus, Certificate, ChannelRead, Inventory, Lock, PasswordReset, Profile,
    RemoteWipe, Setting, Sideloading, Unenroll, UserRead, WnsConfiguration,
};

/// The classes. Device-scoped reads are inventory; what an enrolled user's
/// profile holds is not (seed 004: such tasks need impersonation).
pub(super) const CLASSES: &[Entry] = &[
    mdm(
        "MDM_Client",
        Inventory,
        None,
        &[
            ("SendUnenrollRequest", Unenroll),
            ("LockWorkstation", Lock),
            ("ResetUserPassword", PasswordReset),
        ],
    ),
    mdm(
        "MDM_WNSConfiguration",
        UserRead,
        None,
        &[("UpdateConfiguration", WnsConfiguration)],
    ),
    mdm("MDM_WNSChannel", ChannelRead, None, &[]),
    mdm("MDM_ConfigSetting", UserRead, Some(Setting), &[]),
    mdm(
        "MDM_EASPolicy",
        UserRead,
        Some(Setting),
        &[("SetValues", Setting)],
    ),
    mdm(
        "MDM_MgmtAuthority",
        Inventory,
        Some(Setting),
        &[("CreateNewAuthority", Setting)],
    ),
    mdm(
        "MDM_SideLoader",
        Inventory,
        None,
        &[
            ("ActivateKey", Sideloading),
            ("AddCertificate", Sideloading),
            ("UnActivateLOB", Sideloading),
        ],
    ),
    mdm("MDM_SecurityStatus", Inventory, Some(Setting), &[]),
    mdm("MDM_SecurityStatusUser", UserRead, Some(Setting), &[]),
    mdm("MDM_Updates", Inventory, Some(Setting), &[]),
    mdm("MDM_Restrictions", Inventory, Some(Setting), &[]),
    mdm("MDM_RestrictionsUser", UserRead, Some(Setting), &[]),
    mdm("MDM_BrowserSettings", UserRead, Some(Setting), &[]),
    mdm("MDM_BrowserSecurityZones", UserRead, Some(Setting), &[]),
    mdm("MDM_Certificate", UserRead, Some(Certificate), &[]),
    mdm(
        "MDM_CertificateEnrollment",
        UserRead,
        Some(Certificate),
        &[],
    ),
    mdm("MDM_ApplicationSetting", UserRead, Some(Setting), &[]),
    mdm("MDM_DeviceRegistrationInfo", Inventory, None, &[]),
    mdm("MDM_VpnApplicationTrigger", UserRead, Some(Profile), &[]),
    mdm("MDM_WirelessProfileXml", UserRead, Some(Profile), &[]),
    mdm("MDM_WirelessProfile", UserRead, Some(Profile), &[]),
    mdm(
        "MDM_AppInstallJob",
        AppStatus,
        Some(AppInstall),
        &[("CreateJob", AppInstall)],
    ),
    mdm("MDM_Application", UserRead, Some(AppInstall), &[]),
    mdm("MDM_ApplicationFramework", UserRead, Some(AppInstall), &[]),
    mdm("MDM_ApplicationMinVersion", UserRead, Some(AppInstall), &[]),
    mdm("MDM_WebApplication", UserRead, Some(AppInstall), &[]),
    mdm("MDM_RemoteApplication", UserRead, Some(AppInstall), &[]),
    mdm("MDM_RemoteAppUserCookie", UserRead, Some(AppInstall), &[]),
    // Named without a page of its own.
    Entry {
        name: "MDM_VpnConnection",
        get: UserRead,
        write: Some(Profile),
        methods: &[],
        documented: false,
    },
    win32("Win32_1394Controller"),
    win32("Win32_BaseBoard"),
    win32("Win32_Battery"),
    win32("Win32_BIOS"),
    win32("Win32_CDROMDrive"),
    win32("Win32_ComputerSystem"),
    win32("Win32_ComputerSystemProduct"),
    win32("Win32_CurrentTime"),
    win32("Win32_DesktopMonitor"),
    win32("Win32_DiskDrive"),
    win32("Win32_DiskPartition"),
    win32("Win32_DisplayConfiguration"),
    win32("Win32_DMAChannel"),
    win32("Win32_EncryptableVolume"),
    win32("Win32_IDEController"),
    win32("Win32_InfraredDevice"),
    win32("Win32_IRQResource"),
    win32("Win32_Keyboard"),
    win32("Win32_LocalTime"),
    win32("Win32_LogicalDisk"),
    win32("Win32_MotherboardDevice"),
    win32("Win32_NetworkAdapter"),
    win32("Win32_NetworkAdapterConfiguration"),
    win32("Win32_NetworkClient"),
    win32("Win32_NetworkProtocol"),
    win32("Win32_OperatingSystem"),
    win32("Win32_OSRecoveryConfiguration"),
    win32("Win32_PageFileSetting"),
    win32("Win32_PhysicalMedia"),
    win32("Win32_PhysicalMemory"),
    win32("Win32_PnPDevice"),
    win32("Win32_PnPEntity"),
    win32("Win32_PointingDevice"),
    win32("Win32_PortableBattery"),
    win32("Win32_PortResource"),
    win32("Win32_POTSModem"),
    win32("Win32_Processor"),
    win32("Win32_QuickFixEngineering"),
    win32("Win32_Registry"),
    win32("Win32_SCSIController"),
    win32("Win32_SerialPort"),
    win32("Win32_Service"),
    win32("Win32_Share"),
    win32("Win32_SoundDevice"),
    win32("Win32_SystemBIOS"),
    win32("Win32_SystemDriver"),
    win32("Win32_SystemEnclosure"),
    win32("Win32_TapeDrive"),
    win32("Win32_TimeZone"),
    win32("Win32_USBController"),
    win32("Win32_UTCTime"),
    win32("Win32_VideoController"),
    win32("Win32_WindowsUpdateAgentVersion"),
];

const READ: &[Verb] = &[Verb::Get];
const WRITE: &[Verb] = &[Verb::Add, Verb::Replace, Verb::Delete];
const PROVIDER: &[&str] = &["vendor", "msft", "dmclient", "provider", "*"];

/// The nodes, the narrower before the wider.
pub(super) const NODES: &[NodeEntry] = &[
    NodeEntry {
        path: &["devinfo"],
        below: true,
        verbs: READ,
        kind: Inventory,
    },
    NodeEntry {
        path: &["devdetail"],
        below: true,
        verbs: READ,
        kind: Inventory,
    },
    NodeEntry {
        path: &["vendor", "msft", "dmclient", "unenroll"],
        below: false,
        verbs: &[Verb::Exec],
        kind: Unenroll,
    },
    NodeEntry {
        path: &["vendor", "msft", "dmclient", "provider", "*", "unenroll"],
        below: false,
        verbs: &[Verb::Exec],
        kind: Unenroll,
    },
    NodeEntry {
        path: &["vendor", "msft", "dmclient", "provider", "*", "push"],
        below: true,
        verbs: READ,
        kind: ChannelRead,
    },
    NodeEntry {
        path: &["vendor", "msft", "dmclient", "provider", "*", "push"],
        below: true,
        verbs: WRITE,
        kind: WnsConfiguration,
    },
    NodeEntry {
        path: PROVIDER,
        below: true,
        verbs: WRITE,
        kind: Setting,
    },
    NodeEntry {
        path: PROVIDER,
        below: true,
        verbs: READ,
        kind: UserRead,
    },
    // Phones and Windows 10 (RemoteLock and RemoteWipe CSPs). What a reset of
    // the PIN brings, `NewPINValue`, stays unknown here: it is a secret.
    NodeEntry {
        path: &["vendor", "msft", "remotelock", "lock"],
        below: false,
        verbs: &[Verb::Exec],
        kind: Lock,
    },
    NodeEntry {
        path: &["vendor", "msft", "remotewipe"],
        below: true,
        verbs: &[Verb::Exec],
        kind: RemoteWipe,
    },
];
