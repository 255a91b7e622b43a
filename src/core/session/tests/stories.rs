//! Courses of events that went wrong once.

use super::elements::*;
use super::world::*;
use super::*;
use crate::device::WithheldRef;
use crate::policy::PolicySet;

const BIOS: &str = "./cimv2/Win32_BIOS";
const JOB: &str = "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22j%22/Exec=CreateJob";

fn bios() -> CommandBody {
    command(Verb::Get, BIOS)
}

fn job() -> CommandBody {
    command(Verb::Exec, JOB)
}

fn after(seq: CommandSeq) -> CommandBody {
    let mut body = bios();
    body.options.after = vec![seq];
    body
}

/// A command that is queued while the one it waits for comes to its end.
#[test]
fn what_is_queued_meanwhile_waits_for_nothing_that_is_over() {
    let mut world = World::new();
    let first = world.queue(bios()).unwrap();
    world.begin(Vec::new());
    world.meanwhile.push(after(first));
    let reply = world.go_on(world.all(200));
    assert_eq!(world.finals[&first], CommandState::Succeeded);
    assert_eq!(reply.delivered, [CommandSeq(2)], "it goes at once");
    world.check();
}

/// A command that is queued while the device says that it is unenrolled.
#[test]
fn what_is_queued_meanwhile_is_closed_with_the_queue() {
    let mut world = World::new();
    world.queue(bios()).unwrap();
    world.meanwhile.push(bios());
    world.begin(vec![alert(1226)]);
    assert!(world.device.state.open.is_empty());
    assert_eq!(world.finals[&CommandSeq(2)], CommandState::Cancelled);
    assert!(world.queue(bios()).is_err());
}

/// A command that went out in two sessions, and both deliveries answered in one
/// message, whichever way.
#[test]
fn answers_to_two_deliveries_in_one_message_end_a_command_once() {
    for (older, newer) in [(200, 503), (503, 200), (503, 503), (404, 404), (401, 401)] {
        let mut world = World::new();
        let seq = world.queue(bios()).unwrap();
        world.begin(Vec::new());
        let first = world.asked.clone();
        world.begin(Vec::new());
        let body = vec![status(&world.asked[0], newer), status(&first[0], older)];
        let reply = world.go_on(body);
        world.check();
        assert!(reply.delivered.is_empty() || world.finals.is_empty());
        assert!(world.state_of(seq) != CommandState::Sent || !reply.delivered.is_empty());
    }
}

/// A message out of order names Machine: the session has named it all the same.
#[test]
fn a_message_out_of_order_narrows_its_session() {
    let mut world = World::new();
    world.queue(bios()).unwrap();
    world.begin(Vec::new());
    let lock = "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=LockWorkstation";
    world.queue(command(Verb::Exec, lock)).unwrap();
    let answers = world.all(200);
    world.say(Says {
        query: "mode=Machine&Platform=WoA",
        begins: false,
        body: Vec::new(),
        is_final: true,
        stale: Some((1, 1)),
    });
    assert!(world.go_on(answers).delivered.is_empty());
}

/// N waits for X, X waits for O, and N takes O's place: then X must not wait for N.
#[test]
fn no_command_takes_the_place_of_one_that_it_waits_for() {
    let mut world = World::new();
    let with = |after: Vec<CommandSeq>| {
        let mut body = bios();
        (body.options.target, body.options.after) = (Some(1), after);
        body
    };
    let old = world.queue(with(Vec::new())).unwrap();
    let between = world.queue(after(old)).unwrap();
    let new = world.queue(with(vec![between])).unwrap();
    assert_eq!(world.state_of(old), CommandState::Queued, "not superseded");
    for expected in [old, between, new] {
        assert_eq!(world.begin(Vec::new()).delivered, [expected]);
        world.go_on(world.all(200));
    }
    world.comes_nightly();
}

