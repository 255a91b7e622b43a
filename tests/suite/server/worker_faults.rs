//! A background worker that panics is reported, restarted, and does its work
//! then; one that keeps panicking ends the server.
//!
//! The fault is injected by the clock: while it is armed, it panics for whoever
//! reads it on the test's own thread. Workers run there, requests do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Instant;

use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::serve::{Options, Running, start};
use serde_json::{Value, json};

use crate::wait::DEADLINE;

struct World {
    running: Running,
    url: String,
    armed: Arc<AtomicBool>,
    _own: tempfile::TempDir,
}

impl World {
    /// Whoever reads the clock while it is armed panics.
    async fn start() -> World {
        World::with_fault(|armed| armed.load(SeqCst)).await
    }

    /// `is_fault` says of an armed clock whether it panics now.
    async fn with_fault(is_fault: fn(&AtomicBool) -> bool) -> World {
        let own = tempfile::tempdir().unwrap();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let armed = Arc::<AtomicBool>::default();
        let (seen, machine) = (Arc::clone(&armed), Clock::default());
        let workers = std::thread::current().id();
        let mut options = Options::new(own.path());
        options.settings.compliance.enabled = false;
        options.settings.listen = ([127, 0, 0, 1], 0).into();
        options.settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        options.clock = Clock::new(move || -> Timestamp {
            let fault = std::thread::current().id() == workers && is_fault(&seen);
            assert!(!fault, "a fault that a test injects");
            machine.now()
        });
        let running = start(options).await.unwrap();
        World {
            url: format!("http://{}", running.http.unwrap()),
            running,
            armed,
            _own: own,
        }
    }

    async fn ready(&self) -> (u16, String) {
        let answer = reqwest::get(format!("{}/readyz", self.url)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asks until the answer has this status and contains this text.
    async fn until_ready(&self, status: u16, text: &str) {
        let begun = Instant::now();
        loop {
            let found = self.ready().await;
            if found.0 == status && found.1.contains(text) {
                return;
            }
            assert!(begun.elapsed() < DEADLINE, "{found:?}");
        }
    }

    async fn api(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1{path}", self.url);
        let token = self.running.token.reveal();
        let client = reqwest::Client::new();
        let mut request = client.request(method, url).bearer_auth(token);
        if !body.is_null() {
            request = request.json(body);
        }
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn restarts(&self, worker: &str) -> String {
        let text = reqwest::get(format!("{}/metrics", self.url)).await.unwrap();
        let text = text.text().await.unwrap();
        let series = format!("modegate_worker_restarts_total{{worker=\"{worker}\"}} ");
        let mut lines = text.lines();
        let count = lines.find_map(|line| line.strip_prefix(series.as_str()));
        count.expect("the series").to_owned()
    }
}

#[test]
fn a_worker_that_panicked_is_named_restarted_and_does_its_work() {
    actix_web::rt::System::new().block_on(async {
        let world = World::start().await;
        let device = json!({"source": "d"});
        world.api(reqwest::Method::POST, "/devices", &device).await;
        assert_eq!(world.restarts("batches").await, "0");
        world.until_ready(200, "ready").await;

        world.armed.store(true, SeqCst);
        let batch = json!({
            "to": {"all": true},
            "command": {"type": "inventory", "classes": ["Win32_BIOS"]},
        });
        let batch = world.api(reqwest::Method::POST, "/commands", &batch).await;
        world.until_ready(503, "batches").await;
        world.armed.store(false, SeqCst);

        world.until_ready(200, "ready").await;
        assert_eq!(world.restarts("batches").await, "1");
        assert_eq!(world.restarts("installs").await, "0");
        let path = format!("/batches/{}", batch["id"].as_str().unwrap());
        let begun = Instant::now();
        loop {
            let shown = world.api(reqwest::Method::GET, &path, &Value::Null).await;
            if shown["state"] == "finished" {
                assert_eq!(shown["progress"]["queued"], 1, "{shown}");
                break;
            }
            assert!(begun.elapsed() < DEADLINE, "{shown}");
        }
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_worker_that_keeps_panicking_ends_the_server() {
    actix_web::rt::System::new().block_on(async {
        let world = World::start().await;
        world.armed.store(true, SeqCst);
        let failed = tokio::time::timeout(DEADLINE, world.running.failed()).await;
        let failed = failed.expect("it is given up");
        assert_eq!(failed.failures, 5);
        let (status, why) = world.ready().await;
        assert_eq!(status, 503);
        assert!(why.contains(failed.worker), "{why}");
        assert_eq!(world.restarts(failed.worker).await, "5");
        world.armed.store(false, SeqCst);
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_worker_that_is_down_is_an_alert_until_it_works_again() {
    actix_web::rt::System::new().block_on(async {
        // The first one that reads the armed clock panics.
        let world = World::with_fault(|armed| armed.swap(false, SeqCst)).await;
        world.armed.store(true, SeqCst);
        let device = json!({"source": "d"});
        world.api(reqwest::Method::POST, "/devices", &device).await;
        let begun = Instant::now();
        let alert = loop {
            let path = "/alerts?state=cleared&severity=critical";
            let shown = world.api(reqwest::Method::GET, path, &Value::Null).await;
            if let Some(alert) = shown["items"].get(0) {
                break alert.clone();
            }
            // Something to do for the workers that wait for commits.
            let batch = json!({"to": {"all": true}, "command": {"type": "inventory"}});
            world.api(reqwest::Method::POST, "/commands", &batch).await;
            assert!(begun.elapsed() < DEADLINE, "{shown}");
        };
        assert_eq!(alert["kind"], "worker.down", "{alert}");
        let subject = alert["subject"].as_str().unwrap();
        let worker = subject.strip_prefix("worker:").unwrap();
        assert_eq!(world.restarts(worker).await, "1");
        world.running.stop().await.unwrap();
    });
}
