//! What the demo prints: a few lines per step, and a table at the end.

use std::collections::BTreeMap;
use std::io::{self, Stdout, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

use modegate_core::classify::classify;
use modegate_core::context::Mode;
use modegate_core::kind::Kind;
use modegate_core::loc_uri::LocUri;
use modegate_sim::SessionReport;
use modegate_wire::message::Verb;
use serde_json::Value;

const BOLD: Style = Style::new().bold();
const SENT: Style = AnsiColor::Green.on_default();
const WITHHELD: Style = AnsiColor::Yellow.on_default();
const FAILED: Style = AnsiColor::Red.on_default().bold();
/// The columns of the closing table.
const MODES: [Mode; 3] = [Mode::Machine, Mode::Maintenance, Mode::Apps];

/// How often a kind was sent and withheld in one mode.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    sent: u32,
    withheld: u32,
}

/// The output of the demo. Colours are for terminals, unless `NO_COLOR` is set.
pub(super) struct Report {
    out: AutoStream<Stdout>,
    verbose: bool,
    table: BTreeMap<Kind, [Cell; MODES.len()]>,
    /// Checks of the step under way, and those that failed.
    checks: usize,
    failed: Vec<String>,
    /// Whether no check has failed so far.
    pub(super) is_good: bool,
}

impl Report {
    pub(super) fn new(verbose: bool) -> Self {
        Report {
            out: AutoStream::auto(io::stdout()),
            verbose,
            table: BTreeMap::new(),
            checks: 0,
            failed: Vec::new(),
            is_good: true,
        }
    }

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A line for `--verbose`.
    pub(super) fn detail(&mut self, text: &str) -> io::Result<()> {
        if self.verbose {
            writeln!(self.out, "    {text}")?;
        }
        Ok(())
    }

    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{BOLD}{text}{BOLD:#}")
    }

    /// One check of the step under way.
    pub(super) fn check(&mut self, what: &str, is_so: bool) -> io::Result<()> {
        self.checks += 1;
        if !is_so {
            self.failed.push(what.to_owned());
            self.is_good = false;
        }
        self.detail(&format!("[{}] {what}", if is_so { "ok" } else { "FAILED" }))
    }

    /// Ends a step: what it showed, or which checks failed.
    pub(super) fn verdict(&mut self, what: &str) -> io::Result<()> {
        let (checks, failed) = (
            std::mem::take(&mut self.checks),
            std::mem::take(&mut self.failed),
        );
        if failed.is_empty() {
            return writeln!(
                self.out,
                "  {SENT}ok{SENT:#}        {what} ({checks} checks)"
            );
        }
        for check in failed {
            writeln!(self.out, "  {FAILED}FAILED{FAILED:#}    {check}")?;
        }
        Ok(())
    }

    /// How the device stands by each baseline, as the API has it.
    pub(super) fn compliance(&mut self, standing: &Value) -> io::Result<()> {
        for baseline in standing["baselines"].as_array().into_iter().flatten() {
            let name = baseline["baseline"].as_str().unwrap_or_default();
            let title = format!("The tablet by the baseline {name}");
            self.title(&title)?;
            let mut controls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for control in baseline["controls"].as_array().into_iter().flatten() {
                let text = |key: &str| control[key].as_str().unwrap_or_default();
                controls
                    .entry(text("state"))
                    .or_default()
                    .push(text("control"));
            }
            for (state, controls) in controls {
                writeln!(self.out, "  {state:<14}{}", controls.join(", "))?;
            }
        }
        self.verdict("Each verdict names the reading, the session and the mode that it rests on.")
    }

    /// What a session in that mode sent, and what it withheld as the log has it.
    pub(super) fn session(
        &mut self,
        mode: Mode,
        report: &SessionReport,
        withheld: &[Value],
    ) -> io::Result<()> {
        for one in &report.received {
            self.detail(&format!("{} {} -> {}", one.verb, one.loc_uri, one.status))?;
        }
        let sent = Sent::of_session(report);
        for &kind in sent.0.keys() {
            self.cell(kind, mode).sent += 1;
        }
        for kind in withheld.iter().filter_map(kind_of) {
            self.cell(kind, mode).withheld += 1;
        }
        writeln!(self.out, "  {SENT}sent{SENT:#}      {}", sent.in_words())?;
        let held = in_words(withheld);
        writeln!(self.out, "  {WITHHELD}withheld{WITHHELD:#}  {held}")
    }

