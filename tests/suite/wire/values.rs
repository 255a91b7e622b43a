//! Values that are not what the encoding asks for are read as far as they can be;
//! a message over a bound is read up to there.

use std::time::{Duration, Instant};

use modegate_wire::encoding::{Encoding, Extent};
use modegate_wire::fault::{Blame, DecodeError};
use modegate_wire::limits;
use modegate_wire::message::{Amended, Cut, Element, Item, Message, Results};

use super::wbxml::{HEADER, document};

const NOTHING: Amended = Amended {
    characters: 0,
    references: 0,
    markup: 0,
    shortened: 0,
};
const CHARACTERS: Amended = Amended {
    characters: 1,
    ..NOTHING
};
const REFERENCES: Amended = Amended {
    references: 1,
    ..NOTHING
};
const MARKUP: Amended = Amended {
    markup: 1,
    ..NOTHING
};

fn with_body(body: &[u8]) -> Vec<u8> {
    let header = b"<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>2</MsgID><Target><LocURI>t</LocURI></Target><Source><LocURI>dev</LocURI></Source></SyncHdr><SyncBody>";
    [header, body, b"<Final/></SyncBody></SyncML>"].concat()
}

fn results(item: &[u8]) -> Vec<u8> {
    let head = b"<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Item>";
    [head, item, b"</Item></Results>"].concat()
}

/// Behind the value, whatever it is, comes what must be read too.
const NEXT: &[u8] = b"<Status><CmdID>4</CmdID><MsgRef>1</MsgRef><CmdRef>6</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>";

fn only_item(message: &Message) -> &Item {
    let [
        Element::Results(Results { items, .. }),
        Element::Status(status),
    ] = &message.body[..]
    else {
        panic!("{:?}", message.body);
    };
    assert_eq!((status.code, message.is_final), (200, true));
    &items[0]
}

fn read(item: &[u8]) -> Message {
    let bytes = with_body(&[&results(item), NEXT].concat());
    let read = Encoding::Xml.decode(&bytes);
    read.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(item)))
}

#[test]
fn a_value_costs_nothing_but_itself() {
    let cases: [(&[u8], &str, Amended); 24] = [
        (b"plain &amp; simple", "plain & simple", NOTHING),
        (b"AMI\x02 v1.\x1f3", "AMI\u{fffd} v1.\u{fffd}3", CHARACTERS),
        (b"M\xfcller", "M\u{fffd}ller", CHARACTERS),
        ("\u{ffff}".as_bytes(), "\u{fffd}", CHARACTERS),
        (
            b"a&#0;b&#xd800;c&#99999999999;",
            "a\u{fffd}b\u{fffd}c\u{fffd}",
            CHARACTERS,
        ),
        (b"<![CDATA[a\x01<b>]]>", "a\u{fffd}<b>", CHARACTERS),
        (b"a&nbsp;b &amp; c", "a&nbsp;b & c", REFERENCES),
        (b"AT&T &lt;3 &", "AT&T <3 &", REFERENCES),
        (b"a&;b", "a&;b", REFERENCES),
        (b"<p>&nbsp;</p>", "<p>&nbsp;</p>", REFERENCES),
        (
            b"<?xml version=\"1.0\"?><a x='1'><b/></a>",
            "<?xml version=\"1.0\"?><a x='1'><b/></a>",
            MARKUP,
        ),
        (
            b" <?xml version=\"1.0\" encoding=\"utf-16\"?> text",
            " <?xml version=\"1.0\" encoding=\"utf-16\"?> text",
            MARKUP,
        ),
        (
            b"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            Amended {
                references: 1,
                ..MARKUP
            },
        ),
        (b"<?php echo ?>", "<?php echo ?>", NOTHING),
        (b"<br>one<br>two", "<br>one<br>two", MARKUP),
        (b"a < b", "a < b", MARKUP),
        (b"a<5 &amp; \"quoted", "a<5 &amp; \"quoted", MARKUP),
        (b"<a b='", "<a b='", MARKUP),
        (b"<![CDATA[ without end", "<![CDATA[ without end", MARKUP),
        (b"<!-- without end", "<!-- without end", MARKUP),
        (b"</b>", "</b>", MARKUP),
        (
            b"<b>\x01<i></b>",
            "<b>\u{fffd}<i></b>",
            Amended {
                characters: 1,
                ..MARKUP
            },
        ),
        (
            b"<b a\x01='1'/>",
            "<b a\u{fffd}='1'/>",
            Amended {
                characters: 1,
                ..MARKUP
            },
        ),
        (b"", "", NOTHING),
    ];
    for (value, expected, amended) in cases {
        let shown = String::from_utf8_lossy(value);
        let message = read(&[b"<Data>", value, b"</Data>"].concat());
        assert_eq!(
            only_item(&message).data.as_deref(),
            Some(expected),
            "{shown}"
        );
        assert_eq!(message.reading.amended, amended, "{shown}");
        // The same behind a prefix, with white space in the end tag.
        let message = read(&[b"<s:Data a='1'>", value, b"</s:Data >"].concat());
        assert_eq!(
            only_item(&message).data.as_deref(),
            Some(expected),
            "{shown}"
        );
    }
}

