#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

#[test]
fn spellings_of_one_node_are_one_node() {
    for text in [
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22a%22/Exec=ResetUserPassword",
        "./cimV2/mdm_client/mdm_client.DeviceClientID=\"a/b\"/exec=resetuserpassword",
        "./cimv2//MDM_Client/MDM_Client.DeviceClientID%3D%22a%22/Exec%3DResetUserPassword",
        "./cimv2/mdm/MDM_Client/MDM_Client.DeviceClientID='a'/Exec=ResetUserPassword/",
        "./cimv2/MDM_Client/MDM_Client.DeviceClientID=a/Exec=ResetUserPassword",
    ] {
        let loc_uri = LocUri::from(text);
        let node = loc_uri.wmi().unwrap();
        assert!(node.is_of("MDM_Client"), "{text}");
        assert_eq!(node.first_key().unwrap().0, "DeviceClientID", "{text}");
        let Some(Member::Method(method)) = node.member else {
            panic!("{text}: {node:?}");
        };
        assert!(method.eq_ignore_ascii_case("ResetUserPassword"), "{text}");
    }
}

#[test]
fn what_is_odd_is_no_node_and_says_what_was_expected() {
    for (text, error) in [
        ("", "'./'"),
        ("./", "segments"),
        ("/cimv2/MDM_Client", "'./'"),
        ("cimv2/MDM_Client", "'./'"),
        ("./cimv2", "class below"),
        ("./User/", "segments"),
        ("./cimv2/MDM_Client/../MDM_WNSConfiguration", "segments"),
        (
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%2522a%2522",
            "once",
        ),
        (
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22a/Exec=ResetUserPassword",
            "quote",
        ),
        (
            "./cimv2/MDM_Client/MDM_WNSConfiguration.AppId=%22a%22/Exec=ResetUserPassword",
            "instance 'Class",
        ),
        ("./cimv2/MDM_Cl\u{456}ent", "class below"),
        ("./cimv2/MDM_Client%00", "control"),
        ("./cimv2/\u{1}", "control"),
        ("./Vendor/%FF", "UTF-8"),
        ("./Vendor/\u{456}", "ASCII"),
        (
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=a/Exec=A/Exec=B",
            "one property",
        ),
    ] {
        let loc_uri = LocUri::from(text);
        let said = loc_uri.node().unwrap_err().to_string();
        assert!(said.contains(error), "{text}: {said}");
        assert_eq!(loc_uri.last_segment(), "", "{text}");
    }
}

#[test]
fn what_is_built_is_parsed_again() {
    let instance = LocUri::instance("MDM_X", [("A", "1/2"), ("B", "\"")].into_iter());
    assert_eq!(
        instance.as_str(),
        "./cimv2/MDM_X/MDM_X.A=%221%2F2%22,B=%22%5C%22%22"
    );
    let instance = LocUri::instance("MDM_X", [("A", "1/2")].into_iter());
    let (property, method) = (instance.below("P"), instance.method("M"));
    assert_eq!(instance.last_segment(), "MDM_X.A=\"1/2\"");
    assert_eq!(property.wmi().unwrap().member, Some(Member::Property("P")));
    assert_eq!(method.wmi().unwrap().member, Some(Member::Method("M")));
    for member in [property, method] {
        assert_eq!(member.owner().unwrap(), instance);
    }
    assert!(instance.owner().is_none());
    let tree = LocUri::from("./user/Vendor//\"a/b\"");
    let Ok(Node::Tree(node)) = tree.node() else {
        panic!("{:?}", tree.node());
    };
    assert!(node.user);
    assert_eq!(node.segments().collect::<Vec<_>>(), ["Vendor", "\"a/b\""]);
    assert_eq!(node.all_segments().next(), Some("user"));
}

proptest! {
    /// The text stays as it is, in memory and in rows.
    #[test]
    fn no_text_is_changed_and_none_breaks_the_parser(text in "(\\./)?([a-z./%\"'=,0-9@_]|cimv2|User|%2[2F]|\\PC){0,30}") {
        let loc_uri = LocUri::from(text.as_str());
        prop_assert_eq!(loc_uri.as_str(), &text);
        prop_assert_eq!(serde_json::to_value(&loc_uri).unwrap(), serde_json::json!(text));
        prop_assert_eq!(serde_json::from_value::<LocUri>(serde_json::json!(text)).unwrap(), loc_uri.clone());
        if let Ok(Node::Tree(node)) = loc_uri.node() {
            prop_assert!(node.segments().next().is_some());
        }
        let _ = (loc_uri.owner(), loc_uri.last_segment().len());
    }
}

#[test]
fn keys_with_quotes_slashes_and_percent_signs_are_keys() {
    for (value, text) in [
        (
            "12\" riser / slot 1",
            "%2212%5C%22%20riser%20%2F%20slot%201%22",
        ),
        ("C:\\", "%22C%3A%5C%5C%22"),
        ("100%", "%22100%25%22"),
        ("M\u{fc}ller's", "%22M%C3%BCller%27s%22"),
        (
            "\"a/b\" and \"c/d\"",
            "%22%5C%22a%2Fb%5C%22%20and%20%5C%22c%2Fd%5C%22%22",
        ),
    ] {
        let instance = LocUri::instance("Win32_X", [("Name", value)].into_iter());
        assert!(instance.as_str().ends_with(text), "{instance}");
        let member = instance.below("P");
        let node = member
            .wmi()
            .unwrap_or_else(|| panic!("{member}: {:?}", member.node()));
        assert_eq!(node.member, Some(Member::Property("P")), "{member}");
        assert!(member.key_fault().is_none());
    }
    // Backslashes that are not escaped, as some agents write them.
    let plain = LocUri::from("./cimv2/Win32_X/Win32_X.Name=%22C%3A%5C%22/P");
    assert_eq!(plain.wmi().unwrap().member, Some(Member::Property("P")));
}

