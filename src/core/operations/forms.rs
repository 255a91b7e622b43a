//! The forms of arguments. That of a plain value, which is text on the wire, is
//! [`ValueForm`].

use data_encoding::{BASE64, HEXUPPER};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::argument::{Form, Result};
use crate::fields::{FieldError, Fields, quoted, shortened, shown, type_of};
use crate::limits;
use crate::loc_uri::{LocUri, is_name};
use crate::suggestion::nearest;
use crate::wmi::{Property, ValueForm};
use modegate_wire::document::check_document;
use modegate_wire::message::Verb;

/// A schema of text of 1 to so many bytes.
fn text_schema(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most})
}

/// What is found is not shown, since it may be a secret: only how long it is.
fn other_text(name: &str, fields: &Fields<'_>, expected: &str, found: &str) -> FieldError {
    let found = format!("{} other bytes", found.len());
    FieldError::new(fields.name(name), expected, found)
}

/// The first character for which this is so, and where it stands.
fn character(text: &str, is_wrong: impl Fn(char) -> bool) -> Option<String> {
    let mut characters = text.chars().enumerate();
    let (at, found) = characters.find(|(_, one)| is_wrong(*one))?;
    Some(format!(
        "U+{:04X} as character {}",
        u32::from(found),
        at + 1
    ))
}

impl Form for ValueForm {
    type Value<'a> = String;

    fn read<'a>(&self, name: &str, fields: &Fields<'a>) -> Result<Option<String>> {
        let wrong =
            |expected: &str, found: &str| Err(FieldError::new(fields.name(name), expected, found));
        let text = match *self {
            ValueForm::Line(most) => fields.line(name, most)?,
            ValueForm::Safe(most) => {
                let text = fields.line(name, most)?;
                let is_wrong = |one| matches!(one, ';' | '"' | '\'');
                if let Some(found) = text.and_then(|text| character(text, is_wrong)) {
                    return wrong("no ';' and no quotes, for which no escape is known", &found);
                }
                text
            }
            ValueForm::Text(most) => {
                let text = fields.text(name, most)?;
                if text == Some("") {
                    return Err(FieldError::new(fields.name(name), "text", "an empty one"));
                }
                text
            }
            ValueForm::Xml(most) => {
                let text = fields.text(name, most)?;
                if let Some(Err(fault)) = text.map(check_document) {
                    let expected = "a well-formed XML document without a DTD";
                    return wrong(expected, &fault.to_string());
                }
                text
            }
            ValueForm::Integer(least, most) => {
                let number = fields.integer(name, least, most)?;
                return Ok(number.map(|number| number.to_string()));
            }
            ValueForm::Boolean => return Ok(fields.boolean(name)?.map(|truth| truth.to_string())),
            ValueForm::OneOf(words) => {
                let Some(word) = fields.line(name, 64)? else {
                    return Ok(None);
                };
                let Some((_, sent)) = words.iter().find(|(known, _)| *known == word) else {
                    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    let expected = format!("one of {}", known.join(", "));
                    return Err(FieldError::new(fields.name(name), expected, quoted(word)));
                };
                Some(*sent)
            }
        };
        Ok(text.map(str::to_owned))
    }

    fn schema(&self) -> Value {
        match *self {
            ValueForm::Line(most) | ValueForm::Text(most) | ValueForm::Xml(most) => {
                text_schema(most)
            }
            ValueForm::Safe(most) => {
                let mut schema = text_schema(most);
                schema["pattern"] = "^[^;\"']*$".into();
                schema
            }
            ValueForm::Integer(least, most) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            ValueForm::Boolean => Boolean.schema(),
            ValueForm::OneOf(words) => {
                json!({"enum": words.iter().map(|(word, _)| *word).collect::<Vec<_>>()})
            }
        }
    }
}

/// A form of what is shown to nobody once it was given: a password, a key, or text with one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hidden<F>(pub(super) F);

impl<F: Form> Form for Hidden<F> {
    type Value<'a> = F::Value<'a>;

    fn read<'a>(&self, name: &str, fields: &Fields<'a>) -> Result<Option<F::Value<'a>>> {
        self.0.read(name, fields)
    }

    fn schema(&self) -> Value {
        let mut schema = self.0.schema();
        schema["writeOnly"] = true.into();
        schema
    }
}

/// `true` or `false`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boolean;

impl Form for Boolean {
    type Value<'a> = bool;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<bool>> {
        fields.boolean(name)
    }

    fn schema(&self) -> Value {
        json!({"type": "boolean"})
    }
}

/// Any text that XML can carry, even none, of so many bytes at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data(pub(super) usize);

impl Form for Data {
    type Value<'a> = &'a str;

    fn read<'a>(&self, name: &str, fields: &Fields<'a>) -> Result<Option<&'a str>> {
        fields.text(name, self.0)
    }

    fn schema(&self) -> Value {
        json!({"type": "string"})
    }
}

