//! What a job's `LastError` means for whoever waits for the app, as far as its number is one
//! of Windows' app deployment (winerror.h, `ERROR_INSTALL_…`, as an HRESULT). Whether a
//! Windows 8.1 job reports these is not published: what is not among them stays a number.

use crate::named::named;

named! {
    /// A kind of failure about which somebody can do something.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum JobFault {
        /// The package is damaged, or another one than was announced.
        Package = "package",
        /// What the app depends on could not be installed.
        Dependency = "dependency",
        /// There is too little space.
        DiskSpace = "disk_space",
        /// The package could not be downloaded.
        Network = "network",
        /// The device may not install apps from outside the Store.
        Sideloading = "sideloading",
        /// The app, or what it depends on, was in use.
        InUse = "in_use",
    }
}

impl JobFault {
    /// What this number means, where that is known.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            // OPEN_PACKAGE_FAILED, PACKAGE_NOT_FOUND, INVALID_PACKAGE, PACKAGE_ALREADY_EXISTS
            0x8007_3CF0..=0x8007_3CF2 | 0x8007_3CFB => Some(JobFault::Package),
            // RESOLVE_DEPENDENCY_FAILED, PREREQUISITE_FAILED
            0x8007_3CF3 | 0x8007_3CFD => Some(JobFault::Dependency),
            // OUT_OF_DISK_SPACE
            0x8007_3CF4 => Some(JobFault::DiskSpace),
            // NETWORK_FAILURE
            0x8007_3CF5 => Some(JobFault::Network),
            // POLICY_FAILURE, DEPLOYMENT_BLOCKED_BY_POLICY
            0x8007_3CFF | 0x8007_3D01 => Some(JobFault::Sideloading),
            // PACKAGE_UPDATING, PACKAGES_IN_USE
            0x8007_3D00 | 0x8007_3D02 => Some(JobFault::InUse),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JobFault;

    #[test]
    fn numbers_of_app_deployment_have_a_meaning_and_others_none() {
        for (number, expected) in [
            (0x8007_3CF4, Some(JobFault::DiskSpace)),
            (0x8007_3CFF, Some(JobFault::Sideloading)),
            (0x8007_3D02, Some(JobFault::InUse)),
            // INSTALL_FAILED says no more than that.
            (0x8007_3CF9, None),
            (0, None),
            (u32::MAX, None),
        ] {
            assert_eq!(JobFault::from_number(number), expected, "{number:#x}");
        }
    }
}
