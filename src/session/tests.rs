//! No sequence of messages, policies and queues lets more than three kinds out
//! once Machine was named, and none loses or repeats a command.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::command::{CommandBody, Manner, Operation, Part};
use crate::context::Family;
use crate::device::{DeviceRecord, State};
use crate::ids::{CommandSeq, DeviceId, SessionId, Source};
use crate::store::{Device, Snapshot};
use crate::wire::message::{Address, Command, Element, Header, Status, Verb};

/// LocURIs of every sort, some of them tricks.
const NODES: [(Verb, &str); 12] = [
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
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=LockWorkstation",
    ),
    (
        Verb::Exec,
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22x%22/Exec=UpdateConfiguration",
    ),
    (
        Verb::Exec,
        "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22x%22/Exec=CreateJob",
    ),
    (Verb::Get, "./cimv2/MDM_WNSChannel"),
    (Verb::Get, "./cimv2/Win32_X/../MDM_Application"),
    (
        Verb::Replace,
        "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled",
    ),
    (Verb::Get, "./cimv2/%4DDM_Application"),
    (Verb::Add, "./DevInfo/DevId"),
];

const QUERIES: [&str; 6] = [
    "mode=Machine&Platform=WoA",
    "mode=Maintenance&Platform=WoA",
    "mode=Apps&Platform=WoA",
    "",
    "mode=Apps&mode=Machine&Platform=WoA",
    "MODE=machine&platform=woa",
];

/// What a world does next.
#[derive(Debug, Clone)]
enum Act {
    Queue(usize, bool),
    /// Query, whether it begins a session, whether it answers what came, with which code.
    Sync {
        query: usize,
        begins: bool,
        answers: bool,
        code: u16,
    },
    Cancel(u32),
    Wait(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..NODES.len(), any::<bool>()).prop_map(|(node, group)| Act::Queue(node, group)),
        6 => (0..QUERIES.len(), any::<bool>(), any::<bool>(), prop::sample::select(vec![200, 200, 202, 214, 401, 404, 418, 500, 503]))
            .prop_map(|(query, begins, answers, code)| Act::Sync { query, begins, answers, code }),
        1 => (1..20_u32).prop_map(Act::Cancel),
        1 => (0..2 * crate::limits::SESSION_IDLE_MS).prop_map(Act::Wait),
    ]
}

