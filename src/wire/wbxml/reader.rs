//! A bounded pull reader over WBXML, with the same bounds as that of XML.

use std::borrow::Cow;

use super::super::events::{Markup, Opaque, Source, Token};
use super::super::tags::{MetInf, SyncMl};
use super::super::text::MARK;
use super::content::{Content, Tag};
use super::cursor::Cursor;
use super::table::Table;
use super::{header, token};
use crate::fault::DecodeError;
use crate::limits;
use crate::message::Amended;

/// The reader.
pub(super) struct Reader<'a> {
    cursor: Cursor<'a>,
    table: Table<'a>,
    /// The code page of tags; it holds until it is switched, whatever ends.
    page: u8,
    depth: usize,
    nodes: usize,
    /// An element without content was opened and its end is yet to be told.
    empty: bool,
    ended: bool,
    amended: Amended,
}

/// One thing in the body.
enum Piece<'a> {
    Open(Tag<'a>),
    Close,
    Text(Cow<'a, [u8]>),
    Opaque(&'a [u8]),
    End,
}

impl<'a> Reader<'a> {
    /// Reads the header.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let table = header::read(&mut cursor)?;
        Ok(Reader {
            cursor,
            table,
            page: 0,
            depth: 0,
            nodes: 0,
            empty: false,
            ended: false,
            amended: Amended::default(),
        })
    }

    fn piece(&mut self) -> Result<Piece<'a>, DecodeError> {
        if std::mem::take(&mut self.empty) {
            return Ok(self.close());
        }
        loop {
            let at = self.cursor.at();
            let Some(byte) = self.cursor.next() else {
                return self.end(at);
            };
            match byte {
                token::SWITCH_PAGE => self.switch()?,
                token::END if self.depth == 0 => {
                    return Err(DecodeError::malformed(at, "an END of no element"));
                }
                token::END => return Ok(self.close()),
                token::ENTITY => return self.entity(at),
                token::STR_I => {
                    self.inside(at)?;
                    return Ok(Piece::Text(Cow::Borrowed(self.cursor.string()?)));
                }
                token::STR_T => {
                    self.inside(at)?;
                    let offset = self.cursor.number("a reference to the string table")?;
                    let text = self.table.string(offset, at)?;
                    return Ok(Piece::Text(Cow::Borrowed(text)));
                }
                token::OPAQUE => {
                    self.inside(at)?;
                    let length = self.cursor.number("the length of opaque bytes")?;
                    return Ok(Piece::Opaque(self.cursor.take(length, "opaque bytes")?));
                }
                token::PI => {
                    return Err(DecodeError::malformed(
                        at,
                        "a processing instruction, which SyncML does not have",
                    ));
                }
                // What is left below LITERAL, its two highest bits aside, are
                // EXT_I_0 to 2, EXT_T_0 to 2 and EXT_0 to 2.
                _ if byte & 0x3f < token::LITERAL => {
                    return Err(DecodeError::malformed(
                        at,
                        "an extension token, which SyncML does not have",
                    ));
                }
                _ => return self.open(byte, at),
            }
        }
    }

    fn switch(&mut self) -> Result<(), DecodeError> {
        let at = self.cursor.at();
        self.page = self.cursor.byte("a switch of code page")?;
        if self.page > 1 {
            return Err(DecodeError::malformed(
                at,
                format!("code page {}, where SyncML has 0 and 1", self.page),
            ));
        }
        Ok(())
    }

    fn entity(&mut self, at: usize) -> Result<Piece<'a>, DecodeError> {
        self.inside(at)?;
        let number = self.cursor.number("a character entity")?;
        // What is no character is none in the content either, and is replaced there.
        let character = char::from_u32(number).unwrap_or(MARK);
        Ok(Piece::Text(Cow::Owned(character.to_string().into_bytes())))
    }

    fn open(&mut self, byte: u8, at: usize) -> Result<Piece<'a>, DecodeError> {
        if self.ended {
            return Err(DecodeError::malformed(at, "a second root element"));
        }
        if byte & token::ATTRIBUTES != 0 {
            return Err(DecodeError::malformed(
                at,
                "attributes, which SyncML does not have in WBXML",
            ));
        }
        self.depth += 1;
        if self.depth > limits::XML_DEPTH {
            return Err(DecodeError::TooDeep(limits::XML_DEPTH));
        }
        self.nodes += 1;
        if self.nodes > limits::XML_NODES {
            return Err(DecodeError::TooMany(
                "elements and attributes",
                limits::XML_NODES,
            ));
        }
        let content = byte & token::CONTENT != 0;
        let tag = match byte & !token::CONTENT {
            token::LITERAL => self.literal(at)?,
            known => self.known(known, at)?,
        };
        self.empty = !content;
        Ok(Piece::Open(Tag { content, ..tag }))
    }

    fn known(&self, token: u8, at: usize) -> Result<Tag<'a>, DecodeError> {
        let metinf = self.page == 1;
        let name = if metinf {
            MetInf::of_token(token)
        } else {
            SyncMl::of_token(token)
        };
        let page = self.page;
        let name = name.ok_or_else(|| {
            DecodeError::malformed(
                at,
                format!("the tag 0x{token:02x}, which code page {page} does not have"),
            )
        })?;
        Ok(Tag {
            name,
            metinf,
            content: false,
        })
    }

    /// An element by its name, as in XML: mostly one that SyncML does not know.
    fn literal(&mut self, at: usize) -> Result<Tag<'a>, DecodeError> {
        let offset = self.cursor.number("a literal name's offset")?;
        let name = self.table.string(offset, at)?;
        if name.len() > limits::XML_NAME_BYTES {
            return Err(DecodeError::TooLong(
                "an element's name",
                limits::XML_NAME_BYTES,
            ));
        }
        let name = std::str::from_utf8(name)
            .ok()
            .and_then(|name| name.rsplit(':').next())
            .filter(|name| is_name(name))
            .ok_or_else(|| DecodeError::malformed(at, "a literal name that is no name in XML"))?;
        Ok(Tag {
            name,
            metinf: false,
            content: false,
        })
    }

    /// Text is for inside elements.
    fn inside(&self, at: usize) -> Result<(), DecodeError> {
        if self.depth == 0 {
            return Err(DecodeError::malformed(at, "text outside the root element"));
        }
        Ok(())
    }

    fn close(&mut self) -> Piece<'a> {
        self.depth = self.depth.saturating_sub(1);
        self.ended |= self.depth == 0;
        Piece::Close
    }

    fn end(&self, at: usize) -> Result<Piece<'a>, DecodeError> {
        if self.depth > 0 {
            return Err(DecodeError::ends(at, "an element"));
        }
        Ok(Piece::End)
    }
}

