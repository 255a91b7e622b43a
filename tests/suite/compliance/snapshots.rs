//! The lists of populations: made once a day, proven by their roots, exported and verified by
//! both verifiers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use modegate_sim::Trigger;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{BASELINE, DAY, HOUR, OF_USER, STATUS, World};
use crate::audit::root;
use crate::program::program;
use crate::wait::{DEADLINE, eventually, seen};

fn audit(arguments: &[&str]) -> (i32, String) {
    let output: Output = program().arg("audit").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code().unwrap(), said)
}

/// Exports the log of a server that runs or not.
fn export(data: &Path, out: &Path) {
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    let (code, said) = audit(&["export", out, "--data", data]);
    assert_eq!(code, 0, "{said}");
}

/// What both verifiers say: their exit codes, and the words of both.
fn verified(data: &Path, out: &Path) -> (i32, i32, String) {
    let (code, key) = audit(&["key", "--data", data.to_str().unwrap()]);
    assert_eq!(code, 0, "{key}");
    let key = key.lines().next().unwrap().to_owned();
    let (own, said) = audit(&["verify", out.to_str().unwrap(), "--key", &key]);
    let python = Command::new("python3")
        .arg(out.join("verify.py"))
        .args([out.as_os_str(), key.as_ref()])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&python.stdout).into_owned();
    (own, python.status.code().unwrap(), said + &words)
}

fn lists(out: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(out.join("snapshots")).unwrap();
    let mut found: Vec<PathBuf> = found.map(|one| one.unwrap().path()).collect();
    found.sort();
    found
}

/// The events of all lists, the oldest first.
async fn listed(world: &World) -> Vec<Value> {
    let all = world.get("/events?type=compliance.snapshot").await;
    all["items"].as_array().unwrap().clone()
}

