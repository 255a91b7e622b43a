//! Paths and methods that there are, and those that there are not.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn what_is_no_endpoint_is_told_apart() {
    let server = Server::start();
    let (status, headers, _) = server.with("PUT", "/devices", &[], json!({})).await;
    assert_eq!(
        (status, headers["allow"].to_str().unwrap()),
        (405, "POST, GET, HEAD")
    );
    for (token, path, expected) in [
        (server.token.as_str(), "/nothing", 404),
        ("", "/nothing", 401),
        ("", "/devices", 401),
        ("", "/openapi.json", 200),
    ] {
        let (status, _, _) = server.call(token, "GET", path, &[], None).await.unwrap();
        assert_eq!(status, expected, "{path}");
    }
    let (status, _, _) = server.call("", "PUT", "/devices", &[], None).await.unwrap();
    assert_eq!(status, 401);
}
