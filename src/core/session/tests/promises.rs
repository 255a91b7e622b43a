//! What a preview and a forecast say of a session is what the session does.

use super::*;
use crate::command::CommandState;
use crate::context::{Context, ContextSet, Login, Mode, Platform, Query};
use crate::forecast::{Forecast, View, When, forecast};
use crate::session::preview::{Preview, preview};
use world::Reply;

fn query(mode: Mode) -> String {
    match mode {
        Mode::Unspecified => "Platform=WoA".to_owned(),
        named => format!("mode={}&Platform=WoA", named.name()),
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

    /// A new session in that mode does what was foreseen of it.
    fn begins_as_foreseen(&mut self, mode: Mode, login: Login) {
        let context = Context {
            mode,
            platform: Platform::WoA,
            login,
        };
        let (preview, forecasts) = (
            preview(&self.device, context, &self.policies, self.now),
            self.forecasts(),
        );
        let next = CommandSeq(self.device.state.next_command);
        let reply = self.say(Says {
            query: &query(mode),
            begins: true,
            body: login_status(login),
            is_final: true,
            stale: None,
        });
        self.check_preview(&preview, &reply, next);
        if login != usual_login(mode) {
            return;
        }
        let withheld = withheld(&reply);
        for (seq, forecast) in &forecasts {
            let refused = self.finals.contains_key(seq);
            let goes = !withheld.contains(seq) && !refused;
            if let Some(promised) = promises(self.device.record.family, forecast.when, mode) {
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
            query: &query(context.mode),
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

/// Whether such a forecast says that a new session in `mode` lets the command go,
/// or that it does not; `None` where it says neither.
fn promises(family: Family, when: When, mode: Mode) -> Option<bool> {
    let usual = match family {
        Family::Windows81 => &[Mode::Machine, Mode::Maintenance, Mode::Apps][..],
        Family::WindowsPhone81 => &[Mode::Unspecified],
        Family::Windows10 => &[Mode::Maintenance],
    };
    match when {
        When::NotBefore | When::After => Some(false),
        When::Never => usual.contains(&mode).then_some(false),
        When::AnySession | When::PushSession => usual.contains(&mode).then_some(true),
        When::NextMaintenance => (mode == Mode::Maintenance).then_some(true),
        When::NextApps | When::AppsSession => (mode == Mode::Apps).then_some(true),
        When::NextMachine => (mode == Mode::Machine).then_some(true),
        When::Sent | When::Now => None,
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
    ) {
        let mut world = World::new();
        world.device.record.family = family;
        for act in acts {
            world.act(&act);
        }
        world.meanwhile.clear();
        world.goes_on_as_foreseen();
        let login = if usually { usual_login(mode) } else { login };
        world.begins_as_foreseen(mode, login);
    }
}

#[test]
fn the_queries_of_these_tests_name_what_they_say() {
    for mode in Mode::ALL {
        let read = Query::read(&query(mode));
        assert_eq!((read.mode, read.platform), (mode, Platform::WoA));
        assert!(!read.may_be_machine || mode == Mode::Machine, "{mode:?}");
    }
    assert_eq!(ContextSet::default().iter().count(), 0);
}
