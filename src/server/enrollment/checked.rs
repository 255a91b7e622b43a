//! What an issuer outside made is checked before a device gets it: the device would trust its
//! root, and this server would take the certificate for the device.

use x509_parser::prelude::{FromDer, X509Certificate};

use super::issuer::{CertificateRequest, IssuedCertificate, Unusable};
use crate::pem;
use modegate_core::time::Timestamp;

/// A device takes one root and one intermediate.
const ISSUERS: usize = 2;
/// How much earlier or later than asked for a certificate may begin and end, milliseconds:
/// certificates have whole seconds, and an issuer may cut off the last day.
const SLACK_MS: i64 = 24 * 60 * 60 * 1000;

/// Reads what an issuer answered: PEM, the device's certificate first, the root last.
pub(super) fn read(answer: &[u8]) -> Result<IssuedCertificate, Unusable> {
    let all = pem::certificates(answer).map_err(|_| Unusable::Form)?;
    let mut ders = all.into_iter().map(|der| der.to_vec());
    Ok(IssuedCertificate {
        leaf_der: ders.next().ok_or(Unusable::Form)?,
        chain_der: ders.collect(),
    })
}

/// Checks what was signed against what was asked for.
pub(super) fn check(
    issued: &IssuedCertificate,
    request: &CertificateRequest,
    now: Timestamp,
) -> Result<(), Unusable> {
    if issued.chain_der.is_empty() {
        return Err(Unusable::Form);
    }
    if issued.chain_der.len() > ISSUERS {
        return Err(Unusable::Chain);
    }
    let parse = |der| match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Unusable::Form),
    };
    let leaf = parse(issued.leaf_der.as_slice())?;
    let mut chain = vec![leaf];
    for der in &issued.chain_der {
        chain.push(parse(der)?);
    }
    check_leaf(&chain[0], request, now)?;
    // The root is signed by itself.
    let parents = chain.iter().skip(1).chain(chain.last());
    let mut pairs = chain.iter().zip(parents);
    let is_signed = |child: &X509Certificate<'_>, parent: &X509Certificate<'_>| {
        parent.is_ca()
            && child.issuer() == parent.subject()
            && child.verify_signature(Some(parent.public_key())).is_ok()
    };
    if pairs.all(|(child, parent)| is_signed(child, parent)) {
        Ok(())
    } else {
        Err(Unusable::Signature)
    }
}

fn check_leaf(
    leaf: &X509Certificate<'_>,
    request: &CertificateRequest,
    now: Timestamp,
) -> Result<(), Unusable> {
    if leaf.public_key().raw != request.spki_der {
        return Err(Unusable::Key);
    }
    let ms = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
    let (from, until) = (
        ms(leaf.validity().not_before.timestamp()),
        ms(leaf.validity().not_after.timestamp()),
    );
    // Whoever asked was allowed so long and no longer.
    let outlasts = until.ms_since(request.not_after) > SLACK_MS;
    let begins_elsewhere = from.ms_since(request.not_before).abs() > SLACK_MS;
    if begins_elsewhere || until <= now || outlasts {
        return Err(Unusable::Validity);
    }
    let usage = leaf.extended_key_usage().ok().flatten();
    let is_for_clients = usage.is_some_and(|usage| usage.value.client_auth);
    if leaf.is_ca() || !is_for_clients {
        return Err(Unusable::Usage);
    }
    Ok(())
}
