//! The push client against addresses, token services and a WNS that mean harm.

use std::time::Duration;

use modegate_core::push::address::AddressError;
use modegate_core::push::answer::Outcome;
use modegate_core::push::token::{NetworkFault, TokenError};
use modegate_core::push::wake::WakeOptions;
use modegate_core::secret::Secret;
use modegate_server::clock::Clock;
use modegate_server::config::Wns;
use modegate_server::wns::client::{PushError, SetupError, WnsClient};
use modegate_sim::mock_wns::{MockWns, Reply};

use crate::push::wns_bench::{APP_SECRET, Bench, logs};

#[tokio::test]
async fn hostile_uris_are_refused_before_a_token_is_asked_for() {
    use AddressError::*;
    let bench = Bench::new().await;
    let port: u16 = bench
        .mock
        .host_suffix()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let long = format!(
        "https://db5.notify.windows.com/?token={}",
        "A".repeat(100_000)
    );
    let here = |rest: &str| format!("http://127.0.0.1:{rest}");
    let rows = [
        (String::new(), Empty),
        ("https://evil.test/?token=a".to_owned(), Host),
        (
            "https://notify.windows.com.evil.test/?token=a".to_owned(),
            Host,
        ),
        ("https://evilnotify.windows.com/?token=a".to_owned(), Host),
        ("https://169.254.169.254/latest/meta-data".to_owned(), Host),
        ("https://notify.windows.com@evil.test/".to_owned(), UserInfo),
        ("https://u:p@db5.notify.windows.com/".to_owned(), UserInfo),
        (
            "https://db5.notify.windows.com:8443/".to_owned(),
            Port(8443),
        ),
        ("http://db5.notify.windows.com/?token=a".to_owned(), Scheme),
        (
            "https://db5.notify.windows.com/?token=a#b".to_owned(),
            Fragment,
        ),
        (
            "https://db5.notify.windows.com/\r\nX: y".to_owned(),
            Character(31),
        ),
        (
            "https://db5.notify.windows.com/\0".to_owned(),
            Character(31),
        ),
        ("https://db5.notify.windows.com/ü".to_owned(), Character(31)),
        (
            "https://db5.notify.windows.com/a/../b".to_owned(),
            NotAsGiven,
        ),
        (long, TooLong(100_038)),
        (here("1/?token=a"), Port(1)),
        (format!("http://localhost:{port}/"), Scheme),
        (format!("http://127.0.0.2:{port}/"), Scheme),
        (format!("http://2130706433:{port}/"), NotAsGiven),
    ];
    for (uri, expected) in rows {
        let refused = bench.push(&Secret::new(&uri)).await;
        assert_eq!(refused, Err(PushError::Address(expected)), "{uri:.60}");
    }
    assert_eq!(bench.mock.token_requests(), 0);
    assert!(bench.mock.requests().is_empty());
}

/// What is tried once more on another connection.
fn breaks_before_an_answer(reply: &Reply) -> bool {
    match reply {
        Reply::HangsUp => true,
        Reply::Garbage(bytes) => !bytes.starts_with(b"HTTP/"),
        _ => false,
    }
}

