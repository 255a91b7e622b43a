//! What a tablet does on request, and what it complains of.

use super::scripted::{Say, Scripted, codes, command, results};
use crate::report::Violation;

const DISK: &str = "./cimv2/Win32_LogicalDisk";
const WIFI: &str = "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/WifiEnabled";
const BLUETOOTH: &str = "./cimv2/MDM_Restrictions/MDM_Restrictions.Key=%221%22/BluetoothEnabled";
const RESTRICTIONS: &str = "MDM_Restrictions.Key=\"1\"";
const UNENROLL: &str =
    "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22t%22/Exec=SendUnenrollRequest";

fn replace_wifi() -> String {
    command("Replace", 9001, WIFI, "false")
}

#[tokio::test]
async fn a_lost_reply_is_not_done_and_ends_the_session() {
    let server = Scripted::saying(vec![Say::commands(&replace_wifi())]);
    let mut tablet = server.tablet();
    tablet.drop_replies(1);
    let report = Scripted::maintain(&mut tablet).await;
    assert!(report.lost && report.received.is_empty());
    assert_eq!(
        tablet.property(RESTRICTIONS, "WifiEnabled").as_deref(),
        Some("true")
    );
    let report = Scripted::maintain(&mut tablet).await;
    assert!(!report.lost);
}

#[tokio::test]
async fn a_repeated_message_wants_the_same_bytes() {
    let twice = |other: &'static str| {
        let mut first = None;
        Scripted::start(move |number, request| match number {
            0 => {
                let reply = Say::commands(&replace_wifi()).to(request, 0);
                first.insert(reply).clone()
            }
            1 => first.clone().unwrap() + other,
            _ => Say::default().to(request, number),
        })
    };
    for (other, expected) in [("", 0), ("<!-- -->", 1)] {
        let server = twice(other);
        let mut tablet = server.tablet();
        tablet.retransmit(1);
        let report = Scripted::maintain(&mut tablet).await;
        let bodies = server.bodies();
        assert_eq!(bodies[0], bodies[1]);
        assert_eq!(
            (report.received.len(), report.exchanges),
            (1, 3),
            "done once"
        );
        assert_eq!(report.retransmitted, 1 - expected);
        assert_eq!(report.violations.len(), expected as usize);
        assert!(
            report
                .violations
                .iter()
                .all(|violation| matches!(violation, Violation::Retransmission(_)))
        );
    }
}

#[tokio::test]
async fn long_lists_come_in_two_messages_of_one_package() {
    let next = Say {
        is_final: false,
        ..Say::commands("<Alert><CmdID>9002</CmdID><Data>1222</Data></Alert>")
    };
    let get = Say::commands(&command("Get", 9001, DISK, ""));
    let server = Scripted::saying(vec![get.clone(), next]);
    let mut tablet = server.tablet();
    tablet.splits_results(true);
    let report = Scripted::maintain(&mut tablet).await;
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    let bodies = server.bodies();
    assert_eq!(bodies.len(), 3);
    assert!(!bodies[1].contains("<Final/>") && bodies[2].contains("<Final/>"));
    let name = |letter: &str| format!("Win32_LogicalDisk.DeviceID=\"{letter}:\"");
    assert_eq!(results(&bodies[1]), [(1, 9001, name("C"))]);
    assert_eq!(results(&bodies[2]), [(1, 9001, name("D"))]);
    assert_eq!(
        (codes(&bodies[1]), codes(&bodies[2])),
        (vec![(9001, 200)], vec![(9002, 200)])
    );
    // A server that goes on with commands, or ends, before the package is whole.
    for other in [
        Say::commands(&replace_wifi().replace("9001", "9002")),
        Say::default(),
    ] {
        let server = Scripted::saying(vec![get.clone(), other]);
        let mut tablet = server.tablet();
        tablet.splits_results(true);
        let report = Scripted::maintain(&mut tablet).await;
        let form = |violation: &Violation| matches!(violation, Violation::Form(_));
        assert!(report.violations.iter().any(form));
    }
}

