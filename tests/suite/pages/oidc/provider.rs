//! An identity provider as RFC 6749, RFC 7636 and OpenID Connect Core describe it, written
//! without a line of the server's: it checks what it is asked, and misbehaves on request.

use std::collections::HashMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as URL};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::receiver::Received;

pub const CLIENT: &str = "modegate:console";
/// With characters that a form encodes.
pub const SECRET: &str = "s3cret +/%&";

/// What is asked of the browser.
pub type Asked = HashMap<String, String>;

/// The key that tokens are signed with.
pub enum Signer {
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
    /// HMAC with what everybody can read: the id of the key.
    Hmac,
    None,
}

/// What one endpoint does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    Slow,
    Huge,
    Garbage,
    Redirect,
    Error,
}

/// How it behaves, and what it has seen.
pub struct Behaviour {
    pub signer: Signer,
    pub key_id: &'static str,
    /// The keys that it publishes.
    pub published: Vec<Value>,
    /// Changes of the claims of every token.
    pub claims: Value,
    /// Changes of the metadata.
    pub metadata: Value,
    pub trouble: HashMap<&'static str, Trouble>,
    /// What each endpoint was asked how often.
    pub asked: HashMap<String, usize>,
    /// What was wrong with a request to the token endpoint.
    pub faults: Vec<String>,
    codes: HashMap<String, Asked>,
}

#[derive(Clone)]
pub struct Provider {
    pub issuer: String,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Provider {
    /// One on loopback, over plain HTTP or with this TLS.
    pub fn start(tls: Option<Arc<ServerConfig>>) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = match &tls {
            None => format!("http://127.0.0.1:{port}/realms/tablets"),
            Some(_) => format!("https://localhost:{port}/realms/tablets"),
        };
        let (signer, published) = elliptic("first");
        let behaviour = Behaviour {
            signer,
            key_id: "first",
            published: vec![published],
            claims: json!({}),
            metadata: json!({}),
            trouble: HashMap::new(),
            asked: HashMap::new(),
            faults: Vec::new(),
            codes: HashMap::new(),
        };
        let provider = Provider {
            issuer,
            behaviour: Arc::new(Mutex::new(behaviour)),
        };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (provider, tls) = (serving.clone(), tls.clone());
                std::thread::spawn(move || provider.connection(stream, tls));
            }
        });
        provider
    }

    pub fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour.lock().unwrap()
    }

    /// How often an endpoint was asked.
    pub fn count(&self, endpoint: &str) -> usize {
        let asked = self.behaviour();
        asked.asked.get(endpoint).copied().unwrap_or(0)
    }

    /// What a browser was sent here with; it has to be what a client sends.
    pub fn asked(&self, location: &str) -> Asked {
        let (endpoint, query) = location.split_once('?').expect("a query");
        assert_eq!(endpoint, format!("{}/authorize", self.issuer));
        let asked: Asked = serde_urlencoded::from_str(query).unwrap();
        for (name, expected) in [
            ("response_type", "code"),
            ("response_mode", "query"),
            ("client_id", CLIENT),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], expected, "{name}");
        }
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        assert!(asked["nonce"].len() >= 43 && asked["code_challenge"].len() == 43);
        asked
    }

    /// Signs somebody in: the path to which the browser is sent back, with its query.
    pub fn sign_in(&self, location: &str) -> String {
        let asked = self.asked(location);
        let code = format!("code-{}", self.behaviour().codes.len());
        let back = serde_urlencoded::to_string([("code", &code), ("state", &asked["state"])]);
        let path = return_path(&asked);
        self.behaviour().codes.insert(code, asked);
        format!("{path}?{}", back.unwrap())
    }

    fn connection(&self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Option<()> {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .ok()?;
        match tls {
            None => self.answer(&Received::read(&stream)?, &mut { stream }),
            Some(config) => {
                let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
                let request = Received::from(&mut stream)?;
                self.answer(&request, &mut stream)?;
                stream.conn.send_close_notify();
                stream.flush().ok()
            }
        }
    }

    fn answer(&self, request: &Received, to: &mut impl Write) -> Option<()> {
        let endpoint = request.path.rsplit('/').next()?.to_owned();
        let trouble = {
            let mut behaviour = self.behaviour();
            *behaviour.asked.entry(endpoint.clone()).or_default() += 1;
            behaviour.trouble.get(&*endpoint).copied()
        };
        let (status, body) = match trouble {
            Some(Trouble::Slow) => {
                std::thread::sleep(Duration::from_secs(30));
                return None;
            }
            Some(Trouble::Huge) => (200, json!({"padding": "x".repeat(1 << 20)}).to_string()),
            Some(Trouble::Garbage) => (200, "<html>".to_owned()),
            Some(Trouble::Redirect) => (302, String::new()),
            Some(Trouble::Error) => (500, json!({"error": "oops"}).to_string()),
            None => self.work(&endpoint, request),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nLocation: {}/keys\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n",
            self.issuer
        );
        to.write_all(format!("{head}{body}").as_bytes()).ok()
    }

    fn work(&self, endpoint: &str, request: &Received) -> (u16, String) {
        let issuer = &self.issuer;
        match endpoint {
            "openid-configuration" => {
                let mut metadata = json!({
                    "issuer": issuer,
                    "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/keys"),
                    "response_types_supported": ["code"],
                });
                merge(&mut metadata, &self.behaviour().metadata);
                (200, metadata.to_string())
            }
            "keys" => (200, json!({"keys": self.behaviour().published}).to_string()),
            "token" => match self.token(request) {
                Ok(token) => {
                    let body = json!({
                        "access_token": "a", "token_type": "Bearer", "id_token": token,
                    });
                    (200, body.to_string())
                }
                Err(why) => {
                    self.behaviour().faults.push(why.to_owned());
                    (400, json!({"error": "invalid_grant"}).to_string())
                }
            },
            _ => (404, String::new()),
        }
    }

    /// The ID token for a code, if everything that belongs to it fits.
    fn token(&self, request: &Received) -> Result<String, &'static str> {
        let form: Asked = serde_urlencoded::from_str(&request.body).map_err(|_| "no form")?;
        let has = |name: &str, value: &str| form.get(name).map(String::as_str) == Some(value);
        let encoded =
            |text: &str| serde_urlencoded::to_string([("", text)]).unwrap()[1..].to_owned();
        let pair = format!("{}:{}", encoded(CLIENT), encoded(SECRET));
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let by_post = has("client_id", CLIENT) && has("client_secret", SECRET);
        let takes_post = self
            .behaviour()
            .metadata
            .get("token_endpoint_auth_methods_supported")
            .is_some();
        if takes_post != by_post || !takes_post && request.header("authorization") != basic {
            return Err("the client");
        }
        let code = form.get("code").ok_or("no code")?;
        let asked = self.behaviour().codes.remove(code).ok_or("the code")?;
        let challenge = form.get("code_verifier").ok_or("no verifier")?;
        if URL.encode(Sha256::digest(challenge)) != asked["code_challenge"] {
            return Err("the verifier");
        }
        if !has("grant_type", "authorization_code") || !has("redirect_uri", &asked["redirect_uri"])
        {
            return Err("grant_type or redirect_uri");
        }
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": "248289761001", "nonce": asked["nonce"],
            "iat": now, "exp": now + 300,
        });
        let behaviour = self.behaviour();
        merge(&mut claims, &behaviour.claims);
        Ok(behaviour.signed(&claims))
    }
}