/// The name of a verb that touches one node.
#[derive(Debug, Clone, Copy)]
pub(super) struct VerbName;

impl Form for VerbName {
    type Value<'a> = Verb;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<Verb>> {
        let expected = "Add, Replace, Delete, Get or Exec";
        let wrong = |text| FieldError::new(fields.name(name), expected, quoted(text));
        let verb = |text| Verb::from_name(text).filter(|verb| *verb != Verb::Copy);
        let text = fields.line(name, 16)?;
        text.map(|text| verb(text).ok_or_else(|| wrong(text)))
            .transpose()
    }

    fn schema(&self) -> Value {
        text_schema(16)
    }
}

/// A LocURI, however odd it may be below the root.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnyLocUri;

impl Form for AnyLocUri {
    type Value<'a> = LocUri;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<LocUri>> {
        let text = fields.line(name, limits::LOC_URI_BYTES)?;
        if let Some(text) = text.filter(|text| !text.starts_with("./")) {
            let expected = "a LocURI that begins with './'";
            return Err(FieldError::new(fields.name(name), expected, quoted(text)));
        }
        let loc_uri = text.map(LocUri::from);
        if let Some(fault) = loc_uri.as_ref().and_then(LocUri::key_fault) {
            let found = quoted(text.unwrap_or_default());
            return Err(FieldError::new(fields.name(name), fault.expected(), found));
        }
        Ok(loc_uri)
    }

    fn schema(&self) -> Value {
        text_schema(limits::LOC_URI_BYTES)
    }
}

/// An X.509 certificate: PEM, or base64 of its DER.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certificate;

/// A certificate that was given.
#[derive(Debug, Clone)]
pub(super) struct CertificateValue {
    /// Base64 of its DER.
    pub(super) base64: String,
    /// Its SHA-1, 40 digits.
    pub(super) thumbprint: String,
}

impl Form for Certificate {
    type Value<'a> = CertificateValue;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<CertificateValue>> {
        let expected = "an X.509 certificate, PEM or base64 of its DER";
        let wrong = |found| FieldError::new(fields.name(name), expected, found);
        let text = fields.text(name, limits::COMMAND_DATA_BYTES)?;
        text.map(|text| certificate(text).map_err(wrong))
            .transpose()
    }

    fn schema(&self) -> Value {
        text_schema(limits::COMMAND_DATA_BYTES)
    }
}

/// Reads one; else what was found, which shows nothing of it: it could be a key.
fn certificate(text: &str) -> std::result::Result<CertificateValue, String> {
    const PEM: (&str, &str) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let inner = match text.trim().strip_prefix(PEM.0) {
        Some(rest) => rest.trim_end().strip_suffix(PEM.1).ok_or_else(|| {
            "a BEGIN CERTIFICATE line, but no END CERTIFICATE line at the end".to_owned()
        })?,
        None if text.contains(PEM.0) => return Err("text before BEGIN CERTIFICATE".to_owned()),
        None if text.contains("-----BEGIN ") => {
            return Err("PEM of something that is no CERTIFICATE".to_owned());
        }
        None => text,
    };
    let digits: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = BASE64.decode(digits.as_bytes());
    let der = der.map_err(|_| format!("{} characters that are no base64", digits.len()))?;
    match X509Certificate::from_der(&der) {
        Ok(([], _)) => Ok(CertificateValue {
            base64: BASE64.encode(&der),
            thumbprint: HEXUPPER.encode(&Sha1::digest(&der)),
        }),
        Ok((rest, _)) => Err(format!("a certificate and {} bytes behind it", rest.len())),
        Err(_) => Err(format!(
            "base64 of {} bytes that are no certificate",
            der.len()
        )),
    }
}

/// Base64 of some bytes, of so many characters at most, white space left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base64(pub(super) usize);

impl Form for Base64 {
    type Value<'a> = String;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<String>> {
        let Some(text) = fields.text(name, self.0)? else {
            return Ok(None);
        };
        let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = BASE64.decode(digits.as_bytes());
        if bytes.is_ok_and(|bytes| !bytes.is_empty()) {
            return Ok(Some(digits));
        }
        Err(other_text(name, fields, "base64 of some bytes", text))
    }

    fn schema(&self) -> Value {
        text_schema(self.0)
    }
}

/// The SHA-1 thumbprint of a certificate, 40 hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thumbprint;

impl Form for Thumbprint {
    type Value<'a> = String;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<String>> {
        let text = fields.line(name, 64)?;
        let digits = text.map(|text| text.replace([':', ' '], "").to_ascii_uppercase());
        let is_sha1 =
            |text: &String| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if let Some(digits) = digits.as_ref().filter(|text| !is_sha1(text)) {
            let expected = "a SHA-1 thumbprint, 40 hexadecimal digits";
            return Err(FieldError::new(fields.name(name), expected, quoted(digits)));
        }
        Ok(digits)
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": "^[0-9A-Fa-f: ]{40,64}$"})
    }
}

