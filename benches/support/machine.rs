//! What Linux says of a process, and how files leave its page cache.

use std::path::Path;
use std::process::{Command, Stdio};

/// A process's use of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Usage {
    /// Seconds of CPU, user and system.
    pub cpu: f64,
    /// Bytes that it made dirty.
    pub written: u64,
}

impl Usage {
    /// Since the process began.
    pub(crate) fn of(pid: u32) -> Usage {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(") ").next().unwrap_or("");
        let ticks: u64 = after_name
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
        let written = io
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes: "))
            .and_then(|n| n.parse().ok());
        // Linux counts CPU in hundredths of a second for everybody (USER_HZ).
        Usage {
            cpu: ticks as f64 / 100.0,
            written: written.unwrap_or(0),
        }
    }

    /// What came since `before`.
    pub(crate) fn since(&self, before: &Usage) -> Usage {
        Usage {
            cpu: self.cpu - before.cpu,
            written: self.written - before.written,
        }
    }

    /// Takes more in.
    pub(crate) fn add(&mut self, more: &Usage) {
        self.cpu += more.cpu;
        self.written += more.written;
    }
}

/// CPU seconds of the calling thread so far.
pub(crate) fn cpu_of_this_thread() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.expect("a kernel that counts the time of threads") / 1e9
}

/// CPU seconds of the threads that a process has, by the scheduler's own clock: for what
/// takes less than the hundredths of a second of [`Usage`].
pub(crate) fn cpu_of_threads(pid: u32) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let of = |thread: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<f64>().ok()
    };
    threads.flatten().filter_map(of).sum::<f64>() / 1e9
}

/// Anonymous memory of a process, KiB.
pub(crate) fn anonymous_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap_or("");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// A file's length, bytes; 0 where there is none.
pub(crate) fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |meta| meta.len())
}

/// Has the system forget a file's pages, as after a reboot.
pub(crate) fn drop_from_cache(file: &Path) {
    quietly(
        Command::new("dd")
            .arg(format!("of={}", file.display()))
            .args(["oflag=nocache", "conv=notrunc,fdatasync", "count=0"]),
    );
}

/// Reads a file once, so that its pages are in memory.
pub(crate) fn bring_into_cache(file: &Path) {
    let mut from = std::fs::File::open(file).expect("the file");
    std::io::copy(&mut from, &mut std::io::sink()).expect("read");
}

/// Runs a program without its words; whether it went well.
pub(crate) fn quietly(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The one in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value below which this share of the others lies.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values
        .get(at.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
