//! What is counted of push: notifications, tokens of WNS, wakes.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::{Labelled, Metrics};
use modegate_core::push::answer::{Outcome, WnsResponse};
use modegate_core::push::token::{NetworkFault, TokenError};
use modegate_core::push::wake::{Wake, WakeState};

/// What stands for an outcome where WNS did not answer, by [`NetworkFault`].
const UNANSWERED: [&str; 3] = ["not_connected", "timed_out", "broken"];
/// What came of a request for a token.
const TOKENS: [&str; 5] = [
    "granted",
    "refused",
    "unavailable",
    "bad_answer",
    "unanswered",
];

/// The metrics of push.
#[derive(Debug)]
pub(super) struct PushMetrics {
    sends: Labelled<Counter>,
    tokens: Labelled<Counter>,
    wakes: Labelled<Counter>,
}

impl PushMetrics {
    pub(super) fn new() -> Self {
        let outcomes = Outcome::ALL.map(Outcome::name).into_iter();
        let ends = WakeState::ALL.into_iter().filter(|state| state.is_final());
        PushMetrics {
            sends: Labelled::one(&["outcome"], outcomes.chain(UNANSWERED), Counter::default),
            tokens: Labelled::one(&["result"], TOKENS, Counter::default),
            wakes: Labelled::one(&["state"], ends.map(WakeState::name), Counter::default),
        }
    }

    pub(super) fn name(&self, to: &mut Registry) {
        to.register(
            "push_sends",
            "Notifications sent to WNS, by what WNS answered",
            self.sends.clone(),
        );
        to.register(
            "push_token_requests",
            "Access tokens asked of the token service, by result",
            self.tokens.clone(),
        );
        to.register(
            "wakes_ended",
            "Wakes that came to an end, by their last state",
            self.wakes.clone(),
        );
    }
}

/// The state in which a wake came to its end with a change, if it did.
pub(crate) fn wake_end(before: Option<&Wake>, after: Option<&Wake>) -> Option<WakeState> {
    let was_open = before.is_some_and(|wake| !wake.state.is_final());
    let state = after?.state;
    (was_open && state.is_final()).then_some(state)
}

impl Metrics {
    /// How often WNS answered what since the server started; what it never answered is left
    /// out.
    pub(crate) fn push_answers(&self) -> Vec<(&'static str, u64)> {
        let names = Outcome::ALL
            .map(Outcome::name)
            .into_iter()
            .chain(UNANSWERED);
        let counted = names
            .enumerate()
            .map(|(place, name)| (name, self.push.sends.at(place).get()));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// A notification was sent, and this came of it.
    pub(crate) fn push_sent(&self, answered: Result<&WnsResponse, NetworkFault>) {
        let place = match answered {
            Ok(answer) => answer.outcome as usize,
            Err(NetworkFault::Connect) => Outcome::ALL.len(),
            Err(NetworkFault::Timeout) => Outcome::ALL.len() + 1,
            Err(NetworkFault::Broken) => Outcome::ALL.len() + 2,
        };
        self.push.sends.at(place).inc();
    }

    /// The token service was asked for a token.
    pub(crate) fn token_requested<T>(&self, answered: &Result<T, TokenError>) {
        let place = match answered {
            Ok(_) => 0,
            Err(TokenError::Refused { .. }) => 1,
            Err(TokenError::Unavailable { .. }) => 2,
            Err(TokenError::Answer(_)) => 3,
            Err(TokenError::Network(_)) => 4,
        };
        self.push.tokens.at(place).inc();
    }

    /// A wake came to its end in this state.
    pub(crate) fn wake_ended(&self, state: WakeState) {
        let mut ends = WakeState::ALL.into_iter().filter(|state| state.is_final());
        if let Some(place) = ends.position(|end| end == state) {
            self.push.wakes.at(place).inc();
        }
    }
}
