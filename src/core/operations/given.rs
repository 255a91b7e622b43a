//! Arguments read by their table.

use data_encoding::{BASE64, HEXUPPER};
use serde_json::Value;
use sha1::{Digest, Sha1};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::form::{Argument, Form, Property};
use crate::context::Family;
use crate::fields::{FieldError, Fields, shown, type_of};
use crate::limits;

/// What was given for a type's arguments.
#[derive(Debug)]
pub(super) struct Given<'a> {
    fields: &'a Fields<'a>,
    family: Family,
    values: Vec<(&'static str, Datum<'a>)>,
}

/// One argument's value, checked.
#[derive(Debug)]
enum Datum<'a> {
    /// As it goes on the wire.
    Wire(String),
    Boolean(bool),
    Certificate(Certificate),
    Lines(Vec<String>),
    Settings(Vec<(String, String)>),
    Commands(&'a [Value]),
}

/// A certificate that was given.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    /// Base64 of its DER.
    pub(super) base64: String,
    /// Its SHA-1, 40 digits.
    pub(super) thumbprint: String,
}

impl<'a> Given<'a> {
    /// Reads what the table asks for.
    pub(super) fn read(
        arguments: &'static [Argument],
        fields: &'a Fields<'a>,
        family: Family,
    ) -> Result<Self, FieldError> {
        let mut values = Vec::new();
        for argument in arguments {
            match datum(argument.name, argument.form, fields)? {
                Some(datum) => values.push((argument.name, datum)),
                None if argument.required => {
                    return Err(FieldError::new(
                        fields.name(argument.name),
                        argument.about,
                        "nothing",
                    ));
                }
                None => {}
            }
        }
        Ok(Given {
            fields,
            family,
            values,
        })
    }

    fn get(&self, name: &str) -> Option<&Datum<'a>> {
        let (_, datum) = self.values.iter().find(|(of, _)| *of == name)?;
        Some(datum)
    }

    /// The family of the device that it is for.
    pub(super) fn family(&self) -> Family {
        self.family
    }

    /// The fields themselves, to name one in an error.
    pub(super) fn fields(&self) -> &Fields<'a> {
        self.fields
    }

    /// An argument as it goes on the wire.
    pub(super) fn wire(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Datum::Wire(text) => Some(text),
            _ => None,
        }
    }

    /// The same of one that the table requires.
    pub(super) fn needed(&self, name: &str) -> &str {
        self.wire(name).unwrap_or_default()
    }

    /// A truth value.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Datum::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }

    /// A certificate.
    pub(super) fn certificate(&self, name: &str) -> Option<&Certificate> {
        match self.get(name)? {
            Datum::Certificate(certificate) => Some(certificate),
            _ => None,
        }
    }

    /// A list of lines.
    pub(super) fn lines(&self, name: &str) -> &[String] {
        match self.get(name) {
            Some(Datum::Lines(lines)) => lines,
            _ => &[],
        }
    }

    /// Properties and their values on the wire.
    pub(super) fn settings(&self, name: &str) -> &[(String, String)] {
        match self.get(name) {
            Some(Datum::Settings(settings)) => settings,
            _ => &[],
        }
    }

    /// Commands, unread.
    pub(super) fn commands(&self, name: &str) -> &'a [Value] {
        match self.get(name) {
            Some(Datum::Commands(commands)) => commands,
            _ => &[],
        }
    }
}

fn datum<'a>(
    name: &'static str,
    form: Form,
    fields: &Fields<'a>,
) -> Result<Option<Datum<'a>>, FieldError> {
    if fields.get(name).is_none() {
        return Ok(None);
    }
    let datum = match form {
        Form::Boolean => fields.boolean(name)?.map(Datum::Boolean),
        Form::Certificate => fields
            .text(name, limits::COMMAND_DATA_BYTES)?
            .map(|text| {
                certificate(text).ok_or_else(|| {
                    FieldError::new(
                        fields.name(name),
                        "an X.509 certificate, PEM or base64 of its DER",
                        "other text",
                    )
                })
            })
            .transpose()?
            .map(Datum::Certificate),
        Form::Lines(entries, most) => fields.lines(name, entries, most)?.map(Datum::Lines),
        Form::Settings(properties) => Some(Datum::Settings(settings(name, properties, fields)?)),
        Form::AnySettings => Some(Datum::Settings(any_settings(name, fields)?)),
        Form::Commands => fields
            .list(name, limits::COMMAND_OPERATIONS)?
            .map(Datum::Commands),
        _ => wire(name, form, fields)?.map(Datum::Wire),
    };
    Ok(datum)
}

