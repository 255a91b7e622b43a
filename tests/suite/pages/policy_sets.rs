//! Policy sets over time in the console.

use super::client::Browser;
use super::commands::signed_in_as;
use crate::harness::Server;

const SETS: &str = "/console/policies/sets";
const RULE: &str =
    "[[rule]]\nid = \"mine.inventory\"\neffect = \"deliver\"\nkind = [\"inventory\"]\n";

#[actix_web::test]
async fn each_set_is_there_with_its_time_and_its_rules() {
    let own = tempfile::tempdir().unwrap();
    let policies = own.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    let file = policies.join("mine.toml");
    std::fs::write(&file, RULE).unwrap();
    let arguments = ["--policies", policies.to_str().unwrap()];
    let server = Server::in_dir(&own.path().join("data"), &arguments);
    let mut admin = Browser::signed_in(&server, &server.token).await;
    let digest = async || {
        server.get("/policies").await["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let old = digest().await;
    std::fs::write(&file, RULE.replace("deliver", "refuse")).unwrap();
    let reload = "/console/policies/reload";
    for _ in 0..2 {
        let reloaded = admin.submit("/console/policies", reload, &[]).await;
        assert_eq!(reloaded.status, 303, "{reloaded:?}");
    }
    let new = digest().await;
    assert_ne!(old, new);

    let list = admin.get(SETS).await;
    let rows: Vec<&str> = list.text.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 2, "{}", list.main());
    assert!(rows[0].contains(&new) && rows[0].contains("in force") && rows[0].contains(">2<"));
    assert!(rows[0].contains("console:admin"), "{}", rows[0]);
    assert!(rows[1].contains(&old) && rows[1].contains("server") && !rows[1].contains("in force"));

    let page = admin.get(&format!("{SETS}/{old}")).await;
    let words = page.words();
    assert!(
        words.contains("mine.inventory") && words.contains("not in force now"),
        "{words}"
    );
    assert!(
        words.contains("mine.inventory") && words.contains("deliver") && words.contains("refuse")
    );
    let page = admin.get(&format!("{SETS}/{new}")).await;
    assert!(
        !page.words().contains("decides otherwise"),
        "{}",
        page.words()
    );
    for nothing in ["0", "%3Ci%3E", &"0".repeat(64)] {
        assert_eq!(admin.get(&format!("{SETS}/{nothing}")).await.status, 404);
    }
    for nonsense in ["x", "1", "1-x", "-"] {
        let page = admin.get(&format!("{SETS}?before={nonsense}")).await;
        assert_eq!(page.status, 422, "{nonsense}");
    }
}

#[actix_web::test]
async fn what_names_a_set_leads_to_it_for_who_may_see_it() {
    let server = Server::start();
    let device = server.register_tablet("TABLET-7").await;
    server.begin("Machine", "TABLET-7", "1").await;
    let digest = server.get("/policies").await["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let link = format!("href=\"{SETS}/{digest}\"");
    let timeline = format!("/console/devices/{device}");
    let mut auditor = signed_in_as(&server, "auditor", &[]).await;
    for path in ["/console/audit?type=exchange", &timeline] {
        let page = auditor.get(path).await;
        assert!(page.contains(&link), "{path}: {}", page.main());
    }
    assert_eq!(auditor.get(&format!("{SETS}/{digest}")).await.status, 200);
    // Files of sets name groups.
    let mut bound = signed_in_as(&server, "auditor", &["north"]).await;
    for path in [SETS.to_owned(), format!("{SETS}/{digest}")] {
        assert_eq!(bound.get(&path).await.status, 403, "{path}");
    }
    assert!(!bound.get("/console/policies").await.contains(SETS));
}
