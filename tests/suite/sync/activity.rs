//! What began a session, when a device is expected, and interactive runs of its agent:
//! the real server with a clock that the test moves, and a simulated tablet.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::serve::{Options, Running, start};
use modegate_sim::{Tablet, Transport, Trigger};
use serde_json::{Value, json};

use crate::harness::push_profile;
use crate::sync::simulated_device::sync;

const SYSTEM: &str = "Win32_OperatingSystem=@";

struct World {
    running: Running,
    http: String,
    now: Arc<AtomicI64>,
    device: String,
    tablet: Tablet,
    _own: tempfile::TempDir,
}

impl World {
    /// The server as it ships at that time, and a tablet two hours ahead of UTC.
    async fn start(at: &str) -> World {
        let own = tempfile::tempdir().unwrap();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let now = Arc::new(AtomicI64::new(Timestamp::parse(at).unwrap().0));
        let shown = Arc::clone(&now);
        let mut options = Options::new(own.path());
        options.settings.compliance.enabled = false;
        options.settings.listen = ([127, 0, 0, 1], 0).into();
        options.settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        options.settings.accept_unknown_devices = true;
        // Nobody is there: no push ever goes out.
        options.settings.wns.token_url = Some("http://127.0.0.1:9/token".into());
        options.settings.wns.host_suffix = Some("127.0.0.1:9".into());
        options.clock = Clock::new(move || Timestamp(shown.load(SeqCst)));
        let running = start(options).await.unwrap();
        let http = format!("http://{}", running.http.unwrap());
        let transport = Transport::new(&format!("{http}/sync"), None, None).unwrap();
        let mut tablet = Tablet::new("t", transport);
        assert!(tablet.set_property(SYSTEM, "CurrentTimeZone", "120"));
        let mut world = World {
            running,
            http,
            now,
            device: String::new(),
            tablet,
            _own: own,
        };
        let device = json!({"source": "t", "family": "windows81", "user": "ann", "groups": ["g"]});
        let device = world.call("POST", "/devices", Some(device)).await;
        device["id"].as_str().unwrap().clone_into(&mut world.device);
        world
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let method: reqwest::Method = method.parse().unwrap();
        let url = format!("{}/api/v1{path}", self.http);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, url);
        request = request.bearer_auth(self.running.token.reveal());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap()
    }

    async fn of_device(&self, rest: &str) -> Value {
        self.call("GET", &format!("/devices/{}{rest}", self.device), None)
            .await
    }

    async fn queue(&self, body: Value) -> String {
        let path = format!("/devices/{}/commands", self.device);
        let queued = self.call("POST", &path, Some(body)).await;
        queued["id"].as_str().unwrap().to_owned()
    }

    async fn command(&self, id: &str) -> Value {
        self.call("GET", &format!("/commands/{id}"), None).await
    }

    async fn state(&self, id: &str) -> String {
        self.command(id).await["state"].as_str().unwrap().to_owned()
    }

    fn at(&self, time: &str) {
        self.now.store(Timestamp::parse(time).unwrap().0, SeqCst);
    }

    fn later(&self, minutes: i64) {
        self.now.fetch_add(minutes * 60_000, SeqCst);
    }

    /// What began each session, the newest first.
    async fn triggers(&self) -> Vec<String> {
        let sessions = self.of_device("/sessions").await;
        let sessions = sessions["items"].as_array().unwrap().iter();
        let likely = |session: &Value| session["trigger"]["likely"].as_str().unwrap().to_owned();
        sessions.map(likely).collect()
    }

    async fn is_manual(&self) -> bool {
        let device = self.of_device("").await;
        let activity = device["activity"].as_array().unwrap();
        let is = activity.contains(&json!("by_hand"));
        assert_eq!(is, !device["by_hand_at"].is_null(), "{device}");
        is
    }

    /// How often the server read the zone in these sessions of the tablet.
    async fn reads(&mut self, trigger: Trigger) -> usize {
        let report = sync(&mut self.tablet, trigger).await;
        let zone = |loc_uri: &str| loc_uri.ends_with("/CurrentTimeZone");
        report
            .received
            .iter()
            .filter(|one| zone(&one.loc_uri))
            .count()
    }
}

fn within(test: impl Future<Output = ()>) {
    actix_web::rt::System::new().block_on(test);
}

