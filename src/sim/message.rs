//! A server's message, read with roxmltree, and what the client writes.

use roxmltree::{Document, Node};

/// What a server sent.
#[derive(Debug, Default)]
pub(super) struct ServerMessage {
    pub(super) session_id: String,
    pub(super) msg_id: u32,
    pub(super) target: String,
    pub(super) statuses: Vec<ServerStatus>,
    pub(super) commands: Vec<ServerCommand>,
    /// Code and CmdID of its Alerts.
    pub(super) alerts: Vec<(u32, u32)>,
    pub(super) cred: Option<ServerCred>,
    pub(super) is_final: bool,
    /// Every CmdID, in document order.
    pub(super) cmd_ids: Vec<u32>,
    /// The first child of SyncBody.
    pub(super) first: String,
    /// Children of Meta without their namespace.
    pub(super) bare_meta: usize,
}

impl ServerMessage {
    /// Whether it asks the tablet to prove itself.
    pub(super) fn is_challenge(&self) -> bool {
        let header = self.statuses.first();
        header.is_some_and(|status| matches!(status.code, 401 | 407))
    }

    pub(super) fn has_alert(&self, code: u32) -> bool {
        self.alerts.iter().any(|(of, _)| *of == code)
    }
}

impl ServerCommand {
    /// Whether it, or a command in it, has no CmdID.
    pub(super) fn lacks_id(&self) -> bool {
        match self {
            ServerCommand::Node { cmd_id, .. } => *cmd_id == 0,
            ServerCommand::Group {
                cmd_id, children, ..
            } => *cmd_id == 0 || children.iter().any(ServerCommand::lacks_id),
        }
    }
}

/// What a server proves itself with.
#[derive(Debug, Clone)]
pub(super) struct ServerCred {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) data: String,
}

#[derive(Debug, Clone)]
pub(super) struct ServerStatus {
    pub(super) msg_ref: u32,
    pub(super) cmd_ref: String,
    pub(super) code: u16,
    pub(super) auth: Option<String>,
    pub(super) next_nonce: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum ServerCommand {
    Node {
        verb: String,
        cmd_id: u32,
        items: Vec<ServerItem>,
    },
    Group {
        name: String,
        cmd_id: u32,
        children: Vec<ServerCommand>,
    },
}

/// One item of a server's command.
#[derive(Debug, Clone)]
pub(super) struct ServerItem {
    pub(super) target: String,
    pub(super) data: Option<String>,
    /// Meta/Format, of the item or of its command.
    pub(super) format: Option<String>,
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|n| n.tag_name().name() == name)
}

fn text(node: Node<'_, '_>, name: &str) -> String {
    node.descendants()
        .find(|n| n.tag_name().name() == name)
        .and_then(|n| n.text())
        .unwrap_or("")
        .to_owned()
}

/// Reads a server's message.
pub(super) fn read(xml: &str) -> Result<ServerMessage, String> {
    let document = Document::parse(xml).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if !root.has_tag_name(("SYNCML:SYNCML1.2", "SyncML")) {
        return Err("expected the root element SyncML in SYNCML:SYNCML1.2".to_owned());
    }
    let header = child(root, "SyncHdr").ok_or("no SyncHdr")?;
    let body = child(root, "SyncBody").ok_or("no SyncBody")?;
    let mut message = ServerMessage {
        session_id: text(header, "SessionID"),
        msg_id: text(header, "MsgID")
            .parse()
            .map_err(|_| "MsgID is not a number")?,
        target: child(header, "Target")
            .map(|node| text(node, "LocURI"))
            .unwrap_or_default(),
        cred: child(header, "Cred").map(|cred| ServerCred {
            name: child(header, "Source").map_or(String::new(), |node| text(node, "LocName")),
            kind: text(cred, "Type"),
            data: text(cred, "Data"),
        }),
        first: body
            .first_element_child()
            .map(|n| n.tag_name().name().to_owned())
            .unwrap_or_default(),
        ..ServerMessage::default()
    };
    for node in body.descendants() {
        match node.tag_name().name() {
            "CmdID" => message
                .cmd_ids
                .push(node.text().unwrap_or("").parse().unwrap_or(0)),
            "Meta" => {
                let bare = |n: &Node<'_, '_>| {
                    n.is_element() && n.tag_name().namespace() != Some("syncml:metinf")
                };
                message.bare_meta += node.children().filter(bare).count();
            }
            _ => {}
        }
    }
    for node in body.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "Status" => message.statuses.push(status(node)),
            "Alert" => message.alerts.push((
                child_text(node, "Data")
                    .and_then(|code| code.parse().ok())
                    .unwrap_or(0),
                child_text(node, "CmdID")
                    .and_then(|id| id.parse().ok())
                    .unwrap_or(0),
            )),
            "Final" => message.is_final = true,
            _ => message.commands.push(command(node)),
        }
    }
    Ok(message)
}

