//! Push as the server runs it: the client, the profiles in force and their
//! health. This, [`super::worker`] and `send` are the only parts of push that know
//! the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Wns;
use crate::current::Current;
use crate::metrics::Metrics;
use crate::wns::client::{SetupError, WnsClient};
use crate::wns::in_force::ProfilesInForce;
use modegate_core::change::Refusal;
use modegate_core::event::{Event, EventType};
use modegate_core::operations::Templates;
use modegate_core::push::active_profiles::{ActiveProfiles, ChannelOwner, Target};
use modegate_core::push::profile::{Health, ProfileEvent};
use modegate_core::push::rate::{Bucket, Rate};
use modegate_core::push::record::{ProfileChange, PushProfile};
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// Push of one server.
pub struct Push {
    pub(super) store: Arc<dyn Store>,
    pub(super) client: WnsClient,
    pub(super) clock: Clock,
    /// What exchanges see of the profiles.
    pub(super) in_force: Arc<ProfilesInForce>,
    templates: Templates,
    rate: Option<Rate>,
    profiles: Current<Vec<PushProfile>>,
    buckets: Mutex<HashMap<Uuid, Bucket>>,
    /// Held while a profile is changed or read anew, so that none is overtaken
    /// by an older reading.
    changing: tokio::sync::Mutex<()>,
    /// Notified when they were read anew.
    changed: Notify,
}

impl Push {
    /// Makes it; no profile is in force before [`Push::refresh`], which puts the
    /// profiles in `in_force` too, for exchanges.
    ///
    /// # Errors
    /// An address in `setting` is none, or its CAs are unreadable.
    pub fn new(
        store: Arc<dyn Store>,
        in_force: Arc<ProfilesInForce>,
        setting: &Wns,
        templates: Templates,
        clock: Clock,
    ) -> Result<Self, SetupError> {
        let rate = (setting.per_second > 0).then(|| Rate {
            burst: setting.per_second,
            every_ms: (1000 / setting.per_second).max(1),
        });
        Ok(Push {
            client: WnsClient::new(setting, Clock::clone(&clock))?,
            store,
            in_force,
            templates,
            rate,
            clock,
            profiles: Current::default(),
            buckets: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// The same, counting in these metrics.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.client = self.client.with_metrics(metrics);
        self
    }

    /// The profiles in force, the oldest first.
    pub fn profiles(&self) -> Arc<Vec<PushProfile>> {
        self.profiles.get()
    }

    /// The profile of a device in these groups whose channel is that one's.
    pub fn profile_of(&self, groups: &[String], own: &ChannelOwner) -> Option<PushProfile> {
        let profiles = self.profiles();
        let is = |target: Target| target.is_for(groups) && target.owner() == *own;
        let mut of_it = profiles.iter().filter(|one| is(one.target()));
        of_it.next().cloned()
    }

    /// Takes over the profiles that the store has now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _turn = self.changing.lock().await;
        self.reread().await
    }

    async fn reread(&self) -> Result<(), StoreError> {
        let profiles = self.store.push_profiles().await?;
        let targets: Vec<Target> = profiles.iter().map(PushProfile::target).collect();
        self.in_force.replace(Arc::new(ActiveProfiles {
            targets,
            hosts: self.client.policy().clone(),
            templates: self.templates.clone(),
        }));
        self.profiles.replace(Arc::new(profiles));
        self.changed.notify_one();
        Ok(())
    }

    /// Returns once the profiles were read anew since the last time. For one waiter.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Asks for a token with each profile's credentials, so that one that is
    /// wrong is known before a device is to be woken.
    pub async fn check_all(&self) {
        for profile in self.profiles().iter() {
            self.check(profile).await;
        }
    }

    /// Asks for a token with the profile's credentials.
    pub async fn check(&self, profile: &PushProfile) {
        let Some(credentials) = profile.credentials() else {
            return;
        };
        match self.client.check(&credentials).await {
            Ok(()) => {
                let granted = "the token service granted a token";
                self.learn(profile.id, ProfileEvent::TokenGranted, granted)
                    .await;
            }
            Err(error) => {
                self.learn(profile.id, error.for_profile(), &error.to_string())
                    .await;
            }
        }
    }

    /// Forgets token and failure kept for the profile, and asks anew.
    pub async fn try_anew(&self, id: Uuid) {
        let profiles = self.profiles();
        if let Some(profile) = profiles.iter().find(|profile| profile.id == id) {
            if let Some(credentials) = profile.credentials() {
                self.client.forget(&credentials);
            }
            self.check(profile).await;
        }
    }

    /// Stores what was learnt about a profile, if it changes its health.
    pub(super) async fn learn(&self, id: Uuid, event: ProfileEvent, why: &str) {
        let changes = |profile: &PushProfile| profile.health.next(event) != profile.health;
        let known = self.profiles();
        if !known
            .iter()
            .any(|profile| profile.id == id && changes(profile))
        {
            return;
        }
        let _turn = self.changing.lock().await;
        let (why, now) = (why.to_owned(), self.clock.now());
        let decide = move |_: &[PushProfile], before: Option<&PushProfile>| {
            let gone = || Refusal::Missing("push profile not found".to_owned());
            let before = before.ok_or_else(gone)?;
            let known = || Refusal::Conflict("known already".to_owned());
            let after = before.learn(event, &why, now).ok_or_else(known)?;
            let logged = health_changed(before, &after, now);
            Ok((ProfileChange::Keep(Box::new(after)), logged))
        };
        let written = self
            .store
            .alter_push_profile(id, Box::new(decide), None)
            .await;
        match written {
            Ok(_) | Err(StoreError::Refused(_)) => {}
            Err(error) => tracing::error!(%error, "could not store the health of a push profile"),
        }
        if let Err(error) = self.reread().await {
            tracing::error!(%error, "could not read the push profiles; those in force stay");
        }
    }

    /// Takes one of the profile's rate; when one is there, if none is.
    pub(super) fn take(&self, id: Uuid, now: Timestamp) -> Result<(), Timestamp> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(id).or_insert_with(Bucket::full);
        // Without a limit what WNS asked for holds all the same.
        let rate = self.rate.unwrap_or(Rate {
            burst: u32::MAX,
            every_ms: 1,
        });
        *bucket = bucket.take(rate, now)?;
        Ok(())
    }

    /// Sends nothing of the profile before `until`: WNS asked for it.
    pub(super) fn hold(&self, id: Uuid, until: Timestamp) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(id).or_insert_with(Bucket::full);
        *bucket = bucket.hold(until);
    }
}

/// The event of a profile whose health changed.
fn health_changed(before: &PushProfile, after: &PushProfile, now: Timestamp) -> Event {
    let (from, to) = (before.health.health.name(), after.health.health.name());
    let why = after.reason.as_deref().unwrap_or_default();
    let text = format!("{}: {from} to {to}: {why}", after.pfn.as_str());
    match after.health.health {
        Health::Misconfigured | Health::Blocked => tracing::error!("push profile {text}"),
        Health::Degraded => tracing::warn!("push profile {text}"),
        Health::Unchecked | Health::Healthy => tracing::info!("push profile {text}"),
    }
    Event::new(now, "server", None, EventType::PushProfileHealth).detail(text)
}
