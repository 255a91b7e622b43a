//! Every bound, each with its reason. Sizes are bytes unless the name says otherwise.

/// Longest reply to a device. Windows publishes no limit; public servers go up
/// to 512 KiB. Certificates and licences, the largest payloads, stay below 64 KiB.
pub const REPLY_BYTES: usize = 128 * 1024;
/// A device's own `MaxMsgSize` below this is read as this, so that no
/// device can make every command of its own fail by asking for one byte.
pub(crate) const REPLY_BYTES_LEAST: usize = 4 * 1024;
/// Longest Source that a device record may have.
pub const SOURCE_BYTES: usize = 256;
/// Longest part of a raw query string that is read and kept on record.
pub const QUERY_BYTES: usize = 1_024;
/// Messages of one session before it is ended: a session that carries on for
/// more than this is a loop.
pub const SESSION_MESSAGES: u32 = 200;
/// A session without a message for this long is over, milliseconds.
pub(crate) const SESSION_IDLE_MS: i64 = 15 * 60 * 1000;
/// A retransmission is taken for one within this time, milliseconds.
pub(crate) const RETRANSMISSION_MS: i64 = 10 * 60 * 1000;
/// After an unenroll was sent the device falls silent; its outcome stays open
/// this long, milliseconds: longer than any session, shorter than the way to
/// the next nightly maintenance but one.
pub(crate) const UNENROLL_DEADLINE_MS: i64 = 12 * 60 * 60 * 1000;
/// A password reset expires after this unless told otherwise, milliseconds: a
/// password that someone waits for is not set days later.
pub(crate) const PASSWORD_RESET_EXPIRY_MS: i64 = 24 * 60 * 60 * 1000;
/// Up to which MsgID a repeated package 1 with credentials may still open a
/// session: after a challenge, and one to spare.
pub(crate) const CHALLENGES: u8 = 3;
/// Most bytes of Statuses in a challenge besides the header's: those of a usual package 1
/// take a fifth of it. What is not answered there is sent again after the challenge.
pub(crate) const CHALLENGE_BYTES: usize = 2 * 1024;
/// Longest address that is repeated to a stranger.
pub(crate) const CHALLENGE_ADDRESS_BYTES: usize = 512;
/// Open commands of one device. Every exchange reads and writes their index.
pub(crate) const OPEN_COMMANDS: usize = 1_000;
/// Open commands of one device past which a portal queues no more: the rest of
/// [`OPEN_COMMANDS`] is left to those who manage the device.
pub(crate) const PORTAL_COMMANDS: usize = OPEN_COMMANDS / 2;
/// Leaf commands inside one Atomic or Sequence, or Gets of one inventory.
pub(crate) const COMMAND_OPERATIONS: usize = 200;
/// Deepest nesting of Atomic and Sequence that the API takes.
pub(crate) const GROUP_DEPTH: usize = 4;
/// Longest Data of one operation: what a reply holds, less its frame.
pub const COMMAND_DATA_BYTES: usize = 96 * 1024;
/// Longest LocURI of a command.
pub(crate) const LOC_URI_BYTES: usize = 2_048;
/// Nodes of open commands that a policy file may classify, kept in the device's row: every
/// exchange reads and writes them. Those of further commands are read from their bodies.
pub(crate) const UNKNOWN_BYTES: usize = 32 * 1024;
/// Commands whose bodies one exchange reads to see whether a policy file classifies them.
pub(crate) const UNKNOWN_LOOKED_AT: usize = 16;
/// Longest object that a device may send in pieces. Pieces are written down as
/// they come; only who reads the result has it in memory whole.
pub(crate) const LARGE_OBJECT_BYTES: u64 = 4 * 1024 * 1024;
/// Longest name of a user, a group, a DeviceClientID.
pub const NAME_BYTES: usize = 256;
/// Most groups and most certificates of a device.
pub const DEVICE_LIST: usize = 64;
/// Most devices of one import: one transaction, which others wait for.
pub const IMPORT_DEVICES: usize = 1_000;
/// Rules and classifications of one policy set: each decision may look at all.
pub(crate) const POLICY_ENTRIES: usize = 2_000;
/// Tables of all baselines of compliance: each device is judged by every control.
pub(crate) const BASELINE_ENTRIES: usize = 1_000;
/// Longest time for which a baseline may exempt a control, days: a year, leap years too.
pub(crate) const EXEMPTION_DAYS: i64 = 366;
/// How far in the future a reading may lie and still count as read now, milliseconds:
/// clocks of several servers differ a little.
pub(crate) const CLOCK_DIFFERENCE_MS: i64 = 60 * 1000;
/// Recorded decisions that one try-out of a policy set decides anew at most.
pub const TRYOUT_DECISIONS: u64 = 500_000;
/// CmdIDs and message numbers start again from 1 at a session that finds them
/// past this: small decimals, and never reused within two sessions, each of
/// which uses less than half of it.
pub(crate) const NUMBERS_WRAP: u32 = 2_000_000;

