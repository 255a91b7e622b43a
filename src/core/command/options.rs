//! How a command is carried out, besides what it does: what counts as done,
//! what follows from its answers, what it waits for.

use serde::{Deserialize, Serialize};

use crate::ids::{CommandSeq, SessionNo};

/// How often a command is sent again after a Status that may pass, unless told otherwise.
pub(crate) const RETRIES: u8 = 3;

/// The manner of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionOptions {
    /// "set": an Add that is answered 418 (exists already) is sent again as Replace.
    pub set: bool,
    /// What a node without a value means for the command.
    pub lenient: Lenient,
    /// How many Gets may follow from the children that its results name; 0 for none.
    pub walk: u16,
    /// How often it is sent again after a Status that may pass.
    pub retries: u8,
    /// What happens when it went out and no answer came.
    pub unanswered: Unanswered,
    /// A digest of what it sets or reads: a newer command with the same one
    /// takes the place of this while it waits.
    pub target: Option<u64>,
    /// Commands of the same device that must be done first.
    pub after: Vec<CommandSeq>,
    /// The command that this one, which the server queued, serves.
    pub purpose: Option<ServerPurpose>,
    /// The catalogue's app that it installs, which rules may name. What a caller says of
    /// an app is [`label`](Self::label).
    pub app: Option<String>,
    /// Whether the device is woken for it, where a push can bring a session that carries it.
    pub urgent: bool,
    /// It goes only in a session after that one.
    pub later_than: Option<SessionNo>,
    /// Which of its elements, by their place in document order, remove something: where
    /// it is not there (404), that is as good as removed.
    #[serde(default)]
    pub removals: Vec<u16>,
    /// The app that it concerns, as its caller says: it is shown, and no rule believes it.
    #[serde(default)]
    pub label: Option<String>,
}

impl Default for ExecutionOptions {
    fn default() -> Self {
        ExecutionOptions {
            set: false,
            lenient: Lenient::Never,
            walk: 0,
            retries: RETRIES,
            unanswered: Unanswered::SendAgain,
            target: None,
            after: Vec::new(),
            purpose: None,
            app: None,
            urgent: false,
            later_than: None,
            removals: Vec::new(),
            label: None,
        }
    }
}

/// What a node that answers 404 or 500 to a Get means: some properties are
/// null or absent on a given device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Lenient {
    /// The command failed.
    #[default]
    Never,
    /// No failure if at least one node answered.
    IfAnyAnswers,
    /// No failure.
    Always,
}

/// What happens to a command that went out in a session that ended before its
/// answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Unanswered {
    /// It does no harm twice: it goes again.
    #[default]
    SendAgain,
    /// It may have been done, and doing it twice is not the same: it stays
    /// `unconfirmed` until somebody asks for it again.
    Keep,
    /// The same, but the device can be asked whether it was done.
    Check,
}

/// What a command that the server queued is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerPurpose {
    /// It reads on below what that inventory named.
    Walk(CommandSeq),
    /// It asks the device whether that command was done.
    Check(CommandSeq),
    /// It asks how the job of that install goes.
    Install(CommandSeq),
    /// It sets up the push channel: alone and last in its session, since the
    /// device may hang on it.
    ChannelSet,
    /// It reads the push channel.
    ChannelRead,
    /// It reads the device's zone, its maintenance hour and when it started.
    Schedule,
    /// It reads the polling schedule of a phone or a Windows 10.
    PollRead,
    /// It sets such a schedule that is off.
    PollRepair,
    /// It reads what a control of a baseline asks for.
    Compliance,
}

impl ServerPurpose {
    /// The command that it serves, if it is one.
    pub fn parent(self) -> Option<CommandSeq> {
        match self {
            ServerPurpose::Walk(seq) | ServerPurpose::Check(seq) | ServerPurpose::Install(seq) => {
                Some(seq)
            }
            ServerPurpose::ChannelSet
            | ServerPurpose::ChannelRead
            | ServerPurpose::Schedule
            | ServerPurpose::PollRead
            | ServerPurpose::PollRepair
            | ServerPurpose::Compliance => None,
        }
    }
}
