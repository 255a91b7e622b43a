//! What is kept and written of a device has bounds, and none of them hides an exchange.

use super::elements::*;
use super::world::*;
use super::*;
use crate::event::EventType;
use crate::limits::DeviceBounds;

const BOARD: &str = "./cimv2/Win32_BaseBoard";

fn bounded(bounds: DeviceBounds) -> World {
    let mut world = World::new();
    world.bounds = bounds;
    world
}

#[test]
fn a_command_whose_answers_are_too_much_ends_and_says_so() {
    let mut world = bounded(DeviceBounds {
        command_answers: 1_000,
        ..DeviceBounds::default()
    });
    let seq = world.queue(command(Verb::Get, BOARD)).unwrap();
    let other = world.queue(command(Verb::Get, "./DevDetail/SwV")).unwrap();
    world.begin(Vec::new());
    let (board, version) = (world.asked[0].clone(), world.asked[1].clone());
    // In pieces, none of which is too much: the command stays open all the while.
    let mut states = Vec::new();
    for _ in 0..3 {
        let reply = world.say(Says {
            query: MAINTENANCE,
            begins: false,
            body: vec![results(&board, "chr", &"x".repeat(400))],
            is_final: false,
            stale: None,
        });
        states.extend(
            reply
                .outcomes
                .into_iter()
                .map(|one| (one.state, one.reason)),
        );
    }
    let last = states.pop().unwrap();
    assert_eq!(last.0, CommandState::Failed);
    let reason = last.1.unwrap();
    assert_eq!(
        reason,
        "its answers exceed 1000 bytes: the rest was dropped"
    );
    assert_eq!(world.finals[&seq], CommandState::Failed);
    assert!(
        world.device.state.kept_answers.bytes <= 1_000,
        "{}",
        world.device.state.kept_answers.bytes
    );
    // The other one goes on.
    world.go_on(vec![status(&version, 200), results(&version, "chr", "8.1")]);
    assert_eq!(world.finals[&other], CommandState::Succeeded);
}

#[test]
fn what_is_too_much_at_once_keeps_what_fits() {
    let mut world = bounded(DeviceBounds {
        command_answers: 1_000,
        ..DeviceBounds::default()
    });
    let seq = world.queue(command(Verb::Get, BOARD)).unwrap();
    world.begin(Vec::new());
    let board = world.asked[0].clone();
    let (short, long) = ("x".repeat(100), "y".repeat(2_000));
    let answers = [&long, &short].map(|text| results(&board, "chr", text));
    let mut body = vec![status(&board, 200)];
    body.extend(answers);
    world.go_on(body);
    assert_eq!(
        world.finals[&seq],
        CommandState::Failed,
        "though its Status says 200"
    );
    assert_eq!(world.results[&seq], 1, "the short one");
}

#[test]
fn beyond_a_devices_share_the_oldest_answers_go() {
    let mut world = bounded(DeviceBounds {
        device_answers: 1_000,
        ..DeviceBounds::default()
    });
    let mut freed = Vec::new();
    for _ in 0..3 {
        let seq = world.queue(command(Verb::Get, BOARD)).unwrap();
        world.begin(Vec::new());
        let board = world.asked[0].clone();
        let value = results(&board, "chr", &"x".repeat(450));
        let reply = world.go_on(vec![status(&board, 200), value]);
        assert_eq!(world.finals[&seq], CommandState::Succeeded);
        let is_noted = reply
            .notes
            .iter()
            .any(|note| note.contains("oldest answers"));
        assert_eq!(is_noted, world.freed > 0);
        freed.push(world.freed);
    }
    assert_eq!(freed[..2], [0, 0]);
    assert_eq!(freed[2], world.device.state.kept_answers.bytes - 1_000);
    // Where nothing could be deleted there is an end to it.
    world.device.state.kept_answers.bytes = 1_000 + 8 * 1024 * 1024;
    let kept = world.device.state.kept_answers.bytes;
    let seq = world.queue(command(Verb::Get, BOARD)).unwrap();
    world.begin(Vec::new());
    let board = world.asked[0].clone();
    let value = results(&board, "chr", "x");
    let reply = world.go_on(vec![status(&board, 200), value]);
    assert_eq!(world.finals[&seq], CommandState::Succeeded);
    assert_eq!(world.device.state.kept_answers.bytes, kept);
    assert!(
        reply.notes[0].starts_with("answers were dropped"),
        "{:?}",
        reply.notes
    );
}

