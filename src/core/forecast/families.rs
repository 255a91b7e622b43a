//! Windows Phone 8.1 and Windows 10, which have no modes to wait for: any
//! session carries what policy lets go, and a push brings one soon.

use super::asked::Asked;
use super::outlook::{Forecast, When};
use super::renewal::renewal;
use crate::context::{Family, Mode};

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
    forecast.user = state.advice(asked.view.record, now).map(str::to_owned);
    forecast
}
