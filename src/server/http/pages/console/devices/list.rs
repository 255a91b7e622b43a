//! `GET /console/devices`: which devices there are.

use actix_web::web;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::flag;
use crate::app::device_list::{self, DeviceFilter, DevicePage};
use crate::app::{AppError, fleet};
use crate::http::pages::console::may_operate;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::context::{Family, Mode};
use modegate_core::device::Device;
use modegate_core::fields::quoted;
use modegate_core::fleet::{Census, DeviceFlag};
use modegate_core::limits::NAME_BYTES;
use modegate_pages::console::devices::list::{DeviceRow, DevicesPage, Filter};
use modegate_pages::console::devices::{Flag, LastSeen};
use modegate_pages::pager::Pager;

/// Devices on one page.
const ROWS: usize = 50;
/// Groups that are offered; where there are more, their names are typed.
const GROUPS: usize = 200;

/// Which devices.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct ListQuery {
    q: String,
    group: String,
    family: String,
    flag: String,
    after: String,
}

impl ListQuery {
    /// What is looked for; what is no family and no flag is refused.
    fn filter(&self) -> Result<DeviceFilter, Problem> {
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        for (name, value) in [("q", &self.q), ("group", &self.group)] {
            if value.len() > NAME_BYTES {
                let expected = format!("at most {NAME_BYTES} bytes");
                return Err(Problem::field(name, expected, value.len()));
            }
        }
        Ok(DeviceFilter {
            prefix: text(&self.q),
            group: text(&self.group),
            family: named("family", "a family", &self.family, Family::from_name)?,
            flag: named("flag", "a flag", &self.flag, DeviceFlag::from_name)?,
            ..DeviceFilter::default()
        })
    }

    /// The filters that are set: their fields, and what is to be said of each.
    fn set(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("q", self.q.trim()),
            ("group", self.group.trim()),
            ("family", self.family.as_str()),
            ("flag", self.flag.as_str()),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }

    /// The address of the list with these filters but one, from a place on.
    fn address(&self, without: Option<&str>, after: Option<&str>) -> String {
        let set = self
            .set()
            .into_iter()
            .filter(|(name, _)| Some(*name) != without);
        let place = after.map(|after| ("after", after));
        let pairs = set.chain(place).map(|(name, value)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        });
        let query: Vec<String> = pairs.collect();
        match query.is_empty() {
            true => "/console/devices".to_owned(),
            false => format!("/console/devices?{}", query.join("&")),
        }
    }

    /// Where a command is queued for all that match: for all devices or those of one group.
    fn batch(&self) -> Option<String> {
        match self.set()[..] {
            [] => Some("/console/batches/new?all=yes".to_owned()),
            [("group", group)] => {
                let group = utf8_percent_encode(group, NON_ALPHANUMERIC);
                Some(format!("/console/batches/new?group={group}"))
            }
            _ => None,
        }
    }
}

fn named<T>(
    field: &str,
    expected: &str,
    text: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Problem::field(field, expected, quoted(text));
    read(text).ok_or_else(wrong).map(Some)
}

/// `GET /console/devices`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<ListQuery>) -> Page {
    let query = query.into_inner();
    let filter = query.filter()?;
    visitor
        .read(move |visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            let after = match query.after.as_str() {
                "" => None,
                // What is no place begins anew.
                text => app.device_place(by, filter.prefix.is_some(), text),
            };
            let is_first = after.is_none();
            let page = DevicePage {
                after: after.unwrap_or_default(),
                limit: ROWS,
            };
            let listed = device_list::list(app, by, &filter, page).await?;
            let flags = device_list::flags(app, &listed.items).await?;
            let is_partial = listed.next.is_some() && listed.items.len() < ROWS;
            let next = listed.next.map(|place| app.device_cursor(by, &place));
            let census = match fleet::census(app, by).await {
                Ok(census) => Some(census),
                Err(AppError::Missing(_) | AppError::Forbidden(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let may_operate = may_operate(&visitor);
            let rows = listed.items.iter().zip(flags);
            let devices: Vec<DeviceRow> = rows
                .map(|(device, flags)| row(&visitor, device, flags))
                .collect();
            Ok(DevicesPage {
                shell: visitor.shell("Devices"),
                has_any: !devices.is_empty() || !query.set().is_empty() || !is_first,
                is_partial,
                pager: Pager {
                    first: (!is_first).then(|| query.address(None, None)),
                    next: next.map(|next| query.address(None, Some(&next))),
                    next_text: format!("Next {ROWS}"),
                },
                as_of: census.as_ref().map(|census| census.begun_at),
                batch_for_all: query
                    .batch()
                    .filter(|_| may_operate && is_allowed(&visitor, &query)),
                may_operate,
                filter: shown(&visitor, &query, census.as_ref()),
                devices,
            })
        })
        .await
}

/// Whoever is bound to groups cannot mean all devices.
fn is_allowed(visitor: &Visitor, query: &ListQuery) -> bool {
    visitor.by().sees_all() || !query.group.trim().is_empty()
}

fn shown(visitor: &Visitor, query: &ListQuery, census: Option<&Census>) -> Filter {
    let groups = match (visitor.by().groups(), census) {
        (Some(own), _) => own,
        (None, Some(census)) if census.groups.len() <= GROUPS => {
            census.groups.keys().cloned().collect()
        }
        (None, _) => Vec::new(),
    };
    let is_known = query.group.is_empty() || groups.contains(&query.group);
    let set = query.set().into_iter().map(|(name, value)| {
        let text = match name {
            "q" => format!("the search for {value}"),
            "flag" => format!("the flag {}", value.replace('_', " ")),
            _ => format!("the {name} {value}"),
        };
        (text, query.address(Some(name), None))
    });
    let flags = DeviceFlag::ALL.into_iter();
    Filter {
        text: query.q.clone(),
        group: query.group.clone(),
        groups: if is_known { groups } else { Vec::new() },
        family: query.family.clone(),
        families: Family::ALL.map(Family::name).into(),
        flag: query.flag.clone(),
        flags: flags
            .map(|flag| (flag.name().to_owned(), flag.words()))
            .collect(),
        set: set.collect(),
    }
}

fn row(visitor: &Visitor, device: &Device, flags: Vec<DeviceFlag>) -> DeviceRow {
    let (record, state) = (&device.record, &device.state);
    let seen = |mode| LastSeen {
        mode,
        at: state.last_seen(mode),
    };
    let flags: Vec<Flag> = flags.into_iter().map(flag).collect();
    DeviceRow {
        id: device.id.to_string(),
        source: record.source.0.clone(),
        user: record.user.clone(),
        groups: visitor.by().known_groups(&record.groups),
        family: record.family.title(),
        seen: [Mode::Machine, Mode::Maintenance, Mode::Apps]
            .map(seen)
            .into(),
        waits: state.open.len(),
        flags,
    }
}
