//! Which policy set was in force when, as the events about the server say.

use super::{App, AppError, Principal};
use modegate_core::audit::report::{PolicySpan, loaded_set};
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use uuid::Uuid;

/// Events that are read at once.
const CHUNK: usize = 500;
/// Events that one page looks at, about.
const LOOKED_AT: usize = 5_000;

/// Where a page of the list begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanPlace {
    /// Only events about the server with numbers below.
    pub(crate) before: u64,
    /// When the set that was in force until there was followed by another.
    pub(crate) until: Option<Timestamp>,
}

impl SpanPlace {
    /// The newest of them.
    pub(crate) const NEWEST: SpanPlace = SpanPlace {
        before: u64::MAX,
        until: None,
    };
}

/// A page of the list.
#[derive(Debug)]
pub(crate) struct SpanPage {
    /// The times in which one set was in force, the newest first.
    pub(crate) spans: Vec<PolicySpan>,
    /// Whether the last of them began earlier than it says: so far was not looked.
    pub(crate) is_cut: bool,
    /// Where the next page begins.
    pub(crate) next: Option<SpanPlace>,
}

/// The times in which one policy set was in force, the newest first, up to `limit` of them: from
/// `place` back, as far as the events about the server go or one request may look. For who sees
/// all devices.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    place: SpanPlace,
    limit: usize,
) -> Result<SpanPage, AppError> {
    by.unbound()?;
    // What concerns no device stands under the nil device.
    let none = DeviceId(Uuid::nil());
    let (mut walk, mut before) = (Walk::new(place, limit), place.before);
    for _ in 0..LOOKED_AT / CHUNK {
        let events = app.store.events_before(none, before, CHUNK).await?;
        for stored in &events {
            let event = &stored.event;
            before = event.seq;
            if let Some(digest) = loaded_set(event) {
                walk.take(digest, event.at, &event.actor, event.seq);
            }
            if walk.is_full() {
                return Ok(walk.full());
            }
        }
        if events.len() < CHUNK {
            return Ok(walk.at_the_beginning());
        }
    }
    Ok(walk.stopped(before))
}

/// Goes through the loads of policy sets from the newest back.
struct Walk {
    spans: Vec<PolicySpan>,
    /// The time whose beginning is not known yet.
    open: Option<PolicySpan>,
    /// Where that begins, seen from the newest event.
    from: SpanPlace,
    limit: usize,
}

impl Walk {
    fn new(from: SpanPlace, limit: usize) -> Self {
        Walk {
            spans: Vec::new(),
            open: None,
            from,
            limit,
        }
    }

    /// A set was loaded then, by this actor, as the event of this number says.
    fn take(&mut self, digest: &str, at: Timestamp, by: &str, number: u64) {
        if let Some(open) = self.open.as_mut().filter(|open| open.digest == digest) {
            open.from = at;
            open.by = Some(by.to_owned());
            open.loads += 1;
            return;
        }
        if let Some(ended) = self.open.take() {
            self.from = SpanPlace {
                before: number.saturating_add(1),
                until: Some(ended.from),
            };
            self.spans.push(ended);
        }
        self.open = Some(PolicySpan {
            digest: digest.to_owned(),
            from: at,
            by: Some(by.to_owned()),
            loads: 1,
            until: self.from.until,
        });
    }

    fn is_full(&self) -> bool {
        self.spans.len() >= self.limit
    }

    fn full(self) -> SpanPage {
        SpanPage {
            spans: self.spans,
            is_cut: false,
            next: Some(self.from),
        }
    }

    /// There are no earlier events.
    fn at_the_beginning(mut self) -> SpanPage {
        self.spans.extend(self.open);
        SpanPage {
            spans: self.spans,
            is_cut: false,
            next: None,
        }
    }

    /// Enough was looked at, up to the event of this number.
    fn stopped(mut self, before: u64) -> SpanPage {
        // The next page has the whole of what is open, unless that alone filled this one.
        let is_cut = self.spans.is_empty() && self.open.is_some();
        let next = match (is_cut, &self.open) {
            (true, Some(open)) => SpanPlace {
                before,
                until: Some(open.from),
            },
            (_, Some(_)) => self.from,
            (_, None) => SpanPlace {
                before,
                ..self.from
            },
        };
        if is_cut {
            self.spans.extend(self.open);
        }
        SpanPage {
            spans: self.spans,
            is_cut,
            next: Some(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spans of these loads, the newest first, as digests with from, until and loads.
    fn shown(page: &SpanPage) -> Vec<(&str, i64, Option<i64>, u64)> {
        let spans = page.spans.iter();
        let shown = spans.map(|span| {
            let until = span.until.map(|at| at.0);
            (&*span.digest, span.from.0, until, span.loads)
        });
        shown.collect()
    }

    fn walk(place: SpanPlace, limit: usize, loads: &[(&str, u64)]) -> Walk {
        let mut walk = Walk::new(place, limit);
        for (digest, number) in loads {
            if !walk.is_full() {
                let at = i64::try_from(*number).unwrap_or_default();
                walk.take(digest, Timestamp(at * 10), "server", *number);
            }
        }
        walk
    }

    #[test]
    fn loads_of_one_set_in_a_row_are_one_time_and_a_page_goes_on_where_the_last_ended() {
        let loads = [("c", 9), ("c", 8), ("b", 5), ("a", 2), ("a", 1)];
        let whole = walk(SpanPlace::NEWEST, 9, &loads).at_the_beginning();
        let all = [
            ("c", 80, None, 2),
            ("b", 50, Some(80), 1),
            ("a", 10, Some(50), 2),
        ];
        assert_eq!(shown(&whole), all);
        assert_eq!(whole.next, None);

        let first = walk(SpanPlace::NEWEST, 1, &loads).full();
        assert_eq!(shown(&first), all[..1]);
        let next = first.next.unwrap_or(SpanPlace::NEWEST);
        let rest: Vec<_> = loads
            .into_iter()
            .filter(|(_, no)| *no < next.before)
            .collect();
        let second = walk(next, 9, &rest).at_the_beginning();
        assert_eq!(shown(&second), all[1..]);
    }

    #[test]
    fn what_is_longer_than_a_page_looks_back_is_said_to_be_cut() {
        let cut = walk(SpanPlace::NEWEST, 9, &[("c", 9), ("c", 8)]).stopped(4);
        assert!(cut.is_cut);
        assert_eq!(shown(&cut), [("c", 80, None, 2)]);
        let goes_on = SpanPlace {
            before: 4,
            until: Some(Timestamp(80)),
        };
        assert_eq!(cut.next, Some(goes_on));
        // With something to show, the rest is left to the next page.
        let some = walk(SpanPlace::NEWEST, 9, &[("c", 9), ("b", 5)]).stopped(4);
        assert!(!some.is_cut);
        assert_eq!(shown(&some), [("c", 90, None, 1)]);
        assert_eq!(some.next.map(|next| next.before), Some(6));
        // Nothing was found: on with what is before.
        let none = walk(SpanPlace::NEWEST, 9, &[]).stopped(4);
        assert_eq!(none.next.map(|next| next.before), Some(4));
    }
}
