//! A policy set's own classifications.

use proptest::prelude::*;

use super::random::{OWN, any_classify, any_rules, contexts, groups, set_of};
use super::*;
use crate::classify::classify;
use crate::loc_uri::LocUri;
use modegate_wire::message::Verb;

const MINE: &str = r#"
[[classify]]
loc_uri = "./Vendor/MSFT/RemoteRing/*"
verb = ["Exec"]
kind = "lock"

[[classify]]
loc_uri = "./Vendor/MSFT/*/Secret"
verb = ["Get", "Exec"]
kind = "certificate"
note = "Beside the one above: less restricted than a lock."

[[classify]]
loc_uri = "./cimv2/Vendor_Radio"
property = "Power"
verb = ["Get", "Replace"]
kind = "setting"

[[classify]]
loc_uri = "./cimv2/MDM_Client"
method = "Beep"
verb = ["Exec"]
kind = "lock"
"#;

#[test]
fn a_set_may_classify_what_the_table_does_not_know() {
    let set = set_of(MINE);
    assert!(set.classifies_more() && !builtin().classifies_more());
    let power = "./cimv2/Vendor_Radio/Vendor_Radio.Id=%221%22/Power";
    let beep = "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=Beep";
    let lock = "./Vendor/MSFT/RemoteRing/Lock";
    let cases = [
        (Verb::Exec, lock, Kind::Lock),
        (Verb::Exec, "./vendor/MSFT/remotering/LOCK", Kind::Lock),
        (
            Verb::Exec,
            "./Device/Vendor/MSFT/RemoteRing/Lock",
            Kind::Lock,
        ),
        (
            Verb::Exec,
            "./User/Vendor/MSFT/RemoteRing/Lock",
            Kind::Unclassified,
        ),
        (Verb::Get, lock, Kind::Unclassified),
        (Verb::Exec, "./Vendor/MSFT/RemoteRing", Kind::Unclassified),
        (
            Verb::Exec,
            "./Vendor/MSFT/RemoteRing/a/b",
            Kind::Unclassified,
        ),
        (Verb::Get, "./Vendor/MSFT/Any/Secret", Kind::Certificate),
        // Of two that speak of it the more restricted counts.
        (Verb::Exec, "./Vendor/MSFT/RemoteRing/Secret", Kind::Lock),
        (Verb::Replace, power, Kind::Setting),
        (Verb::Get, "./cimv2/Vendor_Radio", Kind::Unclassified),
        (Verb::Exec, beep, Kind::Lock),
        (Verb::Copy, lock, Kind::Unclassified),
        // What the table knows stays what it is.
        (Verb::Get, "./cimv2/MDM_Client", Kind::Inventory),
        (Verb::Get, "./DevInfo/DevId", Kind::Inventory),
        // What is odd stays unclassified.
        (
            Verb::Exec,
            "./Vendor/MSFT/RemoteRing/../RemoteRing/Lock",
            Kind::Unclassified,
        ),
        (
            Verb::Exec,
            "./Vendor/MSFT/RemoteRing/%254cock",
            Kind::Unclassified,
        ),
        (
            Verb::Exec,
            "./Vendor/MSFT/RemoteRing/\u{1}",
            Kind::Unclassified,
        ),
        (
            Verb::Exec,
            "Vendor/MSFT/RemoteRing/Lock",
            Kind::Unclassified,
        ),
    ];
    for (verb, loc_uri, kind) in cases {
        let leaf = set.classify(verb, &loc_uri.into());
        assert_eq!(leaf.kind, kind, "{verb:?} {loc_uri}");
        assert!(set.leaves().contains(&leaf), "{leaf:?}");
    }
}

