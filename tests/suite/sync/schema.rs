//! The whole public schema, from outside: every property of every class is read with its
//! type, every method runs, and no secret is kept.

use std::collections::BTreeMap;

use modegate_sim::{
    MethodSchema, PropertySchema, Tablet, Trigger, mdm_methods, mdm_properties,
    windows10_properties,
};
use serde_json::{Value, json};

use crate::harness::Server;
use crate::sync::simulated_device::{enrolled, sync, tablet};

/// Properties that are secrets, or may carry one: nobody reads them back.
const SECRETS: [(&str, &str); 9] = [
    ("MDM_CertificateEnrollment", "ConfigurationParameters"),
    ("MDM_WirelessProfileXml", "ProfileXml"),
    ("MDM_WirelessProfile", "SharedKeyMaterial"),
    ("MDM_WirelessProfile", "OneXEAPXml"),
    ("MDM_AppInstallJob", "DownloadUrlList"),
    ("MDM_AppInstallJob", "DependencyUrlLists"),
    ("MDM_RemoteAppUserCookie", "Cookie"),
    ("MDM_RemoteAppUserCookie", "CookieHash"),
    ("MSFT_VpnConnection", "Profile"),
];
/// Properties that are arrays: which text an agent makes of one is unknown.
const ARRAYS: [&str; 5] = [
    "DownloadUrlList",
    "Dependencies",
    "DependencyUrlLists",
    "LogonHours",
    "BlockedCategoryList",
];
/// Classes of which nothing becomes inventory: the push channel, which has its own place,
/// and profiles with their key.
const APART: [&str; 3] = [
    "MDM_WNSConfiguration",
    "MDM_WNSChannel",
    "MDM_WirelessProfileXml",
];

fn expected(property: &PropertySchema) -> &'static str {
    match property.cim {
        _ if ARRAYS.contains(&property.name) => "text",
        "boolean" => "boolean",
        "datetime" => "time",
        "string" => "text",
        _ => "number",
    }
}

/// Reads these classes, as many sessions as it takes.
async fn read(
    server: &Server,
    device: &str,
    tablet: &mut Tablet,
    properties: &[PropertySchema],
) -> Value {
    let mut classes: Vec<&str> = properties.iter().map(|one| one.class).collect();
    classes.dedup();
    for class in classes {
        server
            .queue(device, json!({"type": "inventory", "classes": [class]}))
            .await;
    }
    for _ in 0..20 {
        sync(tablet, Trigger::Logon).await;
        let open = server
            .get(&format!("/devices/{device}/commands?state=queued"))
            .await;
        if open["items"].as_array().unwrap().is_empty() {
            return server.get(&format!("/devices/{device}/inventory")).await;
        }
    }
    panic!("the inventory does not come to an end");
}

/// The types that the inventory shows of a property, over all instances.
fn types(known: &Value, property: &PropertySchema) -> Vec<String> {
    let instances = &known["classes"][property.class]["instances"];
    let instances = instances
        .as_object()
        .into_iter()
        .flat_map(|all| all.values());
    let entries = instances.filter_map(|one| one.get(property.name));
    let mut types: Vec<String> = entries
        .map(|entry| entry["type"].as_str().unwrap().to_owned())
        .collect();
    types.sort();
    types.dedup();
    types
}

