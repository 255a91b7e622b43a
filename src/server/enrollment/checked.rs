//! What an issuer outside made is checked before a device gets it: the device would trust its
//! root, and this server would take the certificate for the device.

use x509_parser::prelude::{FromDer, X509Certificate};

use super::issuer::{CertificateRequest, IssueError, IssuedCertificate, Unusable};
use crate::pem;
use modegate_core::time::Timestamp;

/// A device takes one root and one intermediate.
const ISSUERS: usize = 2;
/// How far an issuer's clock may be ahead, or its certificate outlast what was asked for.
const LENIENCY_MS: i64 = 24 * 60 * 60 * 1000;

/// Reads what an issuer answered: PEM, the device's certificate first, the root last.
pub(super) fn read(
    answer: &[u8],
    request: &CertificateRequest,
    now: Timestamp,
) -> Result<IssuedCertificate, IssueError> {
    let all = pem::certificates(answer).map_err(|_| IssueError::Unusable(Unusable::Form))?;
    let mut ders = all.into_iter().map(|der| der.to_vec());
    let issued = IssuedCertificate {
        leaf: ders.next().ok_or(IssueError::Unusable(Unusable::Form))?,
        issuers: ders.collect(),
    };
    check(&issued, request, now).map_err(IssueError::Unusable)?;
    Ok(issued)
}

fn check(
    issued: &IssuedCertificate,
    request: &CertificateRequest,
    now: Timestamp,
) -> Result<(), Unusable> {
    if issued.issuers.is_empty() {
        return Err(Unusable::Form);
    }
    if issued.issuers.len() > ISSUERS {
        return Err(Unusable::Chain);
    }
    let parse = |der| match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Unusable::Form),
    };
    let leaf = parse(issued.leaf.as_slice())?;
    let mut chain = vec![leaf];
    for der in &issued.issuers {
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
    if leaf.public_key().raw != request.key {
        return Err(Unusable::Key);
    }
    let ms = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
    let (from, until) = (
        ms(leaf.validity().not_before.timestamp()),
        ms(leaf.validity().not_after.timestamp()),
    );
    let outlasts = until.ms_since(request.not_after) > LENIENCY_MS;
    if from.ms_since(now) > LENIENCY_MS || until <= now || outlasts {
        return Err(Unusable::Validity);
    }
    let usage = leaf.extended_key_usage().ok().flatten();
    let is_for_clients = usage.is_some_and(|usage| usage.value.client_auth);
    if leaf.is_ca() || !is_for_clients {
        return Err(Unusable::Usage);
    }
    Ok(())
}
