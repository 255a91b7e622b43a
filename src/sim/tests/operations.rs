//! Every operation as the device takes or refuses it.

use proptest::prelude::*;

use crate::ability::{do_item, may};
use crate::address::address;
use crate::jobs::JobStage;
use crate::outcome::Found;
use crate::outside::Change;
use crate::tree::Tree;

/// One operation on `./cimv2/` + the rest: its status.
fn on(tree: &mut Tree, verb: &str, rest: &str, data: &str) -> u16 {
    do_item(tree, verb, &address(&format!("./cimv2/{rest}")), data).code
}

fn get(tree: &Tree, loc_uri: &str) -> Result<Found, u16> {
    tree.get(&address(loc_uri))
}

/// `Class/Class.keys` and what follows.
fn path(instance: &str, rest: &str) -> String {
    let class = instance.split('.').next().unwrap();
    format!("{class}/{instance}{rest}")
}

#[test]
fn methods_take_the_argument_that_is_documented() {
    const RESET: &str = "MDM_Client.DeviceClientID=%22t%22/Exec=ResetUserPassword";
    const UNENROLL: &str = "MDM_Client.DeviceClientID=%22t%22/Exec=SendUnenrollRequest";
    const LOCK: &str = "MDM_Client.DeviceClientID=t/Exec=LockWorkstation";
    const WNS: &str = "MDM_WNSConfiguration.AppId=%22app%22/Exec=UpdateConfiguration";
    const EAS: &str = "MDM_EASPolicy.Key=%221%22/Exec=SetValues";
    const KEY: &str = "MDM_SideLoader.key=%221%22/Exec=ActivateKey";
    const CERT: &str = "MDM_SideLoader.key=%221%22/Exec=AddCertificate";
    const OFF: &str = "MDM_SideLoader.key=%221%22/Exec=UnActivateLOB";
    const JOB: &str = "MDM_AppInstallJob.JobID=%22j%22/Exec=CreateJob";
    const AUTHORITY: &str = "MDM_MgmtAuthority.AuthorityName=%22B%22/Exec=CreateNewAuthority";
    for (method, data, expected) in [
        (RESET, "ConfigString=a@b.test;pwd1", 200),
        (RESET, "ConfigString=;pwd1", 500),
        (RESET, "ConfigString=a@b.test;", 500),
        (RESET, "ConfigString=a@b.test;pw;d1", 500),
        (RESET, "a@b.test;pwd1", 500),
        (UNENROLL, "DeviceClientID=t", 200),
        (UNENROLL, "DeviceClientID=another", 500),
        (UNENROLL, "", 500),
        (LOCK, "", 200),
        (LOCK, "x", 500),
        (WNS, "ConfigString=app;contoso.mdm_8wekyb3d8bbwe", 200),
        (WNS, "ConfigString=other;contoso.mdm_8wekyb3d8bbwe", 500),
        (WNS, "ConfigString=app;contoso", 500),
        (EAS, "NamedValuesList=MinPasswordLength,8;", 200),
        (EAS, "NamedValuesList=MinPasswordLength,17;", 500),
        (KEY, "ProductKey=ABCDE-12345-FGHIJ-67890-KLMNO", 200),
        (KEY, "ProductKey=", 500),
        (CERT, "CertificateBlob=MIIBCgKC", 200),
        (CERT, "CertificateBlob=MIIBCgK", 500),
        (CERT, "CertificateBlob=", 500),
        (OFF, "", 200),
        (JOB, "JobData=<Job/>", 200),
        (JOB, "JobData= ", 500),
        (AUTHORITY, "AuthorityName=B", 200),
        (AUTHORITY, "AuthorityName=C", 500),
        ("MDM_Client.DeviceClientID=%22t%22/Exec=FormatDisk", "", 406),
        (
            "MDM_Client.DeviceClientID=%22u%22/Exec=LockWorkstation",
            "",
            404,
        ),
        ("MDM_Restrictions.Key=%221%22/Exec=SetValues", "", 406),
        ("Win32_NetworkAdapter.DeviceID=%220%22/Disable", "", 406),
        ("MDM_Unheard.Key=%221%22/Exec=Run", "", 404),
    ] {
        let mut tree = Tree::new("t");
        let code = on(&mut tree, "Exec", &path(method, ""), data);
        assert_eq!(code, expected, "{method} {data}");
    }
}

