//! Files of baselines to a set, or every fault of all of them at once.

mod control;
mod exemption;

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use toml::de::DeValue;

use super::{Baseline, BaselineDigest, BaselineId, BaselineSet, Control, Exemption};
use crate::context::Family;
use crate::limits;
use crate::policy::digest_of;
use crate::time::Timestamp;
use crate::toml_file::{At, Fault, Faults, ID, Table, is_id, parse, tables};

/// Longest that a reading may count as evidence, and that a control may be in grace, days.
const DAYS: i64 = 365;
/// Longest text of a reason, an approver or a topic, bytes.
const TEXT_BYTES: usize = 1024;

/// The files compiled in from `policies/compliance/`.
const BUILTIN: [(&str, &str); 1] = [(
    "windows81-starter.toml",
    include_str!("../../../../policies/compliance/windows81-starter.toml"),
)];

impl BaselineSet {
    /// The shipped set.
    pub fn builtin() -> Result<BaselineSet, Vec<Fault>> {
        // It exempts nothing, so the time does not matter.
        BaselineSet::from_texts(BaselineSet::builtin_texts(), Timestamp(0))
    }

    /// The files of the shipped set (name and text).
    pub fn builtin_texts() -> Vec<(String, String)> {
        BUILTIN
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    /// A set of these files (name and text), loaded at that time; else its faults, up to a
    /// hundred. The time matters only to exemptions, which may not last longer than a year
    /// from then. Without a file it is empty: no device is covered.
    pub fn from_texts(
        mut files: Vec<(String, String)>,
        now: Timestamp,
    ) -> Result<BaselineSet, Vec<Fault>> {
        files.sort();
        let mut loader = Loader::new(now);
        for (name, text) in &files {
            loader.file(name, text);
        }
        if !loader.faults.0.is_empty() {
            return Err(loader.faults.0);
        }
        Ok(BaselineSet {
            baselines: loader.baselines,
            digest: digest_of("", &files),
        })
    }
}

/// What is loaded so far.
struct Loader {
    now: Timestamp,
    faults: Faults,
    baselines: Vec<Baseline>,
    /// Each baseline's id and where it was first seen.
    ids: HashMap<String, String>,
    /// How many tables of controls and exemptions there were.
    tables: usize,
    /// The head of the file that is read.
    head: Option<Head>,
    controls: Vec<Control>,
    /// Each control's id in this file and its line.
    control_ids: HashMap<String, usize>,
    exemptions: Vec<Exemption>,
}

/// The table `[baseline]`.
struct Head {
    id: BaselineId,
    families: Vec<Family>,
    groups: Option<Vec<String>>,
    max_age_days: u32,
}

impl AsMut<Faults> for Loader {
    fn as_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }
}

impl Loader {
    fn new(now: Timestamp) -> Self {
        Loader {
            now,
            faults: Faults::default(),
            baselines: Vec::new(),
            ids: HashMap::new(),
            tables: 0,
            head: None,
            controls: Vec::new(),
            control_ids: HashMap::new(),
            exemptions: Vec::new(),
        }
    }

    fn file(&mut self, name: &str, text: &str) {
        let at = At::new(name, text);
        let table = parse(&at, &mut self.faults);
        let found = table.get_ref();
        self.control_ids.clear();
        for (key, value) in found {
            let expected = "[baseline], [[control]] or [[exempt]]";
            match (&**key.get_ref(), value.get_ref()) {
                ("baseline", DeValue::Table(fields)) => {
                    let start = value.span().start;
                    self.head = Table {
                        loader: self,
                        at: &at,
                        start,
                        fields,
                    }
                    .head();
                }
                ("baseline", _) => {
                    let offset = value.span().start;
                    self.faults
                        .fault(&at, offset, "a table [baseline]", "something else");
                }
                ("control" | "exempt", _) => {}
                (unknown, _) => {
                    let found = format!("the key '{unknown}'");
                    self.faults.fault(&at, key.span().start, expected, found);
                }
            }
        }
        // Exemptions name controls, which may stand behind them.
        for (key, what) in [("control", "[[control]]"), ("exempt", "[[exempt]]")] {
            let Some(value) = found.get(key) else {
                continue;
            };
            let room = (self.tables, limits::BASELINE_ENTRIES);
            if let DeValue::Array(list) = value.get_ref() {
                self.tables += list.len();
            }
            match key {
                "control" => tables(self, &at, (what, value), room, |table| table.control()),
                _ => tables(self, &at, (what, value), room, |table| table.exemption()),
            }
        }
        for (key, what) in [
            ("baseline", "a table [baseline]"),
            ("control", "[[control]]"),
        ] {
            if !found.contains_key(key) {
                self.faults.fault(&at, 0, what, "a file without it");
            }
        }
        self.keep(name, text);
    }

