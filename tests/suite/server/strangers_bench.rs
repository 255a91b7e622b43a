//! How long an honest client waits beside strangers, for the table of docs/performance.md:
//!
//! ```text
//! MODEGATE_BENCH=before=target/old/modegate,after=target/release/modegate \
//!     cargo test --test suite -- --ignored --nocapture server::strangers_bench
//! ```

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::strangers::{QUERY, hello};
use crate::harness::SYNCML;
use crate::program::without_settings;

/// How long a request is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of one of the programs, in a directory of its own.
struct Served {
    child: Child,
    http: String,
    https: String,
    token: String,
    _dir: tempfile::TempDir,
}

impl Served {
    fn start(program: &str, config: &str) -> Served {
        let dir = tempfile::tempdir().unwrap();
        let (file, data) = (dir.path().join("modegate.toml"), dir.path().join("data"));
        std::fs::write(&file, config).unwrap();
        let mut command = without_settings(Command::new(program));
        command.args("serve --listen 127.0.0.1:0 --insecure-http 127.0.0.1:0".split(' '));
        command.arg("--data").arg(&data).arg("--config").arg(file);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        { stdout }.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let at = |name: &str| told["listening"][name].as_str().unwrap().to_owned();
        let token = std::fs::read_to_string(data.join("admin-token")).unwrap();
        Served {
            child,
            http: at("http"),
            https: at("https"),
            token: token.trim().to_owned(),
            _dir: dir,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that opens a connection for each request, from this address.
fn client(from: &str) -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_danger_accept_invalid_certs(true)
        .local_address(from.parse::<IpAddr>().unwrap())
        .pool_max_idle_per_host(0)
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// How long each of some requests took, and how many failed.
#[derive(Default)]
struct Waits(Vec<Duration>, usize);

impl Waits {
    async fn ask(&mut self, request: reqwest::RequestBuilder) {
        let begun = Instant::now();
        let status = request.send().await.map(|answer| answer.status().as_u16());
        match status {
            Ok(200) => self.0.push(begun.elapsed()),
            _ => self.1 += 1,
        }
    }

    fn report(mut self, name: &str, case: &str) {
        self.0.sort();
        let at = |share: f64| {
            let last = self.0.len().saturating_sub(1);
            let found = self.0.get((last as f64 * share) as usize);
            found.map_or("-".to_owned(), |took| {
                format!("{:.1}", took.as_secs_f64() * 1e3)
            })
        };
        println!(
            "{name:8} {case:44} answered {:3}, failed {:3}; ms: median {}, slowest {}",
            self.0.len(),
            self.1,
            at(0.5),
            at(1.0)
        );
    }
}

/// Runs `attack` beside `honest`.
async fn beside<T>(attack: impl Fn(&AtomicBool) + Sync, honest: impl AsyncFnOnce() -> T) -> T {
    let end = AtomicBool::new(false);
    tokio::task::block_in_place(|| {
        scope(|scope| {
            let attack = scope.spawn(|| attack(&end));
            let value = tokio::runtime::Handle::current().block_on(honest());
            end.store(true, Ordering::Relaxed);
            attack.join().unwrap();
            value
        })
    })
}

fn pause(end: &AtomicBool) {
    while !end.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A hundred connections that began something and do not go on, where 100 are allowed.
async fn stalled(name: &str, program: &str, from: &str) {
    let served = Served::start(program, "[limits]\nconnections = 100\n");
    let attack = |end: &AtomicBool| {
        let held: Vec<_> = (0..100)
            .map(|nth| {
                let mut stream = TcpStream::connect(&served.http).unwrap();
                let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
                let ping = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
                let _ = stream.write_all(ping);
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(match nth % 2 {
                    0 => b"GET /hea".as_slice(),
                    _ => b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab",
                });
                stream
            })
            .collect();
        pause(end);
        drop(held);
    };
    let waits = beside(attack, async || {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (client, mut waits) = (client(from), Waits::default());
        for _ in 0..3 {
            let url = format!("http://{}/healthz", served.http);
            waits.ask(client.get(url)).await;
        }
        waits
    });
    let case = format!("100 stalled of 127.0.0.1, honest {from}");
    waits.await.report(name, &case);
}

/// 196 silent connections a second.
async fn silent(name: &str, program: &str, from: &str) {
    let served = Served::start(program, "");
    let address: SocketAddr = served.https.parse().unwrap();
    let attack = |end: &AtomicBool| {
        let (begun, mut open) = (Instant::now(), Vec::new());
        while !end.load(Ordering::Relaxed) {
            let due = begun + Duration::from_secs(1) * open.len() as u32 / 196;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let timeout = Duration::from_millis(50);
            open.push(TcpStream::connect_timeout(&address, timeout));
        }
    };
    let waits = beside(attack, async || {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let (client, mut waits) = (client(from), Waits::default());
        for _ in 0..5 {
            let url = format!("https://{}/healthz", served.https);
            waits.ask(client.get(url)).await;
        }
        waits
    });
    let case = format!("196 silent a second of 127.0.0.1, honest {from}");
    waits.await.report(name, &case);
}

/// 24 strangers who name the device that says 25 messages.
async fn naming(name: &str, program: &str, from: &str) {
    let served = Served::start(program, "");
    let sync = format!("http://{}/sync?{QUERY}", served.http);
    let credentials = json!({"username": "u", "password": "right"});
    let new = client("127.0.0.9")
        .post(format!("http://{}/api/v1/devices", served.http))
        .bearer_auth(&served.token)
        .json(&json!({"source": "d", "credentials": credentials}));
    assert_eq!(new.send().await.unwrap().status(), 201);
    let say = |client: &reqwest::Client, session: usize, password: &str| {
        let request = client.post(&sync).header("content-type", SYNCML);
        request.body(hello(session, password))
    };
    let strangers: Vec<_> = (0..24)
        .map(|_| {
            let (client, request) = (client("127.0.0.1"), &say);
            let request = request(&client, 1, "wrong");
            tokio::spawn(async move {
                loop {
                    let _ = request.try_clone().unwrap().send().await;
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (client, mut waits) = (client(from), Waits::default());
    for session in 0..25 {
        waits.ask(say(&client, session, "right")).await;
    }
    for stranger in strangers {
        stranger.abort();
    }
    let case = format!("24 strangers of 127.0.0.1, device {from}");
    waits.report(name, &case);
}

#[ignore = "a measurement"]
#[tokio::test(flavor = "multi_thread")]
async fn honest_clients_beside_strangers() {
    let programs = std::env::var("MODEGATE_BENCH").expect("MODEGATE_BENCH=NAME=PROGRAM,…");
    for from in ["127.0.0.2", "127.0.0.1"] {
        for (name, program) in programs.split(',').filter_map(|one| one.split_once('=')) {
            stalled(name, program, from).await;
            silent(name, program, from).await;
            naming(name, program, from).await;
        }
    }
}