#[test]
fn methods_do_what_they_say() {
    let mut tree = Tree::new("t");
    let reset = path(
        "MDM_Client.DeviceClientID=%22t%22/Exec=ResetUserPassword",
        "",
    );
    on(&mut tree, "Exec", &reset, "ConfigString=a;b");
    on(&mut tree, "Exec", &reset, "ConfigString=a;");
    assert_eq!(tree.resets, 1, "only what succeeds counts");
    let eas = path("MDM_EASPolicy.Key=%221%22/Exec=SetValues", "");
    on(
        &mut tree,
        "Exec",
        &eas,
        "NamedValuesList=minpasswordlength,8;PasswordHistory,99",
    );
    assert!(tree.eas.is_empty(), "all of a list or nothing");
    on(
        &mut tree,
        "Exec",
        &eas,
        "NamedValuesList=minpasswordlength,8",
    );
    assert_eq!(tree.eas["MinPasswordLength"], "8");
    let loader = "MDM_SideLoader.key=1";
    let hash = |tree: &Tree| tree.property(loader, "ProductKeyHash").unwrap();
    let key = "ProductKey=ABCDE-12345-FGHIJ-67890-KLMNO";
    on(&mut tree, "Exec", &path(loader, "/Exec=ActivateKey"), key);
    assert_eq!(hash(&tree).len(), 64);
    on(&mut tree, "Exec", &path(loader, "/Exec=UnActivateLOB"), "");
    assert_eq!(hash(&tree), "");
    let wns = path(
        "MDM_WNSConfiguration.AppId=%22app%22/Exec=UpdateConfiguration",
        "",
    );
    let channel = |tree: &Tree| tree.property("MDM_WNSChannel.AppId=\"app\"", "Channel");
    let data = "ConfigString=app;contoso.mdm_8wekyb3d8bbwe";
    assert_eq!(channel(&tree), None);
    on(&mut tree, "Exec", &wns, data);
    let first = channel(&tree).unwrap();
    on(&mut tree, "Exec", &wns, data);
    assert_ne!(
        channel(&tree).unwrap(),
        first,
        "each channel has a URI of its own"
    );
    tree.revoke_channel();
    assert!(!tree.has_channel());
}

#[test]
fn a_job_moves_on_and_ends() {
    let mut tree = Tree::new("t");
    let job = |tree: &mut Tree, id: &str| {
        let at = path(
            &format!("MDM_AppInstallJob.JobID=%22{id}%22/Exec=CreateJob"),
            "",
        );
        on(tree, "Exec", &at, "JobData=<Job/>")
    };
    assert_eq!(job(&mut tree, "one"), 200);
    assert_eq!(job(&mut tree, "one"), 418, "an id is a job's for good");
    tree.advance_jobs();
    assert_eq!(tree.job("one").unwrap().stage, JobStage::Running);
    assert_eq!(job(&mut tree, "two"), 200);
    tree.advance_jobs();
    let done = tree.job("one").unwrap();
    assert_eq!(
        (done.stage, done.progress, done.last_error),
        (JobStage::Done, 100, 0)
    );
    tree.next_job_error = Some(0x8007_0005);
    tree.advance_jobs();
    tree.advance_jobs();
    let failed = tree.job("two").unwrap();
    assert_eq!(
        (failed.stage, failed.last_error),
        (JobStage::Failed, 0x8007_0005)
    );
    assert_eq!(tree.job("one").unwrap(), done, "what ended stays as it is");
    let asked = get(
        &tree,
        "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22two%22/LastError",
    );
    assert!(matches!(asked, Ok(Found::Value(_, text)) if text == "2147942405"));
    let gone = path("MDM_AppInstallJob.JobID=%22two%22", "");
    assert_eq!(on(&mut tree, "Delete", &gone, ""), 200);
    assert_eq!(on(&mut tree, "Delete", &gone, ""), 404);
}

