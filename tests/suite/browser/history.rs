//! A fleet that has been managed for weeks, for pictures: a server in this process whose clock
//! runs through them, and tablets that come as people use them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::serve::{Options, Running, start};
use modegate_sim::mock_wns::MockWns;
use modegate_sim::{Tablet, Transport, Trigger};
use serde_json::{Value, json};

use super::node;
use crate::harness::push_profile_of;
use crate::records::wns_app;

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const PFN: &str = "Contoso.DeviceManagement_8wekyb3d8bbwe";
const SECRET: &str = "wns-secret-that-no-page-shows";
/// How long the census of the server takes to come round once more.
const CENSUS: Duration = Duration::from_millis(5_200);
/// Set where the pictures are for the documents: then the census measures each hour.
pub(super) const FOR_DOCS: &str = "MODEGATE_DOCS_PICTURES";

/// Each device: its name, its user, its group.
const DEVICES: [(&str, &str, &str); 10] = [
    ("TAB-7F3K", "ann@contoso.com", "north"),
    ("TAB-2QX9", "ben@contoso.com", "north"),
    ("TAB-9D4M", "carla@contoso.com", "north"),
    ("TAB-4HT6", "deniz@contoso.com", "south"),
    ("TAB-8KW2", "eva@contoso.com", "south"),
    ("TAB-3PZ7", "farid@contoso.com", "south"),
    ("TAB-6RC5", "greta@contoso.com", "warehouse"),
    ("TAB-5NL8", "hugo@contoso.com", "warehouse"),
    ("TAB-1VB4", "ines@contoso.com", "warehouse"),
    ("TAB-0YJ3", "jonas@contoso.com", "engineering"),
];
/// Tablets that are used every working day; the others have histories of their own.
const REGULAR: [usize; 7] = [0, 1, 2, 3, 4, 5, 9];
/// Nobody ever signs in on it; the channel of the second is beyond its 30 days, that of the
/// third due.
const ONLY_MACHINE: usize = 6;
const EXPIRED: usize = 7;
const DUE: usize = 8;
/// WNS ended its channel.
const REVOKED: usize = 5;

/// What happens on a tablet.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Session(Trigger),
    SignOut,
    /// Its user asks for an app; whether that fails on the tablet.
    Pick(&'static str, bool),
    Revoke,
}

/// The server, the fleet, and what a file of tests is told of them.
pub(super) struct History {
    running: Running,
    wns: Arc<MockWns>,
    tablets: Vec<Tablet>,
    devices: Vec<String>,
    installs: Vec<String>,
    /// The token by which the first tablet's user acts.
    ann: String,
    ahead: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

impl History {
    /// Plays the weeks before now.
    pub(super) async fn new() -> History {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let wns = Arc::new(MockWns::start().await.unwrap());
        wns.register(wns_app(PFN, SECRET));
        let dir = tempfile::tempdir().unwrap();
        let ahead = Arc::new(AtomicI64::new(-40 * DAY));
        let mut options = Options::new(dir.path().join("data"));
        let settings = &mut options.settings;
        settings.listen = ([127, 0, 0, 1], 0).into();
        settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        settings.accept_unknown_devices = true;
        settings.wns.token_url = Some(wns.token_url());
        settings.wns.host_suffix = Some(wns.host_suffix());
        settings.audit.seal_seconds = 1;
        let (shown, clock) = (Arc::clone(&ahead), Clock::default());
        options.clock = Clock::new(move || Timestamp(clock.now().0 + shown.load(SeqCst)));
        let mut history = History {
            running: start(options).await.unwrap(),
            wns,
            tablets: Vec::new(),
            devices: Vec::new(),
            installs: Vec::new(),
            ann: String::new(),
            ahead,
            dir,
        };
        history.register().await;
        history.play().await;
        let told = history.today().await;
        std::fs::write(history.target().file, told.to_string()).unwrap();
        history
    }

    /// What Node is given.
    pub(super) fn target(&self) -> node::Target {
        node::Target {
            file: self.dir.path().join("site.json"),
            ca: self.running.ca.clone(),
        }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.running.http.unwrap())
    }

    /// One request to the API by the administrator.
    async fn api(&self, method: &str, path: &str, body: Value) -> Value {
        self.by(self.running.token.reveal(), method, path, body)
            .await
    }

