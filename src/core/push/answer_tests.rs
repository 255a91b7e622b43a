#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn read(code: u16, headers: &[(&str, &str)]) -> WnsResponse {
    let now = Timestamp::parse("2014-11-06T08:49:00Z").unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    WnsResponse::read(code, headers, "", &["hunter2"], now)
}

fn retry(kind: RetryKind, asked_ms: Option<i64>) -> Action {
    Action::Retry(Retry { kind, asked_ms })
}

/// Code, headers, and what is made of them.
type Row<'a> = (u16, &'a [(&'a str, &'a str)], Outcome, Action);

#[test]
fn every_documented_answer_has_its_action() {
    use Outcome::*;
    let status = "X-WNS-Status";
    let rows: &[Row<'_>] = &[
        (200, &[(status, "received")], Received, Action::Done),
        (
            200,
            &[("x-wns-notificationstatus", "Received")],
            Received,
            Action::Done,
        ),
        (200, &[(status, "dropped")], Dropped, Action::LeaveToPoll),
        (
            200,
            &[
                (status, "received"),
                ("X-WNS-NotificationStatus", "dropped"),
            ],
            Dropped,
            Action::LeaveToPoll,
        ),
        (
            200,
            &[
                ("X-WNS-NOTIFICATIONSTATUS", "channelThrottled"),
                ("X-WNS-CONTINUE-AFTER", "60"),
            ],
            ChannelThrottled,
            retry(RetryKind::Throttled, Some(60_000)),
        ),
        (200, &[], Unclear, Action::LeaveToPoll),
        (200, &[(status, "revoked")], Unclear, Action::LeaveToPoll),
        (202, &[(status, "received")], Unclear, Action::LeaveToPoll),
        (
            302,
            &[("location", "https://evil.test/")],
            Redirect,
            Action::Fault,
        ),
        (400, &[], BadRequest, Action::Fault),
        (401, &[], TokenRejected, Action::RefreshToken),
        (403, &[], ChannelRefused, Action::ChannelRefused),
        (404, &[], UnknownChannel, Action::ChannelDead),
        (405, &[], MethodNotAllowed, Action::Fault),
        (
            406,
            &[("Retry-After", "30")],
            Throttled,
            retry(RetryKind::Throttled, Some(30_000)),
        ),
        (
            406,
            &[("Retry-After", "Thu, 06 Nov 2014 08:49:37 GMT")],
            Throttled,
            retry(RetryKind::Throttled, Some(37_000)),
        ),
        (
            406,
            &[("retry-after", "5"), ("x-wns-continue-after", "50")],
            Throttled,
            retry(RetryKind::Throttled, Some(50_000)),
        ),
        (429, &[], Throttled, retry(RetryKind::Throttled, None)),
        (
            410,
            &[
                (status, "revoked"),
                ("X-WNS-Error-Description", "Revoked channel URL"),
            ],
            Gone,
            Action::ChannelDead,
        ),
        (
            410,
            &[("X-WNS-Error-Description", "Domain Blocked")],
            SenderBlocked,
            Action::StopProfile,
        ),
        (413, &[], TooLarge, Action::Fault),
        (500, &[], ServerError, retry(RetryKind::Server, None)),
        (502, &[], ServerError, retry(RetryKind::Server, None)),
        (
            503,
            &[("Retry-After", "soon")],
            Unavailable,
            retry(RetryKind::Server, None),
        ),
        (
            503,
            &[("Retry-After", "120")],
            Unavailable,
            retry(RetryKind::Server, Some(120_000)),
        ),
        (418, &[], Unknown, Action::LeaveToPoll),
    ];
    for (code, headers, outcome, action) in rows {
        let answer = read(*code, headers);
        assert_eq!(
            (answer.outcome, answer.action()),
            (*outcome, *action),
            "{code} {headers:?}"
        );
    }
}

#[test]
fn a_blocked_sender_may_be_told_in_the_body() {
    let answer = WnsResponse::read(410, [], "reason: domain is blocked", &[], Timestamp(0));
    assert_eq!(answer.outcome, Outcome::SenderBlocked);
}

#[test]
fn profile_and_channel_learn_what_is_theirs() {
    let digest = UriDigest([7; 32]);
    let device = DeviceId(uuid::Uuid::nil());
    let rows = [
        (
            403,
            Some(ProfileEvent::ChannelRefused(device, digest)),
            Some(WnsVerdict::Refused),
        ),
        (404, None, Some(WnsVerdict::Gone)),
        (410, None, Some(WnsVerdict::Gone)),
        (406, Some(ProfileEvent::Trouble), None),
        (400, None, None),
    ];
    for (code, profile, channel) in rows {
        let answer = read(code, &[]);
        assert_eq!(answer.for_profile(device, digest, true), profile, "{code}");
        assert_eq!(answer.for_channel(), channel, "{code}");
    }
    // A channel that the server did not set may be of another app.
    let refused = read(403, &[]);
    assert_eq!(refused.for_profile(device, digest, false), None);
    assert_eq!(refused.for_channel(), Some(WnsVerdict::Refused));
    let taken = read(200, &[("X-WNS-Status", "received")]);
    assert_eq!(taken.for_channel(), Some(WnsVerdict::Taken));
    assert_eq!(
        taken.for_profile(device, digest, false),
        Some(ProfileEvent::Accepted)
    );
}

#[test]
fn what_is_kept_is_bounded_and_without_secrets() {
    let long = "word ".repeat(10_000);
    let answer = read(
        400,
        &[
            (
                "X-WNS-Error-Description",
                "hunter2 for https://db5.notify.windows.com/?token=AwY",
            ),
            ("X-WNS-Debug-Trace", &long),
            ("X-WNS-Msg-ID", "4A1B\u{7}<script>-2"),
            ("X-WNS-DeviceConnectionStatus", "TempConnected"),
        ],
    );
    assert_eq!(answer.description.unwrap(), "*** for ***");
    assert!(answer.debug_trace.unwrap().len() <= 200);
    assert_eq!(answer.message_id.unwrap(), "4A1Bscript-2");
    assert_eq!(answer.connection, Some(Connection::TemporarilyDisconnected));
}

proptest! {
    /// Whatever comes, it is read, and only a plain 200 that says so is a success.
    #[test]
    fn anything_can_be_read(code: u16, name in "X-WNS-[A-Za-z-]{0,20}|Retry-After", value: Vec<u8>, body: String) {
        let answer = WnsResponse::read(code, [(name.as_str(), &value[..])], &body, &[], Timestamp(0));
        if answer.action() == Action::Done {
            prop_assert_eq!(code, 200);
            prop_assert!(value.trim_ascii().eq_ignore_ascii_case(b"received"));
        }
        if let Action::Retry(Retry { asked_ms: Some(asked), .. }) = answer.action() {
            prop_assert!((0..=pause::LONGEST_MS).contains(&asked));
        }
    }
}
