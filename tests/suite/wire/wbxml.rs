//! The WBXML codec from outside: known bytes, what is tolerated, and
//! that it says the same as the XML codec.

use modegate_wire::encoding::Encoding;
use modegate_wire::fault::DecodeError;
use modegate_wire::message::{
    Address, Chal, Element, Header, Item, Message, Reading, SessionId, Status,
};
use modegate_wire::wbxml::{decode, element_len, encode, frame_len};
use proptest::prelude::*;

use super::models::message;

/// SyncML 1.2 by its number, UTF-8, no string table.
pub const HEADER: &[u8] = &[0x03, 0xa4, 0x01, 0x6a, 0x00];
/// The root and a SyncHdr: versions, SessionID 1, MsgID 1, Target d, Source s.
pub const SYNC_HDR: &[u8] = b"\x6d\x6c\x71\x031.2\0\x01\x72\x03DM/1.2\0\x01\x65\x031\0\x01\
    \x5b\x031\0\x01\x6e\x57\x03d\0\x01\x01\x67\x57\x03s\0\x01\x01\x01";
/// SyncBody with a Status that challenges, up to the nonce.
const STATUS: &[u8] = b"\x6b\x69\x4b\x031\0\x01\x5c\x031\0\x01\x4c\x030\0\x01\x4a\x03SyncHdr\0\x01\
    \x49\x5a\0\x01\x47\x03b64\0\x01\x53\x03syncml:auth-md5\0\x01";
const NONCE: &[u8] = b"\x50\x03Tm9uY2U=\0\x01";
/// From the end of Meta to the end of the document.
const REST: &[u8] = b"\x01\x01\0\0\x4f\x03407\0\x01\x01\x12\x01\x01";

fn known_model() -> Message {
    let address = |uri: &str| Address {
        uri: uri.into(),
        name: None,
    };
    let status = Status {
        cmd_id: Some(1),
        msg_ref: Some(1),
        cmd_ref: Some(0),
        cmd: "SyncHdr".into(),
        chal: Some(Chal {
            kind: "syncml:auth-md5".into(),
            format: "b64".into(),
            next_nonce: Some("Tm9uY2U=".into()),
        }),
        code: 407,
        ..Status::default()
    };
    Message {
        header: Header {
            ver_dtd: "1.2".into(),
            ver_proto: "DM/1.2".into(),
            session_id: SessionId("1".into()),
            msg_id: 1,
            target: address("d"),
            source: address("s"),
            cred: None,
            max_msg_size: None,
        },
        body: vec![Element::Status(status)],
        is_final: true,
        reading: Reading::default(),
    }
}

/// The known document behind another header.
pub fn known_behind(header: &[u8]) -> Vec<u8> {
    [header, SYNC_HDR, STATUS, NONCE, REST].concat()
}

/// A document whose SyncBody holds these bytes.
pub fn document(header: &[u8], body: &[u8]) -> Vec<u8> {
    [header, SYNC_HDR, b"\x6b", body, b"\x01\x01"].concat()
}

/// A header with a string table.
pub fn with_table(table: &[u8]) -> Vec<u8> {
    let length = u8::try_from(table.len()).unwrap();
    [&[0x03, 0xa4, 0x01, 0x6a, length], table].concat()
}

/// The only Item of a document whose SyncBody holds one Add with these bytes in its Item.
fn item_behind(header: &[u8], item: &[u8]) -> Result<Item, DecodeError> {
    let message = decode(&document(
        header,
        &[b"\x45\x54", item, b"\x01\x01"].concat(),
    ))?;
    let [Element::Command(add)] = &message.body[..] else {
        panic!("{:?}", message.body);
    };
    Ok(add.items[0].clone())
}

fn item(bytes: &[u8]) -> Item {
    item_behind(HEADER, bytes).unwrap()
}

#[test]
fn known_bytes_are_read_and_written() {
    let bytes = known_behind(HEADER);
    assert_eq!(bytes.len(), 134);
    assert_eq!(decode(&bytes).unwrap(), known_model());
    assert_eq!(encode(&known_model()), bytes);
    // The raw nonce.
    let raw = [HEADER, SYNC_HDR, STATUS, b"\x50\xc3\x05Nonce\x01", REST].concat();
    assert_eq!(decode(&raw).unwrap(), known_model());
}

