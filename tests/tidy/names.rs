//! The field's terms: private words do not come back.

use crate::tree::{files, root};

/// Words and phrases that are not used, and where: see `words.toml`.
fn words() -> toml::Table {
    let text = std::fs::read_to_string(root().join("tests/tidy/words.toml")).unwrap();
    text.parse().unwrap()
}

fn list<'a>(words: &'a toml::Table, key: &str) -> Vec<&'a str> {
    let list = words[key].as_array().unwrap();
    list.iter().map(|word| word.as_str().unwrap()).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

#[test]
fn no_type_has_a_private_name() {
    let words = words();
    let mut found = Vec::new();
    let mut all = files("src", &["rs"]);
    all.extend(files("tests", &["rs"]));
    all.extend(files("benches", &["rs"]));
    for (path, text) in all {
        if path.starts_with("tests/tidy/") {
            continue;
        }
        for word in list(&words, "types") {
            let defined = ["struct", "enum", "type", "trait"]
                .iter()
                .any(|keyword| has_word(&text, &format!("{keyword} {word}")));
            if defined {
                found.push(format!("{path}: {word}"));
            }
        }
    }
    assert!(found.is_empty(), "private names: {found:#?}");
}

#[test]
fn no_public_text_has_a_private_phrase() {
    let words = words();
    let mut found = Vec::new();
    let mut all = files("docs", &["md"]);
    all.extend(files("policies", &["toml"]));
    all.extend(files("packaging", &["toml"]));
    all.extend(files("src", &["rs"]));
    for name in ["README.md", "CHANGELOG.md"] {
        all.push((
            name.to_owned(),
            std::fs::read_to_string(root().join(name)).unwrap(),
        ));
    }
    for (path, text) in all {
        let text = text.to_lowercase();
        for phrase in list(&words, "phrases") {
            if has_word(&text, phrase) {
                found.push(format!("{path}: {phrase}"));
            }
        }
    }
    assert!(found.is_empty(), "private phrases: {found:#?}");
}
