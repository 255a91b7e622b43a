//! The elements of SyncML 1.2 and of its Meta Information: names as XML spells
//! them, and the tokens that stand for them in WBXML (OMA SyncML Representation
//! Protocol 1.2.2 and SyncML Meta Information 1.2.2, the code pages there).

macro_rules! tags {
    ($(#[$doc:meta])* $page:ident { $($token:literal $name:ident)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        // What is only read is known by its name; the names are those of the DTDs.
        #[allow(dead_code, clippy::enum_variant_names, clippy::upper_case_acronyms)]
        #[repr(u8)]
        pub(super) enum $page { $($name = $token,)+ }

        impl $page {
            /// The name in XML.
            pub(super) const fn name(self) -> &'static str {
                match self { $($page::$name => stringify!($name),)+ }
            }

            /// The token in WBXML, without the bits for content and attributes.
            pub(super) const fn token(self) -> u8 {
                self as u8
            }

            /// The name that a token stands for.
            pub(super) const fn of_token(token: u8) -> Option<&'static str> {
                match token { $($token => Some(stringify!($name)),)+ _ => None }
            }
        }
    };
}

tags! {
    /// Code page 0, namespace `SYNCML:SYNCML1.2`. 0x30 is reserved.
    SyncMl {
        0x05 Add 0x06 Alert 0x07 Archive 0x08 Atomic 0x09 Chal 0x0a Cmd 0x0b CmdID 0x0c CmdRef
        0x0d Copy 0x0e Cred 0x0f Data 0x10 Delete 0x11 Exec 0x12 Final 0x13 Get 0x14 Item
        0x15 Lang 0x16 LocName 0x17 LocURI 0x18 Map 0x19 MapItem 0x1a Meta 0x1b MsgID 0x1c MsgRef
        0x1d NoResp 0x1e NoResults 0x1f Put 0x20 Replace 0x21 RespURI 0x22 Results 0x23 Search
        0x24 Sequence 0x25 SessionID 0x26 SftDel 0x27 Source 0x28 SourceRef 0x29 Status 0x2a Sync
        0x2b SyncBody 0x2c SyncHdr 0x2d SyncML 0x2e Target 0x2f TargetRef 0x31 VerDTD
        0x32 VerProto 0x33 NumberOfChanges 0x34 MoreData 0x35 Field 0x36 Filter 0x37 Record
        0x38 FilterType 0x39 SourceParent 0x3a TargetParent 0x3b Move 0x3c Correlator
    }
}

tags! {
    /// Code page 1, namespace `syncml:metinf`: the children of `Meta`.
    MetInf {
        0x05 Anchor 0x06 EMI 0x07 Format 0x08 FreeID 0x09 FreeMem 0x0a Last 0x0b Mark
        0x0c MaxMsgSize 0x0d Mem 0x0e MetInf 0x0f Next 0x10 NextNonce 0x11 SharedMem 0x12 Size
        0x13 Type 0x14 Version 0x15 MaxObjSize 0x16 FieldLevel
    }
}

impl From<super::message::Verb> for SyncMl {
    fn from(verb: super::message::Verb) -> Self {
        use super::message::Verb;
        match verb {
            Verb::Add => SyncMl::Add,
            Verb::Replace => SyncMl::Replace,
            Verb::Delete => SyncMl::Delete,
            Verb::Get => SyncMl::Get,
            Verb::Exec => SyncMl::Exec,
            Verb::Copy => SyncMl::Copy,
        }
    }
}

impl From<super::message::GroupKind> for SyncMl {
    fn from(kind: super::message::GroupKind) -> Self {
        use super::message::GroupKind;
        match kind {
            GroupKind::Atomic => SyncMl::Atomic,
            GroupKind::Sequence => SyncMl::Sequence,
        }
    }
}
