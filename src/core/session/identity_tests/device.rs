//! Macs, nonces, certificates in rotation.

use super::*;

fn by_credentials(certificates: Vec<CertificateDigest>) -> Talk {
    let mut talk = Talk::new(|record| {
        record.certificates = certificates;
        record.credentials = Some(Credentials {
            username: "u".into(),
            digest: PasswordDigest::new("u", "p"),
        });
    });
    talk.evidence.certificate = talk.device.record.certificates.first().copied();
    talk
}

/// A claim over nothing in particular: the core gets the entity's digest handed in.
fn claim(user: &str, password: &str, nonce: &[u8]) -> MacClaim {
    let entity = EntityDigest::from_entity(b"entity");
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
        talk.evidence.mac = Some(claim);
        let came = talk.say(1, "", PACKAGE1);
        assert_eq!(came, outcome, "{:?}", talk.evidence.mac);
        let Some(Element::Status(status)) = talk.reply.as_ref().unwrap().body.first() else {
            panic!("a Status first")
        };
        let chal = status.chal.as_ref().unwrap();
        assert_eq!(chal.kind, AuthType::Mac.name());
        assert_eq!(status.code, if outcome == "exchange" { 200 } else { 401 });
    }
    // A certificate besides does not make a wrong mac right.
    let mut talk = by_credentials(vec![OWN]);
    talk.evidence.mac = Some(claim("u", "wrong", &nonce(0)));
    assert_eq!(talk.say(1, "", PACKAGE1), "challenge");
    talk.evidence.mac = None;
    assert_eq!(talk.say(1, "", PACKAGE1), "exchange");
    // Nor does a right Cred.
    let mut talk = by_credentials(vec![]);
    talk.evidence.mac = Some(MacClaim::Unusable);
    assert_eq!(
        talk.say(
            1,
            &cred("syncml:auth-basic", &BASE64.encode(b"u:p")),
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
        let told = modegate_wire::auth::next_nonce(status.chal.as_ref().unwrap()).unwrap();
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
        talk.evidence.certificate = digest;
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
    talk.evidence.trusted_name = Some("d".into());
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
