//! Bounds on one SyncML document, each with its reason. Sizes are bytes unless
//! the name says otherwise.

/// Longest request body on the sync endpoint unless set otherwise. Native clients
/// send a few kilobytes; results of a large class Get may run to some hundred, of
/// many together to more. Public servers choose 512 KiB to 8 MiB.
pub const REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting of elements: SyncML needs 9 (an Item's Meta in an Atomic in
/// a Sequence); markup inside Data may add some.
pub const XML_DEPTH: usize = 32;
/// Most elements and attributes in one message: about 16 per command, 1,000
/// commands and their results.
pub const XML_NODES: usize = 50_000;
/// Most attributes of one element of an XML document that a caller sends. Each is compared
/// with those before it.
pub const DOCUMENT_ATTRIBUTES: usize = 256;
/// Most attributes of one element: SyncML has one, markup inside Data some.
/// Names are compared with each other, which many of them would make slow.
pub const XML_ATTRIBUTES: usize = 128;
/// Bytes that may be read a second time in one document, since markup inside a
/// value has no end and the value is taken as it stands.
pub const XML_REREAD_BYTES: usize = 16 * 1024 * 1024;
/// Longest element or attribute name.
pub const XML_NAME_BYTES: usize = 256;
/// Most text that one WBXML message may take from its string table, where three
/// bytes stand for a string of any length. Tables are for names and addresses.
pub const WBXML_TABLE_TEXT_BYTES: usize = 1024 * 1024;
/// Most children of SyncBody in one message, counted through groups.
pub const BODY_ELEMENTS: usize = 4_000;
/// Most items of one element.
pub const ITEMS: usize = 1_000;
/// Longest protocol field other than Data: LocURI, LocName, Type, …
/// Instance paths carry key values such as URLs, so a good deal more than a path.
pub const FIELD_BYTES: usize = 8 * 1024;
/// Longest SessionID. MS-MDM says 4 bytes; other clients send UUIDs.
pub const SESSION_ID_BYTES: usize = 64;
/// Longest nonce that a device may hand out for the server to prove itself by;
/// 16 bytes is what OMA DM Security asks for.
pub const NONCE_BYTES: usize = 64;
