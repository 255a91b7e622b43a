#![allow(clippy::unwrap_used)]

use super::*;
use crate::command::{CommandBody, Operation};
use crate::context::{Context, ContextSet, Login, Mode, Platform};
use crate::device::{Device, Session};
use crate::fixtures::{NOW, active_channel, registered};
use crate::ids::SessionNo;
use crate::push::channel::{self, Channel};
use crate::push::wake;
use crate::session::queue::queue;
use modegate_wire::message::{SessionId, Verb};

const DAY: i64 = 24 * 60 * 60 * 1000;

const INVENTORY: (Verb, &str) = (Verb::Get, "./cimv2/Win32_OperatingSystem");
const INSTALL: (Verb, &str) = (
    Verb::Exec,
    "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22x%22/Exec=CreateJob",
);
const CHANNEL: (Verb, &str) = (
    Verb::Exec,
    "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22x%22/Exec=UpdateConfiguration",
);
const UNKNOWN: (Verb, &str) = (Verb::Get, "./cimv2/MDM_Nothing");

fn device(family: Family) -> Device {
    registered(1, "t", family, NOW)
}

fn add(device: &mut Device, (verb, loc_uri): (Verb, &str), change: impl FnOnce(&mut CommandBody)) {
    let operation = Operation::node(verb, loc_uri, None);
    let mut body = CommandBody::new("raw", "test", NOW, vec![operation]);
    change(&mut body);
    device.state = queue(device, body).unwrap().0.state;
}

/// The forecast of the command that was queued last.
fn forecast_of(device: &Device, build: Option<u32>) -> Forecast {
    let policies = PolicySet::builtin().unwrap();
    let view = View {
        state: &device.state,
        record: &device.record,
        policies: &policies,
        build,
        now: NOW,
    };
    forecast(&view, device.state.open.last().unwrap())
}

fn when(device: &Device) -> When {
    forecast_of(device, None).when
}

fn with(family: Family, node: (Verb, &str)) -> Device {
    let mut device = device(family);
    add(&mut device, node, |_| {});
    device
}

fn in_session(device: &mut Device, mode: Mode, open: bool, ago: i64) {
    let context = Context {
        mode,
        platform: Platform::WoA,
        login: Login::User,
    };
    device.state.session = Some(Session {
        no: SessionNo(7),
        id: SessionId("1".into()),
        opened_at: NOW.plus_ms(-ago),
        last_at: NOW.plus_ms(-ago),
        client_message: 1,
        messages: 1,
        first_message: 1,
        contexts: ContextSet::only(context),
        login: Login::User,
        max_msg_size: None,
        is_open: open,
        awaits_final: false,
        proof_on_record: 0,
    });
}

fn wake(state: wake::WakeState) -> wake::Wake {
    let now = NOW.plus_ms(-1000);
    let mut wake = wake::next(
        None,
        wake::Event::Request(wake::WakeOptions::default()),
        now,
        0,
    )
    .wake
    .unwrap();
    wake.state = state;
    wake.sent_at = (state != wake::WakeState::Wanted).then_some(now);
    wake.due_at = NOW.plus_ms(60_000);
    wake
}

/// A channel whose URI was first seen so many days ago.
fn channel(family: Family, days: i64) -> Channel {
    let active = active_channel(family, NOW.plus_ms(-days * DAY));
    channel::next(&active, channel::Event::Time, family, NOW).channel
}

#[test]
fn by_what_the_mode_table_lets_go() {
    let rows = [
        (INVENTORY, When::AnySession),
        (INSTALL, When::NextMaintenance),
        (CHANNEL, When::NextMaintenance),
        (UNKNOWN, When::Never),
    ];
    for (node, expected) in rows {
        assert_eq!(when(&with(Family::Windows81, node)), expected, "{node:?}");
    }
    let mut device = with(Family::Windows81, INSTALL);
    assert!(forecast_of(&device, None).text.contains("never seen"));
    let last = NOW.plus_ms(-DAY);
    device.state.seen[Mode::Maintenance as usize] = Some(last);
    let forecast = forecast_of(&device, None);
    assert_eq!(forecast.last_seen, Some(last));
    assert!(
        forecast
            .text
            .contains(&format!("last seen {}", last.minute()))
    );
}

#[test]
fn a_push_brings_apps_and_nothing_else() {
    for state in wake::WakeState::ALL {
        let open = !state.is_final();
        let expect = |open_then| {
            if open {
                open_then
            } else {
                When::NextMaintenance
            }
        };
        let mut device = with(Family::Windows81, INSTALL);
        device.state.wake = Some(wake(state));
        // Without a channel only what WNS has or may have already brings anything.
        let left = [wake::WakeState::Accepted, wake::WakeState::Unconfirmed].contains(&state);
        assert_eq!(when(&device) == When::AppsSession, left, "{state:?}");
        device.state.channel = Some(channel(Family::Windows81, 1));
        assert_eq!(when(&device), expect(When::AppsSession), "{state:?}");
        let mut device = with(Family::Windows81, CHANNEL);
        device.state.wake = Some(wake(state));
        device.state.channel = Some(channel(Family::Windows81, 1));
        let forecast = forecast_of(&device, None);
        assert_eq!(forecast.when, When::NextMaintenance, "{state:?}");
        assert_eq!(
            forecast.text.contains("does not carry it"),
            open,
            "{state:?}"
        );
    }
    let mut device = with(Family::Windows81, INSTALL);
    device.state.wake = Some(wake(wake::WakeState::Accepted));
    assert_eq!(forecast_of(&device, None).at, Some(NOW.plus_ms(60_000)));
}

