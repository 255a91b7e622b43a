//! A device, a command and messages that tests of several modules begin with.

use crate::catalogue::Version;
use crate::command::{CommandBody, Operation};
use crate::context::Family;
use crate::device::{Device, DeviceRecord, DeviceState};
use crate::ids::{CommandSeq, DeviceId, Source};
use crate::installs::{Install, InstallState};
use crate::push::address::UriDigest;
use crate::push::channel::{self, Channel};
use crate::time::Timestamp;
use uuid::Uuid;

#[allow(dead_code, reason = "shared with the suite and the benches")]
#[path = "../../tests/suite/support/syncml.rs"]
pub(crate) mod syncml;

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// A device of that number, just registered under that name.
pub(crate) fn registered(number: u64, source: &str, family: Family, at: Timestamp) -> Device {
    Device {
        number,
        id: DeviceId(Uuid::from_u128(number.into())),
        record: DeviceRecord::new(Source(source.to_owned()), family, at),
        state: DeviceState::registered(),
    }
}

/// A channel that the server set at that time, with a URI that was read then.
pub(crate) fn active_channel(family: Family, at: Timestamp) -> Channel {
    use channel::Event;
    let read = Event::UriRead {
        digest: UriDigest([1; 32]),
        expires_at: None,
    };
    let events = [Event::SetDelivered, Event::SetStatus(200), read];
    events
        .into_iter()
        .fold(Channel::default(), |channel, event| {
            channel::next(&channel, event, family, at).channel
        })
}

/// A registered device of that number, in these groups.
pub(crate) fn device(number: u64, groups: &[&str]) -> Device {
    let mut device = registered(number, &format!("d{number}"), Family::Windows81, NOW);
    device.record.groups = groups.iter().map(|&group| group.to_owned()).collect();
    device
}

/// A command that reads one node.
pub(crate) fn body() -> CommandBody {
    let get = Operation::get("./DevInfo/DevId".into());
    CommandBody::new("raw", "test", NOW, vec![get])
}

/// An install of that number, just asked for, with no step yet.
pub(crate) fn install(no: u32) -> Install {
    Install {
        no,
        app: "erp".into(),
        name: "ERP".into(),
        version: Version::parse("1.0").expect("a version"),
        package_full_name: None,
        command: CommandSeq(no),
        job_id: "job".into(),
        requested_by: "api:portal".into(),
        requested_at: NOW,
        state: InstallState::Requested,
        steps: Vec::new(),
        reason: None,
        progress: None,
        last_error: None,
        reading: Vec::new(),
        reads: 0,
        misses: 0,
        superseded_by: None,
        warnings: Vec::new(),
        person: None,
    }
}
