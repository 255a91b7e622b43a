//! Sessions as a tablet has them: two requests, the commands of the reply answered.

use std::io::{Read, Write};

use super::client::request;

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
    format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>{session}</SessionID>\
         <MsgID>{msg_id}</MsgID><Target><LocURI>https://s/sync</LocURI></Target><Source><LocURI>{source}</LocURI></Source>{header}</SyncHdr>\
         <SyncBody>{body}<Final/></SyncBody></SyncML>"
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

/// A Status for the header and, for each Get of the reply, Status and Results;
/// how many Gets there were.
fn answers(reply: &str) -> (String, usize) {
    let field = |text: &str, name: &str| {
        text.split(&format!("<{name}>"))
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .unwrap_or("")
            .to_owned()
    };
    let msg_ref = field(reply, "MsgID");
    let mut body = format!(
        "<Status><CmdID>1</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
    );
    let mut count = 0;
    for get in reply.split("<Get>").skip(1) {
        let (id, node) = (field(get, "CmdID"), field(get, "LocURI"));
        body += &format!(
            "<Status><CmdID>2</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{id}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status><Results><CmdID>3</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{id}</CmdRef><Item><Source><LocURI>{node}</LocURI></Source><Data>6.3.9600</Data></Item></Results>"
        );
        count += 1;
    }
    (body, count)
}
