//! What a WBXML document says before its first element.

use super::cursor::Cursor;
use super::table::Table;
use super::{SYNCML_1_1, SYNCML_1_2, UTF_8};
use crate::fault::DecodeError;

/// The formal public identifiers of the documents that are read.
const IDENTIFIERS: [&[u8]; 2] = [
    b"-//SYNCML//DTD SyncML 1.2//EN",
    b"-//SYNCML//DTD SyncML 1.1//EN",
];
/// No charset told. Its text is taken for UTF-8, and refused where it is not.
const UNKNOWN: u32 = 0;
/// US-ASCII, which is UTF-8.
const US_ASCII: u32 = 3;

/// Reads the header and gives the string table.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Table<'a>, DecodeError> {
    let version = cursor.byte("the version")?;
    if !(1..=3).contains(&version) {
        return Err(DecodeError::Encoding(
            "WBXML 1.1 to 1.3",
            format!("the version 0x{version:02x} at byte 0"),
        ));
    }
    let at = cursor.at();
    let document = match cursor.number("the public identifier")? {
        0 => Document::Named(cursor.number("the public identifier's offset")?),
        number => Document::Number(number),
    };
    charset(cursor)?;
    let length = cursor.number("the string table's length")?;
    let table = Table::new(cursor.take(length, "the string table")?);
    document.check(&table, at)?;
    Ok(table)
}

/// How a document says what it is.
enum Document {
    Number(u32),
    /// By a string of the table, at this offset.
    Named(u32),
}

impl Document {
    fn check(&self, table: &Table<'_>, at: usize) -> Result<(), DecodeError> {
        let found = match *self {
            Document::Number(SYNCML_1_2 | SYNCML_1_1) => return Ok(()),
            Document::Number(number) => format!("0x{number:x} at byte {at}"),
            Document::Named(offset) => {
                let name = table.identifier(offset, at)?;
                if IDENTIFIERS.contains(&name) {
                    return Ok(());
                }
                let name: String = String::from_utf8_lossy(name).chars().take(40).collect();
                format!("{name} at byte {at}")
            }
        };
        Err(DecodeError::Encoding(
            "the public identifier of SyncML 1.2, 0x1201",
            found,
        ))
    }
}

fn charset(cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
    let at = cursor.at();
    match cursor.number("the charset")? {
        UTF_8 | UNKNOWN | US_ASCII => Ok(()),
        other => Err(DecodeError::Encoding(
            "UTF-8 (charset 106)",
            format!("charset {other} at byte {at}"),
        )),
    }
}
