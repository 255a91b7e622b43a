//! The scenario, step by step, each checked against what the MDMAgent article says.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::DemoError;
use super::api::Api;
use super::report::Report;
use modegate_core::context::Mode;
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

/// What a run of the scenario leaves: the device, and its tablet, which goes on.
pub(super) struct Played {
    pub(super) device: String,
    pub(super) source: String,
    pub(super) tablet: Tablet,
    pub(super) wakes: UnboundedReceiver<Received>,
}

/// A run of the scenario.
struct Scenario<'a> {
    api: &'a Api,
    report: &'a mut Report,
    device: String,
    tablet: Tablet,
    source: String,
    wns: Arc<MockWns>,
    wakes: UnboundedReceiver<Received>,
}

/// What a session is expected to do.
struct Expected<'a> {
    mode: Mode,
    /// Kinds of the queue that go.
    sent: &'a [&'a str],
    /// Kinds that the server adds by itself: it looks after the push channel.
    added: &'a [&'a str],
    /// Kinds of the queue that stay.
    withheld: &'a [&'a str],
}

/// Creates the push profile, unless an earlier run left it.
async fn create_profile(api: &Api, wns: &MockWns) -> Result<(), DemoError> {
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
    let profiles = known["items"].as_array();
    if profiles.is_none_or(Vec::is_empty) {
        let profile = json!({"pfn": FAMILY, "sid": sid, "secret": APP_SECRET, "app_id": APP_ID});
        api.post("/push-profiles", &profile).await?;
    }
    Ok(())
}

/// Plays all steps.
pub(super) async fn play(
    api: &Api,
    running: &Running,
    wns: &Arc<MockWns>,
    report: &mut Report,
) -> Result<Played, DemoError> {
    create_profile(api, wns).await?;
    let source = format!("demo-tablet-{}", Clock::default().now().0);
    let identity = ClientIdentity::generate(&source)?;
    let record = json!({
        "source": source, "family": "windows81", "user": "ann@contoso.test",
        "certificate_sha256": [identity.sha256()],
    });
    let device = api.post("/devices", &record).await?;
    let device = device["id"].as_str().unwrap_or_default().to_owned();
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
    report.line(&format!(
        "The tablet {source} is registered with its client certificate. WNS is a mock."
    ))?;
    let mut scenario = Scenario {
        api,
        report,
        device,
        tablet,
        source,
        wakes: wns.subscribe(),
        wns: Arc::clone(wns),
    };
    scenario.restart().await?;
    scenario.logon().await?;
    scenario.portal().await?;
    scenario.revoked_channel().await?;
    scenario.repair().await?;
    scenario.woken_again().await?;
    scenario.report.table()?;
    scenario.compliance().await?;
    let Scenario {
        device,
        source,
        tablet,
        wakes,
        ..
    } = scenario;
    Ok(Played {
        device,
        source,
        tablet,
        wakes,
    })
}

