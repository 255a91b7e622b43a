//! `/devices/{id}/channel` and `/devices/{id}/wake`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResponse, Caller, HandlerResult, Id, ok};
use crate::app::Principal;
use crate::app::input::Time;
use crate::app::wakes::{self, ChannelSeen};
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::push::active_profiles::{LastAnswer, status_words};
use modegate_core::push::advice;
use modegate_core::push::answer::{Connection, Outcome};
use modegate_core::push::channel::{Channel, ChannelState};
use modegate_core::push::read_back::{
    ReadBack, channel_status_words, configuration_words, last_error_words,
};
use modegate_core::push::recovery::{EFFECT, Recovery, RecoveryReason};
use modegate_core::push::wake::{Wake, Why};
use modegate_core::time::Timestamp;

/// A device's push channel as the API shows it: never its URI.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Channel")]
pub(super) struct ChannelView {
    state: Option<&'static str>,
    may_send: bool,
    profile: Option<String>,
    pfn: Option<String>,
    app_id: Option<String>,
    uri_sha256: Option<String>,
    first_seen: Option<Time>,
    age_s: Option<i64>,
    expires_at: Option<Time>,
    set_attempts: u32,
    next_set_at: Option<Time>,
    /// Whether the server set the channel itself.
    set_by_us: bool,
    /// Whether WNS answered 403 for the URI in use: it belongs to another app.
    refused: bool,
    /// Why it is not in use, as far as WNS or the device say it.
    reason: Option<&'static str>,
    /// What the device says of its push, DMClient's Push/Status.
    device_status: Option<StatusView>,
    /// What the device last said of its channel besides.
    reported: Option<ReportedView>,
    /// What WNS last answered.
    answer: Option<AnswerView>,
    /// The latest recovery of a phone's channel.
    recovery: Option<RecoveryView>,
    /// What people can do, where the server alone cannot.
    advice: Option<&'static str>,
    wake: Option<WakeView>,
}

/// A status code and what it says.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct StatusView {
    code: u32,
    words: &'static str,
}

/// What a device last said of its channel, by the nodes that its family has.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ReportedView {
    at: Time,
    /// The PFN that the device holds; `***` where it cannot be one.
    pfn: Option<String>,
    /// Whether that is the PFN of its push profile.
    pfn_is_ours: Option<bool>,
    expires_at: Option<Time>,
    channel_status: Option<StatusView>,
    last_error: Option<StatusView>,
    configuration_status: Option<StatusView>,
}

impl ReportedView {
    /// The name of a profile that the caller does not see is left out.
    fn new(read: &ReadBack, channel: Option<&Channel>, sees_profile: bool) -> Option<Self> {
        let status = |code: Option<u32>, words: fn(u32) -> &'static str| {
            code.map(|code| StatusView {
                code,
                words: words(code),
            })
        };
        let is_ours = channel.is_some_and(|channel| !channel.is_foreign());
        let pfn = read.pfn.as_ref().filter(|_| sees_profile || !is_ours);
        Some(ReportedView {
            at: Time(read.at?),
            pfn_is_ours: read.pfn.as_ref().map(|_| is_ours),
            pfn: pfn.cloned(),
            expires_at: read.expires_at.map(Time),
            channel_status: status(read.channel_status, channel_status_words),
            last_error: status(read.last_error, last_error_words),
            configuration_status: status(read.configuration_status, configuration_words),
        })
    }
}

/// The recovery of a phone's channel: why, and what is waited for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct RecoveryView {
    #[schemars(with = "String")]
    reason: RecoveryReason,
    words: &'static str,
    since: Time,
    attempts: u32,
    /// What the latest attempt is to bring, while it is waited for.
    waits_for: Option<&'static str>,
    /// Until when: the next attempt comes after it.
    wait_until: Option<Time>,
    ended_at: Option<Time>,
}

impl From<&Recovery> for RecoveryView {
    fn from(recovery: &Recovery) -> Self {
        let wait_until = recovery.wait_until.filter(|_| recovery.is_open());
        RecoveryView {
            reason: recovery.reason,
            words: recovery.reason.words(),
            since: Time(recovery.since),
            attempts: recovery.attempts,
            waits_for: wait_until.map(|_| EFFECT),
            wait_until: wait_until.map(Time),
            ended_at: recovery.ended_at.map(Time),
        }
    }
}

/// An answer of WNS.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct AnswerView {
    at: Time,
    code: u16,
    #[schemars(with = "String")]
    outcome: Outcome,
    #[schemars(with = "Option<String>")]
    connection: Option<Connection>,
    description: Option<String>,
    message_id: Option<String>,
}

