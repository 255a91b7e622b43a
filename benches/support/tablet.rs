//! Sessions as a tablet has them: two requests, the commands of the reply answered.

use std::io::{Read, Write};
use std::time::Instant;

use super::client::request;
use super::syncml;

/// The head of a sync request in Machine mode.
pub(crate) const SYNC: &str = "POST /sync?mode=Machine&Platform=WoA HTTP/1.1\r\nContent-Type: application/vnd.syncml.dm+xml\r\n";

/// What the inventory commands read, below `./DevDetail`: as many values.
pub(crate) const PROPERTIES: [&str; 6] = ["SwV", "HwV", "FwV", "OEM", "DevTyp", "LrgObj"];

/// The head of an API request.
pub(crate) fn api(token: &str, path: &str) -> String {
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
}

/// A message of device `source`; `header` goes into its SyncHdr.
pub(crate) fn message(
    source: &str,
    header: &str,
    session: usize,
    msg_id: u32,
    body: &str,
) -> String {
    syncml::message_with(
        source,
        &session.to_string(),
        msg_id,
        header,
        &format!("{body}<Final/>"),
    )
}

/// Package 1: Alert 1201 and a device information.
pub(crate) const PACKAGE_1: &str = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>d</Data></Item></Replace>";

/// One session of device `d{n}` on this connection, in which so many commands
/// must come; what it sent.
pub(crate) fn session(
    stream: &mut (impl Read + Write),
    n: usize,
    session: usize,
    commands: usize,
) -> (String, String) {
    let source = format!("d{n}");
    let first = message(&source, "", session, 1, PACKAGE_1);
    let reply = request(stream, SYNC, &first);
    let (answers, count) = answers(&reply);
    assert_eq!(count, commands, "{reply}");
    let second = message(&source, "", session, 2, &answers);
    request(stream, SYNC, &second);
    (first, second)
}

/// One session of device `source` in this mode, whatever comes in it; the milliseconds of
/// each of its two exchanges.
pub(crate) fn visit(
    stream: &mut (impl Read + Write),
    source: &str,
    mode: &str,
    session: usize,
) -> [f64; 2] {
    let head = SYNC.replace("Machine", mode);
    let mut send = |msg_id, body: &str| {
        let text = message(source, "", session, msg_id, body);
        let begun = Instant::now();
        let reply = request(stream, &head, &text);
        (reply, begun.elapsed().as_secs_f64() * 1e3)
    };
    let (reply, first) = send(1, PACKAGE_1);
    let (_, second) = send(2, &answers(&reply).0);
    [first, second]
}

/// A Status for the header and for each command of the reply, with Results for a Get; how
/// many commands there were.
fn answers(reply: &str) -> (String, usize) {
    let field = |text: &str, name: &str| {
        text.split(&format!("<{name}>"))
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .unwrap_or("")
            .to_owned()
    };
    let number = |text: &str, name: &str| field(text, name).parse().unwrap_or(0);
    let msg_ref = number(reply, "MsgID");
    let mut body = syncml::header_status(msg_ref);
    let mut count = 0;
    for get in reply.split("<Get>").skip(1) {
        let (id, node) = (number(get, "CmdID"), field(get, "LocURI"));
        body += &syncml::status(2, msg_ref, id, "Get", 200);
        body += &syncml::results(3, msg_ref, id, &node, "6.3.9600");
        count += 1;
    }
    for verb in ["Add", "Delete", "Exec", "Replace"] {
        for command in reply.split(&format!("<{verb}>")).skip(1) {
            let id = number(command, "CmdID");
            body += &syncml::status(4, msg_ref, id, verb, 200);
            count += 1;
        }
    }
    (body, count)
}
