//! A new set tried on what was recorded.

use super::*;
use crate::policy::tryout::{DIFFERENCES, Recorded, try_out};

fn recorded(command: &str, mode: Mode, kind: Kind, was: Verdict) -> Recorded {
    Recorded {
        contexts: ContextSet::only(Context {
            mode,
            platform: Platform::WoA,
            login: Login::User,
        }),
        family: Family::Windows81,
        groups: vec!["kiosk".to_owned()],
        app: (kind == Kind::AppInstall).then(|| "game".to_owned()),
        command: command.to_owned(),
        leaves: vec![usual_leaf(kind)],
        was,
    }
}

#[test]
fn a_try_out_counts_each_decision_once_and_names_the_rules() {
    let mut files = builtin().files().to_vec();
    let mine = "[[rule]]\nid = \"no-games\"\neffect = \"refuse\"\ngroup = [\"kiosk\"]\napp = [\"game\"]\n\
        [[rule]]\nid = \"no-locks\"\neffect = \"withhold\"\nkind = [\"lock\"]\n";
    files.push(("mine.toml".to_owned(), mine.to_owned()));
    let set = PolicySet::from_texts(files).unwrap();
    let tried = try_out(
        &set,
        [
            recorded("same", Mode::Machine, Kind::Inventory, Verdict::Deliver),
            recorded("go", Mode::Apps, Kind::Setting, Verdict::Withhold),
            recorded("lock", Mode::Apps, Kind::Lock, Verdict::Deliver),
            recorded("game", Mode::Apps, Kind::AppInstall, Verdict::Deliver),
            recorded("wait", Mode::Machine, Kind::Setting, Verdict::Refuse),
        ],
    );
    let counts = (
        tried.looked_at,
        tried.same,
        tried.would_go,
        tried.would_no_longer_go,
        tried.would_wait,
        tried.would_be_refused,
    );
    assert_eq!(counts, (5, 1, 1, 1, 1, 1));
    let told: Vec<(&str, Verdict, String)> = tried
        .differences
        .iter()
        .map(|one| (one.command.as_str(), one.now, one.rules[0].to_string()))
        .collect();
    assert_eq!(
        told,
        [
            ("go", Verdict::Deliver, "81.with-the-user".to_owned()),
            ("lock", Verdict::Withhold, "no-locks".to_owned()),
            ("game", Verdict::Refuse, "no-games".to_owned()),
            ("wait", Verdict::Withhold, "floor.machine".to_owned()),
        ]
    );
    assert_eq!(tried.differences[3].modes, [Mode::Maintenance, Mode::Apps]);
}

#[test]
fn a_session_of_several_contexts_is_tried_as_it_was() {
    let mut both = recorded("both", Mode::Apps, Kind::Setting, Verdict::Withhold);
    both.contexts = both.contexts.with(Context {
        mode: Mode::Machine,
        platform: Platform::WoA,
        login: Login::User,
    });
    assert_eq!(try_out(&builtin(), [both]).same, 1);
}

#[test]
fn differences_are_listed_up_to_a_bound_and_counted_all() {
    let one = recorded("x", Mode::Apps, Kind::Setting, Verdict::Withhold);
    let tried = try_out(&builtin(), vec![one; DIFFERENCES + 5]);
    assert_eq!(tried.would_go as usize, DIFFERENCES + 5);
    assert_eq!(tried.differences.len(), DIFFERENCES);
}
