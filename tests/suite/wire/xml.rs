//! The XML codec from outside: what is read, what is written, and that the two agree.

use modegate_wire::decode::decode;
use modegate_wire::encode::{element_len, encode, frame_len};
use modegate_wire::encoding::Encoding;
use modegate_wire::fault::{Blame, DecodeError};
use modegate_wire::message::{
    Address, Chal, Command, Element, Group, GroupKind, Header, Item, Message, Meta, Reading,
    SessionId, Status, Verb,
};
use proptest::prelude::*;

use super::models::message;

const PACKAGE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<s:SyncML xmlns:s="SYNCML:SYNCML1.1" xmlns:m="syncml:metinf"><s:SyncBody>
  <s:Results><s:Item><s:Data><MsiInstallJob id="{1}"><Product Version="1"/></MsiInstallJob></s:Data>
    <s:Source><s:LocURI>
      ./cimv2/Win32_
      BIOS  </s:LocURI></s:Source></s:Item><s:CmdRef>7</s:CmdRef></s:Results>
  <s:Alert><s:Data>1224</s:Data><s:CmdID>2</s:CmdID><s:Item><s:Meta/><m:Type> com.microsoft/MDM/LoginStatus</m:Type><s:Data>us<![CDATA[er]]></s:Data></s:Item></s:Alert>
  <s:Replace><s:CmdID>3</s:CmdID><s:Item><s:Source><s:LocURI>./DevInfo/Man</s:LocURI></s:Source><s:Data> A &amp; B&#10;</s:Data></s:Item></s:Replace>
  <s:Odd><s:CmdID>9</s:CmdID></s:Odd><s:Final/></s:SyncBody>
<s:SyncHdr><s:Source><s:LocName>n</s:LocName><s:LocURI>dev</s:LocURI></s:Source><s:MsgID> 1 </s:MsgID><s:SessionID>0</s:SessionID>
<s:VerProto>DM/1.2</s:VerProto><s:VerDTD>1.2</s:VerDTD></s:SyncHdr></s:SyncML>"#;