fn status(node: Node<'_, '_>) -> ServerStatus {
    let challenge = child(node, "Chal");
    ServerStatus {
        msg_ref: text(node, "MsgRef").parse().unwrap_or(0),
        cmd_ref: text(node, "CmdRef"),
        code: child_text(node, "Data")
            .and_then(|code| code.parse().ok())
            .unwrap_or(0),
        auth: challenge.map(|chal| text(chal, "Type")),
        next_nonce: challenge
            .map(|chal| text(chal, "NextNonce"))
            .filter(|nonce| !nonce.is_empty()),
    }
}

fn command(node: Node<'_, '_>) -> ServerCommand {
    let name = node.tag_name().name().to_owned();
    let cmd_id = child_text(node, "CmdID")
        .and_then(|id| id.parse().ok())
        .unwrap_or(0);
    if matches!(name.as_str(), "Atomic" | "Sequence") {
        let inner = |n: &Node<'_, '_>| n.is_element() && n.tag_name().name() != "CmdID";
        let children = node.children().filter(inner).map(command).collect();
        return ServerCommand::Group {
            name,
            cmd_id,
            children,
        };
    }
    let items = node
        .children()
        .filter(|n| n.tag_name().name() == "Item")
        .map(|item| {
            let target = item
                .children()
                .find(|n| n.tag_name().name() == "Target")
                .map(|n| text(n, "LocURI"));
            let meta = child(item, "Meta").or_else(|| child(node, "Meta"));
            ServerItem {
                target: target.unwrap_or_default(),
                data: child_text(item, "Data"),
                format: meta.and_then(|meta| child_text(meta, "Format")),
            }
        });
    ServerCommand::Node {
        verb: name,
        cmd_id,
        items: items.collect(),
    }
}

fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    let found = node.children().find(|n| n.tag_name().name() == name)?;
    Some(found.text().unwrap_or("").to_owned())
}

/// Whether there is white space between tags: the 8.1 parser stops at it.
pub(super) fn is_one_line(xml: &str) -> bool {
    !xml.contains(['\n', '\r']) && !xml.contains("> <")
}

/// Text for XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A client's message.
pub(super) struct Outgoing<'a> {
    pub(super) session_id: &'a str,
    pub(super) msg_id: u32,
    pub(super) url: &'a str,
    pub(super) source: &'a str,
    pub(super) user: Option<&'a str>,
    /// Type and Data of a Cred.
    pub(super) cred: Option<(String, String)>,
    pub(super) body: &'a str,
    pub(super) is_final: bool,
}

/// Writes it as native clients do: no declaration, one line.
pub(super) fn write(message: &Outgoing<'_>) -> String {
    let name = message.user.map_or(String::new(), |user| {
        format!("<LocName>{}</LocName>", escape(user))
    });
    let cred = message.cred.as_ref().map_or(String::new(), |(kind, data)| {
        format!(
            "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">{kind}</Type></Meta>\
             <Data>{data}</Data></Cred>"
        )
    });
    format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>{}</SessionID><MsgID>{}</MsgID><Target><LocURI>{}</LocURI></Target>\
         <Source><LocURI>{}</LocURI>{name}</Source>{cred}</SyncHdr><SyncBody>{}{}</SyncBody></SyncML>",
        escape(message.session_id),
        message.msg_id,
        escape(message.url),
        escape(message.source),
        message.body,
        if message.is_final { "<Final/>" } else { "" },
    )
}
