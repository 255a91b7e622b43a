#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::search::Question;
use super::*;
use crate::classify::classify;
use crate::kind::Kind;
use crate::loc_uri::LocUri;
use crate::wmi;
use modegate_wire::message::Verb;

fn take(
    inventory: &mut Inventory,
    loc_uri: &str,
    status: u16,
    format: Option<&str>,
    data: Option<&str>,
    at: i64,
) -> Taken {
    let address = Address::from_loc_uri(&loc_uri.into()).unwrap();
    let mut taken = Taken::default();
    let reading = Reading {
        address: &address,
        status,
        format,
        data,
        command: CommandSeq(u32::try_from(at + 1).unwrap_or(9)),
        whole: true,
    };
    inventory.take(&reading, Timestamp(at), &mut taken);
    taken
}

fn value(inventory: &Inventory, loc_uri: &str) -> Value {
    inventory
        .entry(&Address::from_loc_uri(&loc_uri.into()).unwrap())
        .unwrap()
        .value
        .clone()
}

/// Property, Status, Format, Data, and what it is read as.
type Case = (
    &'static str,
    u16,
    Option<&'static str>,
    Option<&'static str>,
    Value,
);

const OS: &str = "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem=%40";

#[test]
fn values_get_their_types() {
    let instant = Value::Time(Timestamp::parse("2014-09-25T01:02:03Z").unwrap());
    let local = Value::LocalTime("2014-09-25T03:02:03".into());
    let cases: [Case; 15] = [
        (
            "LastBootUpTime",
            200,
            Some("chr"),
            Some("20140925030203.000000+120"),
            instant.clone(),
        ),
        (
            "LastBootUpTime",
            0,
            None,
            Some("2014-09-25T01:02:03Z"),
            instant.clone(),
        ),
        (
            "LastBootUpTime",
            200,
            None,
            Some("2014-09-25T03:02:03+02:00"),
            instant,
        ),
        (
            "LastBootUpTime",
            200,
            None,
            Some("20140925030203.000000+***"),
            local.clone(),
        ),
        (
            "LastBootUpTime",
            200,
            None,
            Some("2014-09-25T03:02:03"),
            local,
        ),
        (
            "PartOfDomain",
            200,
            Some("bool"),
            Some("1"),
            Value::Bool(true),
        ),
        (
            "PartOfDomain",
            200,
            Some("chr"),
            Some("False"),
            Value::Bool(false),
        ),
        (
            "FreeSpace",
            200,
            Some("chr"),
            Some("18446744073709551615"),
            Value::Integer(18_446_744_073_709_551_615),
        ),
        (
            "SerialNumber",
            200,
            Some("chr"),
            Some("0012345"),
            Value::Text("0012345".into()),
        ),
        (
            "SerialNumber",
            200,
            Some("int"),
            Some("12"),
            Value::Integer(12),
        ),
        (
            "Caption",
            200,
            Some("chr"),
            Some(" Windows "),
            Value::Text(" Windows ".into()),
        ),
        (
            "Caption",
            200,
            Some("chr"),
            Some("20149925030203.000000+120"),
            Value::Text("20149925030203.000000+120".into()),
        ),
        ("Caption", 500, None, None, Value::Null),
        ("Caption", 200, Some("null"), Some(""), Value::Null),
        ("Caption", 404, None, None, Value::Absent),
    ];
    for (property, status, format, data, expected) in cases {
        let mut inventory = Inventory::default();
        let node = format!("{OS}/{property}");
        take(&mut inventory, &node, status, format, data, 1);
        assert_eq!(
            value(&inventory, &node),
            expected,
            "{property} {format:?} {data:?}"
        );
    }
}

