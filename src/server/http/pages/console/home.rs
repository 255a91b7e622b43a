//! `GET /console`: is it well, and what needs somebody.

use std::collections::BTreeMap;

use crate::app::alerts::{self, AlertFilter, AlertState};
use crate::app::device_list::{self, DeviceFilter, DevicePage};
use crate::app::{AppError, Listed, fleet, history, policies};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::alert::{Alert, Severity};
use modegate_core::fleet::{Census, DeviceFlag};
use modegate_core::installs::InstallState;
use modegate_core::tally::HourRecord;
use modegate_pages::chart::{self, Chart, Head};
use modegate_pages::console::home::{FirstStep, HomePage, Need, OpenAlert};
use modegate_pages::shell::Tone;

use super::devices::flag;
use super::may_operate;

/// Hours that the pictures show.
const HOURS: u64 = 48;
/// Alerts on this page; the others are in their list.
const ALERTS: usize = 5;

/// `GET /console`.
pub(in crate::http::pages) async fn show(visitor: Visitor) -> Page {
    visitor
        .read(|visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            let shared = &visitor.guest.shared;
            let census = match fleet::census(app, by).await {
                Ok(census) => Some(census),
                // Nobody has counted yet, or it is not for this visitor.
                Err(AppError::Missing(_) | AppError::Forbidden(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let charts = match by.sees_all() {
                true => charts(&visitor, census.as_ref()).await?,
                false => Vec::new(),
            };
            let Listed { items, next } = open_alerts(&visitor).await?;
            let policies = app.sync.policies();
            Ok(HomePage {
                shell: visitor.shell("Console"),
                fault: shared.health.ready(&*app.store).await.err(),
                policy_set: policies.digest().chars().take(8).collect(),
                policy_since: policies::in_force_since(app).await?,
                counted_at: census.as_ref().map(|census| census.ended_at),
                devices: census.as_ref().map(|census| census.devices),
                needs: census.as_ref().map(needs).unwrap_or_default(),
                alerts: items.iter().map(alert).collect(),
                more_alerts: next.is_some(),
                charts,
                is_bound: !by.sees_all(),
                steps: match has_device(&visitor).await? {
                    true => Vec::new(),
                    false => first_steps(&shared.sync_path, may_operate(&visitor)),
                },
            })
        })
        .await
}

async fn has_device(visitor: &Visitor) -> Result<bool, Problem> {
    let page = DevicePage {
        after: Default::default(),
        limit: 1,
    };
    let all = DeviceFilter::default();
    let listed = device_list::list(visitor.app(), visitor.by(), &all, page).await?;
    Ok(!listed.items.is_empty() || listed.next.is_some())
}

async fn open_alerts(visitor: &Visitor) -> Result<Listed<Alert>, Problem> {
    let filter = AlertFilter {
        state: Some(AlertState::Open),
        severity: None,
    };
    let page = crate::app::Page {
        after: None,
        limit: ALERTS,
    };
    Ok(alerts::list(visitor.app(), visitor.by(), filter, page).await?)
}

/// What the devices need that the census counted, the worst first.
fn needs(census: &Census) -> Vec<Need> {
    let need = |(&one, &count): (&DeviceFlag, &u64)| {
        let shown = flag(one);
        Need {
            count,
            text: shown.text,
            tone: shown.tone,
            href: format!("/console/devices?flag={}", one.name()),
        }
    };
    let mut needs: Vec<Need> = census.flags.iter().map(need).collect();
    let rank = |tone: Tone| match tone {
        Tone::Bad => 0,
        Tone::Warn => 1,
        Tone::Info | Tone::Good => 2,
    };
    needs.sort_by_key(|need| (rank(need.tone), std::cmp::Reverse(need.count)));
    needs
}

fn alert(alert: &Alert) -> OpenAlert {
    let kind = alert.finding.kind;
    let href = super::alerts::place(&alert.finding.subject);
    OpenAlert {
        tone: match kind.severity() {
            Severity::Critical => Tone::Bad,
            Severity::Warning => Tone::Warn,
        },
        kind: kind.name(),
        message: alert.finding.message.clone(),
        action: kind.action(),
        since: alert.raised_at,
        href,
    }
}

/// The pictures of the fleet.
async fn charts(visitor: &Visitor, census: Option<&Census>) -> Result<Vec<Chart>, Problem> {
    let hours = history::history(visitor.app(), visitor.by(), HOURS, None).await?;
    let head = |id, title| Head { id, title };
    let waits = "Commands that wait, and the age of the oldest, 48 hours";
    let mut charts = vec![
        chart::sessions(head("sessions", "Sessions by mode, 48 hours"), &hours),
        chart::queues(head("queue", waits), &hours),
    ];
    if let Some(census) = census {
        let with: u64 = census.channel_days.iter().sum();
        let without = census.devices.saturating_sub(with);
        let ages = head("channels", "Age of push channels, days");
        charts.push(chart::channel_ages(ages, &census.channel_days, without));
        let installs_head = head("installs", "Installs: open now, ended in 48 hours");
        charts.push(chart::installs(installs_head, &installs(census, &hours)));
    }
    Ok(charts)
}

/// Of open installs how many there are, of the others how many ended in these hours.
fn installs(census: &Census, hours: &[HourRecord]) -> BTreeMap<InstallState, u64> {
    let ended = |state| {
        let hours = hours.iter();
        hours
            .filter_map(move |hour| hour.installs.get(&state))
            .sum()
    };
    let count = |state: InstallState| match state.is_final() {
        true => ended(state),
        false => census.installs.get(&state).copied().unwrap_or(0),
    };
    let states = InstallState::ALL.into_iter();
    states.map(|state| (state, count(state))).collect()
}

/// From nothing to the first device that came.
fn first_steps(sync_path: &str, may_operate: bool) -> Vec<FirstStep> {
    let curl = "curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' $SERVER/api/v1";
    vec![
        FirstStep {
            text: "Register a device, by the name that it sends as its Source.",
            command: Some(format!(
                "{curl}/devices -d '{{\"source\":\"TABLET-0\",\"family\":\"windows81\"}}'"
            )),
            link: may_operate.then_some(("/console/devices/new", "Register one here")),
        },
        FirstStep {
            text: "Queue what every mode carries.",
            command: Some(format!(
                "{curl}/devices/$DEVICE/commands -d '{{\"type\":\"inventory\",\"classes\":[\"Win32_OperatingSystem\"]}}'"
            )),
            link: None,
        },
        FirstStep {
            text: "Let the tablet come, or a simulated one in its place. One that cannot prove who it is comes in only where the server was started with --accept-unknown-devices.",
            command: Some(format!(
                "modegate simulate --url $SERVER{sync_path} --source-prefix TABLET- --devices 1 --sessions 1 --trigger logon"
            )),
            link: None,
        },
        FirstStep {
            text: "Look at what it was sent, and why.",
            command: None,
            link: Some(("/console/devices", "Devices")),
        },
    ]
}