/// A command whose time passes while the device works on it is not sent again.
#[test]
fn what_is_put_back_after_its_time_does_not_go() {
    for code in [401, 418] {
        let mut world = World::new();
        let mut body = command(
            Verb::Add,
            "./cimv2/MDM_Certificate/MDM_Certificate.Thumbprint=%22a%22",
        );
        body.options.set = true;
        body.expires_at = Some(world.now.plus_ms(5 * MINUTE));
        let seq = world.queue(body).unwrap();
        world.begin(Vec::new());
        world.now = world.now.plus_ms(6 * MINUTE);
        let reply = world.go_on(world.all(code));
        assert!(reply.delivered.is_empty(), "{code}");
        assert_eq!(world.state_of(seq), CommandState::Expired, "{code}");
    }
}

/// Somebody asks again for a command whose time is over: it could never go.
#[test]
fn what_is_over_is_not_asked_for_again() {
    let mut world = World::new();
    let mut body = command(
        Verb::Exec,
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=ResetUserPassword",
    );
    body.expires_at = Some(world.now.plus_ms(DAY));
    let seq = world.queue(body).unwrap();
    world.begin(Vec::new());
    world.now = world.now.plus_ms(DAY - MINUTE);
    world.begin(Vec::new());
    assert_eq!(world.state_of(seq), CommandState::Unconfirmed);
    assert!(queue::retry(&world.device, seq, "test", world.now).is_ok());
    world.now = world.now.plus_ms(2 * MINUTE);
    assert_eq!(world.state_of(seq), CommandState::Unconfirmed);
    assert!(queue::retry(&world.device, seq, "test", world.now).is_err());
}

/// A package in two messages: the answers come in the first, the end in the second.
#[test]
fn a_get_that_is_answered_before_its_package_ends_is_done_at_the_end() {
    let mut world = World::new();
    let seq = world.queue(bios()).unwrap();
    world.begin(Vec::new());
    let body = vec![
        status(&world.asked[0], 200),
        results(&world.asked[0], "chr", "a"),
    ];
    world.say(Says {
        query: MAINTENANCE,
        begins: false,
        body,
        is_final: false,
        stale: None,
    });
    assert_eq!(world.state_of(seq), CommandState::Sent);
    world.go_on(Vec::new());
    assert_eq!(world.state_of(seq), CommandState::Succeeded);
}

/// The same without a Status: the value says it.
#[test]
fn a_value_that_comes_before_its_package_ends_needs_no_status() {
    for (later, expected) in [
        (None, CommandState::Succeeded),
        (Some(200), CommandState::Succeeded),
        (Some(405), CommandState::Failed),
    ] {
        let mut world = World::new();
        let seq = world.queue(bios()).unwrap();
        world.begin(Vec::new());
        let asked = world.asked[0].clone();
        world.say(Says {
            query: MAINTENANCE,
            begins: false,
            body: vec![results(&asked, "chr", "a")],
            is_final: false,
            stale: None,
        });
        assert_eq!(world.state_of(seq), CommandState::Sent);
        world.go_on(later.map(|code| status(&asked, code)).into_iter().collect());
        assert_eq!(world.state_of(seq), expected, "{later:?}");
    }
}

/// A device that cannot tell of an app job is not asked again and again.
#[test]
fn a_question_that_cannot_be_answered_is_asked_once() {
    let mut world = World::new();
    let seq = world.queue(job()).unwrap();
    world.begin(Vec::new());
    let mut questions = 0;
    for _ in 0..3 {
        world.now = world.now.plus_ms(DAY);
        world.begin(Vec::new());
        while !world.asked.is_empty() {
            questions += world.asked.len();
            assert!(questions < 3, "asked again and again");
            world.go_on(world.all(405));
        }
    }
    assert_eq!(questions, 1);
    assert_eq!(world.state_of(seq), CommandState::Unconfirmed);
    world.comes_nightly();
}

/// From its deadline on a device that was unenrolled and stayed silent is gone:
/// nothing more is taken for it, and what waits says so.
#[test]
fn the_queue_of_a_device_that_is_gone_is_closed_before_anybody_comes() {
    let mut world = World::new();
    let unenroll = "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=SendUnenrollRequest";
    let gone = world.queue(command(Verb::Exec, unenroll)).unwrap();
    world.begin(Vec::new());
    let waits = world.queue(bios()).unwrap();
    world.now = world.now.plus_ms(limits::UNENROLL_DEADLINE_MS);
    assert_eq!(world.state_of(gone), CommandState::Succeeded);
    assert_eq!(world.state_of(waits), CommandState::Cancelled);
    assert!(world.queue(bios()).is_err(), "the queue is closed");
    assert!(queue::cancel(&world.device, waits, "test", world.now).is_err());
    world.begin(Vec::new());
    assert_eq!(world.finals[&waits], CommandState::Cancelled);
    assert!(world.queue(bios()).is_ok(), "it came back");
}

