//! Events as objects of the Open Cybersecurity Schema Framework (<https://schema.ocsf.io>).

use serde::Serialize;
use serde_json::{Value, json};

use super::SentEntry;
use super::class::{Class, Classified, Severity};
use super::shorten::Shortened;
use crate::compliance::ComplianceState;

/// The version of the schema that lines are made for.
pub const OCSF_VERSION: &str = "1.6.0";
/// What the product and its vendor are called.
const PRODUCT: &str = "modegate";

/// An object of one of the classes, its attributes in the order in which they are written.
#[derive(Debug, Serialize)]
struct Object<'a> {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    time: i64,
    severity_id: u32,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    metadata: Metadata<'a>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    actor: Actor<'a>,
    #[serde(flatten)]
    of_class: OfClass<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[Entity<'a>; 1]>,
}

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product,
    uid: String,
    sequence: u64,
    event_code: &'a str,
    log_name: String,
}

#[derive(Debug, Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
}

/// A token of the API is a user, whatever else acts an application.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Actor<'a> {
    AppName(&'a str),
    User { name: &'a str },
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OfClass<'a> {
    Api {
        api: Api<'a>,
        src_endpoint: Endpoint<'a>,
    },
    Entity {
        entity: Entity<'a>,
    },
    Detection {
        finding_info: FindingInfo,
        is_alert: bool,
    },
    Compliance {
        finding_info: FindingInfo,
        compliance: Value,
    },
}

#[derive(Debug, Serialize)]
struct Api<'a> {
    operation: &'a str,
}

/// Where it came from. Addresses are in no event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Endpoint<'a> {
    Uid(&'a str),
    Name(&'a str),
}

#[derive(Debug, Serialize)]
struct Entity<'a> {
    uid: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_id: Option<u32>,
}

#[derive(Debug, Serialize)]
struct FindingInfo {
    uid: String,
    title: String,
}

/// The line of an entry; `by` how it is shortened, if it is.
pub(super) fn line(entry: &SentEntry<'_>, by: Option<&Shortened>) -> String {
    let object = object(entry, by);
    // Every attribute is a number, text or a list of such: writing to memory cannot fail.
    let mut line = serde_json::to_string(&object).expect("an object is plain data");
    // The event's own bytes, so that their order and their numbers stay as they are.
    line.truncate(line.len() - 1);
    match by {
        None => line + r#","unmapped":"# + entry.text + "}",
        Some(by) => line + r#","unmapped":{"shortened":"# + &by.record().to_string() + "}}",
    }
}

/// The class of an entry's event.
pub(super) fn class_of(entry: &SentEntry<'_>) -> Classified {
    let classified = Classified::new(entry.kind(), &entry.event);
    match (classified.class, entry.text_of("device")) {
        // An entity has to have an id.
        (Class::Entity, None) => Classified {
            class: Class::Api,
            activity: super::class::Activity::Other,
            ..classified
        },
        (Class::Compliance, _) => Classified {
            severity: Compliance::read(&entry.event).severity(),
            ..classified
        },
        _ => classified,
    }
}

fn object<'a>(entry: &'a SentEntry<'_>, by: Option<&Shortened>) -> Object<'a> {
    let Classified {
        class,
        activity,
        severity,
        is_refused,
    } = class_of(entry);
    let (class_uid, class_name, category_uid, category_name) = class.names();
    let (activity_id, activity_name) = activity.names(class);
    let (severity_id, severity) = severity.names();
    let name = |text: &'a str| by.map_or(text, |by| by.name(text));
    let words = entry.text_of("detail");
    let words = words.and_then(|text| by.map_or(Some(text), |by| by.words(text)));
    let (status_id, status) = match is_refused {
        true => (Some(2), Some("Failure")),
        false => (None, None),
    };
    let device = entry.text_of("device").map(name);
    Object {
        activity_id,
        activity_name,
        category_uid,
        category_name,
        class_uid,
        class_name,
        type_uid: class_uid * 100 + activity_id,
        time: entry.at(),
        severity_id,
        severity,
        status_id,
        status,
        metadata: Metadata {
            version: OCSF_VERSION,
            product: Product {
                name: PRODUCT,
                vendor_name: PRODUCT,
            },
            uid: entry.uid(),
            sequence: entry.number,
            event_code: name(entry.kind()),
            log_name: entry.origin.to_string(),
        },
        message: words.unwrap_or(name(entry.kind())),
        count: entry.event["count"].as_u64(),
        actor: actor(name(entry.text_of("actor").unwrap_or("unknown"))),
        of_class: of_class(entry, class, by),
        resources: device.filter(|_| class != Class::Entity).map(|uid| {
            [Entity {
                uid,
                kind: "Device",
                type_id: None,
            }]
        }),
    }
}

