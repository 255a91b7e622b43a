//! Which member may depend on what (docs/architecture.md, "Layers").

use std::collections::BTreeSet;

use crate::tree::{MEMBERS, root};

/// What a member may not know, by the beginning of a crate's name.
const FORBIDDEN: [(&str, &[&str]); 6] = [
    ("wire", OUTSIDE),
    ("mde", IO),
    ("core", OUTSIDE),
    ("pages", OUTSIDE),
    ("store", &["actix", "reqwest", "clap"]),
    ("sim", &["rusqlite"]),
];

/// The same without aws-lc: enrollment verifies signatures, which is pure.
const IO: &[&str] = &[
    "tokio",
    "async-trait",
    "reqwest",
    "actix",
    "clap",
    "rusqlite",
    "rustls",
    "getrandom",
    "rand",
    "tracing",
];

/// What reaches the world: no pure layer has it.
const OUTSIDE: &[&str] = &[
    "tokio",
    "async-trait",
    "reqwest",
    "actix",
    "clap",
    "rusqlite",
    "aws-lc",
    "rustls",
    "getrandom",
    "rand",
    "tracing",
];

/// Which members a member may depend on.
const BELOW: [(&str, &[&str]); 7] = [
    ("wire", &[]),
    ("mde", &[]),
    ("core", &["wire"]),
    ("store", &["wire", "core"]),
    ("pages", &["core"]),
    ("server", &["wire", "mde", "core", "store", "pages"]),
    ("sim", &[]),
];

fn manifest(path: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    text.parse().unwrap()
}

/// The crates that a member is built with; its tests may have more.
fn dependencies(member: &str) -> BTreeSet<String> {
    let manifest = manifest(&format!("src/{member}/Cargo.toml"));
    let table = manifest["dependencies"].as_table().unwrap();
    table.keys().cloned().collect()
}

#[test]
fn a_layer_depends_on_those_below_it_only() {
    for (member, below) in BELOW {
        for name in dependencies(member) {
            if let Some(other) = name.strip_prefix("modegate-") {
                assert!(below.contains(&other), "{member} may not depend on {other}");
            }
        }
    }
}

#[test]
fn a_layer_does_not_know_what_reaches_the_world() {
    for (member, forbidden) in FORBIDDEN {
        for name in dependencies(member) {
            let is_forbidden = forbidden.iter().any(|begin| name.starts_with(begin));
            assert!(!is_forbidden, "{member} may not depend on {name}");
        }
    }
}

#[test]
fn every_command_covers_every_member() {
    let manifest = manifest("Cargo.toml");
    let workspace = &manifest["workspace"];
    let list = |key: &str| -> BTreeSet<String> {
        let list = workspace[key].as_array().unwrap();
        list.iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let mut expected: BTreeSet<String> = MEMBERS.map(|name| format!("src/{name}")).into();
    assert_eq!(list("members"), expected);
    expected.insert(".".to_owned());
    assert_eq!(list("default-members"), expected);
}
