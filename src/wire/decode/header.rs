//! SyncHdr. What names the device and its session is read strictly: another name is
//! another device.

use super::{Decoder, number, shown};
use crate::events::{Markup, Opaque, Source, Token};
use crate::fault::DecodeError;
use crate::limits;
use crate::message::{Address, Cred, Meta, SessionId};

impl<'a, S: Source<'a>> Decoder<'a, S> {
    pub(super) fn header(&mut self) -> Result<(), DecodeError> {
        let (mut session_id, mut msg_id, mut source) = (None, None, None);
        children!(self,
            "VerDTD" => self.header.ver_dtd = self.field()?,
            "VerProto" => self.header.ver_proto = self.field()?,
            "SessionID" => session_id = Some(self.exact("SessionID", Self::field)?),
            "MsgID" => msg_id = Some(self.text()?),
            "Target" => self.header.target = self.address()?,
            "Source" => {
                let address = self.device_address()?;
                self.header.source = address;
                source = Some(());
            },
            "Cred" => self.header.cred = Some(self.cred()?),
            "Meta" => self.header.max_msg_size = self.max_msg_size()?,
        );
        let session_id = session_id.ok_or(DecodeError::Missing("SessionID"))?;
        if session_id.len() > limits::SESSION_ID_BYTES {
            return Err(DecodeError::TooLong("SessionID", limits::SESSION_ID_BYTES));
        }
        self.header.session_id = SessionId(session_id);
        let msg_id = msg_id.ok_or(DecodeError::Missing("MsgID"))?;
        let bad = || DecodeError::BadField {
            field: "MsgID",
            expected: "a decimal number from 1 to 999999",
            found: shown(msg_id.trim()),
        };
        self.header.msg_id = number(&msg_id)
            .filter(|id| (1..1_000_000).contains(id))
            .ok_or_else(bad)?;
        source.ok_or(DecodeError::Missing("Source"))
    }

    fn device_address(&mut self) -> Result<Address, DecodeError> {
        let mut address = Address::default();
        children!(self,
            "LocURI" => address.uri = self.exact("Source", Self::loc_uri)?,
            "LocName" => address.name = Some(self.field()?),
        );
        Ok(address)
    }

    /// A field that must not be amended.
    fn exact(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<String, DecodeError>,
    ) -> Result<String, DecodeError> {
        let before = (self.source.amended(), self.shortened);
        let text = read(self)?;
        if (self.source.amended(), self.shortened) == before {
            return Ok(text);
        }
        Err(DecodeError::BadField {
            field,
            expected: "text of bounded length in UTF-8, without control characters or markup",
            found: shown(&text),
        })
    }

    pub(super) fn address(&mut self) -> Result<Address, DecodeError> {
        let mut address = Address::default();
        children!(self,
            "LocURI" => address.uri = self.loc_uri()?,
            "LocName" => address.name = Some(self.field()?),
        );
        Ok(address)
    }

    fn cred(&mut self) -> Result<Cred, DecodeError> {
        let (mut meta, mut data) = (Meta::default(), String::new());
        children!(self,
            "Meta" => self.meta(&mut meta)?,
            "Type" => meta.kind = Some(self.field()?),
            "Data" => {
                let text = self.source.content(Markup::Skip, Opaque::Base64OrBytes)?;
                data = self.bounded(text.trim().to_owned());
            },
        );
        // Without a type credentials are Basic (OMA RepPro 5.3).
        Ok(Cred {
            kind: meta.kind.unwrap_or_else(|| "syncml:auth-basic".to_owned()),
            data,
        })
    }

    fn max_msg_size(&mut self) -> Result<Option<u32>, DecodeError> {
        let mut size = None;
        children!(self, "MaxMsgSize" => size = number(&self.text()?));
        Ok(size)
    }
}
