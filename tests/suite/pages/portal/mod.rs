//! The portal as a tablet's user meets it: signing in by a link, choosing apps, watching them.

mod apps;
mod example;
mod links;
mod others;
mod watching;

use serde_json::{Value, json};

use super::client::{Browser, Page};
use crate::harness::Server;

/// A tablet of this user, registered; its id.
pub async fn tablet_of(server: &Server, source: &str, user: &str) -> String {
    let body = json!({"source": source, "user": user, "groups": ["sales"]});
    server.register(body).await
}

/// A one-time link for the user of this device.
pub async fn link_for(server: &Server, device: &str) -> Value {
    let path = format!("/devices/{device}/portal-links");
    let (status, link) = server.api("POST", &path, Some(json!({}))).await;
    assert_eq!(status, 201, "{link}");
    link
}

/// The path of a link, without the host.
pub fn path_of(link: &Value) -> String {
    let url = link["url"].as_str().unwrap();
    url[url.find("/portal/link/").unwrap()..].to_owned()
}

/// A browser in which the user of this device is signed in.
pub async fn person(server: &Server, device: &str) -> Browser {
    let link = path_of(&link_for(server, device).await);
    let mut browser = Browser::new(&server.http);
    let page = browser.submit(&link, &link, &[]).await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/portal/apps"),
        "{page:?}"
    );
    browser
}

/// An app that can be installed.
pub async fn app(server: &Server, id: &str, name: &str, version: &str) {
    let app = json!({"id": id, "name": name, "version": version, "job_data": "<Job/>"});
    server.catalogue(app).await;
}

/// Taps "Install" in the list; what came of it.
pub async fn tap(browser: &mut Browser, device: &str, app: &str) -> Page {
    let list = format!("/portal/apps?device={device}");
    let fields = [("device", device), ("app", app)];
    browser.submit(&list, "/portal/installs", &fields).await
}

/// The id in the address of a request's page.
pub fn install_in(page: &Page) -> String {
    let rest = page.location().strip_prefix("/portal/installs/");
    let rest = rest.unwrap_or_else(|| panic!("no request: {page:?}"));
    rest.split('?').next().unwrap().to_owned()
}
