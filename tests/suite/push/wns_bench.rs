//! A mock WNS with one app, a client for it, and everything that is logged.

use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use modegate_core::push::answer::{Outcome, WnsResponse};
use modegate_core::push::token::Credentials;
use modegate_core::push::wake::WakeOptions;
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::config::Wns;
use modegate_server::wns::client::{PushError, WnsClient};
use modegate_sim::mock_wns::MockWns;

use crate::records::{sid_of, wns_app};

pub const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
pub const APP_SECRET: &str = "app/secret+1";
pub const DEVICE: &str = "tablet-1";

/// A mock with one app, and a client for it whose clock stands still until it is moved.
pub struct Bench {
    pub mock: MockWns,
    pub client: Arc<WnsClient>,
    pub credentials: Credentials,
    pub clock: Arc<AtomicI64>,
}

impl Bench {
    pub async fn new() -> Bench {
        Bench::with(MockWns::start().await.unwrap(), Duration::from_secs(20))
    }

    /// One that gives up soon, for servers that never end.
    pub async fn hasty() -> Bench {
        Bench::with(MockWns::start().await.unwrap(), Duration::from_secs(1))
    }

    pub fn with(mock: MockWns, timeout: Duration) -> Bench {
        logs();
        let sid = sid_of(PFN);
        mock.register(wns_app(PFN, APP_SECRET));
        let options = Wns {
            token_url: Some(mock.token_url()),
            host_suffix: Some(mock.host_suffix()),
            ca: mock.ca().map(|pem| pem.as_bytes().to_vec()),
            timeout,
            ..Wns::default()
        };
        let clock = Arc::new(AtomicI64::new(
            modegate_server::clock::Clock::default().now().0,
        ));
        let read = Arc::clone(&clock);
        let now = Clock::new(move || Timestamp(read.load(SeqCst)));
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

    pub fn mint(&self) -> Secret {
        Secret::new(self.mock.mint(PFN, DEVICE))
    }

    pub async fn push(&self, uri: &Secret) -> Result<WnsResponse, PushError> {
        let notification = WakeOptions::default();
        self.client.push(&self.credentials, uri, notification).await
    }

    pub async fn outcome(&self, uri: &Secret) -> Outcome {
        self.push(uri).await.unwrap().outcome
    }

    pub fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, SeqCst);
    }
}

/// Everything that is logged in this process, in the finest grain.
pub fn logs() -> Arc<Mutex<Vec<u8>>> {
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
        let received = Arc::new(Mutex::new(Vec::new()));
        let sink = Sink(Arc::clone(&received));
        // The mock is the other side: what its framework logs is not ours.
        let filter =
            "modegate=trace,reqwest=trace,hyper=trace,hyper_util=trace,rustls=trace,log=trace";
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(move || sink.clone())
            .try_init();
        received
    }))
}
