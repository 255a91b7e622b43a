//! Peers that connect and say nothing: they cost others nothing.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use crate::harness::Server;
use crate::wait::DEADLINE;

/// Opens so many silent connections a second until `end` is set, and keeps them open.
fn say_nothing(address: &str, per_second: u32, end: &AtomicBool) -> usize {
    let (begun, mut open) = (Instant::now(), Vec::new());
    while !end.load(Ordering::Relaxed) {
        let due = begun + Duration::from_secs(1) * (open.len() as u32) / per_second;
        // The pace is the attack.
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        open.push(TcpStream::connect(address));
    }
    open.len()
}

fn over_tls(address: &str) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_danger_accept_invalid_certs(true)
        .local_address(address.parse::<std::net::IpAddr>().unwrap())
        .pool_max_idle_per_host(0)
        .timeout(DEADLINE)
        .build()
        .unwrap()
}

/// The slowest of some requests, each over a connection of its own, beside silent peers.
async fn slowest(server: &Server, from: &str, per_second: u32) -> Duration {
    let address = server.https.trim_start_matches("https://").to_owned();
    let (client, end) = (over_tls(from), AtomicBool::new(false));
    let url = format!("{}/healthz", server.https);
    tokio::task::block_in_place(|| {
        scope(|scope| {
            let silent = scope.spawn(|| say_nothing(&address, per_second, &end));
            let slowest = tokio::runtime::Handle::current().block_on(async {
                let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
                while begun.elapsed() < Duration::from_secs(5) {
                    let one = Instant::now();
                    let answer = client.get(&url).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    slowest = slowest.max(one.elapsed());
                    // An honest client comes now and then, while the silent ones grow more.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                slowest
            });
            end.store(true, Ordering::Relaxed);
            assert!(silent.join().unwrap() > 500, "they came");
            slowest
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_clients_do_not_wait_for_silent_ones() {
    // More than the handshakes that two workers took, and more than there are places.
    for config in ["", "[limits]\nconnections = 100\n"] {
        let server = Server::configured(config, &[]);
        for from in ["127.0.0.2", "127.0.0.1"] {
            let took = slowest(&server, from, 400).await;
            assert!(
                took < Duration::from_secs(2),
                "{took:?} from {from}, {config}"
            );
        }
    }
}

#[test]
fn one_that_stays_silent_is_let_go() {
    use std::io::Read as _;
    let server = Server::start_with(&[]);
    let mut stream = TcpStream::connect(server.https.trim_start_matches("https://")).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let begun = Instant::now();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}
