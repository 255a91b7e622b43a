//! APPLICATION: the DM account (w7).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::super::certificate::Certificate;
use super::super::document_fault::DocumentFault;
use super::super::family::Family;
use super::wap::Characteristic;
use crate::secret::{self, Secret};

/// A DM account as it was installed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// PROVIDER-ID.
    pub provider_id: String,
    /// NAME, which the user sees.
    pub name: String,
    /// ADDR: the device endpoint.
    pub address: String,
    /// Whether DEFAULTENCODING is WBXML.
    pub wbxml: bool,
    /// What the device proves itself with (APPSRV).
    pub device: AccountCredentials,
    /// What the server proves itself with (CLIENT).
    pub server: AccountCredentials,
    /// SSPHyperlink: the portal that PC settings link to.
    pub portal: Option<String>,
    /// When it connects.
    pub polling: Option<Polling>,
    /// When it renews its certificate.
    pub renewal: Option<Renewal>,
    /// Further nodes of DMClient: name to value.
    pub dm_client: BTreeMap<String, String>,
}

/// One of the two sides' credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountCredentials {
    /// AAUTHNAME; the PROVIDER-ID where there is none.
    pub name: String,
    /// AAUTHSECRET, printed nowhere.
    #[serde(with = "secret::kept")]
    pub secret: Secret,
    /// Whether AAUTHTYPE is DIGEST.
    pub digest: bool,
    /// AAUTHDATA: the nonce for the first message.
    pub nonce: Vec<u8>,
}

/// Retries: how many, and after how many minutes each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polling {
    /// The three sets, in the order in which they run.
    pub sets: [(u32, u32); 3],
}

/// When the certificate is renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// How many days before it expires.
    pub period_days: u32,
    /// Days between two tries, where that is said.
    pub retry_days: Option<u32>,
    /// The address for it, where that is said.
    pub server_url: Option<String>,
}

/// Reads APPLICATION.
pub(super) fn read(
    family: Family,
    document: &Characteristic,
    leaf: &Certificate,
) -> Result<Account, DocumentFault> {
    let parts: Vec<&Characteristic> = document.of("APPLICATION").collect();
    let [part] = parts[..] else {
        return Err(DocumentFault::Missing("one APPLICATION".to_owned()));
    };
    if part.need("APPID")? != "w7" {
        return Err(DocumentFault::Value("APPID".to_owned()));
    }
    let provider_id = part.need("PROVIDER-ID")?.to_owned();
    let encoding = part.need("DEFAULTENCODING")?;
    let wbxml = match encoding {
        "application/vnd.syncml.dm+xml" => false,
        "application/vnd.syncml.dm+wbxml" => true,
        _ => return Err(DocumentFault::Value("DEFAULTENCODING".to_owned())),
    };
    check_numbers(part)?;
    check_criteria(part.need("SSLCLIENTCERTSEARCHCRITERIA")?, family, leaf)?;
    Ok(Account {
        name: part.need("NAME")?.to_owned(),
        address: address(family, part)?,
        wbxml,
        device: credentials(part, "APPSRV", &provider_id)?,
        server: credentials(part, "CLIENT", &provider_id)?,
        portal: portal(part)?,
        provider_id,
        polling: None,
        renewal: None,
        dm_client: BTreeMap::new(),
    })
}

/// Numbers of the connection are numbers, where they are given.
fn check_numbers(part: &Characteristic) -> Result<(), DocumentFault> {
    for name in [
        "ROLE",
        "CRLCheck",
        "CONNRETRYFREQ",
        "INITIALBACKOFFTIME",
        "MAXBACKOFFTIME",
    ] {
        let number = part.value(name).map(str::parse::<u32>);
        if number.is_some_and(|number| number.is_err()) {
            return Err(DocumentFault::Value(name.to_owned()));
        }
    }
    let flag = part.parm("BACKCOMPATRETRYDISABLED");
    if flag.is_some_and(|flag| flag.value.is_some()) {
        let what = "BACKCOMPATRETRYDISABLED has no value".to_owned();
        return Err(DocumentFault::Value(what));
    }
    Ok(())
}

/// 8.1 adds its own query to ADDR, and wants the same address as ServerList.
fn address(family: Family, part: &Characteristic) -> Result<String, DocumentFault> {
    let address = part.need("ADDR")?;
    if !address.starts_with("https://") {
        return Err(DocumentFault::Address("expected https"));
    }
    if address.contains(char::is_whitespace) || reqwest::Url::parse(address).is_err() {
        return Err(DocumentFault::Address("expected a URL"));
    }
    if family == Family::Windows81 {
        if address.contains('?') {
            return Err(DocumentFault::Address("expected no query"));
        }
        if part.need("ServerList")? != address {
            return Err(DocumentFault::Address("expected the same in ServerList"));
        }
    }
    Ok(address.to_owned())
}

fn portal(part: &Characteristic) -> Result<Option<String>, DocumentFault> {
    match part.value("SSPHyperlink") {
        Some(link) if !link.starts_with("https://") => {
            Err(DocumentFault::Value("SSPHyperlink".to_owned()))
        }
        link => Ok(link.map(str::to_owned)),
    }
}

fn credentials(
    part: &Characteristic,
    level: &str,
    provider_id: &str,
) -> Result<AccountCredentials, DocumentFault> {
    let mut sections = part.of("APPAUTH");
    let section = sections
        .find(|section| section.value("AAUTHLEVEL") == Some(level))
        .ok_or_else(|| DocumentFault::Missing(format!("APPAUTH {level}")))?;
    let digest = match (section.need("AAUTHTYPE")?, level) {
        ("DIGEST", _) => true,
        ("BASIC", "APPSRV") => false,
        _ => return Err(DocumentFault::Value(format!("AAUTHTYPE of {level}"))),
    };
    let nonce = section.need("AAUTHDATA")?;
    let nonce = STANDARD
        .decode(nonce)
        .map_err(|_| DocumentFault::Value(format!("AAUTHDATA of {level}")))?;
    let name = match level {
        "APPSRV" => section.need("AAUTHNAME")?,
        _ => section.value("AAUTHNAME").unwrap_or(provider_id),
    };
    Ok(AccountCredentials {
        name: name.to_owned(),
        secret: Secret::new(section.need("AAUTHSECRET")?),
        digest,
        nonce,
    })
}

/// `Subject=<encoded name>&Stores=MY%5CUser`: without a match no certificate is presented.
fn check_criteria(criteria: &str, family: Family, leaf: &Certificate) -> Result<(), DocumentFault> {
    let mut subjects = Vec::new();
    for pair in criteria.split('&') {
        let (name, value) = pair.split_once('=').ok_or(DocumentFault::Criteria)?;
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        match name {
            "Subject" => subjects.push(value),
            "Stores" => check_store(&value, family)?,
            _ => return Err(DocumentFault::Criteria),
        }
    }
    let own = leaf.subject_text();
    let fits = |subject: &String| subject.split('\u{f000}').any(|name| name == own);
    let matched = subjects.iter().any(fits);
    matched.then_some(()).ok_or(DocumentFault::Criteria)
}

fn check_store(store: &str, family: Family) -> Result<(), DocumentFault> {
    let fits = match family {
        Family::Windows81 => store.eq_ignore_ascii_case("MY\\User"),
        _ => store.eq_ignore_ascii_case("My\\User") || store.eq_ignore_ascii_case("My\\System"),
    };
    fits.then_some(()).ok_or(DocumentFault::Criteria)
}
