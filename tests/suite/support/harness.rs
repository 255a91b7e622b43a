//! A real server process, driven from outside: HTTP for the API, hand-written
//! SyncML for the device.

use crate::program::program;
use crate::records::sid_of;
use crate::syncml::{header_status, results, status};
pub(crate) use crate::syncml::{message, message_with};
use crate::wait::{DEADLINE, eventually_blocking};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A running `modegate serve` with a folder of its own.
pub struct Server {
    child: Child,
    pub http: String,
    pub https: String,
    pub token: String,
    announced: Value,
    pub dir: PathBuf,
    arguments: Vec<String>,
    client: reqwest::Client,
    own_dir: Option<tempfile::TempDir>,
}

impl Server {
    /// Starts one in a new folder, for devices that nobody registered.
    pub fn start() -> Server {
        Server::start_with(&["--accept-unknown-devices"])
    }

    /// Starts one in a new folder with these arguments besides the listeners.
    pub fn start_with(arguments: &[&str]) -> Server {
        let own = tempfile::tempdir().unwrap();
        let dir = own.path().join("data");
        let mut server = Server::in_dir(&dir, arguments);
        server.own_dir = Some(own);
        server
    }

    /// Starts one in a new folder with this configuration (TOML).
    pub fn configured(text: &str, arguments: &[&str]) -> Server {
        let own = tempfile::tempdir().unwrap();
        let file = own.path().join("modegate.toml");
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap().to_owned();
        let arguments = [&["--config", &file], arguments].concat();
        let mut server = Server::in_dir(&own.path().join("data"), &arguments);
        server.own_dir = Some(own);
        server
    }

    /// Starts one in that folder.
    pub fn in_dir(dir: &Path, arguments: &[&str]) -> Server {
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        Server::by(serve_command(dir, &arguments), dir, arguments)
    }

    /// Starts one by a command made from [`serve_command`].
    pub fn by(command: Command, dir: &Path, arguments: Vec<String>) -> Server {
        let (child, line) = spawn(command);
        let told: Value = serde_json::from_str(&line).expect("one JSON line once it listens");
        let token = std::fs::read_to_string(dir.join("admin-token"))
            .unwrap()
            .trim()
            .to_owned();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Server {
            child,
            http: format!("http://{}", told["listening"]["http"].as_str().unwrap()),
            https: format!("https://{}", told["listening"]["https"].as_str().unwrap()),
            token,
            announced: told,
            dir: dir.to_owned(),
            arguments,
            client: reqwest::Client::builder()
                .timeout(DEADLINE)
                .no_proxy()
                .build()
                .unwrap(),
            own_dir: None,
        }
    }

