//! Typed commands to SyncML operations. What is sent is written here; what
//! kind it is, is worked out from what is sent (law 2), not from `type`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::command::{CommandBody, Operation};
use crate::device::DeviceRecord;
use crate::fields::Fields;
use crate::http::problem::Problem;
use crate::limits;
use crate::secret::Secret;
use crate::wire::message::{GroupKind, Verb};

/// The types that can be queued.
const TYPES: &str = "inventory, reset_user_password, unenroll, lock_workstation, wns_update_configuration, \
                     app_install, raw, atomic or sequence";
/// What an inventory reads when it names no classes.
const INVENTORY: [&str; 6] = [
    "./DevDetail/SwV",
    "Win32_OperatingSystem",
    "Win32_ComputerSystem",
    "Win32_BIOS",
    "Win32_LogicalDisk",
    "MDM_SecurityStatus",
];
/// Longest user name, password, AppId or package family name, bytes.
const ARGUMENT_BYTES: usize = 512;
/// What of a key value stands in a LocURI as it is; all else is percent-encoded.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'{')
    .remove(b'}');

/// Reads a command of the API.
pub(super) fn command(
    value: &Value,
    device: &DeviceRecord,
    actor: &str,
    now: Timestamp,
) -> Result<CommandBody, Problem> {
    let fields = Fields::of(value, "")?;
    let name = fields.required("type", 64)?;
    let (operations, expiry) = match name {
        "inventory" => (inventory(&fields)?, None),
        "reset_user_password" => (
            vec![reset(&fields, device)?],
            Some(limits::PASSWORD_RESET_EXPIRY_MS),
        ),
        "unenroll" => {
            let data = format!("DeviceClientID={}", device.device_client_id);
            (
                vec![on_client(device, "SendUnenrollRequest", Some(data))],
                None,
            )
        }
        "lock_workstation" => (vec![on_client(device, "LockWorkstation", None)], None),
        "wns_update_configuration" => (vec![wns(&fields)?], None),
        "app_install" => (vec![app_install(&fields)?], None),
        "raw" => (vec![raw(&fields)?], None),
        "atomic" => (vec![group(&fields, GroupKind::Atomic, 1)?], None),
        "sequence" => (vec![group(&fields, GroupKind::Sequence, 1)?], None),
        _ => return Err(Problem::field("type", TYPES, "another")),
    };
    let count: u32 = operations.iter().map(Operation::ids).sum();
    if count as usize > limits::COMMAND_OPERATIONS {
        return Err(Problem::field(
            "commands",
            format!("at most {} in all", limits::COMMAND_OPERATIONS),
            count,
        ));
    }
    let expires_at = fields
        .time("expires_at")?
        .or(expiry.map(|ms| now.plus_ms(ms)));
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::field(
            "expires_at",
            "a time to come",
            "one that is past",
        ));
    }
    Ok(CommandBody {
        name: name.to_owned(),
        actor: actor.to_owned(),
        queued_at: now,
        not_before: fields.time("not_before")?,
        expires_at,
        priority: i32::try_from(fields.integer("priority", -100, 100)?.unwrap_or(0)).unwrap_or(0),
        manner: crate::command::Manner::default(),
        operations,
    })
}

fn inventory(fields: &Fields<'_>) -> Result<Vec<Operation>, Problem> {
    let classes =
        match fields.lines("classes", limits::COMMAND_OPERATIONS, limits::LOC_URI_BYTES)? {
            None => INVENTORY.map(str::to_owned).to_vec(),
            Some(list) if list.is_empty() => {
                return Err(Problem::field(
                    "classes",
                    "at least one class",
                    "an empty list",
                ));
            }
            Some(list) => list,
        };
    let is_class = |text: &str| {
        text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    classes
        .into_iter()
        .enumerate()
        .map(|(at, class)| {
            let loc_uri = match &class {
                node if node.starts_with("./") => node.clone(),
                class if is_class(class) => format!("./cimv2/{class}"),
                _ => {
                    return Err(Problem::field(
                        format!("classes[{at}]"),
                        "a class name or a LocURI './…'",
                        "other text",
                    ));
                }
            };
            Ok(Operation::Node {
                verb: Verb::Get,
                loc_uri,
                format: None,
                mime: None,
                data: None,
            })
        })
        .collect()
}

/// An Exec with text, as MS-MDM 3.1.5.1.5 shows it: `<parameter>=<value>`.
fn exec(loc_uri: String, data: Option<String>) -> Operation {
    let text = data.is_some();
    Operation::Node {
        verb: Verb::Exec,
        loc_uri,
        format: text.then(|| "chr".to_owned()),
        mime: text.then(|| "text/plain".to_owned()),
        data: data.map(Secret::new),
    }
}

/// `./cimv2/<Class>/<Class>.<Key>=%22<value>%22/Exec=<method>` (seed 004).
fn method(class: &str, key: &str, value: &str, method: &str) -> String {
    let value = utf8_percent_encode(value, KEY);
    format!("./cimv2/{class}/{class}.{key}=%22{value}%22/Exec={method}")
}

fn on_client(device: &DeviceRecord, name: &str, data: Option<String>) -> Operation {
    exec(
        method(
            "MDM_Client",
            "DeviceClientID",
            &device.device_client_id,
            name,
        ),
        data,
    )
}

/// An argument of a method whose text has no known escape for these.
fn argument<'a>(fields: &Fields<'a>, field: &str) -> Result<&'a str, Problem> {
    let text = fields.required(field, ARGUMENT_BYTES)?;
    if text.contains([';', '"', '\'']) {
        return Err(Problem::field(
            fields.name(field),
            "no ';' and no quotes, for which no escape is known",
            "one",
        ));
    }
    Ok(text)
}

