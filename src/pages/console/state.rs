//! States, in words and in colour.

/// A state as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateBadge {
    /// Its name in the API.
    pub name: &'static str,
}

impl StateBadge {
    /// A state by its name in the API.
    pub fn new(name: &'static str) -> Self {
        StateBadge { name }
    }

    /// The same with blanks.
    pub fn text(&self) -> String {
        self.name.replace('_', " ")
    }

    /// The end of its badge's class.
    pub fn tone(&self) -> &'static str {
        match self.name {
            "succeeded" | "installed" | "finished" | "deliver" => "good",
            "failed" | "refuse" => "bad",
            "unconfirmed" | "expired" | "waiting_for_channel" | "withhold" => "warn",
            "cancelled" | "superseded" | "ended" | "stopped" => "quiet",
            _ => "info",
        }
    }
}