#[tokio::test]
async fn hostile_token_answers_are_errors() {
    let token = |body: &str| Reply::body(200, body);
    let huge = format!("{{\"access_token\":\"{}\"}}", "t".repeat(1_000_000));
    let rows = [
        token(""),
        token("nonsense"),
        token("{}"),
        token("{\"access_token\":{\"a\":1}}"),
        token("{\"access_token\":\"a\\u0000b\"}"),
        token("{\"access_token\":\"a\\r\\nX-Evil: 1\"}"),
        token(&huge),
        token(&"[".repeat(60_000)),
        Reply::Endless(200),
        Reply::Endless(400),
        Reply::Stalls(200),
        Reply::HangsUp,
        Reply::Garbage(b"SSH-2.0-nonsense\r\n\r\n".to_vec()),
        Reply::Garbage(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{".to_vec()),
        Reply::code(302).with("Location", "/elsewhere"),
        Reply::code(500),
        Reply::code(400),
    ];
    let bench = Bench::hasty().await;
    let uri = bench.mint();
    let mut requests = 0;
    for reply in rows {
        bench.mock.next_token(reply.clone());
        requests += 1;
        if breaks_before_an_answer(&reply) {
            bench.mock.next_token(reply.clone());
            requests += 1;
        }
        let failed = bench.push(&uri).await;
        assert!(
            matches!(failed, Err(PushError::Token(_))),
            "{reply:.60?} {failed:?}"
        );
        assert_eq!(bench.mock.token_requests(), requests);
        bench.later(60);
    }
    assert!(bench.mock.requests().is_empty());
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
}

#[tokio::test]
async fn whatever_wns_does_there_is_an_end() {
    let bench = Bench::hasty().await;
    let uri = bench.mint();
    let rows = [
        (
            Reply::Late(Duration::from_secs(600)),
            Err(NetworkFault::Timeout),
        ),
        // Code and headers are the answer, whatever the body does.
        (Reply::Endless(410), Ok(Outcome::Gone)),
        (Reply::Stalls(410), Ok(Outcome::Gone)),
        (
            Reply::code(307).with("Location", "http://127.0.0.1:1/"),
            Ok(Outcome::Redirect),
        ),
        (
            Reply::code(302).with("Location", "/?token=other"),
            Ok(Outcome::Redirect),
        ),
        (
            Reply::body(410, "the Domain is Blocked"),
            Ok(Outcome::SenderBlocked),
        ),
    ];
    for (n, (reply, expected)) in rows.into_iter().enumerate() {
        bench.mock.next_push(reply.clone());
        let got = bench.push(&uri).await.map(|answer| answer.outcome);
        assert_eq!(got, expected.map_err(PushError::Network), "{reply:?}");
        assert_eq!(bench.mock.requests().len(), n + 1);
    }
}

#[tokio::test]
async fn what_breaks_is_sent_once_more_and_not_again() {
    let bench = Bench::hasty().await;
    let uri = bench.mint();
    for broken in [
        Reply::HangsUp,
        Reply::Garbage(b"\x16\x03\x01nonsense".to_vec()),
    ] {
        bench.mock.next_push(broken.clone());
        assert_eq!(bench.outcome(&uri).await, Outcome::Received);
        let before = bench.mock.requests().len();
        bench.mock.next_push(broken.clone());
        bench.mock.next_push(broken);
        let failed = bench.push(&uri).await;
        assert_eq!(failed, Err(PushError::Network(NetworkFault::Broken)));
        assert_eq!(bench.mock.requests().len(), before + 2);
    }
}

#[tokio::test]
async fn no_notification_is_lost_to_a_pooled_connection_that_was_closed() {
    let bench = Bench::hasty().await;
    let uri = bench.mint();
    bench.mock.cut_reused_connections(true);
    for sent in 1..=10 {
        assert_eq!(bench.outcome(&uri).await, Outcome::Received);
        assert_eq!(bench.mock.received().len(), sent);
    }
    assert!(
        bench.mock.requests().len() > 10,
        "no connection was used twice: the test shows nothing"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_like_any_other() {
    let bench = Bench::hasty().await;
    let uri = bench.mint();
    bench.client.check(&bench.credentials).await.unwrap();
    let Bench {
        mock,
        client,
        credentials,
        ..
    } = bench;
    mock.stop().await;
    let failed = client
        .push(&credentials, &uri, WakeOptions::default())
        .await;
    assert!(matches!(failed, Err(PushError::Network(_))), "{failed:?}");
}

#[tokio::test]
async fn https_is_spoken_with_those_who_are_trusted() {
    let mock = MockWns::start_https().await.unwrap();
    let bench = Bench::with(mock, Duration::from_secs(20));
    let uri = bench.mint();
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
    let options = Wns {
        token_url: Some(bench.mock.token_url()),
        host_suffix: Some(bench.mock.host_suffix()),
        ..Wns::default()
    };
    let stranger = WnsClient::new(&options, Clock::default()).unwrap();
    let failed = stranger
        .push(&bench.credentials, &uri, WakeOptions::default())
        .await;
    let connect = TokenError::Network(NetworkFault::Connect);
    assert_eq!(failed, Err(PushError::Token(connect)));
    // The same host in plain http is not what was minted, and nothing answers there.
    bench.mock.next_push(Reply::HangsUp);
    bench.mock.next_push(Reply::HangsUp);
    let broken = bench.push(&uri).await;
    assert_eq!(broken, Err(PushError::Network(NetworkFault::Broken)));
}

#[test]
fn plain_http_stays_on_loopback() {
    let with = |token_url: &str, suffix: Option<&str>| {
        let options = Wns {
            token_url: Some(token_url.to_owned()),
            host_suffix: suffix.map(str::to_owned),
            ..Wns::default()
        };
        WnsClient::new(&options, Clock::default()).map(|_| ())
    };
    assert_eq!(with("http://127.0.0.1:1/t", None), Ok(()));
    assert_eq!(
        with("https://proxy.test/t", Some("proxy.test:8443")),
        Ok(())
    );
    for wrong in [
        "http://proxy.test/t",
        "ftp://127.0.0.1/",
        "nonsense",
        "https://u:p@proxy.test/",
    ] {
        assert_eq!(with(wrong, None), Err(SetupError::TokenUrl), "{wrong}");
    }
    assert!(matches!(
        with("https://a.test", Some("a b")),
        Err(SetupError::Suffix(_))
    ));
}

#[tokio::test]
async fn neither_uri_nor_token_nor_secret_is_ever_shown() {
    let bench = Bench::hasty().await;
    let uri = bench.mint();
    let mut shown = String::new();
    bench.mock.next_token(Reply::body(
        400,
        &format!("{{\"error\":\"{APP_SECRET}\",\"error_description\":\"{APP_SECRET}\"}}"),
    ));
    shown += &format!("{:?}\n", bench.push(&uri).await);
    bench.later(60);
    let echo = |code, text: &str| Reply::code(code).with("X-WNS-Error-Description", text);
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
    let bearer = bench.mock.requests()[0].authorization.clone();
    let token = bearer.reveal().strip_prefix("Bearer ").unwrap().to_owned();
    for reply in [
        echo(403, uri.reveal()),
        echo(400, bearer.reveal()),
        echo(400, &format!("token={token};uri={}", uri.reveal())),
        Reply::code(302).with("Location", uri.reveal()),
        Reply::HangsUp,
        Reply::Late(Duration::from_secs(600)),
    ] {
        bench.mock.next_push(reply);
        match bench.push(&uri).await {
            Ok(answer) => {
                shown += &format!("{answer:?}\n{}\n", serde_json::to_string(&answer).unwrap());
            }
            Err(error) => shown += &format!("{error:?} {error}\n"),
        }
    }
    // One short enough to pass for a word of a message.
    let short = "tok5hort";
    bench.later(60);
    bench.mock.expire_tokens();
    let granted = format!("{{\"access_token\":\"{short}\"}}");
    bench.mock.next_token(Reply::body(200, &granted));
    bench.mock.next_push(Reply::code(401));
    bench
        .mock
        .next_push(echo(400, &format!("Bearer {short} is bad")));
    let answer = bench.push(&uri).await.unwrap();
    assert_eq!(answer.description.as_deref(), Some("Bearer *** is bad"));
    for hostile in [
        "https://evil.test/?token=AwYHOSTILE",
        "https://u:AwYHOSTILE@notify.windows.com/",
    ] {
        let error = bench.push(&Secret::new(hostile)).await.unwrap_err();
        shown += &format!("{error:?} {error}\n");
    }
    shown += &format!("{:?} {:?}\n", bench.client, bench.credentials);
    let logged = String::from_utf8_lossy(&logs().lock().unwrap()).into_owned();
    let secret_part = uri.reveal().split_once("token=").unwrap().1;
    for secret in [
        secret_part,
        token.as_str(),
        short,
        APP_SECRET,
        "app%2Fsecret",
        "AwYHOSTILE",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
        assert!(!logged.contains(secret), "{secret} in the logs");
    }
    assert!(!logged.is_empty(), "the logs were looked at");
}
