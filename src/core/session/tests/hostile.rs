//! What a device can make the server keep and do has bounds.

use super::elements::*;
use super::world::*;
use super::*;
use crate::event::Outcome;
use modegate_wire::message::Results;

const BOARD: &str = "./cimv2/Win32_BaseBoard";

fn count(outcomes: &[Outcome], seq: CommandSeq) -> usize {
    outcomes.iter().filter(|one| one.command == seq.0).count()
}

#[test]
fn one_message_brings_so_many_answers_to_a_command() {
    let mut world = World::new();
    let seq = world.queue(command(Verb::Get, BOARD)).unwrap();
    world.begin(Vec::new());
    let asked = world.asked[0].clone();
    let many = Element::Results(Results {
        msg_ref: Some(asked.msg_ref),
        cmd_ref: Some(asked.cmd_ref),
        items: vec![Item::default(); 40 * limits::ANSWERS],
        ..Results::default()
    });
    let reply = world.go_on(vec![many, status(&asked, 200)]);
    assert_eq!(world.finals[&seq], CommandState::Succeeded);
    assert!(reply.notes[0].contains("dropped"), "{:?}", reply.notes);
    assert_eq!(world.results[&seq], limits::ANSWERS);
}

#[test]
fn a_group_has_no_value() {
    let mut world = World::new();
    let mut body = command(Verb::Get, BOARD);
    body.operations = vec![Operation::Group(GroupKind::Atomic, body.operations)];
    world.queue(body).unwrap();
    world.begin(Vec::new());
    let Element::Results(mut made_up) = results(&world.asked[0], "chr", "a value") else {
        panic!("Results")
    };
    made_up.items[0].source = Some("./cimv2/Win32_Made/Win32_Made.Up=%22x%22/Name".into());
    let mut body = world.all(200);
    body.push(Element::Results(made_up));
    world.go_on(body);
    assert!(world.inventory.is_none());
}

#[test]
fn what_is_named_again_and_again_is_read_once() {
    let mut world = World::new();
    let mut body = command(Verb::Get, "./cimv2/Win32_BaseBoard");
    body.options.walk = 100;
    // One of two Gets is never answered: both are asked in every session.
    body.operations.push(node(Verb::Get, "./DevDetail/SwV"));
    world.queue(body).unwrap();
    for round in 0..40 {
        world.begin(Vec::new());
        let lists = |asked: &Asked| asked.loc_uri.ends_with("Win32_BaseBoard");
        let Some(asked) = world.asked.iter().find(|asked| lists(asked)) else {
            break;
        };
        let names: Vec<String> = (0..50)
            .map(|n| format!("Win32_BaseBoard.Handle=\"{}\"", round * 50 + n))
            .collect();
        let body = vec![results(asked, "node", &names.join("/"))];
        world.go_on(body);
        world.check();
    }
    let gets: usize = world
        .bodies
        .values()
        .map(|body| body.operations.len())
        .sum();
    assert!(gets <= 102, "{gets} Gets of one inventory");
}

#[test]
fn the_server_leaves_room_in_the_queue() {
    let mut world = World::new();
    for _ in 0..400 {
        let mut body = command(Verb::Get, "./cimv2/Win32_BaseBoard");
        body.options.walk = 2_000;
        world.queue(body).unwrap();
    }
    world.begin(Vec::new());
    let names: Vec<String> = (0..200)
        .map(|n| format!("Win32_BaseBoard.Handle=\"{n}\""))
        .collect();
    let lists = |asked: &Asked| results(asked, "node", &names.join("/"));
    let body = world.asked.iter().map(lists).collect();
    world.go_on(body);
    let own = world.bodies.values().filter(|body| body.actor == "server");
    assert_eq!(own.count(), limits::OWN_COMMANDS);
}

#[test]
fn the_same_news_fill_no_history() {
    let mut world = World::new();
    let seq = world.queue(command(Verb::Get, BOARD)).unwrap();
    world.begin(Vec::new());
    let asked = world.asked.clone();
    let mut kept = 0;
    for _ in 0..2 * limits::COMMAND_PARTS {
        let reply = world.begin(vec![status(&asked[0], 202)]);
        kept += count(&reply.outcomes, seq);
    }
    assert!(kept <= 1 + limits::COMMAND_PARTS as usize, "{kept} parts");
    world.begin(vec![status(&asked[0], 200)]);
    assert_eq!(world.finals[&seq], CommandState::Succeeded);
}

#[test]
fn a_retransmission_is_one_within_ten_minutes_whichever_way_the_clock_went() {
    let mut world = World::new();
    world.queue(command(Verb::Get, BOARD)).unwrap();
    world.begin(Vec::new());
    let at = world.now;
    for (ms, expected) in [
        (0, true),
        (MINUTE, true),
        (-MINUTE, true),
        (11 * MINUTE, false),
        (-DAY, false),
    ] {
        world.now = at.plus_ms(ms);
        assert_eq!(world.would_replay(), expected, "{ms} ms");
    }
}
