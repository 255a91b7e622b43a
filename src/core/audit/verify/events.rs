//! What the entries say: each is an event in its canonical form, the numbers of each device
//! are whole, the policy sets that decided are there.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::compliance::ComplianceChecks;
use super::epochs::Epochs;
use super::finding::{Finding, FindingKind, Findings};
use super::index::Index;
use super::redactions::Redactions;
use super::sequences::{Chain, Sequences};
use super::source::{IndexRow, LogSource};
use crate::audit::manifest::is_digest;
use crate::audit::policy_file::PolicyFile;
use crate::event::{Event, EventType};
use crate::ids::DeviceId;
use crate::log_record::LogRecord;
use crate::time::Timestamp;
use crate::tlog::Entry;

/// The newest version of events that is known.
const VERSION: u64 = 2;

/// So many policy sets are known not to need another look.
const POLICY_SETS: usize = 10_000;

/// What was seen so far.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventChecks {
    pub(super) sequences: Sequences,
    pub(super) redactions: Redactions,
    pub(super) epochs: Epochs,
    pub(super) compliance: ComplianceChecks,
    /// Keys that the log says began to sign it, and until when those before them sign.
    pub(super) keys: Vec<(String, Timestamp)>,
    #[serde(skip)]
    pub(super) index: Index,
    policy_sets: BTreeSet<String>,
    salted: bool,
    /// Room for the canonical form of an event, kept from one to the next.
    #[serde(skip)]
    written: Vec<u8>,
}

/// The version alone, of an event of any version.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// The number of an event of any version. A newer one cannot be checked here, and is not
/// missing either.
#[derive(Deserialize)]
struct Numbered {
    #[serde(default)]
    device: Option<DeviceId>,
    seq: u64,
}

impl EventChecks {
    /// Looks at an entry. Its number, where it is an event.
    pub(super) fn take<S: LogSource + ?Sized>(
        &mut self,
        number: u64,
        entry: Entry<'_>,
        source: &mut S,
        findings: &mut Findings,
    ) -> Option<(Chain, u64)> {
        let json = match entry {
            Entry::Redacted { leaf } => {
                self.redactions.found(number, leaf);
                return None;
            }
            Entry::Salted { json, .. } => {
                self.salted = true;
                json
            }
            Entry::Unsalted { json } => {
                // Whoever had events before there was a log may have deleted the first ones.
                self.sequences.allow_any_first();
                if self.salted {
                    let what = "it has no salt, and an entry before it has one";
                    findings.add(Finding::at(number, FindingKind::Unsalted, what));
                }
                json
            }
        };
        match parse(number, json, &mut self.written) {
            Ok(event) => {
                self.event(number, &event, source, findings);
                Some((event.device, event.seq))
            }
            Err(finding) => {
                if finding.kind == FindingKind::EventVersion {
                    self.number_of_newer(number, json, findings);
                }
                findings.add(finding);
                None
            }
        }
    }

    fn event<S: LogSource + ?Sized>(
        &mut self,
        number: u64,
        event: &Event,
        source: &mut S,
        findings: &mut Findings,
    ) {
        self.number(number, (event.device, event.seq), findings);
        if let Some(exchange) = &event.exchange {
            let set = self.policy_set(number, &exchange.policy_set, source);
            set.unwrap_or_else(|finding| findings.add(finding));
        }
        self.compliance.take(number, event, source, findings);
        let stated = match event.log.as_deref() {
            Some(LogRecord::Redaction {
                entry,
                leaf_hash,
                device,
                seq,
            }) => self
                .redactions
                .named(number, *entry, leaf_hash, (*device, *seq)),
            Some(LogRecord::Epoch(record)) => self.epochs.take(number, record),
            Some(LogRecord::Key { vkey, both_until }) => {
                self.keys.push((vkey.clone(), *both_until));
                Ok(())
            }
            _ => Ok(()),
        };
        stated.unwrap_or_else(|finding| findings.add(finding));
    }

