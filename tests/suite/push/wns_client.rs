//! The push client against a mock WNS, over real sockets: what is documented.

use std::sync::Arc;

use modegate_core::push::answer::{Action, Connection, Outcome, Retry, RetryKind};
use modegate_core::push::token::{Credentials, TenantId, TokenError};
use modegate_core::push::wake::{Priority, WakeOptions};
use modegate_core::secret::Secret;
use modegate_server::clock::Clock;
use modegate_server::config::Wns;
use modegate_server::wns::client::WnsClient;
use modegate_sim::mock_wns::{App, Documented, Form, Reply};
use tokio::sync::Semaphore;

use crate::push::wns_bench::{Bench, DEVICE, PFN};
use crate::wait::{DEADLINE, eventually, seen};

#[tokio::test]
async fn a_notification_is_what_wns_documents() {
    let bench = Bench::new().await;
    let mut woken = bench.mock.subscribe();
    let uri = bench.mint();
    let answer = bench.push(&uri).await.unwrap();
    assert_eq!(answer.action(), Action::Done);
    assert_eq!(answer.connection, Some(Connection::Connected));
    assert_eq!(answer.message_id.as_deref(), Some("4A1B2C3D4E5F6071"));
    let received = woken.recv().await.unwrap();
    assert_eq!(
        (received.pfn.as_str(), received.device.as_str()),
        (PFN, DEVICE)
    );

    let [request] = &bench.mock.requests()[..] else {
        panic!("one request");
    };
    assert_eq!(
        (request.method.as_str(), request.version.as_str()),
        ("POST", "HTTP/1.1")
    );
    assert!(uri.reveal().ends_with(request.target.reveal()));
    assert!(request.authorization.reveal().starts_with("Bearer EgAd"));
    let expected = [
        ("content-type", "application/octet-stream"),
        ("content-length", "8"),
        ("x-wns-type", "wns/raw"),
        ("x-wns-requestforstatus", "true"),
        ("x-wns-cache-policy", "cache"),
        ("x-wns-ttl", "3600"),
    ];
    for (name, value) in expected {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    for absent in [
        "transfer-encoding",
        "x-wns-priority",
        "expect",
        "referer",
        "cookie",
    ] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
    let urgent = WakeOptions {
        kept_s: Some(0),
        priority: Some(Priority::High),
    };
    bench
        .client
        .push(&bench.credentials, &uri, urgent)
        .await
        .unwrap();
    let request = &bench.mock.requests()[1];
    assert_eq!(request.header("x-wns-ttl"), Some("60"));
    assert_eq!(request.header("x-wns-priority"), Some("1"));
    assert_eq!(bench.mock.token_requests(), 1);
}

#[tokio::test]
async fn every_documented_answer_is_understood() {
    use Outcome::*;
    let retry = |kind, seconds: Option<i64>| {
        Action::Retry(Retry {
            kind,
            asked_ms: seconds.map(|s| s * 1000),
        })
    };
    let bench = Bench::new().await;
    let uri = bench.mint();
    for documented in Documented::ALL {
        let (outcome, action) = match documented {
            Documented::Received => (Received, Action::Done),
            Documented::Dropped => (Dropped, Action::LeaveToPoll),
            Documented::ChannelThrottled => {
                (ChannelThrottled, retry(RetryKind::Throttled, Some(60)))
            }
            Documented::BadRequest => (BadRequest, Action::Fault),
            // A new token, and once more.
            Documented::Unauthorized => (Received, Action::Done),
            Documented::Forbidden => (ChannelRefused, Action::ChannelRefused),
            Documented::NotFound => (UnknownChannel, Action::ChannelDead),
            Documented::MethodNotAllowed => (MethodNotAllowed, Action::Fault),
            Documented::NotAcceptable => (Throttled, retry(RetryKind::Throttled, Some(30))),
            Documented::Gone => (Gone, Action::ChannelDead),
            Documented::DomainBlocked => (SenderBlocked, Action::StopProfile),
            Documented::TooLarge => (TooLarge, Action::Fault),
            Documented::ServerError => (ServerError, retry(RetryKind::Server, None)),
            Documented::Unavailable => (Unavailable, retry(RetryKind::Server, Some(30))),
        };
        bench.mock.next_push(documented.reply());
        let answer = bench.push(&uri).await.unwrap();
        assert_eq!(
            (answer.outcome, answer.action()),
            (outcome, action),
            "{documented:?}"
        );
    }
}

#[tokio::test]
async fn the_mocks_own_channels_live_and_die_as_documented() {
    let bench = Bench::new().await;
    let uri = bench.mint();
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
    bench.mock.throttle(uri.reveal(), Some(90));
    let answer = bench.push(&uri).await.unwrap();
    assert_eq!(
        (answer.outcome, answer.asked_ms),
        (Outcome::ChannelThrottled, Some(90_000))
    );
    bench.mock.throttle(uri.reveal(), None);
    bench.mock.block(PFN, true);
    assert_eq!(bench.outcome(&uri).await, Outcome::SenderBlocked);
    bench.mock.block(PFN, false);
    bench.mock.revoke(uri.reveal());
    assert_eq!(bench.outcome(&uri).await, Outcome::Gone);
    let other = bench.mint();
    assert_eq!(bench.outcome(&other).await, Outcome::Received);
    bench.mock.expire(other.reveal());
    assert_eq!(bench.outcome(&other).await, Outcome::Gone);
    let foreign = Secret::new(bench.mock.mint("Other.App_8wekyb3d8bbwe", DEVICE));
    assert_eq!(bench.outcome(&foreign).await, Outcome::ChannelRefused);
    // Re-encoded, it is another URI.
    let changed = Secret::new(bench.mint().reveal().replace('+', "%2B"));
    assert_eq!(bench.outcome(&changed).await, Outcome::UnknownChannel);
}

#[tokio::test]
async fn a_device_that_is_away_gets_the_latest_when_it_is_back() {
    let bench = Bench::new().await;
    let uri = bench.mint();
    bench.mock.connect(uri.reveal(), false);
    for _ in 0..3 {
        let answer = bench.push(&uri).await.unwrap();
        assert_eq!(answer.connection, Some(Connection::Disconnected));
    }
    assert!(bench.mock.received().is_empty());
    bench.mock.connect(uri.reveal(), true);
    assert_eq!(bench.mock.received().len(), 1);
}

#[tokio::test]
async fn an_expired_token_is_replaced_once() {
    let bench = Bench::new().await;
    let uri = bench.mint();
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
    bench.mock.expire_tokens();
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
    assert_eq!(
        (bench.mock.token_requests(), bench.mock.requests().len()),
        (2, 3)
    );
    // WNS rejects whatever it is shown: a minute later one more token, no storm.
    bench.later(60);
    for _ in 0..20 {
        bench.mock.next_push(Documented::Unauthorized.reply());
        bench.mock.next_push(Documented::Unauthorized.reply());
    }
    for _ in 0..10 {
        assert_eq!(bench.outcome(&uri).await, Outcome::TokenRejected);
    }
    assert_eq!(bench.mock.token_requests(), 3);
}

#[tokio::test]
async fn however_many_wait_one_token_is_asked_for() {
    let bench = Bench::new().await;
    let permits = Arc::new(Semaphore::new(0));
    bench.mock.next_token(Reply::Held(Arc::clone(&permits)));
    let pushes: Vec<_> = (0..50)
        .map(|_| {
            let (client, credentials, uri) = (
                Arc::clone(&bench.client),
                bench.credentials.clone(),
                bench.mint(),
            );
            tokio::spawn(async move {
                client
                    .push(&credentials, &uri, WakeOptions::default())
                    .await
            })
        })
        .collect();
    let look = async || seen(bench.mock.token_requests(), |requests| *requests > 0);
    eventually(DEADLINE, look).await;
    permits.add_permits(1);
    for push in pushes {
        assert_eq!(push.await.unwrap().unwrap().action(), Action::Done);
    }
    assert_eq!(bench.mock.token_requests(), 1);
    assert_eq!(bench.mock.received().len(), 50);
}

#[tokio::test]
async fn tokens_of_both_services_work_and_neither_takes_the_others_place() {
    let bench = Bench::new().await;
    let pfn = "Entra.App_8wekyb3d8bbwe";
    let id = "11111111-2222-3333-4444-555555555555";
    bench.mock.register(App {
        pfn: pfn.to_owned(),
        form: Form::Entra,
        client_id: id.to_owned(),
        secret: "s".into(),
        token_life_s: 86_399,
    });
    let credentials = Credentials::Entra {
        tenant: TenantId::parse("contoso.test").unwrap(),
        client_id: id.to_owned(),
        secret: Secret::new("s"),
    };
    let options = |url| Wns {
        token_url: Some(url),
        host_suffix: Some(bench.mock.host_suffix()),
        ..Wns::default()
    };
    let now = Clock::default;
    let entra = options(bench.mock.entra_token_url("contoso.test"));
    let client = WnsClient::new(&entra, now()).unwrap();
    let uri = Secret::new(bench.mock.mint(pfn, DEVICE));
    let answer = client
        .push(&credentials, &uri, WakeOptions::default())
        .await;
    assert_eq!(answer.unwrap().action(), Action::Done);
    // Asked at the wrong service, it is refused there, and that is all.
    let refused = bench.client.check(&credentials).await;
    assert!(matches!(
        refused,
        Err(TokenError::Refused { code: 400, .. })
    ));
    assert_eq!(bench.mock.token_requests(), 2);
}

/// A client that does it wrong is told so: else the mock would prove nothing.
#[tokio::test]
async fn the_mock_is_as_strict_as_wns() {
    let bench = Bench::new().await;
    let uri = bench.mint();
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
    let bearer = bench.mock.requests()[0].authorization.clone();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let good = [
        ("authorization", bearer.reveal()),
        ("content-type", "application/octet-stream"),
        ("x-wns-type", "wns/raw"),
        ("x-wns-cache-policy", "cache"),
        ("x-wns-ttl", "60"),
    ];
    let rows = [
        ("x-wns-ttl", "60", 1, 200),
        ("authorization", "", 1, 401),
        ("authorization", "Bearer other", 1, 401),
        ("content-type", "text/xml", 1, 400),
        ("x-wns-type", "wns/toast", 1, 400),
        ("x-wns-ttl", "0", 1, 400),
        ("x-wns-cache-policy", "maybe", 1, 400),
        ("x-wns-ttl", "60", 0, 400),
        ("x-wns-ttl", "60", 5_000, 200),
        ("x-wns-ttl", "60", 5_001, 413),
    ];
    for (changed, value, length, expected) in rows {
        let mut request = http.post(uri.reveal()).body(vec![b'.'; length]);
        for (name, usual) in good {
            request = request.header(name, if name == changed { value } else { usual });
        }
        let code = request.send().await.unwrap().status().as_u16();
        assert_eq!(code, expected, "{changed}: {value}, {length} bytes");
    }
    let get = http.get(uri.reveal()).send().await.unwrap();
    assert_eq!(get.status().as_u16(), 405);
    let form = "grant_type=client_credentials&client_id=S-1-15-2-1&client_secret=x&scope=notify.windows.com";
    let asked = http
        .post(bench.mock.token_url())
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status().as_u16(), 400);
}
