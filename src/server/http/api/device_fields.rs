//! What a request may say of a device, read whole: every fault is found, not
//! just the first.

use serde_json::Value;

use modegate_core::context::Family;
use modegate_core::device::{CertificateDigest, Credentials, DeviceRecord};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::ids::Source;
use modegate_core::limits::{DEVICE_LIST, NAME_BYTES};
use modegate_core::time::Timestamp;
use modegate_wire::auth::PasswordDigest;

/// What was given; what was not stays as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    family: Option<Family>,
    device_client_id: Option<String>,
    user: Option<Option<String>>,
    groups: Option<Vec<String>>,
    credentials: Option<Option<Credentials>>,
    certificates: Option<Vec<CertificateDigest>>,
}

impl Given {
    /// Reads the fields that may change later.
    pub(super) fn read(fields: &Fields<'_>, faults: &mut Vec<FieldError>) -> Self {
        let mut note = |fault| faults.push(fault);
        let line = |name: &str| {
            fields
                .line(name, NAME_BYTES)
                .map(|text| text.map(str::to_owned))
        };
        Given {
            family: None,
            device_client_id: line("device_client_id").map_err(&mut note).ok().flatten(),
            user: fields
                .has("user")
                .then(|| line("user").map_err(&mut note).ok())
                .flatten(),
            groups: fields
                .lines("groups", DEVICE_LIST, NAME_BYTES)
                .map_err(&mut note)
                .ok()
                .flatten(),
            credentials: fields
                .has("credentials")
                .then(|| credentials(fields).map_err(&mut note).ok())
                .flatten(),
            certificates: certificates(fields).map_err(&mut note).ok().flatten(),
        }
    }

    /// Reads the same and the family, which is told once.
    pub(super) fn with_family(fields: &Fields<'_>, faults: &mut Vec<FieldError>) -> Self {
        let mut given = Given::read(fields, faults);
        match family(fields) {
            Ok(family) => given.family = family,
            Err(fault) => faults.push(fault),
        }
        given
    }

    /// A new device's record.
    pub(super) fn record(&self, source: &str, now: Timestamp) -> DeviceRecord {
        let mut record = DeviceRecord {
            source: Source(source.to_owned()),
            family: self.family.unwrap_or(Family::Windows81),
            device_client_id: source.to_owned(),
            user: None,
            groups: Vec::new(),
            credentials: None,
            certificates: Vec::new(),
            registered_at: now,
            rotation: Default::default(),
        };
        // Of a new device nothing is revoked: there is nothing to refuse.
        let _ = self.amend(&mut record);
        record
    }

    /// Takes over what was given; a device's family stays. A certificate that was
    /// revoked for the device does not come back.
    pub(super) fn amend(&self, record: &mut DeviceRecord) -> Result<(), FieldError> {
        if let Some(id) = &self.device_client_id {
            record.device_client_id.clone_from(id);
        }
        if let Some(user) = &self.user {
            record.user.clone_from(user);
        }
        if let Some(groups) = &self.groups {
            record.groups.clone_from(groups);
        }
        if let Some(credentials) = &self.credentials {
            record.credentials.clone_from(credentials);
        }
        if let Some(certificates) = &self.certificates {
            let set = record.set_certificates(certificates.clone());
            set.map_err(|error| {
                FieldError::new("certificate_sha256", "none that is revoked", error)
            })?;
        }
        Ok(())
    }
}

fn family(fields: &Fields<'_>) -> Result<Option<Family>, FieldError> {
    let Some(name) = fields.line("family", 32)? else {
        return Ok(None);
    };
    let family = Family::from_name(name).ok_or_else(|| {
        let names = Family::ALL.map(Family::name).join(", ");
        FieldError::new(
            fields.name("family"),
            format!("one of {names}"),
            "other text",
        )
    })?;
    Ok(Some(family))
}

fn credentials(fields: &Fields<'_>) -> Result<Option<Credentials>, FieldError> {
    let Some(value) = fields.get("credentials") else {
        return Ok(None);
    };
    read_credentials(value, &fields.name("credentials")).map(Some)
}

fn read_credentials(value: &Value, path: &str) -> Result<Credentials, FieldError> {
    let fields = Fields::of(value, path)?;
    let username = fields.required("username", NAME_BYTES)?;
    if username.contains(':') {
        let expected = "no ':', which ends the name in Basic";
        return Err(FieldError::new(fields.name("username"), expected, "one"));
    }
    let password = fields.text("password", NAME_BYTES)?;
    let password =
        password.ok_or_else(|| FieldError::new(fields.name("password"), "text", "nothing"))?;
    Ok(Credentials {
        username: username.to_owned(),
        digest: PasswordDigest::new(username, password),
    })
}

fn certificates(fields: &Fields<'_>) -> Result<Option<Vec<CertificateDigest>>, FieldError> {
    let name = "certificate_sha256";
    let Some(digests) = fields.lines(name, DEVICE_LIST, 128)? else {
        return Ok(None);
    };
    let read = |(at, text): (usize, &String)| {
        CertificateDigest::from_hex(text).ok_or_else(|| {
            let field = format!("{}[{at}]", fields.name(name));
            FieldError::new(field, "64 hexadecimal digits", "other text")
        })
    };
    digests
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Some)
}
