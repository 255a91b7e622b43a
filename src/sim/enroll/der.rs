//! As much of DER as certificate requests, certificates and PKCS #7 take.

/// One value with its tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BITS: u8 = 0x03;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const PRINTABLE: u8 = 0x13;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// Reads the first value of `input`; what follows it comes second.
pub(super) fn first(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // The lengths here are of four bytes at most; the indefinite form is not DER.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let whole = &input[..input.len() - rest.len()];
    let element = Element {
        tag,
        content,
        whole,
    };
    Some((element, rest))
}

/// Every value of a constructed value's content.
pub(super) fn all(mut input: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !input.is_empty() {
        let (element, rest) = first(input)?;
        found.push(element);
        input = rest;
    }
    Some(found)
}

/// The values inside the one value that `input` is.
pub(super) fn inside(input: &[u8]) -> Option<Vec<Element<'_>>> {
    let (element, rest) = first(input)?;
    rest.is_empty().then(|| all(element.content)).flatten()
}

/// Writes a value.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 + (bytes.len() - skipped) as u8);
        out.extend(&bytes[skipped..]);
    }
    out.extend(content);
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

/// A SET OF: its values are in the order of their bytes.
pub(super) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    value(SET, &parts.concat())
}

/// A number that is small and not negative.
pub(super) fn small(number: u8) -> Vec<u8> {
    value(INTEGER, &[number])
}

/// A BIT STRING of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(BITS, &[&[0], bytes].concat())
}

/// An OBJECT IDENTIFIER from its numbers.
pub(super) fn oid(numbers: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    let (top, rest) = match numbers {
        [first, second, rest @ ..] => (first * 40 + second, rest),
        _ => (0, numbers),
    };
    for number in std::iter::once(&top).chain(rest) {
        let mut groups = vec![(number & 0x7f) as u8];
        let mut left = number >> 7;
        while left > 0 {
            groups.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        groups.reverse();
        content.extend(groups);
    }
    value(OID, &content)
}

/// NULL.
pub(super) const NULL: &[u8] = &[0x05, 0x00];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn object_identifiers_are_written_as_x690_has_them() {
        assert_eq!(
            oid(&[1, 2, 840, 113_549, 1, 1, 11]),
            [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]
        );
        assert_eq!(oid(&[2, 16, 840]), [6, 3, 0x60, 0x86, 0x48]);
        assert_eq!(oid(&[1, 3, 14, 3, 2, 29]), [6, 5, 0x2b, 14, 3, 2, 29]);
    }

    #[test]
    fn what_is_cut_or_indefinite_is_nothing() {
        let whole = sequence(&[&small(1), &value(OCTETS, &[7; 300])]);
        for cut in 0..whole.len() {
            assert!(first(&whole[..cut]).is_none(), "{cut}");
        }
        assert!(first(&[SEQUENCE, 0x80, 0, 0]).is_none());
        assert_eq!(inside(&whole).unwrap().len(), 2);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 1_u8..30, content in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let written = value(tag, &content);
            let (element, rest) = first(&written).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!((element.tag, element.content), (tag, content.as_slice()));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = inside(&bytes);
        }
    }
}
