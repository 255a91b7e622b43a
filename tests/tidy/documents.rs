//! What the documents name is there: files, directories and links.

use std::path::Path;

use crate::tree::{MEMBERS, files, root};

/// Most pictures of `docs/pictures`, and most bytes of each: whoever clones fetches all.
const PICTURES: usize = 12;
const PICTURE_BYTES: u64 = 120 * 1024;

fn documents() -> Vec<(String, String)> {
    let mut all = files("docs", &["md"]);
    for name in [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        all.push((name.to_owned(), text));
    }
    all
}

/// Text between two marks, each time it occurs on one line.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once(open) {
            let Some((inner, further)) = after.split_once(close) else {
                break;
            };
            found.push(inner);
            rest = further;
        }
    }
    found
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut faults = Vec::new();
    for (document, text) in documents() {
        let dir = Path::new(&document).parent().unwrap();
        for target in between(&text, "](", ")") {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = root().join(dir).join(file);
            let path = if file.is_empty() {
                root().join(&document)
            } else {
                path
            };
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let is_heading = |line: &str| anchor(line).as_deref() == Some(heading);
            if !path.exists() || !heading.is_empty() && !text.lines().any(is_heading) {
                faults.push(format!("{document}: {target}"));
            }
        }
    }
    assert!(faults.is_empty(), "links that lead nowhere: {faults:#?}");
}

