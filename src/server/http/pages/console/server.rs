//! `/console/server`: the server itself.

use crate::app::server::{self, CertificateView, ServerView, SettingView};
use crate::http::pages::{Page, Visitor};
use modegate_pages::console::server::{CertificateRow, ServerPage};
use modegate_pages::shell::Tone;
use serde_json::Value;

/// `GET /console/server`.
pub(in crate::http::pages) async fn show(visitor: Visitor) -> Page {
    visitor
        .read(|visitor| async move {
            let mut view = server::describe(visitor.app()).await?;
            let workers = view.workers.iter();
            let workers = workers.map(|one| (one.name, one.is_running, one.failures));
            Ok(ServerPage {
                shell: visitor.shell("Server"),
                subjects: subjects(&view),
                fault: view.fault.take(),
                started_at: view.started_at.0,
                key_written_at: view.keys.main_key_written_at.as_ref().map(|at| at.0),
                workers: workers.collect(),
                warnings: view.warnings,
                certificates: view.certificates.into_iter().map(certificate).collect(),
                settings: view.settings.into_iter().map(setting).collect(),
            })
        })
        .await
}

type Facts = Vec<(&'static str, String)>;

fn subjects(view: &ServerView) -> Vec<(&'static str, Facts)> {
    let listeners = view.listeners.iter();
    let listeners = listeners.map(|one| (one.serves, one.address.clone()));
    let mut keys = vec![("Main key from", view.keys.main_key_from.to_owned())];
    let audit = view.keys.audit_keys.iter();
    keys.extend(audit.map(|id| ("Audit key", id.clone())));
    vec![
        (
            "Program",
            vec![
                ("Version", view.version.to_owned()),
                ("Build", view.build.clone()),
            ],
        ),
        ("Listeners", listeners.collect()),
        ("Storage", storage(view)),
        ("Writer", writer(view)),
        ("Retention", retention(view)),
        ("Keys", keys),
    ]
}

fn storage(view: &ServerView) -> Facts {
    let of = &view.storage;
    vec![
        ("Data directory", of.directory.clone()),
        ("Size of the directory", bytes(of.directory_bytes)),
        ("Database", of.database.clone()),
        ("Size of the database", bytes(of.database_bytes)),
        ("Free beside it", bytes(of.free_bytes)),
        ("Schema version", of.schema_version.to_string()),
    ]
}

fn writer(view: &ServerView) -> Facts {
    let of = &view.writer;
    let p99 = of.commit_p99_ms.map(|ms| format!("at most {ms} ms"));
    vec![
        (
            "Writes that wait",
            format!("{} of {}", of.waiting, of.capacity),
        ),
        (
            "Commit, 99 of 100",
            p99.unwrap_or_else(|| "not known: none yet, or above 10 s".to_owned()),
        ),
    ]
}

fn retention(view: &ServerView) -> Facts {
    let of = &view.retention_days;
    let days = |days: u32| match days {
        0 => "for ever".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    vec![
        ("Events", days(of.events)),
        ("Results of commands", days(of.results)),
        ("Deliveries to webhooks", days(of.deliveries)),
        ("Changes of inventories", days(of.inventory_changes)),
        ("Counts by the hour", days(of.tally)),
    ]
}

/// A size as people read it.
fn bytes(count: Option<u64>) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let Some(count) = count else {
        return "not known".to_owned();
    };
    let (mut size, mut shown) = (count as f64, format!("{count} bytes"));
    for unit in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        shown = format!("{size:.1} {unit}");
    }
    shown
}

fn certificate(one: CertificateView) -> CertificateRow {
    CertificateRow {
        name: one.name,
        names: one.names,
        from: one.valid_from.0,
        until: one.expires_at.0,
        state: match one.remark {
            Some(remark) => (Tone::Warn, remark),
            None => (Tone::Good, "valid".to_owned()),
        },
    }
}

fn setting(one: SettingView) -> (&'static str, String, String) {
    let value = match one.value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    (one.key, value, one.origin)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        for (count, shown) in [
            (None, "not known"),
            (Some(1023), "1023 bytes"),
            (Some(1024), "1.0 KiB"),
            (Some(1536 * 1024), "1.5 MiB"),
            (Some(1 << 51), "2048.0 TiB"),
        ] {
            assert_eq!(bytes(count), shown);
        }
    }
}