#[test]
fn a_key_that_could_be_read_as_something_else_is_at_fault() {
    let method = "/Exec=ResetUserPassword";
    for key in [
        "%22x%2522/Exec=LockWorkstation/%22",
        "%22x%252FExec=LockWorkstation%22",
        "%22x%255C%22",
        "%22x%2525%22",
        "%22x%250A%22",
        "x%2541",
        "%22%5C%22/Exec=LockWorkstation/%5C%22%22",
        "%22open",
        "%22%FF%22",
    ] {
        let text = format!("./cimv2/MDM_Client/MDM_Client.DeviceClientID={key}{method}");
        let loc_uri = LocUri::from(text.as_str());
        assert!(loc_uri.node().is_err(), "{text}");
        assert!(loc_uri.key_fault().is_some(), "{text}");
    }
    // Other oddities are no fault of a key: a policy file may be written for a typo.
    for text in [
        "./cimv2/%2557NS",
        "./Vendor/%2541",
        "./cimv2/X/../Y",
        "./Vendor/\"open",
    ] {
        assert!(LocUri::from(text).key_fault().is_none(), "{text}");
    }
}

proptest! {
    /// What an operator types as a key is that key, or it is refused; whatever it holds, it
    /// never becomes another class, member or method.
    #[test]
    fn a_typed_key_is_that_key_or_a_fault(value in "(\\PC|[\"\\\\%/'=,.]|%2[2F57]|Exec=){1,20}") {
        let member = LocUri::instance("Win32_X", [("K", value.as_str())].into_iter()).method("M");
        match member.node() {
            Ok(Node::Wmi(node)) => {
                prop_assert_eq!(node.member, Some(Member::Method("M")));
                let escaped: String = value.chars().flat_map(|c| match c {
                    '"' | '\\' => vec!['\\', c],
                    c => vec![c],
                }).collect();
                let instance = format!("Win32_X.K=\"{escaped}\"");
                prop_assert_eq!(node.instance, Some(instance.as_str()));
            }
            Ok(Node::Tree(node)) => prop_assert!(false, "{:?}", node),
            Err(_) => prop_assert!(member.key_fault().is_some()),
        }
    }

    /// However a device joins its names, each is found and leads to its own node, of the
    /// class's kind, which the second check lets go in Machine mode too.
    #[test]
    fn what_a_device_names_is_found(values in prop::collection::vec("([ -~]|\\PC|\\\\\"|/){0,12}", 1..4)) {
        let escaped = |value: &String| value.replace('\\', "\\\\").replace('"', "\\\"");
        let names: Vec<String> = values.iter().map(|value| format!("Win32_Share.Name=\"{}\"", escaped(value))).collect();
        let found: Vec<String> = names::split(&names.join("/")).collect();
        prop_assert_eq!(&found, &names);
        let class = LocUri::class("Win32_Share");
        for name in &names {
            let child = class.child(name);
            let leaf = crate::classify::classify(modegate_wire::message::Verb::Get, &child);
            if child.key_fault().is_none() {
                prop_assert_eq!(child.last_segment(), name);
                prop_assert_eq!(leaf.kind, crate::kind::Kind::Inventory);
                let get = modegate_wire::message::Command {
                    verb: modegate_wire::message::Verb::Get,
                    cmd_id: Some(1),
                    items: vec![modegate_wire::message::Item { target: Some(child.to_string()), ..Default::default() }],
                };
                let element = modegate_wire::message::Element::Command(get);
                prop_assert!(modegate_wire::guard::machine_may_carry(&element), "{}", child);
            } else {
                prop_assert!(name.contains('%') || name.to_lowercase().contains("exec="), "{}", child);
            }
        }
    }
}

#[test]
fn names_come_escaped_plain_or_encoded() {
    let read = |data: &str| names::split(data).collect::<Vec<_>>();
    let case = "Win32_PhysicalMemory.Tag=\"12\\\" riser / slot 1\"/Win32_PhysicalMemory.Tag=\"Physical Memory 1\"";
    let second = "Win32_PhysicalMemory.Tag=\"Physical Memory 1\"";
    let first = case.strip_suffix(second).unwrap().trim_end_matches('/');
    assert_eq!(read(case), [first, second]);
    let plain = "Win32_Volume.DeviceID=\"C:\\\"/Win32_Volume.DeviceID=\"D:\\\"";
    assert_eq!(read(plain).len(), 2);
    let encoded = "Win32_Share.Name%3D%22a/b%5C%22/c%22/Win32_Share.Name%3D%22d%22";
    let found = read(encoded);
    assert_eq!(found.len(), 2);
    let child = LocUri::class("Win32_Share").child(&found[0]);
    assert_eq!(child.last_segment(), "Win32_Share.Name=\"a/b\\\"/c\"");
    // A raw key may hold what looks like an escape.
    let raw = LocUri::class("Win32_Share").child("Win32_Share.Name=\"a%41\"");
    assert_eq!(raw.last_segment(), "Win32_Share.Name=\"a%41\"");
}
