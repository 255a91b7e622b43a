#![allow(clippy::unwrap_used)]

use super::*;
use crate::context::{ContextSet, Login};
use crate::device::Session;
use crate::fixtures::syncml::message;
use crate::ids::SessionNo;
use crate::time::Timestamp;
use modegate_wire::decode::decode;
use modegate_wire::message::SessionId;

const BIOS: Name<'static> = Name {
    msg_ref: Some(2),
    cmd_ref: Some(7),
    node: Some("./cimv2/Win32_BIOS"),
};

/// Numbers as they stand in rows: neither may ever change.
#[test]
fn the_digests_on_record_are_these() {
    let name = |msg_ref, cmd_ref, node| Name {
        msg_ref,
        cmd_ref,
        node,
    };
    let rows = [
        (
            name(None, None, None),
            0xf900_3207_cf9e_4d4c,
            0x50d0_90a8_3459_efce,
        ),
        (BIOS, 0xf162_c9e3_3446_deb4, 0x0de0_e41b_ace1_c2a2),
        (
            name(Some(2), None, Some("./DevDetail/Ext/Microsoft/ä")),
            0x8caf_63c6_695b_5199,
            0xcf99_c35b_437f_5cc5,
        ),
        (
            name(None, Some(4_000_000_000), Some("")),
            0x1f74_54ca_867e_9987,
            0x6007_b878_ed35_50f9,
        ),
    ];
    for (name, of_0_1_0, of_now) in rows {
        assert_eq!(name.digest_of_0_1_0(), of_0_1_0, "{name:?}");
        assert_eq!(name.digest(), of_now, "{name:?}");
    }
}

fn half_sent(of: u64) -> DeviceState {
    DeviceState {
        session: Some(Session {
            no: SessionNo(3),
            id: SessionId("1".into()),
            opened_at: Timestamp(0),
            last_at: Timestamp(0),
            client_message: 2,
            messages: 2,
            first_message: 1,
            contexts: ContextSet::default(),
            login: Login::Absent,
            max_msg_size: None,
            is_open: true,
            awaits_final: false,
            proof_on_record: 0,
        }),
        large: Some(LargeObject {
            session: SessionNo(3),
            of,
            size: 10,
            got: 4,
            refused: None,
        }),
        ..DeviceState::default()
    }
}

fn piece(node: &str, data: &str, more: &str) -> Message {
    let body = format!(
        "<Results><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>7</CmdRef><Item><Source><LocURI>{node}</LocURI></Source>\
         <Data>{data}</Data>{more}</Item></Results><Final/>"
    );
    let text = message("d", "1", 3, &body);
    decode(text.as_bytes()).unwrap()
}

/// What a message brings for an object that is on record under `of`.
fn judged(of: u64, message: &Message) -> (Vec<Part>, bool, Option<LargeObject>) {
    let mut state = half_sent(of);
    let mut recorder = EventRecorder::new(Timestamp(0));
    let (parts, broken) = judge(&mut state, Family::Windows10, message, &mut recorder);
    (parts, broken, state.large)
}

#[test]
fn an_object_that_is_half_sent_goes_on_whichever_version_wrote_it_down() {
    for of in [BIOS.digest_of_0_1_0(), BIOS.digest()] {
        let last = piece("./cimv2/Win32_BIOS", "567890", "");
        assert_eq!(judged(of, &last), (vec![Part::Last], false, None));
        // From here on it is known by the digest of today.
        let next = piece("./cimv2/Win32_BIOS", "567", "<MoreData/>");
        let goes_on = LargeObject {
            session: SessionNo(3),
            of: BIOS.digest(),
            size: 10,
            got: 7,
            refused: None,
        };
        assert_eq!(judged(of, &next), (vec![Part::Chunk], false, Some(goes_on)));
        // Another one is never taken for it.
        let other = piece("./cimv2/Win32_Processor", "567890", "");
        assert_eq!(judged(of, &other), (vec![Part::Whole], true, None));
    }
}

/// What messages bring, one after the other, to a device of that family.
fn judged_in_turn(family: Family, messages: &[Message]) -> Vec<Part> {
    let mut state = DeviceState {
        large: None,
        ..half_sent(0)
    };
    let mut recorder = EventRecorder::new(Timestamp(0));
    let parts = messages
        .iter()
        .flat_map(|message| judge(&mut state, family, message, &mut recorder).0);
    let parts = parts.collect();
    assert_eq!(state.large, None, "nothing is under way at the end");
    parts
}

#[test]
fn no_piece_of_a_refused_object_is_a_value() {
    let bios = |data: &str, more: &str| piece("./cimv2/Win32_BIOS", data, more);
    let sized = |size: u32, data: &str| {
        let size = format!("<MoreData/><Meta><Size>{size}</Size></Meta>");
        bios(data, &size)
    };
    let more = "<MoreData/>";
    let rows = [
        (Family::Windows81, sized(8, "1234"), 406),
        (Family::Windows81, bios("1234", more), 406),
        (Family::Windows10, bios("1234", more), 411),
        (Family::WindowsPhone81, sized(3, "1234"), TOO_LARGE),
        (Family::Windows10, sized(u32::MAX, "1234"), TOO_LARGE),
    ];
    for (family, first, code) in rows {
        let messages = [first, bios("5", more), bios("678", "")];
        let refused = Part::Refused(code);
        assert_eq!(judged_in_turn(family, &messages), [refused; 3], "{code}");
    }
    // One that grows beyond its size, and goes on.
    let messages = [sized(5, "1234"), bios("56", more), bios("7", "")];
    let refused = Part::Refused(424);
    let expected = [Part::Chunk, refused, refused];
    assert_eq!(judged_in_turn(Family::Windows10, &messages), expected);
    // What another node brings meanwhile is whole.
    let other = piece("./cimv2/Win32_Processor", "x", "");
    let messages = [bios("1234", more), other];
    let expected = [Part::Refused(406), Part::Whole];
    assert_eq!(judged_in_turn(Family::Windows81, &messages), expected);
}
