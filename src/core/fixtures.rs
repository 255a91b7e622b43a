//! A device and a command that tests of several modules begin with.

use crate::command::{CommandBody, Operation};
use crate::context::Family;
use crate::device::{Device, DeviceRecord, DeviceState};
use crate::ids::{DeviceId, Source};
use crate::time::Timestamp;
use uuid::Uuid;

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// A registered device of that number, in these groups.
pub(crate) fn device(number: u64, groups: &[&str]) -> Device {
    Device {
        number,
        id: DeviceId(Uuid::from_u128(number.into())),
        record: DeviceRecord {
            source: Source(format!("d{number}")),
            family: Family::Windows81,
            device_client_id: "c".into(),
            user: None,
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            credentials: None,
            certificates: Vec::new(),
            registered_at: NOW,
            rotation: Default::default(),
        },
        state: DeviceState::registered(),
    }
}

/// A command that reads one node.
pub(crate) fn body() -> CommandBody {
    let get = Operation::get("./DevInfo/DevId".into());
    CommandBody::new("raw", "test", NOW, vec![get])
}
