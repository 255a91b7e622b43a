//! Decode, encode, decide and step: time and allocations of each, beside
//! quick-xml's bare events over the same bytes.

use std::time::Duration;

use divan::{AllocProfiler, Bencher, black_box};
use modegate_core::command::{CommandBody, Operation};
use modegate_core::context::{Context, ContextSet, Family, Login, Mode, Platform, Query};
use modegate_core::device::{Device, DeviceRecord, DeviceState};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::limits::DeviceBounds;
use modegate_core::policy::{PolicySet, Subject};
use modegate_core::session::queue::{leaves_of, queue};
use modegate_core::session::{
    ClientEvidence, Request, Snapshot, Step, authenticate, plan_read, step,
};
use modegate_core::time::Timestamp;
use modegate_server::metrics::{ExchangeMetrics, Metrics};
use modegate_wire::decode::decode;
use modegate_wire::encode::encode;
use modegate_wire::message::{Message, Verb};

#[allow(dead_code, reason = "shared with the suite")]
#[path = "../tests/suite/support/syncml.rs"]
mod syncml;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A package 1 of about 1.5 KB, as tablets send it.
fn package1() -> String {
    let nodes = ["DevId", "Man", "Mod", "DmV", "Lang"];
    let items: String = nodes
        .iter()
        .map(|node| {
            format!(
                "<Item><Source><LocURI>./DevInfo/{node}</LocURI></Source><Data>{}</Data></Item>",
                "value ".repeat(20)
            )
        })
        .collect();
    let body = format!(
        "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Alert><CmdID>2</CmdID><Data>1224</Data><Item><Meta>\
         <Type xmlns=\"syncml:metinf\">com.microsoft/MDM/LoginStatus</Type></Meta><Data>user</Data></Item></Alert>\
         <Replace><CmdID>3</CmdID>{items}</Replace><Final/>"
    );
    syncml::message("tablet", "1", 1, &body)
}

fn device(commands: usize) -> (Device, Vec<(modegate_core::ids::CommandSeq, CommandBody)>) {
    let record = DeviceRecord::new(Source("tablet".into()), Family::Windows81, Timestamp(0));
    let mut device = Device {
        number: 1,
        id: DeviceId(uuid::Uuid::nil()),
        record,
        state: DeviceState::registered(),
    };
    let mut bodies = Vec::new();
    for n in 0..commands {
        let body = CommandBody::new(
            "raw",
            "bench",
            Timestamp(0),
            vec![Operation::node(
                Verb::Get,
                format!("./cimv2/Win32_OperatingSystem/Win32_OperatingSystem=@/P{n}"),
                None,
            )],
        );
        let (change, seq) = queue(&device, body.clone()).expect("room in the queue");
        device.state = change.state;
        bodies.push((seq, body));
    }
    (device, bodies)
}

#[divan::bench]
fn bare_quick_xml_events(bencher: Bencher) {
    let text = package1();
    bencher.bench(|| {
        let mut reader = quick_xml::Reader::from_str(black_box(&text));
        let mut events = 0;
        while !matches!(
            reader.read_event(),
            Ok(quick_xml::events::Event::Eof) | Err(_)
        ) {
            events += 1;
        }
        events
    });
}

#[divan::bench]
fn decode_package_1(bencher: Bencher) {
    let text = package1();
    bencher.bench(|| decode(black_box(text.as_bytes())));
}

#[divan::bench]
fn encode_package_1(bencher: Bencher) {
    let message = decode(package1().as_bytes()).expect("a message");
    bencher.bench(|| encode(black_box(&message)));
}

#[divan::bench]
fn decide_deliver(bencher: Bencher) {
    let set = PolicySet::builtin().expect("the shipped set");
    let (device, _) = device(1);
    let leaves = leaves_of(
        &[Operation::node(Verb::Get, "./cimv2/Win32_BIOS", None)],
        modegate_core::classify::classify,
    );
    let context = Context {
        mode: Mode::Machine,
        platform: Platform::WoA,
        login: Login::None,
    };
    let subject = Subject {
        family: device.record.family,
        groups: &[],
        app: None,
        leaves: &leaves,
    };
    bencher.bench(|| set.decide(black_box(ContextSet::only(context)), black_box(&subject)));
}

fn stepping(bencher: Bencher, commands: usize, counted: bool) {
    let set = PolicySet::builtin().expect("the shipped set");
    let (device, bodies) = device(commands);
    let snapshot = Snapshot {
        device,
        bodies,
        reply: None,
        inventory: None,
    };
    let message: Message = decode(package1().as_bytes()).expect("a message");
    let evidence = ClientEvidence::default();
    let request = Request {
        evidence: &evidence,
        trust_source: true,
        raw_query: "mode=Machine&Platform=WoA",
        query: Query {
            mode: Mode::Machine,
            platform: Platform::WoA,
            may_be_machine: true,
        },
        message: &message,
        digest: [0; 32],
        now: Timestamp(1),
        bounds: DeviceBounds::default(),
        schedule_age: None,
        repairs_polling: true,
        nonce: &|_, _| [0; 16],
        policies: &set,
        push: &modegate_core::push::active_profiles::ActiveProfiles::default(),
        server: None,
    };
    let metrics = Metrics::new();
    bencher.bench(|| {
        let authentication = authenticate(black_box(&snapshot.device), &request);
        let chosen = plan_read(black_box(&snapshot.device), authentication, &request);
        let stepped = step(black_box(&snapshot), authentication, &request);
        if let (true, Step::Exchange(exchange)) = (counted, &stepped) {
            let counted = ExchangeMetrics::from_exchange(&snapshot.device, exchange);
            metrics.exchanged(&counted, Duration::from_micros(300));
        }
        (chosen, stepped)
    });
}

#[divan::bench]
fn choose_and_step_idle(bencher: Bencher) {
    stepping(bencher, 0, false);
}

#[divan::bench]
fn choose_and_step_six_commands(bencher: Bencher) {
    stepping(bencher, 6, false);
}

/// The same with the metrics of the exchange.
#[divan::bench]
fn choose_step_and_count_six_commands(bencher: Bencher) {
    stepping(bencher, 6, true);
}
