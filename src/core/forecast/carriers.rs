//! Which sessions carry a command, and what a device's own sessions say against that.

use super::asked::Asked;
use super::outlook::{Forecast, When};
use crate::context::{Family, Mode};

/// Writes the modes that carry it into the forecast, and what is to be doubted.
pub(super) fn complete(asked: &Asked<'_>, forecast: &mut Forecast) {
    let modes = asked.modes();
    forecast.needs_logon = asked.needs_logon(&modes);
    if matches!(forecast.when, When::AnySession | When::PushSession) {
        let others = others(asked, &modes);
        if !others.is_empty() {
            let others = names(&others);
            forecast.text += &format!("; a session in {others} does not carry it");
        }
    }
    if asked.names_no_mode() && !modes.contains(&Mode::Unspecified) && !modes.is_empty() {
        forecast.text += &format!(
            "; but none of its sessions has named a mode yet, and one that names none {}",
            without_mode(asked)
        );
    }
    let row = asked.view.state.nobody_logged_on;
    if row > 0 && !forecast.needs_logon.is_empty() {
        let sessions = match row {
            1 => "its latest session".to_owned(),
            row => format!("its latest {row} sessions"),
        };
        forecast.text += &format!(
            "; but {sessions} in Maintenance or Apps said that nobody is logged on (LoginStatus none), and such a session does not carry it"
        );
    }
    forecast.modes = modes;
}

/// The modes that a device of this family may name and that do not carry it.
fn others(asked: &Asked<'_>, modes: &[Mode]) -> Vec<Mode> {
    let unspecified = asked.view.record.family == Family::WindowsPhone81
        || asked.view.state.last_seen(Mode::Unspecified).is_some();
    let may_name = |mode: &Mode| *mode != Mode::Unspecified || unspecified;
    let all = Mode::ALL.into_iter().filter(may_name);
    all.filter(|mode| !modes.contains(mode)).collect()
}

fn without_mode(asked: &Asked<'_>) -> &'static str {
    if asked.goes_with_login_alone() {
        "carries it only where LoginStatus is user"
    } else {
        "does not carry it (policies/optional has what may be done)"
    }
}

fn names(modes: &[Mode]) -> String {
    let names: Vec<&str> = modes
        .iter()
        .map(|mode| match mode {
            Mode::Unspecified => "no named mode",
            named => named.name(),
        })
        .collect();
    names.join(" or ")
}
