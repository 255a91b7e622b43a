//! Errors behind a Status 500 that pass by themselves.
//!
//! 500 stands for any error that the client has no Status for. Windows may name the error
//! beside it (`originalerror`); some of those say that the device was busy, out of memory
//! or off the network at that moment. Their numbers are Microsoft's (WinError.h,
//! WbemCli.h, WinINet).

use crate::command::{ElementName, NodeResult, OpenCommand};
use modegate_wire::message::Verb;

/// The Status that stands for any error.
const FAILED: u16 = 500;
/// Statuses that only say that another one failed: of an Atomic, and of what was undone
/// with it.
const OF_ANOTHER: [u16; 2] = [216, 507];

/// The errors, sorted.
const PASSING: [u32; 27] = [
    0x8001_0001, // RPC: the call was rejected by its callee
    0x8001_010A, // RPC: the callee is busy
    0x8004_1006, // WMI: out of memory
    0x8004_1015, // WMI: no connection to the provider
    0x8004_1033, // WMI: it is shutting down
    0x8004_1069, // WMI: timed out
    0x8007_0008, // not enough memory
    0x8007_000E, // out of memory
    0x8007_0015, // the device is not ready
    0x8007_0020, // a sharing violation
    0x8007_0021, // a lock violation
    0x8007_0036, // the network is busy
    0x8007_0079, // a semaphore timed out
    0x8007_00AA, // the resource is in use
    0x8007_0102, // a wait timed out
    0x8007_041D, // a service did not respond in time
    0x8007_045B, // the system is shutting down
    0x8007_04CF, // the network cannot be reached
    0x8007_05B4, // timed out
    0x8007_06BA, // RPC: the server is unavailable
    0x8007_06BB, // RPC: the server is too busy
    0x8007_2EE2, // WinINet: timed out
    0x8007_2EE7, // WinINet: the name could not be resolved
    0x8007_2EFD, // WinINet: no connection
    0x8007_2EFE, // WinINet: the connection was broken
    0x803E_0101, // WNS: the request was not completed
    0x803E_0103, // WNS: a request is in progress already
];

/// Whether a command that failed with these Statuses may work another time: wherever it
/// failed it was with 500, and either for an error that passes or at a read that somebody
/// asked for, which does no harm twice. In a group it fails for good: Windows 10 has no Get
/// inside an Atomic.
pub(super) fn may_pass(command: &OpenCommand, lease: usize, results: &[NodeResult]) -> bool {
    let lease = &command.leases[lease];
    let statuses = &lease.statuses;
    let is_failure = |code: &&u16| **code >= 400 && !OF_ANOTHER.contains(*code);
    let mut failures = statuses.iter().filter(is_failure).peekable();
    if failures.peek().is_none() || !failures.all(|&code| code == FAILED) {
        return false;
    }
    let is_get = |element: &ElementName| *element == ElementName::Verb(Verb::Get);
    let only_reads = lease.elements.iter().all(is_get);
    if only_reads && command.options.purpose.is_none() {
        return true;
    }
    let failed = results.iter().filter(|result| result.status == FAILED);
    let errors: Vec<Option<u32>> = failed.map(|result| result.original_error).collect();
    let passes = |error: &Option<u32>| error.is_some_and(|error| PASSING.contains(&error));
    !errors.is_empty() && errors.iter().all(passes)
}
