//! What a test or `simulate` asks of a tablet besides its ordinary life.

use super::Tablet;
use crate::behaviour::Forced;
use crate::proof::ServerCredentials;

impl Tablet {
    /// Somebody runs the agent from a prompt: what needs impersonation (the
    /// WNS configuration and channel, app jobs, what is the user's) answers 500,
    /// what is the device's works (the MDMAgent article).
    pub fn runs_by_hand(&mut self, by_hand: bool) {
        self.behaviour.by_hand = by_hand;
    }

    /// Whether the query names the mode (one public text says that 8.1 does
    /// not); what the agent can do stays the same.
    pub fn names_mode(&mut self, names: bool) {
        self.behaviour.no_mode = !names;
    }

    /// Whether a locked session counts as nobody logged on: what LoginStatus a locked
    /// tablet reports at night is unknown.
    pub fn locked_is_nobody(&mut self, is_nobody: bool) {
        self.behaviour.locked_is_nobody = is_nobody;
    }

    /// From now on items whose LocURI, raw or decoded, contains `loc_uri_part`
    /// are answered `code`: from 300 on nothing is done, below it what
    /// succeeds is answered so.
    pub fn answer(&mut self, loc_uri_part: &str, code: u16) {
        self.force(loc_uri_part, code, false);
    }

    /// The same for the next such item only.
    pub fn answer_once(&mut self, loc_uri_part: &str, code: u16) {
        self.force(loc_uri_part, code, true);
    }

    /// Answers by the tablet's own state again.
    pub fn answer_truly(&mut self) {
        self.behaviour.forced.clear();
    }

    fn force(&mut self, part: &str, code: u16, once: bool) {
        self.behaviour.forced.push(Forced {
            part: part.to_owned(),
            code,
            once,
        });
    }

    /// The next `count` replies are lost on the way: what they ask is not done,
    /// and the session ends there.
    pub fn drop_replies(&mut self, count: u32) {
        self.behaviour.lost_replies = count;
    }

    /// The next `count` messages that may be repeated are sent twice, as if
    /// the first reply had been lost; another answer is a breach. A message 1
    /// that is answered without commands is not such a message.
    pub fn retransmit(&mut self, count: u32) {
        self.behaviour.retransmissions = count;
    }

    /// After an unenrolment it says nothing, not even alert 1226.
    pub fn silent_unenroll(&mut self, silent: bool) {
        self.behaviour.silent_unenroll = silent;
    }

    /// Child names come back percent-encoded, as the general Windows 10 text
    /// has it; otherwise as they are, as the text on `./cimv2` has it.
    pub fn encodes_names(&mut self, encodes: bool) {
        self.behaviour.encoded_names = encodes;
    }

    /// `Meta/Format` tells types apart (`int`, `bool`); otherwise it is `chr`
    /// for every value. Which one 8.1 does is unknown.
    pub fn tells_types(&mut self, tells: bool) {
        self.behaviour.typed_formats = tells;
    }

    /// Long lists of names come in two messages: a first one without Final and
    /// a second one with more Results under the same CmdRef.
    pub fn splits_results(&mut self, splits: bool) {
        self.behaviour.split_results = splits;
    }

    /// Gets inside an Atomic fail (500), as on Windows 10; 8.1 takes them.
    pub fn refuses_gets_in_atomic(&mut self, refuses: bool) {
        self.behaviour.no_gets_in_atomic = refuses;
    }

    /// It proves itself by the header `x-syncml-hmac` with its credentials,
    /// instead of a Cred.
    pub fn proves_by_mac(&mut self, by_mac: bool) {
        self.behaviour.by_mac = by_mac;
    }

    /// It writes and reads WBXML instead of XML, by a codec of its own.
    pub fn speaks_wbxml(&mut self, wbxml: bool) {
        self.behaviour.wbxml = wbxml;
    }

    /// It asks the server to prove itself by MD5; `None`: it trusts TLS.
    pub fn challenges_server(&mut self, server: Option<ServerCredentials>) {
        self.behaviour.server = server;
    }
}
