//! What a witness has seen outlives it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::{MadeUpLog, Witness, command, cosigned_at, refused};

#[tokio::test]
async fn a_witness_is_the_same_after_a_restart_and_knows_what_it_knew() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("w");
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let first = Witness::start(&dir, &[log.vkey()]);
    let vkey = first.vkey.clone();
    assert!(vkey.name().ends_with("/witness"), "{vkey}");
    assert_eq!(first.add(log.request(0, 12)).await.0, 200);
    first.kill();
    let again = Witness::start(&dir, &[log.vkey()]);
    assert_eq!(again.vkey, vkey);
    assert_eq!(again.line["logs"][0]["size"], 12);
    let (status, _, answer) = again.add(log.request(0, 12)).await;
    assert_eq!((status, answer.as_str()), (409, "12\n"));
    assert_eq!(again.add(log.request(12, 40)).await.0, 200);
    let files = [
        "witness-key",
        "witness.vkey",
        "logs/log.example%2Fa%2F1.checkpoint",
    ];
    for file in files {
        let about = std::fs::metadata(dir.join(file)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{file}");
    }
    again.kill();

    // Without its key or with a memory that is damaged it does not serve.
    let key = dir.join("witness-key");
    std::fs::rename(&key, own.path().join("kept")).unwrap();
    let (code, words) = refused(command(&dir, "127.0.0.1:0", &[log.vkey()]));
    assert!(
        code == Some(1) && words.contains("witness-key is missing"),
        "{words}"
    );
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let (code, words) = refused(command(&dir, "127.0.0.1:0", &[log.vkey()]));
    assert!(
        code == Some(1) && words.contains("is not the key of"),
        "{words}"
    );
    std::fs::rename(own.path().join("kept"), &key).unwrap();
    let memory = dir.join(files[2]);
    let whole = std::fs::read(&memory).unwrap();
    for damaged in [
        &b""[..],
        &whole[..whole.len() - 1],
        b"log.example/a/1\n40\n",
    ] {
        std::fs::write(&memory, damaged).unwrap();
        let (code, words) = refused(command(&dir, "127.0.0.1:0", &[log.vkey()]));
        assert_eq!(code, Some(1));
        assert!(words.contains("nothing may be cosigned"), "{words}");
    }
    std::fs::write(&memory, whole).unwrap();
    let witness = Witness::start(&dir, &[log.vkey()]);
    // Damaged while it runs: nothing is cosigned either.
    std::fs::write(&memory, "").unwrap();
    assert_eq!(witness.add(log.request(40, 41)).await.0, 500);
    assert_eq!(std::fs::read(&memory).unwrap(), b"");
}

/// Between the moment that a checkpoint is durable and the answer, the process may end.
#[tokio::test]
async fn killed_at_any_moment_it_forgets_nothing_that_it_cosigned() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("w");
    let log = MadeUpLog::new("log.example/a/1", 1, 0);
    let (mut known, mut unanswered) = (0_usize, 0);
    for round in 0..40_u64 {
        let witness = Witness::start(&dir, &[log.vkey()]);
        let mut stream = TcpStream::connect(witness.address()).unwrap();
        let body = log.request(known, known + 1);
        let head = "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close";
        write!(
            stream,
            "{head}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        // Later in each round, so that the kills are spread over the whole of the answer.
        std::thread::sleep(Duration::from_micros(600 * round));
        witness.kill();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let answered = answer.split_once("\r\n\r\n");
        let answered = answered.filter(|(_, answer)| answer.ends_with('\n'));
        let witness = Witness::start(&dir, &[log.vkey()]);
        // A proof from nothing is answered with what is known.
        let (status, _, answer) = witness.add(log.request(0, 99)).await;
        let seen = match status {
            200 => 99,
            _ => answer.trim().parse::<usize>().unwrap(),
        };
        if known == 0 && seen == 99 {
            // Killed before the very first was seen; this was the first then.
            assert_eq!(answered, None);
            drop(witness);
            std::fs::remove_dir_all(&dir).unwrap();
            continue;
        }
        assert!(seen == known || seen == known + 1, "{known} {seen}");
        if let Some((head, answer)) = answered {
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            cosigned_at(&witness.vkey, &log.text(known + 1), answer);
            assert_eq!(seen, known + 1, "what was cosigned is remembered");
        } else if seen == known + 1 {
            unanswered += 1;
        }
        // The log asks again, from what the witness knows.
        let (status, _, answer) = witness.add(log.request(seen, known + 1)).await;
        assert_eq!(status, 200, "{answer}");
        cosigned_at(&witness.vkey, &log.text(known + 1), &answer);
        known += 1;
    }
    println!("{known} steps, {unanswered} seen and not answered");
    assert!(known > 0);
}
