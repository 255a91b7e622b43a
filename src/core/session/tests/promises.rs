//! What a preview and a forecast say of a session is what the session does.

use super::*;
use crate::command::CommandState;
use crate::context::{Context, ContextSet, Login, Mode, Platform, Query};
use crate::forecast::{Forecast, View, When, forecast};
use crate::policy::PolicySet;
use crate::push::wake::{self, WakeState};
use crate::session::preview::{Preview, preview};
use world::Reply;

fn query(mode: Mode, platform: Platform) -> String {
    let platform = match platform {
        Platform::WoA => "Platform=WoA",
        Platform::Other => "Platform=x86",
    };
    match mode {
        Mode::Unspecified => platform.to_owned(),
        named => format!("mode={}&{platform}", named.name()),
    }
}

fn login_status(login: Login) -> Vec<Element> {
    if login == Login::Absent {
        return Vec::new();
    }
    let kind = Some("com.microsoft/MDM/LoginStatus".to_owned());
    let item = Item {
        meta: Meta {
            kind,
            ..Meta::default()
        },
        data: Some(login.name().to_owned()),
        ..Item::default()
    };
    vec![Element::Alert(Alert {
        cmd_id: Some(901),
        code: 1224,
        items: vec![item],
    })]
}

/// Who is logged on in a session of that mode as it usually is.
fn usual_login(mode: Mode) -> Login {
    match mode {
        Mode::Machine => Login::None,
        Mode::Maintenance | Mode::Apps => Login::User,
        Mode::Unspecified => Login::Absent,
    }
}

fn withheld(reply: &Reply) -> Vec<CommandSeq> {
    let groups = reply.listed.iter();
    let mut all: Vec<CommandSeq> = groups
        .flat_map(|group| group.commands.iter().map(|&seq| CommandSeq(seq)))
        .collect();
    all.sort_unstable();
    all
}

impl World {
    fn forecasts(&self) -> Vec<(CommandSeq, Forecast)> {
        let state = &self.device.state;
        let view = View {
            state,
            record: &self.device.record,
            policies: &self.policies,
            build: None,
            now: self.now,
        };
        let waits =
            |open: &&OpenCommand| queue::state_at(state, open, self.now) == CommandState::Queued;
        let waiting = state.open.iter().filter(waits);
        waiting
            .map(|open| (open.seq, forecast(&view, open)))
            .collect()
    }

    /// A new session in that context does what was foreseen of it.
    fn begins_as_foreseen(&mut self, context: Context) {
        let Context { mode, login, .. } = context;
        let (preview, forecasts) = (
            preview(&self.device, context, &self.policies, self.now),
            self.forecasts(),
        );
        let next = CommandSeq(self.device.state.next_command);
        let reply = self.say(Says {
            query: &query(mode, context.platform),
            begins: true,
            body: login_status(login),
            is_final: true,
            stale: None,
        });
        self.check_preview(&preview, &reply, next);
        let withheld = withheld(&reply);
        for (seq, forecast) in &forecasts {
            agrees(self.device.record.family, forecast);
            let refused = self.finals.contains_key(seq);
            let goes = !withheld.contains(seq) && !refused;
            if let Some(promised) = promises(forecast, context) {
                // What it waited for may have ended badly as the session began.
                let holds = goes == promised || refused && forecast.when == When::After;
                assert!(holds, "{seq:?} in {mode:?}: {forecast:?}, {reply:?}");
            }
        }
    }

    /// `next` is the first number of what the server queued meanwhile itself.
    fn check_preview(&self, preview: &Preview, reply: &Reply, next: CommandSeq) {
        let delivered = reply.delivered.iter().copied();
        let known: Vec<CommandSeq> = delivered.filter(|seq| *seq < next).collect();
        let foreseen: Vec<CommandSeq> = preview.deliver.iter().map(|one| one.command).collect();
        assert!(foreseen.starts_with(&known), "{preview:?}, {reply:?}");
        let goes_at_all = foreseen.is_empty() || !reply.delivered.is_empty();
        assert!(goes_at_all, "{preview:?}, {reply:?}");
        let mut stay: Vec<CommandSeq> = preview.withhold.iter().map(|one| one.command).collect();
        stay.retain(|seq| !self.finals.contains_key(seq));
        stay.sort_unstable();
        let mut stayed = withheld(reply);
        stayed.retain(|seq| *seq < next);
        assert_eq!(stay, stayed, "{preview:?}, {reply:?}");
        for refused in &preview.refuse {
            assert_eq!(self.finals[&refused.command], CommandState::Failed);
        }
    }