    /// One request to the API with this token.
    async fn by(&self, token: &str, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", self.origin());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, url);
        request = request.bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn register(&mut self) {
        let profile = push_profile_of(PFN, SECRET);
        self.api("POST", "/push-profiles", profile).await;
        for (id, name, version, text) in [
            ("orders", "Orders", "1.1", "Orders, stock and invoices"),
            ("field-maps", "Field maps", "2.0", "Maps without a network"),
            ("inspection", "Inspection forms", "3.0", "Forms with photos"),
            ("timesheet", "Timesheet", "4.2", "Hours by project"),
        ] {
            let app = json!({"id": id, "name": name, "version": version, "description": text,
                "job_data": "<Job>secret job</Job>"});
            self.api("POST", "/apps", app).await;
        }
        let url = format!("{}{}", self.origin(), self.running.sync_path);
        for (source, user, group) in DEVICES {
            let body =
                json!({"source": source, "family": "windows81", "user": user, "groups": [group]});
            let device = self.api("POST", "/devices", body).await;
            self.devices.push(device["id"].as_str().unwrap().to_owned());
            let mut tablet = Tablet::new(source, Transport::new(&url, None, None).unwrap());
            let wns = Arc::clone(&self.wns);
            tablet.registers_with(move |pfn| wns.mint(pfn, source));
            self.tablets.push(tablet);
        }
        let person = json!({"user": DEVICES[0].1, "devices": [self.devices[0]]});
        let token = json!({"name": "Portal of ann", "role": "portal", "person": person});
        let token = self.api("POST", "/tokens", token).await;
        token["token"].as_str().unwrap().clone_into(&mut self.ann);
        for (source, family) in [("PHONE-41", "windows_phone81"), ("PC-0117", "windows10")] {
            let body = json!({"source": source, "family": family, "user": "kim@contoso.com"});
            self.api("POST", "/devices", body).await;
        }
        for (name, role) in [("Olga (helpdesk)", "operator"), ("Uma (audit)", "auditor")] {
            let token = json!({"name": name, "role": role});
            self.api("POST", "/tokens", token).await;
        }
    }

    /// Turns the clock to this time.
    fn turn(&self, at: i64) {
        self.ahead.store(at - Clock::default().now().0, SeqCst);
    }

    async fn play(&mut self) {
        let now = Clock::default().now().0;
        let mut measured = now - 47 * HOUR;
        for (at, nth, happens) in calendar(now) {
            self.measure(&mut measured, at).await;
            self.turn(at);
            self.happen(at, nth, happens).await;
        }
        self.measure(&mut measured, now).await;
        self.ahead.store(0, SeqCst);
    }

    /// Lets the census measure the hours before this time, where the pictures are for documents.
    async fn measure(&self, measured: &mut i64, until: i64) {
        while std::env::var_os(FOR_DOCS).is_some() && *measured < until {
            self.turn(*measured);
            tokio::time::sleep(CENSUS).await;
            *measured += HOUR;
        }
    }

    async fn happen(&mut self, at: i64, nth: usize, happens: Happens) {
        match happens {
            Happens::Session(trigger) => {
                self.tablets[nth].trigger(trigger).await.unwrap();
            }
            Happens::SignOut => self.tablets[nth].log_off(),
            Happens::Revoke => {
                self.wns.revoke_all(DEVICES[nth].0);
                self.tablets[nth].revoke_channel();
            }
            Happens::Pick(app, fails) => {
                let mut pushes = self.wns.subscribe();
                self.pick(nth, app).await;
                if fails {
                    self.tablets[nth].fail_job(0x8007_3cf3);
                }
                let push = tokio::time::timeout(Duration::from_secs(10), pushes.recv());
                let came = push.await.is_ok_and(|push| push.is_some());
                for minutes in [1, 4, 9].into_iter().filter(|_| came) {
                    self.turn(at + minutes * MINUTE);
                    self.tablets[nth].trigger(Trigger::Push).await.unwrap();
                }
            }
        }
    }

    async fn pick(&mut self, nth: usize, app: &str) {
        let path = format!("/devices/{}/installs", self.devices[nth]);
        // The first tablet's user asks in the portal, the helpdesk for the others.
        let token = match nth {
            0 => &*self.ann,
            _ => self.running.token.reveal(),
        };
        let install = self.by(token, "POST", &path, json!({"app": app})).await;
        self.installs
            .push(install["id"].as_str().unwrap().to_owned());
    }

    async fn queue(&self, nth: usize, command: Value) -> String {
        let path = format!("/devices/{}/commands", self.devices[nth]);
        let command = self.api("POST", &path, command).await;
        command["id"].as_str().unwrap().to_owned()
    }

    /// What is under way now; what the tests are told.
    async fn today(&mut self) -> Value {
        let waits = self
            .queue(0, json!({"type": "wns_update_configuration"}))
            .await;
        let done = self.queue(
            0,
            json!({"type": "inventory", "classes": ["Win32_OperatingSystem"]}),
        );
        let done = done.await;
        let reset = json!({"type": "reset_user_password", "user": "ann@contoso.com", "password": "N3w-Passw0rd-of-ann"});
        self.queue(0, reset).await;
        self.queue(0, json!({"type": "lock_workstation"})).await;
        self.tablets[0].trigger(Trigger::Reboot).await.unwrap();
        self.pick(ONLY_MACHINE, "orders").await;
        self.pick(1, "inspection").await;
        self.pick(0, "inspection").await;
        let to = json!({"to": {"all": true}, "command": {"type": "inventory"}});
        let batch = self.api("POST", "/commands", to).await;
        // Flags and counts are the census's.
        tokio::time::sleep(CENSUS * 2).await;
        let token = self.running.token.reveal();
        json!({
            "origin": self.origin(),
            "token": token,
            "callers": [
                {"name": "admin", "home": "/console", "token": token},
                {"name": "person", "home": "/portal/apps", "device": self.devices[0]},
            ],
            "ids": {
                "devices": self.devices, "commands": [done, waits],
                "installs": [self.installs.first(), self.installs.last()],
                "batch": batch["id"],
            },
            "pictures": node::directory().join("pictures"),
            "docs": std::env::var_os(FOR_DOCS).map(|_| docs()),
        })
    }
}

/// Where the documents have their pictures.
fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// What happens on which tablet until now, in order.
fn calendar(now: i64) -> Vec<(i64, usize, Happens)> {
    use Happens::{Pick, Revoke, Session, SignOut};
    let today = now - now % DAY;
    let mut all = Vec::new();
    let mut add = |days: i64, minutes: i64, nth: usize, happens: Happens| {
        all.push((today - days * DAY + minutes * MINUTE, nth, happens));
    };
    for (nth, days) in [(EXPIRED, 34), (DUE, 23)] {
        for minutes in [480, 490, 500] {
            add(days, minutes, nth, Session(Trigger::Logon));
        }
        add(days, 1_000, nth, SignOut);
    }
    for days in 0..=14 {
        for nth in REGULAR {
            let nth_minutes = i64::try_from(nth).unwrap();
            // 1970-01-01 was a Thursday.
            let is_working_day = (today / DAY - days + 3).rem_euclid(7) < 5;
            add(days, 120 + nth_minutes, nth, Session(Trigger::Nightly));
            if is_working_day && days <= 14 - nth_minutes {
                add(days, 425, nth, Session(Trigger::Reboot));
                add(days, 460 + 7 * nth_minutes, nth, Session(Trigger::Logon));
                add(days, 640 + 11 * nth_minutes, nth, Session(Trigger::Logon));
            }
            if nth % 2 == 0 {
                add(days, 1_020 + nth_minutes, nth, SignOut);
            }
        }
        for nth in [ONLY_MACHINE, DUE] {
            add(days, 130, nth, Session(Trigger::Nightly));
            add(days, 370, nth, Session(Trigger::Reboot));
        }
    }
    for (days, minutes, nth, app, fails) in [
        (9, 610, 0, "orders", false),
        (6, 700, 0, "timesheet", false),
        (6, 540, 1, "orders", false),
        (5, 660, 2, "field-maps", true),
        (4, 720, 3, "inspection", false),
        (2, 800, 4, "orders", false),
        (2, 900, 9, "timesheet", true),
        (1, 615, 1, "field-maps", false),
        (1, 840, 3, "orders", false),
        (0, 545, 4, "timesheet", false),
    ] {
        add(days, minutes, nth, Pick(app, fails));
    }
    add(2, 1_100, REVOKED, Revoke);
    all.retain(|(at, _, _)| *at < now - HOUR);
    all.sort_by_key(|(at, _, _)| *at);
    all
}
