//! A device that wants the server to prove itself, and one that speaks
//! `syncml:auth-MAC`, through real HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modegate_wire::auth::{PasswordDigest, md5_cred};
use modegate_wire::mac::{self, EntityDigest, Mac};
use serde_json::json;

use crate::harness::{Reply, SYNCML, Server, answers, message, package1};

const QUERY: &str = "mode=Machine&Platform=WoA";

/// A server with credentials of its own.
fn proving() -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "own-pa55word\n").unwrap();
    let text = format!(
        "[server_auth]\nname = 'Contoso MDM'\npassword_file = '{}'\n",
        file.display()
    );
    let server = Server::configured(&text, &["--accept-unknown-devices"]);
    (server, dir)
}

fn refusal(reply: &Reply, kind: &str, nonce: &[u8]) -> String {
    let nonce = STANDARD.encode(nonce);
    format!(
        "<Status><CmdID>1</CmdID><MsgRef>{}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta>\
         <Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">{kind}</Type>\
         <NextNonce xmlns=\"syncml:metinf\">{nonce}</NextNonce></Meta></Chal><Data>407</Data></Status><Final/>",
        reply.msg_id
    )
}

#[tokio::test]
async fn the_server_proves_itself_in_the_same_session() {
    let (server, _dir) = proving();
    let device = server.register(json!({"source": "d"})).await;
    let command = server.queue_read(&device, "Win32_BIOS").await;
    let first = server.begin("Machine", "d", "1").await;
    assert!(!first.text.contains("<Cred>") && first.commands.len() == 1);
    let nonce = b"\xf0\xf1 raw \x00";
    let asked = refusal(&first, "syncml:auth-md5", nonce);
    let second = server.sync("Machine", &message("d", "1", 2, &asked)).await;
    let expected = md5_cred(&PasswordDigest::new("Contoso MDM", "own-pa55word"), nonce);
    assert!(
        second.text.contains("<LocName>Contoso MDM</LocName>"),
        "{}",
        second.text
    );
    assert!(
        second
            .text
            .contains(&format!("<Data>{expected}</Data></Cred>")),
        "{}",
        second.text
    );
    assert_eq!(second.loc_uris(), first.loc_uris());
    let third = server
        .sync("Machine", &message("d", "1", 3, &answers(&second, 200)))
        .await;
    assert!(third.commands.is_empty());
    assert_eq!(server.state(&command).await, "succeeded");
    // It outlives a restart, and the password is nowhere in clear.
    let events = server
        .get(&format!("/devices/{device}/events"))
        .await
        .to_string();
    assert!(
        events.contains("wants the server to prove itself") && !events.contains("own-pa55word")
    );
    let mut server = server;
    server.kill_and_restart();
    let next = server.begin("Machine", "d", "2").await;
    assert!(
        next.text.contains(&expected),
        "the nonce is kept: {}",
        next.text
    );
    assert!(!server.log().contains("own-pa55word"));
}

#[tokio::test]
async fn without_credentials_it_is_on_record_and_nothing_is_lost() {
    let server = Server::start();
    let device = server.register(json!({"source": "d"})).await;
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    let first = server.begin("Machine", "d", "1").await;
    let asked = refusal(&first, "syncml:auth-md5", b"n");
    let second = server.sync("Machine", &message("d", "1", 2, &asked)).await;
    assert!(!second.text.contains("<Cred>") && second.commands.is_empty() && second.is_final);
    assert_eq!(server.state(&command).await, "queued");
    let events = server
        .get(&format!("/devices/{device}/events"))
        .await
        .to_string();
    assert!(
        events.contains("no server credentials are configured"),
        "{events}"
    );
}

