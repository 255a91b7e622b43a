//! A receiver of NDJSON over HTTPS, whose certificate is from a CA of its own.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::alerts::behind;
use super::{arrived, is_complete, lines, load, sealed, serve};
use crate::receiver::Received;
use crate::wait::{DEADLINE, eventually, seen};

/// A receiver that takes everything.
struct HttpsReceiver {
    port: u16,
    /// Its CA, PEM.
    ca: String,
    got: Arc<Mutex<Vec<Received>>>,
}

impl HttpsReceiver {
    fn start() -> HttpsReceiver {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let of_server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let of_server = of_server.signed_by(&key, &ca).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![of_server.der().clone()], private)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = HttpsReceiver {
            port: listener.local_addr().unwrap().port(),
            ca: ca.as_ref().pem(),
            got: Arc::default(),
        };
        let got = Arc::clone(&receiver.got);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (got, config) = (Arc::clone(&got), Arc::clone(&config));
                std::thread::spawn(move || converse(stream, config, &got));
            }
        });
        receiver
    }

    fn sink(&self) -> String {
        format!("h ocsf https://localhost:{}/in?key=Zq7UrlSecret", self.port)
    }

    /// Writes its CA to a file there.
    fn ca(&self, directory: &Path) -> String {
        let path = directory.join(format!("ca-{}.pem", self.port));
        std::fs::write(&path, &self.ca).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn lines(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        got.iter().flat_map(|one| lines(&one.body)).collect()
    }
}

/// The requests of a connection.
fn converse(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    got: &Mutex<Vec<Received>>,
) -> Option<()> {
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let tls = ServerConnection::new(config).ok()?;
    let mut stream = StreamOwned::new(tls, stream);
    loop {
        let request = Received::from(&mut stream)?;
        got.lock().unwrap().push(request);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .ok()?;
        stream.flush().ok()?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_an_unknown_ca_gets_nothing_and_everything_once_it_is_known() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let (receiver, other) = (HttpsReceiver::start(), HttpsReceiver::start());
    let by = |ca: &str| {
        let set = [
            ("MODEGATE_SIEM_CA", ca),
            ("MODEGATE_SIEM_BEHIND_SECONDS", "2"),
        ];
        serve(&dir, &[&receiver.sink()], &set)
    };
    let server = by(&other.ca(own.path()));
    load(&server, "a", 20).await;
    let look = async || seen(behind(&server, "open").await, |open| open.len() == 1);
    let open = eventually(DEADLINE, look).await;
    assert_eq!(open[0].0, "siem:h");
    assert!(!open[0].1.contains("Zq7UrlSecret"), "{open:?}");
    assert!(receiver.lines().is_empty());
    drop(server);

    let server = by(&receiver.ca(own.path()));
    let size = sealed(&dir);
    is_complete(&dir, &arrived(size, || receiver.lines()), size);
    {
        let got = receiver.got.lock().unwrap();
        assert_eq!(got[0].path, "/in?key=Zq7UrlSecret");
        assert_eq!(got[0].header("content-type"), "application/x-ndjson");
    }
    let look = async || {
        seen(behind(&server, "cleared").await, |cleared| {
            cleared.len() == 1
        })
    };
    assert_eq!(eventually(DEADLINE * 2, look).await[0].0, "siem:h");
    assert!(behind(&server, "open").await.is_empty());
}
