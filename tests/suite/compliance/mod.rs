//! Whether devices are compliant, shown through the outside: a real server, real sessions of
//! simulated tablets, and a clock that a test turns.

mod baselines;
mod bounds;
mod snapshots;
mod verdicts;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::serve::{Options, Running, start};
use modegate_sim::{Tablet, Transport, Trigger};
use reqwest::Method;
use serde_json::{Value, json};

use crate::wait::{DEADLINE, eventually, seen};

pub const HOUR: i64 = 60 * 60 * 1000;
pub const DAY: i64 = 24 * HOUR;
/// The instance that the readings of the test baseline are of.
pub const STATUS: &str = "MDM_SecurityStatus.Key=1";
pub const OF_USER: &str = "MDM_SecurityStatusUser.key=1";

/// A baseline of one control of each kind.
pub const BASELINE: &str = r#"
[baseline]
id = "field"
family = ["windows81"]
max_age_days = 7

[[control]]
id = "seen"
fact = "last_session"
within_days = 7

[[control]]
id = "firewall"
read = "MDM_SecurityStatus.FirewallStatus"
is = [0]

[[control]]
id = "password"
read = "MDM_SecurityStatusUser.PasswordStatus"
is = [2]
"#;

/// A server in this process whose clock goes on, and can be turned.
pub struct World {
    pub running: Running,
    pub policies: PathBuf,
    pub data: PathBuf,
    ahead: Arc<AtomicI64>,
    own: Arc<tempfile::TempDir>,
}

impl World {
    pub async fn start() -> World {
        World::with(BASELINE, |_| {}).await
    }

    pub async fn with(baseline: &str, set: impl Fn(&mut Options)) -> World {
        let own = tempfile::tempdir().unwrap();
        let policies = own.path().join("policies");
        copy_policies(&policies);
        std::fs::create_dir(policies.join("compliance")).unwrap();
        std::fs::write(policies.join("compliance/own.toml"), baseline).unwrap();
        World::on(Arc::new(own), Arc::default(), set).await
    }

    async fn on(
        own: Arc<tempfile::TempDir>,
        ahead: Arc<AtomicI64>,
        set: impl Fn(&mut Options),
    ) -> World {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (policies, data) = (own.path().join("policies"), own.path().join("data"));
        let mut options = Options::new(&data);
        let settings = &mut options.settings;
        settings.listen = ([127, 0, 0, 1], 0).into();
        settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        settings.accept_unknown_devices = true;
        settings.inventory.schedule_hours = 0;
        settings.audit.seal_seconds = 1;
        settings.compliance.snapshot_hours = 0;
        settings.policies = Some(policies.clone());
        let shown = Arc::clone(&ahead);
        let clock = Clock::default();
        options.clock = Clock::new(move || Timestamp(clock.now().0 + shown.load(SeqCst)));
        set(&mut options);
        World {
            running: start(options).await.unwrap(),
            policies,
            data,
            ahead,
            own,
        }
    }

    /// Ends the server, and starts it again on the same data.
    pub async fn restarted(self, set: impl Fn(&mut Options)) -> World {
        let (own, ahead) = (self.own, self.ahead);
        self.running.stop().await.unwrap();
        World::on(own, ahead, set).await
    }

    /// The time that the server takes it to be.
    pub fn now(&self) -> i64 {
        Clock::default().now().0 + self.ahead.load(SeqCst)
    }

    /// Turns the clock; the server notices with the next thing that is written.
    pub async fn turn(&self, ms: i64) {
        self.ahead.fetch_add(ms, SeqCst);
        self.write().await;
    }

    /// Has the server write something that concerns no device.
    async fn write(&self) {
        let body = json!({"name": format!("n{}", self.now()), "role": "auditor"});
        let (status, answer) = self.call(Method::POST, "/tokens", body).await;
        assert_eq!(status, 201, "{answer}");
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.by(self.running.token.reveal(), method, path, body)
            .await
    }

    pub async fn by(&self, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("http://{}/api/v1{path}", self.running.http.unwrap());
        let client = reqwest::Client::new();
        let mut request = client.request(method, url).bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "GET {path}: {answer}");
        answer
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, body).await;
        assert_eq!(status, 201, "POST {path}: {answer}");
        answer
    }

    /// Registers a tablet; its id, and the tablet.
    pub async fn tablet(&self, source: &str) -> (String, Tablet) {
        let body = json!({"source": source, "family": "windows81"});
        let device = self.post("/devices", body).await;
        let url = format!("http://{}/sync", self.running.http.unwrap());
        let tablet = Tablet::new(source, Transport::new(&url, None, None).unwrap());
        (device["id"].as_str().unwrap().to_owned(), tablet)
    }

    /// How the device stands to a control.
    pub async fn control(&self, device: &str, control: &str) -> Value {
        let path = format!("/devices/{device}/compliance");
        let found = self.get(&path).await;
        let baselines = found["baselines"].as_array().unwrap().iter();
        let mut controls = baselines.flat_map(|one| one["controls"].as_array().unwrap());
        let found = controls.find(|one| one["control"] == control).cloned();
        found.unwrap_or(Value::Null)
    }

    /// Waits until the device stands so to a control; the whole verdict.
    pub async fn until(&self, device: &str, control: &str, state: &str) -> Value {
        let look = async || {
            seen(self.control(device, control).await, |one| {
                one["state"] == state
            })
        };
        eventually(DEADLINE, look).await
    }

    /// The device's events of this type, the oldest first.
    pub async fn events(&self, device: &str, what: &str) -> Vec<Value> {
        let path = format!("/events?device={device}&type={what}&limit=200");
        self.get(&path).await["items"].as_array().unwrap().clone()
    }

    /// A session, then another in which what followed from the first can go.
    pub async fn sessions(&self, tablet: &mut Tablet, trigger: Trigger) {
        for _ in 0..2 {
            let report = tablet.trigger(trigger).await.unwrap();
            assert!(report.violations.is_empty(), "{:?}", report.violations);
            self.settled().await;
        }
    }

    /// Waits until no device waits to be judged.
    pub async fn settled(&self) {
        let look = async || {
            seen(self.get("/compliance").await["waiting"].clone(), |n| {
                *n == 0
            })
        };
        eventually(DEADLINE, look).await;
    }
}

/// The shipped policy files, as an operator copies them.
pub fn copy_policies(to: &Path) {
    std::fs::create_dir(to).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for file in std::fs::read_dir(shipped).unwrap() {
        let file = file.unwrap();
        if file.path().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}
