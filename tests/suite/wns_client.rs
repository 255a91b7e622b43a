//! The push client against a mock WNS, over real sockets.

use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use modegate::clock::Timestamp;
use modegate::mock_wns::{App, Documented, Form, MockWns, Reply};
use modegate::push::NetworkFault;
use modegate::push::address::AddressError;
use modegate::push::answer::{Action, Connection, Outcome, Retry, RetryKind};
use modegate::push::client::{Notification, Options, PushError, SetupError, WnsClient};
use modegate::push::profile::{PackageSid, Pfn};
use modegate::push::token::{Credentials, TenantId, TokenError};
use modegate::secret::Secret;
use tokio::sync::Semaphore;

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const APP_SECRET: &str = "app/secret+1";
const DEVICE: &str = "tablet-1";

/// A mock with one app, and a client for it whose clock stands still until it is moved.
struct Bench {
    mock: MockWns,
    client: Arc<WnsClient>,
    credentials: Credentials,
    clock: Arc<AtomicI64>,
}

impl Bench {
    async fn new() -> Bench {
        Bench::with(MockWns::start().await.unwrap(), Duration::from_secs(20))
    }

    /// One that gives up soon, for servers that never end.
    async fn hasty() -> Bench {
        Bench::with(MockWns::start().await.unwrap(), Duration::from_secs(1))
    }

    fn with(mock: MockWns, timeout: Duration) -> Bench {
        logs();
        let sid = PackageSid::of(&Pfn::parse(PFN).unwrap());
        mock.register(App {
            pfn: PFN.to_owned(),
            form: Form::Legacy,
            client_id: sid.to_string(),
            secret: Secret::new(APP_SECRET),
            token_life_s: 86_400,
        });
        let options = Options {
            token_url: Some(mock.token_url()),
            host_suffix: Some(mock.host_suffix()),
            ca: mock.ca().map(|pem| pem.as_bytes().to_vec()),
            timeout,
        };
        let clock = Arc::new(AtomicI64::new(Timestamp::now().0));
        let read = Arc::clone(&clock);
        let now = Arc::new(move || Timestamp(read.load(SeqCst)));
        Bench {
            client: Arc::new(WnsClient::new(&options, now).unwrap()),
            credentials: Credentials::Legacy {
                sid,
                secret: Secret::new(APP_SECRET),
            },
            mock,
            clock,
        }
    }

    fn mint(&self) -> Secret {
        self.mock.mint(PFN, DEVICE)
    }

    async fn push(&self, uri: &Secret) -> Result<modegate::push::answer::Answer, PushError> {
        let notification = Notification::default();
        self.client.push(&self.credentials, uri, notification).await
    }

    async fn outcome(&self, uri: &Secret) -> Outcome {
        self.push(uri).await.unwrap().outcome
    }

    fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, SeqCst);
    }
}

/// Everything that is logged in this process, in the finest grain.
fn logs() -> Arc<Mutex<Vec<u8>>> {
    #[derive(Clone)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    static LOGS: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    Arc::clone(LOGS.get_or_init(|| {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let sink = Sink(Arc::clone(&kept));
        // The mock is the other side: what its framework logs is not ours.
        let filter =
            "modegate=trace,reqwest=trace,hyper=trace,hyper_util=trace,rustls=trace,log=trace";
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(move || sink.clone())
            .try_init();
        kept
    }))
}

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
    let urgent = Notification {
        ttl_s: 0,
        high_priority: true,
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
    bench.mock.throttle(&uri, Some(90));
    let answer = bench.push(&uri).await.unwrap();
    assert_eq!(
        (answer.outcome, answer.asked_ms),
        (Outcome::ChannelThrottled, Some(90_000))
    );
    bench.mock.throttle(&uri, None);
    bench.mock.block(PFN, true);
    assert_eq!(bench.outcome(&uri).await, Outcome::SenderBlocked);
    bench.mock.block(PFN, false);
    bench.mock.revoke(&uri);
    assert_eq!(bench.outcome(&uri).await, Outcome::Gone);
    let other = bench.mint();
    assert_eq!(bench.outcome(&other).await, Outcome::Received);
    bench.mock.expire(&other);
    assert_eq!(bench.outcome(&other).await, Outcome::Gone);
    let foreign = bench.mock.mint("Other.App_8wekyb3d8bbwe", DEVICE);
    assert_eq!(bench.outcome(&foreign).await, Outcome::ChannelRefused);
    // Re-encoded, it is another URI.
    let changed = Secret::new(bench.mint().reveal().replace('+', "%2B"));
    assert_eq!(bench.outcome(&changed).await, Outcome::UnknownChannel);
}