#[test]
fn settings_are_replaced_within_their_types() {
    let mut tree = Tree::new("t");
    for (at, data, expected) in [
        ("MDM_Restrictions.Key=%221%22/WifiEnabled", "false", 200),
        ("MDM_Restrictions.Key=%221%22/wifienabled", "true", 200),
        ("MDM_Restrictions.Key=%221%22/WifiEnabled", "0", 500),
        (
            "MDM_Restrictions.Key=%221%22/UserAccountControlStatus",
            "4",
            500,
        ),
        (
            "MDM_Restrictions.Key=%221%22/IEEnterpriseModeEnabledURL",
            "https://x/",
            200,
        ),
        ("MDM_Restrictions.Key=%221%22/Unheard", "true", 404),
        ("MDM_Restrictions.Key=%222%22/WifiEnabled", "true", 404),
        ("MDM_Restrictions.Key=%221%22/Key", "2", 405),
        ("MDM_Restrictions.Key=%221%22", "true", 405),
        (
            "MDM_SecurityStatus.Key=%221%22/MaintenanceScheduleStartHour",
            "23",
            200,
        ),
        (
            "MDM_SecurityStatus.Key=%221%22/MaintenanceScheduleStartHour",
            "24",
            500,
        ),
        ("MDM_SecurityStatus.Key=%221%22/FirewallStatus", "0", 405),
        (
            "MDM_BrowserSettings.Key=%221%22/InternetZoneSecurityLevel",
            "2",
            500,
        ),
        ("MDM_Updates.key=%221%22/AutoUpdatePolicy", "1", 200),
        (
            "MDM_ConfigSetting.SettingName=%22UnEnrollOnCertExpiry%22/SettingValue",
            "false",
            200,
        ),
        (
            "MDM_ConfigSetting.SettingName=%22UnEnrollOnCertExpiry%22",
            "true",
            200,
        ),
        (
            "MDM_ConfigSetting.SettingName=%22Unheard%22/SettingValue",
            "x",
            404,
        ),
        ("MDM_Client.DeviceClientID=%22t%22/DeviceName", "x", 405),
        ("Win32_LogicalDisk.DeviceID=%22C:%22/VolumeName", "x", 405),
        ("Win32_LogicalDisk.DeviceID=%22C:%22/Unheard", "x", 404),
    ] {
        let code = on(&mut tree, "Replace", &path(at, ""), data);
        assert_eq!(code, expected, "{at} {data}");
    }
    let held = tree.property("MDM_Restrictions.Key=\"1\"", "WifiEnabled");
    assert_eq!(held.as_deref(), Some("true"));
    assert_eq!(tree.replace(&address("./DevInfo/Man"), "x"), 405);
    assert_eq!(tree.replace(&address("./DevInfo/Unheard"), "x"), 404);
    assert_eq!(on(&mut tree, "Replace", "MDM_Restrictions", "x"), 405);
}

#[test]
fn instances_are_added_once_and_deleted_once() {
    for (instance, data, wrong) in [
        (
            "MDM_Certificate.StoreLocation=%222%22,StoreName=%22Root%22,Thumbprint=%22AB%22",
            "MIIBCgKC",
            Some("no base64!"),
        ),
        (
            "MDM_CertificateEnrollment.RequestID=%22a%22,StoreLocation=1,EnhancedKeyUsages=%221.3%22,Issuers=%22CN=x%22",
            "<scep/>",
            Some("<scep>"),
        ),
        (
            "MDM_WirelessProfileXml.Name=%22guest%22",
            "<WLANProfile/>",
            Some("guest"),
        ),
        ("MDM_WirelessProfile.Name=%22guest%22", "", None),
        (
            "MDM_ApplicationSetting.PackageFamilyName=%22f%22,SettingName=%22s%22",
            "x",
            None,
        ),
        (
            "MDM_WebApplication.PackageName=%22w%22",
            "https://w.test/",
            None,
        ),
        (
            "MDM_RemoteApplication.FeedUrl=%22https://w.test/feed%22,AppId=%22a%22",
            "",
            None,
        ),
        (
            "MDM_BrowserSecurityZones.Zone=%222%22,Namespace=%22https://w.test/%22",
            "true",
            Some("1"),
        ),
        (
            "MDM_VpnApplicationTrigger.ApplicationID=%22f%22",
            "false",
            Some("never"),
        ),
        ("MDM_ConfigSetting.SettingName=%22AccountId%22", "x", None),
    ] {
        let (mut tree, at) = (Tree::new("t"), path(instance, ""));
        if let Some(wrong) = wrong {
            assert_eq!(on(&mut tree, "Add", &at, wrong), 500, "{instance} {wrong}");
        }
        assert_eq!(on(&mut tree, "Add", &at, data), 200, "{instance}");
        assert_eq!(on(&mut tree, "Add", &at, data), 418, "{instance}");
        assert_eq!(on(&mut tree, "Get", &at, ""), 200, "{instance}");
        assert_eq!(on(&mut tree, "Delete", &at, ""), 200, "{instance}");
        assert_eq!(on(&mut tree, "Delete", &at, ""), 404, "{instance}");
    }
}