#[test]
fn other_fields_are_read_like_data() {
    let message = read(
        b"<Source><LocURI>./a\x01&nbsp;b<c</LocURI></Source><Meta><Format>c\x02hr</Format><Type>te\xfft</Type><Size>1\x002</Size></Meta><Data>x</Data><MoreData/>",
    );
    let item = only_item(&message);
    assert_eq!(item.source.as_deref(), Some("./a\u{fffd}&nbsp;b<c"));
    assert_eq!(item.meta.format.as_deref(), Some("c\u{fffd}hr"));
    assert_eq!(item.meta.kind.as_deref(), Some("te\u{fffd}t"));
    assert_eq!((item.meta.size, item.more_data), (None, true));
    let long = [
        b"<Source><LocURI>./",
        &[b'x'; 9_000][..],
        b"</LocURI></Source>",
    ]
    .concat();
    let message = read(&long);
    assert_eq!(message.reading.amended.shortened, 1);
    let source = only_item(&message).source.as_ref().unwrap();
    assert_eq!(source.len(), limits::FIELD_BYTES);
}

#[test]
fn in_wbxml_too() {
    // Results with an Item of a LocURI and Data.
    let read = |data: &[u8]| {
        let item = [b"\x54\x67\x57\x03./\x02x\0\x01\x01", data, b"\x01"].concat();
        let body = [b"\x62", &item[..], b"\x01\x12"].concat();
        let message = Encoding::Wbxml.decode(&document(HEADER, &body)).unwrap();
        let [Element::Results(results)] = &message.body[..] else {
            panic!("{:?}", message.body);
        };
        assert_eq!(results.items[0].source.as_deref(), Some("./\u{fffd}x"));
        let count = message.reading.amended.characters;
        (results.items[0].data.clone().unwrap(), count - 1)
    };
    let cases: [(&[u8], &str, u32); 7] = [
        (b"\x4f\x03ab\0\x01", "ab", 0),
        (b"\x4f\x03AMI\x02\xff\0\x01", "AMI\u{fffd}\u{fffd}", 1),
        (
            b"\x4f\x02\0\x03a\0\x02\x83\xb0\0\x01",
            "\u{fffd}a\u{fffd}",
            1,
        ),
        // Bytes without a Format stay whole; text is text.
        (b"\x4f\xc3\x02a\x01\x01", "YQE=", 0),
        (
            b"\x5a\0\x01\x47\x03chr\0\x01\x01\0\0\x4f\xc3\x02a\x01\x01",
            "a\u{fffd}",
            1,
        ),
        (b"\x4f\x03a<b>&nbsp;\0\x01", "a<b>&nbsp;", 0),
        (
            b"\x4f\x03a\x01\0\x54\x03b\0\x01\x01",
            "a\u{fffd}<Item>b</Item>",
            1,
        ),
    ];
    for (data, expected, count) in cases {
        assert_eq!(read(data), (expected.to_owned(), count), "{data:02x?}");
    }
}

#[test]
fn a_value_never_reaches_beyond_its_element() {
    // What lacks the end of its element would take in what follows.
    let lost = with_body(&[&results(b"<Data>a"), &results(b"<Data>b</Data>")[..]].concat());
    assert!(matches!(
        Encoding::Xml.decode(&lost),
        Err(DecodeError::Malformed { .. })
    ));
    let open = with_body(&results(b"<Data><b>").repeat(2));
    assert!(Encoding::Xml.decode(&open).is_err());
}

#[test]
fn a_bound_cuts_the_message_where_it_is_exceeded() {
    let many = b"<Data>x</Data></Item><Item>".repeat(limits::ITEMS + 1);
    let nodes = [
        b"<Data>",
        &b"<a/>".repeat(limits::XML_NODES)[..],
        b"</Data>",
    ]
    .concat();
    let deep = [
        b"<Data>",
        &b"<a>".repeat(40)[..],
        &b"</a>".repeat(40),
        b"</Data>",
    ]
    .concat();
    let attributes: String = (0..200).map(|n| format!(" a{n}=''")).collect();
    let attributes = format!("<Data><a{attributes}/></Data>");
    for (item, bound) in [
        (&many[..], "more than 1000 items in one element"),
        (&nodes, "more than 50000 elements and attributes"),
        (&deep, "nested deeper than 32 elements"),
        (
            attributes.as_bytes(),
            "more than 128 attributes of one element",
        ),
    ] {
        let bytes = with_body(&[NEXT, &results(item), NEXT].concat());
        let message = Encoding::Xml.read(&bytes, Extent::Whole).unwrap();
        let cut = message.reading.cut.unwrap();
        assert_eq!(cut.bound.to_string(), bound);
        let answers = (cut.element.as_str(), cut.cmd_id, cut.msg_ref, cut.cmd_ref);
        assert_eq!(answers, ("Results", Some(3), Some(1), Some(5)), "{bound}");
        assert_eq!(
            (message.body.len(), message.is_final),
            (1, false),
            "{bound}"
        );
        // As a whole it is no message.
        let error = Encoding::Xml.decode(&bytes).unwrap_err();
        assert_eq!(error.blame(), Blame::TooLarge);
    }
    // What answers nothing is refused.
    let wide = with_body(&b"<x/>".repeat(limits::BODY_ELEMENTS + 1));
    let refused = Encoding::Xml.read(&wide, Extent::Whole).unwrap_err();
    assert_eq!(refused.error.blame(), Blame::TooLarge);
    let all = with_body(&NEXT.repeat(limits::BODY_ELEMENTS + 1));
    let message = Encoding::Xml.read(&all, Extent::Whole).unwrap();
    assert_eq!(message.body.len(), limits::BODY_ELEMENTS);
    let cut = message.reading.cut.unwrap();
    assert_eq!((cut.element.as_str(), cut.cmd_ref), ("Status", Some(6)));
}

