//! `config check` finds in the files what `serve` would refuse, and both warn of what
//! will be refused later, or by others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::api::alerts;
use crate::cli::configuration::{ConfigDir, Served, err, out};
use crate::harness::Server;
use crate::program::program;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A data directory that a server has made and serves no more.
async fn made(own: &Path) -> PathBuf {
    let dir = own.join("data");
    let mut server = Server::in_dir(&dir, &[]);
    server.register(json!({"source": "d"})).await;
    server.signal("TERM");
    server.wait();
    dir
}

/// What `config check` writes with these arguments, and its exit code.
fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = program();
    let output = command.args(["config", "check"]).args(arguments).output();
    let output = output.unwrap();
    (output.status.code(), out(&output))
}

/// What `serve` says to standard error where it does not start.
fn not_served(arguments: &[&str]) -> String {
    let mut command = program();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let output = command.args(serve).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    err(&output)
}

/// A certificate in the middle of its life, unless it is changed, and its key.
fn certificate(name: &str, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (in_days(-300), in_days(300));
    change(&mut params);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// The day that is so many days from today.
fn in_days<T>(days: i64) -> T
where
    T: From<std::time::SystemTime>,
{
    let now = modegate_server::clock::Clock::default().now();
    let ms = u64::try_from(now.plus_ms(days * 24 * 60 * 60 * 1000).0).unwrap();
    T::from(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms))
}

