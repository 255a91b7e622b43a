//! Signing in by an identity provider, against one over real HTTP.

mod faults;
mod provider;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::{Browser, Page};
use crate::harness::Server;
use provider::{CLIENT, Provider, SECRET, elliptic, return_path, rsa};

/// A server and its provider.
struct Site {
    provider: Provider,
    server: Server,
    _secret: tempfile::TempDir,
}

impl Site {
    fn start(provider: Provider, more: &str) -> Site {
        let directory = tempfile::tempdir().unwrap();
        let secret: PathBuf = directory.path().join("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        // The proxy lets each test case come from an address of its own.
        let settings = format!(
            "trusted_proxies = ['127.0.0.1']\n[web.oidc]\nissuer = '{}'\nclient_id = '{CLIENT}'\n\
             client_secret_file = '{}'\nname = 'Contoso'\n{more}\n\
             [[web.oidc.role]]\nclaim = 'groups'\nvalue = 'helpdesk'\nrole = 'operator'\ngroups = ['north']\n\
             [[web.oidc.role]]\nclaim = 'groups'\nvalue = 'audit'\nrole = 'auditor'\n",
            provider.issuer,
            secret.display(),
        );
        Site {
            server: Server::configured(&settings, &[]),
            provider,
            _secret: directory,
        }
    }

    fn new() -> Site {
        Site::start(Provider::start(None), "")
    }

    fn browser(&self, address: &str) -> Browser {
        let mut browser = Browser::new(&self.server.http);
        browser.headers = vec![("x-forwarded-for", address.to_owned())];
        browser
    }

    /// What the provider says of people from now on.
    fn says(&self, claims: Value) {
        self.provider.behaviour().claims = claims;
    }

    async fn register(&self, source: &str, user: &str) {
        let body = json!({"source": source, "user": user});
        assert_eq!(self.server.api("POST", "/devices", Some(body)).await.0, 201);
    }

    /// Follows the link of a sign-in page, and what comes of it.
    async fn sign_in(&self, browser: &mut Browser, page: &str) -> Page {
        let back = self.leave(browser, page).await;
        browser.get(&back).await
    }

    /// Follows the link to the provider, which signs in: where that sends the browser.
    async fn leave(&self, browser: &mut Browser, page: &str) -> String {
        let page = browser.get(page).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(
            page.words().contains("Sign in with Contoso"),
            "{}",
            page.main()
        );
        let (_, rest) = page.main().split_once("class=\"button\" href=\"").unwrap();
        let start = rest.split('"').next().unwrap().to_owned();
        let page = browser.get(&start).await;
        assert_eq!(page.status, 303, "{page:?}");
        self.provider.sign_in(page.location())
    }
}

const ANN: &str = "Ann@contoso.test";

fn ann() -> Value {
    json!({"email": ANN, "email_verified": true, "groups": ["staff", "helpdesk"]})
}

#[actix_web::test]
async fn the_console_is_open_to_who_has_a_role() {
    let site = Site::new();
    site.says(ann());
    let mut browser = site.browser("203.0.113.1");
    let page = site
        .sign_in(&mut browser, "/console/sign-in?to=%2Fconsole%2Fme%3Fa%3Db")
        .await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/console/me?a=b"),
        "{page:?}"
    );
    assert!(site.provider.behaviour().faults.is_empty());
    let me = browser.get("/console/me").await;
    assert_eq!(me.status, 200);
    assert!(me.contains(ANN), "{}", me.main());
    // An operator, bound to a group.
    assert_eq!(browser.get("/console/devices/new").await.status, 200);
    assert_eq!(browser.get("/console/access").await.status, 403);
    site.register("TABLET-7", "bob@contoso.test").await;
    let devices = browser.get("/console/devices").await;
    assert!(!devices.contains("TABLET-7"), "{}", devices.main());

    let (_, log) = site
        .server
        .api("GET", "/events?type=session.opened", None)
        .await;
    let event = &log["items"][0];
    let detail = event["detail"].as_str().unwrap();
    assert!(
        detail.ends_with("of the console, by OpenID Connect"),
        "{detail}"
    );
    assert!(
        !event.to_string().to_lowercase().contains("contoso.test"),
        "{event}"
    );

    let page = browser
        .submit("/console/me", "/console/sign-out", &[])
        .await;
    assert_eq!((page.status, page.location()), (303, "/console/sign-in"));
    assert_eq!(browser.get("/console/me").await.status, 303);
}

#[actix_web::test]
async fn the_portal_shows_the_devices_of_whom_the_provider_names() {
    let site = Site::new();
    site.register("TABLET-7", "ann@contoso.test").await;
    site.register("TABLET-8", "ANN@contoso.test").await;
    site.register("TABLET-9", "bob@contoso.test").await;
    site.says(ann());
    let mut browser = site.browser("203.0.113.1");
    let page = site
        .sign_in(&mut browser, "/portal/sign-in?to=%2Fportal%2Fdevice")
        .await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/portal/device"),
        "{page:?}"
    );
    let page = browser.get("/portal/device").await;
    assert_eq!(page.status, 200);
    assert!(page.contains("TABLET-7") && page.contains("TABLET-8") && !page.contains("TABLET-9"));
    // The portal's session is none of the console.
    assert_eq!(browser.get("/console").await.status, 303);

    // By the user principal name, where there is no verified address of a device.
    site.says(
        json!({"email": "eve@contoso.test", "email_verified": false, "upn": "bob@contoso.test"}),
    );
    let mut browser = site.browser("203.0.113.1");
    let page = site.sign_in(&mut browser, "/portal/sign-in").await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/portal/apps"),
        "{page:?}"
    );
    assert!(browser.get("/portal/device").await.contains("TABLET-9"));
}

