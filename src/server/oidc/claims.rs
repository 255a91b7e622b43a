//! What a provider says of a person: by which names this server knows them, and which role of
//! the console they have. Pure.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::OidcRole;
use modegate_core::fields::is_line;
use modegate_core::limits::NAME_BYTES;

/// Values of one claim that are shown.
const SHOWN: usize = 10;
/// Longest value that is shown, characters.
const SHOWN_CHARACTERS: usize = 64;

/// What a verified ID token says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// The names by which devices may know the person: the e-mail address, if the provider
    /// has verified it, then the user principal name.
    pub(crate) fn users(&self) -> Vec<String> {
        let names = ["email", "upn"]
            .into_iter()
            .filter_map(|name| self.claim(name)?.as_str());
        let is_name = |name: &&str| !name.is_empty() && name.len() <= NAME_BYTES && is_line(name);
        names.filter(is_name).map(str::to_owned).collect()
    }

    /// Who the person is at the provider, whatever they are called.
    pub(crate) fn subject(&self) -> &str {
        let subject = self.0.get("sub").and_then(Value::as_str);
        subject.unwrap_or_default()
    }

    /// The first of these roles that the person has.
    pub(crate) fn role<'a>(&self, roles: &'a [OidcRole]) -> Option<&'a OidcRole> {
        let has = |role: &&OidcRole| {
            let values = self.claim(&role.claim).map(texts);
            values.is_some_and(|values| values.contains(&role.value))
        };
        roles.iter().find(has)
    }

    /// What the claims are that these roles name, for somebody who has none of them.
    pub(crate) fn seen(&self, roles: &[OidcRole]) -> String {
        let mut names: Vec<&str> = roles.iter().map(|role| &*role.claim).collect();
        names.sort_unstable();
        names.dedup();
        let shown = names.into_iter().map(|name| match self.claim(name) {
            None if name == "email" && self.0.contains_key(name) => "email (not verified)".into(),
            None => format!("{name} (absent)"),
            Some(value) => format!("{name} = {}", shown(value)),
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    /// A claim by its name, or by the path to it. An e-mail address that the provider has not
    /// verified is none: whoever may enter any would be anybody.
    fn claim(&self, name: &str) -> Option<&Value> {
        let is_verified = || match self.0.get("email_verified") {
            // Some providers write it as text.
            Some(Value::String(text)) => text == "true",
            Some(value) => *value == Value::Bool(true),
            None => false,
        };
        let path = name.strip_prefix('/');
        let first = path.map_or(name, |path| path.split('/').next().unwrap_or_default());
        if first == "email" && !is_verified() {
            return None;
        }
        match path {
            None => self.0.get(name),
            Some(path) => {
                let mut parts = path.split('/');
                let first = self.0.get(parts.next()?)?;
                parts.try_fold(first, |value, part| value.as_object()?.get(part))
            }
        }
    }
}

/// A value, or the values of a list, as text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    let all = texts(value);
    let short = |text: &String| match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => text.clone(),
        Some((end, _)) => format!("{}…", &text[..end]),
    };
    let mut shown: Vec<String> = all.iter().take(SHOWN).map(short).collect();
    if all.len() > SHOWN {
        shown.push(format!("{} more", all.len() - SHOWN));
    }
    match shown.is_empty() {
        true => "nothing".to_owned(),
        false => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use modegate_core::tokens::Role;
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).unwrap()
    }

    fn role(claim: &str, value: &str, role: Role) -> OidcRole {
        OidcRole {
            claim: claim.to_owned(),
            value: value.to_owned(),
            role,
            groups: Vec::new(),
        }
    }

    #[test]
    fn a_person_is_known_by_what_the_provider_has_verified() {
        for (value, expected) in [
            (json!({"email": "a@c", "email_verified": true}), vec!["a@c"]),
            (
                json!({"email": "a@c", "email_verified": "true"}),
                vec!["a@c"],
            ),
            (
                json!({"email": "a@c", "email_verified": true, "upn": "u@c"}),
                vec!["a@c", "u@c"],
            ),
            (
                json!({"email": "a@c", "email_verified": false, "upn": "u@c"}),
                vec!["u@c"],
            ),
            (json!({"email": "a@c", "email_verified": "false"}), vec![]),
            (json!({"email": "a@c", "email_verified": 1}), vec![]),
            (json!({"email": "a@c"}), vec![]),
            (
                json!({"preferred_username": "ann", "sub": "7", "upn": ""}),
                vec![],
            ),
            (json!({"upn": "a\r\nb"}), vec![]),
            (json!({"upn": ["u@c"]}), vec![]),
        ] {
            assert_eq!(claims(value.clone()).users(), expected, "{value}");
        }
    }

    #[test]
    fn the_first_role_that_fits_counts() {
        let roles = [
            role("groups", "helpdesk", Role::Operator),
            role("groups", "admins", Role::Admin),
            role("/realm_access/roles", "audit", Role::Auditor),
            role("email", "boss@c", Role::Admin),
            role("mfa", "true", Role::Auditor),
        ];
        for (value, expected) in [
            (
                json!({"groups": ["admins", "helpdesk"]}),
                Some(Role::Operator),
            ),
            (json!({"groups": "admins"}), Some(Role::Admin)),
            (json!({"groups": ["Admins", "admins2", ["admins"]]}), None),
            (json!({"groups": {"admins": true}}), None),
            (
                json!({"realm_access": {"roles": ["audit"]}}),
                Some(Role::Auditor),
            ),
            (json!({"/realm_access/roles": ["audit"]}), None),
            (json!({"email": "boss@c"}), None),
            (
                json!({"email": "boss@c", "email_verified": true}),
                Some(Role::Admin),
            ),
            (json!({"mfa": true}), Some(Role::Auditor)),
            (json!({}), None),
        ] {
            let found = claims(value.clone());
            let found = found.role(&roles).map(|role| role.role);
            assert_eq!(found, expected, "{value}");
        }
    }

    #[test]
    fn who_has_no_role_is_shown_what_the_claims_are() {
        let roles = [
            role("groups", "a", Role::Admin),
            role("groups", "b", Role::Admin),
            role("email", "c", Role::Admin),
            role("title", "d", Role::Admin),
        ];
        let many: Vec<String> = (0..12).map(|number| format!("g{number}")).collect();
        let seen = claims(json!({"groups": many, "email": "x@c", "secret": "s"})).seen(&roles);
        assert_eq!(
            seen,
            "email (not verified); groups = g0, g1, g2, g3, g4, g5, g6, g7, g8, g9, 2 more; title (absent)"
        );
        let long = claims(json!({"title": "ä".repeat(100), "groups": []})).seen(&roles);
        assert!(
            long.contains("groups = nothing") && long.ends_with("ä…"),
            "{long}"
        );
    }
}
