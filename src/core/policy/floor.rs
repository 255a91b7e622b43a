//! The floor (the Machine-mode guarantee): what no file can widen.
//!
//! The MDMAgent article: when MDMAgent.exe runs in the Machine context, "the MDM Server
//! MUST NOT send any other than" device inventory, password reset and
//! un-enrollment. Anything else fails on the device or does harm there.

use crate::context::Mode;
use crate::kind::Kind;

/// The id of the rule that closes Machine.
pub(crate) const MACHINE: &str = "floor.machine";

/// The id of the rule that holds what cannot be classified.
pub const UNCLASSIFIED: &str = "floor.unclassified";

/// Part of every policy set's digest: it changes when the floor does.
pub const VERSION: &str =
    "floor 1: Machine carries inventory, password_reset, unenroll; unclassified never goes";

/// Whether the floor lets this kind go in this mode.
pub fn allows(mode: Mode, kind: Kind) -> bool {
    let machine = mode != Mode::Machine
        || matches!(kind, Kind::Inventory | Kind::PasswordReset | Kind::Unenroll);
    machine && kind != Kind::Unclassified
}
