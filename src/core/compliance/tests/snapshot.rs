//! Lists of a baseline's population, and their roots.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

use super::*;
use crate::ids::DeviceId;

fn id(number: u128) -> DeviceId {
    DeviceId(uuid::Uuid::from_u128(number))
}

#[test]
fn the_root_is_that_of_the_tree_over_the_lines() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    judged.read_all(NOW);
    let full = judged.judge(&set, &DeviceCompliance::default(), NOW).after;
    let empty = Judged::new()
        .judge(&set, &DeviceCompliance::default(), NOW)
        .after;
    let baseline = &set.baselines()[0].id;
    for devices in [0_u128, 1, 2, 3, 7, 20] {
        let (mut list, mut text) = (Snapshot::default(), String::new());
        for number in 0..devices {
            let of = if number % 3 == 1 { &empty } else { &full };
            list.push(id(number << 100), &of.baselines[baseline], &mut text)
                .unwrap();
        }
        let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for line in text.split_inclusive('\n') {
            oracle.push(line.as_bytes().to_vec());
        }
        let head = list.head();
        assert_eq!(
            head.root.0[..],
            oracle.root().as_bytes()[..],
            "{devices} devices"
        );
        assert_eq!(u128::from(head.lines), devices * 12);
        assert_eq!(u128::from(head.counts.total()), devices);
        let mut sorted: Vec<&str> = text.lines().collect();
        sorted.sort_unstable();
        assert_eq!(sorted, text.lines().collect::<Vec<_>>());
    }
}

#[test]
fn a_line_says_device_control_state_since_and_when_it_was_read() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    let read_at = NOW.plus_ms(-DAY);
    judged.read(
        "MDM_SecurityStatus",
        "S.1",
        "AntiVirusStatus",
        Value::Integer(1),
        read_at,
    );
    let after = judged.judge(&set, &DeviceCompliance::default(), NOW).after;
    let (mut list, mut text) = (Snapshot::default(), String::new());
    let verdicts = &after.baselines[&set.baselines()[0].id];
    list.push(id(7), verdicts, &mut text).unwrap();
    let device = "00000000000000000000000000000007";
    let lines: Vec<&str> = text.lines().collect();
    let now = NOW.0;
    assert!(lines.contains(&&*format!("{device} grace in_grace {now} {}", read_at.0)));
    assert!(lines.contains(&&*format!("{device} bool unknown {now} -")));
    assert_eq!(list.head().counts.not_compliant, 1);
    assert_eq!(list.push(id(7), verdicts, &mut text).unwrap_err().0, id(7));
    assert_eq!(list.push(id(6), verdicts, &mut text).unwrap_err().0, id(6));
}
