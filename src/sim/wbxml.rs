//! WBXML as a device's own encoder might write it: SyncML named by its formal
//! identifier in the string table, longer Data as OPAQUE, nonces as raw bytes.
//! Shares nothing with the server's codec; the code pages are OMA's (SyncML
//! Representation Protocol 1.2.2, 8; MetaInfo 1.2, 5).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};

use super::message::escape;

/// SyncML 1.2's formal public identifier.
const FORMAL: &str = "-//SYNCML//DTD SyncML 1.2//EN";
/// Data from this length on goes as OPAQUE, bytes.
const LONG: usize = 32;

/// Tags of code page 0 from 0x05 on; 0x30 is reserved.
const SYNCML: &str = "Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName \
    LocURI Map MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI Results Search Sequence SessionID SftDel \
    Source SourceRef Status Sync SyncBody SyncHdr SyncML Target TargetRef - VerDTD VerProto NumberOfChanges MoreData Field \
    Filter Record FilterType SourceParent TargetParent Move Correlator";
/// Tags of code page 1 from 0x05 on.
const METINF: &str = "Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type \
    Version MaxObjSize FieldLevel";

fn token(page: u8, name: &str) -> Option<u8> {
    let tags = if page == 0 { SYNCML } else { METINF };
    let at = tags.split_whitespace().position(|tag| tag == name)?;
    u8::try_from(at + 5).ok()
}

fn name(page: u8, token: u8) -> Option<&'static str> {
    let tags = if page == 0 { SYNCML } else { METINF };
    let at = usize::from(token).checked_sub(5)?;
    tags.split_whitespace().nth(at).filter(|tag| *tag != "-")
}

/// Writes what the agent wrote as XML. It writes nothing that WBXML has no tag for.
pub(super) fn from_xml(xml: &str) -> Vec<u8> {
    let mut out = vec![0x03, 0x00, 0x00, 0x6a, FORMAL.len() as u8];
    out.extend_from_slice(FORMAL.as_bytes());
    if let Ok(document) = Document::parse(xml) {
        element(document.root_element(), &mut 0, &mut out);
    }
    out
}

fn element(node: Node<'_, '_>, page: &mut u8, out: &mut Vec<u8>) {
    let name = node.tag_name().name();
    let wanted = u8::from(node.tag_name().namespace() == Some("syncml:metinf"));
    let Some(token) = token(wanted, name) else {
        return;
    };
    if *page != wanted {
        *page = wanted;
        out.extend([0x00, wanted]);
    }
    if !node.has_children() {
        out.push(token);
        return;
    }
    out.push(token | 0x40);
    for child in node.children() {
        if child.is_element() {
            element(child, page, out);
        } else if let Some(text) = child.text() {
            content(name, text, out);
        }
    }
    out.push(0x01);
}

fn content(name: &str, text: &str, out: &mut Vec<u8>) {
    let nonce = (name == "NextNonce")
        .then(|| STANDARD.decode(text).ok())
        .flatten();
    let bytes = nonce.as_deref().unwrap_or(text.as_bytes());
    if nonce.is_some() || name == "Data" && text.len() >= LONG {
        out.push(0xc3);
        number(bytes.len(), out);
        out.extend_from_slice(bytes);
    } else {
        out.push(0x03);
        out.extend_from_slice(bytes);
        out.push(0);
    }
}

/// `mb_u_int32`: seven bits a byte, the highest first.
fn number(value: usize, out: &mut Vec<u8>) {
    for shift in [28, 21, 14, 7] {
        if value >> shift > 0 {
            out.push((value >> shift) as u8 & 0x7f | 0x80);
        }
    }
    out.push(value as u8 & 0x7f);
}

