#![allow(clippy::unwrap_used)]

mod arguments;
mod examples;

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::classify::classify;
use crate::kind::{Kind, kind_of};
use crate::loc_uri::{LocUri, Member};
use crate::session::queue::leaves_of;
use crate::time::Timestamp;
use examples::examples;

fn read(value: &Value) -> Result<CommandBody, FieldError> {
    let context = BuildContext {
        device: Some(DeviceId(Uuid::nil())),
        templates: &Templates::default(),
        actor: "test",
        now: Timestamp(0),
        fresh: Uuid::nil(),
    };
    command(value, &context)
}

/// A self-signed certificate, as text that the API takes.
pub(in crate::operations) const CERTIFICATE: &str = include_str!("../test_certificate.pem");

pub(in crate::operations) fn texts(operations: &[Operation], into: &mut String) {
    for operation in operations {
        match operation {
            Operation::Node { loc_uri, data, .. } => {
                let data = data.as_ref().map_or("", |data| data.reveal());
                into.push_str(&format!("{loc_uri} {data}\n"));
            }
            Operation::Group(_, children) => texts(children, into),
        }
    }
}

#[test]
fn every_type_has_an_example_and_is_of_the_kind_that_it_says() {
    let mut seen = std::collections::HashSet::new();
    for (request, kind, expected) in examples() {
        let body = read(&request).unwrap_or_else(|error| panic!("{request}: {error}"));
        let bound = body.bound("id");
        assert_eq!(
            kind_of(&leaves_of(&bound.operations, classify)),
            kind,
            "{request}"
        );
        let mut sent = String::new();
        texts(&bound.operations, &mut sent);
        assert!(sent.contains(expected), "{request}: {sent}");
        assert!(!sent.contains(crate::command::CLIENT_ID), "{request}");
        seen.insert(request["type"].as_str().unwrap().to_owned());
    }
    let here = |kind: &&Type| kind.families.contains(&crate::context::Family::Windows81);
    for kind in TYPES.iter().filter(here) {
        assert!(seen.contains(kind.name), "{} has no example", kind.name);
    }
}

/// The Data of an Exec is `<parameter>=<value>`, with the parameter of the method's page.
#[test]
fn an_exec_names_the_parameter_of_its_method() {
    let mut looked_at = std::collections::BTreeSet::new();
    for (request, ..) in examples() {
        let body = read(&request).unwrap().bound("id").into_owned();
        let mut nodes = Vec::new();
        leaves(&body.operations, &mut nodes);
        for (loc_uri, data) in nodes {
            let Some(node) = loc_uri.wmi() else { continue };
            let Some(Member::Method(name)) = node.member else {
                continue;
            };
            let (_, class) = crate::wmi::find(node.class).unwrap();
            let method = class.methods.iter().find(|one| one.name == name).unwrap();
            let parameter = method.parameter.map(|name| format!("{name}="));
            match (&parameter, data) {
                (None, data) => assert_eq!(data, None, "{request}"),
                (Some(name), data) => assert!(data.unwrap().starts_with(name), "{request}"),
            }
            looked_at.insert(name.to_owned());
        }
    }
    assert_eq!(
        looked_at.len(),
        9,
        "all but CreateNewAuthority, which no type runs"
    );
}

fn leaves<'a>(operations: &'a [Operation], into: &mut Vec<(&'a LocUri, Option<&'a str>)>) {
    for operation in operations {
        match operation {
            Operation::Node { loc_uri, data, .. } => {
                into.push((loc_uri, data.as_ref().map(|data| data.reveal())));
            }
            Operation::Group(_, children) => leaves(children, into),
        }
    }
}

/// A misspelt class, key, property or method is found here.
#[test]
fn typed_commands_name_only_what_the_catalogue_has() {
    for (request, ..) in examples() {
        let name = request["type"].as_str().unwrap();
        let body = read(&request).unwrap().bound("id").into_owned();
        for placed in body.placed() {
            let Some(node) = placed.loc_uri.and_then(LocUri::wmi) else {
                continue;
            };
            let (_, class) = crate::wmi::find(node.class).unwrap();
            assert_eq!(node.class, class.name, "{request}");
            let instance = node.instance.unwrap_or_default();
            let keys = class.keys.iter().filter(|key| instance.contains(**key));
            assert!(
                node.instance.is_none() || keys.count() == class.keys.len(),
                "{instance}"
            );
            let known = match node.member {
                None => true,
                Some(Member::Method(name)) => class.methods.iter().any(|one| one.name == name),
                Some(Member::Property(name)) => class.properties.iter().any(|one| one.name == name),
            };
            // The properties of a VPN profile are the caller's.
            assert!(known || name == "vpn_profile", "{request}: {node:?}");
        }
    }
}

#[test]
fn every_leaf_of_a_preset_is_of_one_kind_and_none_is_unclassified() {
    for preset in crate::inventory::known::PRESETS {
        let body = read(&json!({"type": "inventory", "presets": [preset.name]})).unwrap();
        for placed in body.placed() {
            let leaf = classify(modegate_wire::message::Verb::Get, placed.loc_uri.unwrap());
            let expected = if ["apps", "user_security"].contains(&preset.name) {
                Kind::UserRead
            } else {
                Kind::Inventory
            };
            assert_eq!(leaf.kind, expected, "{:?}", placed.loc_uri);
        }
    }
}

#[test]
fn a_target_is_the_same_for_the_same_nodes_only() {
    let target = |value: Value| read(&value).unwrap().options.target;
    let on = |settings: Value| target(json!({"type": "restrictions", "settings": settings}));
    assert_eq!(
        on(json!({"WifiEnabled": true})),
        on(json!({"WifiEnabled": false}))
    );
    assert_ne!(
        on(json!({"WifiEnabled": true})),
        on(json!({"BluetoothEnabled": true}))
    );
    let reset =
        |user: &str| target(json!({"type": "reset_user_password", "user": user, "password": "p"}));
    assert_eq!(reset("Ann"), reset("ann"));
    assert_ne!(reset("ann"), reset("bob"));
    assert_eq!(target(json!({"type": "lock_workstation"})), None);
    assert_eq!(
        target(json!({"type": "inventory", "supersede": false})),
        None
    );
}

#[test]
fn the_schema_names_every_type() {
    let schemas = schema::schemas();
    assert_eq!(schemas.len(), TYPES.len());
    assert!(schemas.iter().any(|(name, _)| name == "ResetUserPassword"));
}

/// The table of types in docs/commands.md is this one; `UPDATE_GOLDEN=1` writes it.
#[test]
fn the_documented_types_are_these() {
    let mut table =
        "| type | arguments (`*` required) | what it does |\n|---|---|---|\n".to_owned();
    for kind in TYPES {
        let arguments: Vec<String> = kind
            .arguments
            .iter()
            .map(|argument| {
                let star = if argument.is_required() { "\\*" } else { "" };
                format!("`{}`{star}", argument.name())
            })
            .collect();
        let supersedes = if kind.supersedes { "; supersedes" } else { "" };
        table += &format!(
            "| `{}` | {} | {}{supersedes} |\n",
            kind.name,
            arguments.join(", "),
            kind.about
        );
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once("<!-- types -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /types -->").unwrap();
    let expected = format!("{before}<!-- types -->\n{table}<!-- /types -->{after}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    assert!(
        text == expected || std::env::var_os("UPDATE_GOLDEN").is_some(),
        "run UPDATE_GOLDEN=1 cargo test --lib the_documented_types"
    );
}
