//! The channel as the API shows it, over real sockets: the server, a mock WNS, and
//! simulated devices.

use std::sync::Arc;

use modegate_server::clock::Clock;
use modegate_sim::mock_wns::MockWns;
use modegate_sim::{Tablet, Transport, Trigger};
use serde_json::{Value, json};

use crate::harness::Server;
use crate::records::{sid_of, wns_app};
use crate::sync::simulated_device::{sync, tablet};
use crate::wait::{DEADLINE, eventually, seen};

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const FOREIGN: &str = "99999Other.Mdm_t6e9vsyjkrw9w";
const PROVIDER: &str = "MS DM Server";
const CHANNEL: &str = "MDM_WNSChannel.AppId=\"mdm\"";

struct World {
    mock: Arc<MockWns>,
    server: Server,
    profile: String,
}

impl World {
    async fn new() -> World {
        let mock = MockWns::start().await.unwrap();
        mock.register(wns_app(PFN, "app secret"));
        let server = Server::start_with(&[
            "--accept-unknown-devices",
            "--wns-token-url",
            &mock.token_url(),
            "--wns-host-suffix",
            &mock.host_suffix(),
        ]);
        let profile = json!({
            "pfn": PFN, "sid": sid_of(PFN).to_string(), "secret": "app secret", "app_id": "mdm",
        });
        let profile = server.push_profile(profile).await;
        World {
            mock: Arc::new(mock),
            server,
            profile,
        }
    }

    async fn register(&self, source: &str, family: &str) -> String {
        let record = json!({"source": source, "family": family});
        self.server.register(record).await
    }

    /// A device whose channels come from the mock.
    fn connected(&self, mut device: Tablet, source: &str) -> Tablet {
        let (mock, source) = (Arc::clone(&self.mock), source.to_owned());
        device.registers_with(move |pfn| mock.mint(pfn, &source));
        device
    }

    fn windows10(&self, source: &str) -> Tablet {
        let url = format!("{}/sync", self.server.http);
        let transport = Transport::new(&url, None, None).unwrap();
        let device = Tablet::windows10(source, PROVIDER, transport);
        self.connected(device, source)
    }

    async fn channel(&self, device: &str) -> Value {
        self.server.get(&format!("/devices/{device}/channel")).await
    }

    /// Waits until the wake that is asked for ends or is taken.
    async fn wake(&self, device: &str) -> Value {
        self.server
            .api("POST", &format!("/devices/{device}/wake"), None)
            .await;
        let look = async || {
            let channel = self.channel(device).await;
            let is_sent = |view: &Value| {
                let state = view["wake"]["state"].as_str().unwrap_or_default();
                !matches!(state, "wanted" | "sending")
            };
            seen(channel, is_sent)
        };
        eventually(DEADLINE, look).await
    }

    async fn health(&self) -> Value {
        let path = format!("/push-profiles/{}", self.profile);
        self.server.get(&path).await["health"].clone()
    }
}

#[tokio::test]
async fn a_tablet_of_another_server_is_set_up_and_shows_how_it_fares() {
    let world = World::new().await;
    let id = world.register("t", "windows81").await;
    let mut tablet = world.connected(tablet(&world.server, "t"), "t");
    tablet.set_up_by_another("mdm", FOREIGN);
    sync(&mut tablet, Trigger::Logon).await;
    let channel = world.wake(&id).await;
    assert_eq!(channel["wake"]["state"], "accepted", "{channel}");
    assert_eq!(channel["state"], "active");
    assert_eq!(
        (&channel["set_by_us"], &channel["refused"]),
        (&json!(true), &json!(false))
    );
    let reported = &channel["reported"];
    assert_eq!(reported["configuration_status"]["code"], 1, "{channel}");
    assert_eq!(
        reported["last_error"],
        json!({"code": 0, "words": "no error"})
    );
    assert_eq!(reported["channel_status"]["code"], 1);
    assert_eq!(channel["expires_at"], reported["expires_at"], "{channel}");
    assert_eq!(world.health().await, "healthy");
    let all = channel.to_string();
    assert!(!all.contains("token=") && !all.contains(FOREIGN), "{all}");
}

