//! `[[classify]]`: a kind for what the classification table does not know.

use toml::de::DeTable;

use super::Loader;
use super::fields::At;
use crate::classify::custom_class::{CustomClass, Draft};
use crate::kind::Kind;
use crate::policy::custom_class::CustomClassEntry;
use modegate_wire::message::Verb;

impl Loader {
    pub(super) fn own(&mut self, at: &At<'_>, start: usize, fields: &DeTable<'_>) {
        const KEYS: [&str; 6] = ["loc_uri", "property", "method", "verb", "kind", "note"];
        self.only_keys(at, fields, &KEYS);
        self.text(at, start, fields, "note", false);
        let loc_uri = self.text(at, start, fields, "loc_uri", true);
        let property = self.text(at, start, fields, "property", false);
        let method = self.text(at, start, fields, "method", false);
        let kind = self
            .text(at, start, fields, "kind", true)
            .and_then(|(name, offset)| self.kind(at, &name, offset));
        let verbs = self.verbs(at, start, fields);
        let (Some((loc_uri, _)), Some(kind), Some(verbs)) = (loc_uri, kind, verbs) else {
            return;
        };
        let (property, method) = (property.map(|p| p.0), method.map(|m| m.0));
        let draft = Draft {
            loc_uri: &loc_uri,
            property: property.as_deref(),
            method: method.as_deref(),
            verbs: &verbs,
            kind,
        };
        match CustomClass::new(draft) {
            Ok(own) => {
                let (line, _) = at.line_column(start);
                let part = property.or(method);
                self.own.push(CustomClassEntry {
                    class: own,
                    of: part.map_or(loc_uri.clone(), |part| format!("{loc_uri} {part}")),
                    file: at.name.to_owned(),
                    line,
                });
            }
            Err(fault) => {
                let value = fields.get(fault.key);
                let offset = value.map_or(start, |value| value.span().start);
                let found = value.map_or(String::new(), |value| {
                    at.text.get(value.span()).unwrap_or_default().to_owned()
                });
                self.fault(at, offset, fault.expected, found);
            }
        }
    }

    fn kind(&mut self, at: &At<'_>, name: &str, offset: usize) -> Option<Kind> {
        let kind = Kind::from_name(name);
        if kind.is_none() {
            let names = Kind::ALL.map(Kind::name).join(", ");
            self.fault(at, offset, format!("one of {names}"), format!("'{name}'"));
        }
        kind
    }

    /// The verbs; `None` where there is none or one of them is none.
    fn verbs(&mut self, at: &At<'_>, start: usize, fields: &DeTable<'_>) -> Option<Vec<Verb>> {
        if fields.get("verb").is_none() {
            self.fault(at, start, "the key 'verb'", "a table without it");
            return None;
        }
        let faults = self.faults.len();
        let bits = self.bits(at, fields, "verb", &Verb::ALL.map(|v| (v.name(), v as u32)));
        let verbs = Verb::ALL
            .into_iter()
            .filter(|&v| bits & (1 << v as u32) != 0);
        (self.faults.len() == faults).then(|| verbs.collect())
    }
}
