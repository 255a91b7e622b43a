//! One due wake: sent if it is wanted, ended if its time is up.

use std::time::Duration;

use uuid::Uuid;

use crate::metrics::wake_end;
use crate::wns::client::{Notification, PushError};
use crate::wns::service::Push;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::device::{Device, DeviceState};
use modegate_core::event::{Event, EventType};
use modegate_core::ids::DeviceId;
use modegate_core::push::active_profiles::LastAnswer;
use modegate_core::push::address::UriDigest;
use modegate_core::push::answer::{Action, Outcome, WnsResponse};
use modegate_core::push::channel;
use modegate_core::push::record::PushProfile;
use modegate_core::push::token::Credentials;
use modegate_core::push::wake::{self, Wake, Why};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_store::StoreError;

/// Who does it, in the log.
const ACTOR: &str = "server";
/// A longer pause of the profile's rate than this is written down instead of
/// waited for, milliseconds.
const WAITED_MS: i64 = 2_000;

/// Looks after the wake of a device that is due.
///
/// # Errors
/// The store failed: the device stays due.
pub(super) async fn look_after(push: &Push, id: DeviceId) -> Result<(), StoreError> {
    loop {
        let Some(device) = push.store.device(id).await? else {
            return Ok(());
        };
        let now = push.clock.now();
        let Some(wake) = due(&device.state, now) else {
            return Ok(());
        };
        let lapsed = now >= wake.wanted_at.plus_ms(wake::LIFE_MS);
        if wake.state != wake::WakeState::Wanted || lapsed {
            let time = move |device: &Device| transition(device, wake::Event::Time, now);
            return alter(push, id, time).await.map(drop);
        }
        let ready = match ready(push, &device, now).await? {
            Ok(ready) => ready,
            Err(why) => {
                let cannot =
                    move |device: &Device| transition(device, wake::Event::Cannot(why), now);
                return alter(push, id, cannot).await.map(drop);
            }
        };
        match push.take(ready.profile.id, now) {
            Ok(()) => return send(push, id, ready, now).await,
            Err(when) if when.ms_since(now) > WAITED_MS => {
                let later = move |device: &Device| postponed(device, when);
                return alter(push, id, later).await.map(drop);
            }
            Err(when) => {
                let ms = u64::try_from(when.ms_since(now)).unwrap_or(0).max(1);
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
        }
    }
}

fn due(state: &DeviceState, now: Timestamp) -> Option<&Wake> {
    let wake = state.wake.as_ref()?;
    (!wake.state.is_final() && wake.due_at <= now).then_some(wake)
}

/// What a notification is sent with.
struct Ready {
    profile: PushProfile,
    credentials: Credentials,
    uri: Secret,
    digest: UriDigest,
    /// Whether the server set the channel itself.
    set_by_us: bool,
}

async fn ready(
    push: &Push,
    device: &Device,
    now: Timestamp,
) -> Result<Result<Ready, Why>, StoreError> {
    let state = &device.state;
    let own = state.push.owner.as_ref();
    let profile = own.and_then(|own| push.profile_of(&device.record.groups, own));
    let Some(profile) = profile else {
        return Ok(Err(Why::NoChannel));
    };
    let usable = |channel: &&channel::Channel| channel.may_send(now);
    let channel = state.channel.as_ref().filter(usable);
    let set_by_us = channel.is_some_and(|channel| channel.set_by_us);
    let digest = channel.and_then(|channel| channel.uri);
    let (Some(digest), None) = (digest, state.unenrolled_at) else {
        return Ok(Err(Why::NoChannel));
    };
    let Some(credentials) = profile.credentials().filter(|_| profile.health.may_send()) else {
        return Ok(Err(Why::Profile));
    };
    let uri = push.store.channel_uri(device.id).await?;
    let uri = uri.filter(|uri| UriDigest::from_uri(uri.reveal()) == digest);
    Ok(uri.ok_or(Why::NoChannel).map(|uri| Ready {
        profile,
        credentials,
        uri,
        digest,
        set_by_us,
    }))
}

async fn send(push: &Push, id: DeviceId, ready: Ready, now: Timestamp) -> Result<(), StoreError> {
    let digest = ready.digest;
    let begin = move |device: &Device| {
        let state = &device.state;
        let wanted = due(state, now).is_some_and(|wake| wake.state == wake::WakeState::Wanted);
        let in_use = |channel: &channel::Channel| channel.uri == Some(digest);
        if !wanted || !state.channel.as_ref().is_some_and(in_use) {
            return Err(stale());
        }
        transition(device, wake::Event::Send, now)
    };
    // Recorded before it is sent; if another task was faster, nothing is sent.
    if !alter(push, id, begin).await? {
        return Ok(());
    }
    let notification = Notification::default();
    let answered = push
        .client
        .push(&ready.credentials, &ready.uri, notification)
        .await;
    let now = push.clock.now();
    let profile = ready.profile.id;
    if let Ok(answer) = &answered
        && matches!(answer.outcome, Outcome::Throttled | Outcome::Unavailable)
    {
        push.hold(profile, now.plus_ms(answer.asked_ms.unwrap_or(0)));
    }
    let learnt = match &answered {
        Ok(answer) => answer.for_profile(id, digest, ready.set_by_us),
        Err(error) => error.for_profile(),
    };
    let words = words(&answered);
    if let Some(event) = learnt {
        push.learn(profile, event, &words).await;
    }
    let settle = move |device: &Device| Ok(settled(device, &answered, &words, digest, now));
    alter(push, id, settle).await.map(drop)
}

/// What came of a notification, in words without secrets.
fn words(answered: &Result<WnsResponse, PushError>) -> String {
    let answer = match answered {
        Ok(answer) => answer,
        Err(error) => return error.to_string(),
    };
    let mut words = format!(
        "WNS responded with {}: {}",
        answer.code,
        answer.outcome.name()
    );
    if let Some(description) = &answer.description {
        words = format!("{words} ({description})");
    }
    words
}

/// The device once WNS's answer is taken in.
fn settled(
    device: &Device,
    answered: &Result<WnsResponse, PushError>,
    words: &str,
    digest: UriDigest,
    now: Timestamp,
) -> DeviceChange {
    let mut state = device.state.clone();
    let event = match answered {
        Ok(answer) => wake::Event::Said(answer.action()),
        Err(error) => error.for_wake(),
    };
    state.wake = wake::next(state.wake.as_ref(), event, now, random()).wake;
    let taken = matches!(answered, Ok(answer) if answer.action() == Action::Done);
    let what = if taken {
        EventType::WakeSent
    } else {
        EventType::WakeNotTaken
    };
    let mut events = vec![Event::new(now, ACTOR, Some(device.id), what).detail(words)];
    if let Ok(answer) = answered {
        state.push.answer = Some(LastAnswer::from_response(answer, now));
    }
    let verdict = answered.as_ref().ok().and_then(WnsResponse::for_channel);
    if let (Some(verdict), Some(before)) = (verdict, &device.state.channel) {
        let event = channel::Event::Wns(digest, verdict);
        let after = channel::next(before, event, device.record.family, now).channel;
        if after.state != before.state {
            let detail = format!("{} to {}: {words}", before.state.name(), after.state.name());
            let what = EventType::ChannelChanged;
            events.push(Event::new(now, ACTOR, Some(device.id), what).detail(detail));
        }
        state.channel = Some(after);
    }
    events.extend(ended(device, &state, now));
    DeviceChange::new(device, state).with_events(events)
}

/// What an event of the wake alone makes of the device.
fn transition(
    device: &Device,
    event: wake::Event,
    now: Timestamp,
) -> Result<DeviceChange, Refusal> {
    let mut state = device.state.clone();
    state.wake = wake::next(state.wake.as_ref(), event, now, random()).wake;
    if state.wake == device.state.wake {
        return Err(stale());
    }
    let events = ended(device, &state, now).into_iter().collect();
    Ok(DeviceChange::new(device, state).with_events(events))
}

fn postponed(device: &Device, until: Timestamp) -> Result<DeviceChange, Refusal> {
    let mut state = device.state.clone();
    match &mut state.wake {
        Some(wake) if wake.state == wake::WakeState::Wanted => wake.due_at = until,
        _ => return Err(stale()),
    }
    Ok(DeviceChange::new(device, state))
}

/// The event of a wake that came to its end with this change.
fn ended(before: &Device, after: &DeviceState, now: Timestamp) -> Option<Event> {
    let wake = after.wake.as_ref().filter(|wake| wake.state.is_final())?;
    let open = |wake: &Wake| !wake.state.is_final();
    if !before.state.wake.as_ref().is_some_and(open) {
        return None;
    }
    let why = wake
        .why
        .map_or(String::new(), |why| format!(": {}", why.words()));
    let left = "; queued commands wait for the device's own schedule";
    let advice = after.advice(&before.record, now);
    let advice = advice.filter(|_| wake.why == Some(Why::NoChannel));
    let advice = advice.map_or(String::new(), |advice| format!("; {advice}"));
    let detail = format!("{}{why}{left}{advice}", wake.state.name());
    Some(Event::new(now, ACTOR, Some(before.id), EventType::WakeEnded).detail(detail))
}

fn stale() -> Refusal {
    Refusal::Conflict("the wake has changed".to_owned())
}

/// Changes the device; `false` where the change was not wanted any more.
async fn alter(
    push: &Push,
    id: DeviceId,
    decide: impl FnOnce(&Device) -> Result<DeviceChange, Refusal> + Send + 'static,
) -> Result<bool, StoreError> {
    let (told, ended) = std::sync::mpsc::channel();
    let decide = move |device: &Device| {
        let change = decide(device)?;
        if let Some(state) = wake_end(device.state.wake.as_ref(), change.state.wake.as_ref()) {
            // Nobody listens any more where the caller has gone away.
            let _ = told.send(state);
        }
        Ok(change)
    };
    match push.store.alter(id, Box::new(decide), None).await {
        Ok(_) => {
            if let Ok(state) = ended.try_recv() {
                push.client.metrics().wake_ended(state);
            }
            Ok(true)
        }
        Err(StoreError::Refused(_) | StoreError::NoDevice) => Ok(false),
        Err(error) => Err(error),
    }
}

/// For pauses between attempts.
fn random() -> u32 {
    let [a, b, c, d, ..] = Uuid::new_v4().into_bytes();
    u32::from_le_bytes([a, b, c, d])
}