impl<'a> Source<'a> for Reader<'a> {
    fn next(&mut self) -> Result<Token<'a>, DecodeError> {
        loop {
            match self.piece()? {
                Piece::Open(tag) => return Ok(Token::Open(tag.name)),
                Piece::Close => return Ok(Token::Close),
                Piece::End => return Ok(Token::End),
                Piece::Text(_) | Piece::Opaque(_) => {}
            }
        }
    }

    fn content(&mut self, markup: Markup, opaque: Opaque) -> Result<Cow<'a, str>, DecodeError> {
        let mut content = Content::new(markup, opaque);
        loop {
            match self.piece()? {
                Piece::Open(tag) => content.open(tag),
                Piece::Close if content.close() => {}
                Piece::Text(text) => content.piece(text, false),
                Piece::Opaque(bytes) => content.piece(Cow::Borrowed(bytes), true),
                // The reader itself refuses an end inside an element.
                Piece::Close | Piece::End => break,
            }
        }
        let (content, replaced) = content.finish();
        self.amended.characters += u32::from(replaced);
        Ok(content)
    }

    fn skip(&mut self) -> Result<(), DecodeError> {
        let mut inside = 0_usize;
        loop {
            match self.piece()? {
                Piece::Open(_) => inside += 1,
                Piece::Close if inside > 0 => inside -= 1,
                Piece::Close | Piece::End => return Ok(()),
                Piece::Text(_) | Piece::Opaque(_) => {}
            }
        }
    }

    fn amended(&self) -> Amended {
        self.amended
    }

    fn at(&self) -> usize {
        self.cursor.at()
    }
}

/// Whether an element may have this name, near enough to XML's own rule that
/// markup written with it is markup.
fn is_name(name: &str) -> bool {
    let begins = |character: char| character.is_alphabetic() || character == '_';
    name.starts_with(begins)
        && name.chars().all(|character| {
            begins(character) || character.is_numeric() || matches!(character, '-' | '.')
        })
}