#[test]
fn a_value_is_read_by_the_type_that_its_class_gives_it() {
    let at = |rest: &str| format!("./cimv2/{rest}");
    let text = |text: &str| Value::Text(text.into());
    let job = "MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22j%22";
    for (rest, format, data, expected) in [
        (
            "MDM_Restrictions/MDM_Restrictions.Key=1/WifiEnabled",
            "chr",
            "1",
            Value::Bool(true),
        ),
        (
            "MDM_Restrictions/MDM_Restrictions.Key=1/WifiEnabled",
            "int",
            "0",
            Value::Bool(false),
        ),
        (
            "MDM_Restrictions/MDM_Restrictions.Key=1/WifiEnabled",
            "chr",
            "perhaps",
            text("perhaps"),
        ),
        (
            "MDM_ConfigSetting/MDM_ConfigSetting.SettingName=%22a%22/SettingValue",
            "chr",
            "true",
            text("true"),
        ),
        (
            "MDM_ConfigSetting/MDM_ConfigSetting.SettingName=%22a%22/SettingValue",
            "int",
            "007",
            text("007"),
        ),
        (&format!("{job}/Status"), "chr", "3", Value::Integer(3)),
        (
            &format!("{job}/LastError"),
            "chr",
            "-2147024891",
            Value::Integer(-2_147_024_891),
        ),
        (
            &format!("{job}/LastError"),
            "chr",
            "0x80070005",
            Value::Integer(0x8007_0005),
        ),
        (
            &format!("{job}/CreationTime"),
            "chr",
            "20140925030203.000000+120",
            Value::Time(Timestamp::parse("2014-09-25T01:02:03Z").unwrap()),
        ),
        (&format!("{job}/CreationTime"), "chr", "soon", text("soon")),
        (
            "Win32_Battery/Win32_Battery.DeviceID=%22b%22/Status",
            "chr",
            "3",
            text("3"),
        ),
    ] {
        let mut inventory = Inventory::default();
        take(&mut inventory, &at(rest), 200, Some(format), Some(data), 1);
        assert_eq!(
            value(&inventory, &at(rest)),
            expected,
            "{rest} {format} {data}"
        );
    }
}

#[test]
fn a_change_is_told_once_and_what_is_the_same_is_not_written_again() {
    let (mut inventory, node) = (Inventory::default(), format!("{OS}/Version"));
    let first = take(&mut inventory, &node, 200, None, Some("6.3.9600"), 0);
    assert!(
        !first.touched.is_empty() && first.changes.is_empty(),
        "the first value is no change"
    );
    let same = take(&mut inventory, &node, 200, None, Some("6.3.9600"), 1000);
    assert!(same.touched.is_empty() && same.changes.is_empty());
    let late = take(
        &mut inventory,
        &node,
        200,
        None,
        Some("6.3.9600"),
        limits::INVENTORY_REFRESH_MS + 1000,
    );
    assert!(!late.touched.is_empty() && late.changes.is_empty());
    let changed = take(
        &mut inventory,
        &node,
        200,
        None,
        Some("10.0"),
        limits::INVENTORY_REFRESH_MS + 2000,
    );
    assert_eq!(changed.changes.len(), 1);
    assert_eq!(
        changed.changes[0].before,
        Some(Value::Text("6.3.9600".into()))
    );
    let entry = inventory
        .entry(&Address::from_loc_uri(&node.into()).unwrap())
        .unwrap();
    assert_eq!(entry.since, entry.read_at);
}

#[test]
fn an_instance_that_its_class_names_no_more_is_gone() {
    let mut inventory = Inventory::default();
    for drive in ["C:", "D:"] {
        let node =
            format!("./cimv2/Win32_LogicalDisk/Win32_LogicalDisk.DeviceID=%22{drive}%22/FreeSpace");
        take(&mut inventory, &node, 200, None, Some("1"), 0);
    }
    let taken = take(
        &mut inventory,
        "./cimv2/Win32_LogicalDisk",
        200,
        Some("node"),
        Some("Win32_LogicalDisk.DeviceID=\"C:\""),
        1,
    );
    assert_eq!(taken.changes.len(), 1);
    assert_eq!(taken.changes[0].after, None);
    assert_eq!(inventory.len(), 1);
}

#[test]
fn names_are_parted_outside_quotes_and_written_back_as_one_node() {
    let data = "Win32_DiskDrive.DeviceID=\"\\\\.\\PHYSICALDRIVE0\"/Win32_X.A=1,B=\"b/c\"/Win32_OperatingSystem=@/Caption";
    let names: Vec<String> = names::split(data).collect();
    assert_eq!(names.len(), 4);
    assert_eq!(
        LocUri::from("./cimv2/Win32_X").child(&names[1]),
        "./cimv2/Win32_X/Win32_X.A=1,B=%22b%2Fc%22".into()
    );
    assert_eq!(
        LocUri::from("./cimv2/Win32_OperatingSystem").child(&names[2]),
        "./cimv2/Win32_OperatingSystem/Win32_OperatingSystem=%40".into()
    );
    // Names that came encoded are the same nodes.
    assert_eq!(
        LocUri::from("./cimv2/Win32_LogicalDisk").child("Win32_LogicalDisk.DeviceID%3D%22C%3A%22"),
        LocUri::from("./cimv2/Win32_LogicalDisk").child("Win32_LogicalDisk.DeviceID=\"C:\"")
    );
}

