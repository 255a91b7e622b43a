//! What a device tells of its push channel, taken out of its answers before
//! they are kept: the URI is a capability and is stored nowhere but sealed in
//! its own place.

use crate::activity::was_refused_impersonation;
use crate::classify::classify;
use crate::command::{NodeResult, OpenCommand};
use crate::inventory::instant;
use crate::kind::Kind;
use crate::loc_uri::LocUri;
use crate::push::read_back::number;
use crate::secret::Secret;
use crate::time::Timestamp;
use modegate_wire::message::Verb;

/// What may be kept of a channel as the device told it, all else is `***`.
const PLAIN: [&str; 8] = [
    "expirationtime",
    "channelstatus",
    "configurationstatus",
    "lasterror",
    "status",
    "pfn",
    "appid",
    "usersid",
];
/// Longest value of these, bytes.
const PLAIN_BYTES: usize = 256;

/// Answers about the channel's nodes, as they came.
#[derive(Debug, Default)]
pub(super) struct ChannelReport(Vec<(LocUri, u16, Option<Secret>)>);

/// What the nodes of one channel say. `None` where nothing was said.
#[derive(Debug, Default)]
pub(super) struct ChannelValues {
    /// The PFN: `Some(None)` where the device says that it holds none.
    pub(super) pfn: Option<Option<String>>,
    /// The URI: `Some(None)` where the device says that there is none.
    pub(super) uri: Option<Option<Secret>>,
    /// When it ends.
    pub(super) expires_at: Option<Timestamp>,
    /// DMClient's status.
    pub(super) status: Option<u16>,
    /// The status of Windows 8.1, whose values are not explained.
    pub(super) channel_status: Option<u32>,
    /// Why a channel could not be created, on Windows 8.1.
    pub(super) last_error: Option<u32>,
    /// Whether push is configured, on Windows 8.1.
    pub(super) configuration_status: Option<u32>,
}

impl ChannelReport {
    /// Listens to the answers to `command`, and strikes out what must not be kept.
    pub(super) fn listen(&mut self, command: &OpenCommand, results: &mut [NodeResult]) {
        for result in of_channel(command, results) {
            let collected = (result.loc_uri.clone(), result.status, result.data.clone());
            self.0.push(collected);
            redact(result);
        }
    }

    /// Strikes out what must not be kept of a value that came in pieces: as a
    /// whole it is never in memory, so nobody listens.
    pub(super) fn redact_chunks(command: &OpenCommand, chunks: &mut [NodeResult]) {
        of_channel(command, chunks).for_each(redact);
    }

    /// Whether the message brought no such answers.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets the answers that only say that the device may not read.
    pub(super) fn forget_refused(&mut self) {
        self.0
            .retain(|(_, status, _)| !was_refused_impersonation(*status));
    }

    /// What was told at these nodes, which are read of the channel.
    pub(super) fn at(&self, nodes: &[LocUri]) -> ChannelValues {
        let mut values = ChannelValues::default();
        for (loc_uri, status, data) in &self.0 {
            if let Some(node) = nodes.iter().find(|node| loc_uri.is_like(node)) {
                values.take(node.last_segment(), *status, data.as_ref());
            }
        }
        values
    }
}

impl ChannelValues {
    fn take(&mut self, node: &str, status: u16, data: Option<&Secret>) {
        let text = data.map(|data| data.reveal().trim());
        let is_none = |text: &str| text.is_empty() || text.eq_ignore_ascii_case("null");
        match (node, text) {
            ("PFN", Some(text)) => {
                self.pfn = Some((!is_none(text)).then(|| text.to_owned()));
            }
            ("PFN", None) if status == 404 => self.pfn = Some(None),
            ("Channel" | "ChannelURI", Some(text)) => {
                self.uri = Some(data.filter(|_| !is_none(text)).cloned());
            }
            ("Channel" | "ChannelURI", None) if status >= 400 => self.uri = Some(None),
            ("ExpirationTime", Some(text)) => self.expires_at = instant(text),
            ("Status", Some(text)) => self.status = text.parse().ok(),
            ("ChannelStatus", Some(text)) => self.channel_status = number(text),
            ("LastError", Some(text)) => self.last_error = number(text),
            ("ConfigurationStatus", Some(text)) => self.configuration_status = number(text),
            // Its Results are to come, or it has none.
            _ => {}
        }
    }
}

/// Those of `results` that are about a channel.
fn of_channel<'a>(
    command: &OpenCommand,
    results: &'a mut [NodeResult],
) -> impl Iterator<Item = &'a mut NodeResult> {
    let reads_channel = command
        .leaves
        .iter()
        .any(|leaf| leaf.kind == Kind::ChannelRead);
    results.iter_mut().filter(move |result| {
        let kind = classify(Verb::Get, &result.loc_uri).kind;
        // A node that nobody knows may be the channel's, by another name.
        kind == Kind::ChannelRead || reads_channel && kind == Kind::Unclassified
    })
}

fn redact(result: &mut NodeResult) {
    if let Some(data) = &mut result.data
        && !may_be_kept(&result.loc_uri, data.reveal())
    {
        *data = Secret::new("***");
    }
}

fn may_be_kept(loc_uri: &LocUri, data: &str) -> bool {
    let last = loc_uri.last_segment();
    let lower = data.to_ascii_lowercase();
    let plain = data.len() <= PLAIN_BYTES && !lower.contains("//") && !lower.contains("%2f");
    let named = PLAIN.contains(&last.to_ascii_lowercase().as_str());
    // The classes themselves name their instances by their keys.
    let lists = ["MDM_WNSChannel", "MDM_WNSConfiguration"]
        .iter()
        .any(|class| last.eq_ignore_ascii_case(class));
    data.is_empty() || plain && (named || lists)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_never_kept_wherever_it_stands() {
        let rows = [
            (
                "./cimv2/MDM_WNSChannel/MDM_WNSChannel.AppId=%22a%22/Channel",
                "https://x.notify.windows.com/?t",
                false,
            ),
            (
                "./cimv2/MDM_WNSChannel/MDM_WNSChannel.AppId=%22a%22/Channel",
                "anything",
                false,
            ),
            (
                "./cimv2/MDM_WNSChannel/MDM_WNSChannel.AppId=%22a%22/LastError",
                "0",
                true,
            ),
            (
                "./cimv2/MDM_WNSChannel/MDM_WNSChannel.AppId=%22a%22/LastError",
                "https://x/",
                false,
            ),
            (
                "./cimv2/MDM_WNSChannel/MDM_WNSChannel.AppId=%22a%22/ExpirationTime",
                "20991231235959.000000+000",
                true,
            ),
            ("./cimv2/MDM_WNSChannel", "MDM_WNSChannel.AppId=\"a\"", true),
            (
                "./cimv2/MDM_WNSChannel/MDM_WNSChannel.AppId=%22a%22",
                "Channel=abc",
                false,
            ),
            (
                "./Vendor/MSFT/DMClient/Provider/p/Push/ChannelURI",
                "x",
                false,
            ),
            (
                "./Vendor/MSFT/DMClient/Provider/p/Push/ChannelURI",
                "",
                true,
            ),
            ("./Vendor/MSFT/DMClient/Provider/p/Push/Status", "0", true),
            (
                "./Vendor/MSFT/DMClient/Provider/p/Push/Status",
                "https%3A%2F%2Fx",
                false,
            ),
        ];
        for (loc_uri, data, kept) in rows {
            assert_eq!(may_be_kept(&loc_uri.into(), data), kept, "{loc_uri} {data}");
        }
    }
}
