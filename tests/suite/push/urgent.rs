//! Commands that cannot wait: the device is woken for them.

use modegate_core::command::CommandState;
use modegate_core::context::Family;
use modegate_core::push::wake::WakeState;
use serde_json::json;

use crate::push::world::World;

#[tokio::test]
async fn a_phone_is_woken_to_be_locked_and_wiped() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    let mut wakes = world.mock.subscribe();
    for (nth, (node, last)) in [("RemoteLock/Lock", "Lock"), ("RemoteWipe/doWipe", "doWipe")]
        .into_iter()
        .enumerate()
    {
        let command = json!({"type": "raw", "verb": "Exec", "urgent": true,
            "loc_uri": format!("./Vendor/MSFT/{node}")});
        let command = world.queue(&phone, command).await;
        assert_eq!(wakes.recv().await.unwrap().device, "phone", "{node}");
        world.woken(&phone, WakeState::Accepted).await;
        let delivered = world.sync(&mut phone, "").await.concat();
        assert!(delivered.contains(&format!("Exec {last}")), "{delivered:?}");
        let state = world.outcome(&phone, command).await;
        assert_eq!(state, CommandState::Succeeded, "{node}");
        assert_eq!(world.asked(), nth + 1, "one notification for {node}");
    }
}
