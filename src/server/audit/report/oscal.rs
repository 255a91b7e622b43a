//! Compliance as OSCAL 1.1: assessment results, the minimal plan that they have to name, and
//! the evidence beside them. Ids are derived (UUID version 5), so that they are the same each
//! time.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};
use uuid::{Builder, Uuid};

use super::{Form, command, csv, file};
use modegate_core::audit::manifest::digest;
use modegate_core::audit::report::{Report, Section, Table, Value};
use modegate_core::compliance::ComplianceState;

/// The version of OSCAL that is written.
const VERSION: &str = "1.1.2";
/// The name space of the ids and of the properties.
const NAMESPACE: &str = "https://modegate.invalid/ns/oscal";
const PLAN: &str = "assessment-plan.json";
const RESULTS: &str = "assessment-results.json";
/// The tables that are the evidence.
const EVIDENCE: [&str; 2] = ["controls", "unmet_controls"];

pub(super) fn write(report: &Report, directory: &Path) -> io::Result<()> {
    fs::create_dir(directory)?;
    let section = report.sections.iter().find(|one| one.id == "compliance");
    let section = section.ok_or_else(|| io::Error::other("the report has no compliance"))?;
    let mut evidence = Vec::new();
    for table in section
        .tables
        .iter()
        .filter(|table| EVIDENCE.contains(&table.id))
    {
        let mut text = Vec::new();
        csv::table(table.columns, table.rows.iter().cloned(), &mut text)?;
        let name = format!("{}.csv", table.id);
        evidence.push((table.title, name.clone(), digest(&text)));
        file(&directory.join(name), |to| io::Write::write_all(to, &text))?;
    }
    let results = Results { report, section };
    put(&directory.join(PLAN), &results.plan())?;
    put(&directory.join(RESULTS), &results.results(&evidence))
}

fn put(path: &Path, json: &Json) -> io::Result<()> {
    file(path, |to| {
        serde_json::to_writer_pretty(&mut *to, json)?;
        io::Write::write_all(to, b"\n")
    })
}

struct Results<'a> {
    report: &'a Report,
    section: &'a Section,
}

