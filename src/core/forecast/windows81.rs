//! Windows 8.1 (the MDMAgent article): Maintenance at the enrolled user's logon and in the
//! night while that user has a session; Apps when a push comes, and never
//! else; Machine at a restart and in the night without that user.

use super::asked::Asked;
use super::hours::Hours;
use super::outlook::{Forecast, When};
use crate::context::Mode;
use crate::push::advice;
use crate::push::channel::{self, Channel};
use crate::push::wake::{self, Wake};
use crate::time::Timestamp;

const MAINTENANCE: &str = "at the next Maintenance session: the enrolled user's logon, or the night \
                           while that user is logged on";

pub(super) fn forecast(asked: &Asked<'_>) -> Forecast {
    use Mode::{Apps, Machine, Maintenance, Unspecified};
    let [machine, maintenance, apps] = [Machine, Maintenance, Apps].map(|mode| asked.goes_in(mode));
    let any = machine && maintenance && apps;
    let named = machine || maintenance || apps;
    let wake = asked.wake();
    if !named || !any && asked.names_no_mode() && asked.goes_in(Unspecified) {
        return without_mode(asked);
    }
    match (machine, maintenance, apps) {
        (true, true, true) => any_session(asked, wake),
        (_, _, true) if wake.is_some() => woken(asked, wake),
        (_, true, _) => at_maintenance(asked, apps, wake),
        (false, false, true) => by_push_alone(asked),
        _ => {
            let (seen, last) = asked.seen(Machine);
            let hours = Hours::of(asked.view);
            let words = hours.as_ref().map(|hours| format!(": {}", hours.machine()));
            let words = words.unwrap_or_default();
            let text = format!("at the next Machine session{words} ({seen})");
            let mut forecast = Forecast::new(When::NextMachine, text);
            forecast.last_seen = last;
            forecast.night = hours.map(|hours| hours.night());
            forecast
        }
    }
}

fn without_mode(asked: &Asked<'_>) -> Forecast {
    let (seen, last) = asked.seen(Mode::Unspecified);
    let login = match asked.goes_in(Mode::Unspecified) {
        true => "",
        false => " and whose LoginStatus is user",
    };
    let text = format!("at the next session that names no mode{login} ({seen})");
    let mut forecast = Forecast::new(When::NextUnspecified, text);
    forecast.last_seen = last;
    forecast
}

fn woken(asked: &Asked<'_>, wake: Option<&Wake>) -> Forecast {
    let mut text = "in the Apps session of the wake under way".to_owned();
    let mut forecast = Forecast::new(When::AppsSession, "");
    if let Some(wake) = wake {
        text += &match (wake.state, wake.taken_at()) {
            (wake::WakeState::Accepted, Some(taken)) => {
                forecast.at = Some(wake.due_at);
                format!(
                    ": WNS took the push at {}, a session is waited for until {}",
                    taken.minute(),
                    wake.due_at.minute()
                )
            }
            (wake::WakeState::Unconfirmed, _) => {
                forecast.at = Some(wake.due_at);
                format!(
                    ": a push was sent but WNS did not confirm it, a session is waited for until {}",
                    wake.due_at.minute()
                )
            }
            (wake::WakeState::Wanted, _) if wake.due_at > asked.view.now => {
                format!(": the push goes out at {}", wake.due_at.minute())
            }
            _ => ": the push is being sent".to_owned(),
        };
    }
    if asked.goes_in(Mode::Maintenance) {
        text += "; or at a Maintenance session before";
    }
    forecast.text = text;
    forecast
}

fn any_session(asked: &Asked<'_>, wake: Option<&Wake>) -> Forecast {
    let hours = Hours::of(asked.view);
    let words = hours
        .as_ref()
        .map(|hours| format!("; {}", hours.at_the_latest()));
    let words = words.unwrap_or_default();
    let text = format!("at the next session, in any mode{words}");
    let mut forecast = Forecast::new(When::AnySession, text);
    forecast.night = hours.map(|hours| hours.night());
    if let Some(wake) = wake {
        forecast.text += "; the push under way brings one";
        forecast.at = Some(wake.due_at);
    }
    forecast
}

fn at_maintenance(asked: &Asked<'_>, apps: bool, wake: Option<&Wake>) -> Forecast {
    let (seen, last) = asked.seen(Mode::Maintenance);
    let hours = Hours::of(asked.view);
    let mut text = match &hours {
        Some(hours) => format!(
            "at the next Maintenance session: {} ({seen})",
            hours.maintenance()
        ),
        None => format!("{MAINTENANCE} ({seen})"),
    };
    if !apps && wake.is_some() {
        text += "; the push under way brings an Apps session, which does not carry it";
    }
    if apps {
        text += "; or in an Apps session before, which only a push brings";
        if let Some(why) = no_push(asked) {
            text += &format!(" ({why})");
        }
    }
    let mut forecast = Forecast::new(When::NextMaintenance, text);
    forecast.last_seen = last;
    if let Some(hours) = hours {
        forecast.night = Some(hours.night());
        forecast.usual_logon = hours.usual_logon().map(str::to_owned);
    }
    forecast
}

fn by_push_alone(asked: &Asked<'_>) -> Forecast {
    let (seen, last) = asked.seen(Mode::Apps);
    let mut text = format!("in an Apps session, which only a push brings ({seen})");
    if let Some(why) = no_push(asked) {
        text += &format!("; {why}");
    }
    let mut forecast = Forecast::new(When::NextApps, text);
    forecast.last_seen = last;
    forecast
}

/// Why no push can be sent now. Only Maintenance repairs a channel.
fn no_push(asked: &Asked<'_>) -> Option<String> {
    let (state, now) = (asked.view.state, asked.view.now);
    let channel = state.channel.as_ref();
    if channel.is_some_and(|channel| channel.may_send(now)) {
        return None;
    }
    let reason = channel.and_then(|channel| advice::reason(channel, &state.push, now));
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    Some(channel_in_words(channel, now).to_owned() + &reason)
}

/// What stands in the way of a push to a Windows 8.1 device, in words.
pub(crate) fn channel_in_words(channel: Option<&Channel>, now: Timestamp) -> &'static str {
    use channel::ChannelState;
    match channel.map(|channel| channel.state_at(now)) {
        None | Some(ChannelState::NeedsSet) => {
            "no push can be sent: the channel is not set yet, which only a Maintenance session may do"
        }
        Some(ChannelState::SetSent | ChannelState::AwaitingUri) => {
            "no push can be sent yet: the channel was set, its URI is still to be read"
        }
        Some(ChannelState::Dead) => {
            "no push can be sent: WNS revoked the channel; the next Maintenance session sets it again"
        }
        Some(ChannelState::SetFailed) => {
            "no push can be sent: setting the channel failed; a later Maintenance session tries again"
        }
        Some(ChannelState::Active | ChannelState::Refreshing | ChannelState::Expired) => {
            "no push can be sent: the channel has expired; the next Maintenance session sets it again"
        }
    }
}
