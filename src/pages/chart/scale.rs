//! How long a column is, and numbers as they are written beside it.

/// Counts as heights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The count that is as high as the plot.
    top: u128,
    height: i32,
}

impl Scale {
    /// One on which the greatest count has room: its end is a digit with zeros,
    /// times `unit`.
    pub(super) fn up_to(greatest: u64, unit: u64, height: i32) -> Self {
        let units = u128::from(greatest).div_ceil(u128::from(unit.max(1)));
        let mut power = 1;
        while units > power * 10 {
            power *= 10;
        }
        let nice = [1, 2, 3, 4, 5, 6, 8, 10]
            .into_iter()
            .map(|digit| digit * power);
        let nice = nice.into_iter().find(|nice| *nice >= units);
        Scale {
            top: nice.unwrap_or(power * 10) * u128::from(unit.max(1)),
            height,
        }
    }

    /// One on which the greatest count is as high as the plot.
    pub(super) fn filled_by(greatest: u64, height: i32) -> Self {
        Scale {
            top: u128::from(greatest.max(1)),
            height,
        }
    }

    /// How high a count is. One that is not 0 can be seen.
    pub(super) fn height_of(self, count: u64) -> i32 {
        // At most the scale's own height.
        let height = u128::from(count) * u128::from(self.height.unsigned_abs()) / self.top;
        let height = i32::try_from(height).unwrap_or(self.height);
        height.clamp(i32::from(count > 0), self.height)
    }

    /// The counts that are marked beside it: its end, and the middle where that is whole.
    pub(super) fn marks(self, unit: u64) -> Vec<(u128, i32)> {
        let mut marks = vec![(self.top, self.height)];
        if (self.top / u128::from(unit.max(1))).is_multiple_of(2) {
            marks.push((self.top / 2, self.height / 2));
        }
        marks
    }
}

/// A number with a comma between thousands.
pub(super) fn digits(number: u64) -> String {
    let plain = number.to_string();
    let mut grouped = String::with_capacity(plain.len() + plain.len() / 3);
    for (at, digit) in plain.chars().enumerate() {
        if at > 0 && (plain.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A round number in few letters: `40k`.
pub(super) fn short(number: u128) -> String {
    let (mut number, mut suffixes) = (number, ["", "k", "M", "G", "T", "P", "E", "Z"].iter());
    let mut suffix = suffixes.next();
    while number >= 1000 && number.is_multiple_of(1000) && suffixes.len() > 0 {
        number /= 1000;
        suffix = suffixes.next();
    }
    format!("{number}{}", suffix.unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_with_a_round_number_and_shows_whatever_is_not_nothing() {
        let top = |greatest| Scale::up_to(greatest, 1, 100).marks(1)[0].0;
        let tops = [0, 1, 2, 3, 5, 7, 9, 11, 21, 99, 101, 6_001].map(top);
        assert_eq!(tops, [1, 1, 2, 3, 5, 8, 10, 20, 30, 100, 200, 8_000]);
        assert_eq!(
            Scale::up_to(5 * 3600 + 1, 3600, 100).marks(3600)[0].0,
            6 * 3600
        );
        let scale = Scale::up_to(u64::MAX, 1, 100);
        let heights = [0, 1, u64::MAX / 2, u64::MAX].map(|n| scale.height_of(n));
        assert_eq!(heights, [0, 1, 46, 92]);
        assert_eq!(
            Scale::up_to(0, 1, 100).height_of(7),
            100,
            "never above its end"
        );
        let halves = |greatest| Scale::up_to(greatest, 1, 100).marks(1).len();
        assert_eq!([1, 2, 10].map(halves), [1, 2, 2]);
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(digits),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 800, 1_000, 60_000, 20_000_000].map(short),
            ["0", "800", "1k", "60k", "20M"]
        );
    }
}
