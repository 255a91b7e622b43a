//! Files that are made to take long.

use std::time::{Duration, Instant};

use crate::policy::PolicySet;

fn load(text: String) -> (Duration, usize) {
    let begun = Instant::now();
    let set = PolicySet::from_texts(vec![("a.toml".to_owned(), text)]);
    (begun.elapsed(), set.err().map_or(0, |faults| faults.len()))
}

#[test]
fn so_many_faults_are_told_and_no_more_are_looked_for() {
    const BYTES: usize = 256 * 1024;
    let rule = "[[rule]]\nid = 'same'\neffect = 'nonsense'\nmode = ['x']\n";
    let list = format!("[[rule]]\nclass = [{}]\n", "'x',".repeat(BYTES / 4));
    let keys: String = (0..BYTES / 12).map(|n| format!("k{n} = 1\n")).collect();
    let inline = format!("rule = [{}]\n", "{x=1},".repeat(BYTES / 6));
    for (name, text) in [
        ("rules", rule.repeat(BYTES / rule.len())),
        ("a long list", list),
        ("keys", keys),
        ("one line", inline),
        ("no TOML", "= \n".repeat(BYTES / 3)),
        ("brackets", "[".repeat(BYTES)),
        ("a deep key", format!("{}a = 1\n", "a.".repeat(BYTES / 2))),
        ("a deep table", format!("[{}a]\n", "a.".repeat(BYTES / 2))),
        ("tables", "[[rule]]\n".repeat(BYTES / 9)),
    ] {
        let (took, faults) = load(text);
        assert!((1..=100).contains(&faults), "{name}: {faults} faults");
        assert!(took < Duration::from_secs(5), "{name}: {took:?}");
        eprintln!("{name}: {took:?}, {faults} faults");
    }
}

#[test]
fn a_set_has_so_many_rules() {
    let rules = |count: usize| -> String {
        let rule = |n| format!("[[rule]]\nid = 'r{n}'\neffect = 'deliver'\n");
        (0..count).map(rule).collect()
    };
    assert_eq!(load(rules(2_000)).1, 0);
    assert_eq!(load(rules(2_001)).1, 1);
}
