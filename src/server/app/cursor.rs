//! Places in lists that contain more than a caller may see. They are numbers that count
//! everything: a caller that is bound to groups gets them sealed, for itself and for that
//! list, so that it cannot work out how much of others there is.

use data_encoding::BASE64URL_NOPAD;

use super::context::App;
use super::principal::Principal;
use modegate_store::fleet::DevicePlace;
use modegate_store::seal::{CursorList, SealContext};

/// Longest text of a place: in a list by name it has the name, of up to 256 bytes, which in
/// lower case may be half as long again.
pub(crate) const CURSOR_BYTES: usize = 768;

impl App {
    /// A place as this caller is shown it.
    pub(crate) fn cursor(&self, by: &Principal, list: CursorList, place: u64) -> String {
        if by.sees_all() {
            return place.to_string();
        }
        let context = context(by, list);
        let sealed = self.keys.seal(context, &place.to_be_bytes());
        // Sealing a few bytes fails for want of random numbers only: no place is shown then,
        // and the list begins anew.
        sealed.map_or_else(|_| "0".to_owned(), |bytes| BASE64URL_NOPAD.encode(&bytes))
    }

    /// The place that a text stands for which this caller was shown. The beginning is no
    /// secret.
    pub(crate) fn place(&self, by: &Principal, list: CursorList, text: &str) -> Option<u64> {
        if by.sees_all() || text == "0" {
            let place = text.parse().ok();
            // The store counts in signed numbers.
            return place.filter(|place| i64::try_from(*place).is_ok());
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let place = self.keys.open(context(by, list), &sealed).ok()?;
        place.try_into().ok().map(u64::from_be_bytes)
    }

    /// A place in the list of devices as this caller is shown it.
    pub(crate) fn device_cursor(&self, by: &Principal, place: &DevicePlace) -> String {
        if place.name.is_empty() {
            return self.cursor(by, CursorList::Devices, place.number);
        }
        let plain = [&place.number.to_be_bytes()[..], place.name.as_bytes()].concat();
        let bytes = match by.sees_all() {
            true => Ok(plain),
            false => self.keys.seal(context(by, CursorList::DeviceNames), &plain),
        };
        bytes.map_or_else(|_| "0".to_owned(), |bytes| BASE64URL_NOPAD.encode(&bytes))
    }

    /// The place in the list of devices, by name or not, that a text stands for which this
    /// caller was shown.
    pub(crate) fn device_place(
        &self,
        by: &Principal,
        is_by_name: bool,
        text: &str,
    ) -> Option<DevicePlace> {
        if !is_by_name || text == "0" {
            let number = self.place(by, CursorList::Devices, text)?;
            let name = String::new();
            return Some(DevicePlace { name, number });
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let plain = match by.sees_all() {
            true => bytes,
            false => {
                let context = context(by, CursorList::DeviceNames);
                self.keys.open(context, &bytes).ok()?
            }
        };
        let (number, name) = plain.split_first_chunk()?;
        let number = u64::from_be_bytes(*number);
        let name = String::from_utf8(name.to_vec()).ok()?;
        i64::try_from(number).ok()?;
        Some(DevicePlace { name, number })
    }
}

fn context(by: &Principal, list: CursorList) -> SealContext {
    SealContext::Cursor(list, by.token_id().0.as_u128())
}
