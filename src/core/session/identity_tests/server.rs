//! A device that wants the server to prove itself.

use proptest::prelude::*;

use super::*;

fn chal(kind: &str, nonce: Option<&[u8]>) -> String {
    let nonce = nonce.map_or(String::new(), |nonce| {
        format!(
            "<NextNonce xmlns=\"syncml:metinf\">{}</NextNonce>",
            BASE64.encode(nonce.as_ref())
        )
    });
    format!(
        "<Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">{kind}</Type>{nonce}</Meta></Chal>"
    )
}

#[test]
fn a_challenge_by_the_device_is_answered_and_no_command_is_lost() {
    let digest = PasswordDigest::new("Contoso", "s3rver");
    for (kind, nonce, expected) in [
        (
            "syncml:auth-md5",
            Some(&b"\xf0\x01:\xff"[..]),
            md5_cred(&digest, b"\xf0\x01:\xff"),
        ),
        ("syncml:auth-basic", None, BASE64.encode(b"Contoso:s3rver")),
    ] {
        let own = (kind == "syncml:auth-basic").then(|| Secret::new("s3rver"));
        for each in [None, Some(401), Some(407)] {
            let mut talk = Talk::new(|record| record.server_password = own.clone());
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
fn a_device_with_a_password_of_its_own_gets_that_and_basic_only_where_it_is_allowed() {
    for (own, basic, kind, expected) in [
        (Some("0wn"), false, "syncml:auth-md5", Some("0wn")),
        (None, false, "syncml:auth-md5", Some("s3rver")),
        (Some("0wn"), false, "syncml:auth-basic", None),
        (None, false, "syncml:auth-basic", None),
        (Some("0wn"), true, "syncml:auth-basic", Some("0wn")),
        (None, true, "syncml:auth-basic", None),
    ] {
        let mut talk = Talk::new(|record| record.server_password = own.map(Secret::new));
        if let Some(server) = &mut talk.server {
            server.allows_basic = basic;
        }
        let seq = talk.queue("./cimv2/Win32_BIOS");
        talk.say(1, "", PACKAGE1);
        let refusal = talk.answer(407, &chal(kind, Some(b"n")), Some(407));
        talk.say(2, "", &refusal);
        let cred = talk.cred().map(|(_, data)| data);
        let proof = |password: &str| match kind {
            "syncml:auth-md5" => md5_cred(&PasswordDigest::new("Contoso", password), b"n"),
            _ => BASE64.encode(format!("Contoso:{password}").as_bytes()),
        };
        assert_eq!(cred, expected.map(proof), "{own:?} {basic} {kind}");
        if expected.is_none() {
            let why = match basic {
                true => "only where the device has one of its own",
                false => "server_auth.basic does not allow",
            };
            assert!(talk.notes().contains(why), "{}", talk.notes());
            let open = talk.device.state.open(seq).unwrap();
            assert_eq!(open.state, CommandState::Queued, "it waits");
            talk.say(1, "", PACKAGE1);
            assert_eq!(talk.cred(), None, "nor in the next session");
        }
    }
    // Where nothing is known for the device, there is nothing to prove.
    let mut talk = Talk::new(|_| {});
    talk.server.as_mut().unwrap().password = None;
    talk.say(1, "", PACKAGE1);
    let refusal = talk.answer(407, &chal("syncml:auth-md5", Some(b"n")), None);
    talk.say(2, "", &refusal);
    assert_eq!(talk.cred(), None);
    assert!(talk.notes().contains("no server credentials"));
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
        record.server_password = Some(Secret::new("0wn"));
        record.credentials = Some(Credentials {
            username: "u".into(),
            digest: PasswordDigest::new("u", "p"),
        });
    });
    talk.evidence = ClientEvidence::default();
    assert_eq!(talk.say(1, "", PACKAGE1), "challenge");
    let refusal = talk.answer(401, &chal("syncml:auth-basic", Some(b"theirs")), None);
    assert_eq!(
        talk.say(2, "", &format!("{PACKAGE1}{refusal}")),
        "challenge"
    );
    assert_eq!(talk.cred(), None);
    assert_eq!(talk.device.state.server_proof, None);
    // Both challenged each other: one message answers and asks.
    let header = cred("syncml:auth-basic", &BASE64.encode(b"u:p"));
    assert_eq!(
        talk.say(3, &header, &format!("{PACKAGE1}{refusal}")),
        "exchange"
    );
    assert!(talk.cred().is_some());
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
