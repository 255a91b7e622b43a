//! The tablet proves itself, and asks the server to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scripted::{Say, Scripted, codes, command};
use crate::proof::{mac_header, md5};
use crate::report::Violation;
use crate::secret::Secret;
use crate::{Credentials, ServerCredentials};

const DISK: &str = "./cimv2/Win32_LogicalDisk";

fn get(cmd_id: u32) -> String {
    command("Get", cmd_id, DISK, "")
}

/// The nonce of the tablet's challenge in a body.
fn nonce(body: &str) -> Vec<u8> {
    let document = roxmltree::Document::parse(body).unwrap();
    let mut nodes = document.descendants();
    let found = nodes.find(|node| node.tag_name().name() == "NextNonce");
    STANDARD.decode(found.unwrap().text().unwrap()).unwrap()
}

/// Sends one Get per message, three times, proving itself by `password` from
/// the first challenge on (never, if there is none).
fn server(password: Option<&'static str>) -> Scripted {
    Scripted::start(move |number, request| {
        let mut say = match number {
            0..3 => Say::commands(&get(9001 + number as u32)),
            _ => Say::default(),
        };
        if let (Some(password), true) = (password, number > 0) {
            let digest = md5("backend", password, &nonce(&request.body));
            say.cred = Some(("backend".to_owned(), digest));
        }
        say.to(request, number)
    })
}

fn asked(strict: bool) -> ServerCredentials {
    ServerCredentials {
        name: "backend".to_owned(),
        password: Secret::new("pw"),
        strict,
    }
}

#[tokio::test]
async fn a_server_that_proves_itself_is_obeyed() {
    for strict in [false, true] {
        let server = server(Some("pw"));
        let mut tablet = server.tablet();
        tablet.challenges_server(Some(asked(strict)));
        let report = tablet.session("Machine", "none").await.unwrap();
        // The offers differ by CmdID only; coming twice is what this server does.
        let other = |violation: &&Violation| !matches!(violation, Violation::Twice(_));
        assert_eq!(report.violations.iter().find(other), None);
        assert!(report.server_proven);
        let first = if strict { 407 } else { 200 };
        assert_eq!(codes(&server.bodies()[1]), [(9001, first)]);
        assert_eq!(codes(&server.bodies()[2]), [(9002, 200)]);
        let nonces: Vec<_> = server.bodies()[1..]
            .iter()
            .map(|body| nonce(body))
            .collect();
        assert_ne!(nonces[0], nonces[1], "a nonce is good once");
    }
}

#[tokio::test]
async fn a_server_that_does_not_is_noted_and_strictly_not_obeyed() {
    for (password, code) in [(None, 407), (Some("wrong"), 401)] {
        for strict in [false, true] {
            let server = server(password);
            let mut tablet = server.tablet();
            tablet.challenges_server(Some(asked(strict)));
            let report = tablet.session("Machine", "none").await.unwrap();
            let noted = |violation: &Violation| matches!(violation, Violation::Server(_));
            assert!(report.violations.iter().any(noted), "{password:?} {strict}");
            assert!(!report.server_proven);
            assert_eq!(report.received.is_empty(), strict);
            let second = if strict { code } else { 200 };
            assert_eq!(codes(&server.bodies()[2]), [(9002, second)]);
        }
    }
}

#[tokio::test]
async fn a_session_without_commands_asks_nothing() {
    let server = Scripted::saying(Vec::new());
    let mut tablet = server.tablet();
    tablet.challenges_server(Some(asked(true)));
    let report = tablet.session("Machine", "none").await.unwrap();
    assert!(report.violations.is_empty() && report.exchanges == 1);
}

#[tokio::test]
async fn a_mac_goes_over_the_bytes_of_each_message() {
    let challenge = Say {
        code: 407,
        ..Say::default()
    };
    let with_nonce = |text: String| {
        text.replacen(
            "<Cmd>SyncHdr</Cmd>",
            "<Cmd>SyncHdr</Cmd><Chal><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-MAC</Type><NextNonce xmlns=\"syncml:metinf\">Tm9uY2U=</NextNonce></Meta></Chal>",
            1,
        )
    };
    let server = Scripted::start(move |number, request| match number {
        0 => with_nonce(challenge.to(request, 0)),
        1 => Say::commands(&get(9001)).to(request, 1),
        _ => Say::default().to(request, number),
    });
    let credentials = Credentials {
        username: "u".into(),
        password: "p-distinct".into(),
        md5: true,
    };
    assert!(!format!("{credentials:?}").contains("p-distinct"));
    let mut tablet = server.tablet().with_credentials(credentials.clone());
    tablet.proves_by_mac(true);
    let report = tablet.session("Machine", "none").await.unwrap();
    assert_eq!((report.exchanges, report.received.len()), (3, 1));
    let (bodies, heads) = (server.bodies(), server.heads());
    for (number, nonce) in [(0, ""), (1, "Nonce"), (2, "Nonce")] {
        let value = mac_header(&credentials, nonce.as_bytes(), bodies[number].as_bytes());
        let expected = format!("x-syncml-hmac: {value}\r\n");
        assert!(heads[number].contains(&expected), "{}", heads[number]);
        assert!(!bodies[number].contains("<Cred>"));
        assert!(bodies[number].contains("<LocName>u</LocName>"));
    }
}
