//! The short code of a link, for who types it: `7F3K-22QX`. The first half finds the link,
//! the second half proves that the code is known, so that a wrong try counts against one link.

use std::fmt;

/// Ten digits and the letters that no digit and no other letter is taken for.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: five bits each.
const LENGTH: usize = 8;
/// Characters of each half.
const HALF: usize = LENGTH / 2;
/// Longest text that is looked at, bytes.
const TYPED_BYTES: usize = 64;

/// A short code. It prints as `***`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShortCode([u8; LENGTH]);

impl ShortCode {
    /// The code of these random bits.
    pub fn from_random(bytes: [u8; 5]) -> Self {
        let bits = bytes
            .iter()
            .fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
        ShortCode(std::array::from_fn(|at| {
            let five = bits >> (5 * (LENGTH - 1 - at)) & 31;
            ALPHABET[five as usize]
        }))
    }

    /// The code that somebody typed: the case of letters, spaces and hyphens do not matter,
    /// and `O`, `I` and `L` are the digits that they look like. `None` where it is none.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > TYPED_BYTES {
            return None;
        }
        let meant = typed.bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
        let mut code = [0; LENGTH];
        let mut length = 0;
        for byte in meant {
            let byte = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            *code.get_mut(length).filter(|_| ALPHABET.contains(&byte))? = byte;
            length += 1;
        }
        (length == LENGTH).then_some(ShortCode(code))
    }

    /// Its text, for whom it is made: four characters, a hyphen, four characters.
    pub fn reveal(&self) -> String {
        let (locator, rest) = self.0.split_at(HALF);
        [locator, rest].map(text).join("-")
    }

    /// The half that finds the link: no secret.
    pub fn locator(&self) -> String {
        text(&self.0[..HALF])
    }

    /// All of it, as it is hashed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn text(characters: &[u8]) -> String {
    characters.iter().map(|&byte| char::from(byte)).collect()
}

impl fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShortCode(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_written_in_two_halves_of_four() {
        for (bytes, expected) in [
            ([0; 5], "0000-0000"),
            ([0xff; 5], "ZZZZ-ZZZZ"),
            ([0x00, 0x44, 0x32, 0x14, 0xc7], "0123-4567"),
        ] {
            assert_eq!(ShortCode::from_random(bytes).reveal(), expected);
        }
        let code = ShortCode::parse("7F3K-22QX").unwrap();
        assert_eq!(code.locator(), "7F3K");
        assert_eq!(format!("{code:?}"), "ShortCode(***)");
    }

    #[test]
    fn it_is_read_as_people_type_it() {
        let code = ShortCode::parse("1O3K-22QX").unwrap();
        for typed in ["103k22qx", " lo3K 22-qX ", "Io3k22Qx", "-1-0-3-K-2-2-Q-X-"] {
            assert_eq!(ShortCode::parse(typed), Some(code), "{typed}");
        }
        let long = " ".repeat(TYPED_BYTES) + "7F3K22QX";
        for typed in [
            "",
            "7F3K22Q",
            "7F3K22QXX",
            "7F3K22QU",
            "7F3K_22QX",
            "7F3K22Qé",
            &long,
        ] {
            assert_eq!(ShortCode::parse(typed), None, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes: [u8; 5], other: [u8; 5]) {
            let code = ShortCode::from_random(bytes);
            let shown = code.reveal();
            prop_assert_eq!(ShortCode::parse(&shown), Some(code));
            prop_assert_eq!(ShortCode::parse(&shown.to_lowercase()), Some(code));
            prop_assert!(shown.starts_with(&code.locator()));
            // No two numbers have the same code.
            prop_assert_eq!(bytes == other, code == ShortCode::from_random(other));
        }

        #[test]
        fn any_text_is_a_code_or_none(typed: String) {
            if let Some(code) = ShortCode::parse(&typed) {
                prop_assert_eq!(ShortCode::parse(&code.reveal()), Some(code));
            }
        }
    }
}