#[test]
fn pictures_are_few_small_and_shown() {
    let named: String = documents().into_iter().map(|(_, text)| text).collect();
    let (mut count, mut faults) = (0, Vec::new());
    for picture in std::fs::read_dir(root().join("docs/pictures")).unwrap() {
        let picture = picture.unwrap();
        let name = picture.file_name().into_string().unwrap();
        let bytes = picture.metadata().unwrap().len();
        count += 1;
        if bytes > PICTURE_BYTES {
            faults.push(format!(
                "{name}: expected at most {PICTURE_BYTES} bytes, found {bytes}"
            ));
        }
        if !named.contains(&format!("pictures/{name})")) {
            faults.push(format!("{name}: no document shows it"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!((1..=PICTURES).contains(&count), "{count} pictures");
}

/// The anchor of a heading, as the usual renderers make it.
fn anchor(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let kept = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect();
    Some(kept)
}

#[test]
fn paths_in_documents_exist() {
    let tops = [
        "src/",
        "tests/",
        "docs/",
        "policies/",
        "packaging/",
        "benches/",
        "fuzz/",
    ];
    let mut missing = Vec::new();
    let sources = ["src", "tests", "benches", "fuzz"]
        .map(|dir| files(dir, &["rs"]))
        .concat();
    for (document, text) in documents() {
        for path in between(&text, "`", "`") {
            let is_source =
                path.ends_with(".rs") && !path.contains(|c: char| c.is_whitespace() || c == '*');
            if is_source && !path.starts_with("tests/") && !path.starts_with("benches/") {
                // Sources may be named by the end of their path.
                let end = format!("/{path}");
                if !sources
                    .iter()
                    .any(|(file, _)| format!("/{file}").ends_with(&end))
                {
                    missing.push(format!("{document}: {path}"));
                }
            }
            let is_path = tops.iter().any(|top| path.starts_with(top))
                && !path.contains(|c: char| c.is_whitespace() || "*{<…".contains(c));
            let bare = path.split("::").next().unwrap();
            if is_path && !root().join(bare).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "paths that are not there: {missing:#?}");
}

#[test]
fn the_architecture_names_every_layer_and_module_of_it() {
    let text = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut missing = Vec::new();
    for member in MEMBERS {
        if !text.contains(&format!("`src/{member}`")) {
            missing.push(format!("src/{member}"));
        }
        for entry in std::fs::read_dir(root().join("src").join(member)).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.file_stem().unwrap().to_string_lossy().into_owned();
            let is_module = entry.is_dir() && name != "tests" && member != "sim";
            if is_module && !text.contains(&format!("`{name}`")) {
                missing.push(format!("src/{member}/{name}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "not in docs/architecture.md: {missing:#?}"
    );
}

/// The files that a document links to, beside it.
fn linked(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let links = between(&text, "](", ")").into_iter();
    links
        .map(|link| link.split('#').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_index_lists_every_page() {
    let linked = linked("docs/README.md");
    let missing: Vec<String> = files("docs", &["md"])
        .into_iter()
        .filter_map(|(path, _)| path.strip_prefix("docs/").map(str::to_owned))
        .filter(|page| page != "README.md" && !linked.contains(page))
        .filter(|page| !page.starts_with("decisions/"))
        .collect();
    assert!(missing.is_empty(), "not in docs/README.md: {missing:#?}");
}

#[test]
fn decisions_are_numbered_dated_and_listed() {
    let listed = linked("docs/decisions/README.md");
    let mut files: Vec<(String, String)> = files("docs/decisions", &["md"])
        .into_iter()
        .filter(|(path, _)| !path.ends_with("README.md"))
        .collect();
    files.sort();
    for (nth, (path, text)) in files.iter().enumerate() {
        let (number, name) = (nth + 1, path.rsplit('/').next().unwrap());
        let date = name.get(5..15).unwrap_or_default();
        assert!(name.starts_with(&format!("{number:04}-")), "{name}");
        assert!(text.starts_with(&format!("# {number}. ")), "{name}");
        assert!(text.contains(&format!("\nDate: {date}\n")), "{name}");
        for part in ["Context", "Decision", "Consequences"] {
            assert!(text.contains(&format!("\n## {part}\n")), "{name}: {part}");
        }
        assert!(listed.iter().any(|link| link == name), "{name}");
    }
}

/// A path with its parameters unnamed.
fn unnamed(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix('{') {
        Some(_) => "{}",
        None => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn endpoints_that_documents_name_exist() {
    let openapi = std::fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let openapi: serde_json::Value = serde_json::from_str(&openapi).unwrap();
    let paths = openapi["paths"].as_object().unwrap();
    let exists = |method: &str, path: &str| {
        let mut found = paths.iter().filter(|(known, _)| unnamed(known) == path);
        found.any(|(_, methods)| methods.get(method).is_some())
    };
    let mut missing = Vec::new();
    for (document, text) in documents() {
        for span in between(&text, "`", "`") {
            let Some((method, rest)) = span.split_once(" /") else {
                continue;
            };
            let is_method = ["GET", "POST", "PATCH", "DELETE"].contains(&method);
            let path = rest.split(['?', ' ']).next().unwrap();
            let outside = ["sync", "healthz", "readyz", "metrics"].contains(&path);
            let path = format!("/{}", path.strip_prefix("api/v1/").unwrap_or(path));
            if is_method && !outside && !exists(&method.to_lowercase(), &unnamed(&path)) {
                missing.push(format!("{document}: {span}"));
            }
        }
    }
    assert!(missing.is_empty(), "no such endpoint: {missing:#?}");
}

#[test]
fn the_data_model_names_every_table_and_column() {
    let page = std::fs::read_to_string(root().join("docs/data-model.md")).unwrap();
    let mut missing = Vec::new();
    for (migration, text) in files("src/store/sqlite/migrations", &["sql"]) {
        let tables = text.split("CREATE TABLE ").skip(1);
        for table in tables {
            let (name, rest) = table.split_once(" (").unwrap();
            let columns = rest.split_once("\n)").unwrap().0.lines();
            let columns = columns.filter_map(|line| line.split_whitespace().next());
            let columns = columns.filter(|column| column.chars().all(|c| !c.is_uppercase()));
            for word in std::iter::once(name).chain(columns) {
                let is_named = page.contains(&format!("`{word}`"));
                if !is_named && !page.contains(&format!("### {word}\n")) {
                    missing.push(format!("{migration}: {name}: {word}"));
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "not in docs/data-model.md: {missing:#?}"
    );
}
