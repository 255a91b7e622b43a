//! Windows Phone 8.1 and Windows 10, which have no modes to wait for: any
//! session carries what policy lets go, and a push brings one soon.

use super::asked::Asked;
use super::outlook::{Forecast, When};
use super::renewal::renewal;
use crate::context::{Family, Mode};
use crate::push::channel::ChannelState;

/// KB 3170699: once the 30 days have passed the phone renews no more, and what
/// is recommended is the sync button of the workspace.
const MANUAL_SYNC: &str = "the phone's channel has run out and the phone cannot renew it by itself: \
                           its user should press the manual sync button of the workspace (KB 3170699), \
                           with the phone on the Internet";

pub(super) fn forecast(asked: &Asked<'_>, family: Family) -> Forecast {
    let usual = match family {
        Family::WindowsPhone81 => Mode::Unspecified,
        Family::Windows10 | Family::Windows81 => Mode::Maintenance,
    };
    if let Some(never) = asked.never(&[usual]) {
        return never;
    }
    let (state, now) = (asked.view.state, asked.view.now);
    let wake = asked.wake();
    let mut forecast = if let Some(wake) = wake {
        let mut forecast = Forecast::new(
            When::PushSession,
            "in the session that the push under way brings, or any other before",
        );
        forecast.at = Some(wake.due_at);
        forecast
    } else {
        let text = match family {
            Family::WindowsPhone81 => "at the phone's next session, by its polling schedule",
            _ => "at the device's next session, by its polling schedule",
        };
        Forecast::new(When::AnySession, text)
    };
    forecast.last_seen = Mode::ALL
        .into_iter()
        .filter_map(|mode| state.last_seen(mode))
        .max();
    let Some(channel) = &state.channel else {
        return forecast;
    };
    forecast.renewal = renewal(family, asked.view.build, channel, now);
    let ended = channel.state_at(now) == ChannelState::Expired;
    if family == Family::WindowsPhone81 && ended {
        forecast.user = Some(MANUAL_SYNC.to_owned());
    }
    forecast
}
