//! `[[rule]]`: an effect, and what it matches on.

use super::Loader;
use crate::classify::{class_from_name, class_names};
use crate::context::{Family, Login, Mode, Platform};
use crate::kind::{Class, Kind};
use crate::policy::rule::Rule;
use crate::policy::{RuleId, Verdict};
use crate::toml_file::{ID, Table, is_id};
use modegate_wire::message::Verb;

/// Longest id of a catalogue app, bytes.
const APP_BYTES: usize = 128;

impl Table<'_, Loader> {
    pub(super) fn rule(&mut self) {
        const KEYS: [&str; 14] = [
            "id", "effect", "mode", "platform", "login", "family", "kind", "verb", "class",
            "group", "app", "source", "says", "note",
        ];
        self.only_keys(&KEYS);
        let id = self.required("id");
        let effect = self.required("effect");
        let [_, says, _] = ["source", "says", "note"].map(|key| self.text(key));
        let id = id.and_then(|(id, offset)| self.take_id(id, offset));
        let names = [Verdict::Deliver, Verdict::Withhold, Verdict::Refuse].map(|v| (v.name(), v));
        let effect = effect.and_then(|name| self.one_of(&names, name));
        let modes = self.bits("mode", &Mode::ALL.map(|m| (m.name(), m as u32)));
        let platforms = self.bits("platform", &Platform::ALL.map(|p| (p.name(), p as u32)));
        let logins = self.bits("login", &Login::ALL.map(|l| (l.name(), l as u32)));
        let families = self.bits("family", &Family::ALL.map(|f| (f.name(), f as u32)));
        let kinds = self.bits("kind", &Kind::ALL.map(|k| (k.name(), k as u32)));
        let verbs = self.bits("verb", &Verb::ALL.map(|v| (v.name(), v as u32)));
        let classes = self.classes();
        let groups = self.list("group");
        let groups = groups.map(|list| list.into_iter().map(|(name, _)| name).collect());
        let apps = self.apps();
        if let (Some(id), Some(effect)) = (id, effect) {
            let line = self.at.line(self.start);
            let file = self.at.name.to_owned();
            self.loader.rules.push(Rule {
                id,
                effect,
                modes,
                platforms,
                logins,
                families,
                kinds,
                verbs,
                classes,
                groups,
                apps,
                file,
                line,
                says: says.map(|(text, _)| text),
            });
        }
    }

    /// The ids of catalogue apps: plain text of 1 to 128 bytes.
    fn apps(&mut self) -> Option<Vec<String>> {
        let list = self.list("app")?;
        let mut apps = Vec::new();
        for (app, offset) in list {
            if app.is_empty() || app.len() > APP_BYTES || app.chars().any(char::is_control) {
                let expected = format!("the id of an app, plain text of 1 to {APP_BYTES} bytes");
                self.fault(offset, expected, format!("{} bytes", app.len()));
            } else {
                apps.push(app);
            }
        }
        Some(apps)
    }

    fn take_id(&mut self, id: String, offset: usize) -> Option<RuleId> {
        if !is_id(&id) {
            self.fault(offset, ID, format!("'{id}'"));
            return None;
        }
        let reserved = ["floor.", "default.", "queue.", "guard."];
        if let Some(prefix) = reserved.iter().find(|prefix| id.starts_with(**prefix)) {
            let expected = format!(
                "an id that does not begin with '{prefix}', which is reserved for the server"
            );
            self.fault(offset, expected, format!("'{id}'"));
            return None;
        }
        let line = self.at.line(offset);
        let here = format!("{}:{line}", self.at.name);
        if let Some(earlier) = self.loader.ids.insert(id.clone(), here) {
            let found = format!("'{id}', which {earlier} defines too");
            self.fault(offset, "a unique id", found);
            return None;
        }
        Some(RuleId::new(&id))
    }

    fn classes(&mut self) -> Option<Vec<Class>> {
        let list = self.list("class")?;
        let mut classes = Vec::new();
        for (name, offset) in list {
            if let Some(class) = class_from_name(&name) {
                classes.push(class);
            } else {
                let near =
                    class_names().find(|known| known.to_lowercase().contains(&name.to_lowercase()));
                let hint = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
                let expected = format!("a class of the classification table{hint}");
                self.fault(offset, expected, format!("'{name}'"));
            }
        }
        Some(classes)
    }
}
