//! What a challenge tells a stranger: nothing of the device, and never much.

use super::*;
use modegate_wire::encoding::Encoding;

fn with_credentials() -> Talk {
    let mut talk = Talk::new(|record| {
        record.certificates = Vec::new();
        record.credentials = Some(Credentials {
            username: "u".into(),
            digest: PasswordDigest::new("u", "p"),
        });
    });
    talk.evidence = ClientEvidence::default();
    talk.server = None;
    talk
}

fn basic() -> String {
    cred("syncml:auth-basic", &BASE64.encode(b"u:p"))
}

#[test]
fn a_challenge_shows_nothing_of_the_devices_counters() {
    let mut talk = with_credentials();
    assert_eq!(talk.say(1, "", PACKAGE1), "challenge");
    let before = talk.reply.clone();
    // The device comes many times, and by no digest, which would use up the nonce.
    for _ in 0..20 {
        talk.queue("./cimv2/Win32_BIOS");
        assert_eq!(talk.say(1, &basic(), PACKAGE1), "exchange");
        let answers = talk.answer(200, "", Some(200));
        assert_eq!(talk.say(2, &basic(), &answers), "exchange");
    }
    assert!(talk.device.state.next_message > 20 && talk.device.state.next_id > 40);
    assert_eq!(talk.say(1, "", PACKAGE1), "challenge");
    assert_eq!(talk.reply, before);
}

#[test]
fn a_device_counts_on_behind_a_challenge() {
    let mut talk = with_credentials();
    for _ in 0..3 {
        assert_eq!(talk.say(1, "", PACKAGE1), "challenge");
        let challenged = talk.reply.as_ref().unwrap().header.msg_id;
        assert_eq!(talk.say(2, &basic(), PACKAGE1), "exchange");
        assert!(talk.reply.as_ref().unwrap().header.msg_id > challenged);
    }
}

#[test]
fn a_challenge_is_short_whatever_the_message_held() {
    let mut talk = with_credentials();
    let long = "l".repeat(8_000);
    let mut body = PACKAGE1.to_owned();
    for id in 2..3_000 {
        body += &format!(
            "<Replace><CmdID>{id}</CmdID><Item><Target><LocURI>./{long}</LocURI></Target></Item></Replace>"
        );
        if body.len() > 900_000 {
            body += "<Unknown/>".repeat(1_000).as_str();
            break;
        }
    }
    assert_eq!(talk.say(999_999, "", &body), "challenge");
    let reply = talk.reply.as_ref().unwrap();
    for encoding in Encoding::ALL {
        let bytes = encoding.encode(reply).len();
        assert!(bytes < 5 * 1024, "{bytes}");
    }
    // A usual one is answered whole.
    let alert = "<Alert><CmdID>2</CmdID><Data>1224</Data></Alert>";
    assert_eq!(talk.say(1, "", &format!("{PACKAGE1}{alert}")), "challenge");
    assert_eq!(talk.reply.as_ref().unwrap().body.len(), 3);
}
