//! The Machine-mode guarantee: what sessions that named Machine carried, every decision made
//! again, and what each set of rules in force lets go.

use super::value::{Listed, Section, Value, columns, whole};
use crate::audit::replay::{Difference, Totals};
use crate::audit::statement::MachineStatement;
use crate::context::{Context, ContextSet, Family, Login, Mode, Platform};
use crate::kind::{Class, Kind, Leaf};
use crate::policy::explain::usual_verb;
use crate::policy::{PolicySet, Subject, Verdict};

/// Audit 1.
#[derive(Debug, Default)]
pub(super) struct MachineAudit {
    pub(super) statement: MachineStatement,
    pub(super) differences: Listed<Difference>,
}

impl MachineAudit {
    pub(super) fn section<'a>(
        &self,
        decisions: Totals,
        sets: impl Iterator<Item = &'a PolicySet>,
    ) -> Section {
        let statement = &self.statement;
        let carried = |kind| statement.carried(kind);
        Section::new(
            "machine",
            "1. The Machine-mode guarantee",
            "What the replies to sessions that named Machine carried, from the message on that named it: device inventory, password resets and unenrollments, and nothing else. Each decision on record was made again from the events and the policy sets.",
            "That a device was in the mode that it named, or that these bytes are what left the server: one process writes both. A captured reply can be compared with the digest of its event.",
        )
        .headline("holds", !statement.holds() || decisions.differ > 0 || statement.guard_stops > 0)
        .fact("holds", "Nothing but the three kinds was carried", statement.holds())
        .fact("sessions", "Sessions that named Machine", statement.sessions)
        .fact("exchanges", "Messages of them from then on", statement.exchanges)
        .fact("version_1", "Of these on record as events of version 1, which do not say what the session had named before", statement.version_1)
        .fact("inventory", "Carried: device inventory", carried(Kind::Inventory))
        .fact("password_reset", "Carried: password resets", carried(Kind::PasswordReset))
        .fact("unenroll", "Carried: unenrollments", carried(Kind::Unenroll))
        .fact("others", "Carried: commands of other kinds", statement.others)
        .fact("guard_stops", "Commands that the second guard stopped", statement.guard_stops)
        .fact("decisions", "Decisions that were made again", decisions.decisions)
        .fact("agree", "They agree with the record", decisions.agree)
        .fact("differ", "They come out otherwise", decisions.differ)
        .fact("without_inputs", "They lack their inputs (events of version 1, redacted or deleted)", decisions.without_inputs)
        .fact("without_policy_set", "They lack their policy set", decisions.without_policy_set)
        .table(self.breaches())
        .table(self.different())
        .table(matrix(sets))
    }

    fn breaches(&self) -> super::Table {
        let rows = self.statement.breaches.iter().map(|breach| {
            vec![
                breach.device.into(),
                breach.event.into(),
                breach.command.into(),
                breach.kind.name().into(),
            ]
        });
        let columns = columns! {
            device "Device",
            event "Event",
            command "Command",
            kind "Kind",
        };
        let mut table = whole(
            "machine_breaches",
            "Commands against the guarantee",
            columns,
            rows,
        );
        table.total = self.statement.others;
        table
    }

    fn different(&self) -> super::Table {
        let columns = columns! {
            device "Device",
            event "Event",
            command "Command",
            was "On record",
            would_be "Comes out as",
        };
        let title = "Decisions that come out otherwise";
        self.differences
            .table("replay_differences", title, columns, |one| {
                vec![
                    one.device.into(),
                    one.event.into(),
                    one.command.into(),
                    one.was.to_string().into(),
                    one.would_be.to_string().into(),
                ]
            })
    }
}

/// What each set lets go in each mode: a usual command of each kind, of a Windows 8.1 device in
/// no group, with its user logged on where the mode has one.
fn matrix<'a>(sets: impl Iterator<Item = &'a PolicySet>) -> super::Table {
    let columns = columns! {
        policy_set "Policy set",
        kind "Kind",
        machine "Machine",
        maintenance "Maintenance",
        apps "Apps",
        unspecified "Unspecified",
    };
    let rows = sets.flat_map(|set| {
        Kind::ALL.into_iter().map(|kind| {
            let cells = Mode::ALL.map(|mode| cell(set, kind, mode));
            let front = [Value::Code(set.digest().to_owned()), kind.name().into()];
            front.into_iter().chain(cells).collect()
        })
    });
    let title = "What each policy set that decided lets go (a usual command of each kind, Windows 8.1, no group)";
    whole("policy_matrix", title, columns, rows)
}

fn cell(set: &PolicySet, kind: Kind, mode: Mode) -> Value {
    let context = Context {
        mode,
        platform: Platform::WoA,
        login: match mode {
            Mode::Machine => Login::None,
            _ => Login::User,
        },
    };
    let leaf = Leaf {
        verb: usual_verb(kind),
        kind,
        class: Class::OTHER,
    };
    let subject = Subject {
        family: Family::Windows81,
        groups: &[],
        app: None,
        leaves: &[leaf],
    };
    match set.decide(ContextSet::only(context), &subject).verdict {
        Verdict::Deliver => "delivers",
        Verdict::Withhold => "withholds",
        Verdict::Refuse => "refuses",
    }
    .into()
}
