//! The enrollment that a device is in: what belongs to it ends with it.

use serde::{Deserialize, Serialize};

use crate::ids::{CommandSeq, EnrollmentId, SessionNo};
use crate::time::Timestamp;

/// A device's present enrollment. Its record stays over several of them; its queue, its
/// installs, its channel and what it said of itself do not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Enrollment {
    /// The first command that belongs to it: a smaller number is of an earlier one.
    pub first_command: u32,
    /// The last session of the earlier ones.
    pub last_session: SessionNo,
    /// How the one before it ended; none in a device's first.
    pub ended: Option<EnrollmentEnd>,
    /// The key of MDM_Client that the device reported. It addresses the device's own node
    /// and proves nothing: that is for the API alone to say.
    pub client_id: Option<String>,
}

/// The end of an enrollment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentEnd {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// Why an enrollment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndReason {
    /// The device reported it: alert 1226.
    Reported,
    /// An unenroll went out, and the device has been silent until its deadline.
    Silent,
    /// The device accepted a wipe, or has been silent since one went out.
    Wiped,
    /// The device began another session after a wipe went out, whatever became of it.
    BackAfterWipe,
    /// A certificate was bound that no renewal leads to.
    NewCertificate,
    /// Somebody said so through the API.
    Requested,
    /// An operator revoked it.
    Revoked,
}

/// The end of an enrollment that this server issued the certificate of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrollmentEnding {
    /// Which.
    pub enrollment: EnrollmentId,
    /// When and why.
    pub end: EnrollmentEnd,
}

impl EndReason {
    /// Whether the device gave up the certificate that it was enrolled with. One that was not
    /// wiped after all, and one that the operator declares enrolled anew, still has it.
    pub fn gives_up_certificate(self) -> bool {
        match self {
            EndReason::Reported | EndReason::Silent | EndReason::Wiped | EndReason::Revoked => true,
            EndReason::BackAfterWipe | EndReason::NewCertificate | EndReason::Requested => false,
        }
    }

    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            EndReason::Reported => "the device is unenrolled (alert 1226)",
            EndReason::Silent => "the device is unenrolled: it has been silent until the deadline",
            EndReason::Wiped => "the device is wiped",
            EndReason::BackAfterWipe => "the device began a session after a wipe was sent",
            EndReason::NewCertificate => {
                "the device was enrolled anew: its certificate was replaced"
            }
            EndReason::Requested => "the device was enrolled anew",
            EndReason::Revoked => "the enrollment was revoked",
        }
    }
}

impl Enrollment {
    /// The end of the enrollment that a command, and what it brought, belongs to; none
    /// while that is this one.
    pub fn end_of(&self, command: CommandSeq) -> Option<EnrollmentEnd> {
        self.ended.filter(|_| command.0 < self.first_command)
    }
}
