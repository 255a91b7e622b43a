//! The first page: which log it is, that it was verified, what the period has, and since
//! when the log is anchored outside.

use super::log_facts::Exported;
use super::value::{LISTED, Row, Section, Value, columns, whole};
use super::{Basis, Counts};
use crate::audit::verify::Outcome;
use crate::event::BaselineRecord;
use crate::time::Timestamp;

/// The newest cosignature that was verified, by the witness's clock.
pub(super) fn cosigned(basis: &Basis) -> Option<Timestamp> {
    let times = basis.verified.witnesses.iter().map(|(_, seconds)| *seconds);
    let newest = i64::try_from(times.max()?).ok()?;
    Some(Timestamp(newest.saturating_mul(1000)))
}

pub(super) fn section(basis: &Basis, counts: &Counts, exported: Option<Exported>) -> Section {
    let verified = &basis.verified;
    let findings = verified.findings.iter().map(|finding| {
        vec![
            finding.kind.name().into(),
            finding.place.as_str().into(),
            finding.what.as_str().into(),
            finding.count.into(),
        ]
    });
    Section::new(
        "summary",
        "Summary",
        "The log was verified before this report was made: its signature, every entry, every hash of its tree, the numbers of each device and the policy sets.",
        "Anything that was written after the log was last anchored outside could have been replaced by whoever has the audit key, before this report was made. Nor that what the log says is what was on the wire.",
    )
    .headline("outcome", verified.outcome != Outcome::Good)
    .fact("outcome", "Verification", verified.outcome.in_words())
    .fact("origin", "Log", verified.origin.clone().map_or(Value::None, Value::Code))
    .fact("size", "Entries of the log", verified.size)
    .fact("root", "Root of its tree", verified.root.clone().map_or(Value::None, Value::Code))
    .fact("first", "First entry that is there", verified.first)
    .fact("checked", "Entries that were verified", verified.checked)
    .fact("redacted", "Of these redacted", verified.redacted)
    .fact("from", "Period from", basis.period.from().or(counts.first))
    .fact("to", "Period to (not included)", basis.period.to().or(counts.last.map(|at| at.plus_ms(1))))
    .fact("whole", "The period is the whole log", basis.period == super::Period::WHOLE)
    .fact("events", "Events in the period", counts.events)
    .fact("exchanges", "Exchanges in the period", counts.exchanges)
    .fact("devices", "Devices on record by its end, retired ones included", counts.devices)
    .fact("retired", "Of these retired", counts.retired)
    .table(whole(
        "findings",
        "What verification found lacking",
        columns! { finding "Finding", place "Where", what "What", count "Times" },
        findings,
    ))
    .table(anchors(basis, exported))
}

/// What outside the server shows that the log was not rewritten since.
fn anchors(basis: &Basis, exported: Option<Exported>) -> super::Table {
    let verified = &basis.verified;
    let size = Value::from(verified.size);
    let mut rows = Vec::new();
    for (name, seconds) in &verified.witnesses {
        let at = i64::try_from(*seconds).unwrap_or(0).saturating_mul(1000);
        rows.push(vec![
            format!("cosigned by the witness {name}, at the time of its own clock").into(),
            Timestamp(at).into(),
            size.clone(),
        ]);
    }
    if rows.is_empty() {
        let what = match basis.trusts_witnesses {
            true => "cosigned by a witness of the trust file",
            false => "cosigned by a witness: not looked at without a trust file (--policy)",
        };
        rows.push(vec![what.into(), "never".into(), Value::None]);
    }
    for older in &basis.older {
        rows.push(vec![
            "goes on from a checkpoint that the reader of this report holds".into(),
            Value::None,
            (*older).into(),
        ]);
    }
    let exported = exported.map_or(vec!["never".into(), Value::None], |exported| {
        vec![exported.at.into(), exported.size.into()]
    });
    let what = "exported, as the server says: it counts if somebody else has that export";
    rows.push(std::iter::once(what.into()).chain(exported).collect());
    whole(
        "anchors",
        "Last anchored outside",
        columns! { what "What", at "When", size "Up to entry" },
        rows,
    )
}

/// The digests of what decided and of what devices are judged by.
pub(super) fn digests<'a>(
    sets: impl Iterator<Item = &'a String>,
    baselines: &[BaselineRecord],
) -> super::Table {
    let sets = sets.map(|digest| {
        vec![
            "policy set that decided".into(),
            Value::Code(digest.clone()),
        ]
    });
    let baselines = baselines.iter().map(|baseline| {
        let what = format!("baseline {} in force at the end", baseline.id);
        vec![what.into(), Value::Code(baseline.digest.clone())]
    });
    let mut rows: Vec<Row> = sets.chain(baselines).collect();
    let total = rows.len() as u64;
    rows.truncate(LISTED);
    let columns = columns! { what "What", digest "SHA-256" };
    let mut table = whole("digests", "Policy sets and baselines", columns, rows);
    table.total = total;
    table
}
