//! The worker: looks at every device that changed while it has open installs,
//! and writes down what follows.
//!
//! Which devices those are stands in the store, put there in the transaction
//! of the change, and is taken out in the one that writes what follows. So
//! nothing of this costs a session more than that, and a process that dies at
//! any point leaves nothing undone: the next one looks again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::clock::Clock;
use crate::supervisor::{Worker, next_commit};
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::command::{CommandState, ServerPurpose, StoredCommand};
use modegate_core::device::Device;
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::installs::facts::{CommandFacts, Facts};
use modegate_core::installs::machine::{Act, Move, next};
use modegate_core::installs::reading::{self, Reading};
use modegate_core::installs::request::{Chain, Written};
use modegate_core::installs::{Install, InstallState, JobRules};
use modegate_core::session::queue::state_at;
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// Devices looked at in one round.
const ROUND: usize = 64;
/// How often one device is looked at anew when it changes meanwhile.
const TRIES: u32 = 5;
/// Events of a device that are looked through for when a command went out.
const LOOK_BACK: usize = 64;
/// How often time alone is taken for a reason to look.
const SWEEP: Duration = Duration::from_secs(10 * 60);
/// Between two looks: a store under load commits a thousand times a second, and
/// to look after each took a fifteenth of the server's CPU.
const REST: Duration = Duration::from_millis(20);

/// The worker.
pub(super) struct InstallWorker {
    store: Arc<dyn Store>,
    rules: JobRules,
    clock: Clock,
    commits: watch::Receiver<u64>,
    next_sweep: Instant,
}

impl InstallWorker {
    pub(super) fn new(store: Arc<dyn Store>, rules: JobRules, clock: Clock) -> Self {
        InstallWorker {
            commits: store.commits(),
            store,
            rules,
            clock,
            next_sweep: Instant::now(),
        }
    }
}

#[async_trait]
impl Worker for InstallWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        // Marked as seen before the list is read: what comes after wakes again.
        self.commits.borrow_and_update();
        let now = Instant::now();
        if now >= self.next_sweep {
            self.store.all_installs_due().await?;
            self.next_sweep = now + SWEEP;
        }
        let due = self.store.installs_due(ROUND).await?;
        if due.is_empty() {
            return Ok(self.next_sweep.duration_since(now));
        }
        let mut looked = Ok(Duration::ZERO);
        for device in due {
            // One that cannot be looked at must not hold up the others.
            if let Err(error) = look(&*self.store, &self.rules, &self.clock, device).await {
                looked = Err(error);
            }
        }
        looked
    }

    async fn woken(&mut self) {
        next_commit(&mut self.commits).await;
        sleep(REST).await;
    }
}

/// Looks at one device.
async fn look(
    store: &dyn Store,
    rules: &JobRules,
    clock: &Clock,
    id: DeviceId,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let Some(device) = store.device(id).await? else {
            return Ok(());
        };
        let now = clock.now();
        let mut moves = Vec::new();
        for install in store.open_installs(id).await? {
            let facts = facts(store, &device, &install, now).await?;
            let moved = next(&install, &facts, rules);
            moves.push((install, moved));
        }
        let decide = move |seen: &Device, installs: &[Install], _: u32| {
            write(&device, seen, installs, moves, now)
        };
        match store.move_installs(id, Box::new(decide)).await {
            // Something happened since it was looked at.
            Err(StoreError::Refused(Refusal::Stale(_))) => {}
            Err(StoreError::NoDevice) => return Ok(()),
            other => return other,
        }
    }
    // It is due still, and its turn comes again.
    Ok(())
}

