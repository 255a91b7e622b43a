//! Full durable sessions (two requests, six commands) against an actix echo of
//! the same bytes, in one run on the same machine: ratios are what counts.
//!
//! The server is the real program in a process of its own, so that CPU time,
//! bytes written and memory are read from the system for it alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DEVICES: usize = 1_000;
const IN_FLIGHT: usize = 64;
const COMMANDS: usize = 6;
/// What the commands read, below `./DevDetail`: as many values for the inventory.
const PROPERTIES: [&str; COMMANDS] = ["SwV", "HwV", "FwV", "OEM", "DevTyp", "LrgObj"];
const ROUNDS: usize = 10;

fn main() {
    if std::env::args().any(|argument| argument == "--serve-echo") {
        return serve_echo();
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (mut server, http, token) = serve(dir.path());
    println!(
        "{DEVICES} devices, {IN_FLIGHT} sessions in flight, {COMMANDS} commands each, {ROUNDS} rounds, HTTP on loopback"
    );
    let ids = register(&http, &token);
    let (mut served, mut used) = (Total::default(), Usage::default());
    let mut bytes = (String::new(), String::new());
    for round in 0..ROUNDS {
        fill(&http, &token, &ids);
        copy_log_back(&dir.path().join("modegate.db"));
        let before = Usage::of(server.id());
        bytes = served.add(round, |n| session(&http, n, round));
        used.add(&Usage::of(server.id()).since(&before));
    }
    report("durable sessions", &served, &used);
    println!(
        "  anonymous memory of the server: {:.1} MiB",
        status(server.id(), "RssAnon:") as f64 / 1024.0
    );
    let size = |name: &str| std::fs::metadata(dir.path().join(name)).map_or(0, |meta| meta.len());
    println!(
        "  database: {:.1} KB, log {:.1} MB",
        size("modegate.db") as f64 / 1000.0,
        size("modegate.db-wal") as f64 / 1e6
    );
    let _ = server.kill();
    let _ = server.wait();

    let (mut echo, http) = spawn_echo();
    let (mut echoed, mut echo_used) = (Total::default(), Usage::default());
    for round in 0..ROUNDS {
        let before = Usage::of(echo.id());
        echoed.add(round, |_| {
            let mut stream = connect(&http);
            request(&mut stream, SYNC, &bytes.0);
            request(&mut stream, SYNC, &bytes.1);
            bytes.clone()
        });
        echo_used.add(&Usage::of(echo.id()).since(&before));
    }
    report("echo of the same bytes, two requests", &echoed, &echo_used);
    let _ = echo.kill();
    let _ = echo.wait();
    let per_session = used.cpu / served.sessions as f64;
    let per_echo = echo_used.cpu / echoed.sessions as f64 / 2.0;
    println!(
        "one durable session costs the CPU of {:.1} echo requests (each with a connection per session)",
        per_session / per_echo
    );
}

/// Sessions and the time that they took.
#[derive(Default)]
struct Total {
    sessions: u64,
    time: Duration,
}

impl Total {
    /// One session of each device; the bytes of one of them.
    fn add(
        &mut self,
        _round: usize,
        session: impl Fn(usize) -> (String, String) + Sync,
    ) -> (String, String) {
        let begun = Instant::now();
        let last = std::sync::Mutex::default();
        each_of(IN_FLIGHT, |thread| {
            for n in (thread..DEVICES).step_by(IN_FLIGHT) {
                let bytes = session(n);
                if n == 0 {
                    *last.lock().expect("whole") = bytes;
                }
            }
        });
        self.time += begun.elapsed();
        self.sessions += DEVICES as u64;
        last.into_inner().expect("whole")
    }
}

/// The server's use of the machine.
#[derive(Default)]
struct Usage {
    cpu: f64,
    written: u64,
}

impl Usage {
    fn of(pid: u32) -> Usage {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(") ").next().unwrap_or("");
        let ticks: u64 = after_name
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
        let written = io
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes: "))
            .and_then(|n| n.parse().ok());
        // Linux counts CPU in hundredths of a second for everybody (USER_HZ).
        Usage {
            cpu: ticks as f64 / 100.0,
            written: written.unwrap_or(0),
        }
    }

    fn add(&mut self, more: &Usage) {
        self.cpu += more.cpu;
        self.written += more.written;
    }

    fn since(&self, before: &Usage) -> Usage {
        Usage {
            cpu: self.cpu - before.cpu,
            written: self.written - before.written,
        }
    }
}

fn status(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or("");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

fn report(what: &str, total: &Total, used: &Usage) {
    let count = total.sessions as f64;
    println!(
        "{what}: {:.0} sessions/s; per session {:.0} µs CPU, {:.1} KB written",
        count / total.time.as_secs_f64(),
        used.cpu * 1e6 / count,
        used.written as f64 / 1000.0 / count
    );
}

fn serve(dir: &std::path::Path) -> (Child, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_modegate"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--insecure-http",
            "127.0.0.1:0",
            "--accept-unknown-devices",
            "--data",
        ])
        .arg(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("a line");
    let told: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let token = std::fs::read_to_string(dir.join("admin-token")).expect("a token");
    (
        child,
        told["listening"]["http"]
            .as_str()
            .expect("an address")
            .to_owned(),
        token.trim().to_owned(),
    )
}

/// One HTTP request on an open connection; the answer's body.
fn request(stream: &mut TcpStream, head: &str, body: &str) -> String {
    let text = format!(
        "{head}Host: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).expect("sent");
    let (mut buffer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let count = stream.read(&mut chunk).expect("an answer");
        assert!(count > 0, "the connection ended");
        buffer.extend_from_slice(&chunk[..count]);
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.trim().parse::<usize>().ok());
        if buffer.len() >= end + 4 + length.unwrap_or(0) {
            assert!(
                head.starts_with("http/1.1 2"),
                "{}",
                String::from_utf8_lossy(&buffer)
            );
            return String::from_utf8_lossy(&buffer[end + 4..]).into_owned();
        }
    }
}

fn api(token: &str, path: &str) -> String {
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
}

fn each_of(threads: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
}

fn register(http: &str, token: &str) -> Vec<String> {
    let ids: Vec<std::sync::Mutex<String>> =
        (0..DEVICES).map(|_| std::sync::Mutex::default()).collect();
    each_of(IN_FLIGHT, |thread| {
        let mut stream = TcpStream::connect(http).expect("connected");
        for n in (thread..DEVICES).step_by(IN_FLIGHT) {
            let answer = request(
                &mut stream,
                &api(token, "/devices"),
                &format!("{{\"source\":\"d{n}\"}}"),
            );
            let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
            *ids[n].lock().expect("whole") = answer["id"].as_str().expect("an id").to_owned();
        }
    });
    ids.into_iter()
        .map(|id| id.into_inner().expect("whole"))
        .collect()
}

/// Six commands for each device.
fn fill(http: &str, token: &str, ids: &[String]) {
    each_of(IN_FLIGHT, |thread| {
        let mut stream = connect(http);
        for n in (thread..DEVICES).step_by(IN_FLIGHT) {
            for property in PROPERTIES {
                let node = format!("./DevDetail/{property}");
                let body = format!("{{\"type\":\"inventory\",\"classes\":[\"{node}\"]}}");
                request(
                    &mut stream,
                    &api(token, &format!("/devices/{}/commands", ids[n])),
                    &body,
                );
            }
        }
    });
}

/// Copies the write-ahead log back from this process, so that what the filling
/// wrote is not counted as the sessions' doing.
fn copy_log_back(database: &std::path::Path) {
    let db = rusqlite::Connection::open(database).expect("the database");
    db.busy_timeout(Duration::from_secs(5)).expect("set");
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("copied back");
}

const SYNC: &str = "POST /sync?mode=Machine&Platform=WoA HTTP/1.1\r\nContent-Type: application/vnd.syncml.dm+xml\r\n";

fn connect(http: &str) -> TcpStream {
    let stream = TcpStream::connect(http).expect("connected");
    stream.set_nodelay(true).expect("set");
    stream
}

fn message(n: usize, session: usize, msg_id: u32, body: &str) -> String {
    format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>{session}</SessionID>\
         <MsgID>{msg_id}</MsgID><Target><LocURI>https://s/sync</LocURI></Target><Source><LocURI>d{n}</LocURI></Source></SyncHdr>\
         <SyncBody>{body}<Final/></SyncBody></SyncML>"
    )
}