impl Scenario<'_> {
    async fn restart(&mut self) -> Result<(), DemoError> {
        self.report.title(
            "1. Four commands are queued; the tablet restarts, nobody is logged on: mode=Machine",
        )?;
        for command in [
            json!({"type": "inventory", "classes": [
                "Win32_OperatingSystem", "Win32_LogicalDisk", "Win32_QuickFixEngineering",
                "MDM_SecurityStatus", "MDM_Restrictions",
            ]}),
            json!({"type": "reset_user_password", "user": "ann@contoso.test", "password": "N3w-Passw0rd"}),
            json!({"type": "wns_update_configuration"}),
            json!({"type": "app_install", "job_data": "<Job>first app</Job>"}),
        ] {
            self.queue(command).await?;
        }
        let expected = Expected {
            mode: Mode::Machine,
            sent: &["inventory", "password_reset"],
            added: &[],
            withheld: &["wns_configuration", "app_install"],
        };
        self.sync(Trigger::Reboot, &expected).await?;
        let resets = self.tablet.password_resets();
        self.report
            .check("the password was reset once", resets == 1)?;
        let verdict = "Inventory and password reset went out, and nothing else.";
        Ok(self.report.verdict(verdict)?)
    }

    async fn logon(&mut self) -> Result<(), DemoError> {
        self.report
            .title("2. The enrolled user logs on: mode=Maintenance")?;
        // What only the user's session can read; Machine would withhold it.
        self.queue(json!({"type": "inventory", "classes": ["MDM_SecurityStatusUser"]}))
            .await?;
        let expected = Expected {
            mode: Mode::Maintenance,
            sent: &["app_install", "user_read", "wns_configuration"],
            added: &["channel_read"],
            withheld: &[],
        };
        self.sync(Trigger::Logon, &expected).await?;
        let has_channel = self.tablet.has_channel();
        self.report
            .check("the tablet has a WNS channel", has_channel)?;
        self.channel_is("active").await?;
        let verdict = "The channel is set up and the app installs: both had waited for this mode.";
        Ok(self.report.verdict(verdict)?)
    }

    async fn portal(&mut self) -> Result<(), DemoError> {
        self.report
            .title("3. The user picks an app in a portal; a push wakes the tablet: mode=Apps")?;
        let refresh = self
            .queue(json!({"type": "wns_update_configuration"}))
            .await?;
        self.pick("<Job>picked app</Job>").await?;
        self.is_woken().await?;
        let expected = Expected {
            mode: Mode::Apps,
            sent: &["app_install"],
            added: &["channel_read"],
            withheld: &["wns_configuration"],
        };
        self.sync(Trigger::Push, &expected).await?;
        let wake = &self.channel().await?["wake"]["state"];
        self.report
            .check("the session answers the wake", wake == "answered")?;
        // The operator cancels it: the channel works.
        self.api.delete(&format!("/commands/{refresh}")).await?;
        let verdict = "The app installs at once; setting up the channel stays for Maintenance.";
        Ok(self.report.verdict(verdict)?)
    }

    async fn revoked_channel(&mut self) -> Result<(), DemoError> {
        self.report
            .title("4. WNS revokes the channel; at night nobody is logged on: mode=Machine")?;
        self.wns.revoke_all(&self.source);
        self.tablet.revoke_channel();
        self.pick("<Job>app after the repair</Job>").await?;
        self.channel_is("dead").await?;
        let channel = self.channel().await?;
        let gone = channel["answer"]["code"] == 410 && channel["wake"]["state"] == "failed";
        self.report
            .check("WNS answered 410, and nothing more is sent", gone)?;
        self.tablet.log_off();
        let expected = Expected {
            mode: Mode::Machine,
            sent: &[],
            added: &[],
            withheld: &["app_install"],
        };
        self.sync(Trigger::Nightly, &expected).await?;
        let lost = !self.tablet.has_channel();
        self.report.check("the night repairs nothing", lost)?;
        let verdict = "The channel is dead and stays dead: Machine mode must not repair it.";
        Ok(self.report.verdict(verdict)?)
    }

    async fn repair(&mut self) -> Result<(), DemoError> {
        self.report
            .title("5. The enrolled user logs on again: mode=Maintenance")?;
        let expected = Expected {
            mode: Mode::Maintenance,
            sent: &["app_install"],
            added: &["channel_read", "wns_configuration"],
            withheld: &[],
        };
        self.sync(Trigger::Logon, &expected).await?;
        let repaired = self.tablet.has_channel();
        self.report.check("the channel is set up again", repaired)?;
        self.channel_is("active").await?;
        let verdict = "The server repairs the channel by itself, in the one mode that allows it.";
        Ok(self.report.verdict(verdict)?)
    }

    async fn woken_again(&mut self) -> Result<(), DemoError> {
        self.report
            .title("6. The user picks another app; the push arrives again: mode=Apps")?;
        self.pick("<Job>woken again</Job>").await?;
        self.is_woken().await?;
        let expected = Expected {
            mode: Mode::Apps,
            sent: &["app_install"],
            added: &["channel_read"],
            withheld: &[],
        };
        self.sync(Trigger::Push, &expected).await?;
        Ok(self
            .report
            .verdict("The app installs within seconds of the choice.")?)
    }

    /// The user picks an app: an install that cannot wait.
    async fn pick(&mut self, job: &str) -> Result<(), DemoError> {
        let install = json!({"type": "app_install", "job_data": job, "urgent": true});
        self.queue(install).await.map(drop)
    }

    /// Waits for the notification that reaches the tablet.
    async fn is_woken(&mut self) -> Result<(), DemoError> {
        let came = tokio::time::timeout(PATIENCE, self.wakes.recv()).await;
        let device = came.ok().flatten().map(|received| received.device);
        let is_ours = device.as_deref() == Some(&self.source);
        Ok(self
            .report
            .check("the notification reached the tablet", is_ours)?)
    }

    async fn channel(&self) -> Result<Value, DemoError> {
        let path = format!("/devices/{}/channel", self.device);
        self.api.get(&path).await
    }

    /// Waits until the channel is in that state.
    /// Shows how the tablet stands by the baseline, once what it read is judged.
    async fn compliance(&mut self) -> Result<(), DemoError> {
        let path = format!("/devices/{}/compliance", self.device);
        let begun = std::time::Instant::now();
        let mut standing = self.api.get(&path).await?;
        while !is_judged(&standing) && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
            standing = self.api.get(&path).await?;
        }
        let judged = is_judged(&standing);
        self.report
            .check("every control is judged by a reading", judged)?;
        Ok(self.report.compliance(&standing)?)
    }

    async fn channel_is(&mut self, expected: &str) -> Result<(), DemoError> {
        let begun = std::time::Instant::now();
        while self.channel().await?["state"] != expected && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let is_so = self.channel().await?["state"] == expected;
        Ok(self
            .report
            .check(&format!("the channel is {expected}"), is_so)?)
    }

    /// Queues a command; its id.
    async fn queue(&mut self, command: Value) -> Result<String, DemoError> {
        let path = format!("/devices/{}/commands", self.device);
        let queued = self.api.post(&path, &command).await?;
        let text = |key: &str| queued[key].as_str().unwrap_or_default();
        self.report
            .detail(&format!("queued: {} ({})", text("type"), text("kind")))?;
        Ok(text("id").to_owned())
    }

    /// Previews, lets the tablet sync, reads the log, and checks all three against
    /// what is expected.
    async fn sync(&mut self, trigger: Trigger, expected: &Expected<'_>) -> Result<(), DemoError> {
        let mode = expected.mode.name();
        let path = format!("/devices/{}/preview?mode={mode}", self.device);
        let preview = self.api.get(&path).await?;
        let is_so = kinds(&preview["deliver"]) == expected.sent
            && kinds(&preview["withhold"]) == expected.withheld;
        self.report
            .check(&format!("the preview of {mode} says the same"), is_so)?;
        let session = self.tablet.trigger(trigger).await?;
        self.report.detail(&format!(
            "the tablet posts to /sync?{} ({} messages)",
            session.query, session.exchanges
        ))?;
        let (mut sent, withheld) = self.recorded(&session).await?;
        self.report.session(expected.mode, &session, &withheld)?;
        for violation in &session.violations {
            self.report
                .detail(&format!("the tablet reports: {violation}"))?;
        }
        let is_clean = session.violations.is_empty() && session.http_status.is_none();
        self.report
            .check("the tablet saw no violation of the protocol", is_clean)?;
        let mut all = [expected.sent, expected.added].concat();
        // The server's own reads go between, as the session goes on.
        all.sort_unstable();
        sent.sort_unstable();
        let held: Vec<&str> = withheld
            .iter()
            .filter_map(|entry| entry["kind"].as_str())
            .collect();
        self.report
            .check(&format!("{mode} got {}", all.join(", ")), sent == all)?;
        let what = format!("withheld in {mode}: {}", expected.withheld.join(", "));
        Ok(self.report.check(&what, held == expected.withheld)?)
    }

    /// What the log has of the session just ended: the kinds delivered, each once, and
    /// what its first exchange withheld.
    async fn recorded(
        &self,
        session: &SessionReport,
    ) -> Result<(Vec<String>, Vec<Value>), DemoError> {
        let path = format!("/devices/{}/events?limit=200", self.device);
        let events = self.api.get(&path).await?;
        let items = events["items"].as_array().cloned().unwrap_or_default();
        let exchanges: Vec<&Value> = items
            .iter()
            .filter(|event| event["type"] == "exchange")
            .collect();
        let own = &exchanges[exchanges.len().saturating_sub(session.exchanges as usize)..];
        let mut delivered: Vec<String> = Vec::new();
        for kind in own.iter().flat_map(|event| kinds(&event["delivered"])) {
            if !delivered.iter().any(|known| known == kind) {
                delivered.push(kind.to_owned());
            }
        }
        let first = own
            .first()
            .and_then(|event| event["withheld"].as_array().cloned());
        Ok((delivered, first.unwrap_or_default()))
    }
}

fn kinds(list: &Value) -> Vec<&str> {
    let entries = list.as_array().into_iter().flatten();
    entries.filter_map(|entry| entry["kind"].as_str()).collect()
}

/// Whether every control of a device's view has what it asks for.
fn is_judged(standing: &Value) -> bool {
    let baselines = standing["baselines"].as_array().into_iter().flatten();
    let mut controls = baselines.flat_map(|one| one["controls"].as_array().into_iter().flatten());
    standing["state"].is_string() && controls.all(|control| control["reason"].is_null())
}
