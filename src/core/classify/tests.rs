use super::*;

fn kind(verb: Verb, loc_uri: &str) -> Kind {
    classify(verb, &LocUri::from(loc_uri)).kind
}

#[test]
fn commands_are_what_they_do() {
    let key =
        |class: &str, key: &str, rest: &str| format!("./cimv2/{class}/{class}.{key}=%22x%22{rest}");
    let cases = [
        (
            Verb::Get,
            "./cimv2/Win32_OperatingSystem".to_owned(),
            Kind::Inventory,
        ),
        (
            Verb::Get,
            "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem%3D%40/SystemDrive".to_owned(),
            Kind::Inventory,
        ),
        (Verb::Get, "./DevInfo/DevId".to_owned(), Kind::Inventory),
        (Verb::Get, "./DevDetail/SwV".to_owned(), Kind::Inventory),
        (Verb::Get, "./User/DevInfo/DevId".to_owned(), Kind::UserRead),
        (
            Verb::Replace,
            "./DevInfo/DevId".to_owned(),
            Kind::Unclassified,
        ),
        (
            Verb::Get,
            "./cimv2/Win32_Unheard".to_owned(),
            Kind::Unclassified,
        ),
        (
            Verb::Exec,
            key("MDM_Client", "DeviceClientID", "/Exec=ResetUserPassword"),
            Kind::PasswordReset,
        ),
        (
            Verb::Exec,
            key("MDM_Client", "DeviceClientID", "/Exec=SendUnenrollRequest"),
            Kind::Unenroll,
        ),
        (
            Verb::Exec,
            key("MDM_Client", "DeviceClientID", "/Exec=LockWorkstation"),
            Kind::Lock,
        ),
        (
            Verb::Exec,
            key("MDM_Client", "DeviceClientID", "/Exec=FormatDisk"),
            Kind::Unclassified,
        ),
        (
            Verb::Get,
            key("MDM_Client", "DeviceClientID", "/Exec=ResetUserPassword"),
            Kind::Unclassified,
        ),
        (
            Verb::Exec,
            key("MDM_WNSConfiguration", "AppId", "/Exec=UpdateConfiguration"),
            Kind::WnsConfiguration,
        ),
        (
            Verb::Get,
            key("MDM_WNSChannel", "AppId", "/Channel"),
            Kind::ChannelRead,
        ),
        (
            Verb::Exec,
            key("MDM_AppInstallJob", "JobID", "/Exec=CreateJob"),
            Kind::AppInstall,
        ),
        (
            Verb::Get,
            key("MDM_AppInstallJob", "JobID", "/Status"),
            Kind::AppStatus,
        ),
        (
            Verb::Get,
            "./cimv2/MDM_Application".to_owned(),
            Kind::UserRead,
        ),
        (
            Verb::Replace,
            key("MDM_Restrictions", "Key", "/WifiEnabled"),
            Kind::Setting,
        ),
        (
            Verb::Get,
            key("MDM_Restrictions", "Key", "/WifiEnabled"),
            Kind::Inventory,
        ),
        (
            Verb::Exec,
            key("MDM_EASPolicy", "Key", "/Exec=SetValues"),
            Kind::Setting,
        ),
        (
            Verb::Add,
            key("MDM_WirelessProfileXml", "Name", ""),
            Kind::Profile,
        ),
        (
            Verb::Add,
            key("MDM_Certificate", "Thumbprint", ""),
            Kind::Certificate,
        ),
        (
            Verb::Exec,
            key("MDM_SideLoader", "key", "/Exec=ActivateKey"),
            Kind::Sideloading,
        ),
        (
            Verb::Exec,
            "./Vendor/MSFT/DMClient/Provider/p/Unenroll".to_owned(),
            Kind::Unenroll,
        ),
        (
            Verb::Replace,
            "./Device/Vendor/MSFT/DMClient/Provider/p/Push/PFN".to_owned(),
            Kind::WnsConfiguration,
        ),
        (
            Verb::Get,
            "./Vendor/MSFT/DMClient/Provider/p/Push/ChannelURI".to_owned(),
            Kind::ChannelRead,
        ),
        (Verb::Copy, "./DevInfo/DevId".to_owned(), Kind::Unclassified),
    ];
    for (verb, loc_uri, expected) in cases {
        assert_eq!(kind(verb, &loc_uri), expected, "{verb:?} {loc_uri}");
    }
}

