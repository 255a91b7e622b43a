//! Both codecs over the same messages, beside quick-xml's bare events and
//! libwbxml, in one run: messages and bytes per second, allocations per message;
//! and the peak memory that the largest accepted messages take.
#![allow(clippy::too_many_lines)]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher, black_box};
use modegate_wire::encoding::Encoding;
use modegate_wire::message::Message;

#[allow(dead_code, reason = "shared with the suite")]
#[path = "../tests/suite/support/syncml.rs"]
mod syncml;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

/// Messages of three sizes.
const WHICH: [Which; 3] = [Which::Package1, Which::Commands, Which::Results];
const BOTH: [(Encoding, Which); 6] = [
    (Encoding::Xml, Which::Package1),
    (Encoding::Wbxml, Which::Package1),
    (Encoding::Xml, Which::Commands),
    (Encoding::Wbxml, Which::Commands),
    (Encoding::Xml, Which::Results),
    (Encoding::Wbxml, Which::Results),
];

#[derive(Debug, Clone, Copy)]
enum Which {
    /// Alert 1201, LoginStatus and the five DevInfo nodes.
    Package1,
    /// A reply with six commands.
    Commands,
    /// The answers to 400 Gets, about 100 KB.
    Results,
}

fn main() {
    if let Ok(name) = std::env::var("MODEGATE_PEAK") {
        return peak_of(&name);
    }
    divan::main();
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    ratios();
    peaks();
}

fn message(which: Which) -> Message {
    let body = match which {
        Which::Package1 => {
            let nodes = ["DevId", "Man", "Mod", "DmV", "Lang"].map(|node| {
                format!(
                    "<Item><Source><LocURI>./DevInfo/{node}</LocURI></Source><Data>{}</Data></Item>",
                    "value ".repeat(20)
                )
            });
            format!(
                "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Alert><CmdID>2</CmdID><Data>1224</Data><Item><Meta>\
                 <Type>com.microsoft/MDM/LoginStatus</Type></Meta><Data>user</Data></Item></Alert>\
                 <Replace><CmdID>3</CmdID>{}</Replace>",
                nodes.concat()
            )
        }
        Which::Commands => (1..=6)
            .map(|id| {
                format!(
                    "<Exec><CmdID>{id}</CmdID><Item><Target><LocURI>./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22{id}%22/Exec=CreateJob</LocURI></Target>\
                     <Meta><Format>chr</Format><Type>text/plain</Type></Meta><Data>JobData=&lt;Job id=\"{id}\"/&gt;</Data></Item></Exec>"
                )
            })
            .collect(),
        Which::Results => (1..=400)
            .map(|id| {
                let node = format!("./cimv2/Win32_Service/Win32_Service.Name=%22service {id}%22/State");
                format!(
                    "<Status><CmdID>{id}</CmdID><MsgRef>1</MsgRef><CmdRef>{id}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>\
                     <Results><CmdID>{id}</CmdID><MsgRef>1</MsgRef><CmdRef>{id}</CmdRef><Item><Source><LocURI>{node}</LocURI></Source>\
                     <Meta><Format>chr</Format></Meta><Data>Running</Data></Item></Results>"
                )
            })
            .collect(),
    };
    Encoding::Xml
        .decode(framed(&body).as_bytes())
        .expect("a message")
}

fn framed(body: &str) -> String {
    syncml::message("tablet", "1", 1, &format!("{body}<Final/>"))
}

fn events(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(black_box(text));
    let mut events = 0;
    while !matches!(
        reader.read_event(),
        Ok(quick_xml::events::Event::Eof) | Err(_)
    ) {
        events += 1;
    }
    events
}

#[divan::bench(args = WHICH)]
fn bare_quick_xml_events(bencher: Bencher, which: Which) {
    let bytes = Encoding::Xml.encode(&message(which));
    let text = String::from_utf8(bytes).expect("XML");
    bencher
        .counter(BytesCount::new(text.len()))
        .counter(ItemsCount::new(1_u32))
        .bench(|| events(&text));
}