/// What is written, if everything is as it was when it was looked at.
fn write(
    looked: &Device,
    seen: &Device,
    installs: &[Install],
    moves: Vec<(Install, Move)>,
    now: Timestamp,
) -> Result<Written, Refusal> {
    let same = looked.state == seen.state
        && installs.len() == moves.len()
        && installs
            .iter()
            .zip(&moves)
            .all(|(there, (before, _))| there == before);
    if !same {
        return Err(Refusal::Stale("the device changed meanwhile".to_owned()));
    }
    let mut chain = Chain::new(seen);
    let mut written = Vec::new();
    for (before, moved) in moves {
        let mut install = moved.install;
        match moved.act {
            Some(Act::Read) => read(&mut chain, seen, &mut install, now),
            Some(Act::RequestWake) => chain.request_wake(&install, now),
            None => {}
        }
        if install.steps.len() > before.steps.len() {
            chain.note(&install, before.steps.len(), "server", now);
        }
        // One that is final was open for this look only.
        if install != before || before.state.is_final() {
            written.push(install);
        }
    }
    // They were looked at just now.
    let change = chain.change.map(|change| DeviceChange {
        review_installs: false,
        ..change
    });
    Ok(Written {
        change,
        installs: written,
        answer: None,
        created: false,
    })
}

/// Queues what reads how the job goes. A full queue, or a device that is
/// unenrolled, leaves it for another time.
fn read(chain: &mut Chain, device: &Device, install: &mut Install, now: Timestamp) {
    let last = device.state.session.as_ref().map(|session| session.no);
    for command in reading::commands(install, last, now) {
        if let Ok(seq) = chain.queue(command) {
            install.reading.push(seq);
        }
    }
}

/// Gathers what the install looks at.
async fn facts<'a>(
    store: &dyn Store,
    device: &'a Device,
    install: &Install,
    now: Timestamp,
) -> Result<Facts<'a>, StoreError> {
    let stored = stored(store, device, install.command).await?;
    let mut command = command_facts(device, install, stored.as_ref(), now);
    if command.state != CommandState::Queued {
        command.delivered_at = delivered_at(store, device, install).await?;
    }
    let (mut reading, mut ended) = (Reading::default(), true);
    for seq in &install.reading {
        ended &= device.state.open(*seq).is_none();
        if let Some(one) = self::stored(store, device, *seq).await? {
            reading.take(&one.parts);
        }
    }
    // One that was queued, but is not known to the install: the process died between.
    let is_reading = device
        .state
        .open
        .iter()
        .any(|open| open.options.purpose == Some(ServerPurpose::Install(install.command)));
    Ok(Facts {
        now,
        family: device.record.family,
        command,
        channel: device.state.channel.as_ref(),
        wake: device.state.wake.as_ref(),
        read: (ended && !install.reading.is_empty()).then_some(reading),
        is_reading,
        ended: device.state.enrollment.end_of(install.command),
    })
}

async fn stored(
    store: &dyn Store,
    device: &Device,
    seq: CommandSeq,
) -> Result<Option<StoredCommand>, StoreError> {
    let device = device.id;
    store.command(CommandId { device, seq }).await
}

fn command_facts(
    device: &Device,
    install: &Install,
    stored: Option<&StoredCommand>,
    now: Timestamp,
) -> CommandFacts {
    let last = stored.and_then(|command| command.parts.last());
    let reason = |state: CommandState| {
        let part = last.filter(|part| part.state == state)?;
        part.reason.clone()
    };
    let (state, at) = match device.state.open(install.command) {
        Some(open) => {
            let state = state_at(&device.state, open, now);
            let latest = device.state.latest.as_ref().map_or(now, |latest| latest.at);
            let at = last.filter(|part| part.state == state);
            (state, at.map_or(latest, |part| part.at))
        }
        // Its history was swept, or never was: nothing more is known.
        None => last.map_or((CommandState::Expired, now), |part| (part.state, part.at)),
    };
    CommandFacts {
        state,
        at,
        reason: reason(state),
        delivered_at: None,
    }
}

/// When the command last went out, from the latest events of the device.
async fn delivered_at(
    store: &dyn Store,
    device: &Device,
    install: &Install,
) -> Result<Option<Timestamp>, StoreError> {
    if install.state >= InstallState::Delivered {
        return Ok(None);
    }
    let events = store.events_before(device.id, u64::MAX, LOOK_BACK).await?;
    let carried = events.iter().find(|stored| {
        let mut delivered = stored.event.delivered().iter();
        delivered.any(|entry| entry.command == install.command.0)
    });
    Ok(carried.map(|stored| stored.event.at))
}
