//! `[[rule]]`: an effect, and what it matches on.

use toml::de::DeTable;

use super::Loader;
use super::fields::At;
use crate::classify::{class_from_name, class_names};
use crate::context::{Family, Login, Mode, Platform};
use crate::kind::Kind;
use crate::policy::RuleId;
use crate::policy::rule::{Effect, Rule};
use modegate_wire::message::Verb;

/// Longest id of a catalogue app, bytes.
const APP_BYTES: usize = 128;

impl Loader {
    pub(super) fn rule(&mut self, at: &At<'_>, start: usize, fields: &DeTable<'_>) {
        const KEYS: [&str; 14] = [
            "id", "effect", "mode", "platform", "login", "family", "kind", "verb", "class",
            "group", "app", "source", "says", "note",
        ];
        self.only_keys(at, fields, &KEYS);
        let id = self.text(at, start, fields, "id", true);
        let effect = self.text(at, start, fields, "effect", true);
        for words in ["source", "says", "note"] {
            self.text(at, start, fields, words, false);
        }
        let says = fields
            .get("says")
            .and_then(|value| value.get_ref().as_str())
            .map(str::to_owned);
        let id = id.and_then(|(id, offset)| self.take_id(at, id, offset));
        let effect = effect.and_then(|(name, offset)| self.effect(at, &name, offset));
        let modes = self.bits(at, fields, "mode", &Mode::ALL.map(|m| (m.name(), m as u32)));
        let names = Platform::ALL.map(|p| (p.name(), p as u32));
        let platforms = self.bits(at, fields, "platform", &names);
        let names = Login::ALL.map(|l| (l.name(), l as u32));
        let logins = self.bits(at, fields, "login", &names);
        let names = Family::ALL.map(|f| (f.name(), f as u32));
        let families = self.bits(at, fields, "family", &names);
        let kinds = self.bits(at, fields, "kind", &Kind::ALL.map(|k| (k.name(), k as u32)));
        let verbs = self.bits(at, fields, "verb", &Verb::ALL.map(|v| (v.name(), v as u32)));
        let classes = self.classes(at, fields);
        let groups = self.list(at, fields, "group");
        let groups = groups.map(|list| list.into_iter().map(|(name, _)| name).collect());
        let apps = self.apps(at, fields);
        if let (Some(id), Some(effect)) = (id, effect) {
            let (line, _) = at.line_column(start);
            let file = at.name.to_owned();
            self.rules.push(Rule {
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
                says,
            });
        }
    }

    fn effect(&mut self, at: &At<'_>, name: &str, offset: usize) -> Option<Effect> {
        let known = Effect::NAMES.iter().find(|(known, _)| *known == name);
        if known.is_none() {
            let expected = "'deliver', 'withhold' or 'refuse'";
            self.fault(at, offset, expected, format!("'{name}'"));
        }
        known.map(|&(_, effect)| effect)
    }

    /// The ids of catalogue apps: plain text of 1 to 128 bytes.
    fn apps(&mut self, at: &At<'_>, fields: &DeTable<'_>) -> Option<Vec<String>> {
        let list = self.list(at, fields, "app")?;
        let mut apps = Vec::new();
        for (app, offset) in list {
            if app.is_empty() || app.len() > APP_BYTES || app.chars().any(char::is_control) {
                let expected = format!("the id of an app, plain text of 1 to {APP_BYTES} bytes");
                self.fault(at, offset, expected, format!("{} bytes", app.len()));
            } else {
                apps.push(app);
            }
        }
        Some(apps)
    }

    fn take_id(&mut self, at: &At<'_>, id: String, offset: usize) -> Option<RuleId> {
        let plain = !id.is_empty()
            && id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if !plain {
            self.fault(
                at,
                offset,
                "1 to 64 letters, digits, '.', '-' or '_'",
                format!("'{id}'"),
            );
            return None;
        }
        let reserved = ["floor.", "default.", "queue.", "guard."];
        if let Some(prefix) = reserved.iter().find(|prefix| id.starts_with(**prefix)) {
            self.fault(
                at,
                offset,
                format!("an id that does not begin with '{prefix}', which is the server's"),
                format!("'{id}'"),
            );
            return None;
        }
        let (line, _) = at.line_column(offset);
        if let Some(earlier) = self.ids.insert(id.clone(), format!("{}:{line}", at.name)) {
            self.fault(
                at,
                offset,
                "an id of its own",
                format!("'{id}', which stands in {earlier} too"),
            );
            return None;
        }
        Some(RuleId::new(&id))
    }

    fn classes(&mut self, at: &At<'_>, fields: &DeTable<'_>) -> Option<Vec<crate::kind::Class>> {
        let list = self.list(at, fields, "class")?;
        let mut classes = Vec::new();
        for (name, offset) in list {
            if let Some(class) = class_from_name(&name) {
                classes.push(class);
            } else {
                let near =
                    class_names().find(|known| known.to_lowercase().contains(&name.to_lowercase()));
                let hint = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
                self.fault(
                    at,
                    offset,
                    format!("a class of the classification table{hint}"),
                    format!("'{name}'"),
                );
            }
        }
        Some(classes)
    }
}
