//! Who is who, message by message: certificates in rotation, macs, and the
//! server's own proof.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::command::{CommandBody, CommandState, Operation};
use crate::context::Family;
use crate::device::{Credentials, DeviceRecord, State};
use crate::event::ExchangeRecord;
use crate::ids::{CommandSeq, DeviceId, Source};
use crate::rotation::{CertificateNote, Rotation};
use crate::secret::Secret;
use crate::store::{Device, Snapshot};
use crate::wire::auth::{AuthType, PasswordDigest, md5_cred};
use crate::wire::decode::decode;
use crate::wire::mac::{self, EntityDigest, Mac};
use crate::wire::message::{Element, Verb};

const OWN: CertificateDigest = CertificateDigest([1; 32]);
const NEW: CertificateDigest = CertificateDigest([2; 32]);

/// One device and what was last said to it.
struct Talk {
    device: Device,
    bodies: HashMap<CommandSeq, CommandBody>,
    proof: Proof,
    server: Option<ServerAuth>,
    now: Timestamp,
    /// The latest reply, and what is on record of it.
    reply: Option<Message>,
    record: Option<ExchangeRecord>,
}

fn nonce(count: u64) -> [u8; 16] {
    [0xf0 ^ count as u8; 16]
}

impl Talk {
    fn new(record: impl FnOnce(&mut DeviceRecord)) -> Talk {
        let mut of = DeviceRecord {
            source: Source("d".into()),
            family: Family::Windows81,
            device_client_id: "d".into(),
            user: None,
            groups: Vec::new(),
            credentials: None,
            certificates: vec![OWN],
            registered_at: Timestamp(0),
            rotation: Rotation::default(),
        };
        record(&mut of);
        Talk {
            device: Device {
                number: 1,
                id: DeviceId(uuid::Uuid::nil()),
                record: of,
                state: State {
                    next_command: 1,
                    ..State::default()
                },
            },
            bodies: HashMap::new(),
            proof: Proof {
                certificate: Some(OWN),
                ..Proof::default()
            },
            server: Some(ServerAuth {
                name: "Contoso".into(),
                password: Secret::new("s3rver"),
            }),
            now: Timestamp(0),
            reply: None,
            record: None,
        }
    }

    fn queue(&mut self, loc_uri: &str) -> CommandSeq {
        let body = CommandBody {
            name: "raw".into(),
            actor: "test".into(),
            queued_at: self.now,
            not_before: None,
            expires_at: None,
            priority: 0,
            manner: Default::default(),
            operations: vec![Operation::Node {
                verb: Verb::Get,
                loc_uri: loc_uri.into(),
                format: None,
                mime: None,
                data: None,
            }],
        };
        let (change, seq) = queue::queue(&self.device, body.clone()).unwrap();
        self.device.state = change.state;
        self.bodies.insert(seq, body);
        seq
    }