async fn until_listed(world: &World, count: usize) -> Vec<Value> {
    let look = async || seen(listed(world).await, |all| all.len() >= count);
    eventually(DEADLINE, look).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_list_proves_the_population_and_each_line() {
    let mut world = World::start().await;
    let mut devices = Vec::new();
    for (at, firewall) in ["0", "2"].iter().enumerate() {
        let (device, mut tablet) = world.tablet(&format!("t{at}")).await;
        assert!(tablet.set_property(STATUS, "FirewallStatus", firewall));
        assert!(tablet.set_property(OF_USER, "PasswordStatus", "2"));
        world.sessions(&mut tablet, Trigger::Logon).await;
        devices.push(device);
    }
    let (never, _) = world.tablet("never").await;
    world.until(&never, "firewall", "unknown").await;
    devices.push(never);
    world = world
        .restarted(|options| options.settings.compliance.snapshot_hours = 24)
        .await;
    let event = until_listed(&world, 1).await.remove(0);
    let said = &event["snapshot"];
    let counts =
        json!({"compliant": 1, "exempt": 0, "in_grace": 0, "unknown": 1, "not_compliant": 1});
    assert_eq!(said["counts"], counts, "{event}");
    assert_eq!((&said["devices"], &said["lines"]), (&json!(3), &json!(9)));
    assert_eq!(said["baseline"]["id"], "field");

    // The root is that of the lines, by other code, and each line is what the API shows.
    let out = world.data.parent().unwrap().join("out");
    export(&world.data, &out);
    let text = fs::read_to_string(&lists(&out)[0]).unwrap();
    let leaf = |line: &str| -> [u8; 32] { Sha256::digest([&[0], line.as_bytes()].concat()).into() };
    let leaves: Vec<[u8; 32]> = text.split_inclusive('\n').map(leaf).collect();
    let own = data_encoding::BASE64.encode(&root(&leaves));
    assert_eq!(json!(own), said["root"]);
    let mut sorted: Vec<&str> = text.lines().collect();
    sorted.sort_unstable();
    assert_eq!(sorted, text.lines().collect::<Vec<_>>());
    for device in &devices {
        for control in ["firewall", "password", "seen"] {
            let shown = world.control(device, control).await;
            let begins = format!("{device} {control} {} ", shown["state"].as_str().unwrap());
            assert!(text.contains(&begins), "{begins}: {text}");
        }
    }
    let (own, python, said) = verified(&world.data, &out);
    assert_eq!((own, python), (0, 0), "{said}");
    let baselines = fs::read_dir(out.join("baselines")).unwrap().count();
    assert_eq!(baselines, 1);

    // Not again before a day is over; then once, and the next export has the newest alone.
    world.turn(23 * HOUR).await;
    world.settled().await;
    assert_eq!(listed(&world).await.len(), 1);
    world.turn(2 * HOUR).await;
    let all = until_listed(&world, 2).await;
    assert_eq!(all.len(), 2);
    world.turn(DAY + HOUR).await;
    until_listed(&world, 3).await;
    let before = lists(&out);
    export(&world.data, &out);
    let after = lists(&out);
    assert_eq!((before.len(), after.len()), (1, 1));
    let (own, python, said) = verified(&world.data, &out);
    assert_eq!((own, python), (0, 0), "{said}");
    // The data directory keeps two.
    assert!(lists(&world.data.join("audit")).len() <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_or_a_baseline_that_was_changed_is_found_by_both_verifiers() {
    let world = World::with(BASELINE, |options| {
        options.settings.compliance.snapshot_hours = 24;
    })
    .await;
    let (device, mut tablet) = world.tablet("t").await;
    assert!(tablet.set_property(STATUS, "FirewallStatus", "2"));
    world.sessions(&mut tablet, Trigger::Logon).await;
    world.until(&device, "firewall", "not_compliant").await;
    until_listed(&world, 1).await;
    world.turn(DAY + HOUR).await;
    until_listed(&world, 2).await;
    let out = world.data.parent().unwrap().join("out");
    export(&world.data, &out);
    let good = verified(&world.data, &out);
    assert_eq!((good.0, good.1), (0, 0), "{}", good.2);
    let list = lists(&out).remove(0);
    let baseline = fs::read_dir(out.join("baselines"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let manifest = out.join("manifest.json");
    let (text, whole) = (
        fs::read_to_string(&list).unwrap(),
        fs::read_to_string(&manifest).unwrap(),
    );
    let rules = fs::read_to_string(&baseline).unwrap();
    let digest = |text: &str| data_encoding::HEXLOWER.encode(&Sha256::digest(text));
    let dropped: String = text.split_inclusive('\n').skip(1).collect();
    let changed = [
        (&list, text.replace("not_compliant", "compliant"), &text),
        (&list, dropped, &text),
        (&list, text.clone() + &text, &text),
        (&list, text.replacen(' ', "  ", 1), &text),
        (&baseline, rules.replace("is = [0]", "is = [2]"), &rules),
    ];
    for (path, other, before) in changed {
        assert_ne!(other, *before);
        fs::write(path, &other).unwrap();
        // Whoever changes a file can write the manifest anew.
        fs::write(&manifest, whole.replace(&digest(before), &digest(&other))).unwrap();
        let (own, python, said) = verified(&world.data, &out);
        assert_eq!((own, python), (1, 1), "{}: {said}", path.display());
        fs::write(path, before).unwrap();
        fs::write(&manifest, &whole).unwrap();
    }
    // A list that no event states is none of the log's.
    let name = list.file_name().unwrap().to_str().unwrap();
    let other = list.with_file_name(name.replace("field-", "other-"));
    fs::rename(&list, &other).unwrap();
    let named = whole.replace("snapshots/field-", "snapshots/other-");
    fs::write(&manifest, named).unwrap();
    let (own, python, said) = verified(&world.data, &out);
    assert_eq!((own, python), (1, 1), "{said}");
}

/// `modegate serve` on a data directory, as an operator runs it, with a baseline.
fn serve(dir: &Path) -> crate::harness::Server {
    let policies = dir.with_extension("policies");
    if !policies.exists() {
        super::copy_policies(&policies);
        fs::create_dir(policies.join("compliance")).unwrap();
        fs::write(policies.join("compliance/own.toml"), BASELINE).unwrap();
    }
    let arguments = [
        "--accept-unknown-devices",
        "--policies",
        policies.to_str().unwrap(),
    ];
    let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
    let mut command = crate::harness::serve_command(dir, &arguments);
    command.env("MODEGATE_COMPLIANCE_ENABLED", "true");
    crate::harness::Server::by(command, dir, arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_evaluation_and_list_loses_nothing() {
    let own = tempfile::tempdir().unwrap();
    let data = own.path().join("data");
    let mut devices = Vec::new();
    for round in 0..6_u64 {
        let server = serve(&data);
        for n in 0..20 {
            devices.push(server.register_tablet(&format!("t{round}-{n}")).await);
        }
        // At some point of judging and listing.
        tokio::time::sleep(std::time::Duration::from_millis(60 * round)).await;
        server.signal("KILL");
        drop(server);
    }
    let server = serve(&data);
    let settled = async || {
        let whole = server.get("/compliance").await;
        seen(whole, |one| {
            one["waiting"] == 0 && one["devices"]["unknown"] == devices.len()
        })
    };
    eventually(DEADLINE, settled).await;
    for device in &devices {
        let events = server
            .get(&format!("/events?device={device}&type=compliance.changed"))
            .await;
        let events = events["items"].as_array().unwrap();
        assert_eq!(
            events.len(),
            1,
            "each verdict is on record once: {events:?}"
        );
    }
    // What was listed is whole, whatever the kill left behind.
    let out = own.path().join("out");
    export(&data, &out);
    let (own, python, said) = verified(&data, &out);
    assert_eq!((own, python), (0, 0), "{said}");
}
