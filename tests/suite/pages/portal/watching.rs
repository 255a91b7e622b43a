//! A request from the tap to the app, as its page says it, with the simulated tablet and a mock
//! of WNS.

use modegate_sim::mock_wns::MockWns;
use modegate_sim::{Tablet, Trigger};

use super::{app, install_in, person, tablet_of, tap};
use crate::api::installs::{to_the_end, until_state};
use crate::harness::{Server, push_profile_of};
use crate::pages::client::Browser;
use crate::push::server_on;
use crate::records::wns_app;
use crate::sync::simulated_device::{sync, tablet};
use crate::wait::{DEADLINE, eventually, seen};

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const CHANNEL: &str = "MDM_WNSChannel.AppId=\"mdm\"";

/// A tablet whose channel is in use.
async fn reachable(mock: &MockWns) -> (Server, String, Tablet) {
    mock.register(wns_app(PFN, "app secret"));
    let server = server_on(mock);
    server
        .push_profile(push_profile_of(PFN, "app secret"))
        .await;
    let device = tablet_of(&server, "t", "ann").await;
    let mut tablet = tablet(&server, "t");
    sync(&mut tablet, Trigger::Logon).await;
    let uri = mock.mint(PFN, "t");
    assert!(tablet.set_property(CHANNEL, "Channel", &uri));
    sync(&mut tablet, Trigger::Logon).await;
    (server, device, tablet)
}

/// Waits until the page says so.
async fn says(browser: &mut Browser, path: &str, expected: &str) -> String {
    let look = async || {
        seen(browser.get(path).await.words(), |words| {
            words.contains(expected)
        })
    };
    eventually(DEADLINE, look).await
}

#[actix_web::test]
async fn from_the_tap_to_the_app() {
    let mock = MockWns::start().await.unwrap();
    let (server, device, mut tablet) = reachable(&mock).await;
    app(&server, "erp", "ERP", "1.0").await;
    let mut ann = person(&server, &device).await;
    let request = install_in(&tap(&mut ann, &device, "erp").await);
    let path = format!("/portal/installs/{request}");
    until_state(&server, &request, "woken").await;
    let words = says(&mut ann, &path, "Step 3 of 5").await;
    // Today, or tomorrow near midnight.
    assert!(
        words.contains("was asked to connect") && words.contains("Expected until to"),
        "{words}"
    );
    assert!(
        words.contains("At the latest when you next sign in to Windows"),
        "{words}"
    );
    let apps = ann.get("/portal/apps").await.words();
    assert!(
        apps.contains("ERP 1.0 Under way Waiting: your tablet was called"),
        "{apps}"
    );

    // A page that looks for news gets 204 until there are some.
    let page = ann.get(&path).await;
    let revision = page.text.split("data-rev=\"").nth(1).unwrap();
    let revision = revision.split('"').next().unwrap();
    assert!(page.contains("data-every=\"2\""), "{}", page.main());
    let news = format!("{path}?since={revision}");
    let unchanged = ann.get(&news).await;
    assert_eq!((unchanged.status, unchanged.text.len()), (204, 0));
    // A thousand tablets ask for news all the time: the answer is short, and not to be kept.
    let headers = unchanged.headers.iter();
    let bytes: usize = headers
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    assert!(bytes < 175, "{:?}", unchanged.headers);
    assert_eq!(unchanged.headers["cache-control"], "no-store");
    sync(&mut tablet, Trigger::Push).await;
    until_state(&server, &request, "accepted").await;
    let page = ann.get(&news).await;
    assert_eq!(page.status, 200);
    let words = page.words();
    assert!(words.contains("Step 4 of 5: Installing"), "{words}");
    assert!(
        words.contains("says how far it is whenever it connects"),
        "{words}"
    );

    to_the_end(&server, &device, &request, &mut tablet).await;
    let page = ann.get(&path).await;
    let words = page.words();
    assert!(words.contains("Done: the app is installed."), "{words}");
    assert!(
        !page.contains("data-every") && !words.contains("Take back"),
        "{words}"
    );
    let apps = ann.get("/portal/apps").await.words();
    assert!(apps.contains("ERP 1.0 Installed today"), "{apps}");
    assert!(apps.contains("Install again : ERP"), "{apps}");
    let requests = ann.get("/portal/requests").await.words();
    assert!(requests.contains("ERP 1.0 Installed"), "{requests}");
    // The API's stages are the page's.
    let install = server.get(&format!("/installs/{request}")).await;
    let stages = install["standing"]["stages"].as_array().unwrap().iter();
    let marks: Vec<&str> = stages
        .map(|stage| stage["mark"].as_str().unwrap())
        .collect();
    assert_eq!(marks, ["done"; 5], "{install}");
    // A newer version is an update; the one that is there can be had again.
    let change = serde_json::json!({"version": "2.0", "job_data": "<Job/>"});
    assert_eq!(server.api("PATCH", "/apps/erp", Some(change)).await.0, 200);
    let apps = ann.get("/portal/apps").await.words();
    assert!(
        apps.contains("ERP 2.0 Update You have 1.0 Update : ERP"),
        "{apps}"
    );
}