#[test]
fn what_no_set_may_classify_is_a_fault_with_its_place() {
    let cases = [
        (
            "loc_uri = \"./a/b\"\nverb = [\"Get\"]\nkind = \"inventory\"",
            "4:8: expected a kind other than",
        ),
        (
            "loc_uri = \"./a/b\"\nverb = [\"Exec\"]\nkind = \"unenroll\"",
            "4:8: expected a kind other than",
        ),
        (
            "loc_uri = \"./a/b\"\nverb = [\"Exec\"]\nkind = \"password_reset\"",
            "4:8: expected a kind other than",
        ),
        (
            "loc_uri = \"./a/b\"\nverb = [\"Exec\"]\nkind = \"unclassified\"",
            "4:8: expected a kind other than",
        ),
        (
            "loc_uri = \"./a/b\"\nverb = [\"Exec\"]\nkind = \"harmless\"",
            "4:8: expected one of inventory",
        ),
        (
            "loc_uri = \"./a/b\"\nverb = [\"Copy\"]\nkind = \"setting\"",
            "3:8: expected Add, Replace",
        ),
        (
            "loc_uri = \"./a/b\"\nverb = [\"Read\"]\nkind = \"setting\"",
            "3:9: expected one of Add",
        ),
        (
            "loc_uri = \"./a/b\"\nkind = \"setting\"",
            "1:1: expected the key 'verb'",
        ),
        (
            "verb = [\"Get\"]\nkind = \"setting\"",
            "1:1: expected the key 'loc_uri'",
        ),
        (
            "loc_uri = \"/a/b\"\nverb = [\"Get\"]\nkind = \"setting\"",
            "2:11: expected a plain path",
        ),
        (
            "loc_uri = \"./a/../b\"\nverb = [\"Get\"]\nkind = \"setting\"",
            "2:11: expected a plain path",
        ),
        (
            "loc_uri = \"./*\"\nverb = [\"Get\"]\nkind = \"setting\"",
            "2:11: expected the name of a tree",
        ),
        (
            "loc_uri = \"./User/*\"\nverb = [\"Get\"]\nkind = \"setting\"",
            "2:11: expected the name of a tree",
        ),
        (
            "loc_uri = \"./a/b*\"\nverb = [\"Get\"]\nkind = \"setting\"",
            "2:11: expected '*' as a whole segment",
        ),
        (
            "loc_uri = \"./cimv2/*\"\nverb = [\"Get\"]\nkind = \"setting\"",
            "2:11: expected a plain path",
        ),
        (
            "loc_uri = \"./cimv2/A/A.K=1/P\"\nverb = [\"Get\"]\nkind = \"setting\"",
            "2:11: expected './cimv2/' and a class alone",
        ),
        (
            "loc_uri = \"./cimv2/A\"\nverb = [\"Exec\"]\nkind = \"setting\"",
            "3:8: expected Exec only together",
        ),
        (
            "loc_uri = \"./a/b\"\nmethod = \"M\"\nverb = [\"Exec\"]\nkind = \"setting\"",
            "3:10: expected the key only beside",
        ),
        (
            "loc_uri = \"./a/b\"\nverb = [\"Get\"]\nkind = \"setting\"\nmode = [\"Apps\"]",
            "5:1: expected one of loc_uri",
        ),
    ];
    for (fields, expected) in cases {
        let text = format!("[[classify]]\n{fields}\n");
        let faults = PolicySet::from_texts(vec![("x.toml".to_owned(), text)]).unwrap_err();
        let told = faults[0].to_string();
        assert!(
            told.starts_with(&format!("x.toml:{expected}")),
            "{fields}\n{told}"
        );
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_set_of_classifications_lets_more_go_in_machine(
        rules in any_rules(6),
        own in prop::collection::vec(any_classify(), 1..8),
    ) {
        let text: String = rules.iter().chain(&own).map(String::as_str).collect();
        let set = set_of(&text);
        let everything = set.leaves();
        for loc_uri in OWN {
            for verb in Verb::ALL {
                let loc_uri = LocUri::from(loc_uri.replace('*', "Any"));
                let (leaf, table) = (set.classify(verb, &loc_uri), classify(verb, &loc_uri));
                prop_assert!(everything.contains(&leaf));
                prop_assert!(leaf == table || table.kind == Kind::Unclassified);
                for (family, context) in contexts().into_iter().filter(|(_, c)| c.mode == Mode::Machine) {
                    for groups in groups() {
                        let subject = Subject { family, groups: &groups, app: Some("x"), leaves: &[leaf] };
                        let goes = set.decide_leaf(context, &subject, &leaf).0 == Verdict::Deliver;
                        prop_assert!(!goes || matches!(table.kind, Kind::Inventory | Kind::PasswordReset | Kind::Unenroll));
                    }
                }
            }
        }
    }
}
