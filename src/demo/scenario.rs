//! The scenario, step by step, each held against what seed 004 says.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::DemoError;
use super::api::Api;
use crate::clock::Timestamp;
use crate::serve::Running;
use crate::sim::{ClientIdentity, SessionReport, Tablet, Transport, Trigger};

const APP_ID: &str = "modegate-demo";
const FAMILY: &str = "contoso.mdm_8wekyb3d8bbwe";

/// A play under way.
struct Play<'a> {
    api: &'a Api,
    device: String,
    tablet: Tablet,
    good: bool,
}

/// Plays it all; whether every step came out.
pub(super) async fn play(api: &Api, running: &Running) -> Result<bool, DemoError> {
    let source = format!("demo-tablet-{}", Timestamp::now().0);
    let identity = ClientIdentity::generate(&source)?;
    let device = api
        .post(
            "/devices",
            &json!({
                "source": source, "family": "windows81", "user": "ann@contoso.test",
                "certificate_sha256": [identity.sha256()],
            }),
        )
        .await?;
    let url = format!(
        "https://localhost:{}{}",
        running.https.port(),
        running.sync_path
    );
    let tablet = Tablet::new(
        &source,
        Transport::new(&url, Some(&api.ca), Some(&identity))?,
    );
    let device = device["id"].as_str().unwrap_or_default().to_owned();
    println!("The tablet {source} is enrolled; its client certificate is bound to it by SHA-256.");
    let mut play = Play {
        api,
        device,
        tablet,
        good: true,
    };
    play.reboot().await?;
    play.logon().await?;
    play.portal().await?;
    play.revoked().await?;
    Ok(play.good)
}