#[test]
fn questions_are_answered_by_type() {
    let mut inventory = Inventory::default();
    take(
        &mut inventory,
        &format!("{OS}/Version"),
        200,
        None,
        Some("6.3.9600"),
        0,
    );
    take(
        &mut inventory,
        &format!("{OS}/FreeSpace"),
        200,
        None,
        Some("900"),
        0,
    );
    take(&mut inventory, &format!("{OS}/Caption"), 500, None, None, 0);
    take(&mut inventory, "./DevDetail/SwV", 200, None, Some("6.3"), 0);
    for (question, expected) in [
        ("Win32_OperatingSystem.Version=6.3.9600", true),
        ("win32_operatingsystem.version<10.0.1", true),
        ("Win32_OperatingSystem.Version>10.0.1", false),
        ("Win32_OperatingSystem.FreeSpace<1000", true),
        ("Win32_OperatingSystem.FreeSpace!=900", false),
        ("Win32_OperatingSystem.Caption=null", true),
        ("Win32_OperatingSystem.Caption~windows", false),
        ("./DevDetail/SwV~6.", true),
        ("Win32_Nothing.At=1", false),
    ] {
        assert_eq!(
            Question::parse(question).unwrap().is_true_of(&inventory),
            expected,
            "{question}"
        );
    }
    for wrong in ["", "Version=1", "A.B", "=1", ".=1"] {
        assert_eq!(Question::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn numbers_are_known_and_every_known_class_may_be_read() {
    for class in wmi::classes().filter(|class| class.inventoried().next().is_some()) {
        let leaf = classify(Verb::Get, &class.loc_uri());
        assert!(
            matches!(
                leaf.kind,
                Kind::Inventory | Kind::UserRead | Kind::AppStatus | Kind::ChannelRead
            ),
            "{}",
            class.name
        );
    }
    for preset in known::PRESETS {
        for read in preset.reads {
            let node = if read.starts_with("./") {
                LocUri::from(*read)
            } else {
                LocUri::class(read)
            };
            assert_ne!(
                classify(Verb::Get, &node).kind,
                Kind::Unclassified,
                "{node}"
            );
        }
    }
}

proptest! {
    /// Whatever a device names, the child's LocURI is read back as that child or not at all.
    #[test]
    fn a_child_is_the_child_that_was_named(key in "[ -~]{1,24}") {
        prop_assume!(!key.contains('"') && !["%22", "%3D", "%3d", "%40"].iter().any(|escape| key.contains(escape)));
        let name = format!("Win32_LogicalDisk.DeviceID=\"{key}\"");
        let below = LocUri::from("./cimv2/Win32_LogicalDisk").child(&name);
        let address = Address::from_loc_uri(&below).unwrap();
        prop_assert_eq!(address.instance, name);
    }

    #[test]
    fn no_answer_panics_or_grows_without_end(data in ".{0,200}", format in prop::option::of("[a-z]{0,5}"), status in prop::sample::select(vec![0_u16, 200, 404, 500])) {
        let mut inventory = Inventory::default();
        for at in 0..3 {
            take(&mut inventory, OS, status, format.as_deref(), Some(&data), at);
            take(&mut inventory, "./cimv2/Win32_OperatingSystem", status, Some("node"), Some(&data), at);
        }
        prop_assert!(inventory.len() <= 3);
        names::split(&data).for_each(|name| drop(LocUri::from("./cimv2/Win32_BIOS").child(&name)));
    }
}

#[test]
fn what_is_dropped_leaves_nothing_behind() {
    let mut inventory = Inventory::default();
    let mut taken = Taken::default();
    for n in 0..2 * limits::INVENTORY_VALUES {
        let address = Address {
            class: format!("Win32_{}", n % 100),
            instance: format!("instance {n}"),
            property: "Name".to_owned(),
        };
        let reading = Reading {
            address: &address,
            status: 200,
            format: None,
            data: Some("x"),
            command: CommandSeq(1),
            whole: true,
        };
        inventory.take(&reading, Timestamp(0), &mut taken);
    }
    let instances: usize = inventory.classes.values().map(BTreeMap::len).sum();
    assert_eq!(instances, limits::INVENTORY_VALUES);
    assert_eq!(taken.dropped, limits::INVENTORY_VALUES);
}