#[divan::bench(args = BOTH)]
fn decode(bencher: Bencher, (encoding, which): (Encoding, Which)) {
    let bytes = encoding.encode(&message(which));
    bencher
        .counter(BytesCount::new(bytes.len()))
        .counter(ItemsCount::new(1_u32))
        .bench(|| encoding.decode(black_box(&bytes)));
}

#[divan::bench(args = BOTH)]
fn encode(bencher: Bencher, (encoding, which): (Encoding, Which)) {
    let message = message(which);
    bencher
        .counter(BytesCount::new(encoding.encode(&message).len()))
        .counter(ItemsCount::new(1_u32))
        .bench(|| encoding.encode(black_box(&message)));
}

/// Nanoseconds of one run, over about a quarter of a second.
fn time<T>(mut work: impl FnMut() -> T) -> f64 {
    let (mut times, begun) = (0_u32, Instant::now());
    while begun.elapsed().as_millis() < 250 {
        for _ in 0..16 {
            black_box(work());
        }
        times += 16;
    }
    begun.elapsed().as_nanos() as f64 / f64::from(times)
}

/// Our time against the others', both ways.
fn ratios() {
    let dir = tempfile::tempdir().expect("a folder");
    let library = Library::build(dir.path());
    println!(
        "\n| message | bytes XML / WBXML | what | ours | other | ours : other |\n|---|---|---|---|---|---|"
    );
    for which in WHICH {
        let message = message(which);
        let [xml, wbxml] = Encoding::ALL.map(|encoding| encoding.encode(&message));
        let text = String::from_utf8(xml.clone()).expect("XML");
        let bare = time(|| events(&text));
        let row = |what: &str, ours: f64, other: f64| {
            println!(
                "| {which:?} | {} / {} | {what} | {:.1} µs | {:.1} µs | {:.2} |",
                xml.len(),
                wbxml.len(),
                ours / 1000.0,
                other / 1000.0,
                ours / other
            );
        };
        row(
            "decode XML : bare events",
            time(|| Encoding::Xml.decode(&xml)),
            bare,
        );
        row(
            "decode WBXML : bare events",
            time(|| Encoding::Wbxml.decode(&wbxml)),
            bare,
        );
        row(
            "encode XML : bare events",
            time(|| Encoding::Xml.encode(&message)),
            bare,
        );
        row(
            "encode WBXML : bare events",
            time(|| Encoding::Wbxml.encode(&message)),
            bare,
        );
        let Some(library) = &library else { continue };
        let there = time(|| {
            Encoding::Wbxml
                .decode(&wbxml)
                .map(|message| Encoding::Xml.encode(&message))
        });
        if let Some(other) = library.run("wbxml2xml", &wbxml) {
            row("WBXML to XML : libwbxml", there, other);
        }
        let back = time(|| {
            Encoding::Xml
                .decode(&xml)
                .map(|message| Encoding::Wbxml.encode(&message))
        });
        if let Some(other) = library.run("xml2wbxml", &xml) {
            row("XML to WBXML : libwbxml", back, other);
        }
    }
    if library.is_none() {
        println!("libwbxml (libwbxml2.so.1) or a C compiler is not there: not compared");
    }
}

/// libwbxml behind a loop in C.
struct Library<'a>(&'a Path);

impl<'a> Library<'a> {
    fn build(dir: &'a Path) -> Option<Self> {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/libwbxml.c");
        let built = Command::new("cc")
            .args(["-O2", "-w", "-o"])
            .arg(dir.join("loop"))
            .args([source, "-l:libwbxml2.so.1"])
            .output()
            .ok()?;
        built.status.success().then_some(Library(dir))
    }

    fn run(&self, sync: &str, bytes: &[u8]) -> Option<f64> {
        let file = self.0.join("document");
        std::fs::write(&file, bytes).ok()?;
        let times = if bytes.len() > 10_000 { "200" } else { "5000" };
        let ran = Command::new(self.0.join("loop"))
            .arg(sync)
            .arg(&file)
            .arg(times)
            .output()
            .ok()?;
        if !ran.status.success() {
            println!("libwbxml did not take the document: {sync}");
            return None;
        }
        String::from_utf8(ran.stdout).ok()?.trim().parse().ok()
    }
}

