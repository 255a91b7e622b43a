//! Registering a device, and changing what is on record of one.

use serde_json::{Value, json};

use super::{address, shell};
use crate::app::AppError;
use crate::app::devices::{self, DevicePatch, NewDevice};
use crate::app::input::{Input, read};
use crate::http::api::PathId;
use crate::http::pages::visitor::{faulty, page, unfit};
use crate::http::pages::{Form, Page, Visitor};
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_pages::console::devices::form::DeviceFormPage;
use modegate_pages::field::{Control, Field, Fields};

const NEW: &str = "/console/devices/new";

/// `GET /console/devices/new`.
pub(in crate::http::pages) async fn new(visitor: Visitor) -> Page {
    let mut all = vec![source()];
    all.extend(common(&visitor));
    page(&registering(&visitor, Fields::new(all)))
}

/// `POST /console/devices/new`.
pub(in crate::http::pages) async fn register(visitor: Visitor, form: Form) -> Page {
    let mut fields = vec![source()];
    fields.extend(common(&visitor));
    let fields = entered(fields, &form);
    let wanted = body(&form, None);
    let new = match input::<NewDevice>(&wanted) {
        Ok(new) => new,
        Err(error) => return unfit(&registering(&visitor, faulty(fields, error)?)),
    };
    let place = |device: &Device| format!("{}?notice=registered", address(device.id));
    visitor
        .write_or(
            place,
            async |app, by, options| devices::register(app, by, new, options).await,
            async |visitor, error| unfit(&registering(&visitor, faulty(fields, error)?)),
        )
        .await
}

fn registering(visitor: &Visitor, fields: Fields) -> DeviceFormPage {
    DeviceFormPage {
        shell: visitor
            .shell(titled("Register a device", &fields))
            .below("/console/devices", "Devices"),
        heading: "Register a device".to_owned(),
        about: "A device that enrolls by itself is registered by that. Register one here that is set up in another way.",
        action: NEW.to_owned(),
        button: "Register",
        once: visitor.once(),
        fields,
    }
}

/// `GET /console/devices/{id}/edit`.
pub(in crate::http::pages) async fn edit(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    let device = visitor.by().device(visitor.app(), id).await?;
    let fields = Fields::new(on_record(&visitor, &device));
    page(&changing(&visitor, &device, fields))
}

/// `POST /console/devices/{id}/edit`.
pub(in crate::http::pages) async fn change(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    form: Form,
) -> Page {
    let device = visitor.by().device(visitor.app(), id).await?;
    let fields = entered(on_record(&visitor, &device), &form);
    let change = match input::<DevicePatch>(&body(&form, Some(&device))) {
        Ok(change) => change,
        Err(error) => return unfit(&changing(&visitor, &device, faulty(fields, error)?)),
    };
    let place = move |_: &Device| format!("{}?notice=saved", address(id));
    visitor
        .write_or(
            place,
            async |app, by, options| devices::change(app, by, id, change, options).await,
            async |visitor, error| unfit(&changing(&visitor, &device, faulty(fields, error)?)),
        )
        .await
}

fn changing(visitor: &Visitor, device: &Device, fields: Fields) -> DeviceFormPage {
    let source = &device.record.source.0;
    DeviceFormPage {
        shell: shell(visitor, device, "")
            .titled(titled(&format!("Change {source}"), &fields))
            .below(address(device.id), source.clone()),
        heading: format!("Change {source}"),
        about: "What is on record of the device. Its name for itself cannot be changed: another name is another device.",
        action: format!("{}/edit", address(device.id)),
        button: "Save",
        once: visitor.once(),
        fields,
    }
}

/// A title that says so where something is wrong.
fn titled(title: &str, fields: &Fields) -> String {
    let is_fine = fields.faults.is_empty() && fields.all.iter().all(|field| field.fault.is_none());
    match is_fine {
        true => title.to_owned(),
        false => format!("Error: {title}"),
    }
}

fn source() -> Field {
    Field::line(
        "source",
        "Name",
        "What the device sends as the Source of its messages, such as urn:uuid:6F1B2C3D-…",
    )
}

