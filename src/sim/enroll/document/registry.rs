//! Registry: how 8.1 is told about polling, renewal and the account's certificate.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use percent_encoding::percent_decode_str;

use super::super::certificate::Certificate;
use super::super::document_fault::DocumentFault;
use super::account::{Account, Polling, Renewal};
use super::wap::Characteristic;

const ENROLLMENT: &str = "hklm\\security\\machineenrollment";
const RETRY: &str = "hklm\\security\\machineenrollment\\omadmretry";
const MACHINE: &str = "hklm\\software\\windows\\currentversion\\mdm\\machineenrollment";
const ACCOUNTS: &str = "hklm\\security\\provisioning\\omadm\\accounts\\";

/// Registry keys in lower case, each with its values.
type Keys = BTreeMap<String, Characteristic>;

/// Installs it all: MS-MDE 3.6.
pub(super) fn install(
    document: &Characteristic,
    (root, certificate): (String, String),
    leaf: &Certificate,
    account: &mut Account,
) -> Result<(), DocumentFault> {
    let keys = keys(document)?;
    account.renewal = Some(renewal(key(&keys, ENROLLMENT)?)?);
    account.polling = Some(polling(key(&keys, RETRY)?)?);
    let machine = key(&keys, MACHINE)?;
    if machine.parm("DeviceName").is_none() {
        return Err(DocumentFault::Missing("DeviceName".to_owned()));
    }
    let subject = leaf.subject_text();
    for (name, expected) in [
        ("SslServerRootCertHash", root.as_str()),
        ("SslClientCertHash", &certificate),
        ("SslClientCertSubjectName", &subject),
    ] {
        if decoded(machine.need(name)?) != expected {
            return Err(DocumentFault::Registry(name));
        }
    }
    let store = decoded(machine.need("SslClientCertStore")?);
    // The specification's own sample has the certificate in the user's store, and this.
    if !["MY\\System", "MY\\User"].contains(&store.as_str()) {
        return Err(DocumentFault::Registry("SslClientCertStore"));
    }
    check_reference(&keys, &account.provider_id, &certificate)
}

/// Polling and renewal, as far as a phone is told them here.
pub(super) fn install_schedule(
    document: &Characteristic,
    account: &mut Account,
) -> Result<(), DocumentFault> {
    let keys = keys(document)?;
    if let Some(retry) = keys.get(RETRY) {
        account.polling = Some(polling(retry)?);
    }
    let enrollment = keys.get(ENROLLMENT);
    if let Some(values) = enrollment.filter(|values| values.parm("RenewalPeriod").is_some()) {
        account.renewal = Some(renewal(values)?);
    }
    Ok(())
}

fn renewal(values: &Characteristic) -> Result<Renewal, DocumentFault> {
    Ok(Renewal {
        period_days: values.integer("RenewalPeriod")?,
        retry_days: None,
        server_url: None,
    })
}

fn check_reference(keys: &Keys, provider_id: &str, certificate: &str) -> Result<(), DocumentFault> {
    let expected = account_key(provider_id);
    let mut accounts = keys
        .iter()
        .filter_map(|(path, values)| Some((path.strip_prefix(ACCOUNTS)?, values)));
    let (name, values) = accounts
        .next()
        .ok_or_else(|| DocumentFault::Missing("Accounts".to_owned()))?;
    // Paths are in lower case here; letter case does not count in the registry.
    if !name.eq_ignore_ascii_case(&expected) || accounts.next().is_some() {
        return Err(DocumentFault::AccountKey(name.to_uppercase()));
    }
    let reference = values.need("SslClientCertReference")?;
    let parts: Vec<&str> = reference.split(';').collect();
    match parts[..] {
        ["My", "System" | "User", hash] if hash == certificate => Ok(()),
        _ => Err(DocumentFault::Registry("SslClientCertReference")),
    }
}

/// The name of an account's key: MD5 of the PROVIDER-ID in UTF-16LE, upper-case hexadecimal.
fn account_key(provider_id: &str) -> String {
    let bytes: Vec<u8> = provider_id
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let digest = Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn polling(retry: &Characteristic) -> Result<Polling, DocumentFault> {
    let set = |count, interval| Ok((retry.integer(count)?, retry.integer(interval)?));
    Ok(Polling {
        sets: [
            set("NumRetries", "RetryInterval")?,
            set("AuxNumRetries", "AuxRetryInterval")?,
            set("Aux2NumRetries", "Aux2RetryInterval")?,
        ],
    })
}

/// The keys by their whole paths, however they are nested.
fn keys(document: &Characteristic) -> Result<Keys, DocumentFault> {
    fn walk(path: &str, part: &Characteristic, keys: &mut Keys) {
        for child in &part.children {
            let path = match path {
                "" => child.kind.to_lowercase(),
                path => format!("{path}\\{}", child.kind.to_lowercase()),
            };
            let entry = keys.entry(path.clone()).or_default();
            entry.kind.clone_from(&path);
            entry.parms.extend(child.parms.iter().cloned());
            walk(&path, child, keys);
        }
    }
    let mut found = Keys::new();
    for registry in document.of("Registry") {
        walk("", registry, &mut found);
    }
    let known = |path: &String| {
        ["hklm", ENROLLMENT, RETRY, MACHINE].contains(&path.as_str()) || path.starts_with(ACCOUNTS)
    };
    let empty = |values: &Characteristic| values.parms.is_empty();
    match found
        .iter()
        .find(|(path, values)| !known(path) && !empty(values))
    {
        Some((path, _)) => Err(DocumentFault::Characteristic(format!("Registry/{path}"))),
        None => Ok(found),
    }
}

fn key<'a>(keys: &'a Keys, path: &str) -> Result<&'a Characteristic, DocumentFault> {
    keys.get(path)
        .ok_or_else(|| DocumentFault::Missing(format!("Registry/{path}")))
}

fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_keys_are_those_that_are_known() {
        for (provider_id, key) in [
            ("MS DM Server", "037B1F0D3842015588E753CDE76EC724"),
            ("modegate", "ADDED6F93DADADF1F5B4EAA67D995169"),
        ] {
            assert_eq!(account_key(provider_id), key);
        }
    }
}
