//! How a phone whose channel has ended comes back (KB 3170699): by the PFN of the next push
//! profile, or by the same once more; each attempt waits for a URI that was not seen before.

use modegate_core::context::Family;
use modegate_core::push::channel::ChannelState;
use modegate_core::push::recovery::{Recovery, RecoveryReason};
use modegate_core::push::wake::WakeState as Wake;
use modegate_sim::mock_wns::MockWns;
use modegate_sim::{Tablet, Transport};
use serde_json::json;

use super::sets::acts;
use crate::harness::Server;
use crate::push::world::{HOUR, OTHER_PFN, PFN, Sim, World};
use crate::records::{sid_of, wns_app};
use crate::wait::{DEADLINE, eventually};

async fn recovery(world: &World, phone: &Sim) -> Recovery {
    world.state(phone).await.state.recovery.unwrap()
}

async fn poll(world: &World, phone: &mut Sim) -> Vec<Vec<String>> {
    acts(world.sync(phone, "").await)
}

/// A phone whose channel is in use, of one or two profiles.
async fn phone(profiles: &[&str]) -> (World, Sim) {
    let world = World::bare().await;
    for pfn in profiles {
        world.profile(pfn).await;
    }
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    (world, phone)
}

#[tokio::test]
async fn after_a_410_the_next_pfn_is_used_or_else_the_same() {
    for (profiles, then) in [(&[PFN, OTHER_PFN][..], OTHER_PFN), (&[PFN], PFN)] {
        let (world, mut phone) = phone(profiles).await;
        let old = phone.uri.clone().unwrap();
        world.mock.revoke(old.reveal());
        world.request_wake(&phone).await;
        world.woken(&phone, Wake::Failed).await;
        let device = world.state(&phone).await;
        let advice = device.state.advice(&device.record, world.now()).unwrap();
        assert!(advice.contains("Internet") && advice.contains("manual sync button"));
        let ended = world.events(&phone).await;
        assert!(format!("{ended:?}").contains("manual sync button"));
        assert_eq!(poll(&world, &mut phone).await, [["Replace PFN"]]);
        assert_eq!(phone.pfn.as_deref(), Some(then.to_lowercase().as_str()));
        assert_eq!(world.channel(&phone).await, ChannelState::Active);
        assert_ne!(phone.uri, Some(old));
        let recovery = recovery(&world, &phone).await;
        assert_eq!(
            (recovery.reason, recovery.attempts),
            (RecoveryReason::Gone, 1)
        );
        assert!(!recovery.is_open());
        let device = world.state(&phone).await;
        assert_eq!(device.state.advice(&device.record, world.now()), None);
        assert!(poll(&world, &mut phone).await.is_empty());
    }
}

#[tokio::test]
async fn push_status_5_is_a_reason_too() {
    let (world, mut phone) = phone(&[PFN, OTHER_PFN]).await;
    phone.status = 5;
    assert!(poll(&world, &mut phone).await.is_empty());
    assert_eq!(world.channel(&phone).await, ChannelState::Dead);
    phone.status = 0;
    assert_eq!(poll(&world, &mut phone).await, [["Replace PFN"]]);
    assert_eq!(phone.pfn, Some(OTHER_PFN.to_lowercase()));
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    let reason = recovery(&world, &phone).await.reason;
    assert_eq!(reason, RecoveryReason::StatusExpired);
}

#[tokio::test]
async fn a_set_without_effect_is_waited_out_and_then_the_next_pfn_is_used() {
    let world = World::bare().await;
    world.profile(PFN).await;
    world.profile(OTHER_PFN).await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    phone.says = Some("null".to_owned());
    assert_eq!(poll(&world, &mut phone).await, [["Add PFN"]]);
    let (mut sets, mut hour) = (Vec::new(), 0);
    while hour < 100 {
        (hour, _) = (hour + 1, world.later(HOUR));
        if !poll(&world, &mut phone).await.is_empty() {
            sets.push((hour, phone.pfn.clone().unwrap()));
            let open = recovery(&world, &phone).await;
            assert_eq!(open.reason, RecoveryReason::NoEffect);
            assert_eq!((open.is_open(), open.attempts as usize), (true, sets.len()));
            assert!(open.wait_until.is_some_and(|until| until > world.now()));
        }
    }
    let (first, second) = (PFN.to_lowercase(), OTHER_PFN.to_lowercase());
    // The first attempt of the recovery is waited for 20 hours, the second 40.
    assert_eq!(
        sets,
        [(20, second.clone()), (40, first.clone()), (80, second)]
    );
    // A URI ends it.
    phone.says = None;
    poll(&world, &mut phone).await;
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    assert!(!recovery(&world, &phone).await.is_open());
}

