//! What is read for a caller: nothing before it proved to be the device.

use super::*;
use crate::limits;
use crate::limits::DeviceBounds;

fn basic(password: &str) -> String {
    cred(
        "syncml:auth-basic",
        &BASE64.encode(format!("u:{password}").as_bytes()),
    )
}

fn md5(count: u64) -> String {
    let digest = PasswordDigest::new("u", "p");
    cred("syncml:auth-md5", &md5_cred(&digest, &nonce(count)))
}

fn with_full_queue() -> Talk {
    let mut talk = Talk::new(|record| {
        record.certificates = Vec::new();
        record.credentials = Some(Credentials {
            username: "u".into(),
            digest: PasswordDigest::new("u", "p"),
        });
    });
    talk.evidence = ClientEvidence::default();
    for _ in 0..limits::OPEN_COMMANDS {
        talk.queue("./cimv2/Win32_BIOS");
    }
    talk
}

#[test]
fn a_caller_that_proved_nothing_has_nothing_read() {
    let mut talk = with_full_queue();
    for header in ["", &basic("wrong"), &md5(7)] {
        assert_eq!(talk.say(1, header, PACKAGE1), "challenge", "{header}");
        assert_eq!(talk.plan, ReadPlan::default(), "{header}");
    }
    assert_eq!(talk.say(1, &basic("p"), PACKAGE1), "exchange");
    assert!(talk.plan.bodies.len() > 100, "{:?}", talk.plan);
    // Nor in a session that the device itself has open, whatever it answers.
    let answers = talk.answer(200, "", Some(200));
    assert_eq!(talk.say(2, &basic("wrong"), &answers), "challenge");
    assert_eq!(talk.plan, ReadPlan::default());
    let mut talk = with_full_queue();
    talk.device.record.certificates = vec![OWN];
    talk.evidence.certificate = Some(NEW);
    assert_eq!(talk.say(1, &basic("p"), PACKAGE1), "forbidden");
    assert_eq!(talk.plan, ReadPlan::default());
}

#[test]
fn a_kept_reply_is_read_for_the_device_alone() {
    for header in [basic("p"), md5(0)] {
        let mut talk = with_full_queue();
        talk.keeps_replies = true;
        assert_eq!(talk.say(1, &header, PACKAGE1), "exchange", "{header}");
        let only_reply = ReadPlan {
            reply: true,
            ..ReadPlan::default()
        };
        // The nonce is used up: for the same message it still says who sends it.
        for _ in 0..2 {
            assert_eq!(talk.say(1, &header, PACKAGE1), "replay", "{header}");
            assert_eq!(talk.plan, only_reply, "{header}");
        }
        let digest = PasswordDigest::new("u", "another");
        let credentials = talk.device.record.credentials.as_mut().unwrap();
        credentials.digest = digest;
        assert_eq!(talk.say(1, &header, PACKAGE1), "challenge", "{header}");
        assert_eq!(talk.plan, ReadPlan::default(), "{header}");
    }
}

#[test]
fn a_used_nonce_opens_nothing_where_the_reply_is_not_kept() {
    let mut talk = with_full_queue();
    assert_eq!(talk.say(1, &md5(0), PACKAGE1), "exchange");
    assert_eq!(talk.say(1, &md5(0), PACKAGE1), "challenge");
    assert_eq!(talk.device.state.nonce, 1);
    assert_eq!(talk.say(2, &md5(1), PACKAGE1), "exchange");
}

#[test]
fn an_outcome_counts_for_its_own_row_and_request_only() {
    let mut talk = with_full_queue();
    talk.device.state.revision = 5;
    let say = |header: &str| {
        let text = message_with("d", "1", 1, header, &format!("{PACKAGE1}<Final/>"));
        decode(text.as_bytes()).unwrap()
    };
    let (right, wrong) = (say(&basic("p")), say(&basic("wrong")));
    let policies = PolicySet::builtin().unwrap();
    let push = crate::push::active_profiles::ActiveProfiles::default();
    let request = |message, digest| Request {
        evidence: &talk.evidence,
        trust_source: false,
        raw_query: "",
        query: Query::read(""),
        message,
        digest: [digest; 32],
        now: talk.now,
        bounds: DeviceBounds::default(),
        schedule_age: None,
        repairs_polling: true,
        nonce: &nonce_of,
        policies: &policies,
        push: &push,
        server: None,
    };
    let (right, wrong) = (request(&right, 1), request(&wrong, 2));
    let proven = authenticate(&talk.device, &right);
    assert!(!plan_read(&talk.device, proven, &right).bodies.is_empty());
    assert!(plan_read(&talk.device, proven, &wrong).bodies.is_empty());
    let mut snapshot = Snapshot {
        device: talk.device.clone(),
        bodies: Vec::new(),
        reply: None,
        inventory: None,
    };
    let stepped = step(&snapshot, proven, &wrong);
    assert!(matches!(stepped, Step::Challenge(_)), "{stepped:?}");
    // The row changed since: it is looked at again.
    snapshot.device.state.revision += 1;
    let changed = PasswordDigest::new("u", "another");
    if let Some(credentials) = &mut snapshot.device.record.credentials {
        credentials.digest = changed;
    }
    let stepped = step(&snapshot, proven, &right);
    assert!(matches!(stepped, Step::Challenge(_)), "{stepped:?}");
}