/// The documents of one mebibyte that cost the most, and one that costs nothing.
const LARGEST: [&str; 5] = [
    "nothing",
    "one text",
    "elements",
    "WBXML elements",
    "WBXML table text",
];

fn largest(name: &str) -> (Encoding, Vec<u8>) {
    let most = 1024 * 1024;
    let statuses = |count: usize| "<Status><Cmd>Get</Cmd><Data>200</Data></Status>".repeat(count);
    match name {
        "one text" => {
            let text = framed("<Results><Item><Data>@</Data></Item></Results>");
            let room = most - text.len();
            (
                Encoding::Xml,
                text.replace('@', &"x".repeat(room)).into_bytes(),
            )
        }
        "elements" => {
            let item =
                "<Item><Source><LocURI>./DevDetail/SwV</LocURI></Source><Data>@</Data></Item>";
            let item = item.replace('@', &"x".repeat(800));
            let text =
                framed(&(statuses(3_000) + &format!("<Results>{}</Results>", item.repeat(999))));
            (Encoding::Xml, text.into_bytes())
        }
        "WBXML elements" => {
            let (_, xml) = largest("elements");
            let message = Encoding::Xml.decode(&xml).expect("a message");
            (Encoding::Wbxml, Encoding::Wbxml.encode(&message))
        }
        "WBXML table text" => {
            // SyncML, SyncHdr, and one LocURI of many table strings, each of 8 KB.
            let message = message(Which::Package1);
            let plain = Encoding::Wbxml.encode(&message);
            let table = [&vec![b'x'; 8_000][..], &[0]].concat();
            let mut bytes = vec![
                0x03,
                0xa4,
                0x01,
                0x6a,
                0x80 | (table.len() >> 7) as u8,
                (table.len() & 0x7f) as u8,
            ];
            bytes.extend(&table);
            let results = [
                &[0x62, 0x54, 0x4f][..],
                &[0x83, 0x00].repeat(130),
                &[0x01, 0x01, 0x01],
            ]
            .concat();
            let body = &plain[5..];
            let at = body.len() - 3;
            bytes.extend(&body[..at]);
            bytes.extend(&results);
            bytes.extend(&body[at..]);
            (Encoding::Wbxml, bytes)
        }
        _ => (Encoding::Xml, framed("").into_bytes()),
    }
}

/// In a process of its own: the document is there, and then what it becomes.
fn peak_of(path: &str) {
    let bytes = std::fs::read(path).expect("the document");
    let encoding = if path.ends_with("wbxml") {
        Encoding::Wbxml
    } else {
        Encoding::Xml
    };
    let field = || -> u64 {
        let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or(0)
    };
    let before = field();
    let decoded = encoding.decode(&bytes);
    let reached = field();
    let outcome = decoded
        .as_ref()
        .map_or_else(ToString::to_string, |_| "accepted".to_owned());
    println!("{} | {outcome} |", reached.saturating_sub(before));
}

/// Each in a process of its own, whose peak the kernel keeps.
fn peaks() {
    println!("\n| largest message | bytes | peak above the document, KiB | |\n|---|---|---|---|");
    let dir = tempfile::tempdir().expect("a folder");
    for name in LARGEST {
        let (encoding, bytes) = largest(name);
        let kind = if encoding == Encoding::Xml {
            "xml"
        } else {
            "wbxml"
        };
        let path = dir.path().join(format!("document.{kind}"));
        std::fs::write(&path, &bytes).expect("a file");
        let own = std::env::current_exe().expect("this program");
        let ran = Command::new(own).env("MODEGATE_PEAK", &path).output();
        let Ok(ran) = ran else { continue };
        print!(
            "| {name} | {} | {}",
            bytes.len(),
            String::from_utf8_lossy(&ran.stdout)
        );
    }
}