#[test]
fn one_value_that_changes_writes_one_part_of_a_large_inventory() {
    let mut world = World::new();
    let mut body = command(Verb::Get, "./DevDetail/Ext/v0");
    let more = (1..190).map(|at| node(Verb::Get, &format!("./DevDetail/Ext/v{at}")));
    body.operations.extend(more);
    world.queue(body.clone()).unwrap();
    world.begin(Vec::new());
    let text = |n: usize| format!("{n}{}", "x".repeat(1_500));
    let answers = |world: &World, text: &str| {
        let asked = world.asked.iter();
        let both = asked.flat_map(|asked| [status(asked, 200), results(asked, "chr", text)]);
        both.collect::<Vec<_>>()
    };
    let whole = answers(&world, &text(0));
    world.go_on(whole);
    let written = world.device.state.used.written;
    assert!(written > 190 * 1_500, "{written}");
    body.operations.truncate(1);
    world.queue(body).unwrap();
    world.begin(Vec::new());
    let before = world.device.state.used.written;
    let one = answers(&world, &text(1));
    world.go_on(one);
    let written = world.device.state.used.written - before;
    // The value as an answer, as a change, and its part of the inventory.
    assert!((3_000..30_000).contains(&written), "{written}");
    assert_eq!(world.inventory.as_ref().unwrap().len(), 190);
}

#[test]
fn an_inventory_takes_so_many_bytes_and_its_parts_make_it_up() {
    let mut world = bounded(DeviceBounds {
        inventory: 64 * 1_024,
        ..DeviceBounds::default()
    });
    let get = |at| node(Verb::Get, &format!("./DevDetail/Ext/v{at}"));
    let mut body = command(Verb::Get, "./DevDetail/Ext/v0");
    body.operations.extend((1..190).map(get));
    world.queue(body).unwrap();
    world.begin(Vec::new());
    let asked = world.asked.clone();
    let value = "x".repeat(1_000);
    let both = asked
        .iter()
        .flat_map(|asked| [status(asked, 200), results(asked, "chr", &value)]);
    let reply = world.go_on(both.collect());
    assert!(
        reply.notes[0].contains("at most 4000 values of 65536 bytes"),
        "{:?}",
        reply.notes
    );
    let inventory = world.inventory.unwrap();
    assert!((40..=62).contains(&inventory.len()), "{}", inventory.len());
    let mut made_up = crate::inventory::Inventory::default();
    for (_, part) in inventory.all_parts() {
        made_up.merge(part);
    }
    assert_eq!(made_up, inventory);
}

#[test]
fn a_device_over_its_hourly_bound_waits_and_that_is_on_record_once() {
    let mut world = bounded(DeviceBounds {
        logged_per_hour: 1_200,
        ..DeviceBounds::default()
    });
    let mut exchanges = 0;
    while world.over().is_none() {
        world.begin(Vec::new());
        exchanges += 1;
    }
    assert!((2..6).contains(&exchanges), "{exchanges}");
    let over = world.over().unwrap();
    assert!((3_500..=3_600).contains(&over.seconds), "{}", over.seconds);
    let report = over.report.unwrap();
    assert_eq!(report.events[0].what, EventType::DeviceLimited);
    assert_eq!(report.events.len(), 1);
    let sessions = world.device.state.sessions;
    world.change(report);
    let again = world.over().unwrap();
    assert!(again.report.is_none(), "it is on record");
    assert_eq!(
        world.device.state.sessions, sessions,
        "nothing was taken in"
    );
    world.now = world.now.plus_ms(i64::from(again.seconds) * 1000);
    assert!(world.over().is_none());
}