/// One session of two requests on a connection of its own; what it sent.
fn session(http: &str, n: usize, session: usize) -> (String, String) {
    let mut stream = connect(http);
    let first = message(
        n,
        session,
        1,
        "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>d</Data></Item></Replace>",
    );
    let reply = request(&mut stream, SYNC, &first);
    let field = |text: &str, name: &str| {
        text.split(&format!("<{name}>"))
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .unwrap_or("")
            .to_owned()
    };
    let msg_ref = field(&reply, "MsgID");
    let mut body = format!(
        "<Status><CmdID>1</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
    );
    let commands: Vec<(String, String)> = reply
        .split("<Get>")
        .skip(1)
        .map(|get| (field(get, "CmdID"), field(get, "LocURI")))
        .collect();
    assert_eq!(commands.len(), COMMANDS, "{reply}");
    for (id, node) in commands {
        body += &format!(
            "<Status><CmdID>2</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{id}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status><Results><CmdID>3</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{id}</CmdRef><Item><Source><LocURI>{node}</LocURI></Source><Data>6.3.9600</Data></Item></Results>"
        );
    }
    let second = message(n, session, 2, &body);
    request(&mut stream, SYNC, &second);
    (first, second)
}

/// An actix server that answers 2 KB to everything.
fn serve_echo() {
    use actix_web::{App, HttpResponse, HttpServer, web};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("bound"));
    let answer = "x".repeat(2048);
    let server = HttpServer::new(move || {
        let answer = answer.clone();
        App::new().default_service(web::to(move |body: web::Bytes| {
            let answer = answer.clone();
            async move {
                assert!(!body.is_empty());
                HttpResponse::Ok()
                    .content_type("application/vnd.syncml.dm+xml")
                    .body(answer)
            }
        }))
    });
    let server = server
        .tcp_nodelay(true)
        .listen(listener)
        .expect("listens")
        .run();
    actix_web::rt::System::new()
        .block_on(server)
        .expect("serves");
}

fn spawn_echo() -> (Child, String) {
    let this = std::env::current_exe().expect("this program");
    let mut child = Command::new(this)
        .arg("--serve-echo")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the echo starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("a line");
    (child, line.trim().to_owned())
}
