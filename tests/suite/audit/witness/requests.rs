//! What a witness answers to whom.

use modegate_core::tlog::{Hash, Note, TrustPolicy};
use modegate_server::clock::Clock;
use modegate_sim::https_client;

use super::{MadeUpLog, Witness, client, command, cosigned_at, is_signed_by, refused, request};

const CONFLICT: &str = "text/x.tlog.size";

#[tokio::test]
async fn a_checkpoint_is_cosigned_and_a_trust_file_counts_that() {
    let own = tempfile::tempdir().unwrap();
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let other = MadeUpLog::new("log.example/b/1", 2, 0);
    let logs = [log.vkey(), other.vkey()];
    let mut started = command(&own.path().join("w"), "127.0.0.1:0", &logs);
    started.args(["--name", "witness.example/1"]);
    let witness = Witness::by(started, &own.path().join("w"));
    assert_eq!(witness.vkey.name(), "witness.example/1");
    let (begun, mut at) = (now(), 0);
    for (old, size) in [(0, 3), (3, 3), (3, 8), (8, 70), (70, 100)] {
        let (status, _, answer) = witness.add(log.request(old, size)).await;
        assert_eq!(status, 200, "{old} {size}: {answer}");
        at = cosigned_at(&witness.vkey, &log.text(size), &answer);
        assert!((begun..=now()).contains(&at), "{at}");
        let whole = log.note(size) + &answer;
        let note = Note::parse(whole.as_bytes()).unwrap();
        let trust = format!(
            "log {}\nwitness w {}\nquorum w\n",
            log.verifier, witness.vkey
        );
        let trust = TrustPolicy::parse(trust.as_bytes()).unwrap();
        let witnessed = trust.witnessed(&note, &is_signed_by).unwrap();
        assert!(witnessed.quorum);
        assert_eq!(witnessed.by, [("w".to_owned(), at)]);
    }
    assert!(at > 0);
    let about = witness.about().await;
    for expected in [
        witness.vkey.to_string().as_str(),
        "100 log.example/a/1\n",
        "0 log.example/b/1\n",
    ] {
        assert!(about.contains(expected), "{about}");
    }
    // Another log is another matter.
    assert_eq!(witness.add(other.request(0, 5)).await.0, 200);
}

fn now() -> u64 {
    (Clock::default().now().0 / 1000).try_into().unwrap()
}

