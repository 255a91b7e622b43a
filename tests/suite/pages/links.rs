//! The portal links of all devices in the console.

use serde_json::json;

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::Server;

const LINKS: &str = "/console/access/links";

#[actix_web::test]
async fn the_links_of_all_devices_are_paged_and_ended() {
    let server = Server::start();
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let empty = admin.get(LINKS).await;
    assert!(
        empty.words().contains("There is no link"),
        "{}",
        empty.words()
    );
    for nth in 0..6 {
        let device = json!({"source": format!("t-{nth}"), "user": format!("user-{nth} <i>")});
        let device = server.register(device).await;
        for _ in 0..9 {
            let path = format!("/devices/{device}/portal-links");
            let (status, made) = server.api("POST", &path, None).await;
            assert_eq!(status, 201, "{made}");
        }
    }
    let first = admin.get(LINKS).await;
    assert!(!first.contains("<i>"), "{}", first.main());
    let rows = |page: &super::client::Page| page.text.matches("/end\"").count();
    assert_eq!(rows(&first), 50);
    let words = first.words();
    assert!(words.contains("t-5") && words.contains("api:admin") && words.contains("open"));
    let (_, next) = first.text.split_once("?before=").unwrap();
    let next = format!("{LINKS}?before={}", next.split('"').next().unwrap());
    let second = admin.get(&next).await;
    assert_eq!(rows(&second), 4, "{}", second.main());
    assert!(second.words().contains("t-0") && !second.words().contains("t-5"));

    let end = format!("{LINKS}/{}", {
        let (_, rest) = second
            .text
            .split_once(&format!("action=\"{LINKS}/"))
            .unwrap();
        rest.split('"').next().unwrap().to_owned()
    });
    let ended = admin.submit(&next, &end, &[]).await;
    assert_eq!(
        ended.location(),
        format!("{LINKS}?notice=ended"),
        "{ended:?}"
    );
    let second = admin.get(&next).await;
    assert_eq!(rows(&second), 3);
    assert!(second.words().contains("the link was ended by an operator"));
    for nonsense in ["x", "1", "1-x", "-", "1--1", "99999999999999999999-1"] {
        let page = admin.get(&format!("{LINKS}?before={nonsense}")).await;
        assert_eq!(page.status, 422, "{nonsense}");
    }
    let mut operator = signed_in_as(&server, "operator", &[]).await;
    assert_eq!(operator.get(LINKS).await.status, 403);
    let csrf = operator.get("/console").await.field("csrf");
    assert_eq!(operator.post(&end, &[("csrf", &*csrf)]).await.status, 403);
}
