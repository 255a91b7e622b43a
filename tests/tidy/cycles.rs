//! No import cycle inside a layer. A parent may name its children and they their
//! parent: a child is part of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{MEMBERS, files, is_test, production};

/// A module by its path inside its crate.
type Module = Vec<String>;
type Graph = BTreeMap<Module, BTreeSet<Module>>;

fn module_of(member: &str, file: &str) -> Module {
    let inside = file.strip_prefix(&format!("src/{member}/")).unwrap();
    let mut parts: Module = inside
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// The paths that a file names from its crate's root, its parent or itself.
fn named(from: &Module, text: &str) -> Vec<Module> {
    let code: Vec<&str> = production(text)
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (keyword, base) in [
        ("crate", Some(Vec::new())),
        ("super", None),
        ("self", Some(from.clone())),
    ] {
        for (at, _) in code.match_indices(&format!("{keyword}::")) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let mut path = base.clone().unwrap_or_else(|| {
                let mut parent = from.clone();
                parent.pop();
                parent
            });
            let mut rest = &code[at + keyword.len() + 2..];
            while let Some(more) = rest.strip_prefix("super::") {
                path.pop();
                rest = more;
            }
            found.extend(paths(&path, rest));
        }
    }
    found
}

/// The paths that `a::b::{c, d::e}` stands for, as far as modules can be in it.
fn paths(base: &Module, text: &str) -> Vec<Module> {
    let mut path = base.clone();
    let mut rest = text;
    loop {
        if let Some(list) = rest.strip_prefix('{') {
            let end = list.find('}').unwrap_or(list.len());
            let members = list[..end].split(',').map(str::trim);
            return members
                .flat_map(|member| paths(&path, member.split("::{").next().unwrap_or("")))
                .collect();
        }
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        if end == 0 {
            return vec![path];
        }
        path.push(rest[..end].to_owned());
        match rest[end..].strip_prefix("::") {
            Some(more) => rest = more,
            None => return vec![path],
        }
    }
}

fn graph(member: &str) -> Graph {
    let files: Vec<(Module, String)> = files(&format!("src/{member}"), &["rs"])
        .into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| (module_of(member, &path), text))
        .collect();
    let known: BTreeSet<Module> = files.iter().map(|(module, _)| module.clone()).collect();
    let resolve = |mut path: Module| {
        while !path.is_empty() && !known.contains(&path) {
            path.pop();
        }
        path
    };
    let is_family = |one: &Module, other: &Module| one.starts_with(other) || other.starts_with(one);
    files
        .iter()
        .map(|(module, text)| {
            let targets = named(module, text).into_iter().map(resolve);
            let others = targets.filter(|target| !is_family(module, target));
            (module.clone(), others.collect())
        })
        .collect()
}

/// A way from `from` back to itself, if there is one.
fn cycle(graph: &Graph, from: &Module) -> Option<Vec<Module>> {
    let mut waiting = vec![vec![from.clone()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = waiting.pop() {
        for next in &graph[way.last()?] {
            if next == from {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                let mut longer = way.clone();
                longer.push(next.clone());
                waiting.push(longer);
            }
        }
    }
    None
}

#[test]
fn no_layer_holds_an_import_cycle() {
    let mut cycles = BTreeSet::new();
    for member in MEMBERS {
        let graph = graph(member);
        assert!(graph.len() > 5, "{member} was not read");
        for module in graph.keys() {
            if let Some(found) = cycle(&graph, module) {
                let mut shown: Vec<String> = found.iter().map(|module| module.join("::")).collect();
                shown.sort();
                cycles.insert(format!("{member}: {}", shown.join(", ")));
            }
        }
    }
    assert!(cycles.is_empty(), "import cycles: {cycles:#?}");
}

#[test]
fn the_reader_of_imports_finds_them() {
    let from: Module = vec!["a".into(), "b".into()];
    let text = "use crate::x::{y, z::W};\nuse super::c::D;\n// use crate::no::E;\nfn f() { super::super::k::f() }\n";
    let mut found: Vec<String> = named(&from, text)
        .into_iter()
        .map(|path| path.join("::"))
        .collect();
    found.sort();
    assert_eq!(found, ["a::c::D", "k::f", "x::y", "x::z::W"]);
}
