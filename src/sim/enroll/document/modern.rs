//! DMClient and WSTEP: how a phone and a Windows 10 are told about polling and renewal.

use super::super::document_fault::DocumentFault;
use super::account::{Account, Polling, Renewal};
use super::wap::Characteristic;

/// Installs what is there.
pub(super) fn install(
    document: &Characteristic,
    account: &mut Account,
) -> Result<(), DocumentFault> {
    let renewal = renewal(document)?;
    for provider in document.of("DMClient").flat_map(|part| part.of("Provider")) {
        let [own] = &provider.children[..] else {
            return Err(DocumentFault::Missing("one Provider".to_owned()));
        };
        if own.kind != account.provider_id {
            return Err(DocumentFault::Provider("DMClient"));
        }
        for parm in &own.parms {
            let value = parm.value.clone().unwrap_or_default();
            account.dm_client.insert(parm.name.clone(), value);
        }
        // Push is set in a session; in the document it undoes the enrollment.
        if let Some(other) = own.children.iter().find(|child| child.kind != "Poll") {
            let what = format!("DMClient/{}", other.kind);
            return Err(DocumentFault::Characteristic(what));
        }
        for poll in own.of("Poll") {
            account.polling = Some(polling(poll)?);
            for name in ["PollOnLogin", "AllUsersPollOnFirstLogin"] {
                if poll.parm(name).is_some() {
                    let value = poll.boolean(name)?.to_string();
                    account.dm_client.insert(format!("Poll/{name}"), value);
                }
            }
        }
    }
    if renewal.is_some() {
        if !account.dm_client.contains_key("EntDMID") {
            return Err(DocumentFault::Missing("EntDMID".to_owned()));
        }
        account.renewal = renewal;
    }
    Ok(())
}

fn renewal(document: &Characteristic) -> Result<Option<Renewal>, DocumentFault> {
    let mut nodes = document
        .of("CertificateStore")
        .flat_map(|part| part.of("My"))
        .flat_map(|part| part.of("WSTEP"))
        .flat_map(|part| part.of("Renew"));
    let Some(renew) = nodes.next() else {
        return Ok(None);
    };
    if !renew.boolean("ROBOSupport")? {
        return Ok(None);
    }
    let number = |name, default| match renew.parm(name) {
        Some(_) => renew.integer(name),
        None => Ok(default),
    };
    let (period, retry) = (number("RenewPeriod", 42)?, number("RetryInterval", 7)?);
    if !(1..=1000).contains(&period) || retry == 0 || retry > period {
        return Err(DocumentFault::Value("WSTEP/Renew".to_owned()));
    }
    Ok(Some(Renewal {
        period_days: period,
        retry_days: Some(retry),
        server_url: renew.value("ServerURL").map(str::to_owned),
    }))
}

fn polling(poll: &Characteristic) -> Result<Polling, DocumentFault> {
    let set = |count, interval| Ok((poll.integer(count)?, poll.integer(interval)?));
    let sets = [
        set("NumberOfFirstRetries", "IntervalForFirstSetOfRetries")?,
        set("NumberOfSecondRetries", "IntervalForSecondSetOfRetries")?,
        set(
            "NumberOfRemainingScheduledRetries",
            "IntervalForRemainingScheduledRetries",
        )?,
    ];
    // The first number is never 0, which also rules out that all six are.
    if sets[0].0 == 0 {
        return Err(DocumentFault::Value("NumberOfFirstRetries".to_owned()));
    }
    Ok(Polling { sets })
}
