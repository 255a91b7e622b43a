//! Kinds of commands: worked out from what a command does, never from what
//! its caller calls it. The classification itself is [`crate::classify`].

use serde::{Deserialize, Serialize};

use modegate_wire::message::Verb;

/// A command's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A Get of device-scoped data.
    Inventory,
    /// `MDM_Client` … `Exec=ResetUserPassword`.
    PasswordReset,
    /// `MDM_Client` … `Exec=SendUnenrollRequest` and the DMClient unenroll nodes.
    Unenroll,
    /// `MDM_WNSConfiguration` … `Exec=UpdateConfiguration` and DMClient `Push/PFN`.
    WnsConfiguration,
    /// Reading `MDM_WNSChannel` or DMClient `Push/ChannelURI`: needs the user.
    ChannelRead,
    /// App jobs: `MDM_AppInstallJob` … `Exec=CreateJob` and its like.
    AppInstall,
    /// Reading app jobs.
    AppStatus,
    /// Policies, restrictions, browser, update and application settings.
    Setting,
    /// Certificates and SCEP enrolment.
    Certificate,
    /// Wi-Fi and VPN profiles.
    Profile,
    /// Sideloading keys and certificates.
    Sideloading,
    /// Locking the device.
    Lock,
    /// Other reads: they need the user's profile, or no source calls them device inventory.
    UserRead,
    /// What the table does not know: withheld, and stays queued.
    Unclassified,
    /// Wiping the device (RemoteWipe CSP).
    RemoteWipe,
}

impl Kind {
    /// Every kind, the least restricted first. The order is the one by which
    /// the *most restricted child* of an Atomic or Sequence is found.
    pub const ALL: [Kind; 15] = [
        Kind::Inventory,
        Kind::PasswordReset,
        Kind::Unenroll,
        Kind::AppStatus,
        Kind::AppInstall,
        Kind::UserRead,
        Kind::ChannelRead,
        Kind::Setting,
        Kind::Certificate,
        Kind::Profile,
        Kind::Sideloading,
        Kind::Lock,
        Kind::RemoteWipe,
        Kind::WnsConfiguration,
        Kind::Unclassified,
    ];

    /// The name in API and policy files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Inventory => "inventory",
            Kind::PasswordReset => "password_reset",
            Kind::Unenroll => "unenroll",
            Kind::WnsConfiguration => "wns_configuration",
            Kind::ChannelRead => "channel_read",
            Kind::AppInstall => "app_install",
            Kind::AppStatus => "app_status",
            Kind::Setting => "setting",
            Kind::Certificate => "certificate",
            Kind::Profile => "profile",
            Kind::Sideloading => "sideloading",
            Kind::Lock => "lock",
            Kind::RemoteWipe => "remote_wipe",
            Kind::UserRead => "user_read",
            Kind::Unclassified => "unclassified",
        }
    }

    /// The kind of exactly that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Where the kind stands in [`Kind::ALL`]: more is more restricted.
    pub(crate) fn restriction(self) -> usize {
        Kind::ALL
            .iter()
            .position(|&kind| kind == self)
            .unwrap_or(Kind::ALL.len())
    }
}

/// What a policy can see of one node that a command touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Leaf {
    /// What is done to the node.
    pub verb: Verb,
    /// Of which kind that is.
    pub kind: Kind,
    /// The WMI class that the node belongs to.
    pub class: Class,
}

/// A WMI class by its place in the catalogue (the module `wmi`); [`Class::OTHER`]
/// where it is not there. Rows hold it: the place of a class never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Class(pub u8);

impl Class {
    /// No class of the table.
    pub const OTHER: Class = Class(u8::MAX);
}

/// The kind of a whole command: that of its most restricted leaf.
pub fn kind_of(leaves: &[Leaf]) -> Kind {
    leaves
        .iter()
        .map(|leaf| leaf.kind)
        .max_by_key(|kind| kind.restriction())
        .unwrap_or(Kind::Unclassified)
}
