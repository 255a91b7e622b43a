//! What the WBXML decoder refuses, with what it says, and its bounds.

use modegate_wire::fault::Blame;
use modegate_wire::wbxml::decode;

use super::wbxml::{HEADER, SYNC_HDR, document, known_behind, with_table};

#[test]
fn what_is_refused_says_what_and_where() {
    let known = known_behind(HEADER);
    let behind = |header: &[u8]| known_behind(header);
    let inside = |body: &[u8]| document(HEADER, body);
    let at = HEADER.len() + SYNC_HDR.len() + 1;
    let cases: Vec<(Vec<u8>, String)> = vec![
        (
            Vec::new(),
            "byte 0: the end of the document inside the version".into(),
        ),
        (
            behind(b"\0\xa4\x01\x6a\0"),
            "WBXML 1.1 to 1.3, found the version 0x00 at byte 0".into(),
        ),
        (
            behind(b"\x04\xa4\x01\x6a\0"),
            "WBXML 1.1 to 1.3, found the version 0x04 at byte 0".into(),
        ),
        (
            b"<SyncML/>".to_vec(),
            "found the version 0x3c at byte 0".into(),
        ),
        (
            behind(b"\x03\xa4\x03\x6a\0"),
            "0x1201, found 0x1203 at byte 1".into(),
        ),
        (
            behind(b"\x03\0\0\x6a\x03WML"),
            "0x1201, found WML at byte 1".into(),
        ),
        (
            behind(b"\x03\0\x03\x6a\x03WML"),
            "byte 1: offset 3 in a string table of 3 bytes".into(),
        ),
        (
            behind(b"\x03\xa4\x01\x04\0"),
            "UTF-8 (charset 106), found charset 4 at byte 3".into(),
        ),
        (
            behind(b"\x03\xa4\x01\x6a\xff\x7f"),
            "byte 6: the end of the document inside the string table: expected 16383 bytes, found 129".into(),
        ),
        (
            b"\x03\xff\xff\xff\xff\x7f\x6a\0".to_vec(),
            "byte 1: the public identifier: expected a number of at most 32 bits".into(),
        ),
        (
            known[..known.len() - 1].to_vec(),
            "byte 133: the end of the document inside an element".into(),
        ),
        (
            [&known[..], b"\x01"].concat(),
            "byte 134: an END of no element".into(),
        ),
        (
            [&known[..], b"\x2d"].concat(),
            "byte 134: a second root element".into(),
        ),
        (
            [&known[..], b"\x03x\0"].concat(),
            "byte 134: text outside the root element".into(),
        ),
        (
            [HEADER, b"\x03x\0"].concat(),
            "byte 5: text outside the root element".into(),
        ),
        (
            [HEADER, b"\x2b"].concat(),
            "expected the root element SyncML, found SyncBody".into(),
        ),
        (
            HEADER.to_vec(),
            "expected the root element SyncML, found nothing".into(),
        ),
        (inside(b"\xd2\x05\x01"), format!("byte {at}: attributes")),
        (inside(b"\x84\0\x01"), format!("byte {at}: attributes")),
        (
            inside(b"\x43\x05\x01"),
            format!("byte {at}: a processing instruction"),
        ),
        (inside(b"\x40x\0"), format!("byte {at}: an extension")),
        (inside(b"\x81\0"), format!("byte {at}: an extension")),
        (inside(b"\xc2"), format!("byte {at}: an extension")),
        (
            inside(b"\x30"),
            format!("byte {at}: the tag 0x30, which code page 0 does not have"),
        ),
        (
            inside(b"\0\x01\x17"),
            format!(
                "byte {}: the tag 0x17, which code page 1 does not have",
                at + 2
            ),
        ),
        (inside(b"\0\x02"), format!("byte {}: code page 2", at + 1)),
        (
            inside(b"\x45\x54\x4f\x83\0\x01\x01\x01"),
            format!("byte {}: offset 0 in a string table of 0 bytes", at + 3),
        ),
        (
            inside(b"\x45\x54\x4f\x03x"),
            format!("byte {}: the end of the document inside a string", at + 4),
        ),
        (
            inside(b"\x45\x54\x4f\xc3\xff\xff\x7f"),
            format!(
                "byte {}: the end of the document inside opaque bytes: expected 2097151 bytes, found 2",
                at + 7
            ),
        ),
        (
            document(&with_table(b"abc"), b"\x04\0"),
            format!("byte {}: a string of the table that does not end", at + 3),
        ),
        (
            document(&with_table(b"<a\0"), b"\x04\0"),
            format!("byte {}: a literal name that is no name", at + 3),
        ),
    ];
    for (bytes, expected) in cases {
        let error = decode(&bytes).unwrap_err();
        assert_eq!(error.blame(), Blame::Malformed, "{expected}");
        assert!(
            error.to_string().contains(&expected),
            "expected {expected}, found {error}"
        );
    }
}

#[test]
fn a_small_document_never_becomes_a_large_message() {
    let long = vec![b'a'; 100_000];
    let table = [b"\x03\xa4\x01\x6a\x86\x8d\x21", &long[..], b"\0"].concat();
    let cases: [(&str, Vec<u8>); 5] = [
        ("deep", [HEADER, &[0x6d; 40]].concat()),
        (
            "nodes",
            document(
                HEADER,
                &[
                    &b"\x45"[..],
                    &[0x1a; modegate_wire::limits::XML_NODES],
                    b"\x01",
                ]
                .concat(),
            ),
        ),
        (
            "commands",
            document(HEADER, &[0x05; modegate_wire::limits::BODY_ELEMENTS + 1]),
        ),
        (
            "items",
            document(
                HEADER,
                &[
                    &b"\x45"[..],
                    &[0x14; modegate_wire::limits::ITEMS + 1],
                    b"\x01",
                ]
                .concat(),
            ),
        ),
        (
            "one string, again and again",
            document(
                &table,
                &[&b"\x45"[..], &b"\x54\x4f\x83\0\x01\x01".repeat(50), b"\x01"].concat(),
            ),
        ),
    ];
    for (name, bytes) in cases {
        let error = decode(&bytes).unwrap_err();
        assert_eq!(error.blame(), Blame::TooLarge, "{name}: {error}");
    }
}
