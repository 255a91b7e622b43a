//! An enrollment server over TLS that issues certificates, and says what a test wants.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SignatureAlgorithm,
};
use roxmltree::Document;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::super::scripted::{Request, Say};
use super::documents;
use crate::Secret;
use crate::enroll::{EnrollOptions, Family, ServerAddress, SignIn};

pub(super) const TOKEN: &str = "token-of-the-page\"&<";
pub(super) const USER: &str = "ada@contoso.example";
pub(super) const PASSWORD: &str = "correct horse";
const RST: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";

/// What is on its way to the device and may be changed by a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Discover,
    Policies,
    /// The provisioning document, before base64.
    Document,
    /// The answer with the document.
    Token,
    Page,
}

/// Changes an answer; the number says how many of that part went before.
pub(super) type Twist = dyn Fn(Part, usize, String) -> HttpAnswer + Send + Sync;

/// An answer to send.
#[derive(Debug, Clone)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: String,
    pub(super) chunked: bool,
}

impl HttpAnswer {
    pub(super) fn ok(body: impl Into<String>) -> HttpAnswer {
        HttpAnswer {
            status: 200,
            headers: String::new(),
            body: body.into(),
            chunked: false,
        }
    }

    pub(super) fn status(status: u16, body: impl Into<String>) -> HttpAnswer {
        HttpAnswer {
            status,
            ..HttpAnswer::ok(body)
        }
    }
}

/// What the server remembers.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) requests: Vec<String>,
    /// SubjectPublicKeyInfo and document, by token.
    issued: HashMap<String, (Vec<u8>, String)>,
    counts: HashMap<&'static str, usize>,
    return_address: String,
    /// SHA-256 of the certificate that each renewal and sync was made with.
    pub(super) presented: Vec<Option<Vec<u8>>>,
    pub(super) requested: Vec<Vec<u8>>,
    pub(super) renewed: Vec<Vec<u8>>,
}

/// A running server.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) address: SocketAddr,
    pub(super) family: Family,
    pub(super) policy: &'static str,
    /// PEM of the CA that issued the TLS certificate.
    tls_ca: String,
    issuer: Arc<Authority>,
    pub(super) seen: Arc<Mutex<Seen>>,
    twist: Arc<Twist>,
    pub(super) valid_days: i64,
}

/// A certificate authority.
pub(super) struct Authority {
    pub(super) der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Authority {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Authority {
            der,
            issuer: Issuer::new(params, key),
        }
    }
}

/// A public key as a request has it.
struct RequestedKey(Vec<u8>);

impl PublicKeyData for RequestedKey {
    fn subject_public_key_info(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn der_bytes(&self) -> &[u8] {
        // The BIT STRING of an RSA key of 2048 bits follows a header of 24 bytes.
        &self.0[24..]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl Site {
    pub(super) fn start(family: Family) -> Site {
        Site::twisted(family, |_, _, text| HttpAnswer::ok(text))
    }

    pub(super) fn twisted(
        family: Family,
        twist: impl Fn(Part, usize, String) -> HttpAnswer + Send + Sync + 'static,
    ) -> Site {
        Site::with(family, "FULL", 365, twist)
    }

    pub(super) fn with(
        family: Family,
        policy: &'static str,
        valid_days: i64,
        twist: impl Fn(Part, usize, String) -> HttpAnswer + Send + Sync + 'static,
    ) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tls = Authority::new("TLS CA");
        let issuer = Authority::new("Enrollment CA");
        let config = Arc::new(tls_config(&tls, &issuer));
        let site = Site {
            address: listener.local_addr().unwrap(),
            family,
            policy,
            tls_ca: pem(&tls.der),
            issuer: Arc::new(issuer),
            seen: Arc::default(),
            twist: Arc::new(twist),
            valid_days,
        };
        let own = site.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (site, config) = (own.clone(), Arc::clone(&config));
                std::thread::spawn(move || site.serve(stream, config));
            }
        });
        site
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// A device that has the site's CA, with its token.
    pub(super) fn options(&self, sign_in: SignIn) -> EnrollOptions {
        let server = ServerAddress::Url(self.url("/"));
        let mut options = EnrollOptions::new(self.family, server, USER, sign_in);
        options.ca = Some(self.tls_ca.clone().into_bytes());
        options.source = "t".to_owned();
        options
    }

    pub(super) fn with_token(&self) -> EnrollOptions {
        self.options(SignIn::Token(Secret::new("given-out")))
    }

    pub(super) fn root(&self) -> Vec<u8> {
        self.issuer.der.clone()
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }

