//! Devices: registered, changed, retired.

use super::error::source_taken;
use super::input::{Clearable, Flat, Line, Lines, List, Parse, Parsed, SecretText, input};
use super::revision::{check, device_tag};
use super::word::{Word, words};
use super::{App, AppError, Principal, WriteOptions};
use modegate_core::change::{self, Refusal};
use modegate_core::command::client_key_fault;
use modegate_core::context::Family;
use modegate_core::device::{
    CertificateDigest, Credentials, Device, DeviceRecord, DeviceState, EndReason, EnrollmentEnd,
    EnrollmentEnding,
};
use modegate_core::event::{Event, EventType, RecordChange};
use modegate_core::fields::FieldError;
use modegate_core::ids::{DeviceId, Source};
use modegate_core::limits::{DEVICE_LIST, NAME_BYTES, SOURCE_BYTES};
use modegate_core::session::{FamilyInUse, end_enrollment, is_enrolled_anew, leave_family};
use modegate_core::time::Timestamp;
use modegate_store::StoreError;
use modegate_wire::auth::PasswordDigest;

input! {
    /// A device to register.
    pub(crate) struct NewDevice {
        /// What the device sends as the Source of its SyncHdr.
        pub(crate) source: Line<SOURCE_BYTES>,
        #[schemars(flatten)]
        pub(crate) rest: Flat<DevicePatch>,
    }

    /// What may change of a device; what is left out stays.
    #[schemars(rename = "DeviceChange")]
    pub(crate) struct DevicePatch {
        /// Default for a new device: `windows81`. To change it, the device must have no
        /// open commands; its push channel is set anew.
        pub(crate) family: Option<Word<Family>>,
        /// The key of MDM_Client. Default: the source.
        pub(crate) device_client_id: Option<Parsed<ClientId>>,
        /// The enrolled user.
        pub(crate) user: Option<Clearable<Line<NAME_BYTES>>>,
        /// The groups that it is in.
        pub(crate) groups: Option<Lines<DEVICE_LIST, NAME_BYTES>>,
        /// What it proves itself with in SyncML.
        pub(crate) credentials: Option<Clearable<NewCredentials>>,
        /// The certificates that it proves itself with in TLS.
        pub(crate) certificate_sha256: Option<List<Parsed<CertificateDigest>, DEVICE_LIST>>,
        /// `new`: the device was enrolled anew, so its queue, its channel and its installs
        /// end. `same`: it was not, whatever certificates it lists. Default: as the
        /// certificates say; a list without any of those before is of a new enrollment.
        pub(crate) enrollment: Option<Word<EnrollmentWord>>,
    }

    /// Credentials of a device.
    #[schemars(inline)]
    pub(crate) struct NewCredentials {
        pub(crate) username: Parsed<Username>,
        pub(crate) password: SecretText<NAME_BYTES>,
    }
}

/// Whether a device was enrolled anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnrollmentWord {
    /// It was.
    New,
    /// It was not.
    Same,
}

words!(EnrollmentWord {
    New => "new",
    Same => "same",
});

/// A key of MDM_Client that a LocURI can carry.
#[derive(Debug, Clone)]
pub(crate) struct ClientId(String);

impl Parse for ClientId {
    const MAX: usize = NAME_BYTES;

    fn parse(line: &str) -> Result<Self, String> {
        match client_key_fault(line) {
            Some(expected) => Err(format!("a key that can stand in a LocURI: {expected}")),
            None => Ok(ClientId(line.to_owned())),
        }
    }
}

/// A name that Basic can carry.
#[derive(Debug, Clone)]
pub(crate) struct Username(String);

impl Parse for Username {
    const MAX: usize = NAME_BYTES;

    fn parse(line: &str) -> Result<Self, String> {
        match line.contains(':') {
            true => Err("no ':', which ends the name in Basic".to_owned()),
            false => Ok(Username(line.to_owned())),
        }
    }
}

impl NewDevice {
    /// The device's record.
    pub(super) fn record(&self, now: Timestamp) -> DeviceRecord {
        let source = Source(self.source.0.clone());
        let mut record = DeviceRecord::new(source, Family::Windows81, now);
        // Of a new device nothing is revoked: there is nothing to refuse.
        let _ = self.rest.0.amend(&mut record);
        record
    }
}

impl DevicePatch {
    /// Applies the fields of the request. A certificate that was revoked for the device does not
    /// come back.
    fn amend(&self, record: &mut DeviceRecord) -> Result<(), FieldError> {
        if let Some(family) = self.family {
            record.family = family.0;
        }
        if let Some(id) = &self.device_client_id {
            record.device_client_id.clone_from(&id.0.0);
        }
        if let Some(user) = &self.user {
            record.user = user.value().map(|user| user.0.clone());
        }
        if let Some(groups) = &self.groups {
            record.groups = groups.clone().texts();
        }
        if let Some(credentials) = &self.credentials {
            record.credentials = credentials.value().map(NewCredentials::credentials);
        }
        if let Some(certificates) = &self.certificate_sha256 {
            let all = certificates.0.iter().map(|one| one.0).collect();
            record.set_certificates(all).map_err(|error| {
                FieldError::new("certificate_sha256", "none that is revoked", error)
            })?;
        }
        Ok(())
    }
}

impl NewCredentials {
    fn credentials(&self) -> Credentials {
        let username = &self.username.0.0;
        Credentials {
            username: username.clone(),
            digest: PasswordDigest::new(username, self.password.0.reveal()),
        }
    }
}

