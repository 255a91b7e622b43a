#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::facts::{CommandFacts, Facts};
use super::machine::{Act, next};
use super::reading::{Reading, Verdict};
use super::*;
use crate::command::{CommandState, NodeResult, Part};
use crate::context::Family;
use crate::device::{EndReason, EnrollmentEnd};
use crate::fixtures::{self, active_channel};
use crate::ids::{CommandSeq, DeviceId};
use crate::push::channel::{self, Channel};
use crate::push::wake;
use crate::secret::Secret;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn install() -> Install {
    let mut install = fixtures::install(1);
    install.step(InstallState::Requested, NOW, None);
    install
}

fn facts(state: CommandState, at: i64) -> Facts<'static> {
    Facts {
        now: NOW.plus_ms(at),
        family: Family::Windows81,
        command: CommandFacts {
            state,
            at: NOW.plus_ms(at),
            reason: None,
            delivered_at: None,
        },
        channel: None,
        wake: None,
        read: None,
        is_reading: false,
        ended: None,
    }
}

fn active() -> Channel {
    active_channel(Family::Windows81, NOW)
}

fn woken(state: wake::WakeState, sent: i64) -> wake::Wake {
    let mut wake = wake::next(
        None,
        wake::Event::Request(wake::WakeOptions::default()),
        NOW,
        0,
    )
    .wake
    .unwrap();
    wake.state = state;
    wake.sent_at = Some(NOW.plus_ms(sent));
    wake.taken = state != wake::WakeState::Wanted && state != wake::WakeState::Unconfirmed;
    wake.due_at = NOW.plus_ms(sent + 1000);
    wake
}

fn reading(status: Option<u32>, last_error: Option<u32>, progress: Option<u32>) -> Reading {
    Reading {
        at: NOW,
        status,
        last_error,
        progress,
        has_package: false,
        answered: true,
    }
}

fn states(install: &Install) -> Vec<&'static str> {
    install.steps.iter().map(|step| step.state.name()).collect()
}

#[test]
fn from_pick_to_done() {
    let (rules, channel) = (JobRules::default(), active());
    let wanted = woken(wake::WakeState::Wanted, 0);
    let wanted = wake::Wake {
        sent_at: None,
        ..wanted
    };
    let mut facts = facts(CommandState::Queued, 1);
    (facts.channel, facts.wake) = (Some(&channel), Some(&wanted));
    let moved = next(&install(), &facts, &rules);
    assert_eq!((states(&moved.install).len(), moved.act), (1, None));

    let accepted = woken(wake::WakeState::Accepted, 10);
    facts.wake = Some(&accepted);
    let moved = next(&moved.install, &facts, &rules);
    assert_eq!(moved.install.state, InstallState::Woken);
    assert_eq!(
        moved.install.first(InstallState::Woken),
        Some(NOW.plus_ms(10))
    );

    facts.command.state = CommandState::Sent;
    facts.command.delivered_at = Some(NOW.plus_ms(20));
    let moved = next(&moved.install, &facts, &rules);
    facts.command.state = CommandState::Succeeded;
    facts.command.at = NOW.plus_ms(30);
    let moved = next(&moved.install, &facts, &rules);
    assert_eq!(
        (moved.install.state, moved.act),
        (InstallState::Accepted, Some(Act::Read))
    );
    facts.is_reading = true;
    let moved = next(&moved.install, &facts, &rules);
    assert_eq!(moved.act, None);

    facts.is_reading = false;
    facts.read = Some(reading(Some(2), Some(0), Some(50)));
    let moved = next(&moved.install, &facts, &rules);
    assert_eq!(
        (moved.install.progress, moved.act),
        (Some(50), Some(Act::Read))
    );
    facts.read = Some(reading(Some(3), Some(0), Some(100)));
    let done = next(&moved.install, &facts, &rules);
    assert_eq!(
        (done.install.state, done.act),
        (InstallState::Installed, None)
    );
    assert_eq!(
        states(&done.install),
        [
            "requested",
            "woken",
            "delivered",
            "accepted",
            "progress",
            "installed"
        ]
    );
    assert_eq!(done.install.reads, 2);
    // Final is final, whatever is heard later.
    facts.read = Some(reading(None, Some(5), None));
    assert_eq!(next(&done.install, &facts, &rules).install, done.install);
}

#[test]
fn what_nobody_saw_in_between_is_told_with_its_own_time() {
    let mut facts = facts(CommandState::Succeeded, 100);
    let answered = woken(wake::WakeState::Answered, 10);
    facts.wake = Some(&answered);
    facts.command.delivered_at = Some(NOW.plus_ms(20));
    let moved = next(&install(), &facts, &JobRules::default());
    let steps: Vec<(InstallState, i64)> = moved
        .install
        .steps
        .iter()
        .map(|step| (step.state, step.at.ms_since(NOW)))
        .collect();
    assert_eq!(
        steps,
        [
            (InstallState::Requested, 0),
            (InstallState::Woken, 10),
            (InstallState::Delivered, 20),
            (InstallState::Accepted, 100),
        ]
    );
}

