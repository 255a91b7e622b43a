#![allow(clippy::unwrap_used)]

use super::*;
use crate::kind::Kind;
use modegate_wire::message::{Command, Element, Item, Verb};

/// Rows hold the places of classes: a line of this file never changes, and a new
/// class is a new line at its end.
const PLACES: &str = include_str!("../../../tests/golden/wmi-classes.txt");

#[test]
fn every_class_keeps_its_place() {
    let placed = |(at, class): (usize, &WmiClass)| format!("{at} {}\n", class.name);
    let places: String = classes().enumerate().map(placed).collect();
    assert_eq!(places, PLACES);
    assert!(classes().count() < usize::from(Class::OTHER.0));
    for (place, class) in classes().enumerate() {
        let (found, same) = find(&class.name.to_uppercase()).unwrap();
        assert_eq!((usize::from(found.0), same.name), (place, class.name));
        assert_eq!(at(found).unwrap().name, class.name);
    }
}

#[test]
fn the_28_documented_mdm_classes_are_known() {
    let is_mdm = |class: &&WmiClass| class.name.starts_with("MDM_");
    let undocumented = |class: &&WmiClass| class.name == VPN_CONNECTION.name;
    let documented = classes().filter(|class| is_mdm(class) && !undocumented(class));
    assert_eq!(documented.count(), 28);
}

#[test]
fn no_class_names_a_property_or_a_method_twice() {
    for class in classes() {
        let members = class.properties.iter().map(|one| one.name);
        let members = members.chain(class.methods.iter().map(|one| one.name));
        let mut names: Vec<String> = members.map(str::to_lowercase).collect();
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{}", class.name);
    }
}

#[test]
fn what_is_inventory_here_passes_the_guard_there() {
    for class in classes().filter(|class| class.get == Kind::Inventory) {
        let items = vec![Item {
            target: Some(class.loc_uri().to_string()),
            ..Item::default()
        }];
        let element = Element::Command(Command {
            verb: Verb::Get,
            cmd_id: Some(1),
            items,
        });
        assert!(
            modegate_wire::guard::machine_may_carry(&element),
            "{}",
            class.name
        );
    }
}
