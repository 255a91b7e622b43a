//! Reads the policy files again, as an operator asks for it: by SIGHUP or over the API.

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::policies::invalid;
use super::{App, AppError, Principal, baseline_reload, to_the_end};
use crate::policy_files;
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::event::{Event, EventType};
use modegate_core::policy::{Fault, PolicySet};
use modegate_store::StoreError;

/// The policy set that is in force from now on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LoadedPolicySet")]
pub(crate) struct LoadedPolicySet {
    /// Its digest, as events name it.
    pub(crate) policy_set: String,
    /// The digest of the set that was in force until now; the same where the files did not
    /// change.
    pub(crate) before: String,
}

/// Why the set in force stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReloadError {
    /// Every fault of the files.
    #[error("files are invalid; what is in force stays")]
    Invalid(Vec<Fault>),
    /// The set could not be stored, or its loading not be logged.
    #[error("could not store what was read; what is in force stays: {0}")]
    Store(#[from] StoreError),
}

impl From<ReloadError> for AppError {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Invalid(faults) => invalid(faults),
            ReloadError::Store(error) => error.into(),
        }
    }
}

/// The policy set of this directory, or the one that is compiled in.
pub(crate) fn read(directory: Option<&Path>) -> Result<PolicySet, Vec<Fault>> {
    directory.map_or_else(PolicySet::builtin, policy_files::load)
}

/// Puts the policy files and the baselines in force as they are now, for a caller of the API. Whoever it is, is
/// logged.
pub(crate) async fn reload_for(
    app: &Arc<App>,
    by: &Principal,
) -> Result<LoadedPolicySet, AppError> {
    let (app, actor) = (Arc::clone(app), by.actor());
    to_the_end(async move {
        let loaded = reload(&app, &actor).await?;
        let baselines = baseline_reload::reload(&app, &actor).await?;
        baselines.map_err(ReloadError::Invalid)?;
        Ok(loaded)
    })
    .await
}

/// Puts the policy files in force as they are now. What is invalid is rejected, logged, and
/// raised as an alert; the set in force stays.
pub(crate) async fn reload(app: &App, actor: &str) -> Result<LoadedPolicySet, ReloadError> {
    // One after another, so that the log has them in the order in which they were in force.
    let _turn = app.reloading.lock().await;
    let set = read(app.policies.as_deref());
    app.metrics.reloaded(set.is_ok());
    match set {
        Ok(set) => enforce(app, actor, set).await,
        Err(faults) => {
            reject(app, actor, &faults).await;
            Err(ReloadError::Invalid(faults))
        }
    }
}

/// The set is in force once it is stored and logged, so that no decision is made by a set that
/// the log does not know.
async fn enforce(app: &App, actor: &str, set: PolicySet) -> Result<LoadedPolicySet, ReloadError> {
    let loaded = LoadedPolicySet {
        policy_set: set.digest().to_string(),
        before: app.sync.policies().digest().to_string(),
    };
    let kept = app
        .store
        .keep_policy_set(set.digest(), set.files().to_vec());
    kept.await?;
    let detail = format!("policy set {}", set.digest());
    let event = Event::new(app.now(), actor, None, EventType::PolicyLoaded).detail(detail);
    app.store.log(vec![event]).await?;
    tracing::info!(digest = set.digest(), "the policy set is in force");
    app.sync.enforce(Arc::new(set));
    settled(
        app.alerts
            .clear(AlertKind::PolicyRefused, Subject::Server)
            .await,
    );
    Ok(loaded)
}

async fn reject(app: &App, actor: &str, faults: &[Fault]) {
    for fault in faults {
        tracing::error!("{fault}");
    }
    let first = faults.first().map_or_else(String::new, Fault::to_string);
    let detail = format!("{} faults, the first: {first}", faults.len());
    let event = Event::new(app.now(), actor, None, EventType::PolicyRefused);
    if let Err(error) = app.store.log(vec![event.detail(detail.clone())]).await {
        tracing::error!(%error, "could not log the reload");
    }
    let finding = Finding::new(AlertKind::PolicyRefused, Subject::Server, detail);
    settled(app.alerts.raise(finding).await);
}

fn settled<T>(settled: Result<T, StoreError>) {
    if let Err(error) = settled {
        let alert = AlertKind::PolicyRefused.name();
        tracing::error!(%error, alert, "could not store an alert");
    }
}