impl Behaviour {
    /// Signs with another key from now on, and publishes that alone.
    pub fn rotate(&mut self, key_id: &'static str, (signer, published): (Signer, Value)) {
        self.signer = signer;
        self.key_id = key_id;
        self.published = vec![published];
    }

    fn signed(&self, claims: &Value) -> String {
        let algorithm = match self.signer {
            Signer::Ec(_) => "ES256",
            Signer::Rsa(_) => "RS256",
            Signer::Hmac => "HS256",
            Signer::None => "none",
        };
        let header = json!({"typ": "JWT", "alg": algorithm, "kid": self.key_id});
        let parts = [&header, claims].map(|part| URL.encode(part.to_string()));
        let text = parts.join(".");
        let signature = match &self.signer {
            Signer::Ec(key) => {
                let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
                signature.as_ref().to_vec()
            }
            Signer::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let random = SystemRandom::new();
                key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Signer::Hmac => {
                let key =
                    aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
                aws_lc_rs::hmac::sign(&key, text.as_bytes())
                    .as_ref()
                    .to_vec()
            }
            Signer::None => Vec::new(),
        };
        format!("{text}.{}", URL.encode(signature))
    }
}

/// The path that a browser is sent back to.
pub fn return_path(asked: &Asked) -> String {
    let rest = asked["redirect_uri"].split_once("://").unwrap().1;
    format!("/{}", rest.split_once('/').unwrap().1)
}

/// A new key on a curve, and how it is published.
pub fn elliptic(key_id: &str) -> (Signer, Value) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = key.public_key().as_ref();
    let (x, y) = point[1..].split_at(32);
    let published = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "kid": key_id, "x": URL.encode(x), "y": URL.encode(y),
    });
    (Signer::Ec(key), published)
}

/// A new RSA key, and how it is published.
pub fn rsa(key_id: &str) -> (Signer, Value) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = key.public_key();
    let (n, e) = (public.modulus(), public.exponent());
    let [n, e] = [n, e].map(|number| URL.encode(number.big_endian_without_leading_zero()));
    let published = json!({"kty": "RSA", "alg": "RS256", "kid": key_id, "n": n, "e": e});
    (Signer::Rsa(Box::new(key)), published)
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        into[name] = value.clone();
    }
}