#[test]
fn it_waits_for_a_channel_and_goes_on_when_there_is_one() {
    let rules = JobRules::default();
    let mut facts = facts(CommandState::Queued, 1);
    let waiting = next(&install(), &facts, &rules);
    assert_eq!(waiting.install.state, InstallState::WaitingForChannel);
    let reason = waiting.install.reason.clone().unwrap();
    assert!(reason.contains("only a Maintenance session"), "{reason}");
    // Revoked by WNS: another reason, the same state.
    let mut dead = Channel::default();
    dead.state = channel::ChannelState::Dead;
    facts.channel = Some(&dead);
    let dead = next(&waiting.install, &facts, &rules).install;
    assert!(dead.reason.as_ref().unwrap().contains("revoked"));
    assert_eq!(dead.steps.len(), 3);
    let channel = active();
    facts.channel = Some(&channel);
    let moved = next(&dead, &facts, &rules);
    assert_eq!(
        (moved.install.state, moved.act),
        (InstallState::Requested, Some(Act::RequestWake))
    );
    // One wish: the wake that it brought is there by the next look.
    let wanted = wake::next(
        None,
        wake::Event::Request(wake::WakeOptions::default()),
        NOW,
        0,
    )
    .wake
    .unwrap();
    facts.wake = Some(&wanted);
    assert_eq!(next(&dead, &facts, &rules).act, None);
}

#[test]
fn a_push_that_fails_ends_nothing() {
    let (rules, channel) = (JobRules::default(), active());
    let mut facts = facts(CommandState::Queued, 1);
    facts.channel = Some(&channel);
    let unanswered = woken(wake::WakeState::Unanswered, 10);
    facts.wake = Some(&unanswered);
    let moved = next(&install(), &facts, &rules).install;
    assert_eq!(moved.state, InstallState::Woken);
    assert!(moved.reason.unwrap().contains("began no session in time"));
    for (why, words) in [
        (wake::Why::Profile, "profile"),
        (wake::Why::Dropped, "dropped"),
        (wake::Why::GaveUp, "could not be reached"),
        (wake::Why::ChannelRefused, "another app"),
    ] {
        let mut failed = woken(wake::WakeState::Failed, 10);
        failed.why = Some(why);
        let mut facts = self::facts(CommandState::Queued, 1);
        (facts.channel, facts.wake) = (Some(&channel), Some(&failed));
        let moved = next(&install(), &facts, &rules).install;
        assert_eq!(moved.state, InstallState::Requested, "{why:?}");
        assert!(moved.reason.unwrap().contains(words), "{why:?}");
    }
}

#[test]
fn ends_of_the_command() {
    let rules = JobRules::default();
    for (state, reason, expected) in [
        (
            CommandState::Failed,
            "forbidden (403)",
            InstallState::Failed,
        ),
        (CommandState::Expired, "too late", InstallState::Failed),
        (
            CommandState::Cancelled,
            "cancelled by api:admin",
            InstallState::Cancelled,
        ),
    ] {
        let mut facts = facts(state, 1);
        facts.command.reason = Some(reason.to_owned());
        let moved = next(&install(), &facts, &rules).install;
        assert_eq!(
            (moved.state, moved.reason.as_deref()),
            (expected, Some(reason))
        );
    }
    let mut facts = facts(CommandState::Cancelled, 1);
    facts.ended = Some(EnrollmentEnd {
        at: NOW,
        reason: EndReason::Reported,
    });
    assert_eq!(
        next(&install(), &facts, &rules).install.state,
        InstallState::Failed
    );
    facts.command.state = CommandState::Succeeded;
    let moved = next(&install(), &facts, &rules);
    assert_eq!(
        (moved.install.state, moved.act),
        (InstallState::Failed, None)
    );
    // Put back into the queue: the saga goes back with it.
    let sent = next(&install(), &self::facts(CommandState::Sent, 1), &rules).install;
    let mut facts = self::facts(CommandState::Queued, 2);
    let channel = active();
    facts.channel = Some(&channel);
    let back = next(&sent, &facts, &rules).install;
    assert_eq!(states(&back), ["requested", "delivered", "requested"]);
    assert_eq!(next(&back, &facts, &rules).install, back);
}

#[test]
fn verdicts() {
    let own = JobRules {
        done: vec![3],
        failed: vec![4],
        ..JobRules::default()
    };
    let usual = JobRules::default();
    let is = |reading: &Reading, rules: &JobRules| match reading.verdict(rules) {
        Verdict::Done(_) => "done",
        Verdict::Failed(_) => "failed",
        Verdict::Running => "running",
        Verdict::Missing => "missing",
    };
    let rows = [
        (reading(Some(3), Some(0), Some(100)), "done", "done"),
        (reading(Some(3), Some(0), Some(10)), "running", "done"),
        (reading(Some(2), Some(0), Some(100)), "done", "running"),
        (reading(Some(4), Some(0), Some(0)), "running", "failed"),
        (reading(Some(3), Some(5), Some(100)), "failed", "failed"),
        (reading(None, None, Some(1)), "running", "running"),
        (reading(None, None, None), "missing", "missing"),
    ];
    for (reading, by_usual, by_own) in rows {
        assert_eq!(
            (is(&reading, &usual), is(&reading, &own)),
            (by_usual, by_own),
            "{reading:?}"
        );
        let there = Reading {
            has_package: true,
            ..reading
        };
        assert_eq!((is(&there, &usual), is(&there, &own)), ("done", "done"));
    }
}

