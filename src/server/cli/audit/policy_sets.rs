//! `modegate audit policy-sets`.

use clap::Args;
use serde_json::json;

use super::source::{Reader, SourceArgs};
use super::{AuditError, print};
use crate::audit::prove::Prover;
use modegate_core::audit::report::{Period, PolicySpan, PolicySpans};

/// Flags of `audit policy-sets`.
#[derive(Debug, Args)]
pub struct PolicySetsArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Only those that were in force at some time of this day (UTC), such as 2026-01-31
    #[arg(long, value_name = "DAY", value_parser = day)]
    on: Option<Period>,
    /// Print JSON: an object per line
    #[arg(long)]
    json: bool,
}

fn day(text: &str) -> Result<Period, String> {
    Period::day(text).ok_or_else(|| "expected a day such as 2026-01-31".to_owned())
}

/// Prints each time in which one set was in force; the exit code.
pub(super) fn run(args: &PolicySetsArgs) -> Result<u8, AuditError> {
    let source = args.source.find()?;
    let database = source.database()?;
    let mut reader = Reader::new(&source, database.as_ref());
    let mut prover = Prover::open(reader.as_source())?;
    let (mut spans, mut printed, mut found) = (PolicySpans::default(), Ok(()), false);
    let wanted = |span: &PolicySpan| args.on.is_none_or(|day| span.overlaps(&day));
    prover.events(&mut |_, event| {
        let ended = spans.take(&event).filter(wanted);
        if let Some(span) = ended.filter(|_| printed.is_ok()) {
            found = true;
            printed = args.print(&span);
        }
    })?;
    printed?;
    if let Some(span) = spans.current().filter(|span| wanted(span)) {
        found = true;
        args.print(span)?;
    }
    match found {
        true => Ok(0),
        false => Err(AuditError::Nothing),
    }
}

impl PolicySetsArgs {
    fn print(&self, span: &PolicySpan) -> std::io::Result<()> {
        let PolicySpan {
            digest,
            from,
            by,
            loads,
            until,
        } = span;
        let until = until.map(|at| at.to_string());
        if self.json {
            let shown = json!({
                "policy_set": digest, "from": from.to_string(), "until": until, "by": by,
                "loads": loads,
            });
            return print(format_args!("{shown}\n"));
        }
        let by = by.as_deref().unwrap_or("nobody on record");
        let until = until.as_deref().unwrap_or("now");
        print(format_args!(
            "{digest}  {from} to {until}, loaded by {by}, {loads} times\n"
        ))
    }
}