    /// Kills it as a power cut would and starts it again on the same folder.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let (child, line) = spawn(serve_command(&self.dir, &self.arguments));
        let told: Value = serde_json::from_str(&line).unwrap();
        self.child = child;
        self.http = format!("http://{}", told["listening"]["http"].as_str().unwrap());
        self.https = format!("https://{}", told["listening"]["https"].as_str().unwrap());
        self.announced = told;
    }

    /// What it said once it listened.
    pub fn announced(&self) -> Value {
        self.announced.clone()
    }

    /// The arguments of its `serve` besides the listeners and the data directory.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.with_extension("log")).unwrap()
    }

    /// Waits until it has logged a line with this text; the line.
    pub fn logged(&self, text: &str) -> String {
        eventually_blocking(DEADLINE, || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(text));
            line.map(str::to_owned)
                .ok_or_else(|| format!("no line with '{text}': {log}"))
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, as an operator would.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid().to_string())
            .status()
            .unwrap();
        assert!(done.success());
    }

    /// Waits for the process to end by itself; its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        eventually_blocking(DEADLINE, || {
            let status = self.child.try_wait().unwrap();
            status.map(|status| status.code()).ok_or("the server runs")
        })
    }

    /// One API request.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method: reqwest::Method = method.parse().unwrap();
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.http))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// One API request with this token, these headers and this body as it is:
    /// (status, headers, body); `None` when the server closed the connection on it.
    pub async fn call(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Option<(u16, reqwest::header::HeaderMap, Value)> {
        let method: reqwest::Method = method.to_ascii_uppercase().parse().unwrap();
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.http))
            .bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.ok()?;
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Some((status, headers, value))
    }

    /// The same by the admin token, which must be answered.
    pub async fn with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> (u16, reqwest::header::HeaderMap, Value) {
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let answer = self.call(&self.token, method, path, headers, body).await;
        answer.expect("an answer")
    }

    /// Makes a token; its id and its text.
    pub async fn make_token(&self, body: Value) -> (String, String) {
        let (status, answer) = self.api("POST", "/tokens", Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (text("id"), text("token"))
    }

    /// Opens a stream of the API.
    pub async fn open(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self
            .client
            .get(format!("{}/api/v1{path}", self.http))
            .bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// GET that must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.api("GET", path, None).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Registers a device; its id.
    pub async fn register(&self, body: Value) -> String {
        let (status, answer) = self.api("POST", "/devices", Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Registers a Windows 8.1 tablet by its Source; its id.
    pub async fn register_tablet(&self, source: &str) -> String {
        self.register(json!({"source": source, "family": "windows81"}))
            .await
    }

    /// Puts an app into the catalogue.
    pub async fn catalogue(&self, app: Value) {
        let (status, answer) = self.api("POST", "/apps", Some(app)).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// Makes a push profile; its id.
    pub async fn push_profile(&self, body: Value) -> String {
        let (status, answer) = self.api("POST", "/push-profiles", Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Queues a command; its id.
    pub async fn queue(&self, device: &str, body: Value) -> String {
        let (status, answer) = self
            .api("POST", &format!("/devices/{device}/commands"), Some(body))
            .await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Queues the reading of a class; the command's id.
    pub async fn queue_read(&self, device: &str, class: &str) -> String {
        self.queue(device, json!({"type": "inventory", "classes": [class]}))
            .await
    }

    /// The state of a command.
    pub async fn state(&self, command: &str) -> String {
        self.get(&format!("/commands/{command}")).await["state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// One raw request to the device endpoint: (HTTP status, headers, body).
    pub async fn post(
        &self,
        query: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> (u16, reqwest::header::HeaderMap, String) {
        let headers = [("content-type", content_type)];
        self.post_with(query, &headers, body).await
    }

    /// The same with these headers.
    pub async fn post_with(
        &self,
        query: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (u16, reqwest::header::HeaderMap, String) {
        let mut request = self.client.post(format!("{}/sync?{query}", self.http));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request
            .header("user-agent", "Enrollment")
            .body(body)
            .send()
            .await
            .unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    }

    /// The first message of a session as an agent sends it in that mode: in Machine
    /// nobody is logged on.
    pub async fn begin(&self, mode: &str, source: &str, session: &str) -> Reply {
        let login = if mode == "Machine" { "none" } else { "user" };
        self.sync(mode, &package1(source, session, 1, login)).await
    }

    /// One SyncML message that must be answered with one.
    pub async fn sync(&self, mode: &str, body: &str) -> Reply {
        let query = format!("mode={mode}&Platform=WoA");
        let (status, _, text) = self.post(&query, SYNCML, body.as_bytes().to_vec()).await;
        assert_eq!(status, 200, "{text}");
        Reply::read(text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A token service that never answers: push profiles stay unchecked, and nothing
/// is logged of them on the side. Kept for as long as it is needed.
pub fn silent_tokens() -> (std::net::TcpListener, [String; 3]) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let arguments = ["--accept-unknown-devices", "--wns-token-url"].map(str::to_owned);
    let [accept, flag] = arguments;
    (listener, [accept, flag, url])
}

/// A push profile that is taken, with a SID that is not its package's.
pub fn push_profile() -> Value {
    let mut profile = push_profile_of("52314Publisher.TestWNS_t6e9vsyjkrw9w", "s");
    profile["sid"] = json!("ms-app://S-1-15-2-1-2-3-4-5-6-7");
    profile["groups"] = json!(["g"]);
    profile
}

/// The push profile of a package, with its SID, for all devices.
pub fn push_profile_of(pfn: &str, secret: &str) -> Value {
    json!({
        "pfn": pfn, "sid": sid_of(pfn).to_string(), "secret": secret, "app_id": "mdm",
        "token_form": "legacy",
    })
}

/// An app of the catalogue in one version, 1.0, with its own job data.
pub fn catalogue_app(id: &str) -> Value {
    json!({"id": id, "name": "ERP", "version": "1.0", "job_data": "<Job/>"})
}

/// The media type of SyncML.
pub const SYNCML: &str = "application/vnd.syncml.dm+xml";

/// `modegate serve` on free ports, its logs behind those of the folder's servers before.
pub fn serve_command(dir: &Path, arguments: &[String]) -> Command {
    let mut log = std::fs::OpenOptions::new();
    let log = log
        .create(true)
        .append(true)
        .open(dir.with_extension("log"));
    let mut command = program();
    command.args("serve --listen 127.0.0.1:0 --insecure-http 127.0.0.1:0 --data".split(' '));
    command.arg(dir).args(arguments);
    // It would stand in the first session of each device of every test.
    command.env("MODEGATE_INVENTORY_SCHEDULE_HOURS", "0");
    // Verdicts would stand among the events of each device.
    command.env("MODEGATE_COMPLIANCE_ENABLED", "false");
    command.stdout(Stdio::piped()).stderr(log.unwrap());
    command
}

fn spawn(mut command: Command) -> (Child, String) {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(!line.is_empty(), "the server ended before it listened");
    (child, line)
}

/// One command of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub verb: String,
    pub cmd_id: u32,
    pub loc_uri: String,
    pub data: Option<String>,
}

/// A server message, read with a library that the server does not use for it.
#[derive(Debug, Clone)]
pub struct Reply {
    pub text: String,
    pub msg_id: u32,
    /// (CmdRef, Cmd, code)
    pub statuses: Vec<(String, String, u16)>,
    pub commands: Vec<Sent>,
    pub alerts: Vec<u16>,
    pub nonce: Option<String>,
    pub is_final: bool,
}

impl Reply {
    pub fn read(text: String) -> Reply {
        let document = roxmltree::Document::parse(&text).expect("well-formed");
        let child = |node: roxmltree::Node<'_, '_>, name: &str| {
            node.descendants()
                .find(|n| n.tag_name().name() == name)
                .and_then(|n| n.text())
                .map(str::to_owned)
        };
        let body = document
            .descendants()
            .find(|n| n.tag_name().name() == "SyncBody")
            .expect("a SyncBody");
        let header = document
            .descendants()
            .find(|n| n.tag_name().name() == "SyncHdr")
            .expect("a SyncHdr");
        let mut reply = Reply {
            msg_id: child(header, "MsgID").unwrap().parse().unwrap(),
            statuses: Vec::new(),
            commands: Vec::new(),
            alerts: Vec::new(),
            nonce: child(body, "NextNonce"),
            is_final: false,
            text: String::new(),
        };
        for node in body.descendants().filter(roxmltree::Node::is_element) {
            let get = |name| child(node, name);
            match node.tag_name().name() {
                "Status" => reply.statuses.push((
                    get("CmdRef").unwrap_or_default(),
                    get("Cmd").unwrap(),
                    node.children()
                        .find(|n| n.tag_name().name() == "Data")
                        .unwrap()
                        .text()
                        .unwrap()
                        .parse()
                        .unwrap(),
                )),
                "Alert" => reply.alerts.push(get("Data").unwrap().parse().unwrap()),
                "Final" => reply.is_final = true,
                verb @ ("Get" | "Exec" | "Replace" | "Add" | "Delete" | "Atomic" | "Sequence") => {
                    reply.commands.push(Sent {
                        verb: verb.to_owned(),
                        cmd_id: get("CmdID").unwrap().parse().unwrap(),
                        loc_uri: get("LocURI").unwrap_or_default(),
                        data: get("Data"),
                    });
                }
                _ => {}
            }
        }
        drop(document);
        reply.text = text;
        reply
    }

    /// The LocURIs of the commands in order.
    pub fn loc_uris(&self) -> Vec<&str> {
        self.commands
            .iter()
            .map(|command| command.loc_uri.as_str())
            .collect()
    }
}

/// A device's package 1.
pub fn package1(source: &str, session: &str, msg_id: u32, login: &str) -> String {
    message(
        source,
        session,
        msg_id,
        &format!(
            "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>\
             <Alert><CmdID>2</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">com.microsoft/MDM/LoginStatus</Type></Meta><Data>{login}</Data></Item></Alert>\
             <Replace><CmdID>3</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>{source}</Data></Item></Replace>\
             <Final/>"
        ),
    )
}

/// The answers to a reply: 200 for its header and this code for each command,
/// Results with each Get.
pub fn answers(reply: &Reply, code: u16) -> String {
    let mut body = header_status(reply.msg_id);
    for (nth, command) in reply.commands.iter().enumerate() {
        let (id, msg_ref, cmd_ref) = (2 * nth + 2, reply.msg_id, command.cmd_id);
        body += &status(id, msg_ref, cmd_ref, &command.verb, code);
        if command.verb == "Get" && code == 200 {
            let data = format!("value of {}", command.loc_uri.replace('&', "&amp;"));
            body += &results(id + 1, msg_ref, cmd_ref, &command.loc_uri, &data);
        }
    }
    body + "<Final/>"
}

/// The queue of the demo on one device.
pub async fn demo_queue(server: &Server, source: &str) -> (String, [String; 4]) {
    let device = server.register_tablet(source).await;
    let inventory = server.queue_read(&device, "Win32_OperatingSystem").await;
    let reset = server
        .queue(&device, json!({"type": "reset_user_password", "user": "ann@example.test", "password": "Distinct-Pa55word"}))
        .await;
    let wns = server
        .queue(&device, json!({"type": "wns_update_configuration", "app_id": "mdm", "package_family_name": "contoso.mdm_8wekyb3d8bbwe"}))
        .await;
    let install = server
        .queue(
            &device,
            json!({"type": "app_install", "job_data": "<Job/>"}),
        )
        .await;
    (device, [inventory, reset, wns, install])
}