impl Results<'_> {
    /// The id of a part: of this log up to its root, this period, and the part's name.
    fn id(&self, part: &str) -> String {
        let basis = &self.report.basis;
        let root = basis.verified.root.as_deref().unwrap_or_default();
        let name = format!("{NAMESPACE}\n{root}\n{}\n{part}", basis.period);
        let mut hash = Sha1::new();
        hash.update(Uuid::NAMESPACE_URL.as_bytes());
        hash.update(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Builder::from_sha1_bytes(bytes).into_uuid().to_string()
    }

    fn fact(&self, id: &str) -> Json {
        let facts = &self.report.summary.facts;
        let fact = facts.iter().find(|fact| fact.id == id);
        fact.map_or(Json::Null, |fact| json!(fact.value))
    }

    /// When what is reported ended: nothing of it is newer.
    fn end(&self) -> Json {
        match self.fact("to") {
            Json::Null => json!("1970-01-01T00:00:00.000Z"),
            at => at,
        }
    }

    fn metadata(&self, title: &str) -> Json {
        json!({
            "title": title,
            "last-modified": self.end(),
            "version": self.report.basis.program,
            "oscal-version": VERSION,
        })
    }

    fn table(&self, id: &str) -> Option<&Table> {
        self.section.tables.iter().find(|table| table.id == id)
    }

    /// The controls: the baseline, the name, and how many devices are in each state.
    fn controls(&self) -> Vec<(String, String, [u64; ComplianceState::ALL.len()])> {
        let rows = self.table("controls").map_or(&[][..], |table| &table.rows);
        let one = |row: &Vec<Value>| match &row[..] {
            [Value::Text(baseline), Value::Text(control), counts @ ..] => {
                let mut states = [0; ComplianceState::ALL.len()];
                for (state, count) in states.iter_mut().zip(counts) {
                    *state = if let Value::Number(count) = count {
                        *count
                    } else {
                        0
                    };
                }
                Some((baseline.clone(), control.clone(), states))
            }
            _ => None,
        };
        rows.iter().filter_map(one).collect()
    }

    fn reviewed(&self) -> Json {
        let ids = self.controls().into_iter();
        let mut ids: Vec<String> = ids.map(|(_, control, _)| token(&control)).collect();
        ids.sort();
        ids.dedup();
        let selection = match ids.is_empty() {
            true => json!({ "include-all": {} }),
            false => {
                let ids: Vec<Json> = ids.iter().map(|id| json!({ "control-id": id })).collect();
                json!({ "include-controls": ids })
            }
        };
        json!({ "control-selections": [selection] })
    }

    fn plan(&self) -> Json {
        let system = self.id("system");
        json!({ "assessment-plan": {
            "uuid": self.id("plan"),
            "metadata": self.metadata("Assessment of devices by their compliance baselines"),
            "import-ssp": { "href": format!("#{system}") },
            "reviewed-controls": self.reviewed(),
            "back-matter": { "resources": [{
                "uuid": system,
                "title": "The devices of the log",
                "description": format!(
                    "No system security plan is known. The population is that of the log {}.",
                    self.report.basis.verified.origin.as_deref().unwrap_or_default()
                ),
            }] },
        } })
    }

    fn results(&self, evidence: &[(&str, String, String)]) -> Json {
        let controls = self.controls();
        let mut result = json!({
            "uuid": self.id("result"),
            "title": "Compliance at the end of the period",
            "description": command(self.report, Form::Oscal),
            "start": match self.fact("from") { Json::Null => self.end(), at => at },
            "end": self.end(),
            "reviewed-controls": self.reviewed(),
            "observations": [{
                "uuid": self.id("observation"),
                "title": "Verdicts in the audit log",
                "description": "Values that devices reported, judged by the baselines in force. The log was verified.",
                "methods": ["EXAMINE"],
                "collected": self.end(),
                "relevant-evidence": evidence.iter().map(|(title, name, _)| json!({
                    "href": format!("#{}", self.id(name)), "description": title,
                })).collect::<Vec<_>>(),
            }],
        });
        if !controls.is_empty() {
            let findings = controls.iter().map(|control| self.finding(control));
            result["findings"] = findings.collect();
        }
        json!({ "assessment-results": {
            "uuid": self.id("results"),
            "metadata": self.metadata("Compliance of devices"),
            "import-ap": { "href": PLAN },
            "results": [result],
            "back-matter": { "resources": evidence.iter().map(|(title, name, digest)| json!({
                "uuid": self.id(name),
                "title": title,
                "rlinks": [{ "href": name,
                    "hashes": [{ "algorithm": "SHA-256", "value": digest }] }],
            })).collect::<Vec<_>>() },
        } })
    }

    fn finding(
        &self,
        (baseline, control, states): &(String, String, [u64; ComplianceState::ALL.len()]),
    ) -> Json {
        let of = |state: ComplianceState| states[state as usize];
        let fails = of(ComplianceState::NotCompliant) + of(ComplianceState::InGrace);
        let open = of(ComplianceState::Unknown) + of(ComplianceState::Exempt);
        let (state, reason) = match (fails, open, of(ComplianceState::Compliant)) {
            (1.., _, _) => ("not-satisfied", "fail"),
            (0, 1.., _) | (0, 0, 0) => ("not-satisfied", "other"),
            (0, 0, _) => ("satisfied", "pass"),
        };
        let props = ComplianceState::ALL.map(|state| {
            let name = state.name().replace('_', "-");
            json!({ "name": name, "ns": NAMESPACE, "value": of(state).to_string() })
        });
        json!({
            "uuid": self.id(&format!("finding {baseline} {control}")),
            "title": format!("{control} of {baseline}"),
            "description": "How many devices are in each state is in the properties.",
            "props": props,
            "target": {
                "type": "objective-id",
                "target-id": token(control),
                "status": { "state": state, "reason": reason },
            },
            "related-observations": [{ "observation-uuid": self.id("observation") }],
        })
    }
}

/// A name as an OSCAL token: a letter or `_`, then letters, digits, `.`, `-` and `_`.
fn token(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || ".-_".contains(c);
    let text: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    match text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        true => text,
        false => format!("_{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn names_become_tokens() {
        for (name, expected) in [
            ("av.on", "av.on"),
            ("1st", "_1st"),
            ("a b/<c>", "a_b__c_"),
            ("", "_"),
        ] {
            assert_eq!(token(name), expected);
        }
    }
}
