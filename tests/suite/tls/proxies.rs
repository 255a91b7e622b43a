//! The configurations of docs/proxies.md, run by the proxies themselves.
//!
//! Where a proxy is not installed its test says that it checked nothing, and with
//! `MODEGATE_REQUIRE_TOOLS=1` it fails (`support/tools.rs`).

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modegate_sim::{ClientIdentity, https_client};
use serde_json::json;

use crate::harness::{SYNCML, Server, package1};
use crate::tools::has_tool;
use crate::wait::{DEADLINE, eventually_blocking};

/// A proxy; it ends with the test.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        // It ends its own processes when it is asked to.
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.0.wait();
    }
}

/// The block of docs/proxies.md in that language, of which there is one.
fn sample(language: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/proxies.md");
    let page = fs::read_to_string(page).unwrap();
    let mut blocks = page.split("```").skip(1).step_by(2);
    let block = blocks
        .find_map(|block| block.strip_prefix(language))
        .unwrap();
    block.to_owned()
}

/// The sample with this machine's addresses and files, and the proxy's port.
fn adapted(language: &str, server: &Server, dir: &Path) -> (String, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let upstream = server.https.trim_start_matches("https://");
    let mut text = sample(language);
    let port_text = port.to_string();
    for (from, to) in [
        ("10.0.0.9:8443", upstream),
        // Nobody resolves that here; the certificate is for this name too.
        (
            "modegate.internal:8443",
            &upstream.replace("127.0.0.1", "localhost"),
        ),
        ("listen 443 ", &format!("listen 127.0.0.1:{port_text} ")),
        ("bind :443 ", &format!("bind 127.0.0.1:{port_text} ")),
        ("*:443", &format!("127.0.0.1:{port_text}")),
        ("/etc/nginx", dir.to_str().unwrap()),
        ("/etc/haproxy", dir.to_str().unwrap()),
        ("/etc/apache2", dir.to_str().unwrap()),
    ] {
        text = text.replace(from, to);
    }
    (text, port)
}

/// The proxy's own certificate, its CA's and the server's: those of the server, whose
/// names are those of this machine.
fn files(server: &Server, dir: &Path, in_one: bool) {
    let read = |name: &str| fs::read_to_string(server.dir.join(name)).unwrap();
    let (chain, key, ca) = (read("server.pem"), read("server-key.pem"), read("ca.pem"));
    let first = if in_one {
        format!("{chain}{key}")
    } else {
        chain
    };
    for (name, content) in [
        ("mdm.pem", &first),
        ("mdm-key.pem", &key),
        ("modegate-ca.pem", &ca),
        ("client-ca.pem", &ca),
    ] {
        fs::write(dir.join(name), content).unwrap();
    }
}

/// Starts the proxy, and asks through it as devices and as others do.
async fn try_through(language: &str, start: impl FnOnce(&Path, &str) -> Command) {
    let text = "trusted_proxies = ['127.0.0.1']\nproxy_header = 'X-SSL-Client-Cert'\nnames = ['modegate.internal']\n";
    let server = Server::configured(text, &[]);
    let (own, other) = (
        ClientIdentity::generate("a").unwrap(),
        ClientIdentity::generate("b").unwrap(),
    );
    server
        .register(json!({"source": "a", "certificate_sha256": [own.sha256()]}))
        .await;
    let dir = tempfile::tempdir().unwrap();
    files(&server, dir.path(), language == "haproxy");
    let (text, port) = adapted(language, &server, dir.path());
    let log = fs::File::create(dir.path().join("log")).unwrap();
    let mut command = start(dir.path(), &text);
    command
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .stdin(Stdio::null());
    let mut proxy = Proxy(command.spawn().unwrap());
    let said = || fs::read_to_string(dir.path().join("log")).unwrap();
    eventually_blocking(DEADLINE, || {
        assert!(proxy.0.try_wait().unwrap().is_none(), "{}", said());
        TcpStream::connect(("127.0.0.1", port)).map(drop)
    });
    let ca = fs::read(server.dir.join("ca.pem")).unwrap();
    let forged = STANDARD.encode(own.certificate());
    for (identity, header, expected) in [
        (Some(&own), None, 200),
        (Some(&other), None, 403),
        (None, None, 403),
        (None, Some(forged.as_str()), 403),
        (Some(&other), Some(&forged), 403),
        (Some(&own), Some("junk"), 200),
    ] {
        let client = https_client(Some(&ca), identity).unwrap();
        let mut request = client
            .post(format!(
                "https://127.0.0.1:{port}/sync?mode=Machine&Platform=WoA"
            ))
            .header("content-type", SYNCML)
            .body(package1("a", "1", 1, "none"));
        if let Some(header) = header {
            request = request.header("X-SSL-Client-Cert", header);
            // Some take '_' for '-'.
            request = request.header("X_SSL_Client_Cert", header);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let shown = answer.text().await.unwrap();
        let who = identity.map(ClientIdentity::sha256);
        assert_eq!(
            status,
            expected,
            "{who:?} {header:?}: {shown}\n{}{}",
            said(),
            server.log()
        );
    }
    // No certificate was refused for its form.
    assert!(
        !server.log().contains("X-SSL-Client-Cert:"),
        "{}",
        server.log()
    );
}

#[tokio::test]
async fn nginx_passes_on_the_certificate() {
    if !has_tool("nginx", "nginx-light") {
        return;
    }
    try_through("nginx", |dir, sample| {
        let at = dir.display();
        let own = format!(
            "daemon off;\nuser root;\npid {at}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
             client_body_temp_path {at}/body;\nproxy_temp_path {at}/proxy;\nfastcgi_temp_path {at}/f;\n\
             uwsgi_temp_path {at}/u;\nscgi_temp_path {at}/s;\n{sample}\n}}\n"
        );
        fs::write(dir.join("conf"), own).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir).arg("-e").arg("stderr").arg("-c").arg(dir.join("conf"));
        command
    })
    .await;
}

#[tokio::test]
async fn haproxy_passes_on_the_certificate() {
    if !has_tool("haproxy", "haproxy") {
        return;
    }
    try_through("haproxy", |dir, sample| {
        fs::write(dir.join("conf"), sample).unwrap();
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(dir.join("conf"));
        command
    })
    .await;
}

#[tokio::test]
async fn apache_passes_on_the_certificate() {
    if !has_tool("apache2", "apache2-bin") {
        return;
    }
    try_through("apache", |dir, sample| {
        let at = dir.display();
        let (_, port) = sample.split_once("<VirtualHost 127.0.0.1:").unwrap();
        let port = port.split('>').next().unwrap();
        let modules = ["mpm_event", "authz_core", "headers", "ssl", "proxy", "proxy_http"];
        let modules = modules.map(|name| {
            format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")
        });
        let own = format!(
            "ServerRoot {at}\nPidFile {at}/pid\nErrorLog {at}/log\nMutex fcntl:{at}\nUser www-data\nGroup www-data\n\
             ServerName localhost\n{}Listen 127.0.0.1:{port}\n{sample}\n",
            modules.concat()
        );
        fs::write(dir.join("conf"), own).unwrap();
        let mut command = Command::new("apache2");
        command.arg("-DFOREGROUND").arg("-f").arg(dir.join("conf"));
        command
    })
    .await;
}
