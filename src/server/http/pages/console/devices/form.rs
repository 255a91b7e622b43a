//! Registering a device, and changing what is on record of one.

use serde_json::{Value, json};

use super::{address, shell};
use crate::app::devices::{self, DevicePatch, NewDevice};
use crate::app::input::read;
use crate::http::api::PathId;
use crate::http::pages::console::{Wrong, entered};
use crate::http::pages::visitor::{again, page, render};
use crate::http::pages::{Form, Page, Visitor};
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_pages::console::devices::form::DeviceFormPage;
use modegate_pages::console::form::{Control, Entered, Input, Section, fill};

const NEW: &str = "/console/devices/new";
/// The fields of the credentials.
const USERNAME: &str = "credentials.username";
const PASSWORD: &str = "credentials.password";

/// `GET /console/devices/new`.
pub(in crate::http::pages) async fn new(visitor: Visitor) -> Page {
    page(&registering(&visitor, &Entered::default(), None))
}

/// `POST /console/devices/new`.
pub(in crate::http::pages) async fn register(visitor: Visitor, form: Form) -> Page {
    let entered = entered(&form);
    let place = |device: &Device| format!("{}?notice=registered", address(device.id));
    let wrong = match read::<NewDevice>(&body(&entered, None)) {
        Err(faults) => Wrong::fields(faults),
        Ok(new) => {
            let registered = visitor.attempt(place, async |app, by, options| {
                devices::register(app, by, new, options).await
            });
            match registered.await {
                Ok(page) => return page,
                Err(error) => Wrong::from_error(error)?,
            }
        }
    };
    let page = registering(&visitor, &entered, Some(&wrong));
    Ok(again(wrong.status, render(&page)?))
}

fn registering(visitor: &Visitor, entered: &Entered, wrong: Option<&Wrong>) -> DeviceFormPage {
    let source = Input::line(
        "source",
        "Name",
        "What the device sends as the Source of its messages, such as urn:uuid:6F1B2C3D-…",
    );
    let mut inputs = vec![source.required()];
    inputs.extend(common(visitor));
    let title = titled("Register a device", wrong);
    let about = "A device that enrolls by itself is registered by that. Register one here that is set up in another way.";
    DeviceFormPage {
        heading: "Register a device".to_owned(),
        about,
        action: NEW.to_owned(),
        button: "Register",
        ..form_page(
            visitor.shell(title).below("/console/devices", "Devices"),
            visitor.once(),
            inputs,
            (entered, wrong),
        )
    }
}

/// A page with these fields; the rest is for its caller to say.
fn form_page(
    shell: modegate_pages::Shell,
    once: String,
    inputs: Vec<Input>,
    (entered, wrong): (&Entered, Option<&Wrong>),
) -> DeviceFormPage {
    let mut sections = vec![Section::plain(inputs)];
    let fields = wrong.map_or(&[][..], |wrong| &wrong.fields);
    let mut faults = fill(&mut sections, entered, fields);
    faults.extend(wrong.iter().flat_map(|wrong| wrong.rest.clone()));
    DeviceFormPage {
        shell,
        heading: String::new(),
        about: "",
        action: String::new(),
        button: "",
        once,
        sections,
        faults,
    }
}

/// `GET /console/devices/{id}/edit`.
pub(in crate::http::pages) async fn edit(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    let device = visitor.by().device(visitor.app(), id).await?;
    page(&changing(
        &visitor,
        &device,
        &on_record(&visitor, &device),
        None,
    ))
}

/// `POST /console/devices/{id}/edit`.
pub(in crate::http::pages) async fn change(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
    form: Form,
) -> Page {
    let device = visitor.by().device(visitor.app(), id).await?;
    let entered = entered(&form);
    let place = move |_: &Device| format!("{}?notice=saved", address(id));
    let wrong = match read::<DevicePatch>(&body(&entered, Some(&device))) {
        Err(faults) => Wrong::fields(faults),
        Ok(change) => {
            let changed = visitor.attempt(place, async |app, by, options| {
                devices::change(app, by, id, change, options).await
            });
            match changed.await {
                Ok(page) => return page,
                Err(error) => Wrong::from_error(error)?,
            }
        }
    };
    let page = changing(&visitor, &device, &entered, Some(&wrong));
    Ok(again(wrong.status, render(&page)?))
}

