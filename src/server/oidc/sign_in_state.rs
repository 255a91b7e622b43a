//! A sign-in under way. Nothing of it is kept: it is sealed in the parameter `state`, which the
//! provider passes back, and bound to the browser by the key in its cookie.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use modegate_core::time::Timestamp;
use modegate_core::web_session::{SessionDigest, Surface};
use modegate_store::seal::{Keys, SealContext, SealError};

/// How long a sign-in may take, milliseconds.
const LIFETIME_MS: i64 = 10 * 60 * 1000;
/// Longest address to go to afterwards, bytes: providers bound what they pass back.
const TO_BYTES: usize = 512;
/// Longest sealed state that is looked at, bytes.
const SEALED_BYTES: usize = 2_048;
/// Most sign-ins that have come back and are remembered.
const REMEMBERED: usize = 4_096;
const SEED: usize = 32;
/// Site, end, browser, seed.
const FIXED: usize = 1 + 8 + 32 + SEED;

/// Why a sign-in that comes back is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateFault {
    /// It was not begun here, or not in this browser.
    Unknown,
    /// It took too long.
    Expired,
    /// It came back already.
    Used,
}

/// A sign-in under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignInState {
    surface: Surface,
    ends_at: Timestamp,
    browser: SessionDigest,
    seed: [u8; SEED],
    /// The page to go to afterwards.
    pub(crate) to: String,
}

