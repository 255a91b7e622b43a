//! `/refused-devices`: who asked for a session lately and was not let in.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query::{text, word};
use super::{Caller, HandlerResult, page};
use crate::app::Listed;
use crate::app::input::Time;
use crate::app::refused_devices::{RefusedFilter, list as list_refused};
use crate::app::word::Word;
use crate::http::problem::Problem;
use crate::sync::Refused;
use modegate_core::device::{AuthFailure, CertificateDigest};
use modegate_core::fields::quoted;

/// Equal requests that were refused.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RefusedDevice")]
pub(super) struct RefusedView {
    /// What they called themselves.
    source: String,
    reason: Word<AuthFailure>,
    /// Where they came from.
    address: Option<String>,
    /// The certificate that they showed.
    certificate_sha256: Option<String>,
    /// The device that is registered under that source.
    device: Option<String>,
    first_at: Time,
    last_at: Time,
    count: u64,
}

impl From<Refused> for RefusedView {
    fn from(refused: Refused) -> Self {
        RefusedView {
            source: refused.source.0,
            reason: Word(refused.reason),
            address: refused.address.map(|address| address.to_string()),
            certificate_sha256: refused.certificate.map(|digest| digest.to_string()),
            device: refused.device.map(|device| device.to_string()),
            first_at: Time(refused.first_at),
            last_at: Time(refused.last_at),
            count: refused.count,
        }
    }
}

/// Which entries to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    source: Option<String>,
    address: Option<String>,
    certificate_sha256: Option<String>,
    reason: Option<String>,
}

/// `GET /refused-devices`.
pub(super) async fn list(caller: Caller, query: web::Query<FilterQuery>) -> HandlerResult {
    let query = query.into_inner();
    let address = text(query.address).map(|text| {
        let wrong = |_| Problem::field("address", "an IP address", quoted(&text));
        text.parse().map_err(wrong)
    });
    let digest = text(query.certificate_sha256).map(|hex| {
        let expected = "64 hexadecimal digits";
        CertificateDigest::from_hex(&hex)
            .ok_or_else(|| Problem::field("certificate_sha256", expected, quoted(&hex)))
    });
    let filter = RefusedFilter {
        source: text(query.source),
        address: address.transpose()?,
        certificate: digest.transpose()?,
        reason: word("reason", query.reason.as_deref())?,
    };
    caller
        .read(move |caller| async move {
            let found = list_refused(caller.app(), caller.by(), &filter)?;
            Ok(page(Listed::all(found), RefusedView::from))
        })
        .await
}