#[tokio::test]
async fn statuses_are_forced_once_or_always() {
    let both = |first: u32| {
        Say::commands(
            &(command("Replace", first, WIFI, "false")
                + &command("Replace", first + 1, BLUETOOTH, "false")),
        )
    };
    let server = Scripted::saying(vec![both(9001), Say::default(), both(9101)]);
    let mut tablet = server.tablet();
    tablet.answer("BluetoothEnabled", 202);
    tablet.answer_once("Key=\"1\"/WifiEnabled", 425);
    let report = Scripted::maintain(&mut tablet).await;
    let got: Vec<u16> = report
        .received
        .iter()
        .map(|received| received.status)
        .collect();
    assert_eq!(got, [425, 202]);
    assert_eq!(
        tablet.property(RESTRICTIONS, "WifiEnabled").as_deref(),
        Some("true")
    );
    assert_eq!(
        tablet.property(RESTRICTIONS, "BluetoothEnabled").as_deref(),
        Some("false")
    );
    let report = Scripted::maintain(&mut tablet).await;
    let got: Vec<u16> = report
        .received
        .iter()
        .map(|received| received.status)
        .collect();
    assert_eq!(got, [200, 202]);
}

#[tokio::test]
async fn an_atomic_is_done_whole_or_not_at_all() {
    let atomic =
        |children: &str| Say::commands(&format!("<Atomic><CmdID>9000</CmdID>{children}</Atomic>"));
    let bad = command("Replace", 9002, BLUETOOTH, "maybe");
    let last = command("Replace", 9003, DISK, "x");
    let failing = atomic(&(replace_wifi() + &bad + &last));
    let server = Scripted::saying(vec![failing]);
    let mut tablet = server.tablet();
    let report = Scripted::maintain(&mut tablet).await;
    let expected = [(9000, 507), (9001, 216), (9002, 500), (9003, 215)];
    assert_eq!(codes(&server.bodies()[1]), expected);
    assert_eq!(
        tablet.property(RESTRICTIONS, "WifiEnabled").as_deref(),
        Some("true")
    );
    let got: Vec<u16> = report
        .received
        .iter()
        .map(|received| received.status)
        .collect();
    assert_eq!(got, [216, 500, 215]);
    for (refuses, expected) in [
        (false, vec![(9000, 200), (9001, 200), (9002, 200)]),
        (true, vec![(9000, 507), (9001, 216), (9002, 500)]),
    ] {
        let with_get = atomic(&(replace_wifi() + &command("Get", 9002, DISK, "")));
        let server = Scripted::saying(vec![with_get]);
        let mut tablet = server.tablet();
        tablet.refuses_gets_in_atomic(refuses);
        Scripted::maintain(&mut tablet).await;
        let body = &server.bodies()[1];
        assert_eq!(codes(body), expected);
        assert_eq!(results(body).len(), usize::from(!refuses));
    }
}

#[tokio::test]
async fn a_breach_shows_even_where_an_atomic_does_not_come_to_it() {
    let bad = command("Get", 9001, "./cimv2/Win32_Unheard", "");
    let wns =
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22a%22/Exec=UpdateConfiguration";
    let children = bad + &command("Exec", 9002, wns, "ConfigString=a;b");
    let atomic = format!("<Atomic><CmdID>9000</CmdID>{children}</Atomic>");
    let server = Scripted::saying(vec![Say::commands(&atomic)]);
    let mut tablet = server.tablet();
    let report = tablet.session("Machine", "none").await.unwrap();
    assert!(matches!(
        &report.violations[..],
        [Violation::Forbidden { .. }]
    ));
    assert!(!tablet.has_channel());
}

#[tokio::test]
async fn an_agent_run_by_hand_cannot_impersonate() {
    let channel = "./cimv2/MDM_WNSChannel";
    let job = "./cimv2/MDM_AppInstallJob/MDM_AppInstallJob.JobID=%22j%22/Exec=CreateJob";
    let all = command("Get", 9001, DISK, "")
        + &command("Get", 9002, channel, "")
        + &command("Exec", 9003, job, "JobData=x")
        + &command("Replace", 9004, WIFI, "false");
    let server = Scripted::saying(vec![Say::commands(&all)]);
    let mut tablet = server.tablet();
    tablet.runs_by_hand(true);
    tablet.names_mode(false);
    let report = Scripted::maintain(&mut tablet).await;
    assert_eq!(report.query, "Platform=WoA");
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    let expected = [(9001, 200), (9002, 500), (9003, 500), (9004, 200)];
    assert_eq!(codes(&server.bodies()[1]), expected);
    assert!(tablet.jobs().is_empty());
}

