//! The two text formats of metrics. The library writes OpenMetrics; the older
//! Prometheus text is made of that.

use std::collections::HashMap;

/// A text format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format, version 0.0.4, which everything reads.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// Its Content-Type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// A text of OpenMetrics in this format.
    pub(super) fn written(self, open: String) -> String {
        match self {
            Format::OpenMetrics => open,
            Format::Prometheus => prometheus(&open),
        }
    }
}

/// The Prometheus text of an OpenMetrics text. In it a counter is called as its series
/// are, with `_total`; there are no infos, which are gauges; and units and the end are
/// left out.
fn prometheus(open: &str) -> String {
    let types: HashMap<&str, &str> = open
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let mut text = String::with_capacity(open.len() + open.len() / 8);
    for line in open.lines() {
        let (mark, rest) = match line.strip_prefix("# ") {
            Some(comment) => comment.split_once(' ').unwrap_or((comment, "")),
            None => ("", line),
        };
        let written = match mark {
            "HELP" | "TYPE" => {
                let (family, text) = rest.split_once(' ').unwrap_or((rest, ""));
                let (end, kind) = match types.get(family).copied() {
                    Some("counter") => ("_total", "counter"),
                    Some("info") => ("_info", "gauge"),
                    Some("unknown") => ("", "untyped"),
                    other => ("", other.unwrap_or("untyped")),
                };
                let text = if mark == "TYPE" { kind } else { text };
                format!("# {mark} {family}{end} {text}")
            }
            "" => line.to_owned(),
            _ => continue,
        };
        text.push_str(&written);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_infos_are_called_as_their_series_are() {
        let open = "# HELP a_seconds Counted.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n\
                    a_seconds_total{x=\"# TYPE b gauge\"} 1\n\
                    # HELP build The build.\n# TYPE build info\nbuild_info{version=\"1\"} 1\n\
                    # HELP g Now.\n# TYPE g gauge\ng 2\n\
                    # HELP h Spread.\n# TYPE h histogram\nh_sum 1.0\nh_count 1\nh_bucket{le=\"+Inf\"} 1\n\
                    # HELP none_yet Counted.\n# TYPE none_yet counter\n# EOF\n";
        let expected = "# HELP a_seconds_total Counted.\n# TYPE a_seconds_total counter\n\
                        a_seconds_total{x=\"# TYPE b gauge\"} 1\n\
                        # HELP build_info The build.\n# TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n\
                        # HELP g Now.\n# TYPE g gauge\ng 2\n\
                        # HELP h Spread.\n# TYPE h histogram\nh_sum 1.0\nh_count 1\nh_bucket{le=\"+Inf\"} 1\n\
                        # HELP none_yet_total Counted.\n# TYPE none_yet_total counter\n";
        assert_eq!(Format::Prometheus.written(open.to_owned()), expected);
        assert_eq!(Format::OpenMetrics.written(open.to_owned()), open);
    }
}
