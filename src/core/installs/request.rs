//! What a request for an install does, and what taking one back does: pure
//! functions of the device as it stands.

use super::{Install, OPEN, State, Step};
use crate::catalogue::{App, Release};
use crate::change::{Change, Refusal};
use crate::command::CommandBody;
use crate::device::Device;
use crate::device::outbox;
use crate::event::{Event, EventType};
use crate::ids::CommandSeq;
use crate::session::queue::{cancel as cancel_command, queue};
use crate::time::Timestamp;

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
}

/// What is to be written.
#[derive(Debug)]
pub struct Written {
    /// What changes of the device, if anything does.
    /// What is to be written so far.
    pub change: Option<Change>,
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
    let of_app = |install: &&Install| install.app == request.app.id;
    let same = installs
        .iter()
        .rev()
        .filter(of_app)
        .find(|install| install.version == request.release.version);
    let counts = |install: &&Install| {
        !install.state.is_final() || install.state == State::Installed && !request.again
    };
    // An older version may have been installed since.
    let newer = |install: &Install| {
        let mut later = installs.iter().filter(of_app);
        later.any(|other| other.no > install.no && other.state == State::Installed)
    };
    if let Some(install) = same.filter(counts).filter(|install| !newer(install)) {
        return Ok(Written {
            change: None,
            installs: Vec::new(),
            answer: Some(install.clone()),
            created: false,
        });
    }
    let open = installs.iter().filter(|install| !install.state.is_final());
    let old: Vec<&Install> = open.clone().filter(of_app).collect();
    if open.count() - old.len() >= OPEN {
        let why = format!("the device has {OPEN} installs under way, the most that it may have");
        return Err(Refusal::Conflict(why));
    }
    let (now, actor) = (request.command.queued_at, request.command.actor.clone());
    let mut chain = Chain::new(device);
    let mut written: Vec<Install> = Vec::new();
    for install in old {
        let why = format!(
            "a request for version {} took its place",
            request.release.version
        );
        let mut install = install.clone();
        chain.withdraw(&mut install, &actor, now)?;
        install.superseded_by = Some(no);
        let why = told(&install, why);
        let steps = install.steps.len();
        install.step(State::Superseded, now, Some(why));
        chain.note(&install, steps, &actor, now);
        written.push(install);
    }
    let seq = chain.queue(request.command)?;
    let mut install = Install {
        no,
        app: request.app.id,
        name: request.app.name,
        version: request.release.version,
        package_full_name: request.release.package_full_name,
        command: seq,
        job_id: request.job_id,
        requested_by: actor.clone(),
        requested_at: now,
        state: State::Requested,
        steps: Vec::new(),
        reason: None,
        progress: None,
        last_error: None,
        reading: Vec::new(),
        reads: 0,
        misses: 0,
        superseded_by: None,
        warnings: request.warnings,
    };
    install.step(State::Requested, now, None);
    chain.note(&install, 0, &actor, now);
    written.push(install.clone());
    Ok(Written {
        change: chain.change,
        installs: written,
        answer: Some(install),
        created: true,
    })
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
            "the install is {}; only one that is under way can be taken back",
            install.state.name()
        )));
    }
    let (mut chain, mut install) = (Chain::new(device), install.clone());
    chain.withdraw(&mut install, actor, now)?;
    let why = told(&install, format!("taken back by {actor}"));
    let steps = install.steps.len();
    install.step(State::Cancelled, now, Some(why));
    chain.note(&install, steps, actor, now);
    Ok(Written {
        change: chain.change,
        installs: vec![install.clone()],
        answer: Some(install),
        created: false,
    })
}

/// Beside the reason, that the device goes on where it does.
fn told(install: &Install, why: String) -> String {
    if install.state >= State::Delivered {
        format!("{why}; the device had its command already and may install it all the same")
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
    pub change: Option<Change>,
}

impl Chain {
    /// Nothing to be written yet.
    pub fn new(device: &Device) -> Self {
        Chain {
            device: device.clone(),
            change: None,
        }
    }

    fn add(&mut self, next: Change) {
        self.device.state = next.state.clone();
        self.change = Some(match self.change.take() {
            None => next,
            Some(mut all) => {
                all.state = next.state;
                all.queued.extend(next.queued);
                all.parts.extend(next.parts);
                all.events.extend(next.events);
                all.only_queues &= next.only_queues;
                all
            }
        });
    }

    /// Queues a command; its number.
    pub fn queue(&mut self, command: CommandBody) -> Result<CommandSeq, Refusal> {
        let (change, seq) = queue(&self.device, command)?;
        self.add(change);
        Ok(seq)
    }

    /// Wishes for a wake, for an install whose command waits for one.
    pub fn wish(&mut self, install: &Install, now: Timestamp) {
        let mut state = self.device.state.clone();
        let why = format!(
            "install {} waits, and the channel is in use now",
            install.no
        );
        let wished = outbox::wish(&mut state, &why, now);
        let event = wished.event("server", self.device.id, now);
        self.add(Change {
            record: None,
            state,
            queued: Vec::new(),
            parts: Vec::new(),
            events: vec![event],
            only_queues: false,
        });
    }

    /// Adds what is logged of an install: each of its steps from this one on.
    pub fn note(&mut self, install: &Install, from: usize, actor: &str, now: Timestamp) {
        let steps = install.steps.get(from..).unwrap_or_default();
        let events = steps
            .iter()
            .map(|step| event(&self.device, install, step, actor, now))
            .collect();
        self.add(Change {
            record: None,
            state: self.device.state.clone(),
            queued: Vec::new(),
            parts: Vec::new(),
            events,
            only_queues: true,
        });
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
