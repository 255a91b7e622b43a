//! What began a session of a family that has no modes.

use modegate_core::activity::Trigger;
use modegate_core::context::Family;
use modegate_core::push::wake::WakeState as Wake;

use crate::push::world::{Sim, World};

/// What the latest session is said to have begun by.
async fn latest(world: &World, sim: &Sim) -> Option<Trigger> {
    let events = world.events(sim).await;
    let mut exchanges = events
        .iter()
        .rev()
        .filter_map(|event| event.exchange.as_ref());
    exchanges.find_map(|exchange| exchange.trigger.as_ref().map(|trigger| trigger.likely))
}

#[tokio::test]
async fn a_push_woken_windows_10_session_is_no_logon() {
    let world = World::new().await;
    let mut pc = world.device("pc", Family::Windows10).await;
    world.sync(&mut pc, "Maintenance").await;
    assert_eq!(latest(&world, &pc).await, Some(Trigger::Unknown));
    world.request_wake(&pc).await;
    world.woken(&pc, Wake::Accepted).await;
    world.sync(&mut pc, "Maintenance").await;
    assert_eq!(latest(&world, &pc).await, Some(Trigger::Push));
    world.stop().await;
}
