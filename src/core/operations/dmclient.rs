//! What phones and Windows 10 have in place of WMI classes: the DMClient,
//! RemoteLock and RemoteWipe CSPs (Microsoft's CSP reference; KB 3170699 and the DMClient push articles).

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::entry::{BuildContext, Built, CSP, Type, exec};
use super::forms::{Boolean, Settings};
use crate::command::{Operation, Unanswered};
use crate::context::Family;
use crate::fields::{FieldError, quoted};
use crate::loc_uri::{LocUri, escaped};
use crate::polling::{FLAGS, NodeValue, Polling, RECOMMENDED, SETS};
use crate::secret::Secret;
use crate::templates;
use crate::wmi::ValueForm::{self, Line, OneOf};
use crate::wmi::{Property, flag, number};
use modegate_wire::message::Verb;

arguments! {
    /// The provider that enrolled the device.
    PROVIDER: Optional<ValueForm> = "provider_id", Line(128),
        "the PROVIDER-ID that the device was enrolled with, on phones and Windows 10 (the template provider_id if left out)";
}

/// Minutes of four weeks, and attempts of a lifetime: no device needs more.
const MINUTES: i64 = 40_320;
const TIMES: i64 = 1_000_000;

/// DMClient's Poll nodes, as the CSP reference spells them.
const POLL: &[Property] = &[
    number("IntervalForFirstSetOfRetries", 0, MINUTES),
    number("NumberOfFirstRetries", 0, TIMES),
    number("IntervalForSecondSetOfRetries", 0, MINUTES),
    number("NumberOfSecondRetries", 0, TIMES),
    number("IntervalForRemainingScheduledRetries", 0, MINUTES),
    number("NumberOfRemainingScheduledRetries", 0, TIMES),
    flag("PollOnLogin"),
    flag("AllUsersPollOnFirstLogin"),
];

arguments! {
    POLL_SETTINGS: Needed<Settings> = "settings", Settings(POLL), "names and values";
    ADD_NODE: Optional<Boolean> = "add_node", Boolean,
        "true: the Poll node is added first, for a device that was set up by registry keys";
    KEEP: Optional<ValueForm> = "keep", OneOf(&[("nothing", WIPE),
        ("provisioned_data", "doWipePersistProvisionedData"), ("user_data", WIPE_BUT_USER_DATA)]),
        "what outlasts it: nothing (default), provisioned_data or user_data (Windows 10)";
}
const WIPE: &str = "doWipe";
const WIPE_BUT_USER_DATA: &str = "doWipePersistUserData";
arguments! {
    PROTECTED: Optional<Boolean> = "protected", Boolean,
        "true: cannot be got around by power-cycling, may leave the device unable to boot (Windows 10)";
}

pub(super) const POLL_SCHEDULE: Type = Type::new(
    "poll_schedule",
    "sets how often the device polls (DMClient's Poll nodes)",
    &[&POLL_SETTINGS, &ADD_NODE, &PROVIDER],
    poll,
)
.superseding()
.of(CSP);

pub(super) const REMOTE_LOCK: Type = Type::new(
    "remote_lock",
    "locks the device's screen if a PIN is set (RemoteLock; on Windows 10, Mobile above all)",
    &[],
    |_, _| {
        let node = "./Vendor/MSFT/RemoteLock/Lock".into();
        Ok(Built::new(vec![exec(node, None)]))
    },
)
.of(CSP);

pub(super) const REMOTE_WIPE: Type = Type::new(
    "remote_wipe",
    "resets the device and deletes what is on it (RemoteWipe); sent once: without an answer its outcome stays unconfirmed",
    &[&KEEP, &PROTECTED],
    wipe,
)
.of(CSP);

