//! What phones and Windows 10 have in place of WMI classes: the DMClient,
//! RemoteLock and RemoteWipe CSPs (Microsoft's CSP reference; seeds 000 to 003).

use super::build::{exec_node, get};
use super::given::Given;
use super::{Built, Setting};
use crate::command::{Lenient, Operation, Unanswered, escaped};
use crate::context::Family;
use crate::fields::FieldError;
use crate::secret::Secret;
use modegate_wire::message::Verb;

/// The PROVIDER-ID of the device's enrolment.
fn provider_id(given: &Given<'_>, setting: &Setting<'_>) -> Result<String, FieldError> {
    let told = given.wire("provider_id").map(str::to_owned);
    told.or_else(|| setting.templates.render("provider_id", &[]))
        .ok_or_else(|| {
            let field = given.fields().name("provider_id");
            FieldError::new(field, "the PROVIDER-ID of the enrolment", "nothing")
        })
}

/// `./Vendor/MSFT/DMClient/Provider/<ProviderID>/…`; the id percent-encoded.
fn provider_node(given: &Given<'_>, setting: &Setting<'_>) -> Result<String, FieldError> {
    let id = escaped(&provider_id(given, setting)?);
    Ok(format!("./Vendor/MSFT/DMClient/Provider/{id}"))
}

fn write(verb: Verb, loc_uri: String, format: &str, data: Option<&str>) -> Operation {
    Operation::Node {
        verb,
        loc_uri,
        format: Some(format.to_owned()),
        mime: None,
        data: data.map(Secret::new),
    }
}

/// The Phone's node takes the ProviderID as its Data and does nothing
/// otherwise; Windows 10 ignores it.
pub(super) fn unenroll(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    let node = match given.family() {
        Family::WindowsPhone81 => "./Vendor/MSFT/DMClient".to_owned(),
        _ => provider_node(given, setting)?,
    };
    let id = provider_id(given, setting)?;
    let node = format!("{node}/Unenroll");
    Ok(Built::of(vec![exec_node(node, Some(id))]))
}

/// Add, which 418 turns into Replace: absent or another, it is set. A Phone
/// wants the name in lower case (seed 001).
pub(super) fn set_channel(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    let name = given.needed("package_family_name");
    let name = match given.family() {
        Family::WindowsPhone81 => name.to_lowercase(),
        _ => name.to_owned(),
    };
    let id = provider_id(given, setting)?;
    let mut built = Built::of(vec![channel_set(&id, Verb::Add, &name)]);
    built.manner.set = true;
    Ok(built)
}

/// The set of a push channel; `verb` is Add or Replace.
pub fn channel_set(provider_id: &str, verb: Verb, family_name: &str) -> Operation {
    let node = format!("{}/PFN", push_node(provider_id));
    write(verb, node, "chr", Some(family_name))
}

/// What is read of a push channel besides its name.
pub fn channel_reads(provider_id: &str) -> Vec<Operation> {
    let push = push_node(provider_id);
    let reads = ["ChannelURI", "Status"];
    reads
        .iter()
        .map(|node| get(format!("{push}/{node}")))
        .collect()
}

fn push_node(provider_id: &str) -> String {
    let id = escaped(provider_id);
    format!("./Vendor/MSFT/DMClient/Provider/{id}/Push")
}

/// ChannelURI is absent (404) until there is a channel.
pub(super) fn read_channel(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    let push = format!("{}/Push", provider_node(given, setting)?);
    let reads = ["PFN", "ChannelURI", "Status"];
    let gets = reads.iter().map(|node| get(format!("{push}/{node}")));
    let mut built = Built::of(gets.collect());
    built.manner.lenient = Lenient::IfAnyAnswers;
    Ok(built)
}

/// The sets of retries: (interval, count). A count of 0 with an interval goes
/// on for ever.
const SETS: [(&str, &str); 3] = [
    ("IntervalForFirstSetOfRetries", "NumberOfFirstRetries"),
    ("IntervalForSecondSetOfRetries", "NumberOfSecondRetries"),
    (
        "IntervalForRemainingScheduledRetries",
        "NumberOfRemainingScheduledRetries",
    ),
];
/// The least interval of the long run on a Phone, minutes.
const PHONE_LONG_RUN: u32 = 1_440;

pub(super) fn poll(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    let settings = given.settings("settings");
    let wrong = |name: &str, expected: &str| {
        let field = format!("{}.{name}", given.fields().name("settings"));
        FieldError::new(field, expected.to_owned(), "another")
    };
    let told = |name: &str| -> Option<u32> {
        let (_, value) = settings.iter().find(|(of, _)| of == name)?;
        value.parse().ok()
    };
    let sets = SETS.map(|(interval, count)| (told(interval), told(count)));
    let endless = |set: &&(Option<u32>, Option<u32>)| matches!(set, (Some(interval), Some(0)) if *interval > 0);
    if sets.iter().filter(endless).count() > 1 {
        return Err(wrong(SETS[2].1, "one endless set of retries at most"));
    }
    let whole = sets
        .iter()
        .all(|(interval, count)| interval.is_some() && count.is_some());
    if whole && sets.iter().all(|set| set.0 == Some(0)) {
        return Err(wrong(SETS[0].0, "one set of retries that is in force"));
    }
    let long_run = sets[2].0.unwrap_or(0);
    if given.family() == Family::WindowsPhone81 && (1..PHONE_LONG_RUN).contains(&long_run) {
        return Err(wrong(SETS[2].0, "0, or 1440 and more on a phone"));
    }
    let node = format!("{}/Poll", provider_node(given, setting)?);
    let mut operations = Vec::with_capacity(settings.len() + 1);
    let adds = given.boolean("add_node").unwrap_or(false);
    if adds {
        operations.push(write(Verb::Add, node.clone(), "node", None));
    }
    operations.extend(settings.iter().map(|(name, value)| {
        let format = if value.parse::<u32>().is_ok() {
            "int"
        } else {
            "bool"
        };
        write(Verb::Replace, format!("{node}/{name}"), format, Some(value))
    }));
    Ok(Built::of(operations))
}

pub(super) fn lock(_: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let node = "./Vendor/MSFT/RemoteLock/Lock".to_owned();
    Ok(Built::of(vec![exec_node(node, None)]))
}

pub(super) fn wipe(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let keep = given.wire("keep").unwrap_or("doWipe");
    let protected = given.boolean("protected").unwrap_or(false);
    let wrong = |name: &str, expected: &str| {
        Err(FieldError::new(
            given.fields().name(name),
            expected.to_owned(),
            "another",
        ))
    };
    if given.family() == Family::WindowsPhone81 {
        if keep == "doWipePersistUserData" {
            return wrong("keep", "nothing or provisioned_data on a phone");
        }
        if protected {
            return wrong("protected", "false on a phone");
        }
    }
    let node = match (protected, keep) {
        (false, node) => node,
        (true, "doWipe") => "doWipeProtected",
        (true, _) => return wrong("keep", "nothing, where it is protected"),
    };
    let node = format!("./Vendor/MSFT/RemoteWipe/{node}");
    let mut built = Built::of(vec![exec_node(node, None)]);
    built.manner.unanswered = Unanswered::Keep;
    Ok(built)
}
