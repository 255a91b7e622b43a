//! Pages of lists.

use super::error::AppError;
use modegate_store::Chunk;

/// A page of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// Where it begins: behind what the last page ended with. `None` for the first.
    pub(crate) after: Option<u64>,
    /// The most entries that it has.
    pub(crate) limit: usize,
}

/// The entries of a page, and where the next one begins, if there may be one.
#[derive(Debug)]
pub(crate) struct Listed<T, P = u64> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// [`Page::after`] of the next page.
    pub(crate) next: Option<P>,
}

impl<T, P> Listed<T, P> {
    /// All there are.
    pub(crate) fn all(items: Vec<T>) -> Self {
        Listed { items, next: None }
    }
}

impl<T> Listed<T> {
    /// A page of a short list, of which the position says where it goes on.
    pub(crate) fn cut(items: Vec<T>, page: Page) -> Self {
        let from = usize::try_from(page.after.unwrap_or(0)).unwrap_or(usize::MAX);
        let to = from.saturating_add(page.limit);
        Listed {
            next: (to < items.len()).then_some(to as u64),
            items: items.into_iter().skip(from).take(page.limit).collect(),
        }
    }

    /// A page that a store filled: there may be more where it is full.
    pub(crate) fn from_page(items: Vec<T>, limit: usize, place: impl Fn(&T) -> u64) -> Self {
        let last = items.last().filter(|_| items.len() == limit);
        Listed {
            next: last.map(place),
            items,
        }
    }

    /// The same, without the entries behind the one that reaches so many bytes; `place` is
    /// where the next page begins behind an entry.
    pub(super) fn up_to(
        mut self,
        bytes: u64,
        weigh: impl Fn(&T) -> u64,
        place: impl Fn(&T) -> u64,
    ) -> Self {
        let mut total = 0;
        let reaches = self.items.iter().position(|item| {
            total += weigh(item);
            total >= bytes
        });
        if let Some(at) = reaches.filter(|at| at + 1 < self.items.len()) {
            self.items.truncate(at + 1);
            self.next = self.items.last().map(place);
        }
        self
    }

    /// The same with each entry as something else, or left out.
    pub(crate) fn filter_map<U>(self, map: impl FnMut(T) -> Option<U>) -> Listed<U> {
        Listed {
            items: self.items.into_iter().filter_map(map).collect(),
            next: self.next,
        }
    }
}

/// How much a [`scan`] takes on.
pub(super) struct ScanBounds<T> {
    /// Things looked at, at most, so that a page may have fewer entries than asked for
    /// while the list goes on.
    pub(super) looks: usize,
    /// Bytes of the entries: a page ends with the one that reaches it.
    pub(super) bytes: u64,
    /// Bytes of one entry, about.
    pub(super) weigh: fn(&T) -> u64,
}

/// Looks at one thing after the other, in chunks as `read` reads them behind a place,
/// until the page is full.
pub(super) async fn scan<T>(
    page: Page,
    bounds: ScanBounds<T>,
    read: impl AsyncFn(u64) -> Result<Chunk<T>, AppError>,
    place: impl Fn(&T) -> u64,
    takes: impl Fn(&T) -> bool,
) -> Result<Listed<T>, AppError> {
    let mut after = page.after.unwrap_or(0);
    let (mut items, mut walked, mut bytes) = (Vec::new(), 0, 0);
    while walked < bounds.looks {
        let found = read(after).await?;
        walked += found.items.len();
        for one in found.items {
            after = place(&one);
            if takes(&one) {
                bytes += (bounds.weigh)(&one);
                items.push(one);
            }
            if items.len() == page.limit || bytes >= bounds.bytes {
                let next = Some(after);
                return Ok(Listed { items, next });
            }
        }
        if !found.more {
            return Ok(Listed::all(items));
        }
    }
    let next = Some(after);
    Ok(Listed { items, next })
}
