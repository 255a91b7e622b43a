//! `/metrics` as those read it that scrape it: both formats, by Prometheus's own
//! program and by its Python library, and against the table in docs/running.md.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::harness::{Server, demo_queue, package1};
use crate::server::metrics::value;
use crate::tools::{has_tool, skip};

const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What Prometheus sends.
const OF_PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0,\
    application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// The Content-Type and the text that the server answers to who accepts that.
async fn scrape(server: &Server, accept: &str) -> (String, String) {
    let request = reqwest::Client::new().get(format!("{}/metrics", server.http));
    let answer = request.header("accept", accept).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["vary"], "accept");
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (kind, answer.text().await.unwrap())
}

/// A server with something in each of its metrics that has no series before.
async fn busy() -> Server {
    let server = Server::start();
    demo_queue(&server, "t").await;
    server.sync("Machine", &package1("t", "1", 1, "none")).await;
    server.post("mode=Apps", "text/plain", Vec::new()).await;
    let address = server.https.trim_start_matches("https://").to_owned();
    let no_handshake = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    no_handshake.await.unwrap();
    server
}

/// The type of each family, by its name.
fn types(text: &str) -> BTreeMap<&str, &str> {
    let lines = text.lines();
    let told = lines.filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    told.collect()
}

#[tokio::test]
async fn each_client_gets_the_format_that_it_asks_for() {
    let server = busy().await;
    let (kind, plain) = scrape(&server, "*/*").await;
    assert_eq!(kind, PLAIN);
    let (kind, open) = scrape(&server, OF_PROMETHEUS).await;
    assert_eq!(kind, OPEN);
    assert_eq!(scrape(&server, "text/plain;version=0.0.4").await.0, PLAIN);
    assert_eq!(scrape(&server, "not a media range").await.0, PLAIN);

    assert!(open.ends_with("\n# EOF\n") && !plain.contains("# EOF"));
    let (of_plain, of_open) = (types(&plain), types(&open));
    assert_eq!(of_plain["modegate_exchanges_total"], "counter");
    assert_eq!(of_open["modegate_exchanges"], "counter");
    assert_eq!(of_plain["modegate_build_info"], "gauge");
    assert_eq!(of_open["modegate_build"], "info");
    assert_eq!(of_plain.len(), of_open.len());
    // What counts is the same in both.
    for text in [&plain, &open] {
        let series = "modegate_exchanges_total{mode=\"Machine\"}";
        assert_eq!(value(text, series), 1.0);
    }
}