#[tokio::test]
async fn a_tablet_that_cannot_register_shows_why_in_words() {
    let world = World::new().await;
    let id = world.register("t", "windows81").await;
    let mut tablet = world.connected(tablet(&world.server, "t"), "t");
    tablet.fails_to_register(Some(0x803E_0109));
    sync(&mut tablet, Trigger::Logon).await;
    let channel = world.channel(&id).await;
    assert_eq!(channel["state"], "set_failed", "{channel}");
    let reported = &channel["reported"];
    assert_eq!(reported["configuration_status"]["code"], 0);
    assert_eq!(reported["last_error"]["code"], 0x803E_0109_u32);
    let words = reported["last_error"]["words"].as_str().unwrap();
    assert!(words.contains("turned off on the device"), "{words}");
    assert_eq!(channel["reason"], words);
}

#[tokio::test]
async fn a_channel_is_not_shown_as_active_after_its_end() {
    let world = World::new().await;
    let id = world.register("t", "windows81").await;
    let mut tablet = world.connected(tablet(&world.server, "t"), "t");
    sync(&mut tablet, Trigger::Logon).await;
    let end = Clock::default().now().plus_ms(2_000).to_string();
    let digits: String = end[..19].chars().filter(char::is_ascii_digit).collect();
    let end = format!("{digits}.000000+000");
    assert!(tablet.set_property(CHANNEL, "ExpirationTime", &end));
    sync(&mut tablet, Trigger::Logon).await;
    // The device says no more; its end passes all the same.
    let look = async || {
        let view = world.channel(&id).await;
        seen(view, |view| view["state"] == "expired")
    };
    let expired = eventually(DEADLINE, look).await;
    assert_eq!(expired["may_send"], false);
}

#[tokio::test]
async fn windows_10_shows_its_pfn_and_an_old_build_gets_advice() {
    let world = World::new().await;
    let id = world.register("pc", "windows10").await;
    let mut pc = world.windows10("pc");
    pc.set_up_by_another("", FOREIGN);
    // No mode: every session of a Windows 10 looks after the channel.
    pc.names_mode(false);
    let report = pc.poll().await.unwrap();
    assert_eq!(report.violations, []);
    let channel = world.wake(&id).await;
    assert_eq!(channel["wake"]["state"], "accepted", "{channel}");
    assert_eq!(channel["reported"]["pfn"], PFN);
    assert_eq!(channel["reported"]["pfn_is_ours"], true);
    assert_eq!(channel["advice"], Value::Null, "{channel}");
    for (version, advised) in [("10.0.10586.0", true), ("10.0.14393.0", false)] {
        // The server asks for the build by itself, with each set.
        let id = world.register(version, "windows10").await;
        let mut pc = world.windows10(version);
        pc.runs_version(version);
        pc.poll().await.unwrap();
        let channel = world.channel(&id).await;
        let advice = channel["advice"].as_str().unwrap_or_default();
        assert_eq!(advice.contains("1511"), advised, "{version}: {channel}");
    }
}

#[tokio::test]
async fn two_phones_that_cannot_register_mark_the_profile() {
    let world = World::new().await;
    let url = format!("{}/sync", world.server.http);
    for source in ["one", "two"] {
        let id = world.register(source, "windows_phone81").await;
        let transport = Transport::new(&url, None, None).unwrap();
        let phone = Tablet::phone(source, PROVIDER, transport);
        let mut phone = world.connected(phone, source);
        phone.fails_to_register(Some(0));
        assert_eq!(phone.poll().await.unwrap().violations, []);
        let channel = world.channel(&id).await;
        assert_eq!(channel["state"], "set_failed", "{channel}");
        assert_eq!(channel["device_status"]["code"], 3, "{channel}");
    }
    let look = async || seen(world.health().await, |health| *health == "misconfigured");
    eventually(DEADLINE, look).await;
}
