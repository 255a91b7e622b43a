//! The nodes of DevInfo, DevDetail and the configuration service providers
//! that are known one by one. WMI classes stand in [`crate::wmi`], providers that are
//! known as a whole in [`super::csps`].

use crate::kind::Kind::{
    self, ChannelRead, Inventory, Lock, RemoteWipe, Setting, Unenroll, UserRead, WnsConfiguration,
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

pub(super) const fn tree(
    path: &'static [&'static str],
    verbs: &'static [Verb],
    kind: Kind,
) -> NodeEntry {
    NodeEntry {
        below: true,
        ..node(path, verbs, kind)
    }
}

pub(super) const READ: &[Verb] = &[Verb::Get];
pub(super) const EXEC: &[Verb] = &[Verb::Exec];
pub(super) const WRITE: &[Verb] = &[Verb::Add, Verb::Replace, Verb::Delete];
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
];
