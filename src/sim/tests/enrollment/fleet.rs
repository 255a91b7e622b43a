//! Fleets whose devices enroll, over several runs.

use std::time::Duration;

use super::site::{HttpAnswer, PASSWORD, Part, Site, USER};
use crate::enroll::{EnrollFaults, EnrollmentPlan, Family, FleetSignIn, ServerAddress};
use crate::{FleetBehaviour, FleetOptions, FleetReport, Secret, Trigger, run_fleet};

fn plan(site: &Site) -> EnrollmentPlan {
    EnrollmentPlan {
        family: site.family,
        server: ServerAddress::Url(site.url("/sync")),
        user: USER.to_owned(),
        sign_in: FleetSignIn::Tokens(vec![Secret::new("given-out")]),
        request_version: None,
        faults: EnrollFaults::default(),
        renew: false,
        unenroll: false,
    }
}

/// Two sessions of one device.
async fn run(site: &Site, plan: EnrollmentPlan, state: Option<&std::path::Path>) -> FleetReport {
    let options = FleetOptions {
        url: site.url("/sync"),
        ca: site.with_token().ca,
        devices: 1,
        sessions: 2,
        concurrency: 4,
        prefix: "t".to_owned(),
        triggers: vec![Trigger::Logon],
        credentials: None,
        identity: None,
        enrollment: Some(plan),
        behaviour: FleetBehaviour::default(),
        interval: Duration::ZERO,
        state: state.map(std::path::Path::to_owned),
        wns: None,
        progress: false,
    };
    run_fleet(options).await.unwrap()
}

fn files(directory: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_enrollment_is_kept_renewed_and_forgotten_when_the_user_ends_it() {
    use std::os::unix::fs::PermissionsExt;
    for family in [Family::Windows81, Family::WindowsPhone81, Family::Windows10] {
        let site = Site::start(family);
        let directory = tempfile::tempdir().unwrap();
        let state = Some(directory.path());
        let report = run(&site, plan(&site), state).await;
        assert_eq!((report.sessions, report.errors), (2, 0), "{report:?}");
        assert_eq!(report.violations, 0, "{report:?}");
        let names = files(directory.path());
        let kept = names.iter().find(|name| name.ends_with(".enrollment.json"));
        let kept = directory.path().join(kept.unwrap());
        let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // The next run goes on with it: no second enrollment, although the token is spent.
        run(&site, plan(&site), state).await;
        assert_eq!(site.seen.lock().unwrap().requested.len(), 1);
        // It renews, and then the old certificate is gone.
        let renewing = EnrollmentPlan {
            renew: true,
            ..plan(&site)
        };
        let report = run(&site, renewing, state).await;
        assert_eq!((report.sessions, report.errors), (2, 0), "{report:?}");
        {
            let seen = site.seen.lock().unwrap();
            assert_eq!(seen.renewed.len(), 1);
            let (first, last) = (seen.presented.first(), seen.presented.last());
            assert_ne!(first, last);
        }
        let text = std::fs::read_to_string(&kept).unwrap();
        assert!(text.contains("\"previous\":null"));
        let ending = EnrollmentPlan {
            unenroll: true,
            ..plan(&site)
        };
        let report = run(&site, ending, state).await;
        assert_eq!((report.sessions, report.errors), (3, 0), "{report:?}");
        assert_eq!(files(directory.path()), Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_fails_is_counted_by_its_reason() {
    let site = Site::twisted(Family::Windows81, |part, _, text| match part {
        Part::Document => HttpAnswer::ok(text.replace("><", "> <")),
        _ => HttpAnswer::ok(text),
    });
    let report = run(&site, plan(&site), None).await;
    let reason = "provisioning document not accepted, and the tablet aborts silently: white space between tags";
    assert_eq!(report.errors_by_reason.get(reason), Some(&1), "{report:?}");
    let without = EnrollmentPlan {
        sign_in: FleetSignIn::Tokens(Vec::new()),
        ..plan(&site)
    };
    let report = run(&site, without, None).await;
    let reason = "expected an enrollment token for each device, found 0";
    assert_eq!(report.errors_by_reason.get(reason), Some(&1), "{report:?}");
}

#[tokio::test]
async fn a_renewal_that_fails_is_counted_and_the_device_goes_on() {
    let site = Site::twisted(Family::Windows81, |part, number, text| {
        match (part, number) {
            (Part::Document, 1) => HttpAnswer::status(500, ""),
            _ => HttpAnswer::ok(text),
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let with_password = EnrollmentPlan {
        sign_in: FleetSignIn::Password(Secret::new(PASSWORD)),
        ..plan(&site)
    };
    run(&site, with_password, Some(directory.path())).await;
    let renewing = EnrollmentPlan {
        renew: true,
        ..plan(&site)
    };
    let report = run(&site, renewing, Some(directory.path())).await;
    assert_eq!((report.sessions, report.errors), (2, 1), "{report:?}");
    assert!(report.errors_by_reason.contains_key("renewal: HTTP 500"));
}