    /// Keeps the baseline of a file that was read, where the file says which it is.
    fn keep(&mut self, name: &str, text: &str) {
        let controls = std::mem::take(&mut self.controls);
        let exemptions = std::mem::take(&mut self.exemptions);
        if let Some(head) = self.head.take() {
            self.baselines.push(Baseline {
                id: head.id,
                digest: BaselineDigest(Sha256::digest(text).into()),
                file: name.to_owned(),
                text: text.to_owned(),
                families: head.families,
                groups: head.groups,
                max_age_days: head.max_age_days,
                controls,
                exemptions,
            });
        }
    }
}

impl Table<'_, Loader> {
    fn head(&mut self) -> Option<Head> {
        self.only_keys(&["id", "family", "group", "max_age_days", "note"]);
        self.text("note");
        let id = self.required("id").and_then(|id| self.baseline_id(id));
        let families = self.required_families();
        let groups = self.names("group");
        let max_age_days = self.days("max_age_days", 1);
        if max_age_days.is_none() && !self.fields.contains_key("max_age_days") {
            self.missing("max_age_days");
        }
        Some(Head {
            id: id?,
            families: families?,
            groups,
            max_age_days: max_age_days?,
        })
    }

    fn baseline_id(&mut self, (id, offset): (String, usize)) -> Option<BaselineId> {
        if !is_id(&id) {
            self.fault(offset, ID, format!("'{id}'"));
            return None;
        }
        let here = format!("{}:{}", self.at.name, self.at.line(offset));
        // Lists of a baseline are files of its name: no two names that differ in case alone.
        if let Some(earlier) = self.loader.ids.insert(id.to_ascii_lowercase(), here) {
            let found = format!("'{id}', which {earlier} defines too");
            self.fault(offset, "a unique id, in any letter case", found);
            return None;
        }
        Some(BaselineId(id))
    }

    fn required_families(&mut self) -> Option<Vec<Family>> {
        if !self.fields.contains_key("family") {
            self.missing("family");
            return None;
        }
        let families = self.bits("family", &Family::ALL.map(|f| (f.name(), f as u32)));
        let named = Family::ALL.into_iter();
        let named: Vec<Family> = named.filter(|&f| families & (1 << f as u32) != 0).collect();
        (!named.is_empty()).then_some(named)
    }

    /// A list of texts that are not empty; `None` where the key is not there.
    fn names(&mut self, key: &str) -> Option<Vec<String>> {
        let list = self.list(key)?;
        let mut names = Vec::new();
        for (name, offset) in list {
            names.extend(self.plain(key, (name, offset)));
        }
        Some(names)
    }

    /// A text that is neither empty nor too long.
    fn plain(&mut self, key: &str, (text, offset): (String, usize)) -> Option<String> {
        let is_plain = !text.trim().is_empty()
            && text.len() <= TEXT_BYTES
            && !text.chars().any(char::is_control);
        if !is_plain {
            let expected = format!("a line of text of 1 to {TEXT_BYTES} bytes for '{key}'");
            self.fault(offset, expected, format!("{} bytes", text.len()));
        }
        is_plain.then_some(text)
    }

    /// A number of days from `least` on; `None` where the key is not there or wrong.
    fn days(&mut self, key: &str, least: i64) -> Option<u32> {
        let expected = format!("a whole number of days from {least} to {DAYS}");
        let days = self.value(key, &expected, |value| {
            let DeValue::Integer(number) = value else {
                return None;
            };
            let days = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
            (least..=DAYS).contains(&days).then_some(days)
        });
        days.and_then(|(days, _)| u32::try_from(days).ok())
    }
}
