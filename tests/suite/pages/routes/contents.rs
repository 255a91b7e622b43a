//! A server with one of everything that stands in an address of a page.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use serde_json::{Value, json};

use super::callers::{Caller, Is};
use super::table::Route;
use crate::harness::{Server, push_profile_of, serve_command, silent_tokens};
use crate::pages::client::Browser;

/// Whose devices they are.
const USER: &str = "ann@contoso.example";
/// Every request comes from where it says, as often as it likes.
const SETTINGS: &str = "\
trusted_proxies = ['127.0.0.1']
[limits]
requests_per_address_per_minute = 0
api_requests_per_token_per_minute = 0
[server_auth]
name = 'Contoso MDM'
[inventory]
schedule_hours = 0
[compliance]
read_hours = 0
";

/// What stands in an address, by the name that the table gives it.
pub type Ids = BTreeMap<&'static str, String>;

/// The server, and how many things were put into it.
pub struct Contents {
    pub server: Server,
    made: AtomicU32,
    _tokens: TcpListener,
    _dir: tempfile::TempDir,
}

impl Contents {
    pub fn new() -> Contents {
        let own = tempfile::tempdir().unwrap();
        let (file, dir) = (own.path().join("modegate.toml"), own.path().join("data"));
        std::fs::write(&file, SETTINGS).unwrap();
        let (listener, [_, flag, url]) = silent_tokens();
        let file = file.to_str().unwrap().to_owned();
        let arguments = vec!["--config".to_owned(), file, flag, url];
        let mut command = serve_command(&dir, &arguments);
        // There is a baseline to look at.
        command.env("MODEGATE_COMPLIANCE_ENABLED", "true");
        Contents {
            server: Server::by(command, &dir, arguments),
            made: AtomicU32::new(0),
            _tokens: listener,
            _dir: own,
        }
    }

    fn number(&self) -> u32 {
        self.made.fetch_add(1, Relaxed)
    }

    /// An address that no request came from.
    pub fn new_address(&self) -> String {
        let number = self.number();
        format!("10.1.{}.{}", number / 250, number % 250 + 1)
    }

    /// New things for this route, for this caller to change: all of the group north, and of the
    /// same user. There is always a device.
    pub async fn fresh(&self, route: &Route, caller: &Caller) -> Ids {
        let names: Vec<&str> = route.parameters().collect();
        let number = self.number();
        let mut body = json!({
            "source": format!("TABLET-{number}"), "family": "windows81", "user": USER, "groups": ["north"],
        });
        let sha256 = format!("{number:064x}");
        if names.contains(&"sha256") {
            body["certificate_sha256"] = json!([sha256]);
        }
        let mut ids = Ids::from([("device", self.server.register(body).await)]);
        for name in names {
            let id = match name {
                "device" => continue,
                "sha256" => sha256.clone(),
                // Of a link, its text is in the address.
                "token" if route.is_portal() => self.link(&ids["device"]).await.1,
                "session" => self.session(route, caller, &ids["device"]).await,
                "delivery" => self.delivery(&ids["webhook"]).await,
                name => self.thing(name, &ids["device"]).await,
            };
            ids.insert(name, id);
        }
        if let Some(install) = ids.get("install")
            && route.path.ends_with("/again")
        {
            let path = format!("/installs/{install}");
            assert_eq!(self.server.api("DELETE", &path, None).await.0, 200);
        }
        ids
    }

    async fn thing(&self, name: &str, device: &str) -> String {
        let (server, number) = (&self.server, self.number());
        match name {
            "command" => server.queue(device, json!({"type": "inventory"})).await,
            "batch" => self.batch(device).await,
            "app" => self.app(number).await,
            "install" => self.install(device).await,
            "link" => self.link(device).await.0,
            "profile" => self.profile(number).await,
            "token" => self.token(number).await,
            "place" => self.place(device).await,
            "baseline" => "windows81-starter".to_owned(),
            "digest" => self.policy_set(device).await,
            "subject" => format!("token-{}", self.token(number).await),
            "webhook" => self.webhook(number).await,
            other => panic!("nothing is made here for {{{other}}} of the table: add it"),
        }
    }

