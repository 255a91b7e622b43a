//! The process, from `/proc` whenever it is asked for, under the names that every
//! Prometheus client library uses. What cannot be read is left out.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// The kernel counts the time of processes in hundredths of a second (`USER_HZ`) on
/// every platform that this server is built for.
const TICKS: f64 = 100.0;

/// Reads the process's numbers.
#[derive(Debug)]
pub(super) struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stat = fs::read_to_string("/proc/self/stat").ok();
        let stat = stat.as_deref().and_then(Stat::parse);
        if let Some(stat) = &stat {
            let cpu = ConstCounter::new(stat.cpu_seconds);
            let help = "CPU time that the process used, in user and system mode.";
            let kind = cpu.metric_type();
            cpu.encode(to.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), kind)?)?;
        }
        let boot = fs::read_to_string("/proc/stat").ok();
        let boot = boot.as_deref().and_then(|text| number(text, "btime "));
        if let (Some(stat), Some(boot)) = (&stat, boot) {
            let help = "When the process started, in Unix time.";
            let started = boot as f64 + stat.started_after_boot;
            gauge(
                &mut to,
                "process_start_time",
                help,
                Some(&Unit::Seconds),
                started,
            )?;
        }
        let status = fs::read_to_string("/proc/self/status").ok();
        if let Some(kib) = status.as_deref().and_then(|text| number(text, "VmRSS:")) {
            let help = "Memory of the process that is in RAM.";
            let bytes = (kib * 1024) as f64;
            gauge(
                &mut to,
                "process_resident_memory",
                help,
                Some(&Unit::Bytes),
                bytes,
            )?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is that of the directory itself.
            let count = open.count().saturating_sub(1) as f64;
            gauge(
                &mut to,
                "process_open_fds",
                "Open file descriptors.",
                None,
                count,
            )?;
        }
        let limits = fs::read_to_string("/proc/self/limits").ok();
        if let Some(most) = limits
            .as_deref()
            .and_then(|text| number(text, "Max open files"))
        {
            let help = "The most file descriptors that may be open.";
            gauge(&mut to, "process_max_fds", help, None, most as f64)?;
        }
        Ok(())
    }
}

fn gauge(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: f64,
) -> Result<(), fmt::Error> {
    let gauge = ConstGauge::new(value);
    gauge.encode(to.encode_descriptor(name, help, unit, gauge.metric_type())?)
}

/// The number behind the word at the beginning of a line.
fn number(text: &str, word: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// What is taken of `/proc/self/stat`.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    /// Seconds.
    started_after_boot: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Stat> {
        // The second field is the program's name in brackets, with whatever is in it.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // From the third field on, which proc(5) numbers 3: utime 14, stime 15, starttime 22.
        let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Stat {
            cpu_seconds: (ticks(14)? + ticks(15)?) as f64 / TICKS,
            started_after_boot: ticks(22)? as f64 / TICKS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_the_name_whatever_is_in_it() {
        let text = "42 (a) 1 (b) S 1 42 42 0 -1 4194560 9 0 0 0 150 25 0 0 20 0 4 0 12345 1000 7";
        let expected = Stat {
            cpu_seconds: 1.75,
            started_after_boot: 123.45,
        };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("42 (cut"), None);
        assert_eq!(Stat::parse("42 (cut) S 1 2"), None);
    }

    #[test]
    fn a_number_stands_behind_its_word() {
        let text = "VmHWM:\t  9 kB\nVmRSS:\t  5120 kB\nMax open files            1024     524288\n";
        assert_eq!(number(text, "VmRSS:"), Some(5120));
        assert_eq!(number(text, "Max open files"), Some(1024));
        assert_eq!(number("Max open files  unlimited", "Max open files"), None);
    }
}