#[test]
fn instances_are_added_by_whole_keys_of_classes_that_take_them() {
    let mut tree = Tree::new("t");
    for (at, expected) in [
        (
            "MDM_Certificate.StoreName=%22Root%22,Thumbprint=%22AB%22",
            500,
        ),
        (
            "MDM_Certificate.StoreLocation=3,StoreName=%22Root%22,Thumbprint=%22AB%22",
            500,
        ),
        ("MDM_Restrictions.Key=2", 405),
        ("Win32_Share.Name=%22C$%22", 405),
        ("MDM_Unheard.Key=2", 404),
    ] {
        assert_eq!(
            on(&mut tree, "Add", &path(at, ""), "MIIBCgKC"),
            expected,
            "{at}"
        );
    }
}

#[test]
fn properties_are_added_once_and_deleted_with_their_instance_only() {
    let mut tree = Tree::new("t");
    let name = "MDM_WirelessProfile.Name=%22guest%22";
    assert_eq!(on(&mut tree, "Add", &path(name, "/SSID"), "guest"), 200);
    assert_eq!(
        on(
            &mut tree,
            "Add",
            &path(name, "/SecurityAuthentication"),
            "3"
        ),
        200
    );
    assert_eq!(on(&mut tree, "Add", &path(name, "/OneXEAPType"), "14"), 500);
    assert_eq!(on(&mut tree, "Add", &path(name, "/SSID"), "guest"), 418);
    assert_eq!(on(&mut tree, "Delete", &path(name, "/SSID"), ""), 405);
    assert_eq!(
        on(&mut tree, "Delete", &path("MDM_EASPolicy.Key=1", ""), ""),
        405
    );
    assert_eq!(on(&mut tree, "Delete", "MDM_Certificate", ""), 405);
}

#[test]
fn gets_find_names_values_nothing_and_null() {
    let tree = Tree::new("t");
    let names = |loc_uri: &str| match get(&tree, loc_uri) {
        Ok(Found::Names(names)) => names,
        other => panic!("{loc_uri}: {other:?}"),
    };
    assert_eq!(
        names("./cimv2/Win32_LogicalDisk"),
        [
            "Win32_LogicalDisk.DeviceID=\"C:\"",
            "Win32_LogicalDisk.DeviceID=\"D:\""
        ]
    );
    assert_eq!(
        names("./cimV2/win32_operatingsystem"),
        ["Win32_OperatingSystem=@"]
    );
    assert!(names("./cimv2/Win32_Share").is_empty());
    assert_eq!(names("./DevDetail"), ["HwV", "SwV"]);
    let feed = names("./cimv2/MDM_RemoteApplication");
    assert!(
        feed.iter().all(|name| name.contains("https://")),
        "{feed:?}"
    );
    assert_eq!(
        names("./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22t%22")[0],
        "DeviceClientID"
    );
    for (loc_uri, expected) in [
        (
            "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem%3D%40/SystemDrive",
            Ok("C:"),
        ),
        (
            "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem=@/CSDVersion",
            Ok(""),
        ),
        (
            "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem=@/PlusVersionNumber",
            Err(500),
        ),
        (
            "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem=@/Unheard",
            Err(404),
        ),
        (
            "./cimv2/Win32_DiskDrive/Win32_DiskDrive.DeviceID=%22%5C%5C.%5CPHYSICALDRIVE0%22/InterfaceType",
            Ok("SCSI"),
        ),
        (
            "./cimv2/Win32_PhysicalMemory/Win32_PhysicalMemory.Tag='Physical%20Memory%200'/Capacity",
            Ok("2147483648"),
        ),
        (
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22T%22/DeviceClientID",
            Ok("t"),
        ),
        (
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22t%22/Exec=LockWorkstation",
            Err(405),
        ),
        ("./cimv2/MDM_ApplicationMinVersion", Err(404)),
        ("./DevInfo/DevId", Ok("t")),
        ("./Vendor/MSFT/DMClient", Err(404)),
    ] {
        let found = get(&tree, loc_uri);
        match (found, expected) {
            (Ok(Found::Value(_, text)), Ok(expected)) => assert_eq!(text, expected, "{loc_uri}"),
            (found, expected) => assert_eq!(found.err(), expected.err(), "{loc_uri}"),
        }
    }
}

