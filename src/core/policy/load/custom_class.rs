//! `[[classify]]`: a kind for what the classification table does not know.

use super::Loader;
use crate::classify::custom_class::{CustomClass, Draft};
use crate::kind::Kind;
use crate::policy::custom_class::CustomClassEntry;
use crate::toml_file::Table;
use modegate_wire::message::Verb;

impl Table<'_, Loader> {
    pub(super) fn custom_class(&mut self) {
        self.only_keys(&["loc_uri", "property", "method", "verb", "kind", "note"]);
        self.text("note");
        let loc_uri = self.required("loc_uri");
        let [property, method] = ["property", "method"].map(|key| self.text(key));
        let kinds = Kind::ALL.map(|kind| (kind.name(), kind));
        let kind = self.required("kind");
        let kind = kind.and_then(|name| self.one_of(&kinds, name));
        let verbs = self.verbs();
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
            Ok(class) => {
                let line = self.at.line(self.start);
                let part = property.or(method);
                self.loader.custom_classes.push(CustomClassEntry {
                    class,
                    of: part.map_or(loc_uri.clone(), |part| format!("{loc_uri} {part}")),
                    file: self.at.name.to_owned(),
                    line,
                });
            }
            Err(fault) => {
                let span = self.fields.get(fault.key).map(toml::Spanned::span);
                let offset = span.as_ref().map_or(self.start, |span| span.start);
                let found = span.and_then(|span| self.at.text.get(span));
                self.fault(offset, fault.expected, found.unwrap_or_default());
            }
        }
    }

    /// The verbs; `None` where there is none or one of them is none.
    fn verbs(&mut self) -> Option<Vec<Verb>> {
        if !self.fields.contains_key("verb") {
            self.missing("verb");
            return None;
        }
        let faults = self.loader.faults.0.len();
        let bits = self.bits("verb", &Verb::ALL.map(|v| (v.name(), v as u32)));
        let verbs = Verb::ALL
            .into_iter()
            .filter(|&v| bits & (1 << v as u32) != 0);
        (self.loader.faults.0.len() == faults).then(|| verbs.collect())
    }
}
