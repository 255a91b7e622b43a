//! What a device tells of its push channel, taken out of its answers before
//! they are kept: the URI is a capability and is stored nowhere but sealed in
//! its own place.

use crate::activity::was_refused_impersonation;
use crate::classify::classify;
use crate::command::{NodeResult, OpenCommand};
use crate::inventory::instant;
use crate::kind::Kind;
use crate::loc_uri::LocUri;
use crate::secret::Secret;
use crate::time::Timestamp;
use modegate_wire::message::Verb;

/// What may be kept of a channel as the device told it, all else is `***`.
const PLAIN: [&str; 7] = [
    "expirationtime",
    "channelstatus",
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

/// What the nodes of one channel say.
#[derive(Debug, Default)]
pub(super) struct ChannelValues {
    /// The URI: `Some(None)` where the device says that there is none.
    pub(super) uri: Option<Option<Secret>>,
    /// When it ends.
    pub(super) expires_at: Option<Timestamp>,
    /// DMClient's status.
    pub(super) status: Option<u16>,
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

    /// What was told at these nodes.
    pub(super) fn at(&self, nodes: &Nodes) -> ChannelValues {
        let mut values = ChannelValues::default();
        for (loc_uri, status, data) in &self.0 {
            let is =
                |node: &Option<LocUri>| node.as_ref().is_some_and(|node| loc_uri.is_like(node));
            let text = data.as_ref().map(|data| data.reveal().trim());
            if is(&nodes.uri) {
                match text {
                    Some("") => values.uri = Some(None),
                    Some(text) if text.eq_ignore_ascii_case("null") => values.uri = Some(None),
                    Some(_) => values.uri = Some(data.clone()),
                    None if *status >= 400 => values.uri = Some(None),
                    // Its Results are to come.
                    None => {}
                }
            } else if is(&nodes.expires) {
                values.expires_at = text.and_then(instant);
            } else if is(&nodes.status) {
                values.status = text.and_then(|text| text.parse().ok());
            }
        }
        values
    }
}

/// Where a channel's values are read.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// The URI.
    pub(super) uri: Option<LocUri>,
    /// Its end, on Windows 8.1.
    pub(super) expires: Option<LocUri>,
    /// DMClient's status.
    pub(super) status: Option<LocUri>,
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
    // The class itself names its instances by their keys.
    let lists = last.eq_ignore_ascii_case("MDM_WNSChannel");
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
