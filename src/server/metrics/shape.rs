//! The shapes of metrics: counters, gauges and histograms with labels that are
//! known beforehand, so that counting is atomics only: no lock, no look-up.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Upper bounds of durations, seconds: from a warm read to the end of patience.
const SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 10.0,
];
/// Upper bounds of the pieces of work in one transaction.
const PIECES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Durations are summed in nanoseconds.
const NANOS: f64 = 1e9;

/// A histogram with fixed bounds.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    bounds: &'static [f64],
    /// One more than there are bounds: what is above all.
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
    /// What the sum is divided by.
    unit: f64,
}

impl Histogram {
    /// Of durations.
    pub fn of_seconds() -> Self {
        Histogram::new(SECONDS, NANOS)
    }

    /// Of sizes of groups.
    pub fn of_pieces() -> Self {
        Histogram::new(PIECES, 1.0)
    }

    fn new(bounds: &'static [f64], unit: f64) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram(Arc::new(Buckets {
            bounds,
            counts,
            sum: AtomicU64::new(0),
            unit,
        }))
    }

    /// Counts one duration.
    pub fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.add(took.as_secs_f64(), nanos);
    }

    /// Counts one size.
    pub fn observe_size(&self, size: usize) {
        self.add(size as f64, size as u64);
    }

    /// The bound that this part (0 to 1) of all that was counted does not exceed: infinite where
    /// it is above all bounds, `None` where nothing was counted.
    pub(crate) fn quantile(&self, part: f64) -> Option<f64> {
        let Buckets { bounds, counts, .. } = &*self.0;
        let counts = counts.iter().map(|count| count.load(Ordering::Relaxed));
        let counts: Vec<u64> = counts.collect();
        let all: u64 = counts.iter().sum();
        let wanted = (all as f64 * part).ceil();
        let mut below = 0_u64;
        let at = counts.iter().position(|count| {
            below += count;
            below as f64 >= wanted
        });
        let bound = |at: usize| bounds.get(at).copied().unwrap_or(f64::INFINITY);
        at.filter(|_| all > 0).map(bound)
    }

    fn add(&self, value: f64, summed: u64) {
        let Buckets {
            bounds,
            counts,
            sum,
            ..
        } = &*self.0;
        let at = bounds.partition_point(|&bound| bound < value);
        counts[at].fetch_add(1, Ordering::Relaxed);
        sum.fetch_add(summed, Ordering::Relaxed);
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let Buckets {
            bounds,
            counts,
            sum,
            unit,
        } = &*self.0;
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds
            .zip(counts.iter().map(|count| count.load(Ordering::Relaxed)))
            .collect();
        // The count is that of the buckets just read: the two never disagree.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = sum.load(Ordering::Relaxed) as f64 / unit;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

/// One metric for each value of its labels, all made beforehand.
#[derive(Debug, Clone)]
pub struct Labelled<M>(Arc<Rows<M>>);

#[derive(Debug)]
struct Rows<M> {
    names: &'static [&'static str],
    rows: Vec<(Vec<&'static str>, M)>,
}

impl<M> Labelled<M> {
    /// One label; `values` in the order of [`Labelled::at`].
    pub fn one(
        name: &'static [&'static str; 1],
        values: impl IntoIterator<Item = &'static str>,
        make: impl Fn() -> M,
    ) -> Self {
        let rows = values.into_iter().map(|value| (vec![value], make()));
        Labelled(Arc::new(Rows {
            names: name,
            rows: rows.collect(),
        }))
    }

    /// Two labels: for each value of the first all of the second.
    pub fn two(
        names: &'static [&'static str; 2],
        first: &[&'static str],
        second: &[&'static str],
        make: impl Fn() -> M,
    ) -> Self {
        let rows = first
            .iter()
            .flat_map(|&one| second.iter().map(move |&other| vec![one, other]))
            .map(|values| (values, make()));
        Labelled(Arc::new(Rows {
            names,
            rows: rows.collect(),
        }))
    }

    /// The metric of that place; the last one where there is no such place.
    pub fn at(&self, place: usize) -> &M {
        let rows = &self.0.rows;
        &rows[place.min(rows.len() - 1)].1
    }
}

impl<M: TypedMetric> TypedMetric for Labelled<M> {
    const TYPE: MetricType = M::TYPE;
}

impl<M: EncodeMetric + TypedMetric> EncodeMetric for Labelled<M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (values, metric) in &self.0.rows {
            let labels: Vec<(&str, &str)> = self
                .0
                .names
                .iter()
                .copied()
                .zip(values.iter().copied())
                .collect();
            metric.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        M::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::registry::Registry;

    fn text(metric: impl EncodeMetric + Send + Sync + fmt::Debug + 'static) -> String {
        let mut registry = Registry::default();
        registry.register("m", "A metric", metric);
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing to memory");
        text
    }

    #[test]
    fn a_value_is_counted_in_the_first_bucket_that_holds_it_and_in_all_above() {
        let histogram = Histogram::of_pieces();
        for size in [1, 2, 3, 1000] {
            histogram.observe_size(size);
        }
        let text = text(histogram);
        for line in [
            "m_sum 1006.0",
            "m_count 4",
            "m_bucket{le=\"1.0\"} 1",
            "m_bucket{le=\"2.0\"} 2",
            "m_bucket{le=\"4.0\"} 3",
            "m_bucket{le=\"256.0\"} 3",
            "m_bucket{le=\"+Inf\"} 4",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
        }
    }

    #[test]
    fn durations_are_summed_in_seconds() {
        let histogram = Histogram::of_seconds();
        histogram.observe(Duration::from_millis(1500));
        assert!(text(histogram).contains("m_sum 1.5\n"));
    }

    #[test]
    fn every_value_of_a_label_is_there_from_the_beginning() {
        let counters = Labelled::two(
            &["a", "b"],
            &["1", "2"],
            &["x", "y", "z"],
            Counter::<u64>::default,
        );
        counters.at(3).inc();
        counters.at(99).inc();
        let text = text(counters);
        assert!(text.contains("m_total{a=\"2\",b=\"x\"} 1"), "{text}");
        assert!(text.contains("m_total{a=\"2\",b=\"z\"} 1"), "{text}");
        assert_eq!(text.matches("m_total{").count(), 6);
    }
}
