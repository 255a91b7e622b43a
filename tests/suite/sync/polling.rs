//! The polling schedule of phones and Windows 10, read, repaired and shown by the real
//! server with a clock that the test moves; and that of a tablet, which is its nightly
//! maintenance.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::serve::{Options, Running, start};
use modegate_sim::{SessionReport, Tablet, Transport, Trigger};
use serde_json::{Value, json};

use crate::sync::simulated_device::sync;

const PROVIDER: &str = "MS DM Server";
/// What Microsoft recommends, as the view shows it.
const RECOMMENDED: [(u32, u32); 3] = [(15, 5), (60, 10), (1_440, 0)];
const HOURS: i64 = 60 * 60 * 1000;
const FIRST: &str = "IntervalForFirstSetOfRetries";

struct World {
    running: Running,
    http: String,
    now: Arc<AtomicI64>,
    device: String,
    sim: Tablet,
    _own: tempfile::TempDir,
}

impl World {
    /// The server as it ships, and a device of that family whose sets of retries are off.
    async fn new(family: &str) -> World {
        World::set_up(family, 20, true).await
    }

    /// With these `inventory.schedule_hours` and `inventory.repair_polling`.
    async fn set_up(family: &str, schedule_hours: u32, repair_polling: bool) -> World {
        let own = tempfile::tempdir().unwrap();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let begins = Timestamp::parse("2015-03-02T08:00:00Z").unwrap();
        let now = Arc::new(AtomicI64::new(begins.0));
        let shown = Arc::clone(&now);
        let mut options = Options::new(own.path());
        options.settings.compliance.enabled = false;
        options.settings.listen = ([127, 0, 0, 1], 0).into();
        options.settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        options.settings.accept_unknown_devices = true;
        let inventory = &mut options.settings.inventory;
        (inventory.schedule_hours, inventory.repair_polling) = (schedule_hours, repair_polling);
        options.clock = Clock::new(move || Timestamp(shown.load(SeqCst)));
        let running = start(options).await.unwrap();
        let http = format!("http://{}", running.http.unwrap());
        let transport = Transport::new(&format!("{http}/sync"), None, None).unwrap();
        let sim = match family {
            "windows81" => Tablet::new("d", transport),
            "windows10" => Tablet::windows10("d", PROVIDER, transport),
            _ => Tablet::phone("d", PROVIDER, transport),
        };
        let mut world = World {
            running,
            http,
            now,
            device: String::new(),
            sim,
            _own: own,
        };
        let device = json!({"source": "d", "family": family});
        let device = world.call("POST", "/devices", Some(device)).await;
        device["id"].as_str().unwrap().clone_into(&mut world.device);
        world
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let method: reqwest::Method = method.parse().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, format!("{}/api/v1{path}", self.http));
        request = request.bearer_auth(self.running.token.reveal());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn queue(&self, body: Value) -> String {
        let path = format!("/devices/{}/commands", self.device);
        let queued = self.call("POST", &path, Some(body)).await;
        queued["id"].as_str().unwrap().to_owned()
    }

    async fn command(&self, id: &str) -> Value {
        self.call("GET", &format!("/commands/{id}"), None).await
    }

    async fn polling(&self) -> Value {
        let path = format!("/devices/{}", self.device);
        self.call("GET", &path, None).await["polling"].clone()
    }

    /// How many devices the list has whose schedule is off.
    async fn listed_off(&self) -> usize {
        let listed = self.call("GET", "/devices?activity=polling_off", None);
        listed.await["items"].as_array().unwrap().len()
    }

    fn later(&self, hours: i64) {
        self.now.fetch_add(hours * HOURS, SeqCst);
    }

    /// A session of its own schedule; how many Gets, and how many writes, of Poll nodes.
    async fn polls(&mut self) -> (usize, usize) {
        counted(&self.sim.poll().await.unwrap())
    }

    fn node(name: &str) -> String {
        format!("./Vendor/MSFT/DMClient/Provider/{PROVIDER}/Poll/{name}")
    }

    fn value(&self, name: &str) -> Option<String> {
        self.sim.node(&World::node(name))
    }

    /// The server's commands that set a schedule.
    async fn repairs(&self) -> Vec<Value> {
        let path = format!("/devices/{}/commands?limit=100", self.device);
        let listed = self.call("GET", &path, None).await;
        let items = listed["items"].as_array().unwrap().clone().into_iter();
        let is_repair = |one: &Value| one["type"] == "poll_schedule" && one["actor"] == "server";
        items.filter(is_repair).collect()
    }

    async fn forecast(&self, command: &str) -> String {
        let command = self.command(command).await;
        command["forecast"]["text"].as_str().unwrap().to_owned()
    }
}

