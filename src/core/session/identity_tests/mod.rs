//! Who is who, message by message: certificates in rotation, macs, and the
//! server's own proof.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use data_encoding::BASE64;
mod challenges;
mod device;
mod reads;
mod server;

use super::*;
use crate::command::{CommandBody, CommandState, Operation};
use crate::context::{Family, Query};
use crate::device::{CertificateDigest, CertificateNote, Credentials, Device, DeviceRecord};
use crate::event::ExchangeRecord;
use crate::fixtures::registered;
use crate::fixtures::syncml::{message_with, status};
use crate::ids::CommandSeq;
use crate::limits::DeviceBounds;
use crate::policy::PolicySet;
use crate::secret::Secret;
use crate::session::Snapshot;
use crate::time::Timestamp;
use modegate_wire::auth::{AuthType, PasswordDigest, md5_cred};
use modegate_wire::decode::decode;
use modegate_wire::mac::{self, EntityDigest, Mac};
use modegate_wire::message::{Element, Message};

const OWN: CertificateDigest = CertificateDigest([1; 32]);
const NEW: CertificateDigest = CertificateDigest([2; 32]);

/// One device and what was last said to it.
struct Talk {
    device: Device,
    bodies: HashMap<CommandSeq, CommandBody>,
    evidence: ClientEvidence,
    server: Option<ServerAuth>,
    now: Timestamp,
    /// The latest reply, and what is on record of it.
    reply: Option<Message>,
    record: Option<ExchangeRecord>,
    /// What the latest step was to see.
    plan: ReadPlan,
    /// Whether the latest reply is there for a retransmission.
    keeps_replies: bool,
}

fn nonce(count: u64) -> [u8; 16] {
    [0xf0 ^ count as u8; 16]
}

/// The nonce of the only device there is.
fn nonce_of(device: u64, count: u64) -> [u8; 16] {
    assert_eq!(device, 1, "the nonce of another device");
    nonce(count)
}

impl Talk {
    fn new(record: impl FnOnce(&mut DeviceRecord)) -> Talk {
        let mut device = registered(1, "d", Family::Windows81, Timestamp(0));
        device.record.certificates = vec![OWN];
        record(&mut device.record);
        Talk {
            device,
            bodies: HashMap::new(),
            evidence: ClientEvidence {
                certificate: Some(OWN),
                ..ClientEvidence::default()
            },
            server: Some(ServerAuth {
                name: "Contoso".into(),
                password: Some(Secret::new("s3rver")),
                allows_basic: true,
            }),
            now: Timestamp(0),
            reply: None,
            record: None,
            plan: ReadPlan::default(),
            keeps_replies: false,
        }
    }

    fn queue(&mut self, loc_uri: &str) -> CommandSeq {
        let get = Operation::get(loc_uri.into());
        let body = CommandBody::new("raw", "test", self.now, vec![get]);
        let (change, seq) = queue::queue(&self.device, body.clone()).unwrap();
        self.device.state = change.state;
        self.bodies.insert(seq, body);
        seq
    }

    /// One message; the step's kind in a word.
    fn say(&mut self, msg_id: u32, header: &str, body: &str) -> &'static str {
        let text = message_with("d", "1", msg_id, header, &format!("{body}<Final/>"));
        let message = decode(text.as_bytes()).unwrap();
        let policies = PolicySet::builtin().unwrap();
        let raw_query = "mode=Machine&Platform=WoA";
        self.now = self.now.plus_ms(1000);
        let request = Request {
            evidence: &self.evidence,
            trust_source: false,
            raw_query,
            query: Query::read(raw_query),
            message: &message,
            digest: [msg_id as u8; 32],
            now: self.now,
            bounds: DeviceBounds::default(),
            schedule_age: None,
            repairs_polling: true,
            nonce: &nonce_of,
            policies: &policies,
            push: &crate::push::active_profiles::ActiveProfiles::default(),
            server: self.server.as_ref(),
        };
        let authentication = authenticate(&self.device, &request);
        let plan = plan_read(&self.device, authentication, &request);
        let bodies = plan
            .bodies
            .iter()
            .map(|seq| (*seq, self.bodies[seq].clone()));
        let snapshot = Snapshot {
            device: self.device.clone(),
            bodies: bodies.collect(),
            reply: (plan.reply && self.keeps_replies).then(Vec::new),
            inventory: None,
        };
        self.plan = plan;
        match step(&snapshot, authentication, &request) {
            Step::Forbidden => "forbidden",
            Step::Over(_) => "over",
            Step::Replay => "replay",
            Step::Challenge(reply) => {
                self.reply = Some(*reply);
                "challenge"
            }
            Step::Exchange(exchange) => {
                self.reply = Some(exchange.reply().clone());
                let commit = exchange.into_commit(Vec::new());
                self.record.clone_from(&commit.events[0].exchange);
                self.device.state = commit.state;
                "exchange"
            }
        }
    }

    /// A Status for the header of the latest reply, and one with `each` for
    /// every command in it.
    fn answer(&self, code: u16, chal: &str, each: Option<u16>) -> String {
        let reply = self.reply.as_ref().unwrap();
        let msg = reply.header.msg_id;
        let mut body = format!(
            "<Status><CmdID>1</CmdID><MsgRef>{msg}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>{chal}<Data>{code}</Data></Status>"
        );
        for (nth, id) in self.commands().into_iter().enumerate() {
            if let Some(each) = each {
                body += &status(nth + 2, msg, id, "Get", each);
            }
        }
        body
    }

    fn commands(&self) -> Vec<u32> {
        let body = &self.reply.as_ref().unwrap().body;
        body.iter()
            .filter_map(|element| match element {
                Element::Command(command) => command.cmd_id,
                _ => None,
            })
            .collect()
    }

    fn cred(&self) -> Option<(String, String)> {
        let header = &self.reply.as_ref().unwrap().header;
        let cred = header.cred.as_ref()?;
        assert_eq!(header.source.name.as_deref(), Some("Contoso"));
        Some((cred.kind.clone(), cred.data.clone()))
    }

    fn notes(&self) -> String {
        self.record.as_ref().unwrap().notes.join("\n")
    }
}

const PACKAGE1: &str = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>";

fn cred(kind: &str, data: &str) -> String {
    format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">{kind}</Type></Meta><Data>{data}</Data></Cred>"
    )
}
