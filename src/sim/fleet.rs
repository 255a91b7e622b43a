//! Many tablets at once against one server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::enroll::EnrollmentPlan;
use super::enrollments::{EnrolledDevice, Which};
use super::mock_wns::MockClient;
use super::proof::Credentials;
use super::report::SessionReport;
use super::state_dir::StateDir;
use super::tablet::{Tablet, Trigger};
use super::transport::{ClientIdentity, SimError, Transport};

/// How every tablet of a fleet behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct FleetBehaviour {
    /// It proves itself by `x-syncml-hmac` instead of a Cred.
    pub mac: bool,
    /// It writes and reads WBXML.
    pub wbxml: bool,
    /// Its query names no mode.
    pub mode_less: bool,
    /// Somebody runs its agent by hand.
    pub by_hand: bool,
    /// Child names come percent-encoded.
    pub encoded_names: bool,
    /// Long lists of names come in two messages.
    pub split_results: bool,
    /// What may be repeated is sent twice.
    pub retransmit: bool,
}

/// What a fleet is to do.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    /// The device endpoint.
    pub url: String,
    /// CAs to trust, PEM.
    pub ca: Option<Vec<u8>>,
    /// How many tablets.
    pub devices: u32,
    /// How many sessions of each.
    pub sessions: u32,
    /// How many sessions at once.
    pub concurrency: usize,
    /// What their names begin with.
    pub prefix: String,
    /// What runs them, in turn.
    pub triggers: Vec<Trigger>,
    /// SyncML credentials of them all.
    pub credentials: Option<Credentials>,
    /// Client certificate of them all.
    pub identity: Option<ClientIdentity>,
    /// How they enroll, if they do: each gets an account and a certificate of its own then.
    pub enrollment: Option<EnrollmentPlan>,
    /// How they behave.
    pub behaviour: FleetBehaviour,
    /// The pause of a tablet between two sessions.
    pub interval: Duration,
    /// Where the tablets are kept between runs.
    pub state: Option<PathBuf>,
    /// The mock of WNS that gives out their channel URIs and wakes them.
    pub wns: Option<MockClient>,
    /// Whether to tell progress on standard error.
    pub progress: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct FleetReport {
    /// Sessions that went to their end.
    pub sessions: u64,
    /// Messages to and fro.
    pub exchanges: u64,
    /// Commands received.
    pub commands: u64,
    /// Breaches seen; the first few in words.
    pub violations: u64,
    /// Those few.
    pub first_violations: Vec<String>,
    /// Sessions that failed.
    pub errors: u64,
    /// The same by their reason.
    pub errors_by_reason: BTreeMap<String, u64>,
    /// Median of a session, milliseconds.
    pub p50_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
    /// Sessions per second over the whole run.
    pub sessions_per_second: f64,
}

