//! Compliance: the baselines in force, how many devices are in each state, and how one
//! device stands with its evidence.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::list::{ScanBounds, scan};
use super::{App, AppError, Listed, Page, Principal};
use modegate_core::catalogue::App as CatalogueApp;
use modegate_core::compliance::{
    Baseline, BaselineId, BaselineSet, BaselineVerdicts, ComplianceState, ControlId,
    DeviceCompliance,
};
use modegate_core::device::Device;
use modegate_core::event::{ExchangeRecord, StoredEvent};
use modegate_core::ids::DeviceId;
use modegate_store::Chunk;
use modegate_store::compliance::{Backlog, StateCount};

/// Devices that one request looks at, at most.
const LOOKED_AT: usize = 10_000;
/// Read from the store at once.
const CHUNK: usize = 128;

/// The baselines in force, with how many devices are in each state.
pub(crate) struct Overview {
    /// The baselines.
    pub(crate) set: Arc<BaselineSet>,
    /// The counts; `None` for a caller that does not see all devices.
    pub(crate) counts: Option<Counts>,
    /// How far devices are judged; `None` for the same callers.
    pub(crate) backlog: Option<Backlog>,
}

/// How many devices are in each state.
pub(crate) struct Counts(Vec<StateCount>);

impl Counts {
    /// By this baseline and control, each empty for the whole.
    pub(crate) fn of(&self, baseline: &str, control: &str) -> BTreeMap<String, u64> {
        let own = self.0.iter();
        let own = own.filter(|count| count.baseline == baseline && count.control == control);
        own.map(|count| (count.state.clone(), count.devices))
            .collect()
    }
}

/// The baselines in force.
pub(crate) async fn overview(app: &App, by: &Principal) -> Result<Overview, AppError> {
    let (counts, backlog) = match by.sees_all() {
        true => (
            Some(Counts(app.store.compliance_counts().await?)),
            Some(app.store.compliance_backlog().await?),
        ),
        false => (None, None),
    };
    Ok(Overview {
        set: app.baselines.get(),
        counts,
        backlog,
    })
}

/// The baseline of that id.
///
/// # Errors
/// There is none in force.
pub(crate) fn baseline<'a>(set: &'a BaselineSet, id: &str) -> Result<&'a Baseline, AppError> {
    set.baseline(&BaselineId(id.to_owned()))
        .ok_or_else(|| AppError::missing("baseline"))
}

/// Which devices to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct StateFilter {
    /// Those in this state.
    pub(crate) state: Option<ComplianceState>,
    /// By this control alone.
    pub(crate) control: Option<ControlId>,
}

impl StateFilter {
    fn takes(&self, verdicts: &BaselineVerdicts) -> bool {
        let found = match &self.control {
            Some(control) => verdicts
                .controls
                .get(control)
                .map(|verdict| verdict.state()),
            None => verdicts.state(),
        };
        found.is_some() && self.state.is_none_or(|state| found == Some(state))
    }
}

/// The devices that a baseline covers. A page may be short, or empty, while the list goes on.
pub(crate) async fn devices(
    app: &App,
    by: &Principal,
    id: &str,
    filter: StateFilter,
    page: Page,
) -> Result<Listed<(Device, BaselineVerdicts)>, AppError> {
    let set = app.baselines.get();
    let baseline = baseline(&set, id)?;
    if let Some(control) = &filter.control
        && !baseline.controls.iter().any(|one| one.id == *control)
    {
        let expected = "the id of a control of this baseline";
        let found = modegate_core::fields::quoted(&control.0);
        return Err(AppError::field("control", expected, found));
    }
    let id = &baseline.id;
    let read = async |after| {
        let found = app.store.compliances(after, CHUNK).await?;
        let own = |(device, mut compliance): (Device, DeviceCompliance)| {
            (device, compliance.baselines.remove(id))
        };
        Ok(Chunk::of_up_to(CHUNK, found.into_iter().map(own).collect()))
    };
    let takes = |(device, verdicts): &(Device, Option<BaselineVerdicts>)| {
        verdicts
            .as_ref()
            .is_some_and(|verdicts| filter.takes(verdicts))
            && by.may_see(device)
    };
    let bounds = ScanBounds {
        looks: LOOKED_AT,
        bytes: app.page_bytes,
        weigh: |(device, _): &(Device, Option<BaselineVerdicts>)| device.state.bytes(),
    };
    let found = scan(page, bounds, read, |(device, _)| device.number, takes).await?;
    Ok(found.filter_map(|(device, verdicts)| Some((device, verdicts?))))
}

/// How a device stands, with the exchanges that brought the evidence.
pub(crate) struct Standing {
    /// The baselines in force.
    pub(crate) set: Arc<BaselineSet>,
    /// The verdicts; `None` where the device was not judged yet.
    pub(crate) compliance: Option<DeviceCompliance>,
    exchanges: BTreeMap<u64, StoredEvent>,
}

impl Standing {
    /// The exchange of the device's event of that number, as far as the log goes back.
    pub(crate) fn exchange(&self, event: u64) -> Option<&ExchangeRecord> {
        self.brought(event).map(|(_, exchange)| exchange)
    }

    /// The same with its place in the log.
    pub(crate) fn brought(&self, event: u64) -> Option<(u64, &ExchangeRecord)> {
        let stored = self.exchanges.get(&event)?;
        Some((stored.place, stored.event.exchange.as_ref()?))
    }
}

/// How a device stands.
pub(crate) async fn of_device(
    app: &App,
    by: &Principal,
    id: DeviceId,
) -> Result<Standing, AppError> {
    by.device(app, id).await?;
    let compliance = app.store.compliance(id).await?;
    let verdicts = compliance.iter().flat_map(DeviceCompliance::verdicts);
    let named = verdicts.filter_map(|(_, _, verdict)| verdict.evidence.as_ref()?.event);
    let mut named: Vec<u64> = named.collect();
    named.sort_unstable();
    named.dedup();
    let mut exchanges = BTreeMap::new();
    for number in named {
        // What an exchange had no room for is an event right behind its own.
        for back in 0..2 {
            let before = number.saturating_sub(back).saturating_add(1);
            let found = app.store.events_before(id, before, 1).await?.pop();
            let is_exchange = |stored: &StoredEvent| stored.event.exchange.is_some();
            if let Some(stored) = found.filter(is_exchange) {
                exchanges.insert(number, stored);
                break;
            }
        }
    }
    Ok(Standing {
        set: app.baselines.get(),
        compliance,
        exchanges,
    })
}

/// Refuses an app on a device that is not as it requires.
///
/// # Errors
/// It is not; the controls are named.
pub(crate) async fn check_required(
    app: &App,
    wanted: &CatalogueApp,
    device: DeviceId,
) -> Result<(), AppError> {
    if wanted.requires.is_none() {
        return Ok(());
    }
    let compliance = app.store.compliance(device).await?;
    Ok(wanted.check_required(compliance.as_ref())?)
}
