//! The polling schedule of a device, as its view shows it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::Time;
use crate::app::word::Word;
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::polling::{RetrySet, ScheduleState};

/// How often a device asks for news of its own accord.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct PollingView {
    schedule: Word<ScheduleState>,
    /// When the device last reported it.
    read_at: Option<Time>,
    /// Minutes from one poll to the next in the long run.
    every_minutes: Option<u32>,
    /// The first, the second and the remaining retries of DMClient; none on Windows 8.1.
    sets: Vec<RetrySetView>,
    /// Whether the device polls at every logon.
    on_login: Option<bool>,
    /// Whether it polls at each user's first logon.
    on_first_login: Option<bool>,
    /// How often the server has set it since it was last in force.
    repairs: u8,
    repaired_at: Option<Time>,
    /// Whether it is off and the server does not set it any more.
    gave_up: bool,
    /// The hour of the nightly maintenance, device's time; Windows 8.1.
    maintenance_hour: Option<i64>,
}

/// One set of retries; null where the device has no such node.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct RetrySetView {
    /// 0: off.
    interval_minutes: Option<u32>,
    /// 0: without end.
    retries: Option<u32>,
}

impl From<&RetrySet> for RetrySetView {
    fn from(set: &RetrySet) -> Self {
        RetrySetView {
            interval_minutes: set.interval.number(),
            retries: set.count.number(),
        }
    }
}

impl PollingView {
    pub(super) fn new(device: &Device) -> Self {
        let (family, state) = (device.record.family, &device.state);
        let (polling, plan) = (&state.polling, &state.activity.plan);
        let is_nightly = family == Family::Windows81;
        let read_at = if is_nightly {
            plan.read_at
        } else {
            polling.read_at
        };
        let sets = polling.sets.iter().filter(|_| !is_nightly);
        PollingView {
            schedule: Word(polling.of_family(family)),
            read_at: read_at.map(Time),
            every_minutes: polling.long_run_minutes(),
            sets: sets.map(RetrySetView::from).collect(),
            on_login: polling.on_login,
            on_first_login: polling.on_first_login,
            repairs: polling.repairs,
            repaired_at: polling.repaired_at.map(Time),
            gave_up: polling.is_given_up(),
            maintenance_hour: plan.nightly_hour.filter(|_| is_nightly),
        }
    }
}
