//! Many devices at once, all or none.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::devices::{NewDevice, amended};
use super::error::source_taken;
use super::input::{Input, List, input};
use super::word::{Word, words};
use super::{App, AppError, Principal, WriteOptions};
use modegate_core::device::Device;
use modegate_core::event::{Event, EventType, RecordChange};
use modegate_core::fields::FieldError;
use modegate_core::ids::{DeviceId, Source};
use modegate_core::limits;
use modegate_core::time::Timestamp;
use modegate_store::api::{ImportStep, Imported};

input! {
    /// Devices to register or change in one transaction.
    pub(crate) struct Import {
        /// The devices; no two have the same source.
        pub(crate) devices: NewDevices,
        /// What is done with those whose source is registered already.
        #[schemars(extend("default" = "fail"))]
        pub(crate) on_conflict: Option<Word<OnConflict>>,
    }
}

/// Devices, each with a source of its own.
#[derive(Debug, Clone, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct NewDevices(List<NewDevice, { limits::IMPORT_DEVICES }, 1>);

impl Input for NewDevices {
    const EXPECTED: &'static str = "a list of devices";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let list = List::from_value(value, path, faults);
        let mut first = HashMap::new();
        for (at, entry) in value.as_array().into_iter().flatten().enumerate() {
            let source = entry.get("source").and_then(Value::as_str);
            let before = source.and_then(|source| first.insert(source, at));
            if let Some(before) = before.filter(|_| at < limits::IMPORT_DEVICES) {
                let field = format!("{path}[{at}].source");
                let found = format!("that of {path}[{before}]");
                faults.push(FieldError::new(field, "a source of its own", found));
            }
        }
        list.map(NewDevices)
    }
}

/// What is done with an entry whose source is registered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnConflict {
    /// The whole import is refused.
    Fail,
    /// The device stays as it is.
    Skip,
    /// The device is changed, as one change of it would.
    Update,
}

words!(OnConflict {
    Fail => "fail",
    Skip => "skip",
    Update => "update",
});

/// What became of the entries, in their order, each with its source.
pub(crate) type Report = Vec<(Source, Imported)>;

/// Registers and changes many devices, all or none. Everything that stands against
/// it is found before the whole is refused.
pub(crate) async fn import(
    app: &App,
    by: &Principal,
    import: Import,
    options: WriteOptions<Report>,
) -> Result<Report, AppError> {
    let (now, entries) = (app.now(), import.devices.0.0);
    let on_conflict = import.on_conflict.map_or(OnConflict::Fail, |word| word.0);
    let scope: Vec<FieldError> = entries
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| {
            let field = format!("devices[{at}].groups");
            by.regroup(&[], entry.record(now).groups, &field).err()
        })
        .collect();
    if !scope.is_empty() {
        return Err(scope.into());
    }
    let sources: Vec<Source> = entries
        .iter()
        .map(|entry| Source(entry.source.0.clone()))
        .collect();
    let ids: Vec<DeviceId> = entries.iter().map(|_| DeviceId(app.new_id())).collect();
    let planner = Planner {
        by: by.clone(),
        on_conflict,
        now,
    };
    let plan = move |at: usize, there: Option<&Device>| match (entries.get(at), ids.get(at)) {
        (Some(entry), Some(id)) => planner.step(at, entry, *id, there),
        _ => ImportStep::Skip,
    };
    let of = sources.clone();
    let report = move |done: &Vec<Imported>| of.iter().cloned().zip(done.clone()).collect();
    let keep = options.keep.map(|keep| keep.from_written(report.clone()));
    let done = app.store.import(sources, Box::new(plan), keep).await?;
    Ok(report(&done))
}

/// Says what becomes of the entries of one import.
struct Planner {
    by: Principal,
    on_conflict: OnConflict,
    now: Timestamp,
}

impl Planner {
    /// `id` is the one that a new device gets.
    fn step(
        &self,
        at: usize,
        entry: &NewDevice,
        id: DeviceId,
        there: Option<&Device>,
    ) -> ImportStep {
        let Some(device) = there else {
            let what = EventType::DeviceRegistered;
            let record = entry.record(self.now);
            let event = Event::new(self.now, self.by.actor(), Some(id), what)
                .detail("imported")
                .change(RecordChange::registered(&record));
            return ImportStep::Register(id, Box::new(record), Box::new(event));
        };
        let conflict = || FieldError {
            field: format!("devices[{at}].source"),
            ..source_taken(&entry.source.0)
        };
        if !self.by.may_see(device) {
            return ImportStep::Conflict(conflict());
        }
        match self.on_conflict {
            OnConflict::Fail => ImportStep::Conflict(conflict().conflicting(device.id)),
            OnConflict::Skip => ImportStep::Skip,
            OnConflict::Update => {
                let groups = format!("devices[{at}].groups");
                match amended(&self.by, device, &entry.rest.0, &groups, self.now) {
                    Ok(change) => ImportStep::Change(Box::new(change)),
                    Err(fault) => ImportStep::Conflict(fault),
                }
            }
        }
    }
}