#[test]
fn no_push_is_promised_without_a_channel() {
    for (state, expected) in [
        (
            channel::ChannelState::NeedsSet,
            "only a Maintenance session may",
        ),
        (channel::ChannelState::AwaitingUri, "still to be read"),
        (channel::ChannelState::Dead, "revoked"),
        (channel::ChannelState::Expired, "expired"),
        (channel::ChannelState::SetFailed, "failed"),
    ] {
        let mut device = with(Family::Windows81, INSTALL);
        let mut channel = Channel::default();
        channel.state = state;
        device.state.channel = Some(channel);
        let text = forecast_of(&device, None).text;
        assert!(text.contains(expected), "{state:?}: {text}");
    }
    let mut device = with(Family::Windows81, INSTALL);
    device.state.channel = Some(channel(Family::Windows81, 1));
    assert!(!forecast_of(&device, None).text.contains("no push"));
}

#[test]
fn now_is_the_session_that_is_open() {
    let minute = 60_000;
    let rows = [
        (Mode::Maintenance, true, 1, INSTALL, When::Now),
        (Mode::Apps, true, 1, INSTALL, When::Now),
        (Mode::Apps, true, 1, CHANNEL, When::NextMaintenance),
        (Mode::Machine, true, 1, INSTALL, When::NextMaintenance),
        (Mode::Machine, true, 1, INVENTORY, When::Now),
        (Mode::Maintenance, false, 1, INSTALL, When::NextMaintenance),
        (Mode::Maintenance, true, 16, INSTALL, When::NextMaintenance),
    ];
    for (mode, open, minutes, node, expected) in rows {
        let mut device = with(Family::Windows81, node);
        in_session(&mut device, mode, open, minutes * minute);
        assert_eq!(
            when(&device),
            expected,
            "{mode:?} {open} {minutes} {node:?}"
        );
    }
    // What waits for a later session does not go in this one.
    let mut device = device(Family::Windows81);
    add(&mut device, INSTALL, |body| {
        body.options.later_than = Some(SessionNo(7));
    });
    in_session(&mut device, Mode::Maintenance, true, 1);
    assert_eq!(when(&device), When::NextMaintenance);
}

#[test]
fn what_waits_for_a_time_or_for_others_says_so() {
    let mut device = device(Family::Windows81);
    let later = NOW.plus_ms(DAY);
    add(&mut device, INSTALL, |body| body.not_before = Some(later));
    let forecast = forecast_of(&device, None);
    assert_eq!((forecast.when, forecast.at), (When::NotBefore, Some(later)));
    assert!(forecast.text.contains("Maintenance"));
    let first = device.state.open[0].seq;
    add(&mut device, INSTALL, |body| {
        body.options.after = vec![first];
    });
    let forecast = forecast_of(&device, None);
    assert_eq!(forecast.when, When::After);
    assert!(forecast.text.starts_with("after command 1 is done"));
    let mut device = self::device(Family::Windows81);
    add(&mut device, INSTALL, |body| {
        body.expires_at = Some(NOW.plus_ms(1));
    });
    device.state.open[0].expires_at = Some(NOW);
    assert_eq!(when(&device), When::Never);
}

#[test]
fn phones_and_windows_10_wait_for_any_session() {
    for family in [Family::WindowsPhone81, Family::Windows10] {
        let mut device = with(family, INSTALL);
        assert_eq!(when(&device), When::AnySession, "{family:?}");
        device.state.wake = Some(wake(wake::WakeState::Accepted));
        assert_eq!(when(&device), When::PushSession, "{family:?}");
        assert_eq!(when(&with(family, UNKNOWN)), When::Never, "{family:?}");
    }
}

#[test]
fn only_the_user_helps_a_phone_whose_channel_ran_out() {
    for (days, asked) in [(1, false), (16, false), (29, false), (31, true), (40, true)] {
        let mut device = with(Family::WindowsPhone81, INSTALL);
        device.state.channel = Some(channel(Family::WindowsPhone81, days));
        let user = forecast_of(&device, None).user;
        assert_eq!(user.is_some(), asked, "{days} days");
        assert!(user.is_none_or(|text| text.contains("manual sync button")));
    }
    let mut device = with(Family::Windows10, INSTALL);
    device.state.channel = Some(channel(Family::Windows10, 40));
    assert_eq!(forecast_of(&device, None).user, None);
}