fn reset(fields: &Fields<'_>, device: &DeviceRecord) -> Result<Operation, Problem> {
    let (user, password) = (argument(fields, "user")?, argument(fields, "password")?);
    Ok(on_client(
        device,
        "ResetUserPassword",
        Some(format!("ConfigString={user};{password}")),
    ))
}

fn wns(fields: &Fields<'_>) -> Result<Operation, Problem> {
    let (app, family) = (
        argument(fields, "app_id")?,
        argument(fields, "package_family_name")?,
    );
    let loc_uri = method("MDM_WNSConfiguration", "AppId", app, "UpdateConfiguration");
    Ok(exec(loc_uri, Some(format!("ConfigString={app};{family}"))))
}

fn app_install(fields: &Fields<'_>) -> Result<Operation, Problem> {
    let data = fields
        .text("job_data", limits::COMMAND_DATA_BYTES)?
        .filter(|text| !text.is_empty());
    let data = data.ok_or_else(|| {
        Problem::field(
            "job_data",
            "the job's data, as the device is to get it",
            "nothing",
        )
    })?;
    let job = Uuid::now_v7().to_string();
    Ok(exec(
        method("MDM_AppInstallJob", "JobID", &job, "CreateJob"),
        Some(format!("JobData={data}")),
    ))
}

fn raw(fields: &Fields<'_>) -> Result<Operation, Problem> {
    let verb = fields.required("verb", 16)?;
    let verb = Verb::from_name(verb).filter(|verb| *verb != Verb::Copy);
    let verb = verb.ok_or_else(|| {
        Problem::field(
            fields.name("verb"),
            "Add, Replace, Delete, Get or Exec",
            "another",
        )
    })?;
    let loc_uri = fields.required("loc_uri", limits::LOC_URI_BYTES)?;
    if !loc_uri.starts_with("./") {
        return Err(Problem::field(
            fields.name("loc_uri"),
            "a LocURI that begins with './'",
            "other text",
        ));
    }
    Ok(Operation::Node {
        verb,
        loc_uri: loc_uri.to_owned(),
        format: fields.line("format", 32)?.map(str::to_owned),
        mime: fields.line("mime", 128)?.map(str::to_owned),
        data: fields
            .text("data", limits::COMMAND_DATA_BYTES)?
            .map(Secret::new),
    })
}

fn group(fields: &Fields<'_>, kind: GroupKind, depth: usize) -> Result<Operation, Problem> {
    if depth > limits::GROUP_DEPTH {
        let expected = format!("groups nested at most {} deep", limits::GROUP_DEPTH);
        return Err(Problem::field(fields.name("commands"), expected, "more"));
    }
    let list = fields
        .list("commands", limits::COMMAND_OPERATIONS)?
        .unwrap_or(&[]);
    if list.is_empty() {
        return Err(Problem::field(
            fields.name("commands"),
            "at least one command",
            "none",
        ));
    }
    let mut children = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let child = Fields::of(value, &format!("{}[{at}]", fields.name("commands")))?;
        children.push(match child.line("type", 16)? {
            None | Some("raw") => raw(&child)?,
            Some("atomic") => group(&child, GroupKind::Atomic, depth + 1)?,
            Some("sequence") => group(&child, GroupKind::Sequence, depth + 1)?,
            Some(_) => {
                return Err(Problem::field(
                    child.name("type"),
                    "raw, atomic or sequence",
                    "another",
                ));
            }
        });
    }
    Ok(Operation::Group(kind, children))
}