/// How long an `unconfirmed` command or one that the device accepted (202)
/// stays open without news, milliseconds.
pub(crate) const NEWS_DEADLINE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// The first pause before a command is sent again after a Status that may
/// pass, milliseconds; each further one is four times as long.
pub(crate) const RETRY_PAUSE_MS: i64 = 15 * 60 * 1000;
/// The longest such pause, milliseconds: a device that comes nightly tries nightly.
pub(crate) const RETRY_PAUSE_MOST_MS: i64 = 20 * 60 * 60 * 1000;
/// Deliveries without an understood answer after which a command goes alone and last:
/// the device may be stopping at it.
pub(crate) const UNANSWERED_TOGETHER: u8 = 3;
/// Deliveries without an understood answer after which a command has failed.
pub(crate) const UNANSWERED_MOST: u8 = 6;
/// Commands ahead of an unconfirmed one that are remembered: more than a usual reply has.
pub(crate) const AHEAD: usize = 64;
/// Alerts of one message that are kept.
pub(crate) const ALERTS: usize = 8;
/// Longest LocURI, and longest type, of an alert that is kept; the rest is cut off.
pub(crate) const ALERT_NAME_BYTES: usize = 512;
/// DevInfo nodes of one message that are taken into the inventory; the standard has
/// five, and vendors may add below Ext.
pub(crate) const DEV_INFO_NODES: usize = 32;
/// Unchanged DevInfo is taken into the inventory again after this, milliseconds.
pub(crate) const DEV_INFO_REFRESH_MS: i64 = 24 * 60 * 60 * 1000;
/// Gets that one inventory may lead to through the children that it names.
pub(crate) const WALK_GETS: u16 = 2_000;
/// Gets in one command of such a walk.
pub(crate) const WALK_COMMAND_GETS: usize = 64;
/// Children of one node that are looked at.
pub(crate) const WALK_CHILDREN: usize = 500;
/// Open commands of one device that the server queued itself; the rest of
/// [`OPEN_COMMANDS`] is left to those who ask for something.
pub(crate) const OWN_COMMANDS: usize = OPEN_COMMANDS / 2;
/// Answers to one command that one message may bring: each of its operations
/// has a Status and a value, and a list of names may come in pieces.
pub(crate) const ANSWERS: usize = 1_000;
/// Parts of a command's history after which news that changes nothing of its
/// state are not written down any more.
pub(crate) const COMMAND_PARTS: u32 = 256;
/// Commands that one command may wait for.
pub(crate) const DEPENDENCIES: usize = 16;
/// Values kept of one device's inventory.
pub(crate) const INVENTORY_VALUES: usize = 4_000;
/// Longest inventory value that is kept; the rest is cut off. With the number of
/// values it bounds what one device can make the server hold while it looks at it.
pub(crate) const INVENTORY_VALUE_BYTES: usize = 2 * 1024;
/// An unchanged inventory that was written down less than this ago is not
/// written again, milliseconds.
pub(crate) const INVENTORY_REFRESH_MS: i64 = 60 * 60 * 1000;
/// Inventory changes kept per device.
pub const INVENTORY_CHANGES: u64 = 1_000;

/// Bounds on what one device may make the server keep and write. An operator may set
/// each (docs/running.md, "Bounds per device").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceBounds {
    /// Answers kept of one command: as much as the largest object that a device may
    /// send in pieces. What brings more ends the command.
    pub command_answers: u64,
    /// Answers kept of all commands of a device; beyond, the oldest are deleted.
    pub device_answers: u64,
    /// An inventory, names and values together.
    pub inventory: u64,
    /// Events that a device's exchanges log within an hour; 0 is no bound. Sixty
    /// sessions of a hundred messages log about half of it.
    pub logged_per_hour: u64,
    /// Everything that a device's exchanges write within an hour; 0 is no bound. A
    /// full queue of the longest commands is a hundred megabytes.
    pub written_per_hour: u64,
}

const MIB: u64 = 1024 * 1024;

impl Default for DeviceBounds {
    fn default() -> Self {
        DeviceBounds {
            command_answers: LARGE_OBJECT_BYTES,
            device_answers: 64 * MIB,
            inventory: 2 * MIB,
            logged_per_hour: 4 * MIB,
            written_per_hour: 256 * MIB,
        }
    }
}

impl DeviceBounds {
    /// The same without those per hour.
    #[must_use]
    pub fn without_rates(self) -> Self {
        DeviceBounds {
            logged_per_hour: 0,
            written_per_hour: 0,
            ..self
        }
    }
}

/// So many sessions in a row that name Maintenance or Apps and say that nobody is logged on
/// are shown as what the device does.
pub const CONTRADICTIONS: u8 = 3;