#[tokio::test]
async fn after_an_unenrolment_it_says_so_or_nothing() {
    for (silent, messages) in [(false, 2), (true, 1)] {
        let exec = command("Exec", 9001, UNENROLL, "DeviceClientID=t");
        let server = Scripted::saying(vec![Say::commands(&exec)]);
        let mut tablet = server.tablet();
        tablet.silent_unenroll(silent);
        let report = tablet.session("Machine", "none").await.unwrap();
        assert!(report.unenrolled);
        let bodies = server.bodies();
        assert_eq!(bodies.len(), messages);
        assert_eq!(bodies.last().unwrap().contains("1226"), !silent);
        assert!(tablet.session("Machine", "none").await.is_err());
    }
}

#[tokio::test]
async fn names_and_types_come_as_asked_for() {
    let drive = "./cimv2/Win32_DiskDrive";
    let size = "./cimv2/Win32_LogicalDisk/Win32_LogicalDisk.DeviceID=%22C:%22/Size";
    let say = Say::commands(&(command("Get", 9001, drive, "") + &command("Get", 9002, size, "")));
    for (encodes, name, format) in [
        (
            false,
            "Win32_DiskDrive.DeviceID=\"\\\\.\\PHYSICALDRIVE0\"",
            ">chr<",
        ),
        (
            true,
            "Win32_DiskDrive.DeviceID%3D%22%5C%5C.%5CPHYSICALDRIVE0%22",
            ">int<",
        ),
    ] {
        let server = Scripted::saying(vec![say.clone()]);
        let mut tablet = server.tablet();
        tablet.encodes_names(encodes);
        tablet.tells_types(encodes);
        Scripted::maintain(&mut tablet).await;
        let body = &server.bodies()[1];
        assert_eq!(results(body)[0].2, name);
        assert!(body.contains(">node<") && body.contains(format), "{body}");
    }
}

#[tokio::test]
async fn malformed_commands_are_answered_400_and_items_each_for_themselves() {
    let two = format!(
        "<Item><Target><LocURI>{UNENROLL}</LocURI></Target></Item><Item><Target><LocURI>{UNENROLL}</LocURI></Target></Item>"
    );
    let gets = format!(
        "<Get><CmdID>9002</CmdID><Item><Target><LocURI>{DISK}</LocURI></Target></Item><Item><Target><LocURI>./x</LocURI></Target></Item></Get>"
    );
    let all =
        format!("<Exec><CmdID>9001</CmdID>{two}</Exec>{gets}<Delete><CmdID>9003</CmdID></Delete>");
    let server = Scripted::saying(vec![Say::commands(&all)]);
    let report = Scripted::maintain(&mut server.tablet()).await;
    assert!(!report.unenrolled);
    let body = &server.bodies()[1];
    let expected = [(9001, 400), (9002, 200), (9002, 404), (9003, 400)];
    assert_eq!(codes(body), expected);
    assert!(
        body.contains("<TargetRef>./x</TargetRef><Data>404</Data>"),
        "{body}"
    );
    assert_eq!(results(body).len(), 1);
}

#[tokio::test]
async fn an_abort_is_not_answered() {
    let abort = "<Alert><CmdID>9001</CmdID><Data>1223</Data></Alert>";
    let server = Scripted::saying(vec![Say::commands(
        &(abort.to_owned() + &replace_wifi().replace("9001", "9002")),
    )]);
    let report = Scripted::maintain(&mut server.tablet()).await;
    assert_eq!((report.exchanges, report.received.len()), (1, 0));
}

#[tokio::test]
async fn what_has_no_number_is_a_breach_and_not_done() {
    let bare = replace_wifi().replace("<CmdID>9001</CmdID>", "");
    let atomic = format!("<Atomic><CmdID>9001</CmdID>{bare}</Atomic>");
    for commands in [bare, atomic] {
        let server = Scripted::saying(vec![Say::commands(&commands)]);
        let mut tablet = server.tablet();
        let report = Scripted::maintain(&mut tablet).await;
        assert!(matches!(&report.violations[..], [Violation::Numbers(_)]));
        let held = tablet.property(RESTRICTIONS, "WifiEnabled");
        assert_eq!(held.as_deref(), Some("true"));
    }
}
