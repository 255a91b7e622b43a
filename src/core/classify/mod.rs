//! Verb and LocURI to a kind (law 2): what a command does, never what its
//! caller calls it. [`table`] holds the facts; what it does not know is
//! unclassified, unless a policy set classifies more ([`own`]).

mod leaves;
mod loc_uri;
pub mod own;
mod table;

pub use leaves::{Pair, applies, covered_by, leaves, pairs};
use own::Own;

use loc_uri::{Node, Part};
use table::{CLASSES, Entry, NODES};

use crate::kind::{Class, Kind, Leaf};
use modegate_wire::message::Verb;

/// The leaf that a policy sees of `verb` on `loc_uri`, by the table alone.
pub fn classify(verb: Verb, loc_uri: &str) -> Leaf {
    classify_with(verb, loc_uri, [])
}

/// The same by the table, and where it knows nothing by `own`: of several that
/// speak of it, the most restricted kind. What is odd stays unclassified.
pub fn classify_with<'a>(
    verb: Verb,
    loc_uri: &str,
    own: impl IntoIterator<Item = &'a Own>,
) -> Leaf {
    match loc_uri::parse(loc_uri) {
        Some(node) => leaf_of(verb, &node, own),
        None => Leaf {
            verb,
            kind: Kind::Unclassified,
            class: Class::OTHER,
        },
    }
}

fn leaf_of<'a>(verb: Verb, node: &Node, own: impl IntoIterator<Item = &'a Own>) -> Leaf {
    let mut leaf = table_leaf(verb, node);
    if leaf.kind == Kind::Unclassified {
        let kinds = own.into_iter().filter(|own| own.covers(verb, node));
        if let Some(kind) = kinds.map(Own::kind).max_by_key(|kind| kind.restriction()) {
            leaf.kind = kind;
        }
    }
    leaf
}

fn table_leaf(verb: Verb, node: &Node) -> Leaf {
    let (kind, class) = match node {
        Node::Wmi { class, part } => wmi(verb, class, part),
        Node::Csp { user, segments } => csp(verb, *user, segments),
    };
    Leaf { verb, kind, class }
}

/// The name of a class, as policy files spell it.
pub fn class_name(class: Class) -> Option<&'static str> {
    CLASSES.get(usize::from(class.0)).map(|entry| entry.name)
}

/// The class of that name, in any letter case.
pub fn class_from_name(name: &str) -> Option<Class> {
    let at = CLASSES
        .iter()
        .position(|entry| entry.name.eq_ignore_ascii_case(name))?;
    u8::try_from(at).ok().map(Class)
}

/// Every class of the table.
pub fn class_names() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().map(|entry| entry.name)
}

fn wmi(verb: Verb, class: &str, part: &Part) -> (Kind, Class) {
    let Some(known) = class_from_name(class) else {
        return (Kind::Unclassified, Class::OTHER);
    };
    let entry = &CLASSES[usize::from(known.0)];
    (
        kind_of(entry, verb, part).unwrap_or(Kind::Unclassified),
        known,
    )
}

fn kind_of(entry: &Entry, verb: Verb, part: &Part) -> Option<Kind> {
    match (verb, part) {
        (Verb::Get, Part::Class | Part::Instance | Part::Property(_)) => Some(entry.get),
        (Verb::Exec, Part::Method(method)) => entry
            .methods
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(method))
            .map(|&(_, kind)| kind),
        (Verb::Replace, Part::Property(_) | Part::Instance) => entry.write,
        (Verb::Add | Verb::Delete, Part::Instance | Part::Property(_)) => entry.write,
        _ => None,
    }
}

fn csp(verb: Verb, user: bool, segments: &[String]) -> (Kind, Class) {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let kind = NODES
        .iter()
        .find(|node| matches(node.path, &segments, node.below) && node.verbs.contains(&verb))
        .map_or(Kind::Unclassified, |node| node.kind);
    match kind {
        // What is the user's is never the device's.
        Kind::Inventory if user => (Kind::UserRead, Class::OTHER),
        kind if user && kind != Kind::Unclassified && verb != Verb::Get => {
            (Kind::Unclassified, Class::OTHER)
        }
        kind => (kind, Class::OTHER),
    }
}

