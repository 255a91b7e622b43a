//! A receiver of syslog over TLS.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;

use super::{arrived, is_complete, load, sealed, serve};
use crate::wait::DEADLINE;

/// A receiver.
pub struct SyslogReceiver {
    port: u16,
    certificate: String,
    /// Messages of connections that were read to their end, as far as frames were whole.
    messages: Arc<Mutex<Vec<String>>>,
    /// Whether it breaks connections in the middle.
    pub breaks: Arc<AtomicBool>,
}

impl SyslogReceiver {
    pub fn start() -> SyslogReceiver {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        let made = made.self_signed(&key).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], private)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = SyslogReceiver {
            port: listener.local_addr().unwrap().port(),
            certificate: made.pem(),
            messages: Arc::default(),
            breaks: Arc::default(),
        };
        let (messages, breaks) = (Arc::clone(&receiver.messages), Arc::clone(&receiver.breaks));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let text = take(stream, &config, breaks.load(Ordering::Relaxed));
                let whole = frames(&text.unwrap_or_default());
                messages.lock().unwrap().extend(whole);
            }
        });
        receiver
    }

    pub fn target(&self) -> String {
        format!("syslog+tls://127.0.0.1:{}", self.port)
    }

    /// Writes its CA to a file there.
    pub fn ca(&self, directory: &Path) -> String {
        let path = directory.join("siem-ca.pem");
        std::fs::write(&path, &self.certificate).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The JSON of its messages.
    pub fn lines(&self) -> Vec<Value> {
        let messages = self.messages.lock().unwrap();
        let json = |message: &String| {
            let begin = message.find(" - {").unwrap() + 3;
            serde_json::from_str(&message[begin..]).unwrap()
        };
        messages.iter().map(json).collect()
    }
}

/// What comes on a connection.
fn take(
    mut stream: TcpStream,
    config: &Arc<rustls::ServerConfig>,
    breaks: bool,
) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let mut tls = rustls::ServerConnection::new(Arc::clone(config)).ok()?;
    let mut text = Vec::new();
    let mut all = rustls::Stream::new(&mut tls, &mut stream);
    if breaks {
        // It closes in order once it has shaken hands, and reads nothing.
        while all.conn.is_handshaking() {
            all.conn.complete_io(&mut all.sock).ok()?;
        }
        all.conn.send_close_notify();
        let _ = all.conn.write_tls(&mut all.sock);
        return None;
    }
    // Without the end of TLS, what came may have come in part.
    let _ = all.read_to_end(&mut text);
    tls.send_close_notify();
    let _ = tls.write_tls(&mut stream);
    let _ = stream.flush();
    Some(text)
}

/// The whole frames at the beginning of a text.
fn frames(text: &[u8]) -> Vec<String> {
    let (mut rest, mut found) = (text, Vec::new());
    while let Some(space) = rest.iter().position(|&byte| byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space])
            .unwrap()
            .parse()
            .unwrap();
        assert!(length <= 2_048, "{length}");
        let Some(message) = rest.get(space + 1..space + 1 + length) else {
            break;
        };
        found.push(String::from_utf8(message.to_vec()).unwrap());
        rest = &rest[space + 1 + length..];
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_every_message_whole() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let receiver = SyslogReceiver::start();
    receiver.breaks.store(true, Ordering::Relaxed);
    let sink = format!("s jsonl {}", receiver.target());
    let ca = receiver.ca(own.path());
    let server = serve(&dir, &[&sink], &[("MODEGATE_SIEM_CA", &ca)]);
    load(&server, "a", 40).await;
    let size = sealed(&dir);
    server.logged("could not send events");
    assert!(receiver.lines().is_empty());
    receiver.breaks.store(false, Ordering::Relaxed);
    is_complete(&dir, &arrived(size, || receiver.lines()), size);
    let first = receiver.messages.lock().unwrap()[0].clone();
    assert!(first.starts_with("<110>1 "), "{first}");
    assert!(
        first.contains("Z modegate modegate - server.started - {"),
        "{first}"
    );
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_with_a_strange_certificate_gets_nothing() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let (receiver, other) = (SyslogReceiver::start(), SyslogReceiver::start());
    let sink = format!("s jsonl {}", receiver.target());
    let ca = other.ca(own.path());
    let server = serve(&dir, &[&sink], &[("MODEGATE_SIEM_CA", &ca)]);
    load(&server, "a", 2).await;
    let line = server.logged("could not send events");
    assert!(line.contains("could not connect"), "{line}");
    assert!(receiver.lines().is_empty());
}