#[test]
fn a_document_says_in_several_ways_that_it_is_syncml() {
    let name = b"-//SYNCML//DTD SyncML 1.2//EN";
    let old = b"-//SYNCML//DTD SyncML 1.1//EN\0";
    let cases: [(&str, Vec<u8>); 9] = [
        ("WBXML 1.1", b"\x01\xa4\x01\x6a\0".to_vec()),
        ("WBXML 1.2", b"\x02\xa4\x01\x6a\0".to_vec()),
        ("no charset", b"\x03\xa4\x01\0\0".to_vec()),
        ("US-ASCII", b"\x03\xa4\x01\x03\0".to_vec()),
        ("SyncML 1.1", b"\x03\x9f\x53\x6a\0".to_vec()),
        ("a name", [b"\x02\0\0\x6a\x1d", &name[..]].concat()),
        (
            "a name and NUL",
            [b"\x03\0\0\x6a\x1e", &name[..], b"\0"].concat(),
        ),
        (
            "a name among others",
            [b"\x03\0\x02\x6a\x21a\0", &name[..], b"\0b"].concat(),
        ),
        (
            "SyncML 1.1 by name",
            [b"\x03\0\0\x6a\x1e", &old[..]].concat(),
        ),
    ];
    for (name, header) in cases {
        let found = decode(&known_behind(&header));
        assert_eq!(found.as_ref(), Ok(&known_model()), "{name}");
    }
}

#[test]
fn text_comes_in_several_ways() {
    let table = with_table(b"x\0n\xc3\xa4h\0");
    let cases: [(&str, &[u8], &str); 8] = [
        ("inline", b"\x4f\x03 a<b>\r\n\0\x01", " a<b>\r\n"),
        ("from the table", b"\x4f\x83\x02\x01", "n\u{e4}h"),
        ("from the middle of a string", b"\x4f\x83\x05\x01", "h"),
        ("an entity", b"\x4f\x02\x84\x9c\x2d\x01", "\u{10e2d}"),
        ("opaque", b"\x4f\xc3\x03a\nb\x01", "a\nb"),
        (
            "in pieces",
            b"\x4f\x03a\0\x83\0\x02\x26\xc3\x01b\x03c\0\x01",
            "ax&bc",
        ),
        (
            "cut inside a character",
            b"\x4f\x03\xc3\0\x03\xa4\0\x01",
            "\u{e4}",
        ),
        ("empty", b"\x0f", ""),
    ];
    for (name, bytes, expected) in cases {
        let found = item_behind(&table, bytes).unwrap().data;
        assert_eq!(found.as_deref(), Some(expected), "{name}");
    }
    assert_eq!(item(b"").data, None);
}

#[test]
fn opaque_bytes_become_text_by_where_they_stand() {
    let b64 = b"\x5a\0\x01\x47\x03b64\0\x01\x01\0\0";
    let bin = b"\x5a\0\x01\x47\x03bin\0\x01\x01\0\0";
    let cases: [(&str, &[u8], &[u8], &str); 8] = [
        ("text", b"", b"\x4f\xc3\x02ab\x01", "ab"),
        ("bytes", b"", b"\x4f\xc3\x03\xff\0\x01\x01", "/wAB"),
        ("a NUL", b"", b"\x4f\xc3\x02a\0\x01", "YQA="),
        ("bin: base64 stays", bin, b"\x4f\xc3\x04Tm9u\x01", "Tm9u"),
        ("bin: bytes", bin, b"\x4f\xc3\x03\xff\0\x01\x01", "/wAB"),
        (
            "b64: base64 stays",
            b64,
            b"\x4f\xc3\x09Tm9u\nY2U=\x01",
            "Tm9u\nY2U=",
        ),
        (
            "b64: what is not base64",
            b64,
            b"\x4f\xc3\x03Non\x01",
            "Tm9u",
        ),
        ("b64: inline stays", b64, b"\x4f\x03Non\0\x01", "Non"),
    ];
    for (name, meta, data, expected) in cases {
        let found = item(&[meta, data].concat()).data;
        assert_eq!(found.as_deref(), Some(expected), "{name}");
    }
    // The digest of a credential, as its 16 bytes.
    let digest: Vec<u8> = (0xf0..=0xff).collect();
    let cred = [b"\x4e\x4f\xc3\x10", &digest[..], b"\x01\x01\x01"].concat();
    let header = [&SYNC_HDR[..SYNC_HDR.len() - 1], &cred].concat();
    let message = decode(&[HEADER, &header, b"\x6b\x12\x01\x01"].concat()).unwrap();
    let cred = message.header.cred.unwrap();
    assert_eq!(cred.data, "8PHy8/T19vf4+fr7/P3+/w==");
    assert_eq!(
        item(b"\x6e\x57\xc3\x02./\x01\x01").target.as_deref(),
        Some("./")
    );
}