/// A value of a plain form as it goes on the wire.
fn wire(name: &str, form: Form, fields: &Fields<'_>) -> Result<Option<String>, FieldError> {
    let wrong = |expected: &str| Err(FieldError::new(fields.name(name), expected, "other text"));
    Ok(match form {
        Form::Line(most) => fields.line(name, most)?.map(str::to_owned),
        Form::Safe(most) => {
            let text = fields.line(name, most)?;
            if text.is_some_and(|text| text.contains([';', '"', '\''])) {
                return wrong("no ';' and no quotes, for which no escape is known");
            }
            text.map(str::to_owned)
        }
        Form::Text(most) => {
            let text = fields.text(name, most)?;
            if text == Some("") {
                return Err(FieldError::new(fields.name(name), "text", "an empty one"));
            }
            text.map(str::to_owned)
        }
        Form::Xml(most) => {
            let text = fields.text(name, most)?;
            if text.is_some_and(|text| roxmltree::Document::parse(text).is_err()) {
                return wrong("a well-formed XML document without a DTD");
            }
            text.map(str::to_owned)
        }
        Form::Integer(least, most) => fields
            .integer(name, least, most)?
            .map(|number| number.to_string()),
        Form::Boolean => fields.boolean(name)?.map(|truth| truth.to_string()),
        Form::OneOf(words) => match fields.line(name, 64)? {
            None => None,
            Some(word) => match words.iter().find(|(known, _)| *known == word) {
                Some((_, wire)) => Some((*wire).to_owned()),
                None => {
                    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    return wrong(&format!("one of {}", known.join(", ")));
                }
            },
        },
        Form::Thumbprint => {
            let text = fields.line(name, 64)?;
            let digits = text.map(|text| text.replace([':', ' '], "").to_ascii_uppercase());
            if digits.as_ref().is_some_and(|text| {
                text.len() != 40 || !text.bytes().all(|b| b.is_ascii_hexdigit())
            }) {
                return wrong("a SHA-1 thumbprint, 40 hexadecimal digits");
            }
            digits
        }
        Form::ProductKey => {
            let text = fields.line(name, 64)?;
            if text.is_some_and(|text| !is_product_key(text)) {
                return wrong(
                    "a product key: five groups of five letters and digits, parted by hyphens",
                );
            }
            text.map(str::to_ascii_uppercase)
        }
        Form::Certificate
        | Form::Lines(..)
        | Form::Settings(_)
        | Form::AnySettings
        | Form::Commands => None,
    })
}

fn is_product_key(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5
        && groups
            .iter()
            .all(|group| group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn certificate(text: &str) -> Option<Certificate> {
    const PEM: (&str, &str) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let inner = match text.trim().strip_prefix(PEM.0) {
        Some(rest) => rest.trim_end().strip_suffix(PEM.1)?,
        None => text,
    };
    let digits: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = BASE64.decode(digits.as_bytes()).ok()?;
    let (rest, _) = X509Certificate::from_der(&der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let sha1 = Sha1::digest(&der);
    Some(Certificate {
        base64: BASE64.encode(&der),
        thumbprint: HEXUPPER.encode(&sha1),
    })
}

fn settings(
    name: &str,
    properties: &'static [Property],
    fields: &Fields<'_>,
) -> Result<Vec<(String, String)>, FieldError> {
    let path = fields.name(name);
    let given = fields.get(name).unwrap_or(&Value::Null);
    let inner = Fields::of(given, &path)?;
    let mut settings = Vec::new();
    for key in inner.keys() {
        let Some(property) = properties.iter().find(|property| property.name == key) else {
            let names: Vec<&str> = properties.iter().map(|property| property.name).collect();
            let expected = format!("only {}", names.join(", "));
            return Err(FieldError::new(
                path,
                expected,
                "a property of another name",
            ));
        };
        let Some(value) = wire(property.name, property.form, &inner)? else {
            return Err(FieldError::new(
                inner.name(property.name),
                "a value",
                "null",
            ));
        };
        settings.push((property.name.to_owned(), value));
    }
    at_least_one(settings, path)
}

fn any_settings(name: &str, fields: &Fields<'_>) -> Result<Vec<(String, String)>, FieldError> {
    const PROPERTIES: usize = 64;
    let path = fields.name(name);
    let given = fields.get(name).unwrap_or(&Value::Null);
    let inner = Fields::of(given, &path)?;
    let mut settings = Vec::new();
    for key in inner.keys() {
        let is_name =
            key.len() <= 64 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name || key.is_empty() || settings.len() == PROPERTIES {
            let expected =
                format!("at most {PROPERTIES} properties whose names are letters, digits and '_'");
            return Err(FieldError::new(path, expected, "others"));
        }
        let value = match inner.get(key) {
            Some(Value::String(_)) => inner
                .text(key, limits::COMMAND_DATA_BYTES)?
                .unwrap_or_default()
                .to_owned(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(value @ Value::Number(_)) => shown(value),
            other => {
                let found = other.map_or("null", type_of);
                return Err(FieldError::new(
                    inner.name(key),
                    "text, a number or a boolean",
                    found,
                ));
            }
        };
        settings.push((key.to_owned(), value));
    }
    at_least_one(settings, path)
}

fn at_least_one(
    settings: Vec<(String, String)>,
    path: String,
) -> Result<Vec<(String, String)>, FieldError> {
    if settings.is_empty() {
        return Err(FieldError::new(path, "at least one property", "none"));
    }
    Ok(settings)
}
