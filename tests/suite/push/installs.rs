//! The MDMAgent article's portal workflow and its note on a revoked channel, over real
//! sockets: the server, a mock WNS, and the simulated tablet.

use modegate_core::secret::Secret;
use modegate_sim::mock_wns::{MockWns, Reply};
use modegate_sim::{Tablet, Trigger};
use serde_json::{Value, json};

use crate::api::installs::{app, pick, states, to_the_end, until, until_state};
use crate::harness::{Server, push_profile_of};
use crate::push::server_on;
use crate::records::wns_app;
use crate::server::metrics;
use crate::sync::simulated_device::{sync, tablet};
use crate::wait::{DEADLINE, eventually, seen};

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const CHANNEL: &str = "MDM_WNSChannel.AppId=\"mdm\"";

struct World {
    mock: MockWns,
    server: Server,
    device: String,
    tablet: Tablet,
    uri: Secret,
}

impl World {
    /// A tablet whose channel is in use.
    async fn new() -> World {
        let mock = MockWns::start().await.unwrap();
        mock.register(wns_app(PFN, "app secret"));
        let server = server_on(&mock);
        server
            .push_profile(push_profile_of(PFN, "app secret"))
            .await;
        let device = server.register(json!({"source": "t"})).await;
        let tablet = tablet(&server, "t");
        let uri = Secret::new(mock.mint(PFN, "t"));
        let mut world = World {
            mock,
            server,
            device,
            tablet,
            uri,
        };
        world.logon().await;
        world
    }

    /// A Maintenance session that sets the channel, and one that reads a URI of
    /// the mock's in place of the one that the tablet made up.
    async fn logon(&mut self) {
        sync(&mut self.tablet, Trigger::Logon).await;
        let uri = self.uri.reveal();
        assert!(self.tablet.set_property(CHANNEL, "Channel", uri));
        sync(&mut self.tablet, Trigger::Logon).await;
    }

    /// Waits until WNS has so many notifications.
    async fn notified(&self, count: usize) {
        let look = async || seen(self.mock.received().len(), |received| *received >= count);
        eventually(DEADLINE, look).await;
    }
}

#[tokio::test]
async fn an_install_is_woken_only_when_wns_took_the_push() {
    let mut world = World::new().await;
    app(&world.server, "erp", "1.0").await;
    world.mock.next_push(Reply::HangsUp);
    world.mock.next_push(Reply::HangsUp);
    let id = pick(&world.server, &world.device, "erp").await;
    let unconfirmed = until(&world.server, &id, |install| {
        let detail = install["steps"].as_array().and_then(|steps| steps.last());
        detail.is_some_and(|step| step["detail"].to_string().contains("did not confirm"))
    })
    .await;
    assert_eq!(states(&unconfirmed), ["requested", "requested"]);
    let text = unconfirmed["forecast"]["text"].as_str().unwrap();
    assert!(text.contains("WNS did not confirm it"), "{text}");
    // It had arrived all the same: a session that answers it is no proof that WNS said so.
    sync(&mut world.tablet, Trigger::Push).await;
    let taken = until_state(&world.server, &id, "accepted").await;
    assert!(!states(&taken).contains(&"woken"), "{taken}");
}

