//! Keep-alive messages: the device is at work on what it was sent, and the session waits.

use modegate_wire::message::{Alert, Item, Message};

/// Whether an item says that the device is at work still (Windows 10, 1511 and later, where
/// EnableOmaDmKeepAliveMessage is on): it keeps the session alive and waits for nothing.
pub(super) fn is_keep_alive(item: &Item) -> bool {
    const NAME: &str = "com.microsoft.mdm.requestpending";
    let kind = item.meta.kind.as_deref().map(str::trim);
    let kind = kind.map(|kind| kind.rsplit_once(':').map_or(kind, |(_, name)| name));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(NAME))
}

/// Whether an alert is such a keep-alive message, whatever its code.
pub(super) fn keeps_alive(alert: &Alert) -> bool {
    alert.items.iter().any(is_keep_alive)
}

/// Whether the device has sent all of its package. A keep-alive message says that there is
/// more to come, with Final or without.
pub(super) fn ends_package(message: &Message) -> bool {
    message.is_final && !message.alerts().any(keeps_alive)
}