    fn serve(&self, stream: TcpStream, config: Arc<rustls::ServerConfig>) {
        let connection = rustls::ServerConnection::new(config).unwrap();
        let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream));
        while let Some(request) = receive(&mut reader) {
            let peer = reader.get_ref().conn.peer_certificates();
            let peer = peer.and_then(|chain| chain.first().map(|one| one.to_vec()));
            let answer = self.answer(&request, peer);
            let length = match answer.chunked {
                true => "Transfer-Encoding: chunked".to_owned(),
                false => format!("Content-Length: {}", answer.body.len()),
            };
            let body = match answer.chunked {
                true => format!("{:x}\r\n{}\r\n0\r\n\r\n", answer.body.len(), answer.body),
                false => answer.body,
            };
            let headers = match answer.headers.is_empty() {
                true => "Content-Type: application/soap+xml; charset=utf-8\r\n".to_owned(),
                false => answer.headers,
            };
            let text = format!(
                "HTTP/1.1 {} X\r\n{headers}{length}\r\n\r\n{body}",
                answer.status
            );
            let out = reader.get_mut();
            if out.write_all(text.as_bytes()).is_err() || out.flush().is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request, peer: Option<Vec<u8>>) -> HttpAnswer {
        let line = request.head.lines().next().unwrap_or("").to_owned();
        let mut seen = self.seen.lock().unwrap();
        let number = seen.requests.len();
        seen.requests.push(format!("{line}\n{}", request.body));
        let path = line.split(' ').nth(1).unwrap_or("");
        match path.split('?').next().unwrap_or("") {
            "/EnrollmentServer/Discovery.svc" if line.starts_with("GET") => HttpAnswer::ok(""),
            "/EnrollmentServer/Discovery.svc" => self.discover(&mut seen, request),
            "/EnrollmentServer/w/Policy.svc" => self.policies(&mut seen, request),
            "/EnrollmentServer/w/Enrollment.svc" => self.token(&mut seen, request, peer),
            "/dm" => {
                seen.presented.push(peer);
                let reply = Say::default().to(request, number);
                HttpAnswer {
                    headers: "Content-Type: application/vnd.syncml.dm+xml\r\n".to_owned(),
                    ..HttpAnswer::ok(reply)
                }
            }
            _ => self.page(&mut seen, request, path),
        }
    }

    fn twist(&self, seen: &mut Seen, part: Part, name: &'static str, text: String) -> HttpAnswer {
        let count = seen.counts.entry(name).or_default();
        *count += 1;
        (self.twist)(part, *count - 1, text)
    }

    fn discover(&self, seen: &mut Seen, request: &Request) -> HttpAnswer {
        let policy = match request.body.contains("<AuthPolicy>OnPremise<") {
            true => "OnPremise",
            false => "Federated",
        };
        let body = documents::discover(self, policy);
        let action = "http://schemas.microsoft.com/windows/management/2012/01/enrollment/IDiscoveryService/DiscoverResponse";
        let text = documents::envelope(action, &message_id(request), &body);
        self.twist(seen, Part::Discover, "discover", text)
    }

    fn policies(&self, seen: &mut Seen, request: &Request) -> HttpAnswer {
        if user_of(request).is_none() {
            return documents::fault("Authentication", "");
        }
        let action = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy/IPolicy/GetPoliciesResponse";
        let body = documents::policies(self.policy);
        let text = documents::envelope(action, &message_id(request), &body);
        self.twist(seen, Part::Policies, "policies", text)
    }

    fn token(&self, seen: &mut Seen, request: &Request, peer: Option<Vec<u8>>) -> HttpAnswer {
        let Ok(document) = Document::parse(&request.body) else {
            return documents::fault("MessageFormat", "");
        };
        let body = document.descendants();
        let mut tokens = body.filter(|node| {
            let parent = node.parent().map(|up| up.tag_name().name().to_owned());
            node.tag_name().name() == "BinarySecurityToken"
                && parent.as_deref() == Some("RequestSecurityToken")
        });
        let text = tokens.next().and_then(|node| node.text()).unwrap();
        assert!(text.contains("\r\n"), "lines are broken: {text}");
        let text: String = text.split_whitespace().collect();
        let der = STANDARD.decode(text).unwrap();
        if request.body.contains("/Renew<") {
            seen.presented.push(peer);
            seen.renewed.push(der.clone());
            let csr = documents::enclosed_request(&der);
            let key = key_of(&csr);
            let leaf = self.issue(key);
            let text = documents::renewal(self, &leaf);
            return self.document(seen, request, text);
        }
        let Some(user) = user_of(request) else {
            return documents::fault("Authentication", "");
        };
        seen.requested.push(der.clone());
        let key = key_of(&der);
        match seen.issued.get(&user) {
            Some((known, text)) if *known == key => {
                let text = text.clone();
                return self.document(seen, request, text);
            }
            Some(_) => return documents::fault("Authentication", ""),
            None => {}
        }
        let leaf = self.issue(key.clone());
        let text = documents::provisioning(self, &leaf);
        seen.issued.insert(user, (key, text.clone()));
        self.document(seen, request, text)
    }

    fn document(&self, seen: &mut Seen, request: &Request, text: String) -> HttpAnswer {
        let twisted = self.twist(seen, Part::Document, "document", text);
        if twisted.status != 200 {
            return twisted;
        }
        let body = documents::token_response(self.family, &twisted.body);
        let text = documents::envelope(&format!("{RST}/RSTRC/wstep"), &message_id(request), &body);
        self.twist(seen, Part::Token, "token", text)
    }

    /// A certificate for a key, of a subject that the server chose.
    fn issue(&self, key: Vec<u8>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, documents::SUBJECT);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let now = std::time::SystemTime::now();
        let day = std::time::Duration::from_secs(86_400);
        params.not_before = (now - day * 400).into();
        params.not_after = if self.valid_days >= 0 {
            (now + day * self.valid_days as u32).into()
        } else {
            (now - day).into()
        };
        let certificate = params.signed_by(&RequestedKey(key), &self.issuer.issuer);
        certificate.unwrap().der().to_vec()
    }

    /// The sign-in pages: a redirect with a cookie, a form, the token for the return address.
    fn page(&self, seen: &mut Seen, request: &Request, path: &str) -> HttpAnswer {
        let html = |body: String| HttpAnswer {
            headers: "Content-Type: text/html; charset=utf-8\r\n".to_owned(),
            ..HttpAnswer::ok(body)
        };
        let decode = |text: &str| {
            let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap();
            pairs.into_iter().collect::<HashMap<_, _>>()
        };
        if let Some(query) = path.strip_prefix("/sign-in?") {
            let query = decode(query);
            assert_eq!(query["login_hint"], USER);
            seen.return_address.clone_from(&query["appru"]);
            let headers = "Location: /sign-in/form\r\nSet-Cookie: pre=abc; Path=/; Secure\r\n";
            return HttpAnswer {
                headers: headers.to_owned(),
                ..HttpAnswer::status(303, "")
            };
        }
        let has_cookie = request.head.to_lowercase().contains("cookie: pre=abc");
        if !has_cookie {
            return html("<p>no cookie</p>".to_owned());
        }
        let ask = "<!DOCTYPE html><form method=\"post\" action=\"form?step=2\">\
            <input type=\"hidden\" name=\"csrf\" value=\"x&#38;y\"><input name=\"user\">\
            <input type=\"password\" name=\"secret\"><button>Go</button></form>";
        let given = decode(&request.body);
        let right = given.get("secret").map(String::as_str) == Some(PASSWORD)
            && given["csrf"] == "x&y"
            && given["user"] == USER;
        if !right {
            return html(ask.to_owned());
        }
        let escaped = TOKEN
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;");
        let handed = format!(
            "<form method='post' action='{}'><input type='hidden' name='wresult' value=\"{escaped}\">\
             <button>Continue</button></form>",
            seen.return_address
        );
        let twisted = self.twist(seen, Part::Page, "page", handed);
        html(twisted.body)
    }
}