#[tokio::test]
async fn a_check_finds_what_serve_would_refuse() {
    let own = tempfile::tempdir().unwrap();
    let dir = made(own.path()).await;
    let (good, _) = certificate("localhost", |_| ());
    let (_, other_key) = certificate("localhost", |_| ());
    let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let of_rsa = params.self_signed(&rsa).unwrap().pem();
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let no_x509 = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let database = fs::read(dir.join("modegate.db")).unwrap();
    let newer = own.path().join("newer.db");
    fs::write(&newer, &database).unwrap();
    let sql = "INSERT INTO refinery_schema_history SELECT 999, name, applied_on, checksum FROM refinery_schema_history LIMIT 1";
    let db = rusqlite::Connection::open(&newer).unwrap();
    db.execute(sql, []).unwrap();
    drop(db);
    let newer = fs::read(&newer).unwrap();
    type Files<'a> = Vec<(&'a str, Option<&'a [u8]>)>;
    let cases: Vec<(Files, &str)> = vec![
        (
            vec![("key", Some(b"short"))],
            "expected 64 hexadecimal digits",
        ),
        (vec![("key", None)], "no other key opens it"),
        (
            vec![("server.pem", Some(b"nothing"))],
            "expected a certificate in PEM",
        ),
        (vec![("server.pem", None)], "server.pem is missing, but"),
        (
            vec![("server-key.pem", None)],
            "server-key.pem is missing, but",
        ),
        (
            vec![("server-key.pem", Some(b"nothing"))],
            "expected a private key in PEM",
        ),
        (
            vec![("server-key.pem", Some(encrypted.as_bytes()))],
            "found an encrypted one",
        ),
        (
            vec![
                ("server.pem", Some(good.as_bytes())),
                ("server-key.pem", Some(other_key.as_bytes())),
            ],
            "expected the certificate of server-key.pem first",
        ),
        (
            vec![
                ("server.pem", Some(of_rsa.as_bytes())),
                (
                    "server-key.pem",
                    Some(rsa.serialize_pem().leak().as_bytes()),
                ),
            ],
            "--allow-rsa",
        ),
        (
            vec![(
                "modegate.db",
                Some(b"this is no database, but it is a file with text in it"),
            )],
            "not a database",
        ),
        (
            vec![("modegate.db", Some(&newer))],
            "created by a newer modegate",
        ),
        (vec![("admin-token", Some(b""))], "expected a token"),
    ];
    for (files, why) in cases {
        let mut kept = Vec::new();
        for (name, content) in files {
            let path = dir.join(name);
            kept.push((path.clone(), fs::read(&path).unwrap()));
            match content {
                Some(content) => fs::write(&path, content).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
        }
        let before = fs::read_dir(&dir).unwrap().count();
        let (code, said) = check(&["--data", text(&dir)]);
        assert_eq!(code, Some(1), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(
            fs::read_dir(&dir).unwrap().count(),
            before,
            "a check writes nothing"
        );
        let serve = not_served(&["--data", text(&dir)]);
        assert!(serve.contains(why), "{why}: {serve}");
        for (path, content) in kept {
            fs::write(&path, content).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    for (issuers, why) in [
        (&b"nothing"[..], "expected a certificate in PEM"),
        (no_x509.as_bytes(), "expected certificates of issuers"),
        (&[0x30, 0x82, 1, 1, 1], "found binary data"),
    ] {
        let file = own.path().join("issuers.pem");
        fs::write(&file, issuers).unwrap();
        let arguments = ["--data", text(&dir), "--client-ca", text(&file)];
        let (code, said) = check(&arguments);
        assert_eq!(code, Some(1), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
        assert!(not_served(&arguments).contains(why), "{why}");
    }
    // As it was made, all is well, and beside a running server too.
    let (code, said) = check(&["--data", text(&dir)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("ok: 1 of "), "{said}");
    let server = Server::in_dir(&dir, &[]);
    assert_eq!(check(&["--data", text(&dir)]).0, Some(0));
    server.register(json!({"source": "e"})).await;
}

#[tokio::test]
async fn both_warn_of_what_will_not_work_for_long_or_for_all() {
    let own = tempfile::tempdir().unwrap();
    let dir = made(own.path()).await;
    let issuers = own.path().join("issuers.pem");
    let arguments = [
        "--data",
        text(&dir),
        "--client-ca",
        text(&issuers),
        "--name",
        "mdm.example.org",
    ];
    let authority = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "issuer");
    };
    let install = |(chain, key): (String, String)| {
        fs::write(dir.join("server.pem"), chain).unwrap();
        fs::write(dir.join("server-key.pem"), key).unwrap();
    };
    let good = || certificate("mdm.example.org", |_| ());
    let wildcard = || certificate("*.example.org", |_| ());
    let between = |days: [i64; 2]| {
        certificate("mdm.example.org", |params| {
            (params.not_before, params.not_after) = (in_days(days[0]), in_days(days[1]));
        })
    };
    let issuer = || certificate("issuer", authority).0;
    let old_issuer = certificate("issuer", |params| {
        authority(params);
        params.not_after = in_days(-1);
    });
    let leaf = certificate("a-device", |_| ()).0;
    for (server, of_clients, expected) in [
        (good(), issuer(), None),
        (wildcard(), issuer(), None),
        (
            between([-300, -2]),
            issuer(),
            Some("the server's certificate in server.pem expired on"),
        ),
        (between([-300, 10]), issuer(), Some("expires on")),
        (between([10, 300]), issuer(), Some("is not valid before")),
        (
            certificate("localhost", |_| ()),
            issuer(),
            Some("the server's certificate is not for the name mdm.example.org"),
        ),
        (
            certificate("mdm.example.org", authority),
            issuer(),
            Some("the first certificate in server.pem is a CA's"),
        ),
        (
            good(),
            format!("{}{leaf}", issuer()),
            Some("certificate 2 in"),
        ),
        (good(), old_issuer.0, Some("expired on")),
    ] {
        install(server);
        fs::write(&issuers, of_clients).unwrap();
        let (code, said) = check(&arguments);
        assert_eq!(code, Some(0), "{said}");
        let warnings: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("warning: "))
            .collect();
        assert_eq!(
            warnings.len(),
            usize::from(expected.is_some()),
            "{expected:?}: {said}"
        );
        let mut server = Server::in_dir(&dir, &arguments[2..]);
        if let Some(expected) = expected {
            assert!(warnings[0].contains(expected), "{said}");
            server.logged(expected);
        } else {
            assert!(!server.log().contains("WARN"), "{}", server.log());
        }
        server.signal("TERM");
        server.wait();
        fs::remove_file(dir.with_extension("log")).unwrap();
    }
    install(good());
    for name in ["key", "server-key.pem", "admin-token", "modegate.db"] {
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o640)).unwrap();
        let (code, said) = check(&arguments);
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains(&format!("other users can read {}", text(&dir.join(name)))),
            "{said}"
        );
        let server = Server::in_dir(&dir, &arguments[2..]);
        server.logged("other users can read");
        drop(server);
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        fs::remove_file(dir.with_extension("log")).unwrap();
    }
}

