//! The same package 1 in XML and in WBXML: time, allocations and length of each.

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use modegate::wire::encoding::Encoding;
use modegate::wire::message::Message;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Alert 1201, LoginStatus and the five DevInfo nodes.
fn package1() -> Message {
    let items: String = ["DevId", "Man", "Mod", "DmV", "Lang"]
        .iter()
        .map(|node| {
            format!(
                "<Item><Source><LocURI>./DevInfo/{node}</LocURI></Source><Data>{}</Data></Item>",
                "value ".repeat(20)
            )
        })
        .collect();
    let text = format!(
        "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID>\
         <MsgID>1</MsgID><Target><LocURI>https://localhost/sync</LocURI></Target><Source>\
         <LocURI>tablet</LocURI></Source></SyncHdr><SyncBody><Alert><CmdID>1</CmdID>\
         <Data>1201</Data></Alert><Alert><CmdID>2</CmdID><Data>1224</Data><Item><Meta>\
         <Type>com.microsoft/MDM/LoginStatus</Type></Meta><Data>user</Data></Item></Alert>\
         <Replace><CmdID>3</CmdID>{items}</Replace><Final/></SyncBody></SyncML>"
    );
    Encoding::Xml.decode(text.as_bytes()).expect("a message")
}

#[divan::bench(args = Encoding::ALL)]
fn decode(bencher: Bencher, encoding: Encoding) {
    let bytes = encoding.encode(&package1());
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| encoding.decode(black_box(&bytes)));
}

#[divan::bench(args = Encoding::ALL)]
fn encode(bencher: Bencher, encoding: Encoding) {
    let message = package1();
    bencher
        .counter(BytesCount::new(encoding.encode(&message).len()))
        .bench(|| encoding.encode(black_box(&message)));
}
