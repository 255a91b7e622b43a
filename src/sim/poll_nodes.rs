//! DMClient's Poll nodes (DMClient CSP): how often a phone or a Windows 10 polls.

use super::csp::Csp;

const POLL: [&str; 8] = [
    "IntervalForFirstSetOfRetries",
    "NumberOfFirstRetries",
    "IntervalForSecondSetOfRetries",
    "NumberOfSecondRetries",
    "IntervalForRemainingScheduledRetries",
    "NumberOfRemainingScheduledRetries",
    "PollOnLogin",
    "AllUsersPollOnFirstLogin",
];

fn is_flag(name: &str) -> bool {
    matches!(name, "PollOnLogin" | "AllUsersPollOnFirstLogin")
}

fn fits(name: &str, data: &str) -> bool {
    match is_flag(name) {
        true => matches!(data, "true" | "false"),
        false => data.parse::<u32>().is_ok(),
    }
}

impl Csp {
    fn poll_node(&self) -> String {
        format!("./Vendor/MSFT/DMClient/Provider/{}/Poll", self.provider_id)
    }

    /// Makes the nodes, every set of retries off.
    pub(super) fn make_poll_nodes(&mut self) {
        for name in POLL {
            let value = if is_flag(name) { "false" } else { "0" };
            self.put(&format!("{}/{name}", self.poll_node()), value);
        }
    }

    /// The name of the Poll node at a path in lower case.
    fn poll_name(&self, path: &str) -> Option<&'static str> {
        let below = path.strip_prefix(&self.provider("poll/"))?;
        let mut names = POLL.into_iter();
        names.find(|name| name.eq_ignore_ascii_case(below))
    }

    /// An Add of Poll, or of a node below it where Poll is there; `None`: neither.
    pub(super) fn add_poll(&mut self, path: &str, data: &str) -> Option<u16> {
        if path == self.provider("poll") {
            self.make_poll_nodes();
            return Some(200);
        }
        self.poll_name(path)?;
        let has_parent = self.get(&self.provider("poll")).is_ok();
        has_parent.then(|| self.set_poll(path, data)).flatten()
    }

    /// Sets the Poll node of that path, if it is one.
    pub(super) fn set_poll(&mut self, path: &str, data: &str) -> Option<u16> {
        let name = self.poll_name(path)?;
        if !fits(name, data) {
            return Some(500);
        }
        if !self.forgets_polling {
            self.put(&format!("{}/{name}", self.poll_node()), data);
        }
        Some(200)
    }
}