#[test]
fn renewals_by_family_and_build() {
    const HOUR: i64 = 60 * 60 * 1000;
    // Family, build, age of the URI in days: hours from now.
    let rows = [
        (Family::Windows81, None, 20, None),
        (Family::WindowsPhone81, None, 5, Some((10 * 24, 25 * 24))),
        (Family::WindowsPhone81, None, 20, Some((0, 10 * 24))),
        (Family::WindowsPhone81, None, 31, None),
        (Family::Windows10, Some(10_586), 5, Some((10 * 24, 11 * 24))),
        (Family::Windows10, Some(10_586), 20, Some((3, 5))),
        (Family::Windows10, Some(10_586), 31, Some((20, 28))),
        (Family::Windows10, Some(14_393), 5, Some((10 * 24, 11 * 24))),
        (Family::Windows10, Some(14_393), 20, Some((3, 5))),
        (Family::Windows10, Some(14_393), 31, Some((3, 28))),
        (Family::Windows10, None, 20, Some((3, 5))),
    ];
    for (family, build, days, expected) in rows {
        let window = renewal(family, build, &channel(family, days), NOW);
        let hours = window.map(|window| {
            (
                window.from.ms_since(NOW) / HOUR,
                window.to.ms_since(NOW) / HOUR,
            )
        });
        assert_eq!(hours, expected, "{family:?} {build:?} {days}");
    }
    assert_eq!(
        renewal(Family::Windows10, None, &Channel::default(), NOW),
        None
    );
}

#[test]
fn a_device_that_names_no_mode_is_not_promised_maintenance_alone() {
    for family in [Family::Windows81, Family::Windows10] {
        let mut device = with(family, INSTALL);
        device.state.seen[Mode::Unspecified as usize] = Some(NOW);
        let forecast = forecast_of(&device, None);
        assert_eq!(forecast.when, When::NextMaintenance, "{family:?}");
        assert_eq!(forecast.modes, [Mode::Maintenance, Mode::Apps]);
        assert!(
            forecast.text.contains("has named a mode yet"),
            "{forecast:?}"
        );
        device.state.seen[Mode::Apps as usize] = Some(NOW);
        let text = forecast_of(&device, None).text;
        assert!(!text.contains("has named a mode yet"), "{text}");
    }
    let mut device = with(Family::Windows81, INVENTORY);
    device.state.seen[Mode::Unspecified as usize] = Some(NOW);
    assert_eq!(when(&device), When::AnySession);
}

#[test]
fn nobody_logged_on_is_known_where_it_decides() {
    for (node, row, told) in [
        (INSTALL, 0, false),
        (INSTALL, 1, true),
        (INVENTORY, 3, false),
    ] {
        let mut device = with(Family::Windows81, node);
        device.state.nobody_logged_on = row;
        let forecast = forecast_of(&device, None);
        let text = &forecast.text;
        assert_eq!(
            text.contains("LoginStatus none"),
            told,
            "{node:?} {row}: {text}"
        );
        let needs = [Mode::Maintenance, Mode::Apps];
        let needs = if node == INSTALL { &needs[..] } else { &[] };
        assert_eq!(forecast.needs_logon, needs);
    }
    let mut device = with(Family::WindowsPhone81, INSTALL);
    device.state.nobody_logged_on = 3;
    assert!(forecast_of(&device, None).needs_logon.is_empty());
}

#[test]
fn windows_10_in_machine_carries_little() {
    for state in [None, Some(wake::WakeState::Accepted)] {
        let mut device = with(Family::Windows10, INSTALL);
        device.state.wake = state.map(wake);
        let text = forecast_of(&device, None).text;
        assert!(
            text.contains("a session in Machine does not carry it"),
            "{text}"
        );
        let mut device = with(Family::Windows10, INVENTORY);
        device.state.wake = state.map(wake);
        let text = forecast_of(&device, None).text;
        assert!(!text.contains("does not carry it"), "{text}");
    }
}

#[test]
fn the_wake_and_the_session_under_way_carry_nothing_that_waits_for_a_later_time() {
    let later = NOW.plus_ms(DAY);
    let mut device = device(Family::Windows81);
    add(&mut device, INSTALL, |body| body.not_before = Some(later));
    device.state.wake = Some(wake(wake::WakeState::Accepted));
    let text = forecast_of(&device, None).text;
    assert!(
        text.contains("then at the next Maintenance session"),
        "{text}"
    );
    in_session(&mut device, Mode::Maintenance, true, 1);
    let text = forecast_of(&device, None).text;
    assert!(
        text.contains("then at the next Maintenance session"),
        "{text}"
    );
    // One that comes before the session is due does.
    let soon = NOW.plus_ms(1_000);
    device.state.open[0].not_before = Some(soon);
    let text = forecast_of(&device, None).text;
    assert!(text.contains("the wake under way"), "{text}");
    let mut device = with(Family::Windows81, INVENTORY);
    device.state.wake = Some(wake(wake::WakeState::Accepted));
    let forecast = forecast_of(&device, None);
    assert_eq!(forecast.at, Some(NOW.plus_ms(60_000)));
    assert!(forecast.text.contains("the push under way brings one"));
}