/// What a program makes of `text`: its exit status and what it printed.
fn told(program: &mut Command, text: &str) -> (Option<i32>, String) {
    let piped = program.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

#[tokio::test]
async fn promtool_finds_nothing_to_say() {
    if !has_tool("promtool", "prometheus") {
        return;
    }
    let server = busy().await;
    let (_, text) = scrape(&server, PLAIN).await;
    let check = || {
        let mut command = Command::new("promtool");
        command.args(["check", "metrics"]);
        command
    };
    assert_eq!(told(&mut check(), &text), (Some(0), String::new()));
    // It would say something of a counter that is called as in OpenMetrics.
    let wrong = text.replace("modegate_exchanges_total", "modegate_exchanges");
    assert_ne!(told(&mut check(), &wrong).0, Some(0));
}

/// A Python that has Prometheus's library.
fn python() -> Option<&'static str> {
    let has_library = |python: &&str| {
        let mut command = Command::new(python);
        command.args(["-c", "import prometheus_client"]);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(has_library);
    if found.is_none() {
        skip(
            "the Python module prometheus_client was not found (Debian: python3-prometheus-client)",
        );
    }
    found
}

/// Prints each family that the parser of a format reads, with its type and number of samples.
const PARSE: &str = r#"
import sys
from importlib import import_module
parser = import_module("prometheus_client." + sys.argv[1])
for family in parser.text_string_to_metric_families(sys.stdin.read()):
    print(family.name, family.type, len(family.samples))
"#;

#[tokio::test]
async fn pythons_parsers_read_both_formats_alike() {
    let Some(python) = python() else { return };
    let server = busy().await;
    let mut read = Vec::new();
    for (parser, accept) in [("openmetrics.parser", OPEN), ("parser", PLAIN)] {
        let (_, text) = scrape(&server, accept).await;
        let mut command = Command::new(python);
        let (status, printed) = told(command.args(["-c", PARSE, parser]), &text);
        assert_eq!(status, Some(0), "{parser}: {printed}\n{text}");
        let families: BTreeSet<String> = printed.lines().map(str::to_owned).collect();
        assert_eq!(families.len(), types(&text).len(), "{printed}");
        read.push(families);
    }
    let counted = |families: &BTreeSet<String>, line: &str| families.contains(line);
    assert!(
        counted(&read[0], "modegate_exchanges counter 4"),
        "{read:?}"
    );
    assert!(
        counted(&read[1], "modegate_exchanges counter 4"),
        "{read:?}"
    );
    // Only the build is of another type where there are no infos.
    let differ: Vec<&String> = read[0].symmetric_difference(&read[1]).collect();
    assert_eq!(
        differ,
        ["modegate_build info 1", "modegate_build_info gauge 1"]
    );
}

/// The rows of the table of metrics: the name, the type, and the labels in order.
fn documented() -> BTreeMap<String, (String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let page = root
        .map(|dir| dir.join("docs/running.md"))
        .find_map(|page| std::fs::read_to_string(page).ok())
        .unwrap();
    let rows = page
        .lines()
        .skip_while(|line| !line.starts_with("| name | type | labels |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let words = |cell: &str| {
        let words = cell
            .split(',')
            .map(|word| word.trim().trim_matches('`').to_owned());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>()
    };
    cells
        .map(|cells| {
            (
                words(cells[1]).concat(),
                (cells[2].to_owned(), words(cells[3])),
            )
        })
        .collect()
}

/// The names of the labels of the series of a family, in a histogram without that of buckets.
fn labels(text: &str, family: &str) -> Option<Vec<String>> {
    let series = text.lines().find(|line| {
        let rest = line
            .strip_prefix(family)
            .map(|rest| rest.trim_start_matches("_bucket"));
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
    })?;
    let Some((_, rest)) = series.split_once('{') else {
        return Some(Vec::new());
    };
    let (pairs, _) = rest.rsplit_once('}')?;
    let names = pairs.split(',').filter_map(|pair| pair.split_once('='));
    let names = names.map(|(name, _)| name.to_owned());
    Some(names.filter(|name| name != "le").collect())
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_one_is_there() {
    let server = busy().await;
    let (_, text) = scrape(&server, PLAIN).await;
    let mut documented = documented();
    // There with witnesses only: audit::witnessing looks at it.
    let witnesses = documented.remove("modegate_audit_cosignature_timestamp_seconds");
    assert!(witnesses.is_some());
    // There with sinks only: siem::alerts looks at them.
    let all = documented.len();
    documented.retain(|name, _| !name.starts_with("modegate_siem_"));
    assert_eq!(all - documented.len(), 3);
    let there: BTreeMap<&str, &str> = types(&text);
    let in_docs = documented
        .iter()
        .map(|(name, (kind, _))| (name.as_str(), kind.as_str()));
    assert_eq!(there, in_docs.collect());
    for (name, (_, expected)) in &documented {
        let mut expected = expected.clone();
        let mut found = labels(&text, name).unwrap_or_else(|| panic!("no series of {name}"));
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{name}");
    }
    for line in text.lines().filter(|line| line.starts_with("# HELP ")) {
        assert!(line.split(' ').count() > 4, "says too little: {line}");
    }
}

#[tokio::test]
async fn disk_and_process_are_those_of_this_server() {
    let own = tempfile::tempdir().unwrap();
    let server = Server::in_dir(own.path(), &["--accept-unknown-devices"]);
    server.register(json!({"source": "t"})).await;
    let (_, text) = scrape(&server, PLAIN).await;
    let size = |name: &str| std::fs::metadata(own.path().join(name)).unwrap().len() as f64;
    let counted = |series: &str| value(&text, series);
    assert_eq!(
        counted("modegate_store_database_bytes"),
        size("modegate.db")
    );
    let wal = counted("modegate_store_wal_bytes");
    assert!(wal > 0.0 && wal <= size("modegate.db-wal"), "{wal}");
    let free = counted("modegate_store_filesystem_free_bytes");
    let df = Command::new("df")
        .args(["--output=avail", "-B1"])
        .arg(own.path())
        .output();
    let df = String::from_utf8(df.unwrap().stdout).unwrap();
    let expected: f64 = df.lines().nth(1).unwrap().trim().parse().unwrap();
    // Others write beside us.
    assert!(
        (free - expected).abs() < expected / 10.0,
        "{free} of {expected}"
    );

    let now = modegate_server::clock::Clock::default().now().0 as f64 / 1000.0;
    let age = now - counted("process_start_time_seconds");
    assert!((-2.0..600.0).contains(&age), "{age}");
    let cpu = counted("process_cpu_seconds_total");
    assert!(cpu > 0.0 && cpu < 600.0, "{cpu}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    let resident = counted("process_resident_memory_bytes");
    // Linux counts both per thread and adds up now and then.
    let slack = 1_048_576.0;
    assert!(
        resident > slack && resident <= peak * 1024.0 + slack,
        "{resident} of {peak} KiB"
    );
    let open = counted("process_open_fds");
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    assert!((open - files.count() as f64).abs() <= 4.0, "{open}");
    assert!(counted("process_max_fds") >= open);
}
