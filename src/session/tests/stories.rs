//! Courses of events that went wrong once.

use super::world::*;
use super::*;

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
    body.manner.after = vec![seq];
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

/// A message out of order names Machine: the session has named it all the same (law 4).
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
