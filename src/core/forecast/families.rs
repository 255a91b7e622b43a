//! Windows Phone 8.1 and Windows 10, which have no modes to wait for: any
//! session carries what policy lets go, and a push brings one soon.

use super::asked::Asked;
use super::outlook::{Forecast, When};
use super::renewal::renewal;
use crate::context::{Family, Mode};
use crate::polling::{self, Polling, ScheduleState};

pub(super) fn forecast(asked: &Asked<'_>, family: Family) -> Forecast {
    let usual = usual_mode(asked, family);
    if !asked.goes_in(usual) {
        return in_another(asked, usual);
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
        let whose = match family {
            Family::WindowsPhone81 => "phone",
            _ => "device",
        };
        let schedule = in_words(&state.polling);
        let text = format!("at the {whose}'s next session{schedule}");
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

/// What its polling schedule says of its next session.
fn in_words(polling: &Polling) -> String {
    let read = polling
        .read_at
        .map(|at| format!(", read at {}", at.minute()));
    let read = read.unwrap_or_default();
    match (polling.state(), polling.long_run_minutes()) {
        (ScheduleState::Off, _) => format!(
            "; its polling schedule is off{read}, so it may not come before a push or its user begins one"
        ),
        (_, Some(minutes)) => {
            let every = polling::in_words(minutes);
            format!(", by its polling schedule (in the long run every {every}{read})")
        }
        (_, None) => ", by its polling schedule".to_owned(),
    }
}

/// The mode that its sessions usually name. Windows 10 names Maintenance (observed), also
/// where a push woke it; one that has never named a mode goes on so.
fn usual_mode(asked: &Asked<'_>, family: Family) -> Mode {
    match family {
        Family::WindowsPhone81 => Mode::Unspecified,
        Family::Windows10 | Family::Windows81 if asked.names_no_mode() => Mode::Unspecified,
        Family::Windows10 | Family::Windows81 => Mode::Maintenance,
    }
}

/// Its usual sessions do not carry it: one in another mode does.
fn in_another(asked: &Asked<'_>, usual: Mode) -> Forecast {
    let words = [
        (Mode::Maintenance, When::NextMaintenance, "Maintenance"),
        (Mode::Apps, When::NextApps, "Apps"),
        (Mode::Machine, When::NextMachine, "Machine"),
        (Mode::Unspecified, When::NextUnspecified, "no named mode"),
    ];
    let carries = |mode: &Mode| asked.goes_in(*mode);
    let found = words.into_iter().find(|(mode, ..)| carries(mode));
    let (mode, when, name) = found.unwrap_or(words[3]);
    let (seen, last) = asked.seen(mode);
    let usual = match usual {
        Mode::Unspecified => "which name no mode",
        _ => "in Maintenance",
    };
    let login = match found {
        Some(_) => "",
        None => " and whose LoginStatus is user",
    };
    let text = format!(
        "at the next session in {name}{login} ({seen}); its usual sessions, {usual}, do not carry it"
    );
    let mut forecast = Forecast::new(when, text);
    forecast.last_seen = last;
    forecast
}
