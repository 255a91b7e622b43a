//! After the repair of a channel, what waited for it is pushed (the MDMAgent article, the
//! note on its steps 4 and 5).

use modegate_core::command::CommandState;
use modegate_core::context::Family;
use modegate_core::policy::PolicySet;
use modegate_core::push::wake::WakeState as Wake;
use serde_json::json;

use super::sets::acts;
use crate::push::world::{PFN, Sim, World};

/// A tablet whose channel WNS has revoked, under the shipped policies and one more.
async fn revoked(own: &str) -> (World, Sim) {
    let mut texts = PolicySet::builtin_texts();
    texts.push(("own.toml".to_owned(), own.to_owned()));
    let world = World::ruled(PolicySet::from_texts(texts).unwrap()).await;
    world.profile(PFN).await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    world.sync(&mut tablet, "Maintenance").await;
    world.mock.revoke(tablet.uri.clone().unwrap().reveal());
    (world, tablet)
}

#[tokio::test]
async fn a_wake_that_had_no_channel_is_pushed() {
    let (world, mut tablet) = revoked("").await;
    world.request_wake(&tablet).await;
    world.woken(&tablet, Wake::Failed).await;
    // Neither of these repairs anything.
    for mode in ["Machine", "Apps"] {
        world.sync(&mut tablet, mode).await;
        world.woken(&tablet, Wake::Failed).await;
    }
    let asked = world.asked();
    let mut wakes = world.mock.subscribe();
    world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(wakes.recv().await.unwrap().device, "tablet");
    world.woken(&tablet, Wake::Accepted).await;
    world.sync(&mut tablet, "Apps").await;
    world.woken(&tablet, Wake::Answered).await;
    // Once.
    world.sync(&mut tablet, "Maintenance").await;
    world.woken(&tablet, Wake::Answered).await;
    assert_eq!(world.asked(), asked + 1);
    let log = format!("{:?}", world.events(&tablet).await);
    assert!(
        log.contains("the channel can be used again, and a wake waited"),
        "{log}"
    );
}

#[tokio::test]
async fn an_urgent_command_that_waits_still_is_pushed() {
    let apps_only = r#"
[[rule]]
id = "own.lock"
effect = "withhold"
family = ["windows81"]
mode = ["Maintenance"]
kind = ["lock"]
source = "site"
says = "screens are locked by push only"
"#;
    let (world, mut tablet) = revoked(apps_only).await;
    let lock = json!({"type": "lock_workstation", "urgent": true});
    let lock = world.queue(&tablet, lock).await;
    world.woken(&tablet, Wake::Failed).await;
    world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(world.outcome(&tablet, lock).await, CommandState::Queued);
    world.woken(&tablet, Wake::Accepted).await;
    let delivered = acts(world.sync(&mut tablet, "Apps").await);
    assert_eq!(delivered, [["Exec LockWorkstation"]]);
    assert_eq!(world.outcome(&tablet, lock).await, CommandState::Succeeded);
}

#[tokio::test]
async fn what_went_in_the_session_of_the_repair_needs_no_push() {
    let (world, mut tablet) = revoked("").await;
    let install = world.install(&tablet).await;
    world.woken(&tablet, Wake::Failed).await;
    let asked = world.asked();
    world.sync(&mut tablet, "Maintenance").await;
    let outcome = world.outcome(&tablet, install).await;
    assert_eq!(outcome, CommandState::Succeeded);
    world.woken(&tablet, Wake::Failed).await;
    world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(world.asked(), asked);
}
