//! Bytes that nobody meant well with: none panics, and none costs more than its length.

use proptest::prelude::*;

use super::envelope;
use super::fuzz::enrollment;
use crate::envelope::{Envelope, EnvelopeError};
use crate::xml::{Element, MAX_BYTES, XmlError};

fn refused(text: &str) -> XmlError {
    match Envelope::read(text.as_bytes()) {
        Err(EnvelopeError::Xml(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let deep = format!("{}{}", "<a>".repeat(9000), "</a>".repeat(9000));
    assert_eq!(refused(&deep), XmlError::TooDeep);
    assert_eq!(refused(&"<a>".repeat(20_000)), XmlError::TooDeep);
    let wide = envelope("", &format!("<x>{}</x>", "<a/>".repeat(3000)));
    assert_eq!(refused(&wide), XmlError::TooMany);
    let attributes: String = (0..40).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(refused(&format!("<a{attributes}/>")), XmlError::TooMany);
    let long = envelope("", &format!("<x>{}</x>", "y".repeat(1 << 20)));
    assert_eq!(refused(&long), XmlError::TooLong);
    let long = format!("<x a='{}'/>", "y".repeat(MAX_BYTES));
    assert_eq!(refused(&long), XmlError::TooLong);
}

#[test]
fn a_long_attribute_within_the_bounds_is_read() {
    let value = "y".repeat(60_000);
    let element = Element::read(format!("<x a='{value}'/>").as_bytes()).unwrap();
    assert_eq!(element.get("a"), Some(value.as_str()));
}

#[test]
fn nothing_is_declared_or_expanded() {
    for text in [
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<a><!DOCTYPE b></a>",
    ] {
        assert_eq!(refused(text), XmlError::DocumentType, "{text}");
    }
    for text in [
        "<a>&b;</a>",
        "<a b='&c;'/>",
        "<a>&#0;</a>",
        "<a b='&#x1;'/>",
        "<a b='&#xFFFF;'/>",
        "<a>&#xD800;</a>",
        "<a>&</a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a",
        "<a></b>",
        "<a>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a:/>",
        "<1/>",
        "<a>\u{1}</a>",
        " ",
    ] {
        let error = refused(text);
        assert!(
            matches!(error, XmlError::Malformed { .. }),
            "{text}: {error}"
        );
    }
    let utf16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(Envelope::read(&utf16).is_err());
    assert!(matches!(
        Element::read(b"<a>\xff</a>"),
        Err(XmlError::Encoding)
    ));
}

#[test]
fn text_is_put_together() {
    let text = "<a>1<!-- 2 --><![CDATA[<3>]]>&lt;&#52;&#x35;<b>no</b>6\r\n7</a>";
    let element = Element::read(text.as_bytes()).unwrap();
    assert_eq!(element.text(), "1<3><456\n7");
    let name = "<a:b xmlns:a='u' a:c='&quot;&amp;amp;' xmlns='v'/>";
    let element = Element::read(name.as_bytes()).unwrap();
    assert_eq!((element.name(), element.get("c")), ("b", Some("\"&amp;")));
    assert_eq!(element.get("xmlns"), None);
}

/// Elements as the writer gets them: without a prefix, text before children.
fn elements() -> impl Strategy<Value = Element> {
    let text = "[ -~\t\r\né\u{fffd}😀]{0,12}";
    let leaf = ("[A-Za-z_][A-Za-z0-9_.-]{0,8}", text, text);
    let leaf = leaf.prop_map(|(name, text, value)| {
        Element::with_text(&name, &text).attribute("value", &value)
    });
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let children = proptest::collection::vec(inner, 0..4);
        let parts = ("[A-Za-z_][A-Za-z0-9_.-]{0,8}", text, children);
        parts.prop_map(|(name, text, children)| {
            Element::with_text(&name, &text).with_children(children)
        })
    })
}

#[test]
fn the_corpus_and_each_part_of_it_hold() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/enrollment");
    let mut files = 0;
    for entry in std::fs::read_dir(path).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for end in 0..=bytes.len() {
            enrollment(&bytes[..end]);
        }
    }
    assert!(files >= 6, "{files} files");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        enrollment(&bytes);
    }

    #[test]
    fn no_text_that_looks_like_a_request_panics(
        parts in proptest::collection::vec(prop_oneof![
            Just("<s:Envelope>"), Just("</s:Envelope>"), Just("<Header>"), Just("</Header>"),
            Just("<Body>"), Just("</Body>"), Just("<Discover>"), Just("</Discover>"),
            Just("<RequestSecurityToken>"), Just("</RequestSecurityToken>"), Just("<Security/>"),
            Just("<BinarySecurityToken ValueType='#PKCS7'>MAA="), Just("</BinarySecurityToken>"),
            Just("<RequestType>/Renew</RequestType>"), Just("&amp;"), Just("&x;"), Just("<!--"),
            Just("-->"), Just("<![CDATA["), Just("]]>"), Just("<?x"), Just("?>"), Just("\""),
        ], 0..24),
    ) {
        enrollment(parts.concat().as_bytes());
    }

    #[test]
    fn no_nested_der_panics(bytes in proptest::collection::vec(
        prop_oneof![Just(0x30u8), Just(0x31), Just(0x80), Just(0x81), Just(0x82), Just(0x84),
            Just(0xa0), Just(0x02), Just(0x03), Just(0x06), any::<u8>()], 0..200)) {
        enrollment(&bytes);
    }

    #[test]
    fn what_is_written_is_read(element in elements()) {
        let written = element.write();
        prop_assert!(!written.contains(['\n', '\r', '\t']));
        prop_assert_eq!(Element::read(written.as_bytes()), Ok(element));
    }
}