#[tokio::test]
async fn both_warn_of_a_server_password_that_devices_share() {
    let own = tempfile::tempdir().unwrap();
    let dir = made(own.path()).await;
    let (file, password) = (
        own.path().join("modegate.toml"),
        own.path().join("password"),
    );
    fs::write(&password, "s3cret\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    for shares in [true, false] {
        let setting = match shares {
            true => format!("password_file = '{}'\n", text(&password)),
            false => String::new(),
        };
        fs::write(&file, format!("[server_auth]\nname = 'Contoso'\n{setting}")).unwrap();
        let (code, said) = check(&[text(&file), "--data", text(&dir)]);
        assert_eq!(code, Some(0), "{said}");
        let warning = "a device that knows a common password can act";
        assert_eq!(said.contains(warning), shares, "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        let server = Server::in_dir(&dir, &["--config", text(&file)]);
        match shares {
            true => drop(server.logged("make each device one of its own")),
            false => assert!(
                !server.log().contains("common password"),
                "{}",
                server.log()
            ),
        }
        drop(server);
        fs::remove_file(dir.with_extension("log")).unwrap();
    }
}

#[tokio::test]
async fn readiness_and_metrics_tell_of_an_expiry_and_a_reload_ends_it() {
    let own = tempfile::tempdir().unwrap();
    let dir = made(own.path()).await;
    let (chain, key) = certificate("localhost", |params| params.not_after = in_days(5));
    fs::write(dir.join("server.pem"), chain).unwrap();
    fs::write(dir.join("server-key.pem"), key).unwrap();
    let server = Server::in_dir(&dir, &[]);
    let get = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}", server.http))
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, body) = get("/readyz").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["status"]), (200, &json!("ready")));
    let warning = body["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("expires on") && warning.contains("in 4 days"),
        "{warning}"
    );
    let expiry = async || {
        let (_, text) = get("/metrics").await;
        let series = "modegate_certificate_expiry_timestamp_seconds{certificate=\"server\"} ";
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(series))
            .map(str::to_owned);
        value.expect("the series").parse::<i64>().unwrap()
    };
    let now = modegate_server::clock::Clock::default().now().0 / 1000;
    let days = (expiry().await - now) as f64 / 86_400.0;
    assert!((4.9..=5.0).contains(&days), "{days}");
    let alert = alerts::until(&server, "open", "certificate.expiring").await;
    assert_eq!(alert["subject"], "certificate:server");
    assert_eq!(alert["message"], warning);

    // What cannot be read is refused, and the one before stays.
    fs::write(dir.join("server.pem"), "no certificate").unwrap();
    server.signal("HUP");
    alerts::until(&server, "open", "certificate.refused").await;
    alerts::until(&server, "open", "certificate.expiring").await;

    let (chain, key) = certificate("localhost", |_| ());
    fs::write(dir.join("server.pem"), chain).unwrap();
    fs::write(dir.join("server-key.pem"), key).unwrap();
    server.signal("HUP");
    let look =
        async || crate::wait::seen(get("/readyz").await.1, |body| !body.contains("warnings"));
    crate::wait::eventually(crate::wait::DEADLINE, look).await;
    assert!(expiry().await - now > 200 * 86_400);
    for kind in ["certificate.refused", "certificate.expiring"] {
        alerts::until(&server, "cleared", kind).await;
    }
}

#[tokio::test]
async fn pem_is_read_as_windows_and_openssl_save_it() {
    let own = tempfile::tempdir().unwrap();
    let dir = made(own.path()).await;
    let (issuer_key, mut params) = (KeyPair::generate().unwrap(), CertificateParams::default());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer_pem = params.self_signed(&issuer_key).unwrap().pem();
    let issuer = Issuer::new(params, issuer_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap().pem();
    let with_attributes =
        |pem: &str| format!("Bag Attributes\r\n    localKeyID: 01\r\nsubject=CN = x\r\n{pem}");
    let utf_16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    let file = own.path().join("issuers.pem");
    for form in [0, 1, 2] {
        let write = |path: &Path, pem: &str| {
            let bytes = match form {
                0 => format!("\u{feff}{pem}").into_bytes(),
                1 => with_attributes(pem).into_bytes(),
                _ => utf_16(pem),
            };
            fs::write(path, bytes).unwrap();
        };
        write(&dir.join("server.pem"), &format!("{leaf}{issuer_pem}"));
        write(&dir.join("server-key.pem"), &key.serialize_pem());
        write(&file, &issuer_pem);
        let arguments = ["--client-ca", text(&file), "--accept-unknown-devices"];
        let server = Server::in_dir(&dir, &arguments);
        // As the CA to trust, too.
        let url = server.https.replace("127.0.0.1", "localhost");
        let output = program()
            .args(["health", &url, "--ca", text(&file)])
            .output()
            .unwrap();
        assert!(output.status.success(), "form {form}: {}", err(&output));
        let sync = format!("{url}/sync");
        let simulate = [
            "simulate",
            "--url",
            &sync,
            "--ca",
            text(&file),
            "--sessions",
            "1",
        ];
        let output = program().args(simulate).output().unwrap();
        assert!(output.status.success(), "form {form}: {}", err(&output));
        // And in the API.
        let device = server
            .register(json!({"source": format!("device-{form}")}))
            .await;
        let pem = with_attributes(&format!("\u{feff}{}", certificate("a", |_| ()).0));
        let path = format!("/devices/{device}/certificates");
        let (status, answer) = server.api("POST", &path, Some(json!({"pem": pem}))).await;
        assert_eq!(status, 201, "form {form}: {answer}");
    }
}

#[test]
fn serve_warns_in_the_form_of_its_log() {
    let place = ConfigDir::new();
    let serve = ["serve", "--data", "d", "--listen", "127.0.0.1:0"];
    Served::start(place.command(&serve, &[])).end();
    let key = place.0.path().join("d/key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let json = [&serve[..], &["--log-format", "json"]].concat();
    let log = Served::start(place.command(&json, &[])).end();
    let warned = log.lines().filter(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["level"] == "WARN" && line["message"].as_str().unwrap().contains("d/key")
    });
    assert_eq!(warned.count(), 1, "{log}");
}
