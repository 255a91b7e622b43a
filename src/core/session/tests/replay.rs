//! Every decision that the world's log has on record comes out again from the log alone.

use super::*;
use crate::audit::event_types::unexplained;
use crate::audit::replay::{Difference, Replay, Totals};
use crate::audit::statement::MachineStatement;
use crate::command::CommandBody;
use crate::context::Mode;
use crate::event::{Event, EventType, RecordChange};
use crate::policy::{PolicySet, Verdict};
use crate::tlog::entry::EVENT_BYTES;

/// A set of the shipped files and this one.
fn with_file(text: &str) -> PolicySet {
    let mut files = PolicySet::builtin_texts();
    files.push(("own.toml".to_owned(), text.to_owned()));
    PolicySet::from_texts(files).unwrap()
}

fn copy(set: &PolicySet) -> PolicySet {
    PolicySet::from_texts(set.files().to_vec()).unwrap()
}

/// The events as they come from the log: by their bytes.
fn replayed(mut replay: Replay, log: &[Event]) -> (Totals, Vec<Difference>) {
    let mut differences = Vec::new();
    for event in log {
        let bytes = event.to_bytes();
        assert!(bytes.len() <= EVENT_BYTES);
        let shown = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(unexplained(&shown), [""; 0], "{shown}");
        let read = Event::from_bytes(&bytes).unwrap();
        assert_eq!(read, *event);
        replay.take(&read, &mut |difference| differences.push(difference));
    }
    (replay.finish(), differences)
}

impl World {
    /// By its own set every decision on record comes out as it was, and what the log states of
    /// Machine is what the device got there.
    pub(super) fn is_decided_again(&self) {
        let (totals, differences) = replayed(Replay::by_own([copy(&self.policies)]), &self.log);
        assert_eq!(differences, [], "{:#?}", self.log);
        let (agree, decisions) = (totals.agree, totals.decisions);
        assert_eq!((agree, totals.without_inputs), (decisions, 0), "{totals:?}");
        let mut statement = MachineStatement::default();
        self.log.iter().for_each(|event| statement.take(event));
        assert!(statement.holds(), "{statement}");
        let resets = self.got_in_machine.iter().filter(|seq| {
            let placed = self.bodies[seq].placed();
            let loc_uris = placed.iter().filter_map(|one| one.loc_uri);
            loc_uris
                .map(|one| one.as_str())
                .any(|one| one.contains("ResetUserPassword"))
        });
        let carried: u64 = statement.carried.values().sum();
        assert_eq!(carried, self.got_in_machine.len() as u64, "{statement}");
        assert_eq!(
            statement.carried(Kind::PasswordReset),
            resets.count() as u64
        );
    }

    /// The record is changed, as an operator would.
    fn regroup(&mut self, groups: &[&str]) {
        let mut record = self.device.record.clone();
        record.groups = groups.iter().map(|&group| group.to_owned()).collect();
        let change = RecordChange::between(&self.device.record, &record);
        let event = Event::new(
            self.now,
            "test",
            Some(self.device.id),
            EventType::DeviceChanged,
        );
        let state = self.device.state.clone();
        let changed = crate::change::DeviceChange::new(&self.device, state)
            .with_record(record)
            .with_events(vec![event.change(change)]);
        self.change(changed);
    }
}

const OWN: &str = r#"
[[classify]]
loc_uri = "./Vendor/MSFT/Mine/*"
verb = ["Replace", "Get"]
kind = "setting"

[[rule]]
id = "own.no-settings-for-kiosks"
effect = "refuse"
kind = ["setting"]
group = ["kiosk"]

[[rule]]
id = "own.contoso-waits"
effect = "withhold"
kind = ["app_install"]
app = ["contoso"]
"#;

fn app_install(app: &str) -> CommandBody {
    let job = "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob=@/Exec=CreateJob";
    let mut body = command(Verb::Exec, job);
    body.options.app = Some(app.to_owned());
    body
}

/// A device with everything that decisions look at: groups that change, apps, nodes that a
/// file classifies, sessions that name several modes.
fn told(own: &str) -> World {
    let mut world = World::new();
    world.policies = with_file(own);
    world
        .queue(command(Verb::Replace, "./Vendor/MSFT/Mine/Colour"))
        .unwrap();
    world
        .queue(command(Verb::Get, "./Vendor/MSFT/Other"))
        .unwrap();
    world.queue(app_install("contoso")).unwrap();
    world.queue(app_install("fabrikam")).unwrap();
    world
        .queue(command(Verb::Get, "./cimv2/Win32_OperatingSystem"))
        .unwrap();
    for query in ["mode=Machine&Platform=WoA", world::MAINTENANCE] {
        for begins in [true, false] {
            world.say(Says {
                query,
                begins,
                body: world.all(200),
                is_final: true,
                stale: None,
            });
        }
    }
    world.regroup(&["kiosk"]);
    world
        .queue(command(Verb::Replace, "./Vendor/MSFT/Mine/Colour"))
        .unwrap();
    world.begin(Vec::new());
    world
}

