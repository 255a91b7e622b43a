//! How the notification of a wake is sent, as its caller says.

use modegate_core::context::Family;
use modegate_core::push::wake::{Priority, WakeOptions, WakeState};
use serde_json::json;

use crate::harness::Server;
use crate::push::world::World;

#[tokio::test]
async fn ttl_cache_policy_and_priority_of_a_wake_are_those_of_its_notification() {
    let world = World::new().await;
    let cases = [
        (WakeOptions::default(), (Some("3600"), "cache", None)),
        (
            WakeOptions {
                kept_s: Some(600),
                priority: Some(Priority::High),
            },
            (Some("600"), "cache", Some("1")),
        ),
        (
            WakeOptions {
                kept_s: None,
                priority: Some(Priority::VeryLow),
            },
            (None, "no-cache", Some("4")),
        ),
    ];
    for (n, (options, (ttl, policy, priority))) in cases.into_iter().enumerate() {
        let mut tablet = world.device(&format!("d{n}"), Family::Windows81).await;
        world.sync(&mut tablet, "Maintenance").await;
        world.request_wake_by(&tablet, options).await;
        world.woken(&tablet, WakeState::Accepted).await;
        let requests = world.mock.requests();
        let sent = requests.last().unwrap();
        assert_eq!(sent.header("x-wns-ttl"), ttl);
        assert_eq!(sent.header("x-wns-cache-policy"), Some(policy));
        assert_eq!(sent.header("x-wns-priority"), priority);
    }
}

#[tokio::test]
async fn the_api_takes_them_shows_them_and_refuses_what_cannot_be() {
    let server = Server::start_with(&[]);
    let device = server.register(json!({"source": "d"})).await;
    let path = format!("/devices/{device}/wake");
    let ask = async |body| server.api("POST", &path, body).await;
    let (status, wake) = ask(None).await;
    assert_eq!((status, &wake["ttl_seconds"]), (202, &json!(3600)));
    assert_eq!(wake["priority"], json!(null));
    let (status, wake) = ask(Some(json!({"ttl_seconds": 7200, "priority": "high"}))).await;
    assert_eq!(status, 202, "{wake}");
    for (bad, field) in [
        (json!({"ttl_seconds": 0}), "ttl_seconds"),
        (json!({"ttl_seconds": 86_401}), "ttl_seconds"),
        (json!({"cache": false, "ttl_seconds": 60}), "ttl_seconds"),
        (json!({"priority": "urgent"}), "priority"),
        (json!({"ttl": 60}), "ttl"),
    ] {
        let (status, problem) = ask(Some(bad)).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem.to_string().contains(field), "{problem}");
    }
}
