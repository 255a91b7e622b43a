//! A server that says what a test wants, over real HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::{SessionReport, Tablet, Transport};

/// What a tablet sent.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Request line and headers.
    pub(super) head: String,
    pub(super) body: String,
}

/// What to answer a request with: HTTP 200 and this body.
type Script = dyn FnMut(usize, &Request) -> String + Send;

/// What went on at the server.
#[derive(Clone)]
pub(super) struct Scripted {
    url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Scripted {
    /// Answers the n-th request, from 0, as `script` says.
    pub(super) fn start(script: impl FnMut(usize, &Request) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/sync", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (own, script) = (Arc::clone(&seen), Arc::new(Mutex::new(script)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, script) = (Arc::clone(&own), Arc::clone(&script));
                std::thread::spawn(move || serve(&stream, &own, &*script));
            }
        });
        Scripted { url, seen }
    }

    /// One that gives these bodies (see [`Say`]) in turn, then nothing more to do.
    pub(super) fn saying(says: Vec<Say>) -> Self {
        Scripted::start(move |number, request| match says.get(number) {
            Some(say) => say.to(request, number),
            None => Say::default().to(request, number),
        })
    }

    pub(super) fn tablet(&self) -> Tablet {
        Tablet::new("t", Transport::new(&self.url, None, None).unwrap())
    }

    /// A Maintenance session against bodies in turn.
    pub(super) async fn maintain(tablet: &mut Tablet) -> SessionReport {
        tablet.session("Maintenance", "user").await.unwrap()
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|request| request.body.clone()).collect()
    }

    pub(super) fn heads(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|request| request.head.clone()).collect()
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Request>>, script: &Mutex<Script>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = receive(&mut reader) {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let body = (*script.lock().unwrap())(number, &request);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.syncml.dm+xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn receive(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Request { head, body })
}

/// A reply: Statuses as the protocol wants them, and then this.
#[derive(Debug, Clone)]
pub(super) struct Say {
    /// Commands, with CmdIDs of their own.
    pub(super) commands: String,
    /// The code of the header's Status.
    pub(super) code: u16,
    /// A Cred: LocName, Data.
    pub(super) cred: Option<(String, String)>,
    pub(super) is_final: bool,
}

impl Default for Say {
    fn default() -> Say {
        Say {
            commands: String::new(),
            code: 200,
            cred: None,
            is_final: true,
        }
    }
}

impl Say {
    pub(super) fn commands(commands: &str) -> Say {
        Say {
            commands: commands.to_owned(),
            ..Say::default()
        }
    }

    /// The answer to the n-th request. MsgIDs are n + 1, CmdIDs of Statuses
    /// n * 100 + 1 and up; those of commands begin at 9,001 in the tests.
    pub(super) fn to(&self, request: &Request, number: usize) -> String {
        let document = roxmltree::Document::parse(&request.body).unwrap();
        let text = |name: &str| {
            let mut nodes = document.descendants();
            let node = nodes.find(|node| node.tag_name().name() == name).unwrap();
            node.text().unwrap_or("").to_owned()
        };
        let mut nodes = document.descendants();
        let source = nodes
            .find(|node| node.tag_name().name() == "Source")
            .unwrap();
        let source = source.descendants().find_map(|node| node.text()).unwrap();
        let (msg_ref, mut statuses) = (text("MsgID"), String::new());
        let mut status = |cmd_ref: &str, cmd: &str, code: u16, nth: usize| {
            let cmd_id = number * 100 + 1 + nth;
            statuses += &format!(
                "<Status><CmdID>{cmd_id}</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{cmd}</Cmd><Data>{code}</Data></Status>"
            );
        };
        status("0", "SyncHdr", self.code, 0);
        let sent = document.descendants().filter(|node| {
            let top = node
                .parent()
                .is_some_and(|up| up.tag_name().name() == "SyncBody");
            top && matches!(node.tag_name().name(), "Alert" | "Replace")
        });
        for (nth, node) in sent.enumerate() {
            let mut children = node.children();
            let id = children.find(|n| n.tag_name().name() == "CmdID").unwrap();
            status(id.text().unwrap(), node.tag_name().name(), 200, nth + 1);
        }
        let (mut name, mut cred) = (String::new(), String::new());
        if let Some((user, data)) = &self.cred {
            name = format!("<LocName>{user}</LocName>");
            cred = format!(
                "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>{data}</Data></Cred>"
            );
        }
        format!(
            "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
             <SessionID>{}</SessionID><MsgID>{}</MsgID><Target><LocURI>{}</LocURI></Target>\
             <Source><LocURI>http://server/</LocURI>{name}</Source>{cred}</SyncHdr><SyncBody>{statuses}{}{}</SyncBody></SyncML>",
            text("SessionID"),
            number + 1,
            source,
            self.commands,
            if self.is_final { "<Final/>" } else { "" },
        )
    }
}

/// One command.
pub(super) fn command(verb: &str, cmd_id: u32, loc_uri: &str, data: &str) -> String {
    format!(
        "<{verb}><CmdID>{cmd_id}</CmdID><Item><Target><LocURI>{loc_uri}</LocURI></Target><Data>{data}</Data></Item></{verb}>"
    )
}

/// Codes of a body's Statuses, in order, the header's left out: (CmdRef, code).
pub(super) fn codes(body: &str) -> Vec<(u32, u16)> {
    let document = roxmltree::Document::parse(body).unwrap();
    let value = |node: roxmltree::Node<'_, '_>, name: &str| {
        let mut children = node.children();
        let found = children.find(|child| child.tag_name().name() == name);
        found
            .and_then(|n| n.text())
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    document
        .descendants()
        .filter(|node| node.tag_name().name() == "Status")
        .map(|node| (value(node, "CmdRef"), value(node, "Data") as u16))
        .filter(|(cmd_ref, _)| *cmd_ref != 0)
        .collect()
}

/// Data of a body's Results, in order: (MsgRef, CmdRef, Data).
pub(super) fn results(body: &str) -> Vec<(u32, u32, String)> {
    let document = roxmltree::Document::parse(body).unwrap();
    let text = |node: roxmltree::Node<'_, '_>, name: &str| {
        let mut below = node.descendants();
        let found = below.find(|child| child.tag_name().name() == name);
        found.and_then(|n| n.text()).unwrap_or("").to_owned()
    };
    document
        .descendants()
        .filter(|node| node.tag_name().name() == "Results")
        .map(|node| {
            let number = |name| text(node, name).parse().unwrap();
            (number("MsgRef"), number("CmdRef"), text(node, "Data"))
        })
        .collect()
}