#[tokio::test]
async fn the_portals_workflow_steps_1_to_5() {
    let mut world = World::new().await;
    app(&world.server, "erp", "1.0").await;
    // 1 to 3: the user picks an app, the server asks WNS for a push.
    let id = pick(&world.server, &world.device, "erp").await;
    world.notified(1).await;
    let woken = until_state(&world.server, &id, "woken").await;
    assert_eq!(woken["forecast"]["when"], "apps_session", "{woken}");
    // 4 and 5: the push wakes the tablet, mode Apps brings the install.
    let report = sync(&mut world.tablet, Trigger::Push).await;
    assert!(report.query.starts_with("mode=Apps"));
    let taken = until_state(&world.server, &id, "accepted").await;
    assert_eq!(
        states(&taken),
        ["requested", "woken", "delivered", "accepted"]
    );
    let done = to_the_end(&world.server, &world.device, &id, &mut world.tablet).await;
    assert_eq!(done["state"], "installed");
    assert_eq!(world.mock.received().len(), 1, "one wish, one notification");
    let (_, text) = metrics::get(&world.server, "/metrics").await;
    let counted = |series: &str| metrics::value(&text, &format!("modegate_{series}"));
    assert_eq!(counted("push_sends_total{outcome=\"received\"}"), 1.0);
    assert_eq!(counted("push_sends_total{outcome=\"dropped\"}"), 0.0);
    let asked = world.mock.token_requests() as f64;
    assert_eq!(
        counted("push_token_requests_total{result=\"granted\"}"),
        asked
    );
    assert!(asked > 0.0);
    assert_eq!(counted("wakes_ended_total{state=\"answered\"}"), 1.0);
    assert_eq!(counted("wakes_ended_total{state=\"failed\"}"), 0.0);
    // Each state counts once, however much news of it there was.
    for state in states(&done) {
        let series = format!("installs_reached_total{{state=\"{state}\"}}");
        assert_eq!(counted(&series), 1.0, "{series}");
    }
    assert_eq!(counted("installs_reached_total{state=\"failed\"}"), 0.0);
}

#[tokio::test]
async fn a_revoked_channel_is_set_again_and_the_install_goes_on_by_itself() {
    let mut world = World::new().await;
    app(&world.server, "erp", "1.0").await;
    world.mock.revoke(world.uri.reveal());
    let id = pick(&world.server, &world.device, "erp").await;
    let waiting = until(&world.server, &id, |install| {
        install["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("revoked"))
    })
    .await;
    assert_eq!(waiting["state"], "waiting_for_channel");
    let forecast = &waiting["forecast"];
    assert_eq!(forecast["when"], "next_maintenance", "{forecast}");
    assert!(
        forecast["text"]
            .as_str()
            .unwrap()
            .contains("the next Maintenance session sets it again")
    );
    // A night without the user repairs nothing, and carries nothing.
    world.tablet.log_off();
    let report = sync(&mut world.tablet, Trigger::Nightly).await;
    assert_eq!(
        (report.query.as_str(), report.received.len()),
        ("mode=Machine&Platform=WoA", 0)
    );
    // The next Maintenance does both, without anybody asking.
    let report = sync(&mut world.tablet, Trigger::Logon).await;
    let got = |part: &str| report.received.iter().any(|one| one.loc_uri.contains(part));
    assert!(
        got("Exec=UpdateConfiguration") && got("Exec=CreateJob"),
        "{:?}",
        report.received
    );
    until_state(&world.server, &id, "accepted").await;
    // And the channel serves the next one.
    world.uri = Secret::new(world.mock.mint(PFN, "t"));
    world.logon().await;
    app(&world.server, "crm", "1.0").await;
    let next = pick(&world.server, &world.device, "crm").await;
    world.notified(1).await;
    until_state(&world.server, &next, "woken").await;
}

#[tokio::test]
async fn wns_says_no_and_the_install_waits_for_the_devices_own_schedule() {
    let mut world = World::new().await;
    app(&world.server, "erp", "1.0").await;
    world.mock.block(PFN, true);
    let id = pick(&world.server, &world.device, "erp").await;
    let waiting = until(&world.server, &id, |install| !install["reason"].is_null()).await;
    assert_eq!(waiting["finished_at"], Value::Null, "{waiting}");
    assert!(
        waiting["reason"].as_str().unwrap().contains("no push"),
        "{waiting}"
    );
    let (_, text) = metrics::get(&world.server, "/metrics").await;
    for series in [
        "modegate_push_sends_total{outcome=\"sender_blocked\"}",
        "modegate_wakes_ended_total{state=\"failed\"}",
    ] {
        assert_eq!(metrics::value(&text, series), 1.0, "{series}");
    }
    sync(&mut world.tablet, Trigger::Logon).await;
    until_state(&world.server, &id, "accepted").await;
}
