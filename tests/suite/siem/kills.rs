//! The server is killed while it sends: nothing is lost, and the order stays.

use super::receivers::Receiver;
use super::syslog::SyslogReceiver;
use super::{arrived, is_complete, lines, sealed, serve};
use crate::harness::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_kills_under_load_lose_nothing() {
    let own = tempfile::tempdir().unwrap();
    let (dir, path) = (own.path().join("data"), own.path().join("events"));
    let (http, syslog) = (Receiver::start(), SyslogReceiver::start());
    let sinks = [
        format!("f ocsf file:{}", path.display()),
        format!("h jsonl {}", http.url),
        format!("s ocsf {}", syslog.target()),
    ];
    let sinks = sinks.each_ref().map(String::as_str);
    let ca = syslog.ca(own.path());
    let environment = [("MODEGATE_SIEM_CA", ca.as_str())];
    for round in 0..8 {
        let mut server = serve(&dir, &sinks, &environment);
        let many = registering(&server, round);
        // Anywhere within sealing and sending.
        tokio::time::sleep(std::time::Duration::from_millis(900 + 170 * round)).await;
        server.signal("KILL");
        server.wait();
        many.abort();
    }
    let server = serve(&dir, &sinks, &environment);
    let size = sealed(&dir);
    let file = || lines(&std::fs::read_to_string(&path).unwrap_or_default());
    is_complete(&dir, &arrived(size, file), size);
    is_complete(&dir, &arrived(size, || http.lines()), size);
    is_complete(&dir, &arrived(size, || syslog.lines()), size);
    drop(server);
}

/// Registers devices until it is ended.
fn registering(server: &Server, round: u64) -> tokio::task::JoinHandle<()> {
    let url = format!("{}/api/v1/devices", server.http);
    let (token, client) = (server.token.clone(), reqwest::Client::new());
    tokio::spawn(async move {
        for n in 0.. {
            let body = serde_json::json!({"source": format!("d{round}.{n}")});
            let request = client.post(&url).bearer_auth(&token).json(&body);
            if request.send().await.is_err() {
                return;
            }
        }
    })
}
