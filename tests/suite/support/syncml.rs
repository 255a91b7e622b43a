//! A device's SyncML as text: what a client of its own would write, by none of the
//! codecs. Unit tests of the core and the benches include this file, too. Bodies, and
//! data in them, go out as they are given.

use std::fmt::Display;

/// A device's message with this body.
pub(crate) fn message(source: &str, session: &str, msg_id: u32, body: &str) -> String {
    message_with(source, session, msg_id, "", body)
}

/// The same with more in the header, after Source (a Cred).
pub(crate) fn message_with(
    source: &str,
    session: &str,
    msg_id: u32,
    header: &str,
    body: &str,
) -> String {
    format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>{session}</SessionID><MsgID>{msg_id}</MsgID><Target><LocURI>https://localhost/sync</LocURI></Target>\
         <Source><LocURI>{source}</LocURI></Source>{header}</SyncHdr><SyncBody>{body}</SyncBody></SyncML>"
    )
}

/// A Status for one command of the server's message `msg_ref`.
pub(crate) fn status(
    id: usize,
    msg_ref: u32,
    cmd_ref: u32,
    cmd: &str,
    code: impl Display,
) -> String {
    format!(
        "<Status><CmdID>{id}</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd><Data>{code}</Data></Status>"
    )
}

/// The Status with which a message begins: 200 for the header of the server's message.
pub(crate) fn header_status(msg_ref: u32) -> String {
    status(1, msg_ref, 0, "SyncHdr", 200)
}

/// What a Get found, under the address of a node if one is given.
pub(crate) fn results(id: usize, msg_ref: u32, cmd_ref: u32, node: &str, data: &str) -> String {
    let source = match node {
        "" => String::new(),
        node => format!("<Source><LocURI>{node}</LocURI></Source>"),
    };
    format!(
        "<Results><CmdID>{id}</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Item>{source}<Data>{data}</Data></Item></Results>"
    )
}