#[actix_web::test]
async fn without_a_channel_it_waits_for_the_sign_in_and_can_be_taken_back() {
    let server = Server::start();
    let device = tablet_of(&server, "t", "ann").await;
    app(&server, "erp", "ERP", "1.0").await;
    let mut ann = person(&server, &device).await;
    let words = ann.get("/portal/device").await.words();
    assert!(words.contains("It has not connected yet."), "{words}");
    let request = install_in(&tap(&mut ann, &device, "erp").await);
    let path = format!("/portal/installs/{request}");
    let words = says(&mut ann, &path, "cannot be called at the moment").await;
    assert!(
        words.contains("Calling the tablet (now) Not possible at the moment"),
        "{words}"
    );
    assert!(
        words.contains("At the latest when you next sign in to Windows"),
        "{words}"
    );
    assert!(words.contains("For the helpdesk: t, request 1"), "{words}");
    assert!(!words.contains("online"), "{words}");
    let requests = ann.get("/portal/requests").await.words();
    assert!(
        requests.contains("Waiting: goes when you next sign in to Windows"),
        "{requests}"
    );

    let page = ann.submit(&path, &format!("{path}/take-back"), &[]).await;
    assert_eq!(
        (page.status, page.location()),
        (303, &*format!("{path}?notice=taken-back"))
    );
    let page = ann.get(page.location()).await;
    let words = page.words();
    assert!(
        words.contains("The request was taken back.") && words.contains("Try again"),
        "{words}"
    );
    // Once more from a page that was open: it says how it stands.
    let csrf = page.field("csrf");
    let page = ann
        .post(&format!("{path}/take-back"), &[("csrf", &csrf)])
        .await;
    assert_eq!(page.location(), format!("{path}?notice=changed"));
    assert!(
        ann.get(page.location())
            .await
            .words()
            .contains("This has changed meanwhile")
    );
    // And asked for again: a new request.
    let page = ann.submit(&path, "/portal/installs", &[]).await;
    assert_eq!(page.status, 404, "a form without its fields");
    let fields = [("device", device.as_str()), ("app", "erp")];
    let page = ann.submit(&path, "/portal/installs", &fields).await;
    let second = install_in(&page);
    assert_ne!(second, request);
    // It goes when she signs in, without having been called.
    let mut tablet = tablet(&server, "t");
    sync(&mut tablet, Trigger::Logon).await;
    until_state(&server, &second, "accepted").await;
    let words = ann.get(&format!("/portal/installs/{second}")).await.words();
    assert!(
        words.contains("Calling the tablet (not needed) Not needed: the tablet came by itself"),
        "{words}"
    );
    let words = ann.get("/portal/device").await.words();
    assert!(words.contains("Last connected today"), "{words}");
    assert!(words.contains("Not at the moment"), "{words}");
}

#[actix_web::test]
async fn what_failed_says_why_and_stands_first_until_it_is_tried_again() {
    let server = Server::start();
    let device = tablet_of(&server, "t", "ann").await;
    app(&server, "erp", "ERP", "1.0").await;
    let mut ann = person(&server, &device).await;
    let request = install_in(&tap(&mut ann, &device, "erp").await);
    let reply = server.begin("Maintenance", "t", "1").await;
    let answer = crate::harness::answers(&reply, 500);
    let answer = crate::harness::message("t", "1", 2, &answer);
    server.sync("Maintenance", &answer).await;
    until_state(&server, &request, "failed").await;
    let path = format!("/portal/installs/{request}");
    let words = ann.get(&path).await.words();
    assert!(
        words.contains("The app was not installed.") && words.contains("Try again"),
        "{words}"
    );
    let words = ann.get("/portal/requests").await.words();
    assert!(
        words.contains("These were not installed ERP 1.0"),
        "{words}"
    );
    let words = ann.get("/portal/apps").await.words();
    assert!(
        words.contains("It was not installed Try again : ERP"),
        "{words}"
    );
    let again = tap(&mut ann, &device, "erp").await;
    assert_ne!(install_in(&again), request);
    let words = ann.get("/portal/requests").await.words();
    assert!(!words.contains("These were not installed"), "{words}");
    // Twenty a page.
    for nth in 0..19 {
        app(&server, &format!("app{nth}"), &format!("App {nth}"), "1").await;
    }
    let many = async |browser: &mut Browser| {
        for nth in 0..19 {
            tap(browser, &device, &format!("app{nth}")).await;
        }
    };
    many(&mut ann).await;
    let page = ann.get("/portal/requests").await;
    assert_eq!(
        page.text.matches("<li class=\"item\">").count(),
        20,
        "{}",
        page.words()
    );
    let next = page
        .text
        .split("href=\"/portal/requests?after=")
        .nth(1)
        .unwrap();
    let next = next.split('"').next().unwrap();
    let page = ann.get(&format!("/portal/requests?after={next}")).await;
    assert_eq!(
        page.text.matches("<li class=\"item\">").count(),
        1,
        "{}",
        page.words()
    );
    assert!(page.words().contains("First"));
    let nonsense = ann.get("/portal/requests?after=x").await;
    assert_eq!(nonsense.status, 200);
}
