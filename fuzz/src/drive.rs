//! One function per target. Each panics where something that must hold does not.

use std::sync::OnceLock;

use modegate_core::classify::classify;
use modegate_core::command::{CommandBody, Operation};
use modegate_core::context::{Family, Mode, Platform, Query};
use modegate_core::device::{Device, DeviceRecord, DeviceState};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::kind::Kind;
use modegate_core::policy::PolicySet;
use modegate_core::session::{
    ClientEvidence, Request, Snapshot, Step, authenticate, plan_read, queue, step as core_step,
};
use modegate_core::time::Timestamp;
use modegate_wire::encoding::Encoding;
use modegate_wire::fault::Blame;
use modegate_wire::guard::machine_may_carry;
use modegate_wire::message::{Command, Element, Item, Message, Verb};

/// The XML codec: what is read can be written and read again, by both codecs alike.
pub fn xml(data: &[u8]) {
    codec(Encoding::Xml, data);
}

/// The same with WBXML.
pub fn wbxml(data: &[u8]) {
    codec(Encoding::Wbxml, data);
}

fn codec(encoding: Encoding, data: &[u8]) {
    let Ok(message) = encoding.decode(data) else {
        return;
    };
    // Once written, elements that were not understood are gone and text is plain.
    let Some(plain) = again(Encoding::Xml, &message) else {
        return;
    };
    for encoding in Encoding::ALL {
        if let Some(back) = again(encoding, &plain) {
            assert_eq!(back, plain, "{encoding:?}");
        }
        for child in &plain.body {
            let (xml, wbxml) = (
                Encoding::Xml.element_len(child),
                Encoding::Wbxml.element_len(child),
            );
            assert!(wbxml <= xml, "the byte budget counts XML");
        }
    }
}

/// Written and read; `None` where it is over a bound by now.
fn again(encoding: Encoding, message: &Message) -> Option<Message> {
    match encoding.decode(&encoding.encode(message)) {
        Ok(back) => Some(back),
        Err(error) if error.blame() == Blame::TooLarge => None,
        Err(error) => panic!("{encoding:?} does not read what it wrote: {error}"),
    }
}

/// The query: whatever else it says, `mode=Machine` in it is never lost.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let read = Query::read(text);
    assert!(read.mode != Mode::Machine || read.may_be_machine);
    for more in [
        format!("{text}&mode=Machine"),
        format!("mode=Machine&{text}"),
    ] {
        let with = Query::read(&more);
        assert!(with.may_be_machine, "{more}");
        assert!(
            matches!(with.mode, Mode::Machine | Mode::Unspecified),
            "{more}"
        );
    }
    let other = Query::read(&format!("{text}&platform=other&platform=WoA"));
    assert_eq!(other.platform, Platform::Other);
}

/// LocURI and classification, against the second guard. The first byte is the verb.
pub fn loc_uri(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let verb = Verb::ALL[usize::from(*first) % Verb::ALL.len()];
    let kind = classify(verb, &text.into()).kind;
    let passes = machine_may_carry(&Element::Command(Command {
        verb,
        cmd_id: Some(1),
        items: vec![Item {
            target: Some(text.to_owned()),
            ..Item::default()
        }],
    }));
    if passes {
        let allowed = match verb {
            Verb::Get => matches!(kind, Kind::Inventory | Kind::Unclassified),
            Verb::Exec => matches!(
                kind,
                Kind::PasswordReset | Kind::Unenroll | Kind::Unclassified
            ),
            _ => false,
        };
        assert!(
            allowed,
            "the guard passes {verb:?} {text}, which is {kind:?}"
        );
    }
    if kind == Kind::Inventory {
        assert_eq!(verb, Verb::Get, "{text}");
    }
    // Letter case of what surrounds a key never makes it less restricted.
    let shouted = classify(verb, &text.to_ascii_uppercase().into()).kind;
    assert!(
        shouted == kind
            || shouted == Kind::Unclassified
            || kind == Kind::Unclassified
            || text.contains('%'),
        "{text}"
    );
}

/// Nodes that a queue may hold.
const NODES: &[(Verb, &str)] = &[
    (Verb::Get, "./cimv2/Win32_OperatingSystem"),
    (Verb::Get, "./DevDetail/SwV"),
    (
        Verb::Exec,
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=ResetUserPassword",
    ),
    (
        Verb::Exec,
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=SendUnenrollRequest",
    ),
    (
        Verb::Exec,
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22x%22/Exec=UpdateConfiguration",
    ),
    (
        Verb::Replace,
        "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled",
    ),
    (Verb::Exec, "./Vendor/MSFT/RemoteWipe/doWipe"),
    (Verb::Add, "./Vendor/MSFT/DMClient/Provider/p/Push/PFN"),
    (Verb::Get, "./cimv2/%4DDM_Application"),
];

