//! How the push channel is set, whoever asks for it: alone, last, once in a session, and
//! not again for a while after a failure. Windows 8 and 8.1 may hang on it.

use modegate_core::command::CommandState;
use modegate_core::context::Family;
use modegate_core::push::channel::ChannelState;
use modegate_core::session::queue::retry;
use modegate_store::api::WriteStore;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::push::world::{HOUR, PFN, Sim, World};

const FULL_NAME: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";
const SET: &str = "Exec UpdateConfiguration";

/// What a session carried besides reads, message by message.
pub(super) fn acts(delivered: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let acts = |message: Vec<String>| -> Vec<String> {
        let all = message.into_iter();
        all.filter(|one| !one.starts_with("Get ")).collect()
    };
    let messages = delivered.into_iter().map(acts);
    messages.filter(|message| !message.is_empty()).collect()
}

async fn maintenance(world: &World, tablet: &mut Sim) -> Vec<Vec<String>> {
    acts(world.sync(tablet, "Maintenance").await)
}

fn set(app: &str) -> Value {
    json!({"type": "wns_update_configuration", "app_id": app, "package_family_name": PFN})
}

#[tokio::test]
async fn an_operators_set_goes_alone_and_last_and_waits_after_it_hung() {
    let world = World::bare().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    tablet.hangs = true;
    let own = world.queue(&tablet, set("own")).await;
    let lock = json!({"type": "lock_workstation"});
    let lock = world.queue(&tablet, lock).await;
    let reset = json!({"type": "reset_user_password", "user": "ann", "password": "pw"});
    let reset = world.queue(&tablet, reset).await;
    let first = maintenance(&world, &mut tablet).await;
    assert_eq!(
        first,
        [["Exec LockWorkstation"], ["Exec ResetUserPassword"], [SET]]
    );
    for done in [lock, reset] {
        let outcome = world.outcome(&tablet, done).await;
        assert_eq!(outcome, CommandState::Succeeded);
    }
    // Another one waits as long: the device did not answer.
    let other = world.queue(&tablet, set("other")).await;
    let mut sets = vec![0];
    for hour in 1..130 {
        world.later(HOUR);
        let delivered = maintenance(&world, &mut tablet).await;
        if !delivered.is_empty() {
            assert_eq!(delivered, [[SET]]);
            sets.push(hour);
        }
    }
    assert_eq!(sets, [0, 20, 60]);
    // Somebody who insists has it sent at once.
    let now = world.now();
    let insist = move |device: &_| retry(device, own, "test", now);
    let insisted = world.store.alter(tablet.id, Box::new(insist), None);
    insisted.await.unwrap();
    tablet.hangs = false;
    // One set in a session: the other goes in the next, and nothing after that.
    for _ in 0..2 {
        assert_eq!(maintenance(&world, &mut tablet).await, [[SET]]);
    }
    for done in [own, other] {
        let outcome = world.outcome(&tablet, done).await;
        assert_eq!(outcome, CommandState::Succeeded);
    }
    assert!(maintenance(&world, &mut tablet).await.is_empty());
}

#[tokio::test]
async fn a_404_or_418_does_not_send_update_configuration_twice() {
    for code in [404, 418] {
        let world = World::new().await;
        let mut tablet = world.device("tablet", Family::Windows81).await;
        tablet.refuses = vec![code];
        assert_eq!(maintenance(&world, &mut tablet).await, [[SET]], "{code}");
        assert_eq!(world.channel(&tablet).await, ChannelState::SetFailed);
        world.later(HOUR);
        assert!(maintenance(&world, &mut tablet).await.is_empty(), "{code}");
        world.later(20 * HOUR);
        assert_eq!(maintenance(&world, &mut tablet).await, [[SET]], "{code}");
        assert_eq!(world.channel(&tablet).await, ChannelState::Active);
    }
}

#[tokio::test]
async fn a_refusal_holds_the_servers_own_set_and_not_what_is_queued_in_its_knowledge() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    maintenance(&world, &mut tablet).await;
    let refused = world.queue(&tablet, set("own")).await;
    tablet.refuses = vec![500];
    assert_eq!(maintenance(&world, &mut tablet).await, [[SET]]);
    assert_eq!(world.outcome(&tablet, refused).await, CommandState::Failed);
    let uri = tablet.uri.clone().unwrap();
    world.mock.revoke(uri.reveal());
    world.request_wake(&tablet).await;
    let dead = async || world.channel(&tablet).await == ChannelState::Dead;
    world.until(dead).await;
    world.later(HOUR);
    assert!(maintenance(&world, &mut tablet).await.is_empty());
    world.queue(&tablet, set("own")).await;
    assert_eq!(maintenance(&world, &mut tablet).await, [[SET]]);
}

#[tokio::test]
async fn an_operators_set_that_is_the_servers_own_counts_as_that() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    let own = world.queue(&tablet, set("mdm")).await;
    assert_eq!(maintenance(&world, &mut tablet).await, [[SET]]);
    assert_eq!(world.outcome(&tablet, own).await, CommandState::Succeeded);
    assert_eq!(world.channel(&tablet).await, ChannelState::Active);
    assert_eq!(world.uri(&tablet).await, tablet.uri);
    assert!(world.state(&tablet).await.state.open.is_empty());
    assert!(maintenance(&world, &mut tablet).await.is_empty());
}

#[tokio::test]
async fn a_full_name_is_refused_with_the_family_name_to_use() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let node =
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22a%22/Exec=UpdateConfiguration";
    let typed = json!({"type": "wns_update_configuration", "app_id": "a", "package_family_name": FULL_NAME});
    let raw = json!({"type": "raw", "verb": "Exec", "loc_uri": node,
        "data": format!("ConfigString=a;{FULL_NAME}")});
    let group = json!({"type": "sequence", "commands": [raw]});
    for (command, field) in [
        (typed.clone(), "package_family_name"),
        (raw, "data"),
        (group, "commands[0].data"),
    ] {
        let path = format!("/devices/{device}/commands");
        let (status, problem) = server.api("POST", &path, Some(command)).await;
        assert_eq!(status, 422, "{problem}");
        let text = problem.to_string();
        assert!(text.contains(field) && text.contains(PFN), "{text}");
        assert!(text.contains("full name"), "{text}");
    }
    let mut other = typed;
    other["package_family_name"] = json!("no-family");
    let path = format!("/devices/{device}/commands");
    let (status, problem) = server.api("POST", &path, Some(other)).await;
    assert_eq!(status, 422, "{problem}");
}
