//! Revisions: strong tags (RFC 9110, 13) of devices, commands and apps, by which a
//! caller says what it last saw.
//!
//! A tag comes from the device's revision, which every change but queueing raises,
//! and from the number of the next command, which queueing raises. A command's
//! also names its state, which time alone can change, and the policy set, which
//! may classify more.

use modegate_core::catalogue::App;
use modegate_core::change::Refusal;
use modegate_core::device::Device;
use modegate_core::ids::CommandSeq;
use modegate_core::policy::PolicySet;
use modegate_core::session::queue::state_at;
use modegate_core::time::Timestamp;

/// The tag of a device.
pub(crate) fn device_tag(device: &Device) -> String {
    let state = &device.state;
    format!("\"{}.{}\"", state.revision, state.next_command)
}

/// The tag of a command as it stands at `now`.
pub(crate) fn command_tag(
    device: &Device,
    seq: CommandSeq,
    policies: &PolicySet,
    now: Timestamp,
) -> String {
    let open = device.state.open(seq);
    let state = open.map_or("final", |open| state_at(&device.state, open, now).name());
    let set: String = policies.digest().chars().take(8).collect();
    format!("\"{}.{}.{state}.{set}\"", device.state.revision, seq.0)
}

/// The tag of an app of the catalogue.
pub(crate) fn app_tag(app: &App) -> String {
    format!("\"{}.{}\"", app.changed_at.0, app.releases.len())
}

/// Refuses what the caller last saw otherwise; `expected` is `None` where it does not mind.
pub(crate) fn check(expected: Option<&Match>, tag: &str) -> Result<(), Refusal> {
    match expected {
        Some(wanted) if !wanted.is(tag) => Err(Refusal::Stale(format!(
            "If-Match: the current ETag is {tag}; read the resource again"
        ))),
        _ => Ok(()),
    }
}

/// What `If-Match` or `If-None-Match` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    /// `*`: whatever there is.
    Any,
    /// One of these.
    Tags(Vec<String>),
}

impl Match {
    /// Reads the header's value.
    pub(crate) fn read(value: &str) -> Self {
        if value.trim() == "*" {
            return Match::Any;
        }
        Match::Tags(value.split(',').map(|tag| tag.trim().to_owned()).collect())
    }

    /// Strong comparison, for `If-Match`: a weak tag equals nothing.
    pub(crate) fn is(&self, tag: &str) -> bool {
        match self {
            Match::Any => true,
            Match::Tags(tags) => tags.iter().any(|one| one == tag),
        }
    }

    /// Weak comparison, for `If-None-Match`.
    pub(crate) fn is_weakly(&self, tag: &str) -> bool {
        match self {
            Match::Any => true,
            Match::Tags(tags) => tags
                .iter()
                .any(|one| one.strip_prefix("W/").unwrap_or(one) == tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_as_the_standard_says() {
        let list = Match::read("\"1.2\", W/\"3.4\"");
        for (tag, strong, weak) in [
            ("\"1.2\"", true, true),
            ("\"3.4\"", false, true),
            ("\"5\"", false, false),
            ("1.2", false, false),
        ] {
            assert_eq!((list.is(tag), list.is_weakly(tag)), (strong, weak), "{tag}");
        }
        assert!(Match::read(" * ").is("\"x\"") && !Match::read("").is("\"x\""));
    }
}