/// Runs the fleet to its end.
pub async fn run(options: FleetOptions) -> Result<FleetReport, SimError> {
    let begun = Instant::now();
    let options = Arc::new(options);
    let places = Arc::new(Semaphore::new(options.concurrency.max(1)));
    let state = options.state.as_deref().map(StateDir::open).transpose()?;
    let (mut tablets, mut report, mut times) = (JoinSet::new(), FleetReport::default(), Vec::new());
    let mut done = 0_u32;
    for number in 0..options.devices {
        let (options, places) = (Arc::clone(&options), Arc::clone(&places));
        let state = state.clone();
        tablets.spawn(async move { one(&options, state.as_ref(), number, &places).await });
    }
    while let Some(ended) = tablets.join_next().await {
        if let Ok(one) = ended {
            report.take_in(one?, &mut times);
        }
        done += 1;
        if options.progress && done.is_multiple_of(100) {
            eprintln!("{done} of {} tablets", options.devices);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| {
        times.get(((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1)))
    };
    report.p50_ms = at(0.5).copied().unwrap_or(0.0);
    report.p99_ms = at(0.99).copied().unwrap_or(0.0);
    report.sessions_per_second = report.sessions as f64 / begun.elapsed().as_secs_f64();
    Ok(report)
}

/// What one tablet saw: a report per session, or why it failed, and how long it took in
/// milliseconds.
type Seen = Vec<(Result<SessionReport, String>, f64)>;

async fn one(
    options: &FleetOptions,
    state: Option<&StateDir>,
    number: u32,
    places: &Semaphore,
) -> Result<Seen, SimError> {
    let mut seen = Seen::new();
    let Some(mut device) = opened(options, state, number, places, &mut seen).await? else {
        return Ok(seen);
    };
    if let Some(state) = state {
        state.restore(device.tablet())?;
    }
    for session in 0..options.sessions {
        if session > 0 {
            tokio::time::sleep(options.interval).await;
        }
        let trigger = options.triggers[(number + session) as usize % options.triggers.len()];
        if let (Trigger::Push, Some(wns)) = (trigger, &options.wns)
            && let Err(error) = wns.wait_for_push(device.tablet()).await
        {
            seen.push((Err(error.reason()), 0.0));
            continue;
        }
        let Ok(_place) = places.acquire().await else {
            break;
        };
        let begun = Instant::now();
        let went = device.trigger(trigger).await;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        if matches!(went, Err(SimError::Unenrolled)) {
            break;
        }
        let ended = device.settle(&went, state)?;
        seen.push((outcome(went), took));
        match state {
            Some(state) if !ended => state.keep(device.tablet())?,
            _ => {}
        }
    }
    if options
        .enrollment
        .as_ref()
        .is_some_and(|plan| plan.unenroll)
    {
        let begun = Instant::now();
        let went = device.tablet().unenroll_by_user().await;
        device.settle(&went, state)?;
        if !matches!(went, Err(SimError::Unenrolled)) {
            seen.push((outcome(went), begun.elapsed().as_secs_f64() * 1000.0));
        }
    }
    Ok(seen)
}

/// A device of the fleet: by name and given credentials, or by an enrollment of its own.
enum Device {
    Named(Box<Tablet>),
    Enrolled(Box<EnrolledDevice>),
}

impl Device {
    fn tablet(&mut self) -> &mut Tablet {
        match self {
            Device::Named(tablet) => tablet,
            Device::Enrolled(device) => &mut device.tablet,
        }
    }

    async fn trigger(&mut self, trigger: Trigger) -> Result<SessionReport, SimError> {
        match self {
            Device::Named(tablet) => tablet.trigger(trigger).await,
            Device::Enrolled(device) => device.trigger(trigger).await,
        }
    }

    /// What a session means for the enrollment; whether that is over.
    fn settle(
        &mut self,
        went: &Result<SessionReport, SimError>,
        state: Option<&StateDir>,
    ) -> Result<bool, SimError> {
        match self {
            Device::Named(_) => Ok(false),
            Device::Enrolled(device) => {
                device.settle(went, state)?;
                Ok(device.tablet.is_unenrolled())
            }
        }
    }
}

/// The device of this number; `None` when it could not enroll, which `seen` says.
async fn opened(
    options: &FleetOptions,
    state: Option<&StateDir>,
    number: u32,
    places: &Semaphore,
    seen: &mut Seen,
) -> Result<Option<Device>, SimError> {
    let name = format!("{}{number}", options.prefix);
    let ca = options.ca.as_deref();
    let mut device = match &options.enrollment {
        None => {
            let transport = Transport::new(&options.url, ca, options.identity.as_ref())?;
            Device::Named(Box::new(Tablet::new(&name, transport)))
        }
        Some(plan) => {
            let Ok(_place) = places.acquire().await else {
                return Ok(None);
            };
            let which = Which {
                number,
                name: &name,
                ca,
                state,
            };
            let mut failed = Vec::new();
            let opened = EnrolledDevice::open(plan, &which, &mut failed).await;
            seen.extend(failed.into_iter().map(|reason| (Err(reason), 0.0)));
            match opened {
                Ok(device) => Device::Enrolled(Box::new(device)),
                Err(reason) => {
                    seen.push((Err(reason), 0.0));
                    return Ok(None);
                }
            }
        }
    };
    equip(options, device.tablet());
    Ok(Some(device))
}

/// A session that an HTTP status ended has failed, too.
fn outcome(went: Result<SessionReport, SimError>) -> Result<SessionReport, String> {
    match went {
        Ok(report) => match report.http_status {
            Some(status) => Err(format!("HTTP {status}{}", hint(status))),
            None => Ok(report),
        },
        Err(error) => Err(error.reason()),
    }
}

/// What a status mostly means for a simulated tablet.
fn hint(status: u16) -> &'static str {
    match status {
        401 => {
            ": the device could not prove itself; give --username and --password, or --certificate"
        }
        403 => {
            ": no registered device has that name; register it, or let the server accept unknown devices"
        }
        404 => ": expected the device endpoint in --url, such as https://HOST:8443/sync",
        413 => ": the message is larger than the server reads",
        429 => ": the server limits the rate; use --interval",
        503 => ": the server is busy; use fewer --devices or --concurrency",
        _ => "",
    }
}

/// Gives a tablet what the options say of all of them.
fn equip(options: &FleetOptions, tablet: &mut Tablet) {
    if let Some(credentials) = &options.credentials {
        tablet.credentials = Some(credentials.clone());
    }
    let behaviour = options.behaviour;
    tablet.proves_by_mac(behaviour.mac);
    if behaviour.wbxml {
        tablet.speaks_wbxml(true);
    }
    tablet.names_mode(!behaviour.mode_less);
    tablet.runs_by_hand(behaviour.by_hand);
    tablet.encodes_names(behaviour.encoded_names);
    tablet.splits_results(behaviour.split_results);
    tablet.retransmit(if behaviour.retransmit { u32::MAX } else { 0 });
    if let Some(wns) = &options.wns {
        wns.serve_channels_of(tablet);
    }
}

impl FleetReport {
    fn take_in(&mut self, seen: Seen, times: &mut Vec<f64>) {
        const SHOWN: usize = 10;
        for (session, took) in seen {
            let session = match session {
                Ok(session) => session,
                Err(reason) => {
                    self.errors += 1;
                    *self.errors_by_reason.entry(reason).or_default() += 1;
                    continue;
                }
            };
            times.push(took);
            self.sessions += 1;
            self.exchanges += u64::from(session.exchanges);
            self.commands += session.received.len() as u64;
            self.violations += session.violations.len() as u64;
            let room = SHOWN.saturating_sub(self.first_violations.len());
            self.first_violations.extend(
                session
                    .violations
                    .iter()
                    .take(room)
                    .map(ToString::to_string),
            );
        }
    }
}