impl SignInState {
    /// A new one, in the browser whose key has this digest.
    pub(crate) fn new(
        surface: Surface,
        browser: SessionDigest,
        to: &str,
        seed: [u8; SEED],
        now: Timestamp,
    ) -> Self {
        SignInState {
            surface,
            ends_at: now.plus_ms(LIFETIME_MS),
            browser,
            seed,
            to: Some(to)
                .filter(|to| to.len() <= TO_BYTES)
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// It as the provider passes it back.
    pub(crate) fn seal(&self, keys: &Keys) -> Result<String, SealError> {
        let mut plain = vec![match self.surface {
            Surface::Console => 0,
            Surface::Portal => 1,
        }];
        plain.extend(self.ends_at.0.to_be_bytes());
        plain.extend(self.browser.0);
        plain.extend(self.seed);
        plain.extend(self.to.as_bytes());
        let sealed = keys.seal(SealContext::SignIn, &plain)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn open(text: &str, keys: &Keys) -> Option<Self> {
        let text = Some(text).filter(|text| text.len() <= SEALED_BYTES)?;
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = keys.open(SealContext::SignIn, &sealed).ok()?;
        let (fixed, to) = plain.split_at_checked(FIXED)?;
        let (site, fixed) = fixed.split_first()?;
        let (ends_at, fixed) = fixed.split_first_chunk()?;
        let (browser, seed) = fixed.split_first_chunk()?;
        Some(SignInState {
            surface: if *site == 0 {
                Surface::Console
            } else {
                Surface::Portal
            },
            ends_at: Timestamp(i64::from_be_bytes(*ends_at)),
            browser: SessionDigest(*browser),
            seed: seed.try_into().ok()?,
            to: String::from_utf8(to.to_vec()).ok()?,
        })
    }

    /// The one that comes back to this site in this browser, once.
    ///
    /// # Errors
    /// It is not taken.
    pub(crate) fn take(
        text: &str,
        keys: &Keys,
        used: &UsedStates,
        (surface, browser): (Surface, SessionDigest),
        now: Timestamp,
    ) -> Result<Self, StateFault> {
        let state = SignInState::open(text, keys).ok_or(StateFault::Unknown)?;
        if state.surface != surface || state.browser != browser {
            return Err(StateFault::Unknown);
        }
        if now >= state.ends_at {
            return Err(StateFault::Expired);
        }
        if !used.insert(state.seed, state.ends_at, now) {
            return Err(StateFault::Used);
        }
        Ok(state)
    }

    /// What the provider puts into the ID token.
    pub(crate) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// What proves that the code was asked for by this server (PKCE, RFC 7636).
    pub(crate) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// What the provider is told of it beforehand.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    fn derived(&self, purpose: &str) -> String {
        let mut hasher = Sha256::new();
        hasher.update(format!("modegate sign-in {purpose} 1 "));
        hasher.update(self.seed);
        URL_SAFE_NO_PAD.encode(hasher.finalize())
    }
}

/// The sign-ins that have come back and have not ended, by their seeds.
#[derive(Default)]
pub(crate) struct UsedStates(Mutex<HashMap<[u8; SEED], Timestamp>>);

impl UsedStates {
    /// Remembers one; `false` where it is there already.
    fn insert(&self, seed: [u8; SEED], ends_at: Timestamp, now: Timestamp) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.contains_key(&seed) {
            return false;
        }
        if used.len() >= REMEMBERED {
            used.retain(|_, ends_at| *ends_at > now);
        }
        if used.len() >= REMEMBERED {
            // Of so many the one that ends first. Its cookie is gone, and the provider takes
            // its code once.
            let first = used.iter().min_by_key(|(_, ends_at)| **ends_at);
            let first = first.map(|(seed, _)| *seed);
            first.map(|seed| used.remove(&seed));
        }
        used.insert(seed, ends_at);
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BROWSER: SessionDigest = SessionDigest([7; 32]);
    const HERE: (Surface, SessionDigest) = (Surface::Portal, BROWSER);

    fn keys() -> Keys {
        Keys::from_bytes(&[1; 32]).unwrap()
    }

    fn state(to: &str) -> SignInState {
        SignInState::new(Surface::Portal, BROWSER, to, [9; SEED], Timestamp(0))
    }

    #[test]
    fn it_comes_back_once_in_time_and_in_its_browser() {
        let (keys, used) = (keys(), UsedStates::default());
        let sealed = state("/portal/apps?q=ä").seal(&keys).unwrap();
        let take =
            |text: &str, whose, now| SignInState::take(text, &keys, &used, whose, Timestamp(now));
        let other = SessionDigest([8; 32]);
        for whose in [(Surface::Portal, other), (Surface::Console, BROWSER)] {
            assert_eq!(take(&sealed, whose, 1), Err(StateFault::Unknown));
        }
        assert_eq!(take(&sealed, HERE, LIFETIME_MS), Err(StateFault::Expired));
        assert_eq!(take(&sealed, HERE, 1).unwrap(), state("/portal/apps?q=ä"));
        assert_eq!(take(&sealed, HERE, 2), Err(StateFault::Used));
    }

    #[test]
    fn what_this_server_did_not_seal_is_unknown() {
        let (keys, used) = (keys(), UsedStates::default());
        let sealed = state("").seal(&keys).unwrap();
        let foreign = state("")
            .seal(&Keys::from_bytes(&[2; 32]).unwrap())
            .unwrap();
        let swapped = if sealed.ends_with('A') { "B" } else { "A" };
        let changed = format!("{}{swapped}", &sealed[..sealed.len() - 1]);
        for text in ["", "x", "%%", &foreign, &changed, &"A".repeat(4_096)] {
            let taken = SignInState::take(text, &keys, &used, HERE, Timestamp(1));
            assert_eq!(taken, Err(StateFault::Unknown), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_too_long_is_left_out() {
        assert_eq!(state(&"x".repeat(TO_BYTES + 1)).to, "");
        let sealed = state(&"x".repeat(TO_BYTES)).seal(&keys()).unwrap();
        assert!(sealed.len() < SEALED_BYTES, "{}", sealed.len());
    }

    #[test]
    fn nonce_and_verifier_say_nothing_of_each_other() {
        let state = state("");
        assert_ne!(state.nonce(), state.verifier());
        // RFC 7636: 43 to 128 characters.
        assert_eq!(state.verifier().len(), 43);
        let challenge = Sha256::digest(state.verifier());
        assert_eq!(state.challenge(), URL_SAFE_NO_PAD.encode(challenge));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let used = UsedStates::default();
        let seed = |number: usize| {
            let mut seed = [0; SEED];
            seed[..8].copy_from_slice(&number.to_be_bytes());
            seed
        };
        for number in 0..=REMEMBERED {
            let ends_at = Timestamp(i64::try_from(number).unwrap() + 10);
            assert!(used.insert(seed(number), ends_at, Timestamp(0)));
        }
        assert_eq!(used.0.lock().unwrap().len(), REMEMBERED);
        assert!(!used.insert(seed(REMEMBERED), Timestamp(10), Timestamp(0)));
        assert!(
            used.insert(seed(0), Timestamp(10), Timestamp(0)),
            "the first was forgotten"
        );
    }
}