/// A product key: five groups of five letters and digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProductKey;

impl Form for ProductKey {
    type Value<'a> = String;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<String>> {
        let text = fields.line(name, 64)?;
        let is_group =
            |group: &str| group.len() == 5 && group.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_key = |text: &str| text.split('-').count() == 5 && text.split('-').all(is_group);
        if let Some(text) = text.filter(|text| !is_key(text)) {
            let expected =
                "a product key: five groups of five letters and digits, parted by hyphens";
            return Err(other_text(name, fields, expected, text));
        }
        Ok(text.map(str::to_ascii_uppercase))
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": "^[0-9A-Za-z]{5}(-[0-9A-Za-z]{5}){4}$"})
    }
}

/// A list of so many lines of so many bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines(pub(super) usize, pub(super) usize);

impl Form for Lines {
    type Value<'a> = Vec<String>;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<Vec<String>>> {
        fields.lines(name, self.0, self.1)
    }

    fn schema(&self) -> Value {
        json!({"type": "array", "maxItems": self.0, "items": text_schema(self.1)})
    }
}

/// An object of some of the properties that may be set: of each its name and
/// what is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings(pub(super) &'static [Property]);

impl Settings {
    fn forms(&self) -> impl Iterator<Item = (&'static str, ValueForm)> + use<> {
        let properties = self.0.iter();
        properties.filter_map(|property| Some((property.name, property.form?)))
    }
}

impl Form for Settings {
    type Value<'a> = Vec<(&'static str, String)>;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<Vec<(&'static str, String)>>> {
        let Some(given) = fields.get(name) else {
            return Ok(None);
        };
        let path = fields.name(name);
        let inner = Fields::from_value(given, &path)?;
        let mut settings = Vec::new();
        for key in inner.keys() {
            let Some((property, form)) = self.forms().find(|(property, _)| *property == key) else {
                let names: Vec<&str> = self.forms().map(|(name, _)| name).collect();
                let field = inner.name(shortened(key));
                return Err(FieldError::new(
                    field,
                    nearest(key, &names),
                    "an unknown property",
                ));
            };
            let value = form.read(property, &inner)?;
            let null = || FieldError::new(inner.name(property), "a value", "null");
            settings.push((property, value.ok_or_else(null)?));
        }
        at_least_one(settings, path).map(Some)
    }

    fn schema(&self) -> Value {
        let schemas = self
            .forms()
            .map(|(name, form)| (name.to_owned(), form.schema()));
        let properties: Map<String, Value> = schemas.collect();
        json!({"type": "object", "minProperties": 1, "additionalProperties": false, "properties": properties})
    }
}

/// An object of properties of any names, with values of plain types.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnySettings;

impl Form for AnySettings {
    type Value<'a> = Vec<(String, String)>;

    fn read(&self, name: &str, fields: &Fields<'_>) -> Result<Option<Vec<(String, String)>>> {
        const PROPERTIES: usize = 64;
        let Some(given) = fields.get(name) else {
            return Ok(None);
        };
        let path = fields.name(name);
        let inner = Fields::from_value(given, &path)?;
        let mut settings = Vec::new();
        for key in inner.keys() {
            if key.len() > 64 || !is_name(key) || settings.len() == PROPERTIES {
                let expected = format!(
                    "at most {PROPERTIES} properties whose names are letters, digits and '_'"
                );
                return Err(FieldError::new(path, expected, quoted(key)));
            }
            let value = match inner.get(key) {
                Some(Value::String(_)) => {
                    let text = inner.text(key, limits::COMMAND_DATA_BYTES)?;
                    text.unwrap_or_default().to_owned()
                }
                Some(Value::Bool(truth)) => truth.to_string(),
                Some(value @ Value::Number(_)) => shown(value),
                other => {
                    let (field, found) = (inner.name(key), other.map_or("null", type_of));
                    return Err(FieldError::new(field, "text, a number or a boolean", found));
                }
            };
            settings.push((key.to_owned(), value));
        }
        at_least_one(settings, path).map(Some)
    }

    fn schema(&self) -> Value {
        json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number", "boolean"]}})
    }
}

fn at_least_one<T>(settings: Vec<T>, path: String) -> Result<Vec<T>> {
    if settings.is_empty() {
        return Err(FieldError::new(path, "at least one property", "none"));
    }
    Ok(settings)
}

/// A list of commands, unread: raw, typed, atomic or sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commands;

impl Form for Commands {
    type Value<'a> = &'a [Value];

    fn read<'a>(&self, name: &str, fields: &Fields<'a>) -> Result<Option<&'a [Value]>> {
        fields.list(name, limits::COMMAND_OPERATIONS)
    }

    fn schema(&self) -> Value {
        json!({"type": "array", "minItems": 1, "maxItems": limits::COMMAND_OPERATIONS, "items": {"type": "object"}})
    }
}
