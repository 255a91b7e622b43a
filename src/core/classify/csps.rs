//! The configuration service providers of Windows 10 and of phones that are known as a
//! whole (Microsoft's *CSP reference*; which of them a Windows 10 has, by what one lists
//! of itself): what is written below each, and that reading them is not device inventory.
//!
//! Left out, so that they wait for an operator's own classification: what acts at once and
//! has no kind here (Reboot's and CleanPC's Exec, a scan of Defender), and what may cut a
//! device off (uefi, DMAcc, OfflineDomainJoin, eUICCs).

use super::nodes::{EXEC, NodeEntry, READ, WRITE, tree};
use crate::kind::Kind::{AppInstall, AppStatus, Certificate, Profile, Setting, UserRead};

/// One entry for what is written below each, one for what is read.
macro_rules! csps {
    ($($kind:ident: $([$($segment:literal)/+])*;)*) => {
        &[$($(
            tree(&["vendor", "msft", $($segment),+], WRITE, $kind),
            tree(&["vendor", "msft", $($segment),+], READ, UserRead),
        )*)*]
    };
}

/// What of apps is run and asked for.
pub(super) static APPS: &[NodeEntry] = &[
    tree(
        &[
            "vendor",
            "msft",
            "enterprisemodernappmanagement",
            "appinstallation",
        ],
        READ,
        AppStatus,
    ),
    tree(
        &["vendor", "msft", "enterprisemodernappmanagement"],
        EXEC,
        AppInstall,
    ),
    tree(
        &["vendor", "msft", "enterprisedesktopappmanagement"],
        EXEC,
        AppInstall,
    ),
    tree(
        &["vendor", "msft", "enterprisedesktopappmanagement"],
        READ,
        AppStatus,
    ),
    tree(
        &["vendor", "msft", "enterpriseappmanagement"],
        EXEC,
        AppInstall,
    ),
    tree(
        &["vendor", "msft", "enterpriseappmanagement"],
        READ,
        AppStatus,
    ),
    tree(&["vendor", "msft", "office"], EXEC, AppInstall),
    tree(&["vendor", "msft", "office"], READ, AppStatus),
    // SCEP begins with an Exec of `Install/Enroll`.
    tree(
        &["vendor", "msft", "clientcertificateinstall"],
        EXEC,
        Certificate,
    ),
    tree(
        &["vendor", "msft", "certificatestore", "my", "scep"],
        EXEC,
        Certificate,
    ),
    // What only tells.
    tree(&["vendor", "msft", "policy"], READ, UserRead),
    tree(&["vendor", "msft", "policymanager"], READ, UserRead),
    tree(&["vendor", "msft", "devicestatus"], READ, UserRead),
    tree(&["vendor", "msft", "devicemanageability"], READ, UserRead),
    tree(&["vendor", "msft", "reporting"], READ, UserRead),
    tree(&["vendor", "msft", "win32appinventory"], READ, UserRead),
    tree(&["vendor", "msft", "reboot"], READ, UserRead),
];

/// What is written and read below the roots of the others.
pub(super) static CSPS: &[NodeEntry] = csps! {
    Setting:
        ["policy" / "config"] ["policy" / "configoperations"] ["policymanager" / "my"]
        ["applocker"] ["assignedaccess"] ["bitlocker"] ["cellularsettings"] ["cmpolicy"]
        ["cmpolicyenterprise"] ["declaredconfiguration"] ["defender"] ["devicelock"]
        ["deviceupdate"] ["deviceupdatecenter"] ["diagnosticlog"] ["dmsessionactions"]
        ["dynamicmanagement"] ["enrollmentstatustracking"] ["enterprisedataprotection"]
        ["firewall"] ["healthattestation"] ["maps"] ["multisim"] ["networkproxy"] ["nodecache"]
        ["optionalfeatures"] ["passportforwork"] ["personalization"] ["reboot" / "schedule"]
        ["secureassessment"] ["securitypolicy"] ["sharedpc"] ["storage"] ["supl"]
        ["tenantlockdown"] ["tpmpolicy"] ["unifiedwritefilter"] ["update"]
        ["windowsadvancedthreatprotection"] ["windowsdefenderapplicationguard"]
        ["windowslicensing"];
    Profile:
        ["activesync"] ["email2"] ["enterpriseapn"] ["vpn"] ["vpnv2"] ["wifi"];
    Certificate:
        ["certificatestore"] ["clientcertificateinstall"] ["rootcatrustedcertificates"];
    AppInstall:
        ["enterpriseappmanagement"] ["enterpriseappvmanagement"]
        ["enterprisedesktopappmanagement"] ["enterprisemodernappmanagement"] ["office"];
};
