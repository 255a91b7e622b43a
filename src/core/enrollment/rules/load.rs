//! Files of rules to a set, or every fault of all of them at once.

use std::collections::HashMap;

use toml::de::DeValue;

use super::{Admission, EnrollmentRule, EnrollmentRules, Grant, UserPattern};
use crate::context::Family;
use crate::limits;
use crate::policy::digest_of;
use crate::toml_file::{At, Fault, Faults, ID, Table, is_id, parse, tables};

/// Most rules of all files.
const RULES: usize = 1_000;
/// Most devices of a user.
const DEVICES: u32 = 1_000;
/// Longest that a certificate may be valid, days.
const CERTIFICATE_DAYS: u32 = 825;

/// The files compiled in from `policies/enrollment/`.
const BUILTIN: [(&str, &str); 1] = [(
    "default.toml",
    include_str!("../../../../policies/enrollment/default.toml"),
)];

/// The keys of a rule.
const KEYS: [&str; 13] = [
    "id",
    "effect",
    "user",
    "claimed_group",
    "family",
    "proof",
    "on_premises",
    "groups",
    "devices",
    "certificate_days",
    "renewal_days",
    "takes_up_record",
    "note",
];
/// Those of them that say what is given.
const GIVEN: [&str; 5] = [
    "groups",
    "devices",
    "certificate_days",
    "renewal_days",
    "takes_up_record",
];

impl EnrollmentRules {
    /// The shipped rules.
    ///
    /// # Errors
    /// Its faults; a test shows that there are none.
    pub fn builtin() -> Result<EnrollmentRules, Vec<Fault>> {
        EnrollmentRules::from_texts(EnrollmentRules::builtin_texts())
    }

    /// The files of the shipped rules (name and text).
    pub fn builtin_texts() -> Vec<(String, String)> {
        let files = BUILTIN.iter();
        files
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    /// The rules of these files (name and text), in the order of their names. Without a file
    /// there are none, and only tokens of operators let a device enroll.
    ///
    /// # Errors
    /// Every fault, up to a hundred.
    pub fn from_texts(mut files: Vec<(String, String)>) -> Result<EnrollmentRules, Vec<Fault>> {
        files.sort();
        let mut loader = Loader::default();
        for (name, text) in &files {
            loader.file(name, text);
        }
        if !loader.faults.0.is_empty() {
            return Err(loader.faults.0);
        }
        Ok(EnrollmentRules {
            rules: loader.rules,
            digest: digest_of("", &files),
        })
    }
}

/// What is loaded so far.
#[derive(Default)]
struct Loader {
    rules: Vec<EnrollmentRule>,
    faults: Faults,
    /// Each id and where it was first seen.
    ids: HashMap<String, String>,
}

impl AsMut<Faults> for Loader {
    fn as_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }
}

impl Loader {
    fn file(&mut self, name: &str, text: &str) {
        let at = At::new(name, text);
        let table = parse(&at, &mut self.faults);
        for (key, value) in table.get_ref() {
            match &**key.get_ref() {
                "rule" => {
                    let room = (self.rules.len(), RULES);
                    tables(self, &at, ("[[rule]]", value), room, |table| table.rule());
                }
                unknown => {
                    let found = format!("the key '{unknown}'");
                    let offset = key.span().start;
                    self.faults.fault(&at, offset, "[[rule]]", found);
                }
            }
        }
    }
}

