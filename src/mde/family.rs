//! Which of the three protocol variants a device speaks.

/// The families that enroll differently. Only discovery shows which one a device is of:
/// the later requests of Windows 8.1 contain no version, so the caller carries the family
/// in the URLs that discovery returns, by [`Family::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Windows 8.1 on a PC or tablet: MS-MDE.
    Windows81,
    /// Windows Phone 8.1: the first version of MS-MDE2.
    WindowsPhone81,
    /// Windows 10 and later: MS-MDE2.
    Windows10,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 3] = [Family::Windows81, Family::WindowsPhone81, Family::Windows10];

    /// A short name that can be a segment of a path.
    pub const fn code(self) -> &'static str {
        match self {
            Family::Windows81 => "w81",
            Family::WindowsPhone81 => "wp81",
            Family::Windows10 => "w10",
        }
    }

    /// The family with this [`code`](Family::code), in any letter case.
    pub fn from_code(code: &str) -> Option<Self> {
        let mut all = Family::ALL.into_iter();
        all.find(|family| family.code().eq_ignore_ascii_case(code))
    }
}