fn counted(report: &SessionReport) -> (usize, usize) {
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    assert_eq!(report.http_status, None);
    let poll = report.received.iter();
    let poll = poll.filter(|one| one.loc_uri.contains("/Poll"));
    let (gets, writes): (Vec<_>, Vec<_>) = poll.partition(|one| one.verb == "Get");
    (gets.len(), writes.len())
}

fn sets(polling: &Value) -> Vec<(Option<u64>, Option<u64>)> {
    let sets = polling["sets"].as_array().unwrap().iter();
    sets.map(|set| (set["interval_minutes"].as_u64(), set["retries"].as_u64()))
        .collect()
}

fn recommended() -> Vec<(Option<u64>, Option<u64>)> {
    let sets = RECOMMENDED.iter();
    sets.map(|&(minutes, count)| (Some(minutes.into()), Some(count.into())))
        .collect()
}

fn within(test: impl Future<Output = ()>) {
    actix_web::rt::System::new().block_on(test);
}

#[test]
fn a_schedule_that_is_off_is_read_repaired_and_read_again_at_once() {
    within(async {
        for family in ["windows_phone81", "windows10"] {
            let mut world = World::new(family).await;
            let before = world.polling().await;
            assert_eq!(before["schedule"], "unknown", "{before}");
            assert_eq!(before["read_at"], Value::Null);
            // Eight nodes twice, and six writes between.
            assert_eq!(world.polls().await, (16, 6), "{family}");
            let polling = world.polling().await;
            assert_eq!(polling["schedule"], "in_force", "{polling}");
            assert_eq!(polling["read_at"], "2015-03-02T08:00:00.000Z");
            assert_eq!(polling["repaired_at"], "2015-03-02T08:00:00.000Z");
            assert_eq!(polling["every_minutes"], 1_440);
            assert_eq!(polling["gave_up"], false);
            assert_eq!(sets(&polling), recommended());
            assert_eq!(world.value(FIRST).unwrap(), "15");
            let repairs = world.repairs().await;
            assert_eq!(repairs.len(), 1, "{repairs:?}");
            assert_eq!(repairs[0]["state"], "succeeded");
            assert_eq!(repairs[0]["kind"], "setting");
            let lock = world.queue(json!({"type": "remote_lock"})).await;
            let forecast = world.forecast(&lock).await;
            assert!(
                forecast.contains("in the long run every 24 h, read at 2015-03-02 08:00 UTC"),
                "{forecast}"
            );
            // Then weekly.
            world.later(7 * 24 - 1);
            assert_eq!(world.polls().await, (0, 0), "{family}");
            world.later(1);
            assert_eq!(world.polls().await, (8, 0), "{family}");
            world.running.stop().await.unwrap();
        }
    });
}