#[tokio::test]
async fn a_device_that_is_away_gets_the_latest_when_it_is_back() {
    let bench = Bench::new().await;
    let uri = bench.mint();
    bench.mock.connect(&uri, false);
    for _ in 0..3 {
        let answer = bench.push(&uri).await.unwrap();
        assert_eq!(answer.connection, Some(Connection::Disconnected));
    }
    assert!(bench.mock.received().is_empty());
    bench.mock.connect(&uri, true);
    assert_eq!(bench.mock.received().len(), 1);
}

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
                    .push(&credentials, &uri, Notification::default())
                    .await
            })
        })
        .collect();
    while bench.mock.token_requests() == 0 {
        tokio::task::yield_now().await;
    }
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
        secret: Secret::new("s"),
        token_life_s: 86_399,
    });
    let credentials = Credentials::Entra {
        tenant: TenantId::parse("contoso.test").unwrap(),
        client_id: id.to_owned(),
        secret: Secret::new("s"),
    };
    let options = |url| Options {
        token_url: Some(url),
        host_suffix: Some(bench.mock.host_suffix()),
        ..Options::default()
    };
    let now = || Arc::new(Timestamp::now);
    let entra = options(bench.mock.entra_token_url("contoso.test"));
    let client = WnsClient::new(&entra, now()).unwrap();
    let uri = bench.mock.mint(pfn, DEVICE);
    let answer = client
        .push(&credentials, &uri, Notification::default())
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
    for (n, reply) in rows.into_iter().enumerate() {
        bench.mock.next_token(reply.clone());
        let failed = bench.push(&uri).await;
        assert!(
            matches!(failed, Err(PushError::Token(_))),
            "{reply:.60?} {failed:?}"
        );
        assert_eq!(bench.mock.token_requests(), n + 1);
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
        (Reply::HangsUp, Err(NetworkFault::Broken)),
        (
            Reply::Garbage(b"\x16\x03\x01nonsense".to_vec()),
            Err(NetworkFault::Broken),
        ),
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
        .push(&credentials, &uri, Notification::default())
        .await;
    assert!(matches!(failed, Err(PushError::Network(_))), "{failed:?}");
}

#[tokio::test]
async fn https_is_spoken_with_those_who_are_trusted() {
    let mock = MockWns::start_https().await.unwrap();
    let bench = Bench::with(mock, Duration::from_secs(20));
    let uri = bench.mint();
    assert_eq!(bench.outcome(&uri).await, Outcome::Received);
    let options = Options {
        token_url: Some(bench.mock.token_url()),
        host_suffix: Some(bench.mock.host_suffix()),
        ..Options::default()
    };
    let stranger = WnsClient::new(&options, Arc::new(Timestamp::now)).unwrap();
    let failed = stranger
        .push(&bench.credentials, &uri, Notification::default())
        .await;
    let connect = TokenError::Network(NetworkFault::Connect);
    assert_eq!(failed, Err(PushError::Token(connect)));
    // The same host in plain http is not what was minted, and nothing answers there.
    bench.mock.next_push(Reply::HangsUp);
    let broken = bench.push(&uri).await;
    assert_eq!(broken, Err(PushError::Network(NetworkFault::Broken)));
}

#[test]
fn plain_http_stays_on_loopback() {
    let with = |token_url: &str, suffix: Option<&str>| {
        let options = Options {
            token_url: Some(token_url.to_owned()),
            host_suffix: suffix.map(str::to_owned),
            ..Options::default()
        };
        WnsClient::new(&options, Arc::new(Timestamp::now)).map(|_| ())
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
        APP_SECRET,
        "app%2Fsecret",
        "AwYHOSTILE",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
        assert!(!logged.contains(secret), "{secret} in the logs");
    }
    assert!(!logged.is_empty(), "the logs were looked at");
}
