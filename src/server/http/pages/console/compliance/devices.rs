//! `GET /console/compliance/{baseline}/devices`: the devices that it covers.

use actix_web::web;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::app;
use crate::app::compliance::{self, StateFilter};
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::compliance::{BaselineVerdicts, ComplianceState, ControlId};
use modegate_core::device::Device;
use modegate_core::fields::quoted;
use modegate_pages::console::compliance::Standing;
use modegate_pages::console::compliance::devices::{BaselineDevicesPage, DeviceRow};
use modegate_pages::pager::Pager;
use modegate_store::seal::CursorList;

const ROWS: usize = 50;

/// Which devices.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct DevicesQuery {
    state: String,
    control: String,
    after: String,
}

impl DevicesQuery {
    fn filter(&self) -> Result<StateFilter, Problem> {
        let state = match &*self.state {
            "" => None,
            text => Some(ComplianceState::from_name(text).ok_or_else(|| {
                let names = ComplianceState::ALL.map(ComplianceState::name).join(", ");
                Problem::field("state", format!("one of {names}"), quoted(text))
            })?),
        };
        let control = Some(&self.control).filter(|control| !control.is_empty());
        Ok(StateFilter {
            state,
            control: control.cloned().map(ControlId),
        })
    }

    fn address(&self, baseline: &str, after: Option<&str>) -> String {
        let own = [("state", &*self.state), ("control", &*self.control)];
        let all = own.into_iter().chain(after.map(|after| ("after", after)));
        let set = all.filter(|(_, value)| !value.is_empty());
        let pairs = set.map(|(name, value)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        });
        let query: Vec<String> = pairs.collect();
        format!("/console/compliance/{baseline}/devices?{}", query.join("&"))
    }
}

/// `GET /console/compliance/{baseline}/devices?state=&control=&after=`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    id: web::Path<String>,
    query: web::Query<DevicesQuery>,
) -> Page {
    let (filter, query) = (query.filter()?, query.into_inner());
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            // What is no place begins anew.
            let after = app.place(by, CursorList::Devices, &query.after);
            let page = app::Page { after, limit: ROWS };
            let listed = compliance::devices(app, by, &id, filter, page).await?;
            let found = compliance::overview(app, by).await?;
            let baseline = compliance::baseline(&found.set, &id)?;
            let next = listed
                .next
                .map(|place| app.cursor(by, CursorList::Devices, place));
            let shell = visitor.shell(format!("Devices by {}", baseline.id));
            let states = ComplianceState::ALL.map(|one| (one.name(), Standing(one).text()));
            let controls = baseline.controls.iter().map(|one| one.id.to_string());
            Ok(BaselineDevicesPage {
                shell: shell.below(
                    format!("/console/compliance/{}", baseline.id),
                    format!("Baseline {}", baseline.id),
                ),
                baseline: baseline.id.to_string(),
                states: states.into(),
                controls: controls.collect(),
                rows: listed.items.iter().map(row).collect(),
                pager: Pager {
                    first: after.map(|_| query.address(&id, None)),
                    next: next.map(|next| query.address(&id, Some(&next))),
                    next_text: format!("Next {ROWS}"),
                },
                state: query.state,
                control: query.control,
            })
        })
        .await
}

fn row((device, verdicts): &(Device, BaselineVerdicts)) -> DeviceRow {
    let controls = verdicts.controls.iter();
    let others = controls.filter(|(_, verdict)| verdict.state() != ComplianceState::Compliant);
    DeviceRow {
        id: device.id.to_string(),
        source: device.record.source.0.clone(),
        state: verdicts.state().map(Standing),
        controls: others
            .map(|(control, verdict)| (control.to_string(), Standing(verdict.state())))
            .collect(),
    }
}