#[tokio::test]
async fn what_is_wrong_gets_its_code_and_changes_nothing() {
    let own = tempfile::tempdir().unwrap();
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let stranger = MadeUpLog::new("log.example/unknown/1", 3, 0);
    // Signs under the name of the log with another key.
    let pretender = MadeUpLog::new("log.example/a/1", 4, 0);
    let witness = Witness::start(&own.path().join("w"), &[log.vkey()]);
    assert_eq!(witness.add(log.request(0, 20)).await.0, 200);
    let good = log.request(20, 30);
    let bare = log.text(30);
    let hash = Hash([7; 32]).base64();
    let long = vec![[7; 32]; 64];
    let mut flipped = good.clone().into_bytes();
    flipped[10] ^= 1;
    let cases: Vec<(u16, Vec<u8>)> = vec![
        (400, Vec::new()),
        (400, b"\n\n".to_vec()),
        (400, vec![0xff; 100]),
        (400, b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        (400, good.replace('\n', "\r\n").into()),
        (400, good.replacen("old 20", "old 020", 1).into()),
        (400, good.replacen("old 20", "old -1", 1).into()),
        (400, good.replacen("old", "new", 1).into()),
        (400, good.trim_end().into()),
        (400, format!("old 20\n\n{bare}").into()),
        (400, format!("old 20\n\n{bare}\n").into()),
        (400, request(20, &long, &log.note(30)).into()),
        (400, log.request(20, 30).replacen("30\n", "030\n", 1).into()),
        (400, request(31, &[], &log.note(30)).into()),
        (
            400,
            request(20, &[], &log.signed("log.example/a/1\n30\n")).into(),
        ),
        (404, stranger.request(0, 30).into()),
        (403, pretender.request(20, 30).into()),
        (
            403,
            request(20, &[], &log.note(30).replacen("30\n", "31\n", 1)).into(),
        ),
        (422, request(20, &[], &log.note(30)).into()),
        (422, request(20, &[[7; 32]], &log.note(30)).into()),
        (422, flipped),
        (
            422,
            good.replacen("\n\n", &format!("\n{hash}\n\n"), 1).into(),
        ),
        (409, log.request(0, 30).into()),
        (409, log.request(19, 30).into()),
        (409, log.request(21, 30).into()),
        (409, log.request(10, 10).into()),
        (413, vec![b'a'; 80 * 1024]),
    ];
    for (expected, body) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let (status, kind, answer) = witness.add(body).await;
        assert_eq!(status, expected, "{shown}: {answer}");
        match status {
            409 => assert_eq!((kind.as_str(), answer.as_str()), (CONFLICT, "20\n")),
            _ => assert!(
                kind.starts_with("text/plain") && !answer.contains('\u{2014}'),
                "{answer}"
            ),
        }
    }
    for (method, path, expected) in [
        ("GET", "add-checkpoint", 405),
        ("DELETE", "", 405),
        ("GET", "other", 404),
        ("HEAD", "", 200),
    ] {
        let method: reqwest::Method = method.parse().unwrap();
        let asked = client().request(method, format!("{}{path}", witness.url));
        assert_eq!(
            asked.send().await.unwrap().status().as_u16(),
            expected,
            "{path}"
        );
    }
    // Behind a signature by an unknown key, and one that is no Ed25519 signature at all.
    let known = log.note(30);
    let (text, line) = known.split_at(bare.len() + 1);
    let foreign = pretender.note(30)[bare.len() + 1..].to_owned();
    let request = good.replacen(&known, &format!("{text}{foreign}{line}"), 1);
    let (status, _, answer) = witness.add(request).await;
    assert_eq!(status, 200, "{answer}");
    cosigned_at(&witness.vkey, &bare, &answer);
    // Only what the log signed is kept of it.
    let kept = std::fs::read_dir(witness.dir.join("logs")).unwrap();
    let kept: Vec<_> = kept.map(|file| file.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let kept = std::fs::read_to_string(&kept[0]).unwrap();
    assert_eq!(kept, format!("{known}{answer}"));
}

#[tokio::test]
async fn two_checkpoints_of_one_size_are_kept_as_evidence() {
    let own = tempfile::tempdir().unwrap();
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let clone = MadeUpLog::new("log.example/a/1", 1, 9);
    let witness = Witness::start(&own.path().join("w"), &[log.vkey()]);
    assert_eq!(witness.add(log.request(0, 10)).await.0, 200);
    // They were one log up to here.
    assert_eq!(witness.add(clone.request(10, 10)).await.0, 200);
    assert_eq!(witness.add(log.request(10, 20)).await.0, 200);
    let (status, kind, answer) = witness.add(clone.request(20, 20)).await;
    assert_eq!(
        (status, kind.as_str(), answer.as_str()),
        (409, CONFLICT, "20\n")
    );
    let (status, _, _) = witness.add(clone.request(20, 30)).await;
    assert_eq!(status, 422);
    let fork = witness.dir.join("logs/log.example%2Fa%2F1.fork");
    assert_eq!(std::fs::read_to_string(fork).unwrap(), clone.note(20));
    assert!(
        witness.log().contains("the log has forked"),
        "{}",
        witness.log()
    );
    // The log itself goes on.
    assert_eq!(witness.add(log.request(20, 30)).await.0, 200);
}

#[tokio::test]
async fn of_many_at_once_one_is_first() {
    let own = tempfile::tempdir().unwrap();
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let witness = Witness::start(&own.path().join("w"), &[log.vkey()]);
    let all = (1..=32).map(|size| {
        let (url, body) = (witness.url.clone(), log.request(0, size));
        tokio::spawn(async move { (size, super::add_to(&url, body.into()).await.unwrap()) })
    });
    let mut cosigned = Vec::new();
    let mut told = Vec::new();
    for one in all.collect::<Vec<_>>() {
        let (size, (status, _, answer)) = one.await.unwrap();
        match status {
            200 => cosigned.push(size),
            _ => told.push((status, answer)),
        }
    }
    let [first] = cosigned[..] else {
        panic!("{cosigned:?}");
    };
    assert!(
        told.iter().all(|one| *one == (409, format!("{first}\n"))),
        "{told:?}"
    );
}

#[tokio::test]
async fn beyond_this_machine_it_speaks_https() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("w");
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let mut started = command(&dir, "0.0.0.0:0", &[log.vkey()]);
    started.args(["--name", "witness.example.org/1"]);
    let witness = Witness::by(started, &dir);
    let port = witness
        .url
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches('/');
    assert!(witness.url.starts_with("https://"), "{}", witness.url);
    let ca = std::fs::read(dir.join("ca.pem")).unwrap();
    let client = https_client(Some(&ca), None).unwrap();
    let url = format!("https://127.0.0.1:{port}/add-checkpoint");
    let answer = client
        .post(url)
        .body(log.request(0, 9))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    cosigned_at(&witness.vkey, &log.text(9), &answer.text().await.unwrap());
}

#[test]
fn what_it_cannot_be_is_said() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("w");
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let with = |arguments: &[&str]| {
        let mut command = command(&dir, "127.0.0.1:0", &[]);
        command.args(arguments);
        refused(command)
    };
    let witness = Witness::start(&dir, &[log.vkey()]);
    for (arguments, code, expected) in [
        (
            &["--log", "log.example/a/1"][..],
            2,
            "expected a verifier key",
        ),
        (&["--name", "a"], 1, "in use by another server"),
    ] {
        let (found, words) = with(arguments);
        assert_eq!(found, Some(code), "{words}");
        assert!(words.contains(expected), "{words}");
    }
    let vkey = witness.vkey.to_string();
    witness.kill();
    for (arguments, expected) in [
        (&["--name", "other"][..], "others know it by that name"),
        (&["--log", &vkey], "expected the key of a log"),
    ] {
        let (found, words) = with(arguments);
        assert_eq!(found, Some(1), "{words}");
        assert!(words.contains(expected), "{words}");
    }
    let named = command(&own.path().join("new"), "127.0.0.1:0", &[]);
    let mut named = named;
    named.args(["--name", "two words"]);
    let (found, words) = refused(named);
    assert_eq!(found, Some(1));
    assert!(words.contains("a space"), "{words}");
}