#[tokio::test]
async fn with_one_profile_a_set_without_effect_is_sent_once_more() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    phone.says = Some("null".to_owned());
    poll(&world, &mut phone).await;
    let mut sets = Vec::new();
    for hour in 1..70 {
        world.later(HOUR);
        if !poll(&world, &mut phone).await.is_empty() {
            sets.push(hour);
        }
    }
    assert_eq!(sets, [20, 60]);
    assert_eq!(phone.pfn, Some(PFN.to_lowercase()));
    assert!(recovery(&world, &phone).await.is_open());
}

#[tokio::test]
async fn channel_wake_and_forecast_say_what_the_phones_user_can_do() {
    let mock = std::sync::Arc::new(MockWns::start().await.unwrap());
    let server = Server::start_with(&[
        "--accept-unknown-devices",
        "--wns-token-url",
        &mock.token_url(),
        "--wns-host-suffix",
        &mock.host_suffix(),
    ]);
    for pfn in [PFN, OTHER_PFN] {
        mock.register(wns_app(pfn, "app secret"));
        let profile = json!({"pfn": pfn, "sid": sid_of(pfn).to_string(),
            "secret": "app secret", "token_form": "legacy"});
        server.push_profile(profile).await;
    }
    let body = json!({"source": "phone", "family": "windows_phone81"});
    let device = server.register(body).await;
    let transport = Transport::new(&format!("{}/sync", server.http), None, None).unwrap();
    let mut phone = Tablet::phone("phone", "MS DM Server", transport);
    let minting = std::sync::Arc::clone(&mock);
    phone.registers_with(move |family| minting.mint(family, "phone"));
    let channel = format!("/devices/{device}/channel");
    phone.poll().await.unwrap();
    let view = server.get(&channel).await;
    assert_eq!(
        (&view["state"], &view["advice"]),
        (&json!("active"), &json!(null))
    );
    mock.revoke_all("phone");
    let wake = format!("/devices/{device}/wake");
    let (status, view) = server.api("POST", &wake, None).await;
    assert_eq!(status, 202, "{view}");
    let failed = async || match server.get(&channel).await {
        view if view["wake"]["state"] == "failed" => Ok(view),
        view => Err(view),
    };
    let view = eventually(DEADLINE, failed).await;
    assert_eq!(view["state"], "dead", "{view}");
    let command = server.queue(&device, json!({"type": "remote_lock"})).await;
    let command = server.get(&format!("/commands/{command}")).await;
    for advice in [
        &view["advice"],
        &view["wake"]["advice"],
        &command["forecast"]["user"],
    ] {
        let text = advice.as_str().unwrap_or_default();
        assert!(text.contains("connect the phone to the Internet"), "{text}");
        assert!(text.contains("manual sync button"), "{text}");
    }
    // In the session that its user's button brings, the next PFN is set.
    let report = phone.poll().await.unwrap();
    assert_eq!(report.violations, []);
    let node = "./Vendor/MSFT/DMClient/Provider/MS DM Server/Push/PFN";
    assert_eq!(phone.node(node).unwrap(), OTHER_PFN.to_lowercase());
    let view = server.get(&channel).await;
    assert_eq!(view["state"], "active", "{view}");
    assert_eq!(
        (&view["pfn"], &view["advice"]),
        (&json!(OTHER_PFN), &json!(null))
    );
    let recovery = &view["recovery"];
    assert_eq!(recovery["reason"], "gone");
    assert_eq!(
        (&recovery["attempts"], &recovery["waits_for"]),
        (&json!(1), &json!(null))
    );
    assert!(recovery["ended_at"].is_string(), "{recovery}");
}