fn looked_at(known: &Value, properties: &[PropertySchema]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for property in properties {
        let of = format!("{}.{}", property.class, property.name);
        let is_secret = SECRETS.contains(&(property.class, property.name));
        let is_apart = APART.contains(&property.class);
        let types = types(known, property);
        if is_secret || is_apart {
            assert!(types.is_empty(), "{of}: {types:?}");
        } else {
            assert_eq!(types, [expected(property)], "{of}");
        }
        let what = match (is_apart, is_secret) {
            (true, _) => "apart",
            (false, true) => "secret",
            (false, false) => "read",
        };
        *counts.entry(what).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn every_property_of_the_28_classes_is_read_with_its_type() {
    let properties = mdm_properties();
    let mut classes: Vec<&str> = properties.iter().map(|one| one.class).collect();
    classes.dedup();
    assert_eq!((classes.len(), properties.len()), (28, 182));
    // One of the classes came with Windows 10: a device that was upgraded has them all.
    let server = Server::start();
    let device = server
        .register(json!({"source": "ten", "family": "windows10"}))
        .await;
    let url = format!("{}/sync", server.http);
    let transport = modegate_sim::Transport::new(&url, None, None).unwrap();
    let mut ten = Tablet::windows10("ten", "MS DM Server", transport);
    ten.holds_everything();
    let known = read(&server, &device, &mut ten, &properties).await;
    let counts = looked_at(&known, &properties);
    let counted = BTreeMap::from([("read", 165), ("secret", 7), ("apart", 10)]);
    assert_eq!(counts, counted);
    for (class, secret) in SECRETS {
        let text = format!("value of {class}.{secret}");
        assert!(!known.to_string().contains(&text), "{text}");
    }
    // The twelve besides them.
    let others = windows10_properties();
    let known = read(&server, &device, &mut ten, &others).await;
    let counts = looked_at(&known, &others);
    assert_eq!(counts.get("secret"), Some(&1));
    assert_eq!(counts.get("read"), Some(&(others.len() - 1)));
}

#[tokio::test]
async fn every_property_of_a_tablet_is_read_with_its_type() {
    let (server, device, mut tablet) = enrolled("t").await;
    tablet.holds_everything();
    let mut properties = mdm_properties();
    properties.retain(|one| one.class != "MDM_ApplicationMinVersion");
    let known = read(&server, &device, &mut tablet, &properties).await;
    assert_eq!(looked_at(&known, &properties)["read"], 158);
}

/// What is said of the push channel is answered by name, all but its URI.
#[tokio::test]
async fn every_property_of_the_channel_is_read() {
    let (server, device, mut tablet) = enrolled("t").await;
    let set = json!({"type": "wns_update_configuration", "app_id": "app", "package_family_name": "contoso.mdm_8wekyb3d8bbwe"});
    server.queue(&device, set).await;
    sync(&mut tablet, Trigger::Logon).await;
    let mut properties = mdm_properties();
    properties.retain(|one| one.class.starts_with("MDM_WNS"));
    assert_eq!(properties.len(), 8);
    let mut commands = Vec::new();
    for PropertySchema { class, name, .. } in &properties {
        let loc_uri = format!("./cimv2/{class}/{class}.AppId=%22app%22/{name}");
        let body = json!({"type": "raw", "verb": "Get", "loc_uri": loc_uri});
        commands.push(server.queue(&device, body).await);
    }
    sync(&mut tablet, Trigger::Logon).await;
    for (command, property) in commands.iter().zip(&properties) {
        let view = server.get(&format!("/commands/{command}")).await;
        assert_eq!(
            (&view["kind"], &view["state"]),
            (&json!("channel_read"), &json!("succeeded"))
        );
        let data = view["results"][0]["data"].as_str().unwrap();
        let is_uri = property.name == "Channel";
        assert_eq!(data == "***", is_uri, "{view}");
        let is_number = data.parse::<u32>().is_ok();
        assert_eq!(is_number, property.cim == "uint32", "{view}");
    }
}

/// What an operator sets on the classes that a Windows 10 lists besides goes out with the
/// user, and never in Machine mode.
#[tokio::test]
async fn settings_of_the_other_classes_do_not_wait_for_good() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "ten", "family": "windows10"}))
        .await;
    let url = format!("{}/sync", server.http);
    let transport = modegate_sim::Transport::new(&url, None, None).unwrap();
    let mut ten = Tablet::windows10("ten", "MS DM Server", transport);
    ten.holds_everything();
    let mut commands = Vec::new();
    for (class, key, property, data, kind) in [
        (
            "MSFT_NetFirewallProfile",
            "InstanceID",
            "Enabled",
            "0",
            "setting",
        ),
        ("WpcUserSettings", "SID", "WpcEnabled", "false", "setting"),
        ("WpcWebSettings", "SID", "FilterLevel", "5", "setting"),
    ] {
        let instance = format!("{class}.{key}=%22value%20of%20{class}.{key}%22");
        let loc_uri = format!("./cimv2/{class}/{instance}/{property}");
        let body = json!({"type": "raw", "verb": "Replace", "loc_uri": loc_uri, "data": data});
        let command = server.queue(&device, body).await;
        let view = server.get(&format!("/commands/{command}")).await;
        assert_eq!(
            (&view["kind"], &view["warning"]),
            (&json!(kind), &Value::Null),
            "{view}"
        );
        commands.push(command);
    }
    sync(&mut ten, Trigger::Reboot).await;
    for command in &commands {
        assert_eq!(server.state(command).await, "queued", "Machine mode");
    }
    sync(&mut ten, Trigger::Logon).await;
    for command in &commands {
        assert_eq!(server.state(command).await, "succeeded");
    }
}

/// Everything that a Get of a secret brings back, wherever it is kept or shown.
#[tokio::test]
async fn a_secret_that_is_asked_for_by_name_is_not_kept() {
    let (server, device, mut tablet) = enrolled("t").await;
    tablet.holds_everything();
    let feed =
        "MDM_RemoteAppUserCookie.FeedUrl=%22https%3A%2F%2Fapps.contoso.test%2Frdweb%2Ffeed.aspx%22";
    let mut commands = Vec::new();
    for property in ["CookieHash", "Cookie", "FeedUrl"] {
        let loc_uri = format!("./cimv2/MDM_RemoteAppUserCookie/{feed}/{property}");
        let body = json!({"type": "raw", "verb": "Get", "loc_uri": loc_uri});
        commands.push(server.queue(&device, body).await);
    }
    sync(&mut tablet, Trigger::Logon).await;
    for (command, expected) in
        commands
            .iter()
            .zip(["***", "***", "https://apps.contoso.test/rdweb/feed.aspx"])
    {
        let view = server.get(&format!("/commands/{command}")).await;
        assert_eq!(view["state"], "succeeded", "{view}");
        assert_eq!(view["results"][0]["data"], expected, "{view}");
    }
    let known = server.get(&format!("/devices/{device}/inventory")).await;
    let known = known.to_string();
    assert!(known.contains("rdweb"), "{known}");
    for secret in [
        "5d41402abc4b2a76",
        "value of MDM_RemoteAppUserCookie.Cookie",
    ] {
        assert!(!known.contains(secret), "{secret}");
    }
}

