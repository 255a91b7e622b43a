//! A rate limit as data: a token bucket that holds no clock.
//!
//! WNS publishes no numbers, blocks senders that overdo it, and answers a
//! storm of pushes with a storm of sessions, which this server must bear too.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How much may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once after a rest; at least 1.
    pub burst: u32,
    /// Milliseconds after which one more may go; at least 1.
    pub every_ms: u32,
}

/// What is left of a [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// When it will be full again: the whole state, so it needs no upkeep.
    full_at: Timestamp,
    /// Nothing before this, whatever is left: what WNS asked for.
    held_until: Timestamp,
}

impl Bucket {
    /// A full one.
    pub fn full() -> Self {
        Bucket {
            full_at: Timestamp(i64::MIN),
            held_until: Timestamp(i64::MIN),
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// None is left: when the next one is there.
    pub fn take(self, rate: Rate, now: Timestamp) -> Result<Self, Timestamp> {
        let every = i64::from(rate.every_ms.max(1));
        let holds = every * i64::from(rate.burst.max(1));
        if now < self.held_until {
            return Err(self.held_until);
        }
        // A clock that jumped back must not close it for longer than it holds.
        let full_at = self.full_at.max(now).min(now.plus_ms(holds));
        let after = full_at.plus_ms(every);
        let over = after.ms_since(now) - holds;
        if over > 0 {
            Err(now.plus_ms(over))
        } else {
            Ok(Bucket {
                full_at: after,
                ..self
            })
        }
    }

    /// Lets nothing through before `until`; never shortens what was asked before.
    pub fn hold(self, until: Timestamp) -> Self {
        Bucket {
            held_until: self.held_until.max(until),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        every_ms: 100,
    };

    #[test]
    fn a_burst_goes_then_one_at_a_time() {
        let now = Timestamp(1_000_000);
        let mut bucket = Bucket::full();
        for _ in 0..3 {
            bucket = bucket.take(RATE, now).unwrap();
        }
        assert_eq!(bucket.take(RATE, now), Err(now.plus_ms(100)));
        assert_eq!(bucket.take(RATE, now.plus_ms(99)), Err(now.plus_ms(100)));
        bucket = bucket.take(RATE, now.plus_ms(100)).unwrap();
        assert!(bucket.take(RATE, now.plus_ms(100)).is_err());
    }

    #[test]
    fn what_wns_asked_for_is_kept() {
        let now = Timestamp(1_000_000);
        let until = now.plus_ms(60_000);
        let bucket = Bucket::full().hold(until).hold(now);
        assert_eq!(bucket.take(RATE, now), Err(until));
        assert!(bucket.take(RATE, until).is_ok());
    }

    proptest! {
        /// Over any stretch of time no more go than the burst and one per interval.
        #[test]
        fn never_more_than_the_rate(steps in prop::collection::vec(0_i64..200, 1..200)) {
            let (mut now, mut bucket) = (Timestamp(0), Bucket::full());
            let mut sent = Vec::new();
            for step in steps {
                now = now.plus_ms(step);
                match bucket.take(RATE, now) {
                    Ok(next) => { bucket = next; sent.push(now); }
                    Err(when) => prop_assert!(when > now && bucket.take(RATE, when).is_ok()),
                }
            }
            for (i, first) in sent.iter().enumerate() {
                for (j, last) in sent.iter().enumerate().skip(i) {
                    let most = 3 + last.ms_since(*first) / 100;
                    prop_assert!((j - i + 1) as i64 <= most);
                }
            }
        }
    }
}