impl Play<'_> {
    async fn reboot(&mut self) -> Result<(), DemoError> {
        title("1. Four commands are queued; the tablet restarts (nobody is logged on)");
        self.queue(
            json!({"type": "inventory", "classes": ["Win32_OperatingSystem", "Win32_LogicalDisk"]}),
        )
        .await?;
        self.queue(json!({"type": "reset_user_password", "user": "ann@contoso.test", "password": "N3w-Passw0rd"})).await?;
        self.queue_channel().await?;
        self.queue(json!({"type": "app_install", "job_data": "<Job>first app</Job>"}))
            .await?;
        self.sync(
            Trigger::Reboot,
            "Machine",
            &["inventory", "password_reset"],
            &["wns_configuration", "app_install"],
        )
        .await?;
        let resets = self.tablet.password_resets();
        self.hold("the password was reset once", resets == 1);
        Ok(())
    }

    async fn logon(&mut self) -> Result<(), DemoError> {
        title("2. The enrolled user logs on");
        self.sync(
            Trigger::Logon,
            "Maintenance",
            &["wns_configuration", "app_install"],
            &[],
        )
        .await?;
        let has_channel = self.tablet.has_channel();
        self.hold("the tablet has a WNS channel now", has_channel);
        Ok(())
    }

    async fn portal(&mut self) -> Result<(), DemoError> {
        title("3. The user picks an app in the portal; a push wakes the tablet");
        self.queue(json!({"type": "app_install", "job_data": "<Job>picked app</Job>"}))
            .await?;
        self.queue_channel().await?;
        println!(
            "   (push is a stand-in here: the simulated tablet is woken directly, no WNS is asked)"
        );
        self.sync(
            Trigger::Push,
            "Apps",
            &["app_install"],
            &["wns_configuration"],
        )
        .await
    }

    async fn revoked(&mut self) -> Result<(), DemoError> {
        title("4. WNS revokes the channel; only Maintenance may set it again");
        self.tablet.revoke_channel();
        println!("   (a stand-in for WNS's answer 410: the channel is gone on the tablet)");
        self.queue(json!({"type": "app_install", "job_data": "<Job>app after the repair</Job>", "not_before": soon()})).await?;
        self.tablet.log_off();
        self.sync(
            Trigger::Nightly,
            "Machine",
            &[],
            &["wns_configuration", "app_install"],
        )
        .await?;
        let lost = !self.tablet.has_channel();
        self.hold("a night without the user repairs nothing", lost);
        self.sync(
            Trigger::Logon,
            "Maintenance",
            &["wns_configuration"],
            &["app_install"],
        )
        .await?;
        let repaired = self.tablet.has_channel();
        self.hold("the channel is set again", repaired);
        let later = self
            .api
            .get(&format!("/devices/{}/preview?mode=Apps", self.device))
            .await?;
        let text = later["withhold"][0]["next"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        self.hold(
            &format!("the install of step 4 waits for its time ({text})"),
            text.starts_with("not before"),
        );
        self.queue(json!({"type": "app_install", "job_data": "<Job>woken again</Job>"}))
            .await?;
        self.sync(Trigger::Push, "Apps", &["app_install"], &["app_install"])
            .await
    }

    async fn queue(&self, command: Value) -> Result<(), DemoError> {
        let queued = self
            .api
            .post(&format!("/devices/{}/commands", self.device), &command)
            .await?;
        println!(
            "   queued: {} ({})",
            queued["type"].as_str().unwrap_or(""),
            queued["kind"].as_str().unwrap_or("")
        );
        Ok(())
    }

    async fn queue_channel(&self) -> Result<(), DemoError> {
        let command = json!({"type": "wns_update_configuration", "app_id": APP_ID, "package_family_name": FAMILY});
        self.queue(command).await
    }

    /// Previews, lets the tablet sync, reads the log, and holds all three together.
    async fn sync(
        &mut self,
        trigger: Trigger,
        mode: &str,
        goes: &[&str],
        stays: &[&str],
    ) -> Result<(), DemoError> {
        let preview = self
            .api
            .get(&format!("/devices/{}/preview?mode={mode}", self.device))
            .await?;
        self.hold(
            &format!("the preview of {mode}: {} would go", list(goes)),
            kinds(&preview["deliver"]) == goes,
        );
        self.hold(
            &format!("the preview of {mode}: {} would stay", list(stays)),
            kinds(&preview["withhold"]) == stays,
        );
        let report = self.tablet.trigger(trigger).await?;
        println!(
            "   the tablet syncs: POST /sync?{} ({} exchanges)",
            report.query, report.exchanges
        );
        for received in &report.received {
            println!(
                "     got  {} {} -> {}",
                received.verb, received.loc_uri, received.status
            );
        }
        self.clean(&report);
        let (delivered, withheld) = self.recorded(&report).await?;
        for held in &withheld {
            println!(
                "     kept {} by {}; goes in {}",
                held["kind"].as_str().unwrap_or(""),
                names(&held["rules"]),
                names(&held["modes"])
            );
        }
        // What reads on below an inventory is of its kind: kinds count once.
        let mut delivered = delivered;
        let mut seen = HashSet::new();
        delivered.retain(|kind| seen.insert(kind.clone()));
        let withheld: Vec<&str> = withheld
            .iter()
            .filter_map(|held| held["kind"].as_str())
            .collect();
        self.hold(
            &format!("{mode} got exactly {}", list(goes)),
            delivered == goes,
        );
        self.hold(
            &format!("{mode} did not get {}", list(stays)),
            withheld == stays,
        );
        Ok(())
    }

    fn clean(&mut self, report: &SessionReport) {
        for violation in &report.violations {
            println!("     the tablet complains: {violation}");
        }
        self.hold(
            "the tablet has nothing to complain of",
            report.violations.is_empty() && report.http_status.is_none(),
        );
    }

    /// What the log says of the session just ended: kinds delivered, and what its first exchange withheld.
    async fn recorded(
        &self,
        report: &SessionReport,
    ) -> Result<(Vec<String>, Vec<Value>), DemoError> {
        let events = self
            .api
            .get(&format!("/devices/{}/events?limit=200", self.device))
            .await?;
        let items = events["items"].as_array().cloned().unwrap_or_default();
        let exchanges: Vec<&Value> = items
            .iter()
            .filter(|event| event["type"] == "exchange")
            .collect();
        let own = &exchanges[exchanges.len().saturating_sub(report.exchanges as usize)..];
        let delivered = own
            .iter()
            .flat_map(|event| kinds(&event["delivered"]))
            .map(str::to_owned)
            .collect();
        let withheld = own
            .first()
            .and_then(|event| event["withheld"].as_array().cloned())
            .unwrap_or_default();
        Ok((delivered, withheld))
    }

    fn hold(&mut self, what: &str, good: bool) {
        println!("   [{}] {what}", if good { "ok" } else { "NOT SO" });
        self.good &= good;
    }
}

fn title(text: &str) {
    println!("\n{text}");
}

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["kind"].as_str())
        .collect()
}

fn names(list: &Value) -> String {
    let names: Vec<&str> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.is_empty() {
        "no mode".to_owned()
    } else {
        names.join(", ")
    }
}

fn list(kinds: &[&str]) -> String {
    if kinds.is_empty() {
        "nothing".to_owned()
    } else {
        kinds.join(", ")
    }
}

/// An hour from now.
fn soon() -> String {
    Timestamp::now().plus_ms(3_600_000).to_string()
}
