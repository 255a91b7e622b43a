//! What the other side wrote, made fit to be shown: bounded, printable, and
//! without anything that could be a token or a URI, whoever echoes it.

/// Longest text that is kept of an answer, characters.
const MOST: usize = 200;
/// A longer word than this is no word of a message but a token or a URI.
/// The longest in known WNS texts, `X-WNS-Cache-Policy`, has 18.
const WORD: usize = 30;

/// The text in one line; long words and addresses become `***`.
pub fn clean(text: &str) -> String {
    let mut kept = String::new();
    for word in text
        .chars()
        .take(4 * MOST)
        .collect::<String>()
        .split_whitespace()
    {
        if kept.chars().count() >= MOST {
            break;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        if word.chars().count() > WORD || word.contains("//") {
            kept.push_str("***");
        } else {
            kept.extend(word.chars().filter(|c| !c.is_control()));
        }
    }
    kept.chars().take(MOST).collect()
}

/// A name that a device shows, such as a package family name; `***` where it is longer than
/// such names, or made of other characters.
pub(crate) fn name(text: &str) -> String {
    const LONGEST: usize = 128;
    let may_stand = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    match text.len() <= LONGEST && text.chars().all(may_stand) {
        true => text.to_owned(),
        false => "***".to_owned(),
    }
}

/// [`clean`], after these secrets were struck out.
pub(crate) fn clean_without(text: &str, secrets: &[&str]) -> String {
    let mut text: String = text.chars().take(16 * MOST).collect();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "***");
    }
    clean(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_and_tokens_go() {
        assert_eq!(
            clean("Ttl value conflicts with\r\n X-WNS-Cache-Policy"),
            "Ttl value conflicts with X-WNS-Cache-Policy"
        );
        assert_eq!(
            clean(&format!(
                "bad token {} for https://a.test/?t=1",
                "A".repeat(40)
            )),
            "bad token *** for ***"
        );
        assert_eq!(
            clean_without("secret pw1 echoed", &["pw1", ""]),
            "secret *** echoed"
        );
        assert!(clean(&"word ".repeat(1_000_000)).len() <= 200);
    }
}
