//! The classes of the MDM Application Provider (Microsoft's *mdmappprov* reference), and
//! one that Microsoft names beside the two providers without a page of its own.
//!
//! Apps are the enrolled user's: reading them needs that user (the MDMAgent article).

use super::class::{WmiClass, classes, method};
use super::property::CimType::{DateTime, String, Uint32};
use super::property::{of, reads};
use crate::kind::Kind::{AppInstall, AppStatus, Profile, UserRead};

/// The keys of the two classes of packages that an app depends on.
const PACKAGE_KEYS: &[&str] = &[
    "PackageName",
    "MinimumPackageVersion",
    "PackagePublisher",
    "PackageArchitecture",
];

classes! {
    APP_INSTALL_JOB = WmiClass::new("MDM_AppInstallJob", AppStatus).keys(&["JobID"])
        .write(AppInstall).methods(&[method("CreateJob", "JobData", AppInstall)])
        .properties(&[
            of("JobID", String),
            of("PackageFullName", String),
            of("Status", Uint32),
            of("LastError", Uint32),
            of("Progress", Uint32),
            of("CreationTime", DateTime),
            // The URLs of the job's Data may carry a token.
            of("DownloadUrlList", String).array().secret(),
            of("Dependencies", String).array(),
            of("DependencyUrlLists", String).array().secret(),
            of("LicenseXml", String),
            of("ActionType", Uint32),
            of("JobType", Uint32),
            of("DeploymentOptions", Uint32),
        ]);
    APPLICATION = WmiClass::new("MDM_Application", UserRead).keys(&["PackageFullName"])
        .write(AppInstall)
        .properties(reads! {
            PackageFullName, UserSID, PackageName, PackagePublisher, PackageVersion, InstallPath,
            IsFramework: Boolean, IsResourcePackage: Boolean, IsBundle: Boolean,
            IsDevelopmentMode: Boolean, Dependencies
        });
    APPLICATION_FRAMEWORK = WmiClass::new("MDM_ApplicationFramework", UserRead)
        .keys(PACKAGE_KEYS).write(AppInstall)
        .properties(reads! {
            PackageName, MinimumPackageVersion, PackagePublisher, PackageArchitecture,
            PackageFullName, PackageVersion, UserSID
        });
    APPLICATION_MIN_VERSION = WmiClass::new("MDM_ApplicationMinVersion", UserRead)
        .keys(PACKAGE_KEYS).write(AppInstall)
        .properties(reads! {
            PackageName, MinimumPackageVersion, PackagePublisher, PackageArchitecture,
            PackageFullName, PackageVersion, UserSID
        });
    WEB_APPLICATION = WmiClass::new("MDM_WebApplication", UserRead).keys(&["PackageName"])
        .write(AppInstall)
        .properties(reads! { PackageName, PackageUrl, ShortcutFolder, ShortcutFilename });
    REMOTE_APPLICATION = WmiClass::new("MDM_RemoteApplication", UserRead)
        .keys(&["FeedUrl", "AppId"]).write(AppInstall)
        .properties(reads! { FeedUrl, AppId });
    /// Its cookie signs the device in, and the hash of it is as good as a proof.
    REMOTE_APP_USER_COOKIE = WmiClass::new("MDM_RemoteAppUserCookie", UserRead)
        .keys(&["FeedUrl"]).write(AppInstall)
        .properties(&[
            of("FeedUrl", String),
            of("Cookie", String).secret(),
            of("CookieHash", String).secret(),
        ]);
    /// Microsoft names it without a page of its own.
    VPN_CONNECTION = WmiClass::new("MDM_VpnConnection", UserRead).keys(&["Name"]).write(Profile)
        .secret();
}
