//! `GET /console/jump`: from what somebody has at hand to its page.

use actix_web::web;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::app::device_list::{self, DeviceFilter, DevicePage};
use crate::app::{AppError, installs};
use crate::http::pages::visitor::see_other;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::ids::{CommandId, DeviceId};
use modegate_core::installs::InstallId;
use modegate_core::limits::NAME_BYTES;

/// What somebody has at hand.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http::pages) struct JumpQuery {
    q: String,
}

/// `GET /console/jump`: to the device, the command or the install of this id, to the one device
/// whose name or user this is, or to the list of those that begin so.
pub(in crate::http::pages) async fn jump(visitor: Visitor, query: web::Query<JumpQuery>) -> Page {
    let text = query.q.trim();
    if text.is_empty() {
        return Ok(see_other("/console/devices"));
    }
    if text.len() > NAME_BYTES {
        let expected = format!("at most {NAME_BYTES} bytes");
        return Err(Problem::field("q", expected, text.len()));
    }
    if let Some(place) = by_id(&visitor, text).await? {
        return Ok(see_other(&place));
    }
    let source = DeviceFilter {
        source: Some(text.to_owned()),
        ..DeviceFilter::default()
    };
    let user = DeviceFilter {
        user: Some(text.to_owned()),
        ..DeviceFilter::default()
    };
    for filter in [source, user] {
        if let Some(id) = only(&visitor, &filter).await? {
            return Ok(see_other(&format!("/console/devices/{id}")));
        }
    }
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC);
    Ok(see_other(&format!("/console/devices?q={text}")))
}

/// The page of what has this id, if there is any that the visitor may see.
async fn by_id(visitor: &Visitor, text: &str) -> Result<Option<String>, Problem> {
    let (app, by) = (visitor.app(), visitor.by());
    let (device, place) = if let Ok(id) = text.parse::<InstallId>() {
        match installs::find(app, by, id).await {
            Ok(_) => return Ok(Some(format!("/console/installs/{id}"))),
            Err(AppError::Missing(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    } else if let Ok(id) = text.parse::<CommandId>() {
        (id.device, format!("/console/commands/{id}"))
    } else if let Ok(id) = text.parse::<DeviceId>() {
        (id, format!("/console/devices/{id}"))
    } else {
        return Ok(None);
    };
    match by.device(app, device).await {
        Ok(_) => Ok(Some(place)),
        Err(AppError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The id of the only device that the filter takes.
async fn only(visitor: &Visitor, filter: &DeviceFilter) -> Result<Option<DeviceId>, Problem> {
    let page = DevicePage {
        after: Default::default(),
        limit: 2,
    };
    let listed = device_list::list(visitor.app(), visitor.by(), filter, page).await?;
    match &listed.items[..] {
        [one] if listed.next.is_none() => Ok(Some(one.id)),
        _ => Ok(None),
    }
}
