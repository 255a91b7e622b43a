//! The scenario, step by step, each held against what the MDMAgent article says.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::DemoError;
use super::api::Api;
use modegate_core::push::profile::{PackageSid, Pfn};
use modegate_server::clock::Clock;
use modegate_server::serve::Running;
use modegate_sim::mock_wns::{App, Form, MockWns, Received};
use modegate_sim::{ClientIdentity, SessionReport, Tablet, Transport, Trigger};

const APP_ID: &str = "modegate-demo";
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
const APP_SECRET: &str = "demo-app-secret";
const FAMILY: &str = "contoso.mdm_8wekyb3d8bbwe";

/// A play under way.
struct Play<'a> {
    api: &'a Api,
    device: String,
    tablet: Tablet,
    source: String,
    wns: Arc<MockWns>,
    wakes: UnboundedReceiver<Received>,
    good: bool,
}

/// Makes the push profile, unless an earlier play left it.
async fn profile(api: &Api, wns: &MockWns) -> Result<(), DemoError> {
    let pfn = Pfn::parse(FAMILY).map_err(|error| DemoError::Api(error.to_string()))?;
    let sid = PackageSid::from_pfn(&pfn).to_string();
    wns.register(App {
        pfn: FAMILY.to_owned(),
        form: Form::Legacy,
        client_id: sid.clone(),
        secret: APP_SECRET.into(),
        token_life_s: 86_400,
    });
    let known = api.get("/push-profiles").await?;
    if known["items"]
        .as_array()
        .is_some_and(|items| !items.is_empty())
    {
        return Ok(());
    }
    let profile = json!({"pfn": FAMILY, "sid": sid, "secret": APP_SECRET, "app_id": APP_ID});
    api.post("/push-profiles", &profile).await?;
    println!(
        "A push profile is made; WNS is a mock here, with a token service and channels of its own."
    );
    Ok(())
}

/// Plays it all; whether every step came out.
pub(super) async fn play(
    api: &Api,
    running: &Running,
    wns: &Arc<MockWns>,
) -> Result<bool, DemoError> {
    profile(api, wns).await?;
    let source = format!("demo-tablet-{}", Clock::default().now().0);
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
    let transport = Transport::new(&url, Some(&api.ca), Some(&identity))?;
    let mut tablet = Tablet::new(&source, transport);
    // Its channel URIs come from the mock, which wakes it over a real socket.
    let (minting, name) = (Arc::clone(wns), source.clone());
    tablet.registers_with(move |family| minting.mint(family, &name));
    let device = device["id"].as_str().unwrap_or_default().to_owned();
    println!("The tablet {source} is enrolled; its client certificate is bound to it by SHA-256.");
    let mut play = Play {
        api,
        device,
        tablet,
        source: source.clone(),
        wakes: wns.subscribe(),
        wns: Arc::clone(wns),
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
        self.queue(json!({"type": "wns_update_configuration"}))
            .await?;
        self.queue(json!({"type": "app_install", "job_data": "<Job>first app</Job>"}))
            .await?;
        self.sync(
            Trigger::Reboot,
            "Machine",
            &["inventory", "password_reset"],
            &[],
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
            &["channel_read"],
            &[],
        )
        .await?;
        let has_channel = self.tablet.has_channel();
        self.hold("the tablet has a WNS channel now", has_channel);
        self.channel_is("active").await
    }

    async fn portal(&mut self) -> Result<(), DemoError> {
        title("3. The user picks an app in the portal; a push wakes the tablet");
        let refresh = self
            .queue(json!({"type": "wns_update_configuration"}))
            .await?;
        self.pick("<Job>picked app</Job>").await?;
        self.woken().await?;
        self.sync(
            Trigger::Push,
            "Apps",
            &["app_install"],
            &["channel_read"],
            &["wns_configuration"],
        )
        .await?;
        let channel = self.channel().await?;
        let answered = channel["wake"]["state"] == "answered";
        self.hold("the session answers the wake", answered);
        println!("   the operator takes the setting of the channel back: it works");
        self.api.delete(&format!("/commands/{refresh}")).await?;
        Ok(())
    }

    async fn revoked(&mut self) -> Result<(), DemoError> {
        title("4. WNS revokes the channel; only Maintenance may set it again");
        self.wns.revoke_all(&self.source);
        self.tablet.revoke_channel();
        self.pick("<Job>app after the repair</Job>").await?;
        self.channel_is("dead").await?;
        let channel = self.channel().await?;
        let gone = channel["answer"]["code"] == 410 && channel["wake"]["state"] == "failed";
        self.hold("WNS answered 410, and nothing more is sent", gone);
        self.tablet.log_off();
        self.sync(Trigger::Nightly, "Machine", &[], &[], &["app_install"])
            .await?;
        let lost = !self.tablet.has_channel();
        self.hold("a night without the user repairs nothing", lost);
        self.sync(
            Trigger::Logon,
            "Maintenance",
            &["app_install"],
            &["channel_read", "wns_configuration"],
            &[],
        )
        .await?;
        let repaired = self.tablet.has_channel();
        self.hold("the channel is set again, by the server itself", repaired);
        self.channel_is("active").await?;
        self.pick("<Job>woken again</Job>").await?;
        self.woken().await?;
        self.sync(
            Trigger::Push,
            "Apps",
            &["app_install"],
            &["channel_read"],
            &[],
        )
        .await
    }

    /// The user picks an app: an install that cannot wait.
    async fn pick(&self, job: &str) -> Result<(), DemoError> {
        let install = json!({"type": "app_install", "job_data": job, "urgent": true});
        self.queue(install).await.map(drop)
    }

    /// Waits for the notification that reaches the tablet.
    async fn woken(&mut self) -> Result<(), DemoError> {
        let came = tokio::time::timeout(PATIENCE, self.wakes.recv()).await;
        let device = came.ok().flatten().map(|received| received.device);
        let good = device.as_deref() == Some(&self.source);
        self.hold("WNS took the notification, and the tablet got it", good);
        Ok(())
    }

    async fn channel(&self) -> Result<Value, DemoError> {
        let path = format!("/devices/{}/channel", self.device);
        self.api.get(&path).await
    }

    /// Waits until the channel is in that state.
    async fn channel_is(&mut self, wanted: &str) -> Result<(), DemoError> {
        let begun = std::time::Instant::now();
        while self.channel().await?["state"] != wanted && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let good = self.channel().await?["state"] == wanted;
        self.hold(&format!("the server knows the channel as {wanted}"), good);
        Ok(())
    }

    /// Queues a command; its id.
    async fn queue(&self, command: Value) -> Result<String, DemoError> {
        let queued = self
            .api
            .post(&format!("/devices/{}/commands", self.device), &command)
            .await?;
        println!(
            "   queued: {} ({})",
            queued["type"].as_str().unwrap_or(""),
            queued["kind"].as_str().unwrap_or("")
        );
        Ok(queued["id"].as_str().unwrap_or_default().to_owned())
    }

    /// `own` is what the server looks after by itself: the push channel.
    /// Previews, lets the tablet sync, reads the log, and holds all three together.
    async fn sync(
        &mut self,
        trigger: Trigger,
        mode: &str,
        goes: &[&str],
        own: &[&str],
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
        let all = [goes, own].concat();
        self.hold(
            &format!("{mode} got exactly {}", list(&all)),
            delivered == all,
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
