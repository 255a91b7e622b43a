//! Random messages, for whatever holds of all of them. What is made comes back
//! from a codec as it went.

use modegate_wire::message::{
    Address, Alert, Chal, Command, Cred, Element, Group, GroupKind, Header, Item, Message, Meta,
    Reading, Results, SessionId, Status, Verb,
};
use proptest::prelude::*;

fn id() -> impl Strategy<Value = Option<u32>> {
    prop::option::of(1..9999_u32)
}

// What comes back as it went: field text is trimmed, data is not.
fn text() -> impl Strategy<Value = String> {
    "[ -~\u{e4}\u{4e2d}\u{1f600}\n\t]{0,40}"
}

fn field() -> impl Strategy<Value = String> {
    "[!-~\u{e4}]{1,20}"
}

fn fields() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(field(), 0..2)
}

fn meta() -> impl Strategy<Value = Meta> {
    (
        prop::option::of(prop_oneof![
            field(),
            Just("b64".to_owned()),
            Just("bin".to_owned())
        ]),
        prop::option::of(field()),
        prop::option::of(field()),
        prop::option::of(0..u64::MAX),
    )
        .prop_map(|(format, kind, mark, size)| Meta {
            format,
            kind,
            mark,
            size,
        })
}

fn item() -> impl Strategy<Value = Item> {
    (
        prop::option::of(field()),
        prop::option::of(field()),
        meta(),
        prop::option::of(text()),
        any::<bool>(),
    )
        .prop_map(|(target, source, meta, data, more_data)| Item {
            target,
            source,
            meta,
            data,
            more_data,
        })
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(item(), 0..3)
}

fn command() -> impl Strategy<Value = Element> {
    (prop::sample::select(Verb::ALL.to_vec()), id(), items()).prop_map(|(verb, cmd_id, items)| {
        Element::Command(Command {
            verb,
            cmd_id,
            items,
        })
    })
}

fn alert() -> impl Strategy<Value = Element> {
    (id(), any::<u16>(), items()).prop_map(|(cmd_id, code, items)| {
        Element::Alert(Alert {
            cmd_id,
            code,
            items,
        })
    })
}

fn chal() -> impl Strategy<Value = Chal> {
    (field(), field(), prop::option::of(field())).prop_map(|(kind, format, next_nonce)| Chal {
        kind,
        format,
        next_nonce,
    })
}

fn status() -> impl Strategy<Value = Element> {
    let numbers = (id(), id(), id(), any::<u16>());
    let references = (field(), fields(), fields());
    (numbers, references, prop::option::of(chal()), items()).prop_map(
        |((cmd_id, msg_ref, cmd_ref, code), (cmd, target_refs, source_refs), chal, items)| {
            Element::Status(Status {
                cmd_id,
                msg_ref,
                cmd_ref,
                cmd,
                target_refs,
                source_refs,
                chal,
                code,
                original_error: None,
                items,
            })
        },
    )
}

fn results() -> impl Strategy<Value = Element> {
    let references = (prop::option::of(field()), fields(), fields());
    ((id(), id(), id()), references, meta(), items()).prop_map(
        |((cmd_id, msg_ref, cmd_ref), (cmd, target_refs, source_refs), meta, items)| {
            Element::Results(Results {
                cmd_id,
                msg_ref,
                cmd_ref,
                cmd,
                target_refs,
                source_refs,
                meta,
                items,
            })
        },
    )
}

fn element() -> impl Strategy<Value = Element> {
    prop_oneof![command(), alert(), status(), results()].prop_recursive(3, 12, 4, |inner| {
        let kind = prop_oneof![Just(GroupKind::Atomic), Just(GroupKind::Sequence)];
        (kind, id(), prop::collection::vec(inner, 0..4)).prop_map(|(kind, cmd_id, children)| {
            Element::Group(Group {
                kind,
                cmd_id,
                children,
            })
        })
    })
}

fn header() -> impl Strategy<Value = Header> {
    let address =
        || (field(), prop::option::of(field())).prop_map(|(uri, name)| Address { uri, name });
    let cred = (field(), field()).prop_map(|(kind, data)| Cred { kind, data });
    (
        (field(), 1..999_999_u32),
        (address(), address()),
        prop::option::of(cred),
        prop::option::of(any::<u32>()),
    )
        .prop_map(
            |((session, msg_id), (target, source), cred, max_msg_size)| Header {
                ver_dtd: "1.2".into(),
                ver_proto: "DM/1.2".into(),
                session_id: SessionId(session),
                msg_id,
                target,
                source,
                cred,
                max_msg_size,
            },
        )
}

/// A message.
pub fn message() -> impl Strategy<Value = Message> {
    (
        header(),
        prop::collection::vec(element(), 0..6),
        any::<bool>(),
    )
        .prop_map(|(header, body, is_final)| Message {
            header,
            body,
            is_final,
            reading: Reading::default(),
        })
}
