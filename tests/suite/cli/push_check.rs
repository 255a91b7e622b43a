//! `modegate push check`: which of PFN, SID and secret is wrong, by a real server and a mock
//! of WNS; no device is sent anything.

use std::process::Output;

use modegate_sim::mock_wns::MockWns;
use serde_json::{Value, json};

use crate::harness::{Server, push_profile_of};
use crate::program::program;
use crate::records::{sid_of, wns_app};

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const OTHER: &str = "99999Other.Mdm_t6e9vsyjkrw9w";

struct World {
    mock: MockWns,
    server: Server,
}

impl World {
    /// A server whose token service knows one app.
    async fn new() -> World {
        let mock = MockWns::start().await.unwrap();
        mock.register(wns_app(PFN, "app secret"));
        let (token, suffix) = (mock.token_url(), mock.host_suffix());
        let server = Server::start_with(&["--wns-token-url", &token, "--wns-host-suffix", &suffix]);
        World { mock, server }
    }

    /// Checks; the exit code, what was printed, and why it failed.
    fn check(&self, profile: &str) -> (i32, String, String) {
        let output: Output = program()
            .args(["push", "check", profile, "--url", &self.server.http])
            .arg("--data")
            .arg(&self.server.dir)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let code = output.status.code().unwrap();
        (code, text(&output.stdout), text(&output.stderr))
    }

    /// The verdicts on a profile of this kind, by field, and all that was printed.
    async fn verdicts(&self, profile: Value) -> (i32, Vec<(String, String)>, String) {
        let id = self.server.push_profile(profile).await;
        let (code, printed, _) = self.check(&id);
        let words = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_owned);
            Some((words.next()?, words.next()?))
        };
        let verdicts = printed.lines().skip(1).filter_map(words).collect();
        (code, verdicts, printed)
    }
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(field, verdict): &(&str, &str)| ((*field).to_owned(), (*verdict).to_owned());
    all.iter().map(owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_which_value_is_wrong_and_what_to_do() {
    let world = World::new().await;
    let good = push_profile_of(PFN, "app secret");
    let (code, verdicts, _) = world.verdicts(good).await;
    assert_eq!(code, 0);
    let all_good = [("pfn", "good"), ("sid", "good"), ("secret", "good")];
    assert_eq!(verdicts, pairs(&all_good));

    let secret = push_profile_of(PFN, "another secret");
    let (code, verdicts, printed) = world.verdicts(secret).await;
    assert_eq!(code, 1);
    assert_eq!(verdicts, pairs(&[("sid", "good"), ("secret", "wrong")]));
    assert!(printed.contains("make a new secret"), "{printed}");
    assert!(!printed.contains("another secret"), "{printed}");

    // The right app, but the PFN of another one.
    let mut pfn = push_profile_of(OTHER, "app secret");
    pfn["sid"] = json!(sid_of(PFN).to_string());
    let (code, verdicts, printed) = world.verdicts(pfn).await;
    assert_eq!(code, 1);
    assert_eq!(verdicts, pairs(&[("pfn", "wrong"), ("secret", "good")]));
    assert!(
        printed.contains("take the PFN from the same page"),
        "{printed}"
    );

    // A SID that nobody has.
    let mut sid = push_profile_of(PFN, "app secret");
    sid["sid"] = json!("ms-app://S-1-15-2-1-2-3-4-5-6-7");
    let (code, verdicts, printed) = world.verdicts(sid).await;
    assert_eq!(code, 1);
    assert_eq!(verdicts, pairs(&[("sid", "wrong"), ("secret", "unknown")]));
    assert!(printed.contains(&sid_of(PFN).to_string()), "{printed}");
    assert_eq!(
        world.mock.requests().len(),
        0,
        "nothing is sent to a device"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_or_server_that_is_not_there_is_told() {
    let world = World::new().await;
    let profile = push_profile_of(PFN, "app secret");
    world.server.push_profile(profile).await;
    let (code, printed, _) = world.check(PFN);
    assert_eq!(code, 0, "by its PFN: {printed}");
    let (code, _, why) = world.check("nonsense");
    assert_eq!(code, 1);
    assert!(why.contains(PFN) && why.contains("'nonsense'"), "{why}");
    // Where the server listens is known from its data directory.
    let found = program()
        .args(["push", "check", PFN, "--data"])
        .arg(&world.server.dir)
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&found.stderr).into_owned();
    assert_eq!(found.status.code(), Some(0), "{why}");
    let nobody = program()
        .args(["push", "check", PFN, "--url", "http://127.0.0.1:1"])
        .arg("--data")
        .arg(&world.server.dir)
        .output()
        .unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    let missing = program()
        .args(["push", "check", PFN, "--url", &world.server.http])
        .args(["--token-file", "/nonexistent/token"])
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(why.contains("/nonexistent/token"), "{why}");
}