struct World {
    device: Device,
    bodies: HashMap<CommandSeq, CommandBody>,
    finals: HashSet<CommandSeq>,
    now: Timestamp,
    session: u32,
    msg_id: u32,
    /// The latest reply's number and the commands in it: (CmdID, verb).
    asked: (u32, Vec<(u32, &'static str)>),
    machine: bool,
}

impl World {
    fn new() -> Self {
        let record = DeviceRecord {
            source: Source("d".into()),
            family: Family::Windows81,
            device_client_id: "x".into(),
            user: None,
            groups: Vec::new(),
            credentials: None,
            certificates: Vec::new(),
            registered_at: Timestamp(0),
            rotation: Default::default(),
        };
        let state = State {
            next_command: 1,
            ..State::default()
        };
        let device = Device {
            number: 1,
            id: DeviceId(uuid::Uuid::nil()),
            record,
            state,
        };
        let (bodies, finals) = (HashMap::new(), HashSet::new());
        World {
            device,
            bodies,
            finals,
            now: Timestamp(0),
            session: 0,
            msg_id: 0,
            asked: (0, Vec::new()),
            machine: false,
        }
    }

    fn queue(&mut self, node: usize, group: bool) {
        let (verb, loc_uri) = NODES[node];
        let mut operation = Operation::Node {
            verb,
            loc_uri: loc_uri.into(),
            format: None,
            mime: None,
            data: None,
        };
        if group {
            operation = Operation::Group(crate::wire::message::GroupKind::Atomic, vec![operation]);
        }
        let body = CommandBody {
            name: "raw".into(),
            actor: "test".into(),
            queued_at: self.now,
            not_before: None,
            expires_at: None,
            priority: 0,
            manner: self.manner(verb, node),
            operations: vec![operation],
        };
        // Refused only where the device has unenrolled itself meanwhile.
        let Ok((change, seq)) = queue::queue(&self.device, body.clone()) else {
            assert!(self.device.state.unenrolled_at.is_some());
            return;
        };
        self.finals.extend(ended(&change.parts));
        self.device.state = change.state;
        self.bodies.insert(seq, body);
    }

    /// Every sort of manner turns up: walks, sets, targets, dependencies.
    fn manner(&self, verb: Verb, node: usize) -> Manner {
        let open = &self.device.state.open;
        Manner {
            walk: if verb == Verb::Get { 20 } else { 0 },
            set: node.is_multiple_of(2),
            target: (node.is_multiple_of(3)).then_some(node as u64),
            retries: 1,
            after: open
                .iter()
                .take(usize::from(node.is_multiple_of(5)))
                .map(|command| command.seq)
                .collect(),
            ..Manner::default()
        }
    }

    fn message(&self, answers: bool, code: u16) -> Message {
        let mut body = Vec::new();
        if answers {
            for &(cmd_ref, cmd) in &self.asked.1 {
                let (msg_ref, cmd_ref) = (Some(self.asked.0), Some(cmd_ref));
                body.push(Element::Status(Status {
                    msg_ref,
                    cmd_ref,
                    cmd: cmd.to_owned(),
                    code,
                    ..Status::default()
                }));
                if cmd == "Get" && code == 200 {
                    body.push(names(msg_ref, cmd_ref));
                }
            }
        }
        Message {
            header: Header {
                ver_dtd: "1.2".into(),
                ver_proto: "DM/1.2".into(),
                session_id: SessionId(self.session.to_string()),
                msg_id: self.msg_id,
                target: Address {
                    uri: "s".into(),
                    name: None,
                },
                source: Address {
                    uri: "d".into(),
                    name: None,
                },
                cred: None,
                max_msg_size: None,
            },
            body,
            is_final: true,
        }
    }

    fn sync(&mut self, policies: &PolicySet, query: usize, begins: bool, answers: bool, code: u16) {
        let begins = begins || self.session == 0;
        if begins {
            (self.session, self.msg_id, self.machine) = (self.session + 1, 0, false);
        }
        self.msg_id += 1;
        let raw_query = QUERIES[query];
        let query = Query::read(raw_query);
        self.machine |= query.mode == crate::context::Mode::Machine;
        let message = self.message(answers, code);
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&(self.session * 1000 + self.msg_id).to_le_bytes());
        let request = Request {
            proof: &Proof::default(),
            trust_source: true,
            raw_query,
            query,
            message: &message,
            digest,
            now: self.now,
            nonce: &|_| [0; 16],
            policies,
            push: &crate::push::in_force::InForce::default(),
            server: None,
        };
        let wanted = choose(&self.device, &request);
        let bodies = wanted
            .bodies
            .iter()
            .map(|seq| (*seq, self.bodies[seq].clone()))
            .collect();
        let snapshot = Snapshot {
            device: self.device.clone(),
            bodies,
            reply: None,
            inventory: None,
        };
        let Step::Exchange(exchange) = step(&snapshot, &request) else {
            panic!("an exchange")
        };
        self.asked = (exchange.reply().header.msg_id, Vec::new());
        for &carried in exchange.carried() {
            assert!(
                !self.finals.contains(&carried.seq),
                "delivered after its final status"
            );
            for element in exchange.elements(carried) {
                if self.machine {
                    assert!(
                        crate::wire::guard::machine_may_carry(element),
                        "{element:?}"
                    );
                }
                self.note(element);
            }
        }
        let commit = exchange.into_commit(Vec::new());
        self.finals.extend(ended(&commit.parts));
        self.bodies.extend(commit.queued);
        let revision = self.device.state.revision + 1;
        self.device.state = State {
            revision,
            ..commit.state
        };
    }

    fn note(&mut self, element: &Element) {
        match element {
            Element::Command(Command { verb, cmd_id, .. }) => {
                self.asked.1.push((cmd_id.unwrap(), verb.name()))
            }
            Element::Group(group) => {
                self.asked
                    .1
                    .push((group.cmd_id.unwrap(), group.kind.name()));
                group.children.iter().for_each(|child| self.note(child));
            }
            other => panic!("{other:?}"),
        }
    }

    /// Every command is open or final, never both and never neither.
    fn check(&self) {
        for seq in self.bodies.keys() {
            let open = self.device.state.open(*seq).is_some();
            assert_ne!(open, self.finals.contains(seq), "{seq:?}");
        }
    }
}

/// The commands that came to their end.
fn ended(parts: &[Part]) -> impl Iterator<Item = CommandSeq> + use<'_> {
    let finals = parts.iter().filter(|part| part.state.is_final());
    finals.map(|part| part.seq)
}

/// Results that name children, some of them where the device would like to be asked.
fn names(msg_ref: Option<u32>, cmd_ref: Option<u32>) -> Element {
    let names = "Win32_OperatingSystem=@/MDM_WNSChannel.AppId=\"x\"/Ext/MDM_Application.PackageFullName=\"a/b\"/../Exec=CreateJob";
    Element::Results(crate::wire::message::Results {
        msg_ref,
        cmd_ref,
        items: vec![crate::wire::message::Item {
            meta: crate::wire::message::Meta {
                format: Some("node".into()),
                ..Default::default()
            },
            data: Some(names.into()),
            ..Default::default()
        }],
        ..Default::default()
    })
}

proptest! {
    #[test]
    fn machine_is_closed_and_no_command_is_lost_or_repeated(acts in prop::collection::vec(act(), 1..40)) {
        let policies = PolicySet::builtin().unwrap();
        let mut world = World::new();
        for act in acts {
            match act {
                Act::Queue(node, group) => world.queue(node, group),
                Act::Sync { query, begins, answers, code } => world.sync(&policies, query, begins, answers, code),
                Act::Wait(ms) => world.now = world.now.plus_ms(ms),
                Act::Cancel(seq) => {
                    if let Ok(change) = queue::cancel(&world.device, CommandSeq(seq), "test", world.now) {
                        world.finals.extend(ended(&change.parts));
                        world.device.state = change.state;
                    }
                }
            }
            world.check();
        }
    }
}