/// Whom the header of a message proves: the token, or the name with the right password.
fn user_of(request: &Request) -> Option<String> {
    let document = Document::parse(&request.body).unwrap();
    let header = document.root_element().first_element_child()?;
    let text = |name: &str| {
        let mut below = header.descendants();
        let node = below.find(|node| node.tag_name().name() == name)?;
        node.text().map(str::to_owned)
    };
    if let Some(token) = text("BinarySecurityToken") {
        let token = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
        return [TOKEN, "given-out"]
            .contains(&token.as_str())
            .then_some(token);
    }
    (text("Password")? == PASSWORD).then(|| text("Username"))?
}

fn message_id(request: &Request) -> String {
    let document = Document::parse(&request.body).unwrap();
    let mut nodes = document.descendants();
    let node = nodes
        .find(|node| node.tag_name().name() == "MessageID")
        .unwrap();
    node.text().unwrap().to_owned()
}

fn key_of(csr: &[u8]) -> Vec<u8> {
    let (rest, csr) = X509CertificationRequest::from_der(csr).unwrap();
    assert!(rest.is_empty());
    csr.certification_request_info.subject_pki.raw.to_vec()
}

pub(super) fn pem(der: &[u8]) -> String {
    let lines: Vec<String> = STANDARD
        .encode(der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let text = lines.join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

fn tls_config(tls: &Authority, issuer: &Authority) -> rustls::ServerConfig {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let names = ["localhost", "enterpriseenrollment.contoso.example"];
    let params = CertificateParams::new(names.map(str::to_owned)).unwrap();
    let certificate = params.signed_by(&key, &tls.issuer).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(issuer.der.clone().into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap()
}

fn receive(reader: &mut impl BufRead) -> Option<Request> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Request { head, body })
}
