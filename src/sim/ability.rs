//! What the agent can do in its mode, and doing it.

use super::address::{Address, Member};
use super::classes::{AccessLevel, reach};
use super::outcome::Effect;
use super::outcome::Found;
use super::tree::Tree;

/// What came of one item's work.
pub(super) struct Done {
    pub(super) code: u16,
    /// What a Get found.
    pub(super) found: Option<Found>,
    pub(super) effect: Effect,
}

impl Done {
    pub(super) fn just(code: u16) -> Done {
        Done {
            code,
            found: None,
            effect: Effect::None,
        }
    }
}

/// Does one item's work on the tree.
pub(super) fn do_item(tree: &mut Tree, verb: &str, at: &Address, data: &str) -> Done {
    match verb {
        "Get" => match tree.get(at) {
            Ok(found) => Done {
                found: Some(found),
                ..Done::just(200)
            },
            Err(code) => Done::just(code),
        },
        "Replace" => Done::just(tree.replace(at, data)),
        "Add" => Done::just(tree.add(at, data)),
        "Delete" => Done::just(tree.delete(at)),
        "Exec" => {
            let (code, effect) = tree.exec(at, data);
            Done {
                effect,
                ..Done::just(code)
            }
        }
        _ => Done::just(406),
    }
}

/// What the agent can do in its mode (the MDMAgent article): as Local System without a
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
            ("Get", Address::Wmi { class, .. }) => reach(class) == AccessLevel::System,
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

/// Whether it is done as the enrolled user, which only Local System can:
/// an agent that somebody runs by hand fails there (the MDMAgent article).
pub(super) fn impersonates(at: &Address) -> bool {
    matches!(at, Address::Wmi { class, .. } if reach(class) == AccessLevel::User)
}