/// An operator's setting of a Windows 10 or a phone is known for one, so that it does not
/// wait for good; what acts at once, or may cut the device off, is not.
#[test]
fn well_known_providers_are_what_their_reference_says() {
    use Verb::{Add, Delete, Exec, Get, Replace};
    for (verb, loc_uri, expected) in [
        (
            Replace,
            "./Vendor/MSFT/Policy/Config/DeviceLock/DevicePasswordEnabled",
            Kind::Setting,
        ),
        (
            Add,
            "./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/App/Policy/a",
            Kind::Setting,
        ),
        (
            Replace,
            "./User/Vendor/MSFT/Policy/Config/Education/DefaultPrinterName",
            Kind::Setting,
        ),
        (
            Get,
            "./Vendor/MSFT/Policy/Result/DeviceLock/DevicePasswordEnabled",
            Kind::UserRead,
        ),
        (
            Replace,
            "./Vendor/MSFT/Policy/Result/DeviceLock/DevicePasswordEnabled",
            Kind::Unclassified,
        ),
        (
            Replace,
            "./Vendor/MSFT/PolicyManager/My/DeviceLock/DevicePasswordEnabled",
            Kind::Setting,
        ),
        (
            Replace,
            "./Vendor/MSFT/BitLocker/RequireDeviceEncryption",
            Kind::Setting,
        ),
        (
            Add,
            "./Vendor/MSFT/WiFi/Profile/Contoso/WlanXml",
            Kind::Profile,
        ),
        (Delete, "./User/Vendor/MSFT/VPNv2/Contoso", Kind::Profile),
        (
            Add,
            "./Vendor/MSFT/RootCATrustedCertificates/Root/AB/EncodedCertificate",
            Kind::Certificate,
        ),
        (
            Exec,
            "./Vendor/MSFT/ClientCertificateInstall/SCEP/a/Install/Enroll",
            Kind::Certificate,
        ),
        (
            Exec,
            "./User/Vendor/MSFT/EnterpriseModernAppManagement/AppInstallation/a/HostedInstall",
            Kind::AppInstall,
        ),
        (
            Get,
            "./User/Vendor/MSFT/EnterpriseModernAppManagement/AppInstallation/a/Status",
            Kind::AppStatus,
        ),
        (
            Get,
            "./Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/AppStore",
            Kind::UserRead,
        ),
        (
            Exec,
            "./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/a/DownloadInstall",
            Kind::AppInstall,
        ),
        (Get, "./Vendor/MSFT/DeviceStatus/OS/Edition", Kind::UserRead),
        (
            Replace,
            "./Vendor/MSFT/Reboot/Schedule/Single",
            Kind::Setting,
        ),
        (Exec, "./Vendor/MSFT/Reboot/RebootNow", Kind::Unclassified),
        (
            Exec,
            "./Vendor/MSFT/CleanPC/CleanPCWithoutRetainingUserData",
            Kind::Unclassified,
        ),
        (
            Replace,
            "./Vendor/MSFT/Uefi/Settings/Apply",
            Kind::Unclassified,
        ),
        (
            Exec,
            "./User/Vendor/MSFT/RemoteWipe/doWipe",
            Kind::Unclassified,
        ),
        (
            Replace,
            "./User/Vendor/MSFT/DMClient/Provider/p/Push/PFN",
            Kind::Unclassified,
        ),
        (Replace, "./Vendor/MSFT/Unheard/Node", Kind::Unclassified),
    ] {
        assert_eq!(kind(verb, loc_uri), expected, "{verb:?} {loc_uri}");
    }
}

/// The classes that "WMI providers supported in Windows" lists, and what a Windows 10
/// names besides: none is unknown, and no read of a user's goes out in Machine mode.
#[test]
fn every_class_of_microsofts_list_is_classified() {
    const LISTED: &str = include_str!("../../../tests/golden/wmi-listed.txt");
    for class in LISTED.lines() {
        let read = kind(Verb::Get, &format!("./cimv2/{class}"));
        assert_ne!(read, Kind::Unclassified, "{class}");
    }
    assert_eq!(LISTED.lines().count(), 112);
}