/// A wake as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Wake", extend("required" = ["state", "wanted_at"]))]
pub(super) struct WakeView {
    state: &'static str,
    wanted_at: Time,
    wishes: u32,
    attempts: u32,
    due_at: Option<Time>,
    sent_at: Option<Time>,
    #[schemars(with = "Option<String>")]
    why: Option<Why>,
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
    /// What the phone's user can do where it failed for want of a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl WakeView {
    fn new(wake: &Wake, advice: Option<&'static str>) -> Self {
        let lacks_channel = wake.why == Some(Why::NoChannel);
        WakeView {
            state: wake.state.name(),
            wanted_at: Time(wake.wanted_at),
            wishes: wake.requests,
            attempts: wake.attempts,
            due_at: (!wake.state.is_final()).then_some(Time(wake.due_at)),
            sent_at: wake.sent_at.map(Time),
            why: wake.why,
            reason: wake.why.map(Why::words),
            warning: None,
            advice: advice.filter(|_| lacks_channel),
        }
    }
}

impl From<&LastAnswer> for AnswerView {
    fn from(answer: &LastAnswer) -> Self {
        AnswerView {
            at: Time(answer.at),
            code: answer.code,
            outcome: answer.outcome,
            connection: answer.connection,
            description: answer.description.clone(),
            message_id: answer.message_id.clone(),
        }
    }
}

impl ChannelView {
    /// The channel as this caller may see it: a profile of other groups is not named.
    fn new(seen: &ChannelSeen, by: &Principal, now: Timestamp) -> Self {
        let (device, target) = (&seen.device, seen.target.as_ref());
        let state = &device.state;
        let channel = state.channel.as_ref();
        let first_seen = channel.and_then(Channel::first_seen);
        // Without a session since there is a profile, a set is what comes first.
        let usual = target.map(|_| ChannelState::NeedsSet.name());
        let target = target.filter(|target| by.may_see_for(&target.groups));
        let status = |code: u16| StatusView {
            code: code.into(),
            words: status_words(code),
        };
        let uri = channel.and_then(|channel| channel.uri);
        let advice = state.advice(&device.record, now);
        ChannelView {
            state: channel
                .map(|channel| channel.state_at(now).name())
                .or(usual),
            may_send: channel.is_some_and(|channel| channel.may_send(now)),
            profile: target.map(|target| target.id.simple().to_string()),
            pfn: target.map(|target| target.pfn.as_str().to_owned()),
            app_id: target.map(|target| target.app_id.clone()),
            uri_sha256: uri.map(|digest| digest.to_string()),
            first_seen: first_seen.map(Time),
            age_s: first_seen.map(|at| now.ms_since(at).max(0) / 1000),
            expires_at: channel.and_then(Channel::expires_at).map(Time),
            set_attempts: channel.map_or(0, |channel| channel.set_attempts),
            next_set_at: channel.and_then(|channel| channel.next_set_at).map(Time),
            set_by_us: channel.is_some_and(|channel| channel.set_by_us),
            refused: channel.is_some_and(|channel| channel.refused),
            reason: channel.and_then(|channel| advice::reason(channel, &state.push, now)),
            device_status: state.push.status.map(status),
            reported: ReportedView::new(&state.push.read_back, channel, target.is_some()),
            answer: state.push.answer.as_ref().map(AnswerView::from),
            recovery: state.recovery.as_ref().map(RecoveryView::from),
            advice: advice.or(seen.advice()),
            wake: state.wake.as_ref().map(|wake| WakeView::new(wake, advice)),
        }
    }
}

/// `GET /devices/{id}/channel`.
pub(super) async fn channel(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let seen = wakes::channel(caller.app(), caller.by(), id).await?;
            ok(&ChannelView::new(&seen, caller.by(), caller.app().now()))
        })
        .await
}

/// `POST /devices/{id}/wake`.
pub(super) async fn wake(caller: Caller, Id(id): Id<DeviceId>) -> HandlerResult {
    let now = caller.app().now();
    let render = move |device: &Device| {
        let channel = device.state.channel.as_ref();
        let may_send = channel.is_some_and(|channel| channel.may_send(now));
        let warning = "the device has no usable channel: no push will wake it";
        let advice = device.state.advice(&device.record, now);
        let view = device.state.wake.as_ref().map(|wake| WakeView {
            warning: (!may_send).then_some(warning),
            advice,
            ..WakeView::new(wake, None)
        });
        ApiResponse::accepted(format!("/api/v1/devices/{id}/channel"), &view)
    };
    caller
        .write(render, async |app, by, options| {
            wakes::request(app, by, id, options).await
        })
        .await
}