#[test]
fn all_inputs_are_on_record() {
    let world = told(OWN);
    world.is_decided_again();
    let refused = |event: &Event| {
        let mut outcomes = event
            .exchange
            .iter()
            .flat_map(|exchange| &exchange.outcomes);
        outcomes.any(|outcome| outcome.rules == ["own.no-settings-for-kiosks"])
    };
    assert!(world.log.iter().any(refused), "{:#?}", world.log);
}

#[test]
fn another_set_shows_exactly_what_it_would_change() {
    let world = told(OWN);
    let other = OWN
        .replace("contoso", "fabrikam")
        .replace("\"kiosk\"", "\"lobby\"");
    let (totals, differences) = replayed(Replay::by_another(with_file(&other)), &world.log);
    assert_eq!(totals.differ, differences.len() as u64);
    assert_eq!(totals.without_inputs, 0);
    let seen: Vec<(u32, Verdict, Verdict)> = differences
        .iter()
        .map(|one| (one.command, one.was.verdict, one.would_be.verdict))
        .collect();
    use Verdict::{Deliver, Refuse, Withhold};
    // Command 3 waits for ever, 4 goes in the first session in Maintenance; 6 is refused.
    let expected = |one: &(u32, Verdict, Verdict)| match one.0 {
        // Another mode list or another verdict, in each session.
        3 | 4 => true,
        6 => (one.1, one.2) == (Refuse, Deliver),
        _ => false,
    };
    assert!(seen.iter().all(expected), "{seen:?}");
    assert!(seen.contains(&(4, Deliver, Withhold)) && seen.contains(&(3, Withhold, Deliver)));
    assert!(seen.contains(&(6, Refuse, Deliver)), "{seen:?}");
}

#[test]
fn what_the_record_does_not_say_is_counted_apart() {
    let world = told(OWN);
    // Events of version 1 have no inputs.
    let old: Vec<Event> = world
        .log
        .iter()
        .map(|event| Event {
            v: 1,
            ..event.clone()
        })
        .collect();
    let (totals, differences) = replayed(Replay::by_own([copy(&world.policies)]), &old);
    assert_eq!((totals.without_inputs, totals.agree), (totals.decisions, 0));
    assert_eq!(differences, []);
    // A command whose event is not there.
    let cut: Vec<Event> = world.log[1..].to_vec();
    let (totals, differences) = replayed(Replay::by_own([copy(&world.policies)]), &cut);
    assert!(totals.without_inputs > 0 && totals.agree > 0, "{totals:?}");
    assert_eq!(
        (totals.agree + totals.without_inputs, differences),
        (totals.decisions, vec![])
    );
    // A set that is not at hand.
    let (totals, _) = replayed(Replay::by_own([PolicySet::builtin().unwrap()]), &world.log);
    assert_eq!(totals.without_policy_set, totals.decisions);
}

/// What a device had queued under version 0.1.0 is on record from its first decision on.
#[test]
fn commands_of_an_earlier_version_are_on_record_with_the_decision() {
    let mut world = World::new();
    world.policies = with_file(OWN);
    world.queue(app_install("contoso")).unwrap();
    world
        .queue(command(Verb::Replace, "./Vendor/MSFT/Mine/Colour"))
        .unwrap();
    for open in &mut world.device.state.open {
        open.is_on_record = false;
    }
    world.log.clear();
    world.say(Says {
        query: "mode=Machine&Platform=WoA",
        begins: true,
        body: Vec::new(),
        is_final: true,
        stale: None,
    });
    world.begin(Vec::new());
    world.begin(world.all(200));
    world.is_decided_again();
}

/// Each record that an event carries decides: with another value it comes out otherwise.
#[test]
fn what_is_tampered_with_comes_out_otherwise() {
    let world = told(OWN);
    let own = || Replay::by_own([copy(&world.policies)]);
    let at = |is: &dyn Fn(&Event) -> bool| world.log.iter().position(is).unwrap();
    let carries = |event: &Event| !event.delivered().is_empty();
    let mut changed = world.log.clone();
    let first = at(&carries);
    let record = changed[first].exchange.as_mut().unwrap();
    record.mode = Mode::Machine;
    record.delivered[0].kind = Kind::Lock;
    assert!(replayed(own(), &changed).0.differ > 0);
    let mut changed = world.log.clone();
    let groups = at(&|event: &Event| event.change.is_some());
    changed[groups].change.as_mut().unwrap().groups = Some(Vec::new());
    for event in &mut changed[groups..] {
        if let Some(exchange) = &mut event.exchange {
            exchange.subject = None;
        }
    }
    assert!(replayed(own(), &changed).0.differ > 0);
}