/// Reads a server's document to the XML that it stands for.
pub(super) fn to_xml(bytes: &[u8]) -> Result<String, String> {
    let mut reader = Reader {
        bytes,
        at: 0,
        table: &[],
        page: 0,
    };
    reader.header()?;
    let mut xml = String::new();
    let mut open: Vec<&'static str> = Vec::new();
    loop {
        match reader.byte()? {
            0x00 => reader.page = reader.byte()?,
            0x01 => {
                let name = open.pop().ok_or("END without an open element")?;
                let _ = write!(xml, "</{name}>");
            }
            0x02 => {
                let code = reader.number()?;
                let character = u32::try_from(code).ok().and_then(char::from_u32);
                xml.push_str(&escape(&character.ok_or("no character")?.to_string()));
            }
            0x03 => xml.push_str(&escape(text(reader.string()?)?)),
            0x83 => {
                let from = reader.number()?;
                let rest = reader.table.get(from..).ok_or("outside the string table")?;
                let end = rest.iter().position(|&b| b == 0).unwrap_or(rest.len());
                xml.push_str(&escape(text(&rest[..end])?));
            }
            0xc3 => {
                let length = reader.number()?;
                let bytes = reader.take(length)?;
                match open.last() {
                    Some(&"NextNonce") => xml.push_str(&STANDARD.encode(bytes)),
                    _ => xml.push_str(&escape(text(bytes)?)),
                }
            }
            tag => {
                if tag & 0x80 != 0 || reader.page > 1 {
                    return Err(format!("token {tag:#04x} on page {}", reader.page));
                }
                let name = name(reader.page, tag & 0x3f)
                    .ok_or_else(|| format!("no tag {tag:#04x} on page {}", reader.page))?;
                let space = namespace(open.is_empty(), reader.page);
                if tag & 0x40 == 0 {
                    let _ = write!(xml, "<{name}{space}/>");
                } else {
                    let _ = write!(xml, "<{name}{space}>");
                    open.push(name);
                }
            }
        }
        if open.is_empty() {
            break;
        }
    }
    match reader.at == bytes.len() {
        true => Ok(xml),
        false => Err("data after the end of the document".to_owned()),
    }
}

/// The namespace that an element's start declares.
fn namespace(is_root: bool, page: u8) -> &'static str {
    match (is_root, page) {
        (true, _) => " xmlns=\"SYNCML:SYNCML1.2\"",
        (false, 1) => " xmlns=\"syncml:metinf\"",
        _ => "",
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| error.to_string())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    table: &'a [u8],
    page: u8,
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<(), String> {
        let version = self.byte()?;
        let public = self.number()?;
        let formal_at = if public == 0 {
            Some(self.number()?)
        } else {
            None
        };
        let charset = self.number()?;
        let length = self.number()?;
        self.table = self.take(length)?;
        let formal = formal_at.is_some_and(|at| {
            self.table
                .get(at..)
                .is_some_and(|rest| rest.starts_with(FORMAL.as_bytes()))
        });
        let known = (1..=3).contains(&version) && charset == 106 && (public == 0x1201 || formal);
        known
            .then_some(())
            .ok_or_else(|| format!("version {version}, public id {public:#x}, charset {charset}"))
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or("the document is truncated")?;
        self.at += length;
        Ok(taken)
    }

    fn string(&mut self) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == 0);
        let string = self.take(end.ok_or("a string without a terminator")?)?;
        self.at += 1;
        Ok(string)
    }

    fn number(&mut self) -> Result<usize, String> {
        let mut value = 0_usize;
        for _ in 0..5 {
            let byte = self.byte()?;
            value = value << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number longer than five bytes".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The known answer of the protocol facts, which libwbxml reads as this.
    #[test]
    fn the_known_answer_is_read() {
        let hex = "03a4016a006d6c7103312e32000172 03444d2f312e32000165033100015b03310001\
                   6e5703640001016757037300010101 6b694b033100015c033100014c03300001\
                   4a0353796e634864720001495a000147036236340001530373796e636d6c3a617574\
                   682d6d6435000150c3054e6f6e6365010101 00004f0334303700010112 0101";
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let xml = to_xml(&bytes).unwrap();
        assert!(
            xml.contains("<NextNonce xmlns=\"syncml:metinf\">Tm9uY2U=</NextNonce>"),
            "{xml}"
        );
        assert!(
            xml.ends_with("<Data>407</Data></Status><Final/></SyncBody></SyncML>"),
            "{xml}"
        );
        assert_eq!(to_xml(&from_xml(&xml)).unwrap(), xml);
    }

    #[test]
    fn what_breaks_off_is_refused() {
        let bytes =
            from_xml("<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncBody><Final/></SyncBody></SyncML>");
        for end in 0..bytes.len() {
            assert!(to_xml(&bytes[..end]).is_err(), "{end}");
        }
    }
}
