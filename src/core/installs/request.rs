//! What a request for an install does, and what taking one back does: pure
//! functions of the device as it stands.

use super::{Install, InstallState, OPEN, Step};
use crate::catalogue::{App, Release};
use crate::change::{DeviceChange, Refusal};
use crate::command::CommandBody;
use crate::device::Device;
use crate::device::outbox;
use crate::event::{Event, EventType};
use crate::ids::CommandSeq;
use crate::session::queue::{cancel as cancel_command, gone_at, queue};
use crate::time::Timestamp;
use crate::tokens::person::PersonId;

/// A request for an install.
#[derive(Debug, Clone)]
pub struct Request {
    /// The app.
    pub app: App,
    /// The version of it.
    pub release: Release,
    /// The command that makes the job.
    pub command: CommandBody,
    /// The JobID in it.
    pub job_id: String,
    /// What is doubtful about it.
    pub warnings: Vec<String>,
    /// Whether an install that came to its end well counts no more.
    pub again: bool,
    /// The person who asks, where it is one.
    pub person: Option<PersonId>,
}

/// What is to be written.
#[derive(Debug)]
pub struct Written {
    /// What changes of the device, if anything does.
    pub change: Option<DeviceChange>,
    /// The installs that change, with the new one.
    pub installs: Vec<Install>,
    /// The install that is the answer, where somebody asked.
    pub answer: Option<Install>,
    /// Whether it is new.
    pub created: bool,
}

/// What the request does on `device`, whose open installs, and all of this app,
/// are `installs`. `no` is the number that a new one gets.
///
/// A request for an app and version that is under way, or done, is that
/// install. One for another version takes the place of what is under way.
pub fn request(
    device: &Device,
    installs: &[Install],
    no: u32,
    request: Request,
) -> Result<Written, Refusal> {
    if let Some(install) = counts_already(device, installs, &request) {
        own(install, request.person)?;
        return Ok(Written {
            change: None,
            installs: Vec::new(),
            answer: Some(install.clone()),
            created: false,
        });
    }
    let open = installs.iter().filter(|install| !install.state.is_final());
    let (old, others): (Vec<&Install>, Vec<&Install>) =
        open.partition(|install| install.app == request.app.id);
    if others.len() >= OPEN {
        let why = format!("the device has {OPEN} installs under way, the most that it may have");
        return Err(Refusal::Conflict(why));
    }
    let (now, actor) = (request.command.queued_at, request.command.actor.clone());
    let mut chain = Chain::new(device);
    let mut written: Vec<Install> = Vec::new();
    for install in old {
        own(install, request.person)?;
        let version = &request.release.version;
        let why = format!("a request for version {version} took its place");
        let mut install = install.clone();
        install.superseded_by = Some(no);
        chain.end(&mut install, InstallState::Superseded, why, (&actor, now))?;
        written.push(install);
    }
    let seq = chain.queue(request.command.clone())?;
    let mut install = new(no, seq, request);
    install.step(InstallState::Requested, now, None);
    chain.note(&install, 0, &actor, now);
    written.push(install.clone());
    Ok(Written {
        change: chain.change,
        installs: written,
        answer: Some(install),
        created: true,
    })
}

/// Refuses a person what another's install stands in the way of, and says nothing of it.
fn own(install: &Install, person: Option<PersonId>) -> Result<(), Refusal> {
    if install.is_for(person) {
        return Ok(());
    }
    let why = match install.state.is_final() {
        true => "the app is installed on this device already; with again it is installed anew",
        false => "the app is being installed on this device already, at another's request",
    };
    Err(Refusal::Conflict(why.to_owned()))
}

/// Refuses one more install where its caller has as many under way as it may have.
///
/// # Errors
/// It has.
pub fn check_open(count: u64, most: u64) -> Result<(), Refusal> {
    if count < most {
        return Ok(());
    }
    let why = format!(
        "{count} installs asked for by this token are under way, the most that it may have; wait          until some are final, or cancel some"
    );
    Err(Refusal::Conflict(why))
}

/// The install of this app and version that is under way, or done, if there is one.
fn counts_already<'a>(
    device: &Device,
    installs: &'a [Install],
    request: &Request,
) -> Option<&'a Install> {
    if gone_at(&device.state, request.command.queued_at).is_some() {
        return None;
    }
    let enrollment = &device.state.enrollment;
    let of_app = |install: &&Install| {
        install.app == request.app.id && enrollment.end_of(install.command).is_none()
    };
    let mut of_version = installs
        .iter()
        .rev()
        .filter(of_app)
        .filter(|install| install.version == request.release.version);
    let install = of_version.next()?;
    let counts =
        !install.state.is_final() || install.state == InstallState::Installed && !request.again;
    // An older version may have been installed since.
    let mut later = installs.iter().filter(of_app);
    let is_newer =
        later.any(|other| other.no > install.no && other.state == InstallState::Installed);
    (counts && !is_newer).then_some(install)
}

