//! DevInfo, which a device reports by itself at the beginning of a session (OMA DM
//! 1.2.1, 6): its values become inventory.
//!
//! Every session brings it, and mostly the same. A digest in the device's state tells
//! what is news, so that the inventory is neither read nor written for the rest.

use super::digest::StableDigest;
use crate::device::{DevInfoSeen, DeviceState};
use crate::limits;
use crate::loc_uri::{LocUri, Node};
use crate::time::Timestamp;
use modegate_wire::message::{Element, Item, Message, Verb};

/// A value that the device reported.
#[derive(Debug)]
pub(super) struct Reported {
    /// The node.
    pub(super) loc_uri: LocUri,
    /// `Meta/Format`.
    pub(super) format: Option<String>,
    /// `Data`.
    pub(super) data: String,
}

/// Whether a device may report that node: DevInfo, or DMClient's hardware id.
pub(super) fn may_be_reported(item: &Item) -> bool {
    let loc_uri = node_of(item);
    let Ok(Node::Tree(node)) = loc_uri.node() else {
        return false;
    };
    let mut path = node.all_segments();
    let (parent, last) = path.clone().fold(("", ""), |(_, last), next| (last, next));
    let is_hardware_id =
        parent.eq_ignore_ascii_case("DMClient") && last.eq_ignore_ascii_case("HWDevID");
    let below_dev_info = path
        .next()
        .is_some_and(|root| root.eq_ignore_ascii_case("DevInfo"))
        && path.next().is_some();
    below_dev_info || is_hardware_id
}

/// What the message reports, where that is other than what was seen last or was seen
/// long ago.
pub(super) fn news(state: &DeviceState, message: &Message, now: Timestamp) -> Vec<Reported> {
    let reported: Vec<Reported> = items(message)
        .map(|item| Reported {
            loc_uri: node_of(item),
            format: item.meta.format.clone(),
            data: item.data.clone().unwrap_or_default(),
        })
        .collect();
    let digest = digest(&reported);
    let is_known = state.dev_info.is_some_and(|seen| {
        seen.digest == digest
            && now.ms_since(seen.at).saturating_abs() < limits::DEV_INFO_REFRESH_MS
    });
    if is_known { Vec::new() } else { reported }
}

/// That these values were taken in.
pub(super) fn seen(reported: &[Reported], now: Timestamp) -> DevInfoSeen {
    DevInfoSeen {
        digest: digest(reported),
        at: now,
    }
}

/// The items of DevInfo with a value, in order.
fn items(message: &Message) -> impl Iterator<Item = &Item> {
    let replaces = message.body.iter().filter_map(|element| match element {
        Element::Command(command) if command.verb == Verb::Replace => Some(command),
        _ => None,
    });
    replaces
        .flat_map(|command| &command.items)
        .filter(|item| item.data.is_some() && is_dev_info(item))
        .take(limits::DEV_INFO_NODES)
}

fn is_dev_info(item: &Item) -> bool {
    let loc_uri = node_of(item);
    match loc_uri.node() {
        Ok(Node::Tree(node)) => {
            let mut path = node.all_segments();
            path.next() == Some("DevInfo") && path.next().is_some()
        }
        _ => false,
    }
}

fn node_of(item: &Item) -> LocUri {
    let text = item.source.as_deref().or(item.target.as_deref());
    LocUri::from(text.unwrap_or_default())
}

fn digest(reported: &[Reported]) -> u64 {
    let mut digest = StableDigest::new("DevInfo");
    digest.list(reported, |digest, one| {
        digest.text(one.loc_uri.as_str());
        digest.optional(one.format.as_deref(), StableDigest::text);
        digest.text(&one.data);
    });
    digest.finish()
}