/// Whether `segments` is `path` (`*` stands for one segment), or below it.
fn matches(path: &[&str], segments: &[&str], below: bool) -> bool {
    let fits = path
        .iter()
        .zip(segments)
        .all(|(expected, came)| *expected == "*" || expected == came);
    fits && (segments.len() == path.len() || below && segments.len() > path.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(verb: Verb, loc_uri: &str) -> Kind {
        classify(verb, loc_uri).kind
    }

    #[test]
    fn commands_are_what_they_do() {
        let key = |class: &str, key: &str, rest: &str| {
            format!("./cimv2/{class}/{class}.{key}=%22x%22{rest}")
        };
        let cases = [
            (
                Verb::Get,
                "./cimv2/Win32_OperatingSystem".to_owned(),
                Kind::Inventory,
            ),
            (
                Verb::Get,
                "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem%3D%40/SystemDrive".to_owned(),
                Kind::Inventory,
            ),
            (Verb::Get, "./DevInfo/DevId".to_owned(), Kind::Inventory),
            (Verb::Get, "./DevDetail/SwV".to_owned(), Kind::Inventory),
            (Verb::Get, "./User/DevInfo/DevId".to_owned(), Kind::UserRead),
            (
                Verb::Replace,
                "./DevInfo/DevId".to_owned(),
                Kind::Unclassified,
            ),
            (
                Verb::Get,
                "./cimv2/Win32_Unheard".to_owned(),
                Kind::Unclassified,
            ),
            (
                Verb::Exec,
                key("MDM_Client", "DeviceClientID", "/Exec=ResetUserPassword"),
                Kind::PasswordReset,
            ),
            (
                Verb::Exec,
                key("MDM_Client", "DeviceClientID", "/Exec=SendUnenrollRequest"),
                Kind::Unenroll,
            ),
            (
                Verb::Exec,
                key("MDM_Client", "DeviceClientID", "/Exec=LockWorkstation"),
                Kind::Lock,
            ),
            (
                Verb::Exec,
                key("MDM_Client", "DeviceClientID", "/Exec=FormatDisk"),
                Kind::Unclassified,
            ),
            (
                Verb::Get,
                key("MDM_Client", "DeviceClientID", "/Exec=ResetUserPassword"),
                Kind::Unclassified,
            ),
            (
                Verb::Exec,
                key("MDM_WNSConfiguration", "AppId", "/Exec=UpdateConfiguration"),
                Kind::WnsConfiguration,
            ),
            (
                Verb::Get,
                key("MDM_WNSChannel", "AppId", "/Channel"),
                Kind::ChannelRead,
            ),
            (
                Verb::Exec,
                key("MDM_AppInstallJob", "JobID", "/Exec=CreateJob"),
                Kind::AppInstall,
            ),
            (
                Verb::Get,
                key("MDM_AppInstallJob", "JobID", "/Status"),
                Kind::AppStatus,
            ),
            (
                Verb::Get,
                "./cimv2/MDM_Application".to_owned(),
                Kind::UserRead,
            ),
            (
                Verb::Replace,
                key("MDM_Restrictions", "Key", "/WifiEnabled"),
                Kind::Setting,
            ),
            (
                Verb::Get,
                key("MDM_Restrictions", "Key", "/WifiEnabled"),
                Kind::Inventory,
            ),
            (
                Verb::Exec,
                key("MDM_EASPolicy", "Key", "/Exec=SetValues"),
                Kind::Setting,
            ),
            (
                Verb::Add,
                key("MDM_WirelessProfileXml", "Name", ""),
                Kind::Profile,
            ),
            (
                Verb::Add,
                key("MDM_Certificate", "Thumbprint", ""),
                Kind::Certificate,
            ),
            (
                Verb::Exec,
                key("MDM_SideLoader", "key", "/Exec=ActivateKey"),
                Kind::Sideloading,
            ),
            (
                Verb::Exec,
                "./Vendor/MSFT/DMClient/Provider/p/Unenroll".to_owned(),
                Kind::Unenroll,
            ),
            (
                Verb::Replace,
                "./Device/Vendor/MSFT/DMClient/Provider/p/Push/PFN".to_owned(),
                Kind::WnsConfiguration,
            ),
            (
                Verb::Get,
                "./Vendor/MSFT/DMClient/Provider/p/Push/ChannelURI".to_owned(),
                Kind::ChannelRead,
            ),
            (Verb::Copy, "./DevInfo/DevId".to_owned(), Kind::Unclassified),
        ];
        for (verb, loc_uri, expected) in cases {
            assert_eq!(kind(verb, &loc_uri), expected, "{verb:?} {loc_uri}");
        }
    }

    #[test]
    fn what_is_inventory_here_passes_the_guard_there() {
        use modegate_wire::message::{Command, Element, Item};
        for entry in CLASSES.iter().filter(|entry| entry.get == Kind::Inventory) {
            let target = Some(format!("./cimv2/{}", entry.name));
            let items = vec![Item {
                target,
                ..Item::default()
            }];
            let element = Element::Command(Command {
                verb: Verb::Get,
                cmd_id: Some(1),
                items,
            });
            assert!(
                modegate_wire::guard::machine_may_carry(&element),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn the_table_holds_the_28_mdm_classes() {
        assert_eq!(
            CLASSES
                .iter()
                .filter(|entry| entry.name.starts_with("MDM_") && entry.documented)
                .count(),
            28
        );
        assert!(CLASSES.len() < usize::from(u8::MAX));
    }
}