    /// One message; the step's kind in a word.
    fn say(&mut self, msg_id: u32, header: &str, body: &str) -> &'static str {
        let text = format!(
            "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
             <SessionID>1</SessionID><MsgID>{msg_id}</MsgID><Target><LocURI>https://s/sync</LocURI></Target>\
             <Source><LocURI>d</LocURI></Source>{header}</SyncHdr><SyncBody>{body}<Final/></SyncBody></SyncML>"
        );
        let message = decode(text.as_bytes()).unwrap();
        let policies = PolicySet::builtin().unwrap();
        let raw_query = "mode=Machine&Platform=WoA";
        self.now = self.now.plus_ms(1000);
        let request = Request {
            proof: &self.proof,
            trust_source: false,
            raw_query,
            query: Query::read(raw_query),
            message: &message,
            digest: [msg_id as u8; 32],
            now: self.now,
            nonce: &nonce,
            policies: &policies,
            server: self.server.as_ref(),
        };
        let wanted = choose(&self.device, &request);
        let bodies = wanted
            .bodies
            .iter()
            .map(|seq| (*seq, self.bodies[seq].clone()));
        let snapshot = Snapshot {
            device: self.device.clone(),
            bodies: bodies.collect(),
            reply: None,
            inventory: None,
        };
        match step(&snapshot, &request) {
            Step::Forbidden => "forbidden",
            Step::Replay => "replay",
            Step::Challenge(reply) => {
                self.reply = Some(*reply);
                "challenge"
            }
            Step::Exchange(exchange) => {
                self.reply = Some(exchange.reply().clone());
                let commit = exchange.into_commit(String::new());
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
                body += &format!(
                    "<Status><CmdID>{}</CmdID><MsgRef>{msg}</MsgRef><CmdRef>{id}</CmdRef><Cmd>Get</Cmd><Data>{each}</Data></Status>",
                    nth + 2
                );
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

fn chal(kind: &str, nonce: Option<&[u8]>) -> String {
    let nonce = nonce.map_or(String::new(), |nonce| {
        format!(
            "<NextNonce xmlns=\"syncml:metinf\">{}</NextNonce>",
            STANDARD.encode(nonce)
        )
    });
    format!(
        "<Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">{kind}</Type>{nonce}</Meta></Chal>"
    )
}

const PACKAGE1: &str = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>";

#[test]
fn a_challenge_by_the_device_is_answered_and_no_command_is_lost() {
    let digest = PasswordDigest::new("Contoso", "s3rver");
    for (kind, nonce, expected) in [
        (
            "syncml:auth-md5",
            Some(&b"\xf0\x01:\xff"[..]),
            md5_cred(&digest, b"\xf0\x01:\xff"),
        ),
        ("syncml:auth-basic", None, STANDARD.encode("Contoso:s3rver")),
    ] {
        for each in [None, Some(401), Some(407)] {
            let mut talk = Talk::new(|_| {});
            let (one, two) = (
                talk.queue("./cimv2/Win32_BIOS"),
                talk.queue("./cimv2/Win32_Processor"),
            );
            talk.say(1, "", PACKAGE1);
            assert_eq!((talk.commands().len(), talk.cred()), (2, None));
            let first = talk.commands();
            let refusal = talk.answer(407, &chal(kind, nonce), each);
            talk.say(2, "", &refusal);
            assert_eq!(talk.cred(), Some((kind.to_owned(), expected.clone())));
            assert_eq!(
                talk.commands().len(),
                2,
                "they go again in the same session"
            );
            assert!(
                talk.commands().iter().all(|id| !first.contains(id)),
                "under new numbers"
            );
            assert!(talk.notes().contains("prove itself"));
            // 200 is for this message: the next one says it again.
            let answers = talk.answer(200, &chal(kind, Some(b"next")), Some(200));
            talk.say(3, "", &answers);
            assert!(talk.device.state.open(one).is_none() && talk.device.state.open(two).is_none());
            let proof = talk.device.state.server_proof.clone().unwrap();
            assert_eq!(proof.server_nonce, b"next");
            assert!(talk.cred().is_some());
        }
    }
}

#[test]
fn the_next_session_proves_the_server_at_once_and_212_ends_it() {
    let mut talk = Talk::new(|_| {});
    talk.queue("./cimv2/Win32_BIOS");
    talk.say(1, "", PACKAGE1);
    let refusal = talk.answer(401, &chal("syncml:auth-md5", Some(b"one")), Some(401));
    talk.say(2, "", &refusal);
    talk.queue("./cimv2/Win32_Processor");
    let answers = talk.answer(212, &chal("syncml:auth-md5", Some(b"two")), Some(200));
    talk.say(3, "", &answers);
    assert_eq!(
        (talk.cred(), talk.commands().len()),
        (None, 1),
        "212 holds for the session"
    );
    talk.say(1, "", PACKAGE1);
    let digest = PasswordDigest::new("Contoso", "s3rver");
    assert_eq!(talk.cred().unwrap().1, md5_cred(&digest, b"two"));
}

#[test]
fn without_credentials_or_in_vain_the_commands_wait() {
    let mut talk = Talk::new(|_| {});
    talk.server = None;
    let seq = talk.queue("./cimv2/Win32_BIOS");
    talk.say(1, "", PACKAGE1);
    let refusal = talk.answer(407, &chal("syncml:auth-md5", Some(b"n")), Some(407));
    assert_eq!(talk.say(2, "", &refusal), "exchange");
    assert_eq!((talk.cred(), talk.commands()), (None, vec![]));
    assert!(
        talk.notes()
            .contains("no server credentials are configured"),
        "{}",
        talk.notes()
    );
    assert_eq!(
        talk.device.state.open(seq).unwrap().state,
        CommandState::Queued
    );
    // The next session offers it again.
    talk.say(1, "", PACKAGE1);
    assert_eq!(talk.commands().len(), 1);

    // Wrong credentials: tried again with the new nonce, then given up.
    let mut talk = Talk::new(|_| {});
    let seq = talk.queue("./cimv2/Win32_BIOS");
    talk.say(1, "", PACKAGE1);
    for (msg_id, tries) in [(2, true), (3, true), (4, false)] {
        let refusal = talk.answer(401, &chal("syncml:auth-md5", Some(&[msg_id as u8])), None);
        talk.say(msg_id, "", &refusal);
        assert_eq!(
            (talk.cred().is_some(), talk.commands().len() == 1),
            (tries, tries),
            "{msg_id}"
        );
    }
    assert!(talk.record.as_ref().unwrap().ended);
    assert_eq!(
        talk.device.state.open(seq).unwrap().state,
        CommandState::Queued
    );
    // What cannot be spoken is said.
    let mut talk = Talk::new(|_| {});
    talk.say(1, "", PACKAGE1);
    let refusal = talk.answer(401, &chal("syncml:auth-kerberos", None), None);
    talk.say(2, "", &refusal);
    assert!(talk.notes().contains("not by Basic, MD5 or a mac"));
}

#[test]
fn what_the_device_did_all_the_same_counts() {
    let mut talk = Talk::new(|_| {});
    let seq = talk.queue("./cimv2/Win32_BIOS");
    talk.say(1, "", PACKAGE1);
    let odd = talk.answer(401, &chal("syncml:auth-md5", Some(b"n")), Some(200));
    talk.say(2, "", &odd);
    assert!(talk.device.state.open(seq).is_none(), "done is done");
    // 401 for a command alone is the command's own: tried again, counted.
    let mut talk = Talk::new(|_| {});
    let seq = talk.queue("./cimv2/Win32_BIOS");
    talk.say(1, "", PACKAGE1);
    let failed = talk.answer(200, "", Some(401));
    talk.say(2, "", &failed);
    assert_eq!(talk.device.state.open(seq).unwrap().attempts, 1);
    assert_eq!(talk.device.state.server_proof, None);
}

#[test]
fn a_stranger_learns_nothing_and_sets_no_nonce() {
    let mut talk = Talk::new(|record| {
        record.certificates.clear();
        record.credentials = Some(Credentials {
            username: "u".into(),
            digest: PasswordDigest::new("u", "p"),
        });
    });
    talk.proof = Proof::default();
    assert_eq!(talk.say(1, "", PACKAGE1), "challenge");
    let refusal = talk.answer(401, &chal("syncml:auth-basic", Some(b"theirs")), None);
    assert_eq!(
        talk.say(2, "", &format!("{PACKAGE1}{refusal}")),
        "challenge"
    );
    assert_eq!(talk.cred(), None);
    assert_eq!(talk.device.state.server_proof, None);
    // Both challenged each other: one message answers and asks.
    let header = cred("syncml:auth-basic", &STANDARD.encode("u:p"));
    assert_eq!(
        talk.say(3, &header, &format!("{PACKAGE1}{refusal}")),
        "exchange"
    );
    assert!(talk.cred().is_some());
}

fn cred(kind: &str, data: &str) -> String {
    format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">{kind}</Type></Meta><Data>{data}</Data></Cred>"
    )
}

fn by_credentials(certificates: Vec<CertificateDigest>) -> Talk {
    let mut talk = Talk::new(|record| {
        record.certificates = certificates;
        record.credentials = Some(Credentials {
            username: "u".into(),
            digest: PasswordDigest::new("u", "p"),
        });
    });
    talk.proof.certificate = talk.device.record.certificates.first().copied();
    talk
}

/// A claim over nothing in particular: the core gets the entity's digest handed in.
fn claim(user: &str, password: &str, nonce: &[u8]) -> MacClaim {
    let entity = EntityDigest::of(b"entity");
    let value = mac::header(user, &PasswordDigest::new(user, password), nonce, entity);
    MacClaim::Made(Mac::parse(&value).unwrap(), entity)
}

#[test]
fn a_mac_proves_the_device_once_and_its_reply_is_signed() {
    let mut talk = by_credentials(vec![]);
    for (claim, outcome) in [
        (MacClaim::Unusable, "challenge"),
        (claim("u", "p", b"stale"), "challenge"),
        (claim("u", "wrong", &nonce(0)), "challenge"),
        (claim("other", "p", &nonce(0)), "challenge"),
        (claim("u", "p", &nonce(0)), "exchange"),
        (claim("u", "p", &nonce(0)), "challenge"),
        (claim("u", "p", &nonce(1)), "exchange"),
    ] {
        talk.proof.mac = Some(claim);
        let came = talk.say(1, "", PACKAGE1);
        assert_eq!(came, outcome, "{:?}", talk.proof.mac);
        let Some(Element::Status(status)) = talk.reply.as_ref().unwrap().body.first() else {
            panic!("a Status first")
        };
        let chal = status.chal.as_ref().unwrap();
        assert_eq!(chal.kind, AuthType::Mac.name());
        assert_eq!(status.code, if outcome == "exchange" { 200 } else { 401 });
    }
    // A certificate besides does not make a wrong mac right.
    let mut talk = by_credentials(vec![OWN]);
    talk.proof.mac = Some(claim("u", "wrong", &nonce(0)));
    assert_eq!(talk.say(1, "", PACKAGE1), "challenge");
    talk.proof.mac = None;
    assert_eq!(talk.say(1, "", PACKAGE1), "exchange");
    // Nor does a right Cred.
    let mut talk = by_credentials(vec![]);
    talk.proof.mac = Some(MacClaim::Unusable);
    assert_eq!(
        talk.say(
            1,
            &cred("syncml:auth-basic", &STANDARD.encode("u:p")),
            PACKAGE1
        ),
        "challenge"
    );
    assert_eq!(
        talk.say(1, &cred("syncml:auth-MAC", "x"), PACKAGE1),
        "challenge"
    );
}

#[test]
fn nonces_heal_whatever_the_first_message_was_built_with() {
    let digest = PasswordDigest::new("u", "p");
    for stale in [&b""[..], b"nonce", &nonce(7), &[0xff; 40]] {
        let mut talk = by_credentials(vec![]);
        let seq = talk.queue("./cimv2/Win32_BIOS");
        let header = |nonce: &[u8]| cred("syncml:auth-md5", &md5_cred(&digest, nonce));
        assert_eq!(talk.say(1, &header(stale), PACKAGE1), "challenge");
        let Some(Element::Status(status)) = talk.reply.as_ref().unwrap().body.first() else {
            panic!("a Status first")
        };
        assert_eq!(status.code, 401);
        let told = crate::wire::auth::next_nonce(status.chal.as_ref().unwrap()).unwrap();
        assert_eq!(talk.say(2, &header(&told), PACKAGE1), "exchange");
        assert_eq!(talk.commands().len(), 1);
        // Mid-session, stale once more: the answers wait for the right nonce.
        let answers = talk.answer(200, "", Some(200));
        assert_eq!(talk.say(3, &header(&told), &answers), "challenge");
        assert_eq!(talk.say(4, &header(&nonce(1)), &answers), "exchange");
        assert!(talk.device.state.open(seq).is_none(), "answered, once");
        assert_eq!(talk.device.state.sessions, 1);
    }
}

#[test]
fn certificates_rotate_side_by_side() {
    let mut talk = Talk::new(|record| {
        record.certificates = vec![OWN, NEW];
        record.rotation.notes.push(CertificateNote {
            digest: NEW,
            not_before: Some(Timestamp(10_000)),
            note: None,
            added_at: Timestamp(0),
        });
    });
    let by = |talk: &mut Talk, digest, now| {
        talk.proof.certificate = digest;
        talk.now = Timestamp(now);
        talk.say(1, "", PACKAGE1)
    };
    assert_eq!(by(&mut talk, Some(OWN), 1_000), "exchange");
    assert_eq!(
        by(&mut talk, Some(NEW), 5_000),
        "forbidden",
        "before its time"
    );
    assert_eq!(by(&mut talk, Some(NEW), 20_000), "exchange");
    assert_eq!(by(&mut talk, Some(OWN), 30_000), "exchange");
    let seen = &talk.device.state.certificates_seen;
    assert_eq!(seen, &[(OWN, Timestamp(31_000)), (NEW, Timestamp(21_000))]);
    // Revoked, though it came back into the list.
    talk.device.record.rotation.revoked.push(OWN);
    assert_eq!(by(&mut talk, Some(OWN), 40_000), "forbidden");
    assert_eq!(by(&mut talk, Some(NEW), 40_000), "exchange");
    // The last one is gone: credentials or an issuer do not step in by themselves.
    talk.device.record.certificates.clear();
    talk.device.record.rotation.none_left = true;
    talk.proof.trusted_name = Some("d".into());
    assert_eq!(by(&mut talk, None, 50_000), "forbidden");
    assert_eq!(by(&mut talk, Some(NEW), 50_000), "forbidden");
    talk.device.record.rotation.none_left = false;
    assert_eq!(
        by(&mut talk, Some(NEW), 60_000),
        "exchange",
        "by its issuer again"
    );
    assert_eq!(
        by(&mut talk, Some(OWN), 60_000),
        "forbidden",
        "but not by a revoked one"
    );
}

proptest! {
    /// Whatever a device answers to our headers, every command is open or was
    /// answered, nothing is refused by HTTP, and it ends.
    #[test]
    fn no_answer_to_our_header_loses_a_command(
        answers in prop::collection::vec((prop::sample::select(vec![200_u16, 212, 401, 407, 500]), 0..5_usize, prop::option::of(prop::sample::select(vec![200_u16, 401, 407]))), 1..12),
        configured in any::<bool>(),
    ) {
        let mut talk = Talk::new(|_| {});
        if !configured {
            talk.server = None;
        }
        let seqs = [talk.queue("./cimv2/Win32_BIOS"), talk.queue("./cimv2/Win32_Processor")];
        let (mut done, mut delivered) = (0, 0);
        talk.say(1, "", PACKAGE1);
        for (nth, (code, kind, each)) in answers.into_iter().enumerate() {
            delivered += talk.commands().len();
            let kinds = [
                String::new(), chal("syncml:auth-md5", Some(b"n")), chal("syncml:auth-basic", None),
                chal("syncml:auth-MAC", Some(b"n")), chal("odd", None),
            ];
            let body = talk.answer(code, &kinds[kind], each);
            prop_assert_eq!(talk.say(2 + nth as u32, "", &body), "exchange");
            done += talk.record.as_ref().unwrap().outcomes.iter().filter(|outcome| outcome.state.is_final()).count();
            let open = seqs.iter().filter(|seq| talk.device.state.open(**seq).is_some()).count();
            prop_assert_eq!(open + done, 2);
        }
        prop_assert!(delivered <= 16, "it ends");
    }
}