#[test]
fn elements_are_known_by_name_wherever_the_page_was_switched() {
    let table = with_table(b"Odd\0p:Product\0");
    // The page stays switched past the end of an element, and may be switched in vain.
    let body = b"\0\x01\0\0\x45\x54\x5a\0\x01\0\x01\x47\x03chr\0\x01\x01\x01\x01\0\0\x53\x01\x53\x4b\x032\0\x01\x01";
    let message = decode(&document(HEADER, body)).unwrap();
    let [
        Element::Command(add),
        Element::Command(_),
        Element::Command(_),
    ] = &message.body[..]
    else {
        panic!("{:?}", message.body);
    };
    assert_eq!(add.items[0].meta.format.as_deref(), Some("chr"));
    // A literal name is an element that nothing is known of.
    let message = decode(&document(&table, b"\x44\0\x4b\x037\0\x01\x01\x04\0\x12")).unwrap();
    let unknown = |cmd_id| Element::Unknown {
        name: "Odd".into(),
        cmd_id,
    };
    assert_eq!(message.body, [unknown(Some(7)), unknown(None)]);
    assert!(message.is_final);
    // Markup inside Data is kept as markup, as in XML.
    let data = b"\x4f\x03a<\0\x44\x04\x03b&\0\x04\0\x01\0\x01\x47\x03c\0\x01\xc3\x01d\x01\0\0";
    assert_eq!(
        item_behind(&table, data).unwrap().data.as_deref(),
        Some("a&lt;<Product>b&amp;<Odd/></Product><Format xmlns=\"syncml:metinf\">c</Format>d")
    );
    // Some put a LocURI into TargetRef.
    let message = decode(&document(HEADER, b"\x69\x6f\x57\x03./x\0\x01\x01\x01")).unwrap();
    let [Element::Status(status)] = &message.body[..] else {
        panic!("{:?}", message.body);
    };
    assert_eq!(status.target_refs, ["./x"]);
}

#[test]
fn text_that_no_encoding_can_carry_is_left_out() {
    let mut message = known_model();
    message.header.target.uri = "a\0b\u{fffe}c".into();
    message.header.source.uri = "\u{1}".into();
    for encoding in Encoding::ALL {
        let back = encoding.decode(&encoding.encode(&message)).unwrap();
        assert_eq!(back.header.target.uri, "abc", "{encoding:?}");
        assert_eq!(back.header.source.uri, "", "{encoding:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_from_xml(mut message in message()) {
        let bytes = encode(&message);
        prop_assert_eq!(&decode(&bytes).unwrap(), &message);
        let xml = Encoding::Xml.encode(&message);
        prop_assert!(bytes.len() < xml.len());
        prop_assert_eq!(&Encoding::Xml.decode(&xml).unwrap(), &message);
        // The parts add up: exactly with Final, else to at most three bytes more.
        let parts = frame_len(&message.header) + message.body.iter().map(element_len).sum::<usize>();
        prop_assert!((bytes.len()..=bytes.len() + 3).contains(&parts));
        message.is_final = true;
        prop_assert_eq!(encode(&message).len(), parts);
    }

    #[test]
    fn nothing_makes_it_panic(message in message(), bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), byte in any::<u8>(), tail in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = decode(&bytes);
        let _ = decode(&[HEADER, &bytes].concat());
        let _ = decode(&document(&with_table(b"Odd\0x"), &bytes));
        let mut changed = encode(&message);
        let at = at.index(changed.len());
        changed[at] = byte;
        let _ = decode(&changed);
        changed.splice(at.., tail);
        let _ = decode(&changed);
    }
}