/// Registers a device. A caller learns which device has the source already where it
/// may see that device.
pub(crate) async fn register(
    app: &App,
    by: &Principal,
    new: NewDevice,
    options: WriteOptions<Device>,
) -> Result<Device, AppError> {
    let (now, id) = (app.now(), DeviceId(app.new_id()));
    let mut record = new.record(now);
    record.groups = by.regroup(&[], record.groups, "groups")?;
    let event = Event::new(now, by.actor(), Some(id), EventType::DeviceRegistered)
        .change(RecordChange::registered(&record));
    let source = record.source.0.clone();
    let registered = app.store.register(id, record, event, options.keep).await;
    match registered {
        Err(StoreError::SourceTaken(taken)) => {
            let taken = app.store.device(taken).await?;
            let taken = taken.filter(|device| by.may_see(device));
            let fault = match taken {
                Some(device) => source_taken(&source).conflicting(device.id),
                None => source_taken(&source),
            };
            Err(AppError::Conflicts(vec![fault]))
        }
        registered => Ok(registered?),
    }
}

/// Changes the fields of a device that the request names.
pub(crate) async fn change(
    app: &App,
    by: &Principal,
    id: DeviceId,
    change: DevicePatch,
    options: WriteOptions<Device>,
) -> Result<Device, AppError> {
    by.device(app, id).await?;
    let (own, now, expected) = (by.clone(), app.now(), options.expected);
    let decide = by.decide(move |device| {
        check(expected.as_ref(), &device_tag(device))?;
        amended(&own, device, &change, "groups", now).map_err(Refusal::Field)
    });
    Ok(app.store.alter(id, decide, options.keep).await?)
}

/// The change of a device that a request asks for. `groups` is what its groups are called
/// in faults.
pub(super) fn amended(
    by: &Principal,
    device: &Device,
    change: &DevicePatch,
    groups: &str,
    now: Timestamp,
) -> Result<change::DeviceChange, FieldError> {
    let mut record = device.record.clone();
    change.amend(&mut record)?;
    if change.groups.is_some() {
        record.groups = by.regroup(&device.record.groups, record.groups, groups)?;
    }
    let mut event = Event::new(now, by.actor(), Some(device.id), EventType::DeviceChanged);
    let word = change.enrollment;
    let names_key = change.device_client_id.is_some();
    let (from, to) = (device.record.family, record.family);
    let moves = from != to;
    if moves {
        event = event.detail(format!("family {}, was {}", to.name(), from.name()));
    }
    let mut change = identity_change(device, record, event, word);
    if moves {
        let after = Device {
            state: change.state.clone(),
            ..device.clone()
        };
        let left = leave_family(&after, now).map_err(|in_use| family_in_use(&in_use, to))?;
        // The event of the change, and what ended with it.
        let mut events = change.events.drain(..);
        let event = events.next().map(|event| event.ending(&left.parts));
        change.events = event.into_iter().chain(events).collect();
        change = change.then(left);
    }
    if names_key {
        change.state.enrollment.client_id = None;
    }
    Ok(change)
}

fn family_in_use(in_use: &FamilyInUse, wanted: Family) -> FieldError {
    let expected = format!(
        "{}, as long as the device has open commands: cancel them first, or send \"enrollment\": \
         \"new\" with it if the device was enrolled anew",
        in_use.family.name()
    );
    let found = format!("{}, and {in_use}", wanted.name());
    FieldError::new("family", expected, found)
}

/// A change of who proves to be the device, with what of its record is another in the event:
/// nothing is replayed. Where it was enrolled
/// anew, as `word` or its certificates say, what belonged to its enrollment ends.
pub(super) fn identity_change(
    device: &Device,
    mut record: DeviceRecord,
    event: Event,
    word: Option<Word<EnrollmentWord>>,
) -> change::DeviceChange {
    let reason = match word.map(|word| word.0) {
        Some(EnrollmentWord::New) => Some(EndReason::Requested),
        Some(EnrollmentWord::Same) => None,
        None => is_enrolled_anew(device, &record).then_some(EndReason::NewCertificate),
    };
    // What the server issued is no longer what proves the device.
    let replaced = record
        .enrollment
        .take_if(|_| reason == Some(EndReason::NewCertificate));
    let state = DeviceState {
        latest: None,
        ..device.state.clone()
    };
    let (actor, now) = (event.actor.clone(), event.at);
    let changed = Device {
        state: state.clone(),
        ..device.clone()
    };
    let event = event.change(RecordChange::between(&device.record, &record));
    let mut change = change::DeviceChange::new(device, state)
        .with_record(record)
        .with_events(vec![event]);
    change.ending = replaced.map(|enrollment| EnrollmentEnding {
        enrollment,
        end: EnrollmentEnd {
            at: now,
            reason: EndReason::NewCertificate,
        },
    });
    match reason {
        Some(reason) => change.then(end_enrollment(&changed, reason, &actor, now)),
        None => change,
    }
}

/// Retires a device: its record and queue are gone, its events stay. The device as
/// it was.
pub(crate) async fn retire(
    app: &App,
    by: &Principal,
    id: DeviceId,
    options: WriteOptions<Device>,
) -> Result<Device, AppError> {
    let (own, expected) = (by.clone(), options.expected);
    let may = move |device: &Device| {
        own.covers(device)?;
        check(expected.as_ref(), &device_tag(device))
    };
    let event = Event::new(app.now(), by.actor(), Some(id), EventType::DeviceRetired);
    let retired = app.store.retire(id, Box::new(may), event, options.keep);
    Ok(retired.await?)
}