#[tokio::test]
async fn a_mac_beside_the_message_is_the_device() {
    let (server, _dir) = proving();
    let device = server
        .register(json!({"source": "d", "credentials": {"username": "Robert Jordan", "password": "secret"}}))
        .await;
    let command = server.queue_read(&device, "Win32_BIOS").await;
    let digest = PasswordDigest::new("Robert Jordan", "secret");
    let say = async |mac: Option<&str>, body: &str| {
        let mut headers = vec![("content-type", SYNCML)];
        headers.extend(mac.map(|mac| ("X-SyncML-HMAC", mac)));
        let (status, headers, text) = server
            .post_with(QUERY, &headers, body.as_bytes().to_vec())
            .await;
        assert_eq!(status, 200);
        let signature = headers
            .get(mac::HEADER)
            .map(|value| value.to_str().unwrap().to_owned());
        (Reply::read(text), signature)
    };
    let sign = |nonce: &str, body: &str| {
        let nonce = STANDARD.decode(nonce).unwrap();
        mac::header(
            "Robert Jordan",
            &digest,
            &nonce,
            EntityDigest::from_entity(body.as_bytes()),
        )
    };
    // Unusable ones are challenged, and told by what.
    let body = package1("d", "1", 1, "none");
    for wrong in [
        "",
        "algorithm=SHA-256, username=\"Robert Jordan\", mac=AAAA",
        "junk",
        &sign("", &body),
    ] {
        let (reply, signature) = say(Some(wrong), &body).await;
        assert_eq!(reply.statuses[0].2, 401, "{wrong}");
        assert!(
            reply.text.contains("syncml:auth-MAC")
                && signature.is_none()
                && reply.commands.is_empty()
        );
    }
    let (reply, _) = say(None, &body).await;
    assert!(reply.statuses[0].2 == 407 && reply.text.contains("syncml:auth-md5"));
    let nonce = reply.nonce.unwrap();
    // Right, over another body: the mac covers the bytes.
    let body = package1("d", "1", 2, "none");
    let (reply, _) = say(Some(&sign(&nonce, "another")), &body).await;
    assert_eq!(reply.statuses[0].2, 401);
    let mac = sign(&nonce, &body);
    let (first, signature) = say(Some(&mac), &body).await;
    assert_eq!((first.statuses[0].2, first.commands.len()), (200, 1));
    let read = Mac::parse(&signature.clone().unwrap()).unwrap();
    let own = PasswordDigest::new("Contoso MDM", "own-pa55word");
    assert_eq!(read.username, "Contoso MDM");
    assert!(read.proves(&own, b"", EntityDigest::from_entity(first.text.as_bytes())));
    // A retransmission gets the same bytes, signed again; without its mac it is a stranger's.
    let (again, signed_again) = say(Some(&mac), &body).await;
    assert_eq!((again.text, signed_again), (first.text.clone(), signature));
    let (stranger, _) = say(None, &body).await;
    assert_eq!(stranger.statuses[0].2, 407);
    // On it goes with the next nonce.
    let body = message("d", "1", 3, &answers(&first, 200));
    let (last, _) = say(Some(&sign(&first.nonce.unwrap(), &body)), &body).await;
    assert_eq!(last.statuses[0].2, 200);
    assert_eq!(server.state(&command).await, "succeeded");
}

/// What the server proves itself with to the device, which asks for it that way.
async fn proof(server: &Server, source: &str, kind: &str) -> Option<String> {
    let first = server.begin("Machine", source, "1").await;
    let asked = refusal(&first, kind, b"nonce");
    let second = server
        .sync("Machine", &message(source, "1", 2, &asked))
        .await;
    let (_, rest) = second.text.split_once("<Cred>")?;
    let (_, data) = rest.split_once("<Data>")?;
    Some(data.split_once('<')?.0.to_owned())
}

#[tokio::test]
async fn each_device_has_a_password_of_its_own_and_basic_is_asked_in_vain() {
    let accept = ["--accept-unknown-devices"];
    let server = Server::configured("[server_auth]\nname = 'Contoso MDM'\n", &accept);
    let mut passwords = Vec::new();
    for source in ["a", "b"] {
        let device = server.register(json!({"source": source})).await;
        assert_eq!(proof(&server, source, "syncml:auth-md5").await, None);
        let path = format!("/devices/{device}/server-password");
        for _ in 0..2 {
            let (status, made) = server.api("POST", &path, None).await;
            assert_eq!(
                (status, made["username"].as_str()),
                (201, Some("Contoso MDM"))
            );
            passwords.push(made["password"].as_str().unwrap().to_owned());
        }
        // The latest is in force; it is shown nowhere else.
        let digest = PasswordDigest::new("Contoso MDM", passwords.last().unwrap());
        let proven = proof(&server, source, "syncml:auth-md5").await;
        assert_eq!(proven, Some(md5_cred(&digest, b"nonce")), "{source}");
        assert_eq!(proof(&server, source, "syncml:auth-basic").await, None);
        let events = server
            .get(&format!("/devices/{device}/events"))
            .await
            .to_string();
        assert!(
            events.contains("server_auth.basic does not allow"),
            "{events}"
        );
        let shown = server.get(&format!("/devices/{device}")).await.to_string();
        assert!(passwords.iter().all(|one| one.len() == 64));
        assert!(
            !passwords
                .iter()
                .any(|one| events.contains(one) || shown.contains(one))
        );
    }
    passwords.dedup();
    assert_eq!(passwords.len(), 4, "each is another");
    // Sealed in the database, and in no log.
    for file in ["modegate.db", "modegate.db-wal"] {
        let bytes = std::fs::read(server.dir.join(file)).unwrap_or_default();
        for one in &passwords {
            assert!(
                !bytes.windows(64).any(|window| window == one.as_bytes()),
                "{file}"
            );
        }
    }
    assert!(!passwords.iter().any(|one| server.log().contains(one)));
    // Where that is configured, Basic gets the password.
    let text = "[server_auth]\nname = 'Contoso MDM'\nbasic = true\n";
    let server = Server::configured(text, &accept);
    let device = server.register(json!({"source": "c"})).await;
    let path = format!("/devices/{device}/server-password");
    let (_, made) = server.api("POST", &path, None).await;
    let expected = format!("Contoso MDM:{}", made["password"].as_str().unwrap());
    let proven = proof(&server, "c", "syncml:auth-basic").await;
    assert_eq!(proven, Some(STANDARD.encode(expected)));
    // Without a name there is nothing to prove.
    let server = Server::start();
    let device = server.register(json!({"source": "d"})).await;
    let path = format!("/devices/{device}/server-password");
    let (status, refused) = server.api("POST", &path, None).await;
    assert!(
        status == 409 && refused.to_string().contains("server_auth.name"),
        "{refused}"
    );
}
