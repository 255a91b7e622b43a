//! A push profile as it is kept: whose channels, the credentials, how it fares.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::push::in_force::Target;
use crate::push::profile::{PackageSid, Pfn, ProfileHealth, TokenForm};
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
}