    async fn token(&self, number: u32) -> String {
        let body = json!({"name": format!("token {number}"), "role": "auditor"});
        self.server.make_token(body).await.0
    }

    /// A webhook. A server has 32 at most: those of earlier routes go.
    async fn webhook(&self, number: u32) -> String {
        let known = self.server.get("/webhooks?limit=100").await;
        let known = known["items"].as_array().unwrap();
        for old in known.iter().take(known.len().saturating_sub(20)) {
            let path = format!("/webhooks/{}", old["id"].as_str().unwrap());
            assert_eq!(self.server.api("DELETE", &path, None).await.0, 204);
        }
        let body = json!({"url": format!("https://hooks.example.test/{number}")});
        let made = crate::api::webhooks::hook(&self.server, body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// The set in force.
    async fn policy_set(&self, device: &str) -> String {
        let preview = format!("/devices/{device}/preview?mode=Machine");
        let preview = self.server.get(&preview).await;
        preview["policy_set"].as_str().unwrap().to_owned()
    }

    /// A delivery of the webhook.
    async fn delivery(&self, webhook: &str) -> String {
        let path = format!("/webhooks/{webhook}/test");
        let (status, made) = self.server.api("POST", &path, None).await;
        assert_eq!(status, 202, "{made}");
        made["id"].to_string().trim_matches('"').to_owned()
    }

    /// A batch over the device that has come to its end.
    async fn batch(&self, device: &str) -> String {
        let body = json!({"to": {"devices": [device]}, "command": {"type": "inventory"}});
        let (status, batch) = self.server.api("POST", "/commands", Some(body)).await;
        assert_eq!(status, 202, "{batch}");
        let id = batch["id"].as_str().unwrap().to_owned();
        crate::wait::eventually(crate::wait::DEADLINE, async || {
            let batch = self.server.get(&format!("/batches/{id}")).await;
            crate::wait::seen(batch, |batch| batch["state"] == "finished")
        })
        .await;
        id
    }

    async fn app(&self, number: u32) -> String {
        let id = format!("erp-{number}");
        let app = json!({
            "id": id, "name": format!("ERP {number}"), "version": "1.0", "job_data": "<Job/>",
            "groups": ["north"],
        });
        self.server.catalogue(app).await;
        id
    }

    /// An install that the device's user asked for.
    async fn install(&self, device: &str) -> String {
        let app = self.app(self.number()).await;
        let user = json!({"user": USER, "devices": [device]});
        let token = json!({"name": format!("apps {app}"), "role": "portal", "person": user});
        let token = self.server.make_token(token).await.1;
        let body = json!({"app": app}).to_string().into_bytes();
        let path = format!("/devices/{device}/installs");
        let asked = self.server.call(&token, "POST", &path, &[], Some(body));
        let (status, _, install) = asked.await.unwrap();
        assert_eq!(status, 201, "{install}");
        install["id"].as_str().unwrap().to_owned()
    }

    /// A one-time link: its id, its text, its code.
    pub async fn link(&self, device: &str) -> (String, String, String) {
        let link = crate::pages::portal::link_for(&self.server, device).await;
        let text = |name: &str| link[name].as_str().unwrap().to_owned();
        let url = text("url");
        (
            text("id"),
            url.rsplit('/').next().unwrap().to_owned(),
            text("code"),
        )
    }

    async fn profile(&self, number: u32) -> String {
        let mut profile = push_profile_of(&pfn(number), "s");
        profile["groups"] = json!(["north"]);
        self.server.push_profile(profile).await
    }

    /// A session to end: of this caller where the route ends one's own, else of somebody.
    async fn session(&self, route: &Route, caller: &Caller, device: &str) -> String {
        let is_own = route.path.starts_with("/console/me/");
        match is_own && !matches!(caller.is, Is::Nobody | Is::Person) {
            true => drop(caller.browser(self, device).await),
            false => drop(Browser::signed_in(&self.server, &self.server.token).await),
        }
        let opened = "/events?type=session.opened&order=desc&limit=1";
        let opened = self.server.get(opened).await;
        let detail = opened["items"][0]["detail"].as_str().unwrap();
        detail.split(' ').nth(1).unwrap().to_owned()
    }

    /// The place in the log of the latest event of the device.
    async fn place(&self, device: &str) -> String {
        let mut admin = Browser::signed_in(&self.server, &self.server.token).await;
        let list = admin.get(&format!("/console/audit?device={device}")).await;
        let mut links = list.main().split("href=\"/console/audit/").skip(1);
        let places = links.find_map(|link| {
            let place = link.split('"').next().unwrap();
            place
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| place.to_owned())
        });
        places.unwrap_or_else(|| panic!("no entry: {}", list.main()))
    }

    /// What a good form of this route has, besides what the server puts into it.
    pub async fn fields(
        &self,
        route: &Route,
        caller: &Caller,
        ids: &Ids,
    ) -> Vec<(&'static str, String)> {
        let number = self.number();
        let package = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";
        let pfn = pfn(number);
        let profile = push_profile_of(&pfn, "s");
        let sid = profile["sid"].as_str().unwrap();
        let (device, source) = (ids["device"].as_str(), format!("NEW-{number}"));
        let text = "[[rule]]\nid = 'no-lock'\neffect = 'refuse'\nkind = ['lock']\n";
        let (app, sha256) = (format!("new-{number}"), format!("{number:064x}"));
        let lock = ("type", "lock_workstation");
        let fields: Vec<(&str, &str)> = match route.path {
            "/console/sign-in" => vec![("to", ""), ("token", caller.token())],
            "/console/devices/new" => vec![("source", &source), ("family", "windows81")],
            "/console/devices/{device}/edit" => vec![
                ("user", "bob@contoso.example"),
                ("family", "windows81"),
                ("groups", "north"),
                ("device_client_id", &source),
                ("credentials.username", ""),
                ("credentials.password", ""),
                ("enrollment", "same"),
            ],
            "/console/devices/{device}/certificates" => {
                vec![("sha256", &sha256), ("enrollment", "same")]
            }
            "/console/devices/{device}/commands/new" => vec![lock, ("step", "queue")],
            "/console/batches/new" => vec![
                lock,
                ("to", "devices"),
                ("to.devices", device),
                ("step", "queue"),
            ],
            "/console/apps/new" => vec![
                ("id", &app),
                ("name", "New"),
                ("package_full_name", package),
                ("urls", "https://apps.contoso.com/new.appx"),
            ],
            "/console/apps/{app}/edit" => vec![("name", "Other")],
            "/console/push/new" => vec![
                ("pfn", &pfn),
                ("sid", sid),
                ("secret", "s"),
                ("groups", "north"),
            ],
            "/console/push/{profile}/edit" => vec![("pfn", &pfn), ("sid", sid), ("app_id", "x")],
            "/console/policies/try" => vec![("name", "mine.toml"), ("text", text)],
            "/console/access/tokens/new" => vec![("name", &source), ("role", "auditor")],
            "/console/access/webhooks/new" | "/console/access/webhooks/{webhook}/edit" => vec![
                ("url", "https://hooks.example.test/new"),
                ("event-alert.*", "1"),
            ],
            "/console/access/webhooks/{webhook}/secret" => vec![("overlap_s", "60")],
            "/portal/language" => vec![("language", "de"), ("to", "/portal/device")],
            "/portal/sign-in" => {
                let code = self.link(device).await.2;
                return vec![("to", String::new()), ("code", code)];
            }
            "/portal/installs" => {
                let app = self.app(number).await;
                return vec![("device", device.to_owned()), ("app", app)];
            }
            _ => Vec::new(),
        };
        let owned = fields.into_iter();
        owned.map(|(name, text)| (name, text.to_owned())).collect()
    }

    /// What people and tablets have done so far, by what the log says. The server's own events
    /// come when they come.
    pub async fn done(&self) -> Vec<Value> {
        let mut done = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.server.get(&format!("/events?limit=200{after}")).await;
            let items = page["items"].as_array().unwrap();
            done.extend(items.iter().filter(|one| one["actor"] != "server").cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return done,
            }
        }
    }
}

fn pfn(number: u32) -> String {
    format!("Contoso.App{number}_8wekyb3d8bbwe")
}