#[test]
fn a_new_device_is_asked_for_its_hours_and_again_when_they_are_old() {
    within(async {
        let mut world = World::start("2014-09-25T05:50:00Z").await;
        assert_eq!(world.reads(Trigger::Logon).await, 1);
        assert_eq!(
            world.triggers().await,
            ["logon"],
            "told in its first session"
        );
        let known = world.of_device("/inventory").await.to_string();
        for name in [
            "CurrentTimeZone",
            "LastBootUpTime",
            "MaintenanceScheduleStartHour",
        ] {
            assert!(known.contains(name), "{name}: {known}");
        }
        world.later(60);
        assert_eq!(world.reads(Trigger::Logon).await, 0);
        world.later(20 * 60);
        assert_eq!(world.reads(Trigger::Logon).await, 1);
        // A push brings a session for the user who waits: nothing is read in it.
        world.later(30 * 60);
        assert_eq!(world.reads(Trigger::Push).await, 0);
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_device_that_tells_its_zone_elsewhere_is_asked_there() {
    within(async {
        let mut world = World::start("2014-09-25T05:50:00Z").await;
        assert!(world.tablet.remove_property(SYSTEM, "CurrentTimeZone"));
        sync(&mut world.tablet, Trigger::Logon).await;
        assert_eq!(world.triggers().await, ["logon"]);
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_session_keeps_its_trigger_whatever_the_zone_is_today() {
    within(async {
        let mut world = World::start("2014-09-24T05:50:00Z").await;
        sync(&mut world.tablet, Trigger::Logon).await;
        world.at("2014-09-25T00:30:00Z");
        sync(&mut world.tablet, Trigger::Nightly).await;
        assert_eq!(world.triggers().await, ["nightly_active", "logon"]);
        // The tablet travels: what was night there is noon here.
        assert!(world.tablet.set_property(SYSTEM, "CurrentTimeZone", "-480"));
        world.at("2014-09-25T20:00:00Z");
        assert_eq!(world.reads(Trigger::Logon).await, 1);
        assert_eq!(world.triggers().await, ["logon", "nightly_active", "logon"]);
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_logon_after_a_nights_restart_is_a_logon() {
    within(async {
        let mut world = World::start("2014-09-24T05:50:00Z").await;
        sync(&mut world.tablet, Trigger::Logon).await;
        // It restarts in the night for its updates.
        let boot = "20140925022000.000000+120";
        assert!(world.tablet.set_property(SYSTEM, "LastBootUpTime", boot));
        world.at("2014-09-25T00:22:00Z");
        sync(&mut world.tablet, Trigger::Reboot).await;
        assert_eq!(world.triggers().await[0], "reboot");
        world.at("2014-09-25T00:40:00Z");
        sync(&mut world.tablet, Trigger::Logon).await;
        assert_eq!(world.triggers().await[0], "logon");
        world.at("2014-09-25T01:20:00Z");
        sync(&mut world.tablet, Trigger::Nightly).await;
        assert_eq!(world.triggers().await[0], "nightly_active");
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_forecast_names_the_hours() {
    within(async {
        let mut world = World::start("2014-09-22T05:48:00Z").await;
        for logon in ["22T05:48", "23T05:50", "24T05:53", "25T05:51"] {
            world.at(&format!("2014-09-{logon}:00Z"));
            sync(&mut world.tablet, Trigger::Logon).await;
        }
        world.at("2014-09-25T10:00:00Z");
        let install = json!({"type": "app_install", "job_data": "<Job/>"});
        let install = world.queue(install).await;
        let forecast = &world.command(&install).await["forecast"];
        let text = forecast["text"].as_str().unwrap();
        let expected = "tonight 02:00 to 04:00 (device's time) if ann stays logged on, else at the \
                        next logon; ann usually logs on about 07:50";
        assert!(text.contains(expected), "{text}");
        assert_eq!(forecast["usual_logon"], "07:50", "{forecast}");
        assert_eq!(
            forecast["night"]["from"], "2014-09-26T00:00:00.000Z",
            "{forecast}"
        );
        assert_eq!(
            forecast["night"]["to"], "2014-09-26T02:00:00.000Z",
            "{forecast}"
        );
        // The log, which never forgets, names nobody.
        let events = world.of_device("/events").await.to_string();
        assert!(events.contains("tonight 02:00 to 04:00"), "{events}");
        assert!(!events.contains("if ann"), "{events}");
        world.running.stop().await.unwrap();
    });
}

#[test]
fn what_failed_in_an_interactive_run_was_not_tried() {
    within(async {
        let mut world = World::start("2014-09-25T05:50:00Z").await;
        world
            .call("POST", "/push-profiles", Some(push_profile()))
            .await;
        let install = json!({"type": "app_install", "job_data": "<Job/>"});
        let install = world.queue(install).await;
        world.tablet.runs_by_hand(true);
        for _ in 0..2 {
            sync(&mut world.tablet, Trigger::Logon).await;
            assert!(world.is_manual().await);
            assert_eq!(world.triggers().await[0], "manual");
            assert_eq!(world.state(&install).await, "queued");
            assert!(!world.tablet.has_channel());
            world.later(10);
        }
        // Ten minutes later the user logs on.
        world.tablet.runs_by_hand(false);
        sync(&mut world.tablet, Trigger::Logon).await;
        assert!(world.tablet.has_channel(), "no pause of 20 hours");
        assert_eq!(world.state(&install).await, "succeeded");
        assert!(!world.is_manual().await, "the mark has faded");
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_device_that_fails_always_is_not_run_by_hand_for_ever() {
    within(async {
        let mut world = World::start("2014-09-25T05:50:00Z").await;
        world
            .call("POST", "/push-profiles", Some(push_profile()))
            .await;
        let install = json!({"type": "app_install", "job_data": "<Job/>"});
        let install = world.queue(install).await;
        world.tablet.runs_by_hand(true);
        let mut states = Vec::new();
        for _ in 0..6 {
            sync(&mut world.tablet, Trigger::Logon).await;
            states.push(world.command(&install).await);
            world.later(24 * 60);
        }
        for state in &states[..5] {
            assert_eq!(state["state"], "queued", "{state}");
        }
        // In the sixth its failure counts, as that of any other command does.
        let reason = states[5]["history"].as_array().unwrap().last().unwrap();
        assert!(!reason.to_string().contains("not tried"), "{reason}");
        world.running.stop().await.unwrap();
    });
}

#[test]
fn one_setting_that_is_not_there_is_no_interactive_run() {
    within(async {
        let mut world = World::start("2014-09-25T05:50:00Z").await;
        let wifi = "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled";
        let setting = json!({"type": "raw", "verb": "Replace", "loc_uri": wifi, "data": "false"});
        let setting = world.queue(setting).await;
        world.tablet.answer("WifiEnabled", 404);
        sync(&mut world.tablet, Trigger::Logon).await;
        assert_eq!(world.state(&setting).await, "failed");
        assert!(!world.is_manual().await);
        assert_eq!(world.triggers().await, ["logon"]);
        world.running.stop().await.unwrap();
    });
}
