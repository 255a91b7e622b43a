//! Which entries of the log, as the address of a page says it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::app::Page;
use crate::app::log::EventFilter;
use crate::http::pages::Visitor;
use crate::http::problem::Problem;
use modegate_core::audit::report::Period;
use modegate_core::context::Mode;
use modegate_core::event::EventType;
use modegate_core::fields::quoted;
use modegate_core::ids::DeviceId;
use modegate_core::limits::NAME_BYTES;
use modegate_core::time::Timestamp;
use modegate_pages::console::audit::list::Filter;
use modegate_store::seal::CursorList;

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct AuditQuery {
    #[serde(rename = "type")]
    what: String,
    actor: String,
    device: String,
    mode: String,
    from: String,
    to: String,
    before: String,
}

impl AuditQuery {
    /// What is looked for; what is no such thing is refused with its field.
    pub(super) fn filter(&self) -> Result<EventFilter, Problem> {
        let actor = self.actor.trim();
        if actor.len() > NAME_BYTES {
            let expected = format!("at most {NAME_BYTES} bytes");
            return Err(Problem::field("actor", expected, actor.len()));
        }
        let type_expected = "a type of events such as exchange";
        let mode_expected = "Machine, Maintenance, Apps or Unspecified";
        Ok(EventFilter {
            from: instant("from", &self.from)?.map(|period| period.from),
            to: instant("to", &self.to)?.map(|period| period.to.plus_ms(-1)),
            what: read("type", type_expected, &self.what, |text| {
                EventType::ALL.into_iter().find(|one| one.name() == text)
            })?,
            mode: read("mode", mode_expected, &self.mode, Mode::from_name)?,
            actor: (!actor.is_empty()).then(|| actor.to_owned()),
            device: self.device()?,
            newest_first: true,
        })
    }

    fn device(&self) -> Result<Option<DeviceId>, Problem> {
        let expected = "a device id (32 hexadecimal digits)";
        read("device", expected, &self.device, |text| text.parse().ok())
    }

    /// The page that is asked for. What is no place begins anew.
    pub(super) fn page(&self, visitor: &Visitor, limit: usize) -> Page {
        let after = match (&*self.before, self.device.trim().is_empty()) {
            ("", _) => None,
            // A list of one device goes on by its own numbers.
            (text, false) => text
                .parse()
                .ok()
                .filter(|place| i64::try_from(*place).is_ok()),
            (text, true) => {
                let (app, by) = (visitor.app(), visitor.by());
                app.place(by, CursorList::Events, text)
            }
        };
        Page { after, limit }
    }

    /// A place as the next page's address has it.
    pub(super) fn cursor(&self, visitor: &Visitor, place: u64) -> String {
        match self.device.trim().is_empty() {
            false => place.to_string(),
            true => visitor
                .app()
                .cursor(visitor.by(), CursorList::Events, place),
        }
    }

    /// Where this page begins.
    pub(super) fn before(&self) -> Option<&str> {
        Some(&*self.before).filter(|before| !before.is_empty())
    }

    /// The filters that are set: their fields and what they say.
    fn set(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("type", &self.what),
            ("actor", &self.actor),
            ("device", &self.device),
            ("mode", &self.mode),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let all = all.map(|(name, value)| (name, value.trim()));
        let set = all.into_iter().filter(|(_, value)| !value.is_empty());
        set.collect()
    }

    /// The address of what has these filters, but one, from a place back.
    pub(super) fn address(&self, path: &str, without: &str, before: Option<&str>) -> String {
        let set = self.set().into_iter().filter(|(name, _)| *name != without);
        let all = set.chain(before.map(|before| ("before", before)));
        let pairs = all.map(|(name, value)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        });
        let query: Vec<String> = pairs.collect();
        match query.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", query.join("&")),
        }
    }

    /// The filters as the page's form shows them.
    pub(super) fn shown(&self) -> Filter {
        let set = self.set().into_iter().map(|(name, value)| {
            let address = self.address("/console/audit", name, None);
            (format!("{name} {value}"), address)
        });
        let types = EventType::ALL.into_iter();
        Filter {
            what: self.what.clone(),
            types: types.map(|one| (one.name(), one.about().trim())).collect(),
            actor: self.actor.clone(),
            device: self.device.clone(),
            mode: self.mode.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            set: set.collect(),
        }
    }
}

fn read<T>(
    field: &str,
    expected: &str,
    text: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Problem::field(field, expected, quoted(text));
    read(text).ok_or_else(wrong).map(Some)
}

/// A day or an instant, if one is given.
pub(super) fn instant(field: &str, text: &str) -> Result<Option<Period>, Problem> {
    let expected = "a day such as 2026-11-01, or a time such as 2026-11-29T02:00:00Z";
    read(field, expected, text, |text| {
        let at = |at: Timestamp| Period {
            from: at,
            to: at.plus_ms(1),
        };
        Period::day(text).or_else(|| Timestamp::parse(text).map(at))
    })
}