fn actor(name: &str) -> Actor<'_> {
    match name.strip_prefix("api:") {
        Some(name) if !name.is_empty() => Actor::User { name },
        _ => Actor::AppName(name),
    }
}

fn of_class<'a>(entry: &'a SentEntry<'_>, class: Class, by: Option<&Shortened>) -> OfClass<'a> {
    let name = |text: &'a str| by.map_or(text, |by| by.name(text));
    let device = entry.text_of("device").map(name);
    let actor = name(entry.text_of("actor").unwrap_or("unknown"));
    match class {
        Class::Api => OfClass::Api {
            api: Api {
                operation: name(entry.kind()),
            },
            src_endpoint: match device.filter(|_| actor == "device") {
                Some(device) => Endpoint::Uid(device),
                None => Endpoint::Name(actor),
            },
        },
        Class::Entity => OfClass::Entity {
            entity: Entity {
                uid: device.unwrap_or("unknown"),
                kind: "Device",
                type_id: Some(1),
            },
        },
        Class::Detection => {
            let raised = &entry.event["raised"];
            // What raised an alert and what cleared it are one finding.
            let uid = raised["id"].as_str().map_or(entry.uid(), str::to_owned);
            let title = raised["kind"].as_str().unwrap_or(entry.kind()).to_owned();
            OfClass::Detection {
                finding_info: FindingInfo { uid, title },
                is_alert: entry.kind() != "alert.cleared",
            }
        }
        Class::Compliance => {
            let verdicts = Compliance::read(&entry.event);
            let baseline = name(verdicts.baseline);
            OfClass::Compliance {
                finding_info: FindingInfo {
                    uid: format!("{}/{baseline}", device.unwrap_or("unknown")),
                    title: baseline.to_owned(),
                },
                compliance: verdicts.object(by),
            }
        }
    }
}

/// What an event says of a device by one baseline.
struct Compliance<'a> {
    baseline: &'a str,
    /// Each control with its state and the reason of that.
    controls: Vec<(&'a str, &'a str, Option<&'a str>)>,
}

impl<'a> Compliance<'a> {
    fn read(event: &'a Value) -> Self {
        let record = &event["compliance"];
        let control = |control: &'a Value| {
            let text = |name: &str| control[name].as_str();
            Some((text("control")?, text("state")?, text("reason")))
        };
        let controls = record["controls"].as_array();
        Compliance {
            baseline: record["baseline"]["id"].as_str().unwrap_or("unknown"),
            controls: controls.into_iter().flatten().filter_map(control).collect(),
        }
    }

    /// The worst of the controls that the event is about, as OCSF numbers it.
    fn worst(&self) -> (u32, &'static str) {
        let states = self.controls.iter().map(|(_, state, _)| status(state));
        let order = |(id, _): &(u32, &str)| match id {
            3 => 3,
            2 => 2,
            99 => 1,
            _ => 0,
        };
        states.max_by_key(order).unwrap_or((0, "Unknown"))
    }

    fn severity(&self) -> Severity {
        match self.worst() {
            (3, _) => Severity::Medium,
            (2, _) => Severity::Low,
            _ => Severity::Informational,
        }
    }

    fn object(&self, by: Option<&Shortened>) -> Value {
        let (status_id, status_name) = self.worst();
        let mut object = json!({
            "standards": [by.map_or(self.baseline, |by| by.name(self.baseline))],
            "status_id": status_id,
            "status": status_name,
        });
        if let [(control, _, reason)] = self.controls.as_slice() {
            object["control"] = by.map_or(*control, |by| by.name(control)).into();
            if let Some(reason) = reason {
                object["status_detail"] = by.map_or(*reason, |by| by.name(reason)).into();
            }
        }
        if by.is_none() {
            let check = |(control, state, reason): &(&str, &str, Option<&str>)| {
                let (status_id, status) = status(state);
                let mut check = json!({
                    "uid": control, "name": control, "status_id": status_id, "status": status,
                });
                if let Some(reason) = reason {
                    check["desc"] = (*reason).into();
                }
                check
            };
            object["checks"] = self.controls.iter().map(check).collect();
        }
        object
    }
}

/// The status of a control in that state: "Warning" is a check that had no result because
/// information is missing.
fn status(state: &str) -> (u32, &'static str) {
    match ComplianceState::from_name(state) {
        Some(ComplianceState::Compliant) => (1, "Pass"),
        Some(ComplianceState::Unknown) => (2, "Warning"),
        Some(ComplianceState::NotCompliant | ComplianceState::InGrace) => (3, "Fail"),
        Some(ComplianceState::Exempt) => (99, "exempt"),
        None => (0, "Unknown"),
    }
}
