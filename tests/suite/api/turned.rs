//! A server in this process, whose clock can be turned: for what takes minutes or days.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::config::Settings;
use modegate_server::serve::{Options, Running, start};
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Reply, SYNCML, package1};
use crate::wait::{DEADLINE, eventually};

/// A server in this process, whose clock can be turned.
pub struct Turned {
    pub running: Running,
    pub now: Arc<AtomicI64>,
}

impl Turned {
    pub async fn start(dir: &Path, now: Arc<AtomicI64>) -> Turned {
        Turned::set(dir, now, |_| {}).await
    }

    /// The same with other settings.
    pub async fn set(dir: &Path, now: Arc<AtomicI64>, set: impl FnOnce(&mut Settings)) -> Turned {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut options = Options::new(dir);
        options.settings.listen = ([127, 0, 0, 1], 0).into();
        options.settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        options.settings.accept_unknown_devices = true;
        options.settings.inventory.schedule_hours = 0;
        options.settings.compliance.enabled = false;
        set(&mut options.settings);
        let shown = Arc::clone(&now);
        options.clock = Clock::new(move || Timestamp(shown.load(SeqCst)));
        let running = start(options).await.unwrap();
        Turned { running, now }
    }

    pub async fn api(&self, token: &str, method: Method, path: &str, body: Value) -> Value {
        let url = format!("http://{}/api/v1{path}", self.running.http.unwrap());
        let mut request = reqwest::Client::new()
            .request(method, url)
            .bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    pub async fn admin(&self, method: Method, path: &str, body: Value) -> Value {
        self.api(self.running.token.reveal(), method, path, body)
            .await
    }

    /// Waits for an alert of that kind in that state.
    pub async fn until(&self, state: &str, kind: &str) -> Value {
        let look = async || {
            let path = format!("/alerts?state={state}");
            let all = self.admin(Method::GET, &path, Value::Null).await;
            let mut items = all["items"].as_array().unwrap().iter();
            let found = items.find(|alert| alert["kind"] == kind).cloned();
            found.ok_or(all)
        };
        eventually(DEADLINE, look).await
    }

    /// One session of the device in that mode.
    pub async fn session(&self, mode: &str, source: &str, session: &str) {
        self.begin(mode, source, session).await;
    }

    /// The first message of a session of the device in that mode.
    pub async fn begin(&self, mode: &str, source: &str, session: &str) -> Reply {
        let login = if mode == "Machine" { "none" } else { "user" };
        self.sync(mode, package1(source, session, 1, login)).await
    }

    /// One message of a device that must be answered with one.
    pub async fn sync(&self, mode: &str, body: String) -> Reply {
        let http = self.running.http.unwrap();
        let sent = reqwest::Client::new()
            .post(format!("http://{http}/sync?mode={mode}&Platform=WoA"))
            .header("content-type", SYNCML)
            .body(body);
        let answer = sent.send().await.unwrap().error_for_status().unwrap();
        Reply::read(answer.text().await.unwrap())
    }
}
