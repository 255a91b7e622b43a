//! A served fleet with people in it: of the console, and of the portal with an install each.

use std::sync::Mutex;
use std::time::Instant;

use serde_json::{Value, json};

use super::browser::{Browser, field};
use super::client::{connect, each_of, request};
use super::machine::size;
use super::server::Server;
use super::tablet::{api, visit};
use super::visitors::Watcher;
use super::web_fleet::{fill, id, source};

/// Apps of the catalogue.
const APPS: usize = 30;
/// People of the console.
pub(crate) const USERS: usize = 50;
/// People who watch an install.
pub(crate) const WATCHERS: usize = 1_000;
/// Devices with a long history, and the sessions of each.
pub(crate) const HISTORIES: usize = 20;
const SESSIONS: usize = 60;
/// Threads that bring all this about.
const AT_ONCE: usize = 8;

/// A served fleet.
pub(crate) struct Site {
    pub server: Server,
    pub devices: usize,
    /// People of the console.
    pub users: Vec<Mutex<Browser>>,
    /// People of the portal.
    pub watchers: Vec<Mutex<Watcher>>,
    /// Bytes of the database when it was filled.
    pub bytes: u64,
    // Behind the server, which is to end before its folder goes.
    _dir: tempfile::TempDir,
}

impl Site {
    /// Fills a folder, serves it, and has people sign in; `look` is shown the folder before.
    pub(crate) fn new(devices: usize, look: impl FnOnce(&std::path::Path)) -> Site {
        let begun = Instant::now();
        let dir = tempfile::tempdir().expect("a folder");
        fill(dir.path(), devices);
        let bytes = size(&dir.path().join("modegate.db"));
        look(dir.path());
        let filled = begun.elapsed().as_secs_f64();
        let mut site = Site {
            server: Server::start(dir.path()),
            devices,
            users: Vec::new(),
            watchers: Vec::new(),
            bytes,
            _dir: dir,
        };
        site.add_apps();
        site.users = site.all(USERS, |n| site.user(n));
        site.watchers = site.all(WATCHERS.min(devices), |n| site.watcher(n));
        site.have_histories();
        // Sessions moved what the watchers' pages show.
        let fresh = |n: usize| site.watchers[n].lock().expect("whole").open();
        site.all(site.watchers.len(), fresh);
        println!(
            "{devices} devices filled in {filled:.0} s, people signed in after {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        site
    }

    /// The number of the nth of some devices that are far apart.
    pub(crate) fn device(&self, nth: usize) -> usize {
        let apart = self.devices / WATCHERS.min(self.devices);
        nth * apart % self.devices
    }

    /// Does this so often, some at a time.
    fn all<T: Send>(&self, count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<Mutex<T>> {
        let made: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::new(None)).collect();
        each_of(AT_ONCE, |thread| {
            for n in (thread..count).step_by(AT_ONCE) {
                *made[n].lock().expect("whole") = Some(make(n));
            }
        });
        let all = made.into_iter().map(|one| one.into_inner().expect("whole"));
        all.map(|one| Mutex::new(one.expect("made"))).collect()
    }

    fn api(&self, path: &str, body: &Value) -> Value {
        let head = api(&self.server.token, path);
        let answer = request(&mut connect(&self.server.http), &head, &body.to_string());
        serde_json::from_str(&answer).expect("JSON")
    }

    fn add_apps(&self) {
        for n in 0..APPS {
            let app = json!({
                "id": format!("app{n}"),
                "name": format!("App {n}"),
                "package_full_name": format!("Contoso.App{n}_1.0.0.0_x86__t6e9vsyjkrw9w"),
                "urls": [format!("https://apps.contoso.test/app{n}.appx")],
            });
            self.api("/apps", &app);
        }
    }

    fn user(&self, n: usize) -> Browser {
        let token = json!({"name": format!("user {n}"), "role": "operator"});
        let token = self.api("/tokens", &token);
        let token = token["token"].as_str().expect("a token");
        Browser::in_console(&self.server.http, token)
    }

    /// A person who signs in by a link and asks for an app.
    fn watcher(&self, n: usize) -> Watcher {
        let device = id(self.device(n)).to_string();
        let link = self.api(&format!("/devices/{device}/portal-links"), &json!({}));
        let url = link["url"].as_str().expect("an address");
        let (_, path) = url.split_once("/portal/").expect("of the portal");
        let mut browser = Browser::in_portal(&self.server.http, &format!("/portal/{path}"));
        let app = browser.get("/portal/apps/app1").body;
        let fields = [
            ("csrf", field(&app, "csrf")),
            ("once", field(&app, "once")),
            ("device", &device),
            ("app", "app1"),
        ];
        let page = browser.post("/portal/installs", &fields);
        let page = page.split('?').next().unwrap_or_default().to_owned();
        Watcher {
            browser,
            page,
            revision: String::new(),
            every: None,
        }
    }

    /// Sessions in all modes, mostly at night.
    fn have_histories(&self) {
        self.all(HISTORIES, |nth| {
            for session in 0..SESSIONS {
                let mode = ["Machine", "Machine", "Maintenance", "Apps"][session % 4];
                let mut stream = connect(&self.server.http);
                visit(
                    &mut stream,
                    &source(self.device(nth)),
                    mode,
                    60_000 + session,
                );
            }
        });
    }
}