#[actix_web::test]
async fn a_sign_in_survives_a_restart_and_a_provider_that_wants_the_secret_in_the_form() {
    let provider = Provider::start(None);
    provider.behaviour().metadata =
        json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]});
    let mut site = Site::start(provider, "");
    site.says(ann());
    let mut browser = site.browser("203.0.113.1");
    let back = site.leave(&mut browser, "/console/sign-in").await;
    site.server.kill_and_restart();
    browser.base.clone_from(&site.server.http);
    let path = back.split_once('?').unwrap().1;
    let page = browser
        .get(&format!("/console/sign-in/oidc/return?{path}"))
        .await;
    // The redirect URI has the port of the listener, which is another one now: a real site has
    // `web.url`.
    assert_eq!(page.status, 403, "{page:?}");
    assert_eq!(
        site.provider.behaviour().faults,
        ["grant_type or redirect_uri"]
    );

    let provider = site.provider.clone();
    let mut site = Site::start(provider, "[web]\nurl = 'http://modegate.test'");
    let mut browser = site.browser("203.0.113.1");
    let back = site.leave(&mut browser, "/console/sign-in").await;
    site.server.kill_and_restart();
    browser.base.clone_from(&site.server.http);
    let page = browser.get(&back).await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/console"),
        "{page:?}"
    );
}

#[actix_web::test]
async fn cookies_come_back_with_a_browser_that_another_site_sends() {
    let site = Site::new();
    site.says(ann());
    let mut browser = site.browser("203.0.113.1");
    let page = browser.get("/console/sign-in/oidc").await;
    let cookie = page.headers["set-cookie"].clone();
    assert!(
        cookie.starts_with("mgs=") && cookie.ends_with("; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let asked = site.provider.asked(page.location());
    assert_eq!(return_path(&asked), "/console/sign-in/oidc/return");
    assert!(asked["redirect_uri"].starts_with("https://127.0.0.1:"));
    assert!(!asked["state"].contains(&browser.cookies["mgs"]));
    let back = site.provider.sign_in(page.location());
    browser
        .headers
        .push(("sec-fetch-site", "cross-site".to_owned()));
    let page = browser.get(&back).await;
    assert_eq!(page.status, 303, "{page:?}");
    let cookies: Vec<&String> = browser.cookies.keys().collect();
    assert_eq!(cookies, ["mgc"], "the key of the sign-in is gone");
    assert_eq!(browser.get("/console/me").await.status, 200);
}

#[actix_web::test]
async fn a_key_that_is_not_known_is_looked_for_once_a_minute() {
    let site = Site::new();
    site.says(ann());
    let attempt = async || {
        let mut browser = site.browser("203.0.113.1");
        site.sign_in(&mut browser, "/console/sign-in").await.status
    };
    assert_eq!(attempt().await, 303);
    assert_eq!(attempt().await, 303);
    let count = |endpoint| site.provider.count(endpoint);
    assert_eq!(
        (count("openid-configuration"), count("keys"), count("token")),
        (1, 1, 2)
    );
    site.provider.behaviour().rotate("second", rsa("second"));
    assert_eq!(
        attempt().await,
        303,
        "RSA, by the keys that were fetched again"
    );
    assert_eq!(count("keys"), 2);
    site.provider.behaviour().rotate("third", elliptic("third"));
    assert_eq!(attempt().await, 403);
    assert_eq!(count("keys"), 2, "not twice within a minute");
}

#[actix_web::test]
async fn a_provider_behind_tls_is_believed_by_the_ca_that_is_named() {
    let (directory, tls) = certified();
    let ca = directory.path().join("ca.pem");
    let provider = Provider::start(Some(tls));
    let site = Site::start(provider.clone(), &format!("ca = '{}'", ca.display()));
    site.says(ann());
    let mut browser = site.browser("203.0.113.1");
    let page = site.sign_in(&mut browser, "/console/sign-in").await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/console"),
        "{page:?}"
    );

    let site = Site::start(provider, "");
    let page = site
        .browser("203.0.113.1")
        .get("/console/sign-in/oidc")
        .await;
    assert_eq!(page.status, 503, "{page:?}");
}

/// A certificate for localhost from a CA of its own, whose PEM lies in the directory.
fn certified() -> (tempfile::TempDir, std::sync::Arc<rustls::ServerConfig>) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut of_ca = CertificateParams::new(Vec::new()).unwrap();
    of_ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = of_ca.self_signed(&ca_key).unwrap();
    let of_server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = of_server
        .signed_by(&key, &Issuer::new(of_ca, ca_key))
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ca.pem"), ca.pem()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (directory, std::sync::Arc::new(config))
}
