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
        "./cimv2/MDM_X/MDM_X.A=%221%2F2%22,B=%22%22%22"
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