/// A command that is too large for this device must not keep back what is behind it.
#[test]
fn what_no_message_holds_fails_and_the_next_goes_at_once() {
    let mut world = World::new();
    let mut large = command(
        Verb::Get,
        &format!(
            "./cimv2/Win32_BIOS/Win32_BIOS.Name=%22{}%22",
            "x".repeat(1500)
        ),
    );
    large.operations = vec![large.operations[0].clone(); 20];
    let large = world.queue(large).unwrap();
    let small = world.queue(bios()).unwrap();
    world.max_msg_size = Some(8 * 1024);
    assert_eq!(world.begin(Vec::new()).delivered, [small]);
    assert_eq!(world.finals[&large], CommandState::Failed);
}

/// One that waits is freed by an answer that ends what it waits for, and another
/// stands behind it: whatever is freed, what may go goes.
#[test]
fn what_waits_longer_does_not_keep_back_what_is_behind_it() {
    let mut world = World::new();
    let first = world.queue(bios()).unwrap();
    world.begin(Vec::new());
    let fill = |bytes: usize| {
        let uri = format!(
            "./cimv2/Win32_BIOS/Win32_BIOS.Name=%22{}%22",
            "x".repeat(bytes)
        );
        command(Verb::Get, &uri)
    };
    let mut waits = fill(1900);
    waits.operations = vec![waits.operations[0].clone(); 55];
    (waits.options.after, waits.priority) = (vec![first], 1);
    world.queue(waits).unwrap();
    let mut behind = fill(1900);
    behind.operations = vec![behind.operations[0].clone(); 20];
    let behind = world.queue(behind).unwrap();
    // No answer to the first: the second waits on.
    assert_eq!(world.go_on(Vec::new()).delivered, [behind]);
}

/// What goes as Replace is looked at as Replace, also where only an operator's
/// file knows the node.
#[test]
fn an_add_that_goes_as_replace_is_classified_as_replace() {
    let text = r#"
[[classify]]
loc_uri = "./Vendor/MSFT/Toy/*"
verb = ["Add"]
kind = "setting"
note = "a test"
"#;
    let mut files = PolicySet::builtin().unwrap().files().to_vec();
    files.push(("toy.toml".into(), text.into()));
    let mut world = World::new();
    world.policies = PolicySet::from_texts(files).unwrap();
    let mut body = command(Verb::Add, "./Vendor/MSFT/Toy/x");
    body.options.set = true;
    world.queue(body).unwrap();
    world.begin(Vec::new());
    let reply = world.go_on(world.all(418));
    assert!(reply.delivered.is_empty(), "nobody classified Replace");
}

/// A list of what is withheld is written once and then referred to. Version 0.1.0
/// knew it by the number of another function: after it the list is written anew.
#[test]
fn a_withheld_list_is_written_once_also_after_0_1_0() {
    let mut world = World::new();
    world
        .queue(command(Verb::Get, "./cimv2/MDM_Nothing"))
        .unwrap();
    // What 0.1.0 wrote down for exactly this list.
    world.device.state.withheld = Some(WithheldRef {
        event: 9,
        digest: 0x9253_5aa2_c18f_78ab,
    });
    let reply = world.begin(Vec::new());
    assert_eq!((reply.withheld.len(), reply.withheld_as), (1, None));
    let written = world.device.state.withheld.unwrap();
    assert_ne!(written.event, 9, "the list is written anew");
    assert_eq!(
        written.digest, 0xf5c6_6c84_11a4_d60e,
        "as it stands in rows"
    );
    let reply = world.begin(Vec::new());
    assert_eq!(
        (reply.withheld.len(), reply.withheld_as),
        (0, Some(written.event))
    );
}
