//! Enrollment as a device does it, over real TLS.

mod administration;
mod devices;
mod messages;
mod renewals;

use modegate_sim::enroll::{
    EnrollError, EnrollOptions, Enrolled, Family, Fault, ServerAddress, SignIn, enroll,
};
use modegate_sim::{Secret, SessionReport, Trigger};
use serde_json::{Value, json};

use crate::harness::Server;

const USER: &str = "ann@example.test";

/// The CA that signed the server's certificate.
fn ca(server: &Server) -> Vec<u8> {
    std::fs::read(server.dir.join("ca.pem")).unwrap()
}

/// A token for a device of that family; its id and its text.
async fn token(server: &Server, family: &str) -> (String, Secret) {
    let wanted = json!({"user": USER, "family": family, "groups": ["north"]});
    let (status, made) = server.api("POST", "/enrollment-tokens", Some(wanted)).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), Secret::new(text("token")))
}

fn options(server: &Server, family: Family, token: &Secret) -> EnrollOptions {
    let address = ServerAddress::Url(server.https.clone());
    let mut options = EnrollOptions::new(family, address, USER, SignIn::Token(token.clone()));
    options.ca = Some(ca(server));
    options
}

/// A device that enrolled with a new token.
async fn enrolled(server: &Server, family: Family, source: &str) -> Enrolled {
    let word = match family {
        Family::Windows81 => "windows81",
        Family::WindowsPhone81 => "windows_phone81",
        Family::Windows10 => "windows10",
    };
    let (_, token) = token(server, word).await;
    let mut options = options(server, family, &token);
    options.source = source.to_owned();
    enroll(options).await.unwrap()
}

/// A session of the enrolled device.
async fn session(server: &Server, device: &Enrolled, trigger: Trigger) -> SessionReport {
    let mut tablet = device.tablet(Some(&ca(server))).unwrap();
    let report = match device.family {
        Family::WindowsPhone81 => tablet.poll().await,
        _ => tablet.trigger(trigger).await,
    };
    let report = report.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    report
}

async fn items(server: &Server, path: &str) -> Vec<Value> {
    let page = server.get(path).await;
    page["items"].as_array().unwrap().clone()
}

/// The fault by which a step was refused.
fn refused<T>(outcome: Result<T, EnrollError>) -> Fault {
    match outcome {
        Err(EnrollError::Refused(_, fault)) => *fault,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was not refused"),
    }
}