    /// Compares what a database keeps beside an entry with its event, or with the stub of a
    /// redacted one.
    pub(super) fn listed(
        &mut self,
        number: u64,
        row: &IndexRow,
        numbered: Option<(Chain, u64)>,
    ) -> Result<(), Finding> {
        let Some(stub) = &row.stub else {
            // What is no event was found already.
            return numbered.map_or(Ok(()), |(device, seq)| {
                self.index.take(number, row, device, seq)
            });
        };
        let stub = Event::from_bytes(stub).ok();
        let Some(stub) = stub.filter(|stub| *stub == stub.stub()) else {
            let what = "what is shown of it is not what is left of a redacted event";
            return Err(Finding::at(number, FindingKind::Index, what));
        };
        self.redactions.listed(number, (stub.device, stub.seq));
        self.index.take(number, row, stub.device, stub.seq)
    }

    /// An entry that is not sealed: of it counts only what the database lists, and which keys
    /// sign.
    pub(super) fn unsealed(
        &mut self,
        number: u64,
        row: &IndexRow,
        entry: &[u8],
    ) -> Result<(), Finding> {
        let json = Entry::parse(entry).ok().and_then(|entry| entry.json());
        let event = json.and_then(|json| Event::from_bytes(json).ok());
        if let Some(LogRecord::Key { vkey, both_until }) =
            event.as_ref().and_then(|event| event.log.as_deref())
        {
            self.keys.push((vkey.clone(), *both_until));
        }
        let numbered = event.map(|event| (event.device, event.seq));
        self.listed(number, row, numbered)
    }

    fn number(&mut self, entry: u64, (chain, seq): (Chain, u64), findings: &mut Findings) {
        let redacted = self.redactions.count();
        let numbered = self.sequences.take(entry, chain, seq, redacted);
        numbered.unwrap_or_else(|finding| findings.add(finding));
    }

    fn number_of_newer(&mut self, entry: u64, json: &[u8], findings: &mut Findings) {
        if let Ok(Numbered { device, seq }) = serde_json::from_slice(json) {
            self.number(entry, (device, seq), findings);
        }
    }

    /// Each set is looked at once.
    fn policy_set<S: LogSource + ?Sized>(
        &mut self,
        number: u64,
        digest: &str,
        source: &mut S,
    ) -> Result<(), Finding> {
        if self.policy_sets.contains(digest) {
            return Ok(());
        }
        if self.policy_sets.len() < POLICY_SETS {
            self.policy_sets.insert(digest.to_owned());
        }
        let wrong = |what: String| Finding::at(number, FindingKind::PolicySet, what);
        if !is_digest(digest) {
            return Err(wrong("it names its policy set by no digest".to_owned()));
        }
        let text = source
            .policy_set(digest)
            .map_err(|fault| wrong(format!("the policy set that decided: {fault}")))?;
        match PolicyFile::parse(&text).is_some_and(|file| file.digest() == digest) {
            true => Ok(()),
            false => Err(wrong(format!("the policy set {digest} is another one"))),
        }
    }
}

/// The event of an entry, in the form that it must have.
pub(super) fn parse(number: u64, json: &[u8], written: &mut Vec<u8>) -> Result<Event, Finding> {
    let wrong = |kind, what: String| Finding::at(number, kind, what);
    let (event, is_canonical) =
        Event::read(json).map_err(|fault| match serde_json::from_slice(json) {
            Ok(Version { v }) if v > VERSION => newer(number, v),
            _ => wrong(FindingKind::EventForm, format!("it is no event: {fault}")),
        })?;
    match event.v {
        1 => {}
        2 if is_canonical => {}
        2 => {
            written.clear();
            event.write_to(written);
            if written != json {
                let what = "it is not in the canonical form of an event".to_owned();
                return Err(wrong(FindingKind::EventForm, what));
            }
        }
        v => return Err(newer(number, u64::from(v))),
    }
    match event.what {
        EventType::Redacted => {
            let what = "it stands for a redacted event, and is no redacted entry".to_owned();
            Err(wrong(FindingKind::EventForm, what))
        }
        _ => Ok(event),
    }
}

fn newer(number: u64, v: u64) -> Finding {
    let what = format!("it is an event of version {v}: this program knows 1 and {VERSION}");
    Finding::at(number, FindingKind::EventVersion, what)
}
