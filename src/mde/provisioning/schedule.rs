//! When a device polls and when it renews its certificate.

use super::ProvisioningError;
use super::document::Characteristic;

/// Repetitions at an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySet {
    /// How many; 0 is none in the first two sets, and no end in the last one.
    pub count: u32,
    /// Minutes between them.
    pub interval_minutes: u32,
}

/// Three sets of repetitions, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    first: RetrySet,
    second: RetrySet,
    remaining: RetrySet,
}

impl RetrySchedule {
    /// What MS-MDE shows: every 8 hours after the first sets.
    pub const WINDOWS81: RetrySchedule = RetrySchedule::documented(480);
    /// What Microsoft advises for newer clients: every 26 hours after the first sets.
    pub const WINDOWS10: RetrySchedule = RetrySchedule::documented(1560);

    const fn documented(interval_minutes: u32) -> Self {
        RetrySchedule {
            first: RetrySet {
                count: 8,
                interval_minutes: 15,
            },
            second: RetrySet {
                count: 5,
                interval_minutes: 3,
            },
            remaining: RetrySet {
                count: 0,
                interval_minutes,
            },
        }
    }

    /// Three sets. The first one has at least one repetition, and each that repeats has an
    /// interval.
    ///
    /// # Errors
    /// It is not so.
    pub fn new(
        first: RetrySet,
        second: RetrySet,
        remaining: RetrySet,
    ) -> Result<Self, ProvisioningError> {
        let is_good = |set: RetrySet| set.count == 0 || set.interval_minutes > 0;
        let is_polling = first.count > 0 && remaining.interval_minutes > 0;
        if is_polling && is_good(first) && is_good(second) {
            Ok(RetrySchedule {
                first,
                second,
                remaining,
            })
        } else {
            Err(ProvisioningError::Polling)
        }
    }

    /// The parameters under the names of Windows 8.1's registry.
    pub(super) fn registry(&self, characteristic: Characteristic) -> Characteristic {
        characteristic
            .integer("NumRetries", self.first.count)
            .integer("RetryInterval", self.first.interval_minutes)
            .integer("AuxNumRetries", self.second.count)
            .integer("AuxRetryInterval", self.second.interval_minutes)
            .integer("Aux2NumRetries", self.remaining.count)
            .integer("Aux2RetryInterval", self.remaining.interval_minutes)
    }

    /// The parameters under the names of DMClient.
    pub(super) fn poll(&self) -> Characteristic {
        let (first, second, remaining) = (self.first, self.second, self.remaining);
        let interval = remaining.interval_minutes;
        Characteristic::new("Poll")
            .integer("NumberOfFirstRetries", first.count)
            .integer("IntervalForFirstSetOfRetries", first.interval_minutes)
            .integer("NumberOfSecondRetries", second.count)
            .integer("IntervalForSecondSetOfRetries", second.interval_minutes)
            .integer("NumberOfRemainingScheduledRetries", remaining.count)
            .integer("IntervalForRemainingScheduledRetries", interval)
    }
}

/// When a certificate is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    period_days: u32,
    retry_days: u32,
}

impl Renewal {
    /// 42 days before the end, then every 7 days: the defaults of Windows 10.
    pub const DEFAULT: Renewal = Renewal {
        period_days: 42,
        retry_days: 7,
    };

    /// So many days before the certificate's end, and so many days between tries.
    ///
    /// # Errors
    /// The period is not from 1 to 1000 days, or the interval not from 1 day to the period.
    pub fn new(period_days: u32, retry_days: u32) -> Result<Self, ProvisioningError> {
        if !(1..=1000).contains(&period_days) {
            return Err(ProvisioningError::RenewalPeriod);
        }
        if !(1..=period_days).contains(&retry_days) {
            return Err(ProvisioningError::RetryInterval);
        }
        Ok(Renewal {
            period_days,
            retry_days,
        })
    }

    /// How many days before the end.
    pub fn period_days(&self) -> u32 {
        self.period_days
    }

    /// How many days between tries.
    pub fn retry_days(&self) -> u32 {
        self.retry_days
    }
}