#[test]
fn readings_are_read_however_they_are_written() {
    let part = |results: &[(&str, u16, Option<&str>)]| Part {
        seq: CommandSeq(2),
        part: 1,
        state: CommandState::Succeeded,
        at: NOW,
        reason: None,
        results: results
            .iter()
            .map(|(loc_uri, status, data)| NodeResult {
                status: *status,
                data: data.map(Secret::new),
                ..NodeResult::of_node((*loc_uri).into())
            })
            .collect(),
    };
    let job = "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22x%22";
    let package = "./cimv2/MDM_Application/MDM_Application.PackageFullName=%22x%22/PackageVersion";
    let node = |property: &str| format!("{job}/{property}");
    let (status, error, progress) = (node("Status"), node("LastError"), node("Progress"));
    let mut read = Reading::default();
    read.take(&[
        part(&[(&status, 200, None), (&error, 200, Some("-2147024891"))]),
        part(&[(&status, 0, Some(" 2 ")), (&progress, 404, None)]),
        part(&[(package, 404, None)]),
    ]);
    assert_eq!(
        (read.status, read.last_error, read.progress),
        (Some(2), Some(0x8007_0005), None)
    );
    assert!(read.answered && !read.has_package);
    let mut hex = Reading::default();
    hex.take(&[part(&[
        (&error, 200, Some("0x80070005")),
        (package, 200, Some("1.0")),
    ])]);
    assert_eq!((hex.last_error, hex.has_package), (Some(0x8007_0005), true));
    let mut silent = Reading::default();
    silent.take(&[part(&[])]);
    assert!(!silent.answered);
}

#[test]
fn readings_end() {
    let rules = JobRules {
        reads: 3,
        days: 2,
        ..JobRules::default()
    };
    let mut facts = facts(CommandState::Succeeded, 1);
    let mut install = next(&install(), &facts, &rules).install;
    facts.read = Some(reading(Some(2), None, Some(10)));
    for _ in 0..3 {
        install = next(&install, &facts, &rules).install;
    }
    assert_eq!(install.state, InstallState::Failed);
    assert!(install.reason.unwrap().contains("3 readings"));

    let mut late = next(
        &self::install(),
        &self::facts(CommandState::Succeeded, 1),
        &rules,
    )
    .install;
    let mut facts = self::facts(CommandState::Succeeded, 3 * 24 * 60 * 60 * 1000);
    facts.is_reading = true;
    late = next(&late, &facts, &rules).install;
    assert!(late.reason.unwrap().contains("2 days"));

    let mut unknown = next(
        &self::install(),
        &self::facts(CommandState::Succeeded, 1),
        &JobRules::default(),
    )
    .install;
    let mut facts = self::facts(CommandState::Succeeded, 2);
    facts.read = Some(reading(None, None, None));
    for _ in 0..3 {
        unknown = next(&unknown, &facts, &JobRules::default()).install;
    }
    assert!(unknown.reason.unwrap().contains("knew nothing"));
}

proptest! {
    /// However often it is asked, and whatever comes in whatever order: what is
    /// final stays so, steps are only added and in the order of their times,
    /// and asking twice says the same.
    #[test]
    fn history_only_grows(looks in prop::collection::vec((0usize..8, 0i64..1000, 0usize..7, 0u32..5), 1..60)) {
        let rules = JobRules { done: vec![3], failed: vec![4], reads: 20, ..JobRules::default() };
        let channel = active();
        let mut install = install();
        for (command, at, wake, status) in looks {
            let mut facts = facts(CommandState::ALL[command], at);
            let wake = wake::WakeState::ALL.get(wake).map(|state| woken(*state, at));
            facts.wake = wake.as_ref();
            facts.channel = (at % 2 == 0).then_some(&channel);
            let mut moved = next(&install, &facts, &rules).install;
            prop_assert_eq!(&next(&moved, &facts, &rules).install, &moved);
            facts.read = (status > 0).then(|| reading(Some(status), None, None));
            moved = next(&moved, &facts, &rules).install;
            prop_assert!(moved.steps.starts_with(&install.steps) || install.state == InstallState::Progress);
            prop_assert!(moved.steps.is_sorted_by_key(|step| step.at));
            prop_assert!(moved.steps.len() <= STEPS + 1);
            if install.state.is_final() {
                prop_assert_eq!(&moved, &install);
            }
            install = moved;
        }
    }
}

#[test]
fn ids_go_round() {
    let id = InstallId {
        device: DeviceId(uuid::Uuid::from_u128(7)),
        no: 12,
    };
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in [
        "",
        "x-i1",
        "00000000000000000000000000000007-1",
        "00000000000000000000000000000007-i",
    ] {
        assert!(text.parse::<InstallId>().is_err(), "{text}");
    }
}
