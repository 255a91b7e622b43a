//! `GET /console/devices/{id}/channel`: the push channel of a device.

use super::{head, shell};
use crate::app::wakes::{self, ChannelSeen};
use crate::http::api::PathId;
use crate::http::pages::{Page, Visitor};
use modegate_core::device::DeviceState;
use modegate_core::ids::DeviceId;
use modegate_core::push::active_profiles::status_words;
use modegate_core::push::advice;
use modegate_core::push::channel::{Channel, ChannelState, LIFE_MS};
use modegate_core::push::read_back::{configuration_words, last_error_words};
use modegate_core::time::Timestamp;
use modegate_pages::console::devices::Flag;
use modegate_pages::console::devices::channel::{ChannelPage, Fact};
use modegate_pages::shell::Tone;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// `GET /console/devices/{id}/channel`.
pub(in crate::http::pages) async fn show(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    visitor
        .read(move |visitor| async move {
            let seen = wakes::channel(visitor.app(), visitor.by(), id).await?;
            let (device, now) = (&seen.device, visitor.now());
            let state = &device.state;
            let channel = state.channel.as_ref();
            let stands = channel.map(|channel| channel.state_at(now));
            // Without a session since there is a profile, a set is what comes first.
            let usual = seen.target.as_ref().map(|_| ChannelState::NeedsSet);
            let target = seen.target.as_ref();
            let target = target.filter(|target| visitor.by().may_see_for(&target.groups));
            let reason = channel.and_then(|channel| advice::reason(channel, &state.push, now));
            let advice = state.advice(&device.record, now).or(seen.advice());
            let stands = stands.or(usual);
            Ok(ChannelPage {
                shell: shell(&visitor, device, "/channel"),
                head: head(&visitor, device, "/channel").await?,
                once: visitor.once(),
                state: stands.map(flag),
                words: stands.map_or("", words),
                may_send: channel.is_some_and(|channel| channel.may_send(now)),
                reason: reason.map(str::to_owned),
                advice: advice.map(str::to_owned),
                profile: target.map(|target| {
                    (
                        target.id.simple().to_string(),
                        target.pfn.as_str().to_owned(),
                    )
                }),
                age: channel.and_then(|channel| age(channel, now)),
                facts: facts(&seen),
                wake: wake(state),
            })
        })
        .await
}

fn flag(state: ChannelState) -> Flag {
    let tone = match state {
        ChannelState::Active => Tone::Good,
        ChannelState::Refreshing | ChannelState::SetSent | ChannelState::AwaitingUri => Tone::Info,
        ChannelState::NeedsSet => Tone::Warn,
        ChannelState::Expired | ChannelState::Dead | ChannelState::SetFailed => Tone::Bad,
    };
    Flag {
        tone,
        text: state.name().replace('_', " "),
    }
}

fn words(state: ChannelState) -> &'static str {
    match state {
        ChannelState::NeedsSet => "The channel is set in the next session that may.",
        ChannelState::SetSent => "The set was sent; the device has not answered it yet.",
        ChannelState::AwaitingUri => "The channel was set; its URI is still to be read.",
        ChannelState::Active => "A push can be sent.",
        ChannelState::Refreshing => "A push can be sent; the channel is set again before it ends.",
        ChannelState::Expired => "Its end has passed, and the device told no other.",
        ChannelState::Dead => "WNS does not know it any more; it is set again.",
        ChannelState::SetFailed => "The device refused the set, or did not answer it.",
    }
}

/// Days since the URI was first seen, against those that one is good for.
fn age(channel: &Channel, now: Timestamp) -> Option<(u32, u32)> {
    let days = now.ms_since(channel.first_seen()?).max(0) / DAY_MS;
    let life = LIFE_MS / DAY_MS;
    Some((u32::try_from(days).ok()?, u32::try_from(life).ok()?))
}

fn facts(seen: &ChannelSeen) -> Vec<(&'static str, Fact)> {
    let state = &seen.device.state;
    let channel = state.channel.as_ref();
    let at = |name, at: Option<Timestamp>| at.map(|at| (name, Fact::At(at)));
    let text = |name, text: Option<String>| text.map(|text| (name, Fact::Text(text)));
    let read = &state.push.read_back;
    let answer = state.push.answer.as_ref();
    let words = |answer: &modegate_core::push::active_profiles::LastAnswer| {
        let why = answer.description.as_ref().map(|why| format!(": {why}"));
        format!(
            "{} {}{}",
            answer.code,
            answer.outcome.name(),
            why.unwrap_or_default()
        )
    };
    let facts = [
        at("First seen", channel.and_then(Channel::first_seen)),
        at("Ends", channel.and_then(Channel::expires_at)),
        text(
            "Sets",
            channel.map(|channel| {
                format!(
                    "{} since one brought a URI that works",
                    channel.set_attempts
                )
            }),
        ),
        at(
            "Next set not before",
            channel.and_then(|channel| channel.next_set_at),
        ),
        text("WNS last answered", answer.map(words)),
        at("That was", answer.map(|answer| answer.at)),
        text(
            "The device says of its push",
            state
                .push
                .status
                .map(|code| format!("{code}: {}", status_words(code))),
        ),
        text(
            "Last error that it reported",
            read.last_error
                .map(|code| format!("0x{code:08X}: {}", last_error_words(code))),
        ),
        text(
            "Configuration that it reported",
            read.configuration_status
                .map(|code| configuration_words(code).to_owned()),
        ),
        at("Last read", read.at),
    ];
    facts.into_iter().flatten().collect()
}

fn wake(state: &DeviceState) -> Vec<(&'static str, Fact)> {
    let Some(wake) = &state.wake else {
        return Vec::new();
    };
    let at = |name, at: Option<Timestamp>| at.map(|at| (name, Fact::At(at)));
    let text = |name, text: Option<String>| text.map(|text| (name, Fact::Text(text)));
    let facts = [
        text("State", Some(wake.state.name().to_owned())),
        text("Why", wake.why.map(|why| why.words().to_owned())),
        at("Wanted", Some(wake.wanted_at)),
        text("Wishes", Some(wake.requests.to_string())),
        text("Attempts", Some(wake.attempts.to_string())),
        at("Due", (!wake.state.is_final()).then_some(wake.due_at)),
        at("Sent", wake.sent_at),
    ];
    facts.into_iter().flatten().collect()
}
