//! What a device last said of its push channel, its URI aside, and what that means.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What was last read of a channel. What the device's family does not show, or answered
/// without a value, is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReadBack {
    /// When any of it was last read.
    pub at: Option<Timestamp>,
    /// The PFN that the device holds (DMClient's Push/PFN); `***` where it cannot be one.
    pub pfn: Option<String>,
    /// `ExpirationTime` of MDM_WNSChannel, whether believed or not.
    pub expires_at: Option<Timestamp>,
    /// `ChannelStatus` of MDM_WNSChannel.
    pub channel_status: Option<u32>,
    /// `LastError` of MDM_WNSChannel.
    pub last_error: Option<u32>,
    /// `ConfigurationStatus` of MDM_WNSConfiguration.
    pub configuration_status: Option<u32>,
}

impl ReadBack {
    /// What a Windows 8.1 device says is wrong with its channel, in words.
    pub fn trouble(&self) -> Option<&'static str> {
        let error = self.last_error.filter(|error| *error != 0);
        let unset = self.configuration_status.filter(|it| *it == NOT_CONFIGURED);
        error
            .map(last_error_words)
            .or(unset.map(configuration_words))
    }
}

/// [`ReadBack::configuration_status`]: not configured.
pub(crate) const NOT_CONFIGURED: u32 = 0;
/// [`ReadBack::last_error`]: WNS does not know the app, so the PFN is wrong.
pub(crate) const INVALID_APP: u32 = 0x803E_0102;

/// `ConfigurationStatus` in words (Microsoft's reference of MDM_WNSConfiguration).
pub fn configuration_words(status: u32) -> &'static str {
    match status {
        NOT_CONFIGURED => "the push channel is not configured (0)",
        1 => "the push channel is configured (1)",
        _ => "a status that is not documented",
    }
}

/// `ChannelStatus` in words. The reference of MDM_WNSChannel lists 0 and 1 and leaves
/// their descriptions blank.
pub fn channel_status_words(status: u32) -> &'static str {
    match status {
        0 | 1 => "a documented value whose meaning is not documented",
        _ => "a status that is not documented",
    }
}

/// `LastError` in words. The reference says that it is why the channel could not be
/// created; that it is an error of the Windows push platform, by Microsoft's list of COM
/// errors, is assumed.
pub fn last_error_words(code: u32) -> &'static str {
    match code {
        0 => "no error",
        0x803E_0100 => "the channel was closed",
        0x803E_0101 => "the request for a channel did not complete",
        INVALID_APP => "WNS does not know the app: the PFN is wrong or was revoked",
        0x803E_0103 => "a request for a channel is under way already",
        0x803E_0104 => "the channel belongs to another endpoint",
        0x803E_0105 => "the push platform is not available on the device",
        0x803E_0109 => "cloud notifications are turned off on the device",
        0x803E_0110 => "the app lacks the capability for cloud notifications",
        0x803E_0111 => "the device's settings prevent notifications",
        0x803E_0113 => "the app lacks the capability for the Internet",
        0x803E_0117 => "access was denied",
        _ => "an error that is not on Microsoft's list of push errors",
    }
}

/// A number as a device may write it: decimal, signed or not, or hexadecimal.
pub(crate) fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => {
            let signed = || text.parse().ok().map(i32::cast_unsigned);
            text.parse().ok().or_else(signed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_however_it_is_written() {
        let rows = [
            ("2151547138", Some(INVALID_APP)),
            ("-2143420158", Some(INVALID_APP)),
            (" 0x803E0102 ", Some(INVALID_APP)),
            ("0X803e0102", Some(INVALID_APP)),
            ("0", Some(0)),
            ("", None),
            ("4294967296", None),
            ("0x", None),
            ("no number", None),
        ];
        for (text, expected) in rows {
            assert_eq!(number(text), expected, "{text}");
        }
        assert!(last_error_words(INVALID_APP).contains("PFN"));
    }
}