fn argument(method: &MethodSchema) -> &'static str {
    match method.name {
        "ResetUserPassword" => "ann@contoso.test;Distinct-Pa55word",
        "SendUnenrollRequest" => "t",
        "UpdateConfiguration" => "app;contoso.mdm_8wekyb3d8bbwe",
        "SetValues" => "MinPasswordLength,8;",
        "CreateNewAuthority" => "B",
        "ActivateKey" => "ABCDE-12345-FGHIJ-67890-KLMNO",
        "AddCertificate" => "MIIBCgKC",
        "CreateJob" => "<Job/>",
        _ => "",
    }
}

fn instance(method: &MethodSchema) -> String {
    let (key, value) = match method.class {
        "MDM_Client" => ("DeviceClientID", "t"),
        "MDM_WNSConfiguration" => ("AppId", "app"),
        "MDM_EASPolicy" => ("Key", "1"),
        "MDM_MgmtAuthority" => ("AuthorityName", "B"),
        "MDM_AppInstallJob" => ("JobID", "j"),
        _ => ("key", "1"),
    };
    let class = method.class;
    format!("./cimv2/{class}/{class}.{key}=%22{value}%22")
}

#[tokio::test]
async fn every_method_runs_and_is_of_its_kind() {
    let (server, device, mut tablet) = enrolled("t").await;
    let mut methods = mdm_methods();
    assert_eq!(methods.len(), 10);
    let with_parameter = methods.iter().filter(|one| one.parameter.is_some());
    assert_eq!(with_parameter.count(), 8);
    // The unenroll ends all the rest.
    methods.sort_by_key(|method| method.name == "SendUnenrollRequest");
    for method in methods {
        let loc_uri = format!("{}/Exec={}", instance(&method), method.name);
        let mut body = json!({"type": "raw", "verb": "Exec", "loc_uri": loc_uri});
        if let Some(parameter) = method.parameter {
            body["data"] = format!("{parameter}={}", argument(&method)).into();
        }
        let command = server.queue(&device, body).await;
        for _ in 0..3 {
            if sync(&mut tablet, Trigger::Logon).await.unenrolled {
                break;
            }
        }
        let view = server.get(&format!("/commands/{command}")).await;
        assert_eq!(view["state"], "succeeded", "{view}");
        let kind = match method.name {
            "ResetUserPassword" => "password_reset",
            "SendUnenrollRequest" => "unenroll",
            "LockWorkstation" => "lock",
            "UpdateConfiguration" => "wns_configuration",
            "CreateJob" => "app_install",
            "SetValues" | "CreateNewAuthority" => "setting",
            _ => "sideloading",
        };
        assert_eq!(view["kind"], kind, "{view}");
    }
    assert_eq!(tablet.password_resets(), 1);
}

/// A raw Exec may say anything; where it does not name its method's parameter, the answer
/// warns.
#[tokio::test]
async fn a_raw_exec_without_its_parameter_is_warned_of() {
    let (server, device, _) = enrolled("t").await;
    let eas = "./cimv2/MDM_EASPolicy/MDM_EASPolicy.Key=%221%22/Exec=SetValues";
    let lock = "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22t%22/Exec=LockWorkstation";
    for (loc_uri, data, warns) in [
        (eas, "MinPasswordLength,8;", true),
        (eas, "ConfigString=MinPasswordLength,8;", true),
        (eas, "NamedValuesList=MinPasswordLength,8;", false),
        (lock, "now", true),
        (lock, "", false),
    ] {
        let body = json!({"type": "raw", "verb": "Exec", "loc_uri": loc_uri, "data": data});
        let command = server.queue(&device, body).await;
        let view = server.get(&format!("/commands/{command}")).await;
        assert_eq!(view["warning"].is_string(), warns, "{view}");
        assert_ne!(view["kind"], "unclassified");
    }
}

/// What Machine mode carries of the schema: the reads of what is the device's.
#[tokio::test]
async fn machine_reads_no_class_that_is_a_users() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let mut tablet = tablet(&server, "t");
    let properties = [mdm_properties(), windows10_properties()].concat();
    let mut classes: Vec<&str> = properties.iter().map(|one| one.class).collect();
    classes.dedup();
    for class in &classes {
        let body = json!({"type": "inventory", "classes": [class], "walk": false});
        server.queue(&device, body).await;
    }
    // The tablet itself notes what its agent could not do without the user.
    sync(&mut tablet, Trigger::Reboot).await;
    let queued = server
        .get(&format!(
            "/devices/{device}/commands?state=queued&limit=100"
        ))
        .await;
    let waiting = queued["items"].as_array().unwrap().len();
    let preview = server
        .get(&format!("/devices/{device}/preview?mode=Machine"))
        .await;
    assert_eq!(preview["deliver"], json!([]), "{preview}");
    assert_eq!((classes.len(), waiting), (40, 28));
}
