//! What the log of 0.1.0 says of decisions, and what is said of those since.

use modegate_core::audit::replay::Replay;
use modegate_core::policy::PolicySet;

use super::{Old, all};
use crate::audit::replay::log_of;

/// Events of 0.1.0 stay readable; their decisions lack inputs and are counted apart. What was
/// queued then is decided on with inputs from the first exchange on.
#[tokio::test]
async fn decisions_since_the_upgrade_come_out_again() {
    let old = Old::copied();
    let server = old.serve();
    let own = || Replay::by_own([PolicySet::builtin().unwrap()]);
    let before = log_of(&server).await;
    let mut replay = own();
    let mut exchanges = 0;
    for event in before.iter().filter(|event| event.v == 1) {
        exchanges += u64::from(event.exchange.is_some());
        replay.take(event, &mut |difference| panic!("{difference:?}"));
    }
    let totals = replay.finish();
    assert!(exchanges > 0 && totals.exchanges == exchanges, "{totals:?}");
    assert_eq!(totals.without_inputs, totals.decisions);

    let devices = all(&server, "/devices").await;
    let waiting = |device: &&serde_json::Value| device["open_commands"].as_u64() > Some(0);
    for (number, device) in devices.iter().filter(waiting).enumerate() {
        let source = device["source"].as_str().unwrap();
        for mode in ["Machine", "Maintenance"] {
            let message = crate::harness::package1(source, &format!("9{number}{mode}"), 1, "user");
            let query = format!("mode={mode}&Platform=WoA");
            server
                .post(&query, crate::harness::SYNCML, message.into_bytes())
                .await;
        }
    }
    let log = log_of(&server).await;
    let mut replay = own();
    for event in &log {
        replay.take(event, &mut |difference| panic!("{difference:?}"));
    }
    let since = replay.finish();
    assert_eq!(since.without_inputs, totals.without_inputs, "{since:?}");
    assert!(since.agree > 0, "{since:?}");
}