    fn cell(&mut self, kind: Kind, mode: Mode) -> &mut Cell {
        let column = MODES.iter().position(|one| *one == mode).unwrap_or(0);
        &mut self.table.entry(kind).or_default()[column]
    }

    /// How often each mode carried each kind in this run.
    pub(super) fn table(&mut self) -> io::Result<()> {
        let [machine, maintenance, apps] = MODES.map(Mode::name);
        self.title("Sessions that carried a kind of command in this run, by mode")?;
        writeln!(
            self.out,
            "  {:<19} {machine:<12} {maintenance:<12} {apps}",
            ""
        )?;
        for (kind, row) in std::mem::take(&mut self.table) {
            write!(self.out, "  {:<19}", kind.name())?;
            for cell in row {
                let (style, text) = match cell {
                    Cell {
                        sent: 0,
                        withheld: 0,
                    } => (Style::new(), "-".to_owned()),
                    Cell { sent: 0, withheld } => (WITHHELD, format!("withheld {withheld}")),
                    Cell { sent, withheld: 0 } => (SENT, format!("sent {sent}")),
                    Cell { sent, withheld } => (SENT, format!("sent {sent}, withheld {withheld}")),
                };
                write!(self.out, " {style}{text:<12}{style:#}")?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }
}

/// Statuses of what a session carried, by kind, in the order of the kinds.
struct Sent(BTreeMap<Kind, Vec<(Verb, u16)>>);

impl Sent {
    fn of_session(report: &SessionReport) -> Self {
        let mut sent: BTreeMap<Kind, Vec<_>> = BTreeMap::new();
        for one in &report.received {
            if let Some(verb) = Verb::from_name(&one.verb) {
                let kind = classify(verb, &LocUri::from(one.loc_uri.clone())).kind;
                sent.entry(kind).or_default().push((verb, one.status));
            }
        }
        Sent(sent)
    }

    /// Reads are folded: "inventory (24 reads, 16 answered)".
    fn in_words(&self) -> String {
        let kinds = self.0.iter().map(|(kind, leaves)| {
            let reads = leaves.iter().filter(|(verb, _)| *verb == Verb::Get);
            let (reads, answered) = reads.fold((0, 0), |(reads, answered), (_, status)| {
                (reads + 1, answered + u32::from(*status < 300))
            });
            let others = leaves.iter().filter(|(verb, _)| *verb != Verb::Get);
            let mut parts: Vec<String> = others
                .map(|(verb, status)| format!("{} {status}", verb.name()))
                .collect();
            if reads > 0 {
                parts.push(format!("{reads} reads, {answered} answered"));
            }
            format!("{} ({})", kind.name(), parts.join(", "))
        });
        some_or_nothing(kinds.collect())
    }
}

/// "wns_configuration until Maintenance (floor.machine)", one after the other.
fn in_words(withheld: &[Value]) -> String {
    let entries = withheld.iter().map(|entry| {
        let modes = names(&entry["modes"]);
        let until = if modes.is_empty() {
            "never".to_owned()
        } else {
            format!("until {}", modes.join(" or "))
        };
        let kind = entry["kind"].as_str().unwrap_or_default();
        format!("{kind} {until} ({})", names(&entry["rules"]).join(", "))
    });
    some_or_nothing(entries.collect())
}

fn some_or_nothing(texts: Vec<String>) -> String {
    if texts.is_empty() {
        "nothing".to_owned()
    } else {
        texts.join(", ")
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn kind_of(entry: &Value) -> Option<Kind> {
    Kind::ALL
        .into_iter()
        .find(|kind| entry["kind"] == kind.name())
}
