//! What a device said of its channel: whose it is, its URI, and how it fares.

use super::open_commands::close;
use super::work::Work;
use crate::command::{CommandState, ServerPurpose};
use crate::event::EventType;
use crate::push::active_profiles::status_words;
use crate::push::address::ChannelUri;
use crate::push::answer::WnsVerdict;
use crate::push::channel::{ChannelState, Effect, Event, SetVerb};
use crate::push::profile::ProfileEvent;
use crate::push::read_back::{INVALID_APP, NOT_CONFIGURED, configuration_words, last_error_words};
use crate::push::record::ProfileReport;
use crate::push::recovery::URI_EXPIRED;
use crate::push::sanitize;
use crate::secret::Secret;
use crate::session::channel_report::ChannelValues;
use crate::time::Timestamp;

/// For a PFN that is not valid, and for one whose registration with WNS failed.
const PFN_REFUSED: [u16; 2] = [1, 3];
/// For a URI that could not be revoked.
const NOT_REVOKED: u16 = 6;

impl Work<'_> {
    /// What the device told of its channel. A new URI counts, whatever the rest says: that
    /// may be left from before it.
    pub(super) fn take_report(&mut self, values: &ChannelValues) {
        self.state.push.read_back.at = Some(self.recorder.now);
        if let Some(pfn) = &values.pfn {
            self.pfn(pfn.as_deref());
        }
        let is_fresh = match &values.uri {
            None => false,
            Some(None) => {
                self.next(Event::UriAbsent);
                false
            }
            Some(Some(text)) => self.uri(text, values.expires_at),
        };
        if values.expires_at.is_some() {
            self.state.push.read_back.expires_at = values.expires_at;
        }
        if values.channel_status.is_some() {
            self.state.push.read_back.channel_status = values.channel_status;
        }
        self.configuration(values.configuration_status, is_fresh);
        self.last_error(values.last_error, is_fresh);
        self.status(values.status, is_fresh);
    }

    /// The owner of the channel.
    fn pfn(&mut self, pfn: Option<&str>) {
        let own = self.target.pfn.as_str();
        let ours = pfn.is_some_and(|pfn| pfn.eq_ignore_ascii_case(own));
        let shown = pfn.map(sanitize::name);
        let before = std::mem::replace(&mut self.state.push.read_back.pfn, shown);
        if pfn.is_some() && !ours && before != self.state.push.read_back.pfn {
            self.recorder
                .note("the device's push channel belongs to another PFN: it is not used");
        }
        self.state.push.confirmed = pfn.is_some();
        self.next(Event::PfnRead { ours });
        if self.waits_by_other_verb() {
            let why = "the device showed whether it holds a PFN: it is set by the other verb";
            let waits = |state| state == CommandState::Queued;
            let (serves, how) = (ServerPurpose::ChannelSet, CommandState::Cancelled);
            close(self.state, serves, waits, how, why, self.recorder);
            let verb = match pfn {
                Some(_) => SetVerb::Replace,
                None => SetVerb::Add,
            };
            self.effects.push(Effect::SendSet(verb));
        }
    }

    /// Whether the URI is one that was not in use, or is good for longer than was known.
    fn uri(&mut self, text: &Secret, expires_at: Option<Timestamp>) -> bool {
        match ChannelUri::parse(text.reveal().trim(), &self.request.push.hosts) {
            Ok(uri) => {
                let digest = uri.digest();
                let effects = self.next(Event::UriRead { digest, expires_at });
                let is_taken = effects.contains(&Effect::KeepUri);
                if is_taken {
                    self.changes.uri = Some(Some(uri.text().clone()));
                }
                is_taken
            }
            Err(error) => {
                let what = EventType::ChannelUriRefused;
                let refused = self.recorder.event("device", self.subject.id, what);
                self.recorder.events.push(refused.detail(error.to_string()));
                self.next(Event::UriAbsent);
                false
            }
        }
    }

    /// `ConfigurationStatus`: whether UpdateConfiguration worked, and whether it still holds.
    fn configuration(&mut self, status: Option<u32>, is_fresh: bool) {
        let Some(status) = status else { return };
        let known = &mut self.state.push.read_back.configuration_status;
        let was_configured = known
            .replace(status)
            .is_some_and(|was| was != NOT_CONFIGURED);
        let counts = was_configured || self.channel.state == ChannelState::AwaitingUri;
        if status == NOT_CONFIGURED && counts && !is_fresh && self.channel.is_ours() {
            self.note_of_channel(configuration_words(status));
            self.next(Event::NotConfigured);
        }
    }

    /// `LastError`: why the device could not create a channel.
    fn last_error(&mut self, error: Option<u32>, is_fresh: bool) {
        let Some(error) = error else { return };
        let is_news = self.state.push.read_back.last_error.replace(error) != Some(error);
        if is_news && error != 0 {
            self.note_of_channel(last_error_words(error));
        }
        if error == INVALID_APP && self.counts(is_news, is_fresh) {
            self.refuses_pfn(last_error_words(error));
        }
    }

    /// DMClient's Push/Status.
    fn status(&mut self, status: Option<u16>, is_fresh: bool) {
        let Some(status) = status else { return };
        let is_news = self.state.push.status.replace(status) != Some(status);
        if is_news && status != 0 {
            self.note_of_channel(status_words(status));
        }
        match (status, self.channel.uri) {
            (URI_EXPIRED, Some(digest)) if is_news && !is_fresh => {
                self.next(Event::Wns(digest, WnsVerdict::Gone));
            }
            _ if !self.counts(is_news, is_fresh) => {}
            (NOT_REVOKED, _) => drop(self.next(Event::NotRegistered)),
            _ if PFN_REFUSED.contains(&status) => self.refuses_pfn(status_words(status)),
            _ => {}
        }
    }

    /// Whether a failure that the device reports is about our PFN, and not left from before.
    fn counts(&self, is_news: bool, is_fresh: bool) -> bool {
        use ChannelState::{AwaitingUri, SetFailed, SetSent};
        let after_set = matches!(self.channel.state, SetSent | AwaitingUri | SetFailed);
        let ours = self.channel.is_ours() || after_set && !self.channel.is_foreign();
        ours && !is_fresh && (is_news || after_set)
    }

    /// The PFN does not work on this device: it is registered anew. On several devices that
    /// were set up by this server it is the profile's fault.
    fn refuses_pfn(&mut self, words: &str) {
        self.next(Event::NotRegistered);
        self.changes.against = Some(ProfileReport {
            profile: self.target.id,
            event: ProfileEvent::PfnRefused(self.subject.id),
            words: format!("devices report: {words}"),
        });
    }

    fn note_of_channel(&mut self, words: &str) {
        self.recorder
            .note(format!("the device reports of push: {words}"));
    }
}
