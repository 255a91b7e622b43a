//! What an unknown name was probably meant to be.

/// Longest name that is compared with others, bytes.
const COMPARED: usize = 64;

/// Fewest letters with which one name may begin like another and be taken for it.
const BEGINNING: usize = 4;

/// What could stand in place of an unknown name: the nearest of `names` where one
/// differs by a slip or goes on where the other ends, else all of them.
pub fn nearest(word: &str, names: &[&str]) -> String {
    let plain = match word.len() <= COMPARED {
        true => word.replace('-', "_").to_lowercase(),
        false => String::new(),
    };
    let near = names.iter().filter_map(|name| {
        let known = name.to_lowercase();
        let (far, least) = (distance(&known, &plain), known.len().min(plain.len()));
        let begins = known.starts_with(&plain) || plain.starts_with(&known);
        (far <= 1 + least / 6 || (begins && least >= BEGINNING)).then_some((far, name))
    });
    match near.min_by_key(|(far, _)| *far) {
        Some((_, name)) => format!("'{name}'"),
        None if names.is_empty() => "none".to_owned(),
        None => format!("one of {}", names.join(", ")),
    }
}

/// How many letters are to be put in, taken out or changed to get from one name to the
/// other; two that changed places count as one.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = row[j] + usize::from(a != b);
            let mut least = changed.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *b && *a == other[j - 1] {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_suggestion_and_another_word_the_list() {
        let names = ["name", "role", "groups", "expires_at", "certificate_sha256"];
        for (word, expected) in [
            ("group", "'groups'"),
            ("Groups", "'groups'"),
            ("nmae", "'name'"),
            ("expires-at", "'expires_at'"),
            ("expire_at", "'expires_at'"),
            ("certificate", "'certificate_sha256'"),
            ("certificate_sha265", "'certificate_sha256'"),
            ("certificates_sh256", "'certificate_sha256'"),
        ] {
            assert_eq!(nearest(word, &names), expected, "{word}");
        }
        let all = "one of name, role, groups, expires_at, certificate_sha256";
        for word in ["scope", "", "gr", &"groups".repeat(20)] {
            assert_eq!(nearest(word, &names), all, "{word}");
        }
        assert_eq!(nearest("minlenght", &["MinLength"]), "'MinLength'");
        assert_eq!(nearest("x", &[]), "none");
    }
}