#[test]
fn of_a_beginning_the_whole_elements_are_read() {
    let bytes = with_body(&[NEXT, &results(b"<Data>a value</Data>")].concat());
    let whole = Encoding::Xml.decode(&bytes).unwrap();
    let header_ends = bytes
        .windows(10)
        .position(|at| at == b"</SyncHdr>")
        .unwrap()
        + 10;
    for length in 0..bytes.len() {
        let read = Encoding::Xml.read(&bytes[..length], Extent::Beginning(length));
        if length < header_ends {
            let error = read.unwrap_err().error;
            assert_eq!(error.blame(), Blame::TooLarge, "{length}: {error}");
            continue;
        }
        let Ok(message) = read else {
            // No answer was begun.
            let answers = header_ends + "<SyncBody><Status>".len();
            assert!(length < answers, "{length}: {read:?}");
            continue;
        };
        let Some(Cut { bound, .. }) = &message.reading.cut else {
            assert_eq!(message.body, whole.body);
            continue;
        };
        assert_eq!(*bound, DecodeError::TooLong("the message", length));
        assert_eq!(
            message.body[..],
            whole.body[..message.body.len()],
            "{length}"
        );
        assert_eq!(message.header, whole.header);
        // What is said to be whole is refused.
        assert!(Encoding::Xml.decode(&bytes[..length]).is_err(), "{length}");
    }
    let bytes = Encoding::Wbxml.encode(&whole);
    let mut cuts = 0;
    for length in 0..bytes.len() {
        if let Ok(message) = Encoding::Wbxml.read(&bytes[..length], Extent::Beginning(length)) {
            assert_eq!(
                message.body[..],
                whole.body[..message.body.len()],
                "{length}"
            );
            cuts += u32::from(message.reading.cut.is_some());
        }
    }
    assert!(cuts > 50, "{cuts}");
    // What is wrong before the end is wrong.
    let wrong = with_body(b"<Status></Results>");
    let read = Encoding::Xml.read(
        &wrong[..wrong.len() - 5],
        Extent::Beginning(wrong.len() - 5),
    );
    assert_eq!(read.unwrap_err().error.blame(), Blame::Malformed);
}

#[test]
fn what_is_refused_says_whom_it_names() {
    let bytes = with_body(b"<Status></Results>");
    let refused = Encoding::Xml.read(&bytes, Extent::Whole).unwrap_err();
    assert_eq!(refused.header.source.uri, "dev");
    assert_eq!(refused.header.msg_id, 2);
    let text = String::from_utf8(bytes)
        .unwrap()
        .replace("<MsgID>2<", "<MsgID>x<");
    let refused = Encoding::Xml
        .read(text.as_bytes(), Extent::Whole)
        .unwrap_err();
    assert_eq!(refused.header.source.uri, "dev");
}

/// Values that are made to be read again and again, and names that are made to be
/// compared with each other.
#[test]
fn broken_values_take_linear_time() {
    let open: &[&[u8]] = &[b"<![CDATA[", b"<!--", b"<a '"];
    let mut cases: Vec<Vec<u8>> = Vec::new();
    for begin in open {
        let item = [b"<Data>", *begin, b"</Data>"].concat();
        cases.push(with_body(&results(&item).repeat(3_900)));
    }
    let attributes: String = (0..400_000).map(|n| format!(" a{n}=''")).collect();
    cases.push(with_body(format!("<a{attributes}/>").as_bytes()));
    for bytes in cases {
        let begun = Instant::now();
        let _ = Encoding::Xml.read(&bytes, Extent::Whole);
        let took = begun.elapsed();
        assert!(
            took < Duration::from_secs(30),
            "{took:?} for {} bytes: {}",
            bytes.len(),
            String::from_utf8_lossy(&bytes[200..350])
        );
    }
}