    /// The session that is open does in its next message what was foreseen of it.
    fn goes_on_as_foreseen(&mut self) {
        let Some(session) = self.device.state.session.clone() else {
            return;
        };
        let in_order = session.id.0 == self.session.to_string()
            && session.client_message == self.msg_id
            && session.messages < limits::SESSION_MESSAGES;
        let as_named = session.contexts.iter().find(|context| {
            context.platform == Platform::WoA
                && context.mode != Mode::Unspecified
                && context.login == session.login
        });
        let (true, Some(context)) = (in_order, as_named) else {
            return;
        };
        let forecasts = self.forecasts();
        let reply = self.say(Says {
            query: &query(context.mode, Platform::WoA),
            begins: false,
            body: Vec::new(),
            is_final: true,
            stale: None,
        });
        let withheld = withheld(&reply);
        for (seq, forecast) in forecasts {
            if forecast.when == When::Now {
                let goes = !withheld.contains(&seq) && !self.finals.contains_key(&seq);
                assert!(goes, "{seq:?}: {forecast:?}, {reply:?}");
            }
        }
    }
}

/// Whether a forecast says that a new session in `context` lets the command go, or that it
/// does not; `None` where it says neither.
fn promises(forecast: &Forecast, context: Context) -> Option<bool> {
    let Context { mode, login, .. } = context;
    if context.platform != Platform::WoA {
        return None;
    }
    let carries = forecast.modes.contains(&mode);
    match forecast.when {
        When::NotBefore | When::After => Some(false),
        _ if login == usual_login(mode) => Some(carries),
        _ if context.is_contradiction() => Some(carries && !forecast.needs_logon.contains(&mode)),
        _ => None,
    }
}

/// Its one word says nothing else than its list of modes.
fn agrees(family: Family, forecast: &Forecast) {
    let modes = &forecast.modes;
    let carries = |mode| modes.contains(&mode);
    let good = match forecast.when {
        When::Never => modes.is_empty(),
        When::NextMaintenance => carries(Mode::Maintenance),
        When::NextApps | When::AppsSession => carries(Mode::Apps),
        When::NextMachine => carries(Mode::Machine),
        When::NextUnspecified => {
            carries(Mode::Unspecified) || forecast.text.contains("LoginStatus is user")
        }
        When::AnySession | When::PushSession => {
            let only_named = |mode: &Mode| {
                carries(*mode)
                    || forecast.text.contains(&format!(" {}", mode.name()))
                    || *mode == Mode::Unspecified
            };
            Mode::ALL.iter().all(only_named) && (family != Family::Windows81 || modes.len() > 2)
        }
        When::NotBefore | When::After | When::Sent | When::Now => true,
    };
    let within = forecast.needs_logon.iter().all(|mode| modes.contains(mode));
    assert!(good && within, "{forecast:?}");
}

/// Sets of rules: as shipped, without what LoginStatus narrows, with what is optional,
/// with what a site holds back.
fn policies(which: usize) -> PolicySet {
    const OPTIONAL: [(&str, &str); 3] = [
        (
            "apps.toml",
            include_str!("../../../../policies/optional/apps-installs-only.toml"),
        ),
        (
            "login.toml",
            include_str!("../../../../policies/optional/login-status-without-mode.toml"),
        ),
        (
            "update.toml",
            include_str!("../../../../policies/optional/update-configuration-in-apps.toml"),
        ),
    ];
    const SITE: &str = r#"[[rule]]
id = "site.no-reads"
effect = "withhold"
family = ["windows81", "windows_phone81", "windows10"]
mode = ["Apps", "Unspecified"]
kind = ["inventory", "setting"]
source = "site"
says = "nothing is read on a push"
"#;
    let mut texts = PolicySet::builtin_texts();
    let more: &[(&str, &str)] = match which {
        0 => &[],
        1 => {
            texts.retain(|(name, _)| !name.contains("context"));
            &[]
        }
        2 => &OPTIONAL,
        _ => &[("site.toml", SITE)],
    };
    texts.extend(
        more.iter()
            .map(|&(name, text)| (name.to_owned(), text.to_owned())),
    );
    PolicySet::from_texts(texts).unwrap()
}

