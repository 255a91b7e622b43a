//! HTTP/1.1 by hand over any stream, and TLS 1.2 with a client certificate.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sha2::{Digest, Sha256};

/// A new plain connection.
pub(crate) fn connect(to: &str) -> TcpStream {
    let stream = TcpStream::connect(to).expect("connected");
    stream.set_nodelay(true).expect("set");
    stream
}

/// A connection from this address of the machine's own.
pub(crate) fn connect_from(address: Ipv4Addr, to: &str) -> TcpStream {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime");
    }
    let to: SocketAddr = to.parse().expect("an address");
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket
                .bind(SocketAddr::from((address, 0)))
                .expect("an address of this machine");
            let stream = socket.connect(to).await.expect("connected");
            let stream = stream.into_std().expect("a socket");
            stream.set_nonblocking(false).expect("set");
            stream.set_nodelay(true).expect("set");
            stream
        })
    })
}

/// One request on an open connection; the answer's status and body. `None` where
/// the connection ended instead.
pub(crate) fn ask(
    stream: &mut (impl Read + Write),
    head: &str,
    body: &str,
) -> Option<(u16, String)> {
    let answer = exchange(stream, head, body)?;
    Some((answer.status, answer.body))
}

/// An answer as it came.
pub(crate) struct HttpReply {
    pub status: u16,
    /// Its status line and headers.
    pub head: String,
    pub body: String,
    /// All of it.
    pub bytes: usize,
}

/// The same with the whole answer.
pub(crate) fn exchange(
    stream: &mut (impl Read + Write),
    head: &str,
    body: &str,
) -> Option<HttpReply> {
    let text = format!(
        "{head}Host: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).ok()?;
    let (mut buffer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        buffer.extend_from_slice(&chunk[..count]);
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let length = head
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.trim().parse::<usize>().ok());
        if buffer.len() >= end + 4 + length.unwrap_or(0) {
            let status = head.get(9..12).and_then(|status| status.parse().ok());
            let body = String::from_utf8_lossy(&buffer[end + 4..]).into_owned();
            return Some(HttpReply {
                status: status.unwrap_or(0),
                head,
                body,
                bytes: buffer.len(),
            });
        }
    }
}

/// One request that must go well; the answer's body.
pub(crate) fn request(stream: &mut (impl Read + Write), head: &str, body: &str) -> String {
    let (status, answer) = ask(stream, head, body).expect("an answer");
    assert!((200..300).contains(&status), "{status} {answer}");
    answer
}

/// Works on so many threads, each told its number.
pub(crate) fn each_of(threads: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
}

/// A client certificate, and connections that show it.
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
}

impl Tls {
    /// ECDSA P-256, TLS 1.2, a full handshake each time; trusts `ca.pem` of this folder.
    pub(crate) fn new(dir: &Path) -> Tls {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.self_signed(&key).expect("a certificate");
        let certificate = certificate.der().clone();
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(dir.join("ca.pem")).expect("ca.pem");
        roots.add(ca).expect("an issuer");
        let sha256 = Sha256::digest(&certificate).into();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])
            .expect("TLS 1.2")
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![certificate],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("a key that fits");
        config.resumption = Resumption::disabled();
        let config = Arc::new(config);
        Tls { config, sha256 }
    }

    /// A new connection; the handshake is done with the first request.
    pub(crate) fn connect(&self, to: &str) -> StreamOwned<ClientConnection, TcpStream> {
        self.over(connect(to))
    }

    /// The same over this one.
    pub(crate) fn over(&self, stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(Arc::clone(&self.config), name).expect("TLS");
        StreamOwned::new(session, stream)
    }
}
