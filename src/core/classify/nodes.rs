//! The nodes of DevInfo, DevDetail and the configuration service providers
//! that are known. WMI classes stand in [`crate::wmi`].

use crate::kind::Kind::{
    self, AppInstall, AppStatus, Certificate, ChannelRead, Inventory, Lock, Profile, RemoteWipe,
    Setting, Sideloading, Unenroll, UserRead, WnsConfiguration,
};
use modegate_wire::message::Verb;

/// A node, or a tree, of a configuration service provider.
pub(super) struct NodeEntry {
    /// The path in lower case; `*` stands for one segment.
    pub(super) path: &'static [&'static str],
    /// Whether what is below it counts too.
    pub(super) below: bool,
    /// The verbs.
    pub(super) verbs: &'static [Verb],
    /// What they are.
    pub(super) kind: Kind,
}

const fn node(path: &'static [&'static str], verbs: &'static [Verb], kind: Kind) -> NodeEntry {
    NodeEntry {
        path,
        below: false,
        verbs,
        kind,
    }
}

const fn tree(path: &'static [&'static str], verbs: &'static [Verb], kind: Kind) -> NodeEntry {
    NodeEntry {
        below: true,
        ..node(path, verbs, kind)
    }
}

const READ: &[Verb] = &[Verb::Get];
const EXEC: &[Verb] = &[Verb::Exec];
const WRITE: &[Verb] = &[Verb::Add, Verb::Replace, Verb::Delete];
const SET: &[Verb] = &[Verb::Add, Verb::Replace, Verb::Delete, Verb::Exec];
const STORE: &[&str] = &["vendor", "msft", "certificatestore"];
const SCEP: &[&str] = &["vendor", "msft", "certificatestore", "my", "scep", "*"];
const PFX: &[&str] = &[
    "vendor",
    "msft",
    "clientcertificateinstall",
    "pfxcertinstall",
    "*",
];
const TRUSTED: &[&str] = &["vendor", "msft", "rootcatrustedcertificates"];
const COMPANY: &[&str] = &["vendor", "msft", "enterpriseappmanagement", "*"];
const COMPANY_APPS: &[&str] = &[
    "vendor",
    "msft",
    "enterpriseappmanagement",
    "*",
    "enterpriseapps",
];
/// What SCEP and PFX installations read back that is no secret: never `Install`,
/// which holds the challenge, nor `PFXCertPassword`.
const fn outcome(path: &'static [&'static str]) -> NodeEntry {
    node(path, READ, UserRead)
}
const PUSH: &[&str] = &["vendor", "msft", "dmclient", "provider", "*", "push"];
const PROVIDER: &[&str] = &["vendor", "msft", "dmclient", "provider", "*"];

/// The nodes, the narrower before the wider.
pub(super) static NODES: &[NodeEntry] = &[
    tree(&["devinfo"], READ, Inventory),
    tree(&["devdetail"], READ, Inventory),
    node(&["vendor", "msft", "dmclient", "unenroll"], EXEC, Unenroll),
    node(
        &["vendor", "msft", "dmclient", "provider", "*", "unenroll"],
        EXEC,
        Unenroll,
    ),
    tree(PUSH, READ, ChannelRead),
    tree(PUSH, WRITE, WnsConfiguration),
    tree(PROVIDER, WRITE, Setting),
    tree(PROVIDER, READ, UserRead),
    // Phones and Windows 10 (RemoteLock and RemoteWipe CSPs). What a reset of
    // the PIN brings, `NewPINValue`, stays unknown here: it is a secret.
    node(&["vendor", "msft", "remotelock", "lock"], EXEC, Lock),
    tree(&["vendor", "msft", "remotewipe"], EXEC, RemoteWipe),
    // Phones, and Windows 10 where it has them (CertificateStore,
    // ClientCertificateInstall, RootCATrustedCertificates, WiFi, VPN and
    // EnterpriseAppManagement CSPs).
    tree(STORE, SET, Certificate),
    outcome(SCEP),
    outcome(&[
        "vendor",
        "msft",
        "certificatestore",
        "my",
        "scep",
        "*",
        "status",
    ]),
    outcome(&[
        "vendor",
        "msft",
        "certificatestore",
        "my",
        "scep",
        "*",
        "errorcode",
    ]),
    outcome(&[
        "vendor",
        "msft",
        "certificatestore",
        "my",
        "scep",
        "*",
        "certthumbprint",
    ]),
    tree(
        &["vendor", "msft", "certificatestore", "my", "wstep"],
        READ,
        UserRead,
    ),
    tree(
        &["vendor", "msft", "certificatestore", "my", "user"],
        READ,
        UserRead,
    ),
    tree(
        &["vendor", "msft", "certificatestore", "root"],
        READ,
        UserRead,
    ),
    tree(
        &["vendor", "msft", "certificatestore", "ca"],
        READ,
        UserRead,
    ),
    tree(PFX, SET, Certificate),
    outcome(PFX),
    outcome(&[
        "vendor",
        "msft",
        "clientcertificateinstall",
        "pfxcertinstall",
        "*",
        "status",
    ]),
    outcome(&[
        "vendor",
        "msft",
        "clientcertificateinstall",
        "pfxcertinstall",
        "*",
        "thumbprint",
    ]),
    tree(TRUSTED, SET, Certificate),
    tree(TRUSTED, READ, UserRead),
    // What a profile holds may be its key: it is not read back.
    tree(&["vendor", "msft", "wifi", "profile", "*"], WRITE, Profile),
    node(&["vendor", "msft", "wifi", "profile"], READ, UserRead),
    tree(&["vendor", "msft", "vpn", "*"], WRITE, Profile),
    node(&["vendor", "msft", "vpn"], READ, UserRead),
    tree(COMPANY_APPS, SET, AppInstall),
    tree(COMPANY_APPS, READ, AppStatus),
    tree(COMPANY, WRITE, Sideloading),
    node(
        &["vendor", "msft", "enterpriseappmanagement", "*", "status"],
        READ,
        UserRead,
    ),
];