/// A new install, before its first step.
fn new(no: u32, command: CommandSeq, request: Request) -> Install {
    Install {
        no,
        app: request.app.id,
        name: request.app.name,
        version: request.release.version,
        package_full_name: request.release.package_full_name,
        command,
        job_id: request.job_id,
        requested_by: request.command.actor,
        requested_at: request.command.queued_at,
        state: InstallState::Requested,
        steps: Vec::new(),
        reason: None,
        progress: None,
        last_error: None,
        reading: Vec::new(),
        reads: 0,
        misses: 0,
        superseded_by: None,
        warnings: request.warnings,
        person: request.person,
    }
}

/// Takes an install back. What waits is cancelled; a job that the device has
/// made already cannot be taken back, and that is said.
pub fn cancel(
    device: &Device,
    install: &Install,
    actor: &str,
    now: Timestamp,
) -> Result<Written, Refusal> {
    if install.state.is_final() {
        return Err(Refusal::Conflict(format!(
            "the install is {}; only one that is under way can be cancelled",
            install.state.name()
        )));
    }
    let (mut chain, mut install) = (Chain::new(device), install.clone());
    let why = format!("cancelled by {actor}");
    chain.end(&mut install, InstallState::Cancelled, why, (actor, now))?;
    Ok(Written {
        change: chain.change,
        installs: vec![install.clone()],
        answer: Some(install),
        created: false,
    })
}

/// Beside the reason, that the device goes on where it does.
fn with_device_note(install: &Install, why: String) -> String {
    if install.state >= InstallState::Delivered {
        format!("{why}; the device has already received the command and may still install it")
    } else {
        why
    }
}

/// What is logged of an install's step.
fn event(device: &Device, install: &Install, step: &Step, actor: &str, now: Timestamp) -> Event {
    let Install {
        no, app, version, ..
    } = install;
    let mut detail = format!("install {no} of {app} {version}: {}", step.state.name());
    if let Some(words) = &step.detail {
        detail += &format!(" ({words})");
    }
    Event::new(now, actor, Some(device.id), EventType::InstallMoved).detail(detail)
}

/// Changes of one device, one after the other, as one.
pub struct Chain {
    device: Device,
    /// What is to be written so far.
    pub change: Option<DeviceChange>,
}

impl Chain {
    /// Nothing to be written yet.
    pub fn new(device: &Device) -> Self {
        Chain {
            device: device.clone(),
            change: None,
        }
    }

    fn add(&mut self, next: DeviceChange) {
        self.device.state = next.state.clone();
        self.change = Some(match self.change.take() {
            None => next,
            Some(before) => before.then(next),
        });
    }

    /// Queues a command; its number.
    pub fn queue(&mut self, command: CommandBody) -> Result<CommandSeq, Refusal> {
        let (change, seq) = queue(&self.device, command)?;
        self.add(change);
        Ok(seq)
    }

    /// Wishes for a wake, for an install whose command waits for one.
    pub fn request_wake(&mut self, install: &Install, now: Timestamp) {
        let mut state = self.device.state.clone();
        let why = format!(
            "install {} waits, and the channel is in use now",
            install.no
        );
        let request = outbox::request_wake_for(&mut state, &why, now);
        let event = request.event("server", self.device.id, now);
        self.add(DeviceChange::new(&self.device, state).with_events(vec![event]));
    }

    /// Adds what is logged of an install: each of its steps from this one on.
    pub fn note(&mut self, install: &Install, from: usize, actor: &str, now: Timestamp) {
        let steps = install.steps.get(from..).unwrap_or_default();
        let events = steps
            .iter()
            .map(|step| event(&self.device, install, step, actor, now))
            .collect();
        self.add(DeviceChange::only_events(&self.device, events));
    }

    /// Ends an install because somebody asked for that: what waits is cancelled.
    fn end(
        &mut self,
        install: &mut Install,
        state: InstallState,
        why: String,
        (actor, now): (&str, Timestamp),
    ) -> Result<(), Refusal> {
        self.withdraw(install, actor, now)?;
        let (why, steps) = (with_device_note(install, why), install.steps.len());
        install.step(state, now, Some(why));
        self.note(install, steps, actor, now);
        Ok(())
    }

    /// Cancels what of the install's commands is open still.
    fn withdraw(
        &mut self,
        install: &mut Install,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let readings = std::mem::take(&mut install.reading);
        for seq in std::iter::once(install.command).chain(readings) {
            if self.device.state.open(seq).is_none() {
                continue;
            }
            match cancel_command(&self.device, seq, actor, now) {
                Ok(change) => self.add(change),
                // Time alone has ended it; the next session writes that down.
                Err(Refusal::Conflict(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }
}
