//! A push profile as it is kept: whose channels, the credentials, how it fares.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::alert::{AlertKind, Finding, Subject};
use crate::push::active_profiles::Target;
use crate::push::profile::{Health, PackageSid, Pfn, ProfileEvent, ProfileHealth, TokenForm};
use crate::push::token::{Credentials, TenantId};
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Most profiles that there may be.
const MOST: usize = 64;
/// How long a profile fails for reasons that pass before an operator should look.
const DEGRADED_MS: i64 = 15 * 60 * 1000;

/// A push profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushProfile {
    /// Its id.
    pub id: Uuid,
    /// The package family that its channels belong to.
    pub pfn: Pfn,
    /// The AppId of MDM_WNSConfiguration.
    pub app_id: String,
    /// Which token service.
    pub form: TokenForm,
    /// Legacy: the Package SID.
    pub sid: Option<PackageSid>,
    /// Entra: the tenant.
    pub tenant: Option<String>,
    /// Entra: the application id.
    pub client_id: Option<String>,
    /// The app secret.
    pub secret: Secret,
    /// The groups whose devices use it; empty: every device.
    pub groups: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it fares.
    pub health: ProfileHealth,
    /// Why, in words.
    pub reason: Option<String>,
    /// Since when.
    pub health_at: Timestamp,
}

/// What a session taught of a push profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileReport {
    /// The profile.
    pub profile: Uuid,
    /// What was learnt.
    pub event: ProfileEvent,
    /// The same in words.
    pub words: String,
}

/// What becomes of a push profile.
#[derive(Debug, Clone)]
pub enum ProfileChange {
    /// It is this from now on.
    Keep(Box<PushProfile>),
    /// It is gone.
    Delete,
}

impl ProfileChange {
    /// Checks what becomes of the profile that was `before`, where there are
    /// `count` of them: the profile as it stands afterwards, or stood before it
    /// is deleted. No device changes with its profile: the next exchange goes
    /// by the profiles that there are then.
    ///
    /// # Errors
    /// There are as many as there may be, or the one to delete is not there.
    pub fn check<'a>(
        &'a self,
        before: Option<&'a PushProfile>,
        count: usize,
    ) -> Result<&'a PushProfile, Refusal> {
        match (self, before) {
            (ProfileChange::Keep(_), None) if count >= MOST => Err(Refusal::Conflict(format!(
                "there are {MOST} push profiles, the most that there may be"
            ))),
            (ProfileChange::Keep(profile), _) => Ok(profile),
            (ProfileChange::Delete, Some(before)) => Ok(before),
            (ProfileChange::Delete, None) => {
                let why = "there is no such push profile".to_owned();
                Err(Refusal::Missing(why))
            }
        }
    }
}

impl PushProfile {
    /// What it shows to the token service; `None` where something of it is missing.
    pub fn credentials(&self) -> Option<Credentials> {
        let secret = self.secret.clone();
        Some(match self.form {
            TokenForm::Legacy => Credentials::Legacy {
                sid: self.sid?,
                secret,
            },
            TokenForm::Entra => Credentials::Entra {
                tenant: TenantId::parse(self.tenant.as_deref()?).ok()?,
                client_id: self.client_id.clone()?,
                secret,
            },
        })
    }

    /// What an operator should act on.
    pub fn finding(&self, now: Timestamp) -> Option<Finding> {
        let kind = match self.health.health {
            Health::Misconfigured => AlertKind::ProfileMisconfigured,
            Health::Blocked => AlertKind::ProfileBlocked,
            Health::Degraded if now.ms_since(self.health_at) >= DEGRADED_MS => {
                AlertKind::ProfileDegraded
            }
            Health::Degraded | Health::Unchecked | Health::Healthy => return None,
        };
        let why = self.reason.as_deref().unwrap_or_default();
        let message = format!("{}: {why}", self.pfn.as_str());
        Some(Finding::new(kind, Subject::Profile(self.id), message))
    }

    /// What the core sees of it.
    pub fn target(&self) -> Target {
        Target {
            id: self.id,
            app_id: self.app_id.clone(),
            pfn: self.pfn.clone(),
            groups: self.groups.clone(),
        }
    }

    /// The profile after `event`, with the reason in words; `None` where its
    /// health stays as it is.
    pub fn learn(&self, event: ProfileEvent, reason: &str, now: Timestamp) -> Option<PushProfile> {
        let health = self.health.next(event);
        (health != self.health).then(|| PushProfile {
            health,
            health_at: if health.health == self.health.health {
                self.health_at
            } else {
                now
            },
            reason: Some(reason.to_owned()),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::push::profile::Health;

    fn profile() -> PushProfile {
        PushProfile {
            id: Uuid::nil(),
            pfn: Pfn::parse("Contoso.Mdm_8wekyb3d8bbwe").unwrap(),
            app_id: "mdm".to_owned(),
            form: TokenForm::Legacy,
            sid: None,
            tenant: None,
            client_id: None,
            secret: Secret::new("secret"),
            groups: Vec::new(),
            created_at: Timestamp(1),
            health: ProfileHealth::default(),
            reason: None,
            health_at: Timestamp(1),
        }
    }

    #[test]
    fn what_is_learnt_counts_from_when_the_health_became_another() {
        let refused = profile().learn(ProfileEvent::TokenRefused, "wrong secret", Timestamp(2));
        let refused = refused.unwrap();
        assert_eq!(refused.health.health, Health::Misconfigured);
        assert_eq!(refused.health_at, Timestamp(2));
        assert_eq!(refused.reason.as_deref(), Some("wrong secret"));
        let again = refused.learn(ProfileEvent::TokenRefused, "still", Timestamp(3));
        assert_eq!(again, None);
    }

    #[test]
    fn a_profile_is_made_while_there_is_room_and_deleted_while_it_is_there() {
        let profile = profile();
        let keep = ProfileChange::Keep(Box::new(profile.clone()));
        assert_eq!(keep.check(None, MOST - 1), Ok(&profile));
        assert_eq!(keep.check(Some(&profile), MOST), Ok(&profile));
        assert!(matches!(keep.check(None, MOST), Err(Refusal::Conflict(_))));
        let delete = ProfileChange::Delete;
        assert_eq!(delete.check(Some(&profile), 1), Ok(&profile));
        assert!(matches!(delete.check(None, 1), Err(Refusal::Missing(_))));
    }
}
