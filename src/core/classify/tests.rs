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
