//! The push profiles in force, as the core sees them: which device is set up
//! for which app. No credentials are in it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Family;
use crate::push::address::HostPolicy;
use crate::push::answer::{Connection, Outcome, WnsResponse};
use crate::push::profile::Pfn;
use crate::push::read_back::ReadBack;
use crate::templates::{self, Templates};
use crate::time::Timestamp;

/// One profile in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The profile.
    pub id: Uuid,
    /// The AppId of MDM_WNSConfiguration: a stable token of the server's choice.
    pub app_id: String,
    /// The package family that its channels belong to.
    pub pfn: Pfn,
    /// The groups whose devices use it; empty: every device.
    pub groups: Vec<String>,
}

impl Target {
    /// Whether devices of these groups use it.
    pub fn is_for(&self, groups: &[String]) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group))
    }

    /// The PFN as a family takes it: Windows Phone 8.1 in lower case (the Windows Phone push article).
    pub(crate) fn pfn_for(&self, family: Family) -> String {
        match family {
            Family::WindowsPhone81 => self.pfn.lower(),
            Family::Windows81 | Family::Windows10 => self.pfn.as_str().to_owned(),
        }
    }

    /// What tells its channels from those of another.
    pub fn owner(&self) -> ChannelOwner {
        ChannelOwner {
            app_id: self.app_id.clone(),
            pfn: self.pfn.lower(),
        }
    }
}

/// What a device's channel belongs to. A channel of another owner is another channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelOwner {
    /// The AppId.
    pub app_id: String,
    /// The PFN in lower case.
    pub pfn: String,
}

/// What the step must know of push.
#[derive(Debug, Clone, Default)]
pub struct ActiveProfiles {
    /// The profiles, the oldest first: the first that is for a device is the device's.
    pub targets: Vec<Target>,
    /// What a channel URI may name.
    pub hosts: HostPolicy,
    /// Texts whose grammar is not known for sure.
    pub templates: Templates,
}

impl ActiveProfiles {
    /// The PROVIDER-ID of enrolments, part of DMClient's nodes.
    pub fn provider_id(&self) -> String {
        let id = self.templates.render(&templates::PROVIDER_ID, &[]);
        id.unwrap_or_default()
    }

    /// The profile of a device in these groups.
    pub fn for_groups(&self, groups: &[String]) -> Option<&Target> {
        self.targets.iter().find(|target| target.is_for(groups))
    }

    /// The profile of a device that has a channel already. A phone keeps its own
    /// while that is in force, since it may have been moved on to it.
    pub fn current(
        &self,
        family: Family,
        groups: &[String],
        own: Option<&ChannelOwner>,
    ) -> Option<&Target> {
        let first = self.for_groups(groups);
        if family != Family::WindowsPhone81 {
            return first;
        }
        let mut all = self.targets.iter().filter(|target| target.is_for(groups));
        all.find(|target| own == Some(&target.owner())).or(first)
    }

    /// The profile after that one, in a ring: a phone whose channel has expired
    /// comes back by another PFN (KB 3170699). The same where there is no other.
    pub fn another(&self, groups: &[String], than: &Target) -> Option<&Target> {
        let all = || self.targets.iter().filter(|target| target.is_for(groups));
        let behind = all().skip_while(|target| target.id != than.id).nth(1);
        behind.or_else(|| all().next())
    }
}

/// What is known of a device's push besides its channel and its wake.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notes {
    /// The owner of the channel.
    pub owner: Option<ChannelOwner>,
    /// Whether DMClient has the node, so that it is replaced: a set was confirmed, or the
    /// device showed its PFN.
    pub confirmed: bool,
    /// DMClient's Push/Status, as last read.
    pub status: Option<u16>,
    /// What WNS last answered.
    pub answer: Option<LastAnswer>,
    /// What the device last said of its channel.
    #[serde(default)]
    pub read_back: ReadBack,
}

/// WNS's latest answer about a device, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAnswer {
    /// When.
    pub at: Timestamp,
    /// HTTP status code.
    pub code: u16,
    /// What became of the notification.
    pub outcome: Outcome,
    /// The device's connection as WNS reported it.
    pub connection: Option<Connection>,
    /// Why, in WNS's words.
    pub description: Option<String>,
    /// What Microsoft asks for in a report.
    pub message_id: Option<String>,
}

impl LastAnswer {
    /// What is kept of an answer.
    pub fn from_response(answer: &WnsResponse, at: Timestamp) -> Self {
        LastAnswer {
            at,
            code: answer.code,
            outcome: answer.outcome,
            connection: answer.connection,
            description: answer.description.clone(),
            message_id: answer.message_id.clone(),
        }
    }
}

/// DMClient's Push/Status in words (DMClient CSP, MS-MDE2; they differ about 8).
pub fn status_words(status: u16) -> &'static str {
    match status {
        0 => "push works (0)",
        1 => "the PFN is not valid (1)",
        2 => "the device's sign-in with MSA is not valid or has expired (2)",
        3 => "the registration with WNS failed: the PFN is not valid or was revoked (3)",
        4 => "no channel URI is assigned (4)",
        5 => "the channel URI has expired (5)",
        6 => "the channel URI could not be revoked (6)",
        7 => "a push arrived, but power or connection did not allow a session (7)",
        8 => "unknown error, or push is not available on this edition (8)",
        _ => "a status that is not documented",
    }
}