/// The fields that a new device and a changed one have.
fn common(visitor: &Visitor) -> Vec<Field> {
    let families = Family::ALL.map(|family| (family.name().to_owned(), family.name().to_owned()));
    let groups = match visitor.by().groups() {
        None => "One a line; a device may be in none.".to_owned(),
        Some(own) => format!(
            "One a line, of yours: {}. Others that it has stay.",
            own.join(", ")
        ),
    };
    vec![
        Field::line("user", "User", "The enrolled user, such as ann@contoso.com; may be empty."),
        Field::line("family", "Family", "The kind of Windows that it runs.")
            .by(Control::Choice(families.into())),
        Field::line("groups", "Groups", groups).by(Control::Lines),
        Field::line(
            "device_client_id",
            "Key of MDM_Client",
            "Empty: as the device reports it, else its name.",
        ),
        Field::line(
            "certificate_sha256",
            "Certificates",
            "SHA-256 of each certificate that it may show in TLS, 64 hexadecimal digits, one a line.",
        )
        .by(Control::Lines),
        Field::line("username", "User name", "By which it proves itself in SyncML; may be empty."),
        Field::line("password", "Password", "For that user name. Empty: as it is.")
            .by(Control::Secret),
    ]
}

/// The same with what is on record. Its certificates are bound and revoked one at a time, on
/// their own page.
fn on_record(visitor: &Visitor, device: &Device) -> Vec<Field> {
    let record = &device.record;
    let groups = visitor.by().known_groups(&record.groups).join("\n");
    let username = record.credentials.as_ref().map(|own| own.username.clone());
    let mut all = common(visitor);
    all.retain(|field| field.name != "certificate_sha256");
    for field in &mut all {
        field.value = match field.name.as_str() {
            "user" => record.user.clone().unwrap_or_default(),
            "family" => record.family.name().to_owned(),
            "groups" => groups.clone(),
            "device_client_id" => record.device_client_id.clone(),
            "username" => username.clone().unwrap_or_default(),
            _ => String::new(),
        };
    }
    let words = [
        ("", "As its certificates say"),
        ("new", "It was enrolled anew"),
        ("same", "It was not enrolled anew"),
    ];
    let words = words.map(|(word, text)| (word.to_owned(), text.to_owned()));
    let enrollment = Field::line(
        "enrollment",
        "Enrollment",
        "Of a device that was enrolled anew, the queue, the channel and the installs end.",
    );
    all.push(enrollment.by(Control::Choice(words.into())));
    all
}

/// The fields with what was entered; a password is not shown again.
fn entered(mut all: Vec<Field>, form: &Form) -> Fields {
    for field in &mut all {
        field.value = match field.control {
            Control::Secret => String::new(),
            _ => form.exact(&field.name).replace("\r\n", "\n"),
        };
    }
    Fields::new(all)
}

/// What was entered as the API takes it.
fn body(form: &Form, before: Option<&Device>) -> Value {
    let lines = |name: &str| -> Vec<String> {
        let lines = form.exact(name).lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut wanted = json!({
        "family": form.optional("family"),
        "user": form.optional("user"),
        "groups": lines("groups"),
    });
    let mut set = |name: &str, value: Value| {
        if let Some(fields) = wanted.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    let credentials =
        || json!({"username": form.text("username"), "password": form.exact("password")});
    match before.map(|device| &device.record) {
        None => {
            set("source", json!(form.optional("source")));
            set("certificate_sha256", json!(lines("certificate_sha256")));
            if let Some(id) = form.optional("device_client_id") {
                set("device_client_id", json!(id));
            }
            if form.optional("username").is_some() || form.optional("password").is_some() {
                set("credentials", credentials());
            }
        }
        Some(record) => {
            // Without a name for the key, it is the source, as for a new device.
            let id = form
                .optional("device_client_id")
                .unwrap_or(&record.source.0);
            if id != record.device_client_id {
                set("device_client_id", json!(id));
            }
            if let Some(word) = form.optional("enrollment") {
                set("enrollment", json!(word));
            }
            let own = record.credentials.as_ref().map(|own| own.username.as_str());
            let name = form.optional("username");
            if name.is_none() && form.optional("password").is_none() {
                if own.is_some() {
                    set("credentials", Value::Null);
                }
            } else if own != name || form.optional("password").is_some() {
                set("credentials", credentials());
            }
        }
    }
    wanted
}

fn input<T: Input>(wanted: &Value) -> Result<T, AppError> {
    read(wanted).map_err(AppError::from)
}
