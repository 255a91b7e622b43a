//! A push profile as it is kept: whose channels, the credentials, how it fares.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::push::in_force::Target;
use crate::push::profile::{PackageSid, Pfn, ProfileEvent, ProfileHealth, TokenForm};
use crate::push::token::{Credentials, TenantId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Most profiles that there may be.
pub const MOST: usize = 64;

/// A push profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushProfile {
    /// Its id.
    pub id: Uuid,
    /// Whose channels they are.
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
    use super::*;
    use crate::push::profile::Health;

    #[test]
    fn what_is_learnt_counts_from_when_the_health_became_another() {
        let pfn = Pfn::parse("52314Publisher.TestWNS_t6e9vsyjkrw9w").expect("a PFN");
        let new = PushProfile {
            id: Uuid::nil(),
            pfn,
            app_id: "mdm".to_owned(),
            form: TokenForm::Legacy,
            sid: None,
            tenant: None,
            client_id: None,
            secret: Secret::new("s"),
            groups: Vec::new(),
            created_at: Timestamp(1),
            health: ProfileHealth::default(),
            reason: None,
            health_at: Timestamp(1),
        };
        let refused = new.learn(ProfileEvent::TokenRefused, "wrong secret", Timestamp(2));
        let refused = refused.expect("it is another");
        assert_eq!(refused.health.health, Health::Misconfigured);
        assert_eq!(refused.health_at, Timestamp(2));
        assert_eq!(refused.reason.as_deref(), Some("wrong secret"));
        let again = refused.learn(ProfileEvent::TokenRefused, "still", Timestamp(3));
        assert_eq!(again, None);
    }
}