/// The PROVIDER-ID of the device's enrolment.
fn provider_id(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<String> {
    let by_template = || context.templates.render(&templates::PROVIDER_ID, &[]);
    let id = arguments.get(&PROVIDER)?.or_else(by_template);
    id.ok_or_else(|| arguments.wrong(&PROVIDER, "the PROVIDER-ID of the enrolment", "nothing"))
}

/// `./Vendor/MSFT/DMClient/Provider/<ProviderID>`; the id percent-encoded.
fn provider_node(provider_id: &str) -> LocUri {
    LocUri::from("./Vendor/MSFT/DMClient/Provider").below(&escaped(provider_id))
}

fn write(verb: Verb, loc_uri: LocUri, format: &str, data: Option<&str>) -> Operation {
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
pub(super) fn unenroll(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    let id = provider_id(arguments, context)?;
    let node = match arguments.family {
        Family::WindowsPhone81 => "./Vendor/MSFT/DMClient".into(),
        _ => provider_node(&id),
    };
    Ok(Built::new(vec![exec(node.below("Unenroll"), Some(id))]))
}

/// Add, which 418 turns into Replace: absent or another, it is set. A Phone
/// wants the name in lower case (the Windows Phone push article).
pub(super) fn set_channel(
    arguments: &Arguments<'_>,
    context: &BuildContext<'_>,
    family_name: &str,
) -> Result<Built> {
    let name = match arguments.family {
        Family::WindowsPhone81 => family_name.to_lowercase(),
        _ => family_name.to_owned(),
    };
    let id = provider_id(arguments, context)?;
    Ok(Built::set(vec![channel_set(&id, Verb::Add, &name)]))
}

/// The set of a push channel; `verb` is Add or Replace.
pub(crate) fn channel_set(provider_id: &str, verb: Verb, family_name: &str) -> Operation {
    let node = provider_node(provider_id).below("Push/PFN");
    write(verb, node, "chr", Some(family_name))
}

/// The set of a push channel that takes down what there is: DMClient's registration with
/// WNS failed. That there was nothing (404) is as good.
pub(crate) fn channel_set_anew(provider_id: &str, family_name: &str) -> Vec<Operation> {
    let push = provider_node(provider_id).below("Push");
    vec![
        Operation::node(Verb::Delete, push, None),
        channel_set(provider_id, Verb::Add, family_name),
    ]
}

/// What is read of a push channel: whose it is, then its URI and how it fares.
pub(crate) fn channel_reads(provider_id: &str) -> Vec<LocUri> {
    let provider = provider_node(provider_id);
    let reads = ["Push/PFN", "Push/ChannelURI", "Push/Status"];
    reads.map(|node| provider.below(node)).to_vec()
}

/// ChannelURI is absent (404) until there is a channel.
pub(super) fn read_channel(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    let id = provider_id(arguments, context)?;
    Ok(Built::reads(channel_reads(&id)))
}

/// The node below which the polling schedule is.
pub(crate) fn poll_node(provider_id: &str) -> LocUri {
    provider_node(provider_id).below("Poll")
}

/// What is read of a polling schedule.
pub(crate) fn poll_reads(provider_id: &str) -> Vec<LocUri> {
    let node = poll_node(provider_id);
    let sets = SETS
        .into_iter()
        .flat_map(|(interval, count)| [interval, count]);
    sets.chain(FLAGS).map(|name| node.below(name)).collect()
}

/// Sets the recommended schedule. A device that was set up by registry keys has no Poll node
/// until it is added, and then its children can be replaced (DMClient CSP); where that had no
/// effect, they are added too. Each count goes before its interval: an interval with count 0
/// would be a set without end.
pub(crate) fn poll_repair(provider_id: &str, known: &Polling) -> Vec<Operation> {
    let node = poll_node(provider_id);
    let adds_node = known.is_missing() && known.repairs == 0;
    let set = |name: &str, before: NodeValue, value: u32| {
        let verb = match before {
            NodeValue::Missing if !adds_node => Verb::Add,
            _ => Verb::Replace,
        };
        write(verb, node.below(name), "int", Some(&value.to_string()))
    };
    let add = adds_node.then(|| write(Verb::Add, node.clone(), "node", None));
    let sets = SETS.into_iter().zip(RECOMMENDED).zip(known.sets);
    let sets = sets.flat_map(|((names, values), before)| {
        [
            set(names.1, before.count, values.1),
            set(names.0, before.interval, values.0),
        ]
    });
    add.into_iter().chain(sets).collect()
}

/// The least interval of the long run on a Phone, minutes.
const PHONE_LONG_RUN: u32 = 1_440;

fn poll(arguments: &Arguments<'_>, context: &BuildContext<'_>) -> Result<Built> {
    let settings = arguments.get(&POLL_SETTINGS)?;
    check_poll(arguments, &settings)?;
    let node = poll_node(&provider_id(arguments, context)?);
    let mut operations = Vec::with_capacity(settings.len() + 1);
    if arguments.get(&ADD_NODE)?.unwrap_or(false) {
        operations.push(write(Verb::Add, node.clone(), "node", None));
    }
    operations.extend(settings.iter().map(|(name, value)| {
        let is_number = value.parse::<u32>().is_ok();
        let format = if is_number { "int" } else { "bool" };
        write(Verb::Replace, node.below(name), format, Some(value))
    }));
    Ok(Built::new(operations))
}

fn check_poll(arguments: &Arguments<'_>, settings: &[(&'static str, String)]) -> Result<()> {
    let value_of = |name: &str| -> Option<u32> {
        let (_, value) = settings.iter().find(|(of, _)| *of == name)?;
        value.parse().ok()
    };
    let wrong = |name: &str, expected: &str, found: &str| {
        let field = format!("{}.{name}", arguments.path(&POLL_SETTINGS));
        Err(FieldError::new(field, expected, found))
    };
    let sets = SETS.map(|(interval, count)| (value_of(interval), value_of(count)));
    let endless = |set: &&(Option<u32>, Option<u32>)| matches!(set, (Some(interval), Some(0)) if *interval > 0);
    if sets.iter().filter(endless).count() > 1 {
        let count = sets.iter().filter(endless).count().to_string();
        return wrong(SETS[2].1, "one endless set of retries at most", &count);
    }
    let whole = sets
        .iter()
        .all(|(interval, count)| interval.is_some() && count.is_some());
    if whole && sets.iter().all(|set| set.0 == Some(0)) {
        let expected = "one set of retries that is in force";
        return wrong(SETS[0].0, expected, "0 in each");
    }
    let long_run = sets[2].0.unwrap_or(0);
    if arguments.family == Family::WindowsPhone81 && (1..PHONE_LONG_RUN).contains(&long_run) {
        let expected = "0, or 1440 and more on a phone";
        return wrong(SETS[2].0, expected, &long_run.to_string());
    }
    Ok(())
}

fn wipe(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let keep = arguments.get(&KEEP)?;
    let keep = keep.as_deref().unwrap_or(WIPE);
    let protected = arguments.get(&PROTECTED)?.unwrap_or(false);
    let wrong_keep = |expected| Err(arguments.wrong(&KEEP, expected, &quoted(keep)));
    if arguments.family == Family::WindowsPhone81 {
        if keep == WIPE_BUT_USER_DATA {
            return wrong_keep("nothing or provisioned_data on a phone");
        }
        if protected {
            return Err(arguments.wrong(&PROTECTED, "false on a phone", "true"));
        }
    }
    let node = match (protected, keep) {
        (false, node) => node,
        (true, WIPE) => "doWipeProtected",
        (true, _) => return wrong_keep("nothing, where it is protected"),
    };
    let node = LocUri::from("./Vendor/MSFT/RemoteWipe").below(node);
    Ok(Built::new(vec![exec(node, None)]).unanswered(Unanswered::Keep))
}
