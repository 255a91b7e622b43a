//! No sequence of messages, policies and queues lets more than three kinds out
//! once Machine was named, and none loses or repeats a command, or leaves one
//! waiting for what never comes.
#![allow(clippy::unwrap_used)]

mod bounds;
mod elements;
mod hostile;
mod promises;
mod replay;
mod stories;
mod world;

use proptest::prelude::*;

use super::*;
use crate::command::{CommandBody, CommandState, ExecutionOptions, OpenCommand, Operation};
use crate::context::Family;
use crate::ids::CommandSeq;
use crate::kind::Kind;
use crate::limits;
use elements::{command, results, status};
use modegate_wire::message::{Alert, Element, GroupKind, Item, Meta, Verb};
use world::{Says, World};

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;

/// LocURIs of every sort, some of them tricks.
const NODES: [(Verb, &str); 13] = [
    (Verb::Get, "./cimv2/Win32_OperatingSystem"),
    (Verb::Get, "./DevDetail/SwV"),
    (
        Verb::Exec,
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22\u{E000}%22/Exec=ResetUserPassword",
    ),
    (
        Verb::Exec,
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22\u{E000}%22/Exec=SendUnenrollRequest",
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
    (Verb::Get, "./cimv2/MDM_Client"),
];

const QUERIES: [&str; 6] = [
    world::MAINTENANCE,
    "mode=Machine&Platform=WoA",
    "mode=Apps&Platform=WoA",
    "",
    "mode=Apps&mode=Machine&Platform=WoA",
    "MODE=machine&platform=woa",
];

/// What a world does next.
#[derive(Debug, Clone)]
enum Act {
    Queue(Wish),
    /// Queued while the next exchange is under way.
    Meanwhile(Wish),
    Sync(Sync),
    Cancel(u32),
    Retry(u32),
    Wait(i64),
}

/// One command that somebody asks for.
#[derive(Debug, Clone)]
struct Wish {
    node: usize,
    group: bool,
    /// Bits that choose its manner.
    options: u8,
    expires: Option<i64>,
    pauses: Option<i64>,
}

/// One message of the device.
#[derive(Debug, Clone)]
struct Sync {
    query: usize,
    begins: bool,
    /// Of what it was asked: none, all, every other, all twice, what it was asked long ago.
    answers: u8,
    code: u16,
    /// What a Get answers besides: names, a value, the key of MDM_Client, nothing.
    values: u8,
    alert: Option<u16>,
    is_final: bool,
    stale: Option<(u32, u32)>,
}

fn wish() -> impl Strategy<Value = Wish> {
    let wait = || proptest::option::weighted(0.2, MINUTE..2 * DAY);
    (0..NODES.len(), any::<bool>(), any::<u8>(), wait(), wait()).prop_map(
        |(node, group, options, expires, pauses)| Wish {
            node,
            group,
            options,
            expires,
            pauses,
        },
    )
}

fn sync() -> impl Strategy<Value = Sync> {
    let code = prop::sample::select(vec![
        200, 200, 200, 202, 214, 401, 404, 418, 500, 503, 216, 999, 0,
    ]);
    // 401 stands for the header's Status: the server is to prove itself.
    let alert = prop::sample::select(vec![1222, 1223, 1226, 401]);
    (
        (0..QUERIES.len(), any::<bool>(), 0..5_u8, code, 0..4_u8),
        proptest::option::weighted(0.1, alert),
        proptest::bool::weighted(0.8),
        proptest::option::weighted(0.1, (1..6_u32, 2..5_u32)),
    )
        .prop_map(
            |((query, begins, answers, code, values), alert, is_final, stale)| Sync {
                query,
                begins,
                answers,
                code,
                values,
                alert,
                is_final,
                stale,
            },
        )
}

fn act() -> impl Strategy<Value = Act> {
    let wait = prop_oneof![0..2 * limits::SESSION_IDLE_MS, 0..10 * DAY, -DAY..0];
    prop_oneof![
        5 => wish().prop_map(Act::Queue),
        1 => wish().prop_map(Act::Meanwhile),
        9 => sync().prop_map(Act::Sync),
        1 => (1..20_u32).prop_map(Act::Cancel),
        1 => (1..20_u32).prop_map(Act::Retry),
        2 => wait.prop_map(Act::Wait),
    ]
}

impl World {
    /// Every sort of manner turns up: walks, sets, targets, dependencies.
    fn request(&self, wish: &Wish) -> CommandBody {
        let (verb, loc_uri) = NODES[wish.node];
        let bit = |n: u8| wish.options & (1 << n) != 0;
        let mut body = command(verb, loc_uri);
        if wish.group {
            let inner = std::mem::take(&mut body.operations);
            body.operations = vec![Operation::Group(GroupKind::Atomic, inner)];
        }
        let open = self.device.state.open.iter().map(|command| command.seq);
        let after = open.take(if bit(0) { 2 } else { 0 });
        body.options = ExecutionOptions {
            walk: if bit(1) && verb == Verb::Get { 20 } else { 0 },
            set: bit(2),
            target: bit(3).then_some(wish.node as u64),
            retries: u8::from(bit(4)),
            after: after.collect(),
            ..ExecutionOptions::default()
        };
        body.priority = i32::from(bit(5));
        body.expires_at = wish.expires.map(|ms| self.now.plus_ms(ms));
        body.not_before = wish.pauses.map(|ms| self.now.plus_ms(ms));
        body
    }

    fn answers(&self, sync: &Sync) -> Vec<Element> {
        let asked: Vec<_> = match sync.answers {
            0 => Vec::new(),
            1 => self.asked.clone(),
            2 => self.asked.iter().step_by(2).cloned().collect(),
            3 => [&self.asked[..], &self.asked[..]].concat(),
            _ => self
                .ever_asked
                .iter()
                .rev()
                .skip(3)
                .take(3)
                .cloned()
                .collect(),
        };
        let mut body = Vec::new();
        for asked in &asked {
            body.push(status(asked, sync.code));
            if asked.cmd != "Get" || sync.code != 200 {
                continue;
            }
            let key = asked.loc_uri.ends_with("/MDM_Client");
            body.extend(match sync.values {
                0 => Some(results(asked, "node", NAMES)),
                1 => Some(results(asked, "chr", "a value")),
                2 if key => Some(results(asked, "node", KEY)),
                _ => None,
            });
        }
        body.extend(sync.alert.map(|code| match self.asked.first() {
            Some(asked) if code == 401 => status(&asked.header(), code),
            _ => alert(code),
        }));
        body
    }

    fn sync(&mut self, sync: &Sync) {
        let body = self.answers(sync);
        self.say(Says {
            query: QUERIES[sync.query],
            begins: sync.begins,
            body,
            is_final: sync.is_final,
            stale: sync.stale.filter(|_| self.session > 0),
        });
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Queue(wish) => {
                let _ = self.queue(self.request(wish));
            }
            Act::Meanwhile(wish) => {
                let request = self.request(wish);
                self.meanwhile.push(request);
            }
            Act::Sync(sync) => self.sync(sync),
            Act::Wait(ms) => self.now = self.now.plus_ms(*ms),
            Act::Cancel(seq) => {
                let change = queue::cancel(&self.device, CommandSeq(*seq), "test", self.now);
                change.into_iter().for_each(|change| self.change(change));
            }
            Act::Retry(seq) => {
                let change = queue::retry(&self.device, CommandSeq(*seq), "test", self.now);
                change.into_iter().for_each(|change| self.change(change));
            }
        }
    }

    /// A well-behaved device comes night by night: whatever its mode carries comes to an end.
    fn comes_nightly(&mut self) {
        for _ in 0..40 {
            self.now = self.now.plus_ms(DAY);
            self.begin(Vec::new());
            for _ in 0..limits::SESSION_MESSAGES {
                if self.asked.is_empty() {
                    break;
                }
                let unenrolls = |asked: &elements::Asked| asked.loc_uri.contains("SendUnenroll");
                let mut body = self.all(200);
                body.extend(self.asked.iter().any(unenrolls).then(|| alert(1226)));
                self.go_on(body);
            }
            self.check();
        }
        // Other families have tables of their own, and a channel is looked after for ever.
        let open = self.device.state.open.iter().filter(|command| {
            self.device.record.family == Family::Windows81 && command.options.purpose.is_none()
        });
        for command in open {
            assert_eq!(command.state, CommandState::Queued, "{command:?}");
            assert!(self.waits_for_unknown(command), "{command:?} never goes");
        }
    }

    /// Whether it is unclassified, or waits for such a command in the end.
    fn waits_for_unknown(&self, command: &OpenCommand) -> bool {
        let state = &self.device.state;
        let (mut seen, mut next) = (Vec::new(), vec![command.seq]);
        while let Some(seq) = next.pop() {
            let Some(open) = state.open(seq).filter(|_| !seen.contains(&seq)) else {
                continue;
            };
            if open.kind() == Kind::Unclassified && open.options.after.is_empty() {
                return true;
            }
            seen.push(seq);
            next.extend(&open.options.after);
        }
        false
    }
}

/// Children, some of them where the device would like to be asked.
const NAMES: &str = "Win32_OperatingSystem=@/MDM_WNSChannel.AppId=\"x\"/Ext/MDM_Application.PackageFullName=\"a/b\"/../Exec=CreateJob";
const KEY: &str = "MDM_Client.DeviceClientID=\"another key\"";

fn alert(code: u16) -> Element {
    let kind = (code == 1226).then(|| "com.microsoft:mdm.unenrollment.userrequest".to_owned());
    Element::Alert(Alert {
        cmd_id: Some(900),
        code,
        items: vec![Item {
            meta: Meta {
                kind,
                ..Meta::default()
            },
            ..Item::default()
        }],
    })
}

proptest! {
    #[test]
    fn machine_is_closed_and_no_command_is_lost_repeated_or_stuck(
        acts in prop::collection::vec(act(), 1..50),
        family in prop::sample::select(Family::ALL.to_vec()),
        with_push in any::<bool>(),
    ) {
        let mut world = World::new();
        world.device.record.family = family;
        if with_push {
            world.push.targets.push(elements::target());
        }
        for act in acts {
            world.act(&act);
            world.check();
        }
        world.meanwhile.clear();
        world.comes_nightly();
        world.is_decided_again();
    }
}