/// What the device has shown so far, and the wake that it is waited for with.
#[derive(Debug, Clone)]
struct Past {
    only: Option<Mode>,
    nobody_logged_on: u8,
    wake: Option<(WakeState, i64)>,
}

fn past() -> impl Strategy<Value = Past> {
    let modes = prop::sample::select(Mode::ALL.to_vec());
    let wakes = (prop::sample::select(WakeState::ALL.to_vec()), 0..2 * DAY);
    let (only, wake) = (proptest::option::of(modes), proptest::option::of(wakes));
    (only, 0..5_u8, wake).prop_map(|(only, nobody_logged_on, wake)| Past {
        only,
        nobody_logged_on,
        wake,
    })
}

impl World {
    fn has(&mut self, past: &Past) {
        let (state, now) = (&mut self.device.state, self.now);
        if let Some(mode) = past.only {
            state.seen = Default::default();
            state.seen[mode as usize] = Some(now);
        }
        state.nobody_logged_on = past.nobody_logged_on;
        state.wake = past.wake.and_then(|(wake_state, due)| {
            let mut wake = wake::next(
                None,
                wake::Event::Request(wake::WakeOptions::default()),
                now,
                0,
            )
            .wake?;
            (wake.state, wake.due_at) = (wake_state, now.plus_ms(due));
            Some(wake)
        });
    }
}

proptest! {
    #[test]
    fn a_session_does_what_was_foreseen_of_it(
        acts in prop::collection::vec(act(), 1..30),
        family in prop::sample::select(Family::ALL.to_vec()),
        mode in prop::sample::select(Mode::ALL.to_vec()),
        login in prop::sample::select(Login::ALL.to_vec()),
        usually in any::<bool>(),
        platform in prop::sample::select(vec![Platform::WoA, Platform::WoA, Platform::Other]),
        rules in 0..4_usize,
        past in past(),
    ) {
        let mut world = World::new();
        world.policies = policies(rules);
        world.device.record.family = family;
        for act in acts {
            world.act(&act);
        }
        world.meanwhile.clear();
        world.goes_on_as_foreseen();
        let login = if usually { usual_login(mode) } else { login };
        world.has(&past);
        world.begins_as_foreseen(Context { mode, platform, login });
    }
}

/// A reset of a password is sent once only, so it does not share a reply with what the
/// device may stop at.
#[test]
fn a_preview_is_in_the_order_of_the_replies() {
    const RESET: usize = 2;
    const SETTING: usize = 9;
    const READ: usize = 0;
    let mut world = World::new();
    let mut seqs = Vec::new();
    for node in [SETTING, RESET, READ] {
        let (verb, loc_uri) = NODES[node];
        seqs.push(world.queue(command(verb, loc_uri)).unwrap());
    }
    let context = Context {
        mode: Mode::Maintenance,
        platform: Platform::WoA,
        login: Login::User,
    };
    let preview = preview(&world.device, context, &world.policies, world.now);
    let foreseen: Vec<CommandSeq> = preview.deliver.iter().map(|one| one.command).collect();
    let mut replies = vec![world.begin(login_status(Login::User)).delivered];
    let answers = world.all(200);
    replies.push(world.go_on(answers).delivered);
    assert_eq!(replies, [vec![seqs[0], seqs[2]], vec![seqs[1]]]);
    assert_eq!(foreseen, replies.concat());
}

#[test]
fn the_queries_of_these_tests_name_what_they_say() {
    for mode in Mode::ALL {
        let read = Query::read(&query(mode, Platform::WoA));
        assert_eq!((read.mode, read.platform), (mode, Platform::WoA));
        assert!(!read.may_be_machine || mode == Mode::Machine, "{mode:?}");
    }
    assert_eq!(ContextSet::default().iter().count(), 0);
}
