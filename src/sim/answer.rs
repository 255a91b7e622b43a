//! What a tablet answers, before it is written down.

use std::fmt::Write;

use super::dialect::Dialect;
use super::message::escape;

/// One element of an answer.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Status(StatusPiece),
    Results {
        msg_ref: u32,
        cmd_ref: u32,
        items: Vec<ResultItem>,
    },
}

#[derive(Debug, Clone)]
pub(super) struct StatusPiece {
    pub(super) msg_ref: u32,
    pub(super) cmd_ref: u32,
    pub(super) cmd: String,
    /// The item that it is about, where items differ.
    pub(super) target: Option<String>,
    /// The nonce of a challenge, in base64.
    pub(super) challenge: Option<String>,
    pub(super) code: u16,
}

impl StatusPiece {
    pub(super) fn new(msg_ref: u32, cmd_ref: u32, cmd: &str, code: u16) -> StatusPiece {
        StatusPiece {
            msg_ref,
            cmd_ref,
            cmd: cmd.to_owned(),
            target: None,
            challenge: None,
            code,
        }
    }
}

/// What a Get brought for one node.
#[derive(Debug, Clone)]
pub(super) struct ResultItem {
    /// The address as it was asked for.
    pub(super) source: String,
    pub(super) value: Answered,
    /// Whether it is a piece, and more follows.
    pub(super) more: bool,
    /// Whether it goes on with a piece that went before.
    pub(super) follows: bool,
    /// Of the whole, with the first piece, bytes.
    pub(super) size: Option<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Answered {
    /// Names below an interior node, as they go on the wire.
    Names(Vec<String>),
    /// `Meta/Format` and Data.
    Value(&'static str, String),
}

/// Takes the second half of every long list of names out, to follow in the
/// next message under the same CmdRef.
pub(super) fn split(pieces: &mut [Piece]) -> Vec<Piece> {
    let mut later = Vec::new();
    for piece in pieces {
        let Piece::Results {
            msg_ref,
            cmd_ref,
            items,
        } = piece
        else {
            continue;
        };
        let rest: Vec<ResultItem> = items.iter_mut().filter_map(second_half).collect();
        if !rest.is_empty() {
            later.push(Piece::Results {
                msg_ref: *msg_ref,
                cmd_ref: *cmd_ref,
                items: rest,
            });
        }
    }
    later
}

fn second_half(item: &mut ResultItem) -> Option<ResultItem> {
    match &mut item.value {
        Answered::Names(names) if names.len() > 1 => Some(ResultItem {
            source: item.source.clone(),
            value: Answered::Names(names.split_off(names.len().div_ceil(2))),
            more: false,
            follows: false,
            size: None,
        }),
        _ => None,
    }
}

/// Cuts the first value that is longer than `most` bytes: its first piece stays,
/// the rest of it and all behind it is to follow.
pub(super) fn cut(pieces: &mut Vec<Piece>, most: usize) -> Vec<Piece> {
    let long =
        |item: &ResultItem| matches!(&item.value, Answered::Value(_, data) if data.len() > most);
    let at = pieces
        .iter()
        .position(|piece| matches!(piece, Piece::Results { items, .. } if items.iter().any(long)));
    let Some(at) = at else { return Vec::new() };
    let mut rest = pieces.split_off(at + 1);
    if let Some(Piece::Results {
        msg_ref,
        cmd_ref,
        items,
    }) = pieces.last_mut()
    {
        let nth = items.iter().position(long).unwrap_or(0);
        let mut behind = items.split_off(nth + 1);
        if let Some(item) = items.last_mut()
            && let Answered::Value(format, data) = &mut item.value
        {
            let mut end = most;
            while !data.is_char_boundary(end) {
                end -= 1;
            }
            // The whole is named once, before anything was cut off.
            item.size = (!item.follows).then_some(data.len());
            let tail = ResultItem {
                source: item.source.clone(),
                value: Answered::Value(format, data.split_off(end)),
                more: false,
                follows: true,
                size: None,
            };
            item.more = true;
            behind.insert(0, tail);
        }
        rest.insert(
            0,
            Piece::Results {
                msg_ref: *msg_ref,
                cmd_ref: *cmd_ref,
                items: behind,
            },
        );
    }
    rest
}

/// What became of an Atomic's children when it failed: what was done is undone.
pub(super) fn roll_back(pieces: &mut Vec<Piece>) {
    pieces.retain(|piece| matches!(piece, Piece::Status(_)));
    for piece in pieces {
        if let Piece::Status(status) = piece
            && status.code < 300
            && status.code != 215
        {
            status.code = 216;
        }
    }
}

/// Writes the elements, numbered from 1.
pub(super) fn render(pieces: &[Piece], dialect: Dialect) -> String {
    let mut text = String::new();
    for (piece, cmd_id) in pieces.iter().zip(1_u32..) {
        match piece {
            Piece::Status(status) => write_status(&mut text, status, cmd_id, dialect),
            Piece::Results {
                msg_ref,
                cmd_ref,
                items,
            } => {
                let _ = write!(
                    text,
                    "<Results><CmdID>{cmd_id}</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef>"
                );
                for item in items {
                    write_item(&mut text, item);
                }
                text.push_str("</Results>");
            }
        }
    }
    text
}

fn write_status(text: &mut String, status: &StatusPiece, cmd_id: u32, dialect: Dialect) {
    let _ = write!(
        text,
        "<Status><CmdID>{cmd_id}</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Cmd>{}</Cmd>",
        status.msg_ref, status.cmd_ref, status.cmd
    );
    if let Some(target) = &status.target {
        let _ = write!(text, "<TargetRef>{}</TargetRef>", escape(target));
    }
    if let Some(nonce) = &status.challenge {
        let _ = write!(
            text,
            "<Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type>\
             <NextNonce xmlns=\"syncml:metinf\">{nonce}</NextNonce></Meta></Chal>"
        );
    }
    text.push_str(&dialect.status_data(status.code));
    text.push_str("</Status>");
}

fn write_item(text: &mut String, item: &ResultItem) {
    let (format, data) = match &item.value {
        Answered::Names(names) => ("node", names.join("/")),
        Answered::Value(format, data) => (*format, data.clone()),
    };
    let size = item.size.map_or(String::new(), |size| {
        format!("<Size xmlns=\"syncml:metinf\">{size}</Size>")
    });
    let more = if item.more { "<MoreData/>" } else { "" };
    let _ = write!(
        text,
        "<Item><Source><LocURI>{}</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">{format}</Format>{size}</Meta>\
         <Data>{}</Data>{more}</Item>",
        escape(&item.source),
        escape(&data)
    );
}