#[test]
fn decoding_is_tolerant() {
    let with_bom = [b"\xef\xbb\xbf", PACKAGE.as_bytes()].concat();
    let message = decode(&with_bom).unwrap();
    assert_eq!(message.header.session_id, SessionId("0".into()));
    assert_eq!(
        (
            message.header.source.uri.as_str(),
            message.header.source.name.as_deref()
        ),
        ("dev", Some("n"))
    );
    assert!(message.is_final);
    let [
        Element::Results(results),
        Element::Alert(alert),
        Element::Command(replace),
        Element::Unknown { name, cmd_id },
    ] = &message.body[..]
    else {
        panic!("{:?}", message.body);
    };
    assert_eq!((results.msg_ref, results.cmd_ref), (None, Some(7)));
    assert_eq!(
        results.items[0].source.as_deref(),
        Some("./cimv2/Win32_BIOS")
    );
    assert_eq!(
        results.items[0].data.as_deref(),
        Some(r#"<MsiInstallJob id="{1}"><Product Version="1"/></MsiInstallJob>"#)
    );
    assert_eq!(
        alert.items[0].meta.kind.as_deref(),
        Some("com.microsoft/MDM/LoginStatus")
    );
    assert_eq!(alert.items[0].data.as_deref(), Some("user"));
    assert_eq!(replace.items[0].data.as_deref(), Some(" A & B\n"));
    assert_eq!((name.as_str(), *cmd_id), ("Odd", Some(9)));
}

#[test]
fn a_reply_is_one_strict_line() {
    let chal = Chal {
        kind: "syncml:auth-md5".into(),
        format: "b64".into(),
        next_nonce: Some("Tm9uY2U=".into()),
    };
    let message = Message {
        header: Header {
            ver_dtd: "1.2".into(),
            ver_proto: "DM/1.2".into(),
            session_id: SessionId("1".into()),
            msg_id: 1,
            target: Address {
                uri: "dev".into(),
                name: None,
            },
            source: Address {
                uri: "https://s/sync?a=1&b=2".into(),
                name: None,
            },
            cred: None,
            max_msg_size: None,
        },
        body: vec![
            Element::Status(Status {
                cmd_id: Some(1),
                msg_ref: Some(1),
                cmd_ref: Some(0),
                cmd: "SyncHdr".into(),
                chal: Some(chal),
                code: 200,
                ..Status::default()
            }),
            Element::Group(Group {
                kind: GroupKind::Atomic,
                cmd_id: Some(2),
                children: vec![Element::Command(Command {
                    verb: Verb::Exec,
                    cmd_id: Some(3),
                    items: vec![Item {
                        target: Some(
                            "./cimv2/MDM_EASPolicy/MDM_EASPolicy.Key=%221%22/Exec=SetValues".into(),
                        ),
                        meta: Meta {
                            format: Some("chr".into()),
                            kind: Some("text/plain".into()),
                            ..Meta::default()
                        },
                        data: Some("a<b>\r\n\t&".into()),
                        ..Item::default()
                    }],
                })],
            }),
        ],
        is_final: true,
        reading: Reading::default(),
    };
    insta::assert_snapshot!(encode(&message), @r##"<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>dev</LocURI></Target><Source><LocURI>https://s/sync?a=1&amp;b=2</LocURI></Source></SyncHdr><SyncBody><Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">Tm9uY2U=</NextNonce></Meta></Chal><Data>200</Data></Status><Atomic><CmdID>2</CmdID><Exec><CmdID>3</CmdID><Item><Target><LocURI>./cimv2/MDM_EASPolicy/MDM_EASPolicy.Key=%221%22/Exec=SetValues</LocURI></Target><Meta><Format xmlns="syncml:metinf">chr</Format><Type xmlns="syncml:metinf">text/plain</Type></Meta><Data>a&lt;b&gt;&#13;&#10;&#9;&amp;</Data></Item></Exec></Atomic><Final/></SyncBody></SyncML>"##);
}

#[test]
fn what_is_refused_says_why() {
    let whole = encode(&decode(PACKAGE.as_bytes()).unwrap());
    type Expected = fn(&DecodeError) -> bool;
    let cases: [(&str, String, Expected); 15] = [
        ("a DOCTYPE", format!("<!DOCTYPE SyncML>{whole}"), |e| {
            matches!(e, DecodeError::Forbidden(_))
        }),
        (
            "an entity between elements",
            whole.replace("<SyncBody>", "&x;<SyncBody>"),
            |e| matches!(e, DecodeError::Forbidden(_)),
        ),
        (
            "a bare & between elements",
            whole.replace("<SyncBody>", "&<SyncBody>"),
            |e| matches!(e, DecodeError::Malformed { .. }),
        ),
        (
            "a control character in a tag",
            whole.replace("<SyncBody>", "<SyncBody\u{1}>"),
            |e| matches!(e, DecodeError::Malformed { .. }),
        ),
        (
            "a control character between elements",
            whole.replace("<SyncBody>", "\0<SyncBody>"),
            |e| matches!(e, DecodeError::Malformed { .. }),
        ),
        (
            "a control character in the Source",
            whole.replace("dev", "d\u{2}ev"),
            |e| {
                matches!(
                    e,
                    DecodeError::BadField {
                        field: "Source",
                        ..
                    }
                )
            },
        ),
        ("a PI", format!("<?php ?>{whole}"), |e| {
            matches!(e, DecodeError::Forbidden(_))
        }),
        ("two roots", format!("{whole}{whole}"), |e| {
            matches!(e, DecodeError::Malformed { .. })
        }),
        ("text after", format!("{whole}x"), |e| {
            matches!(e, DecodeError::Malformed { .. })
        }),
        ("cut off", whole[..whole.len() - 9].to_owned(), |e| {
            matches!(e, DecodeError::Ends { .. })
        }),
        ("not SyncML", "<html/>".to_owned(), |e| {
            matches!(e, DecodeError::NotSyncMl(_))
        }),
        ("nothing", String::new(), |e| {
            matches!(e, DecodeError::NotSyncMl(_))
        }),
        (
            "latin-1",
            format!("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>{whole}"),
            |e| matches!(e, DecodeError::Encoding(..)),
        ),
        ("MsgID 0", whole.replace("<MsgID>1<", "<MsgID>0<"), |e| {
            matches!(e, DecodeError::BadField { .. })
        }),
        ("deep", "<SyncML>".repeat(5000), |e| {
            e.blame() == Blame::TooLarge
        }),
    ];
    for (name, text, expected) in cases {
        let error = decode(text.as_bytes()).unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(message in message()) {
        let text = encode(&message);
        prop_assert!(!text.contains(['\n', '\r', '\t']));
        let length = frame_len(&message.header) + message.body.iter().map(element_len).sum::<usize>();
        prop_assert_eq!(length - if message.is_final { 0 } else { "<Final/>".len() }, text.len());
        prop_assert_eq!(decode(text.as_bytes()).unwrap(), message);
    }

    #[test]
    fn nothing_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..PACKAGE.len(), byte in any::<u8>()) {
        let _ = decode(&bytes);
        let mut changed = PACKAGE.as_bytes().to_vec();
        changed[at] = byte;
        let _ = decode(&changed);
        bytes.splice(0..0, PACKAGE.as_bytes()[..at].iter().copied());
        let _ = decode(&bytes);
    }
}

proptest! {
    /// The byte budget counts XML for both encodings: it is the upper bound.
    #[test]
    fn wbxml_is_never_longer_than_xml(message in message()) {
        for child in &message.body {
            prop_assert!(Encoding::Wbxml.element_len(child) <= Encoding::Xml.element_len(child));
        }
        prop_assert!(Encoding::Wbxml.frame_len(&message.header) <= Encoding::Xml.frame_len(&message.header));
    }
}