#[test]
fn a_repair_is_on_record_with_the_server_as_its_actor() {
    within(async {
        let mut world = World::new("windows10").await;
        world.polls().await;
        let path = format!("/events?device={}&limit=100", world.device);
        let events = world.call("GET", &path, None).await;
        let events = events["items"].as_array().unwrap();
        let is_repair = |event: &&Value| {
            event["type"] == "command.queued" && event["detail"] == "poll_schedule"
        };
        let repairs: Vec<&Value> = events.iter().filter(is_repair).collect();
        assert_eq!(repairs.len(), 1, "{events:?}");
        assert_eq!(repairs[0]["actor"], "server");
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_poll_node_that_is_missing_is_added_first() {
    within(async {
        for family in ["windows_phone81", "windows10"] {
            let mut world = World::new(family).await;
            assert!(world.sim.remove_node(World::node("").trim_end_matches('/')));
            let report = world.sim.poll().await.unwrap();
            assert_eq!(counted(&report), (16, 7), "{family}");
            let writes = report.received.iter().filter(|one| one.verb != "Get");
            let writes: Vec<(&str, &str, u16)> = writes
                .filter_map(|one| {
                    let (_, below) = one.loc_uri.split_once("/Poll")?;
                    Some((&*one.verb, below, one.status))
                })
                .collect();
            assert_eq!(writes[0], ("Add", "", 200));
            assert_eq!(writes[1], ("Replace", "/NumberOfFirstRetries", 200));
            let polling = world.polling().await;
            assert_eq!(polling["schedule"], "in_force", "{polling}");
            assert_eq!(sets(&polling), recommended());
            world.running.stop().await.unwrap();
        }
    });
}

#[test]
fn a_repair_without_effect_is_tried_three_times_and_then_shown() {
    within(async {
        let mut world = World::new("windows_phone81").await;
        world.sim.forgets_polling(true);
        let lock = world
            .queue(json!({"type": "remote_lock", "not_before": "2015-06-01T00:00:00Z"}))
            .await;
        for repair in 1..=3 {
            assert_eq!(world.polls().await, (16, 6), "{repair}");
            let polling = world.polling().await;
            assert_eq!(polling["schedule"], "off");
            assert_eq!(polling["repairs"], repair);
            assert_eq!(polling["gave_up"], repair == 3);
            // Not twice in a day.
            world.later(12);
            assert_eq!(world.polls().await, (0, 0), "{repair}");
            world.later(12);
        }
        assert_eq!(world.polls().await, (0, 0), "the third was the last");
        assert_eq!(world.listed_off().await, 1);
        let forecast = world.forecast(&lock).await;
        assert!(
            forecast.contains("its polling schedule is off, read at"),
            "{forecast}"
        );
        // It is looked at still, and what somebody else sets counts.
        world.later(7 * 24);
        assert_eq!(world.polls().await, (8, 0));
        world.sim.forgets_polling(false);
        world.sim.set_node(&World::node(FIRST), "30");
        world
            .sim
            .set_node(&World::node("NumberOfFirstRetries"), "0");
        world.later(7 * 24);
        assert_eq!(world.polls().await, (8, 0));
        let polling = world.polling().await;
        assert_eq!(polling["schedule"], "in_force");
        assert_eq!(polling["every_minutes"], 30);
        assert_eq!(
            (&polling["repairs"], &polling["gave_up"]),
            (&json!(0), &json!(false))
        );
        assert_eq!(world.listed_off().await, 0);
        // Off again: repaired again.
        world.sim.set_node(&World::node(FIRST), "0");
        world.later(7 * 24);
        assert_eq!(world.polls().await, (16, 6));
        assert_eq!(sets(&world.polling().await), recommended());
        world.running.stop().await.unwrap();
    });
}

#[test]
fn what_somebody_sets_is_not_overwritten() {
    within(async {
        let mut world = World::new("windows_phone81").await;
        let own = json!({"type": "poll_schedule", "settings": {
            FIRST: 20, "NumberOfFirstRetries": 3,
            "IntervalForRemainingScheduledRetries": 2880}});
        let own = world.queue(own).await;
        assert_eq!(world.polls().await, (8, 3));
        assert_eq!(world.command(&own).await["state"], "succeeded");
        assert_eq!(world.value(FIRST).unwrap(), "20");
        let polling = world.polling().await;
        assert_eq!(polling["schedule"], "in_force");
        assert_eq!(polling["every_minutes"], 2_880);
        assert_eq!(world.repairs().await.len(), 0);
        world.running.stop().await.unwrap();
    });
}

#[test]
fn machine_carries_neither_the_read_nor_the_repair() {
    within(async {
        let mut world = World::new("windows10").await;
        let report = world.sim.session("Machine", "none").await.unwrap();
        assert_eq!(counted(&report), (0, 0));
        assert_eq!(world.polling().await["schedule"], "unknown");
        assert_eq!(world.polls().await, (16, 6), "the next session does");
        world.running.stop().await.unwrap();
    });
}

#[test]
fn the_read_and_the_repair_can_be_switched_off() {
    within(async {
        let mut world = World::set_up("windows10", 20, false).await;
        assert_eq!(world.polls().await, (8, 0));
        assert_eq!(world.polling().await["schedule"], "off");
        assert_eq!(world.polls().await, (0, 0));
        assert_eq!(world.listed_off().await, 1);
        world.running.stop().await.unwrap();

        let mut world = World::set_up("windows10", 0, true).await;
        assert_eq!(world.polls().await, (0, 0));
        // What anybody reads counts all the same.
        let get = |name: &str| json!({"type": "raw", "verb": "Get", "loc_uri": World::node(name)});
        let nodes = [
            FIRST,
            "IntervalForSecondSetOfRetries",
            "IntervalForRemainingScheduledRetries",
        ];
        let raw = json!({"type": "sequence", "commands": nodes.map(get)});
        world.queue(raw).await;
        assert_eq!(world.polls().await, (3, 0));
        assert_eq!(world.polling().await["schedule"], "off");
        assert_eq!(world.repairs().await.len(), 0);
        world.running.stop().await.unwrap();
    });
}

#[test]
fn a_tablet_shows_its_maintenance_hour() {
    within(async {
        let mut world = World::new("windows81").await;
        let report = sync(&mut world.sim, Trigger::Logon).await;
        assert_eq!(counted(&report), (0, 0));
        let polling = world.polling().await;
        assert_eq!(polling["schedule"], "nightly_maintenance", "{polling}");
        assert_eq!(polling["maintenance_hour"], 2);
        assert_eq!(polling["read_at"], "2015-03-02T08:00:00.000Z");
        assert_eq!(polling["sets"], json!([]));
        assert_eq!(polling["repairs"], 0);
        world.running.stop().await.unwrap();
    });
}
