//! What paths and queries say, and pages of lists.

use actix_web::Error;
use actix_web::error::QueryPayloadError;
use serde::{Deserialize, Serialize};

use super::{ApiResponse, Caller};
use crate::app::device_list::DevicePage;
use crate::app::word::{Words, all_words};
use crate::app::{Listed, Page};
use crate::http::problem::Problem;
use modegate_core::fields::quoted;
use modegate_core::time::Timestamp;
use modegate_store::fleet::DevicePlace;
use modegate_store::seal::CursorList;

/// A query that no handler can read: what the table does not name of it is wrong.
pub(in crate::http) fn bad_query(error: &QueryPayloadError) -> Error {
    Problem::field("query", "parameters as documented", error).into()
}

/// Where a list goes on, and how long a page is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    after: Option<String>,
    limit: Option<usize>,
}

impl Paging {
    /// What the caller saw last, if it says so.
    pub(super) fn after(&self) -> Result<Option<u64>, Problem> {
        let read = |text: &str| {
            // The store counts in signed numbers.
            let place = text.parse().ok();
            let place = place.filter(|place| i64::try_from(*place).is_ok());
            place.ok_or_else(|| not_shown("after", text))
        };
        self.after.as_deref().map(read).transpose()
    }

    /// The same in a list that contains more than the caller may see.
    pub(super) fn after_in(
        &self,
        caller: &Caller,
        list: CursorList,
    ) -> Result<Option<u64>, Problem> {
        let read = |text: &str| {
            let place = caller.app().place(caller.by(), list, text);
            place.ok_or_else(|| not_shown("after", text))
        };
        self.after.as_deref().map(read).transpose()
    }

    /// The page.
    pub(super) fn page(&self) -> Result<Page, Problem> {
        Ok(self.page_behind(self.after()?))
    }

    /// The page of a list that contains more than the caller may see.
    pub(super) fn page_in(&self, caller: &Caller, list: CursorList) -> Result<Page, Problem> {
        Ok(self.page_behind(self.after_in(caller, list)?))
    }

    /// The page of a list of devices, by name or not.
    pub(super) fn device_page(
        &self,
        caller: &Caller,
        is_by_name: bool,
    ) -> Result<DevicePage, Problem> {
        let read = |text: &str| {
            let place = caller.app().device_place(caller.by(), is_by_name, text);
            place.ok_or_else(|| not_shown("after", text))
        };
        let after = self.after.as_deref().map(read).transpose()?;
        Ok(DevicePage {
            after: after.unwrap_or_default(),
            limit: self.limit(),
        })
    }

    fn page_behind(&self, after: Option<u64>) -> Page {
        let limit = self.limit();
        Page { after, limit }
    }

    fn limit(&self) -> usize {
        let limit = self.limit.unwrap_or(50);
        limit.clamp(1, crate::limits::PAGE_ITEMS)
    }
}

fn not_shown(name: &str, text: &str) -> Problem {
    Problem::field(name, "the 'next' of the previous page", quoted(text))
}

/// A page as it is answered.
#[derive(Debug, Serialize)]
struct PageView<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// A page of a list, each entry as `view` shows it.
pub(super) fn page<T, U: Serialize>(listed: Listed<T>, view: impl FnMut(T) -> U) -> ApiResponse {
    page_with(listed, |next| next.to_string(), view)
}

/// The same of a list that contains more than the caller may see.
pub(super) fn page_in<T, U: Serialize>(
    caller: &Caller,
    list: CursorList,
    listed: Listed<T>,
    view: impl FnMut(T) -> U,
) -> ApiResponse {
    let next = |next| caller.app().cursor(caller.by(), list, next);
    page_with(listed, next, view)
}

/// The same of a list of devices.
pub(super) fn device_page<T, U: Serialize>(
    caller: &Caller,
    listed: Listed<T, DevicePlace>,
    view: impl FnMut(T) -> U,
) -> ApiResponse {
    let next = |next| caller.app().device_cursor(caller.by(), &next);
    page_with(listed, next, view)
}

fn page_with<T, P, U: Serialize>(
    listed: Listed<T, P>,
    next: impl FnOnce(P) -> String,
    view: impl FnMut(T) -> U,
) -> ApiResponse {
    ApiResponse::ok(&PageView {
        items: listed.items.into_iter().map(view).collect(),
        next: listed.next.map(next),
    })
}

/// A text, if one is given; an empty parameter counts as none.
pub(super) fn text(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

/// A time, if one is given; an empty parameter counts as none.
pub(super) fn time(name: &str, value: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    Timestamp::parse(value).map(Some).ok_or_else(|| {
        let expected = "a time in RFC 3339, such as 2026-11-29T02:00:00Z";
        Problem::field(name, expected, quoted(value))
    })
}

/// One of a closed list of words, if one is given; an empty parameter counts as none.
pub(super) fn word<T: Words>(name: &str, value: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let known = T::ALL.iter().find(|one| one.word() == value).copied();
    known.map(Some).ok_or_else(|| {
        let expected = format!("one of {}", all_words::<T>().join(", "));
        Problem::field(name, expected, quoted(value))
    })
}
