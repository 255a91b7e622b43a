//! What tells the enrollment clients of the three families apart.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The family of a simulated device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A Windows 8.1 tablet (MS-MDE).
    #[serde(rename = "windows81")]
    #[value(name = "windows81")]
    Windows81,
    /// A Windows Phone 8.1.
    #[serde(rename = "windows_phone81")]
    #[value(name = "windows_phone81")]
    WindowsPhone81,
    /// A Windows 10 or later (MS-MDE2).
    #[serde(rename = "windows10")]
    #[value(name = "windows10")]
    Windows10,
}

impl Family {
    /// What the enrollment client calls itself in HTTP; what 8.1 says is unknown.
    pub(super) fn user_agent(self) -> &'static str {
        match self {
            Family::Windows81 => "Windows Enrollment Client",
            Family::WindowsPhone81 => "Windows Phone 8 Enrollment Client",
            Family::Windows10 => "ENROLLClient",
        }
    }

    /// The RequestVersion of Discover; 8.1 sends none.
    pub(super) fn request_version(self) -> Option<&'static str> {
        match self {
            Family::Windows81 => None,
            Family::WindowsPhone81 => Some("2.0"),
            Family::Windows10 => Some("9.0"),
        }
    }

    /// The DeviceType of the token request's context.
    pub(super) fn device_type(self) -> &'static str {
        match self {
            Family::WindowsPhone81 => "WindowsPhone",
            Family::Windows81 | Family::Windows10 => "CIMClient_Windows",
        }
    }

    /// What the numbers of its error codes are added to.
    pub(super) fn error_base(self) -> u32 {
        match self {
            Family::Windows81 => 0x8019_0000,
            Family::WindowsPhone81 | Family::Windows10 => 0x8018_0000,
        }
    }
}