fn changing(
    visitor: &Visitor,
    device: &Device,
    entered: &Entered,
    wrong: Option<&Wrong>,
) -> DeviceFormPage {
    let source = &device.record.source.0;
    let heading = format!("Change {source}");
    let mut inputs = common(visitor);
    // They are bound and revoked one at a time, on their own page.
    inputs.retain(|input| input.name != "certificate_sha256");
    let words = ["new", "same"].map(str::to_owned);
    let enrollment = Input::line(
        "enrollment",
        "Enrollment",
        "new: the device was enrolled anew, so its queue, channel and installs end; same: it was not; empty: as its certificates say.",
    );
    inputs.push(enrollment.by(Control::Choice(words.into())));
    let shell = shell(visitor, device, "").titled(titled(&heading, wrong));
    DeviceFormPage {
        heading,
        about: "What is on record of the device. Its name for itself cannot be changed: another name is another device.",
        action: format!("{}/edit", address(device.id)),
        button: "Save",
        ..form_page(
            shell.below(address(device.id), source.clone()),
            visitor.once(),
            inputs,
            (entered, wrong),
        )
    }
}

/// A title that says so where something is wrong.
fn titled(title: &str, wrong: Option<&Wrong>) -> String {
    match wrong {
        None => title.to_owned(),
        Some(_) => format!("Error: {title}"),
    }
}

/// The fields that a new device and a changed one have.
fn common(visitor: &Visitor) -> Vec<Input> {
    let families = Family::ALL.map(|family| family.name().to_owned());
    let groups = match visitor.by().groups() {
        None => "One a line; a device may be in none.".to_owned(),
        Some(own) => format!(
            "One a line, of yours: {}. Others that it has stay.",
            own.join(", ")
        ),
    };
    let secret = Control::Secret {
        is_long: false,
        is_kept: false,
    };
    vec![
        Input::line("user", "User", "The enrolled user, such as ann@contoso.com."),
        Input::line("family", "Family", "The kind of Windows that it runs; empty: windows81.")
            .by(Control::Choice(families.into())),
        Input::line("groups", "Groups", &groups).by(Control::Text),
        Input::line(
            "device_client_id",
            "Key of MDM_Client",
            "Empty: as the device reports it, else its name.",
        ),
        Input::line(
            "certificate_sha256",
            "Certificates",
            "SHA-256 of each certificate that it may show in TLS, 64 hexadecimal digits, one a line.",
        )
        .by(Control::Text),
        Input::line(USERNAME, "User name", "By which it proves itself in SyncML."),
        Input::line(PASSWORD, "Password", "For that user name. Empty: as it is.").by(secret),
    ]
}

/// What is on record, as it would be entered; never a password.
fn on_record(visitor: &Visitor, device: &Device) -> Entered {
    let record = &device.record;
    let username = record.credentials.as_ref().map(|own| own.username.clone());
    Entered::default()
        .with("user", record.user.clone().unwrap_or_default())
        .with("family", record.family.name())
        .with(
            "groups",
            visitor.by().known_groups(&record.groups).join("\n"),
        )
        .with("device_client_id", record.device_client_id.clone())
        .with(USERNAME, username.unwrap_or_default())
}

/// What was entered as the API takes it: of a new device, or as a change of this one.
fn body(entered: &Entered, before: Option<&Device>) -> Value {
    let text = |name: &str| Some(entered.text(name)).filter(|text| !text.is_empty());
    let mut wanted = json!({
        "family": text("family"),
        "user": text("user"),
        "groups": entered.lines("groups"),
    });
    let mut set = |name: &str, value: Value| {
        if let Some(fields) = wanted.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    let (id, username) = (text("device_client_id"), text(USERNAME));
    let has_password = text(PASSWORD).is_some();
    let is_named = username.is_some() || has_password;
    let given = || json!({"username": entered.text(USERNAME), "password": entered.exact(PASSWORD)});
    let Some(record) = before.map(|device| &device.record) else {
        set("source", json!(text("source")));
        set(
            "certificate_sha256",
            json!(entered.lines("certificate_sha256")),
        );
        if let Some(id) = id {
            set("device_client_id", json!(id));
        }
        if is_named {
            set("credentials", given());
        }
        return wanted;
    };
    // Without a name for the key, it is the source, as for a new device.
    let id = id.unwrap_or_else(|| record.source.0.clone());
    if id != record.device_client_id {
        set("device_client_id", json!(id));
    }
    if let Some(word) = text("enrollment") {
        set("enrollment", json!(word));
    }
    let own = record.credentials.as_ref().map(|own| own.username.clone());
    if !is_named && own.is_some() {
        set("credentials", Value::Null);
    } else if is_named && (own != username || has_password) {
        set("credentials", given());
    }
    wanted
}
