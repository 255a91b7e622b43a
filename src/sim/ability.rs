//! What the agent can do in its mode, and doing it.

use super::tree::{Address, Effect, Member, Tree, is_device_scoped};

/// Does one item's work on the tree: its status, and for a Get format and value.
pub(super) fn do_item(
    tree: &mut Tree,
    verb: &str,
    at: &Address,
    target: &str,
    data: &str,
    unenrolled: &mut bool,
) -> (u16, Option<(&'static str, String)>) {
    match verb {
        "Get" => match tree.get(at) {
            Ok(value) => (200, Some(value)),
            Err(code) => (code, None),
        },
        "Replace" => (tree.replace(at, data), None),
        "Add" => (tree.add(at, target, data), None),
        "Delete" => (tree.delete(at), None),
        "Exec" => {
            let (code, effect) = tree.exec(at, data);
            *unenrolled |= effect == Effect::Unenroll && code == 200;
            (code, None)
        }
        _ => (406, None),
    }
}

/// What the agent can do in its mode (seed 004): as Local System without a
/// user's profile only three things; the channel is set in Maintenance alone.
pub(super) fn may(mode: &str, verb: &str, at: &Address) -> bool {
    let method = match at {
        Address::Wmi {
            class,
            member: Some(Member::Method(method)),
            ..
        } => Some((class.as_str(), method.as_str())),
        _ => None,
    };
    match mode {
        "Maintenance" => true,
        "Apps" => method != Some(("mdm_wnsconfiguration", "updateconfiguration")),
        _ => match (verb, at) {
            ("Get", Address::Node(_)) => true,
            ("Get", Address::Wmi { class, .. }) => is_device_scoped(class),
            ("Exec", _) => {
                matches!(
                    method,
                    Some(("mdm_client", "resetuserpassword" | "sendunenrollrequest"))
                )
            }
            _ => false,
        },
    }
}