const QUERIES: [&str; 5] = [
    "mode=Machine&Platform=WoA",
    "mode=Maintenance&Platform=WoA",
    "mode=Apps&Platform=WoA",
    "",
    "mode=Apps&mode=machine&Platform=WoA",
];

/// The whole step: one byte for the family, one for the query, one that says how
/// many nodes are queued, then messages, each as a length of two bytes and its
/// document (WBXML where the length is odd).
pub fn step(data: &[u8]) {
    let [family, query, queued, rest @ ..] = data else {
        return;
    };
    let mut world = World::new(Family::ALL[usize::from(*family) % 3]);
    for nth in 0..usize::from(*queued) % 12 {
        world.queue(NODES[(nth + usize::from(*queued)) % NODES.len()]);
    }
    let (mut rest, mut machine) = (rest, false);
    let mut nth = usize::from(*query);
    for number in 0..8_u64 {
        let [low, high, tail @ ..] = rest else { break };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (document, tail) = tail.split_at(length.min(tail.len()));
        rest = tail;
        let encoding = Encoding::ALL[length % 2];
        let raw_query = QUERIES[nth % QUERIES.len()];
        nth /= 2;
        if let Ok(message) = encoding.decode(document) {
            let begins = message.header.msg_id == 1;
            machine = (machine && !begins) || Query::read(raw_query).may_be_machine;
            world.step(raw_query, &message, number, machine);
        }
    }
}

/// The shipped set, read once.
fn shipped() -> &'static PolicySet {
    static SHIPPED: OnceLock<PolicySet> = OnceLock::new();
    SHIPPED.get_or_init(|| PolicySet::builtin().expect("the shipped set"))
}

struct World {
    device: Device,
    bodies: Vec<(modegate_core::ids::CommandSeq, CommandBody)>,
    policies: &'static PolicySet,
}

impl World {
    fn new(family: Family) -> Self {
        let record = DeviceRecord {
            device_client_id: "x".into(),
            ..DeviceRecord::new(Source("t".into()), family, Timestamp(0))
        };
        let id = DeviceId(
            "00000000-0000-7000-8000-000000000001"
                .parse()
                .expect("a UUID"),
        );
        World {
            device: Device {
                number: 1,
                id,
                record,
                state: DeviceState::registered(),
            },
            bodies: Vec::new(),
            policies: shipped(),
        }
    }

    fn queue(&mut self, (verb, loc_uri): (Verb, &str)) {
        let body = CommandBody::new(
            "raw",
            "fuzz",
            Timestamp(0),
            vec![Operation::node(verb, loc_uri, None)],
        );
        if let Ok((change, seq)) = queue::queue(&self.device, body.clone()) {
            self.device.state = change.state;
            self.bodies.push((seq, body));
        }
    }

    fn step(&mut self, raw_query: &str, message: &Message, number: u64, machine: bool) {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        let request = Request {
            evidence: &ClientEvidence::default(),
            trust_source: true,
            raw_query,
            query: Query::read(raw_query),
            message,
            digest,
            now: Timestamp(1 + number as i64),
            bounds: modegate_core::limits::DeviceBounds::default().without_rates(),
            schedule_age: None,
            repairs_polling: true,
            nonce: &|_, _| [0; 16],
            policies: self.policies,
            push: &modegate_core::push::active_profiles::ActiveProfiles::default(),
            server: None,
        };
        let authentication = authenticate(&self.device, &request);
        let wanted = plan_read(&self.device, authentication, &request);
        let bodies = self
            .bodies
            .iter()
            .filter(|(seq, _)| wanted.bodies.contains(seq))
            .cloned()
            .collect();
        let snapshot = Snapshot {
            device: self.device.clone(),
            bodies,
            reply: None,
            inventory: None,
        };
        let Step::Exchange(exchange) = core_step(&snapshot, authentication, &request) else {
            return;
        };
        for &carried in exchange.carried() {
            for element in exchange.elements(carried) {
                assert!(
                    !machine || machine_may_carry(element),
                    "{element:?} in Machine"
                );
            }
        }
        for encoding in Encoding::ALL {
            let written = encoding.encode(exchange.reply());
            assert!(
                written.len() < 4 * modegate_wire::limits::REQUEST_BYTES,
                "a reply without end"
            );
        }
        let commit = exchange.into_commit(Vec::new());
        self.bodies.extend(commit.queued);
        let revision = self.device.state.revision + 1;
        self.device.state = DeviceState {
            revision,
            ..commit.state
        };
    }
}
