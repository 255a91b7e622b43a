//! The classes of the MDM Application Provider (Microsoft's *mdmappprov*
//! reference).

use super::AccessLevel::User;
use super::Cim::{Bool, DateTime, String, Uint32};
use super::Life::{Fixed, Open, Removable};
use super::{Class, class, maker, read, write};

pub(crate) const CLASSES: &[Class] = &[
    class(
        "MDM_AppInstallJob",
        User,
        Removable,
        &[read("JobID", String)],
        &[
            read("PackageFullName", String),
            read("Status", Uint32),
            read("LastError", Uint32),
            read("Progress", Uint32),
            read("CreationTime", DateTime),
            read("DownloadUrlList", String),
            read("Dependencies", String),
            read("DependencyUrlLists", String),
            read("LicenseXml", String),
            read("ActionType", Uint32),
            read("JobType", Uint32),
            read("DeploymentOptions", Uint32),
        ],
    )
    .with_methods(&[maker("CreateJob", "JobData")]),
    class(
        "MDM_Application",
        User,
        Removable,
        &[read("PackageFullName", String)],
        &[
            read("UserSID", String),
            read("PackageName", String),
            read("PackagePublisher", String),
            read("PackageVersion", String),
            read("InstallPath", String),
            read("IsFramework", Bool),
            read("IsResourcePackage", Bool),
            read("IsBundle", Bool),
            read("IsDevelopmentMode", Bool),
            read("Dependencies", String),
        ],
    ),
    class(
        "MDM_ApplicationFramework",
        User,
        Fixed,
        &[
            read("PackageName", String),
            read("MinimumPackageVersion", String),
            read("PackagePublisher", String),
            read("PackageArchitecture", String),
        ],
        &[
            read("PackageFullName", String),
            read("PackageVersion", String),
            read("UserSID", String),
        ],
    ),
    class(
        "MDM_ApplicationMinVersion",
        User,
        Fixed,
        &[
            read("PackageName", String),
            read("MinimumPackageVersion", String),
            read("PackagePublisher", String),
            read("PackageArchitecture", String),
        ],
        &[
            read("PackageFullName", String),
            read("PackageVersion", String),
            read("UserSID", String),
        ],
    )
    .of_windows10(),
    class(
        "MDM_WebApplication",
        User,
        Open,
        &[read("PackageName", String)],
        &[
            write("PackageUrl", String),
            write("ShortcutFolder", String),
            write("ShortcutFilename", String),
        ],
    )
    .with_main("PackageUrl"),
    class(
        "MDM_RemoteApplication",
        User,
        Open,
        &[read("FeedUrl", String), read("AppId", String)],
        &[],
    ),
    class(
        "MDM_RemoteAppUserCookie",
        User,
        Open,
        &[read("FeedUrl", String)],
        &[write("Cookie", String), read("CookieHash", String)],
    )
    .with_main("Cookie"),
];
