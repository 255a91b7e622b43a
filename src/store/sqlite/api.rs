//! Writes of the API, each with its answer, in one transaction.

use rusqlite::Connection;

use super::rows::{self, Key};
use super::{batches, changes, installs, once, read, registry, tokens};
use crate::StoreError;
use crate::api::{ImportStep, Imported, Once, Plan, Write};
use crate::seal::Keys;
use modegate_core::change::Refusal;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::Event;
use modegate_core::ids::{DeviceId, Source};

pub(super) fn write(
    db: &Connection,
    keys: &Keys,
    write: Write,
    named: Option<&Once>,
) -> Result<Vec<u8>, StoreError> {
    if let Some(named) = named
        && once::kept(db, keys, named)?.is_some()
    {
        return Err(StoreError::Done);
    }
    let answer = done(db, keys, write)?;
    if let Some(named) = named {
        once::keep(db, keys, named, &answer)?;
    }
    Ok(answer)
}

fn done(db: &Connection, keys: &Keys, write: Write) -> Result<Vec<u8>, StoreError> {
    match write {
        Write::Register {
            id,
            record,
            event,
            answer,
        } => Ok(answer(&register(db, keys, id, &record, event)?)),
        Write::Alter {
            device,
            decide,
            answer,
        } => Ok(answer(&changes::alter(db, keys, device, decide)?)),
        Write::Command { id, decide, answer } => {
            let device = changes::alter(db, keys, id.device, decide)?;
            let after = id.seq.0.saturating_sub(1);
            let one = read::commands(db, keys, id.device, after, 1)?;
            let command = one.into_iter().find(|command| command.id == id);
            let missing = || Refusal::Missing("there is no such command".to_owned());
            let command = command.ok_or_else(|| StoreError::Refused(missing()))?;
            Ok(answer(&(command, device)))
        }
        Write::Retire {
            device,
            check,
            event,
            answer,
        } => {
            let before = found(db, keys, device)?;
            check(&before).map_err(StoreError::Refused)?;
            registry::retire(db, device, event)?;
            Ok(answer(&before))
        }
        Write::Import {
            sources,
            plan,
            answer,
        } => Ok(answer(&import(db, keys, &sources, plan)?)),
        Write::CreateToken {
            token,
            event,
            answer,
        } => {
            tokens::create(db, &token, event)?;
            Ok(answer(&token))
        }
        Write::PushProfile { id, decide, answer } => {
            Ok(answer(&super::push::change(db, keys, id, decide)?))
        }
        Write::CreateBatch {
            batch,
            event,
            answer,
        } => {
            batches::create(db, keys, &batch, event)?;
            Ok(answer(&batch))
        }
        Write::Installs(write) => installs::write(db, keys, write),
        Write::StopBatch {
            id,
            take_back,
            event,
            answer,
        } => Ok(answer(&batches::stop(db, keys, id, take_back, event)?)),
        Write::RevokeToken { id, event, answer } => Ok(answer(&tokens::revoke(db, id, event)?)),
    }
}

fn found(db: &Connection, keys: &Keys, id: DeviceId) -> Result<Device, StoreError> {
    rows::device(db, keys, &Key::Id(id))?.ok_or(StoreError::NoDevice)
}

fn register(
    db: &Connection,
    keys: &Keys,
    id: DeviceId,
    record: &DeviceRecord,
    event: Event,
) -> Result<Device, StoreError> {
    registry::register(db, keys, id, record, event)?;
    found(db, keys, id)
}

/// All entries or none: what is wrong with any is found before the whole is refused.
fn import(
    db: &Connection,
    keys: &Keys,
    sources: &[Source],
    mut plan: Plan,
) -> Result<Vec<Imported>, StoreError> {
    let (mut done, mut conflicts) = (Vec::with_capacity(sources.len()), Vec::new());
    for (at, source) in sources.iter().enumerate() {
        let there = rows::device(db, keys, &Key::Source(&source.0))?;
        match (plan(at, there.as_ref()), there) {
            (ImportStep::Conflict(fault), _) => conflicts.push(fault),
            // After the first conflict nothing stays of what is written.
            _ if !conflicts.is_empty() => {}
            (ImportStep::Register(id, record, event), _) => {
                registry::register(db, keys, id, &record, *event)?;
                done.push(Imported::Created(id));
            }
            (ImportStep::Change(change), Some(device)) => {
                changes::alter(db, keys, device.id, Box::new(move |_| Ok(*change)))?;
                done.push(Imported::Updated(device.id));
            }
            (ImportStep::Skip, Some(device)) => done.push(Imported::Skipped(device.id)),
            (ImportStep::Change(_) | ImportStep::Skip, None) => return Err(StoreError::NoDevice),
        }
    }
    if conflicts.is_empty() {
        Ok(done)
    } else {
        Err(StoreError::Refused(Refusal::Conflicts(conflicts)))
    }
}