impl Table<'_, Loader> {
    fn rule(&mut self) {
        self.only_keys(&KEYS);
        self.text("note");
        let id = self.required("id").and_then(|id| self.rule_id(id));
        let effects = [("allow", true), ("deny", false)];
        let effect = self.required("effect");
        let allows = effect.and_then(|effect| self.one_of(&effects, effect));
        let users = self.list("user").map(|users| {
            let patterns = users.into_iter();
            patterns.filter_map(|user| self.pattern(user)).collect()
        });
        let claimed_groups = self.list("claimed_group").map(names_of);
        let families = self.bits("family", &Family::ALL.map(|one| (one.name(), one as u32)));
        let admissions = Admission::ALL.map(|one| (one.name(), one as u32));
        let admissions = self.bits("proof", &admissions);
        let on_premises = self.flag("on_premises");
        let grant = self.grant();
        if allows == Some(false) {
            self.gives_nothing();
        }
        let (Some(id), Some(allows)) = (id, allows) else {
            return;
        };
        self.loader.rules.push(EnrollmentRule {
            id,
            users,
            claimed_groups,
            families,
            admissions,
            // What is denied is denied under any name.
            on_premises: on_premises.unwrap_or(!allows),
            grant: allows.then_some(grant),
        });
    }

    fn rule_id(&mut self, (id, offset): (String, usize)) -> Option<String> {
        if !is_id(&id) {
            self.fault(offset, ID, format!("'{id}'"));
            return None;
        }
        let here = format!("{}:{}", self.at.name, self.at.line(offset));
        if let Some(earlier) = self.loader.ids.insert(id.clone(), here) {
            let found = format!("'{id}', which {earlier} defines too");
            self.fault(offset, "a unique id", found);
            return None;
        }
        Some(id)
    }

    fn pattern(&mut self, (user, offset): (String, usize)) -> Option<UserPattern> {
        let is_plain = user.len() <= limits::NAME_BYTES
            && user.trim() == user
            && !user.chars().any(|one| one.is_control() || one == '*');
        let domain = user.strip_prefix('@');
        if !is_plain
            || user.is_empty()
            || domain.is_some_and(|rest| rest.is_empty() || rest.contains('@'))
        {
            let expected = "a user's name, or '@' and a domain";
            self.fault(offset, expected, format!("'{user}'"));
            return None;
        }
        let folded = user.to_lowercase();
        Some(match domain {
            Some(_) => UserPattern::Domain(folded),
            None => UserPattern::Exactly(folded),
        })
    }

    fn grant(&mut self) -> Grant {
        let usual = Grant::default();
        let groups = self.list("groups").map(names_of).unwrap_or_default();
        if groups.len() > limits::DEVICE_LIST {
            let expected = format!("at most {} groups", limits::DEVICE_LIST);
            self.fault(self.start, expected, groups.len().to_string());
        }
        let grant = Grant {
            groups,
            devices: self
                .number("devices", (1, DEVICES))
                .unwrap_or(usual.devices),
            certificate_days: self
                .number("certificate_days", (1, CERTIFICATE_DAYS))
                .unwrap_or(usual.certificate_days),
            renewal_days: self
                .number("renewal_days", (42, 60))
                .unwrap_or(usual.renewal_days),
            takes_up_record: self.flag("takes_up_record").unwrap_or(false),
        };
        // Else it could be renewed from its first day on.
        if grant.certificate_days <= grant.renewal_days {
            let expected = format!(
                "more than the {} of renewal_days for 'certificate_days'",
                grant.renewal_days
            );
            self.fault(self.start, expected, grant.certificate_days.to_string());
        }
        grant
    }

    /// A rule that denies gives nothing.
    fn gives_nothing(&mut self) {
        for key in GIVEN {
            if let Some(value) = self.fields.get(key) {
                let offset = value.span().start;
                let expected = format!("no '{key}' in a rule that denies");
                self.fault(offset, expected, "it");
            }
        }
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        let found = self.value(key, "true or false", |value| match value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => None,
        });
        found.map(|(flag, _)| flag)
    }

    fn number(&mut self, key: &str, (least, most): (u32, u32)) -> Option<u32> {
        let expected = format!("a whole number from {least} to {most}");
        let found = self.value(key, &expected, |value| {
            let DeValue::Integer(number) = value else {
                return None;
            };
            let number = u32::from_str_radix(number.as_str(), number.radix()).ok()?;
            (least..=most).contains(&number).then_some(number)
        });
        found.map(|(number, _)| number)
    }
}

fn names_of(list: Vec<(String, usize)>) -> Vec<String> {
    list.into_iter().map(|(name, _)| name).collect()
}
