//! A push profile is given the name of its package: the family name, or the full name
//! as Visual Studio prints it.

use serde_json::json;

use crate::harness::{Server, push_profile, silent_tokens};

const FULL: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";
const FAMILY: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";

#[tokio::test]
async fn a_profile_takes_a_full_name_for_its_family_and_refuses_it_as_one() {
    let (_tokens, arguments) = silent_tokens();
    let server = Server::start_with(&arguments.each_ref().map(String::as_str));
    let mut profile = push_profile();
    profile.as_object_mut().unwrap().remove("pfn");
    let mut given = profile.clone();
    given["package_full_name"] = json!(FULL);
    let (status, made) = server.api("POST", "/push-profiles", Some(given)).await;
    assert_eq!((status, &made["pfn"]), (201, &json!(FAMILY)), "{made}");
    profile["pfn"] = json!(FULL);
    let (status, refused) = server.api("POST", "/push-profiles", Some(profile)).await;
    assert_eq!(
        (status, &refused["field"]),
        (422, &json!("pfn")),
        "{refused}"
    );
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("the full name"),
        "{refused}"
    );
}