#[test]
fn properties_are_changed_from_outside() {
    let mut tree = Tree::new("t");
    let disk = "Win32_LogicalDisk.DeviceID=\"C:\"";
    let node = "./cimv2/Win32_LogicalDisk/Win32_LogicalDisk.DeviceID=%22C:%22/FreeSpace";
    assert!(tree.change(disk, "FreeSpace", Change::Set("1")));
    assert!(matches!(get(&tree, node), Ok(Found::Value(_, text)) if text == "1"));
    let path = format!("./cimv2/Win32_LogicalDisk/{disk}");
    assert!(tree.change(&path, "freespace", Change::Null));
    assert_eq!(get(&tree, node), Err(500));
    assert!(tree.change(disk, "FreeSpace", Change::Remove));
    assert_eq!(get(&tree, node), Err(404));
    assert!(tree.change("Win32_Share.Name=\"C$\"", "Path", Change::Set("C:\\")));
    assert_eq!(
        tree.property("Win32_Share.Name=\"c$\"", "path").as_deref(),
        Some("C:\\")
    );
    assert!(!tree.change("Win32_Unheard=@", "X", Change::Null));
    assert!(!tree.change("MDM_Certificate.Thumbprint=\"x\"", "Blob", Change::Null));
    assert!(!tree.change("no name", "X", Change::Null));
    assert_eq!(
        Tree::new("u").property(disk, "FreeSpace").as_deref(),
        Some("12884901888")
    );
}

#[test]
fn a_mode_carries_what_the_mdmagent_article_says() {
    let on = |loc_uri: &str| address(loc_uri);
    let disk = on("./cimv2/Win32_LogicalDisk");
    let reset = on("./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22t%22/Exec=ResetUserPassword");
    let lock = on("./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22t%22/Exec=LockWorkstation");
    let wns = on(
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22a%22/Exec=UpdateConfiguration",
    );
    let channel = on("./cimv2/MDM_WNSChannel");
    let wifi = on("./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled");
    for (verb, at, machine, apps) in [
        ("Get", &disk, true, true),
        ("Exec", &reset, true, true),
        ("Exec", &lock, false, true),
        ("Exec", &wns, false, false),
        ("Get", &channel, false, true),
        ("Get", &wifi, true, true),
        ("Replace", &wifi, false, true),
    ] {
        assert_eq!(may("Machine", verb, at), machine, "{verb} {at:?}");
        assert_eq!(may("", verb, at), machine, "{verb} {at:?}");
        assert_eq!(may("Apps", verb, at), apps, "{verb} {at:?}");
        assert!(may("Maintenance", verb, at));
    }
}

proptest! {
    #[test]
    fn nothing_makes_a_tablet_stumble(
        verb in "(Get|Add|Replace|Delete|Exec|Copy)",
        path in "(\\./cimv2/)?(MDM_Client|MDM_Certificate|Win32_BIOS|DevInfo)?[/.='\"%@,;a-zA-Z0-9=]{0,40}",
        data in "[a-zA-Z=;,<>/0-9]{0,20}",
    ) {
        let mut tree = Tree::new("t");
        let done = do_item(&mut tree, &verb, &address(&path), &data);
        let known = [200, 404, 405, 406, 418, 500];
        prop_assert!(known.contains(&done.code), "{}", done.code);
    }
}
