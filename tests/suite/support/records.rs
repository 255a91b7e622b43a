//! Records of push that tests and benches begin with.

use modegate_core::push::profile::{PackageSid, Pfn, ProfileHealth, TokenForm};
use modegate_core::push::record::PushProfile;
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_sim::mock_wns::{App, Form};
use uuid::Uuid;

/// The Package SID of a package family.
pub(crate) fn sid_of(pfn: &str) -> PackageSid {
    PackageSid::from_pfn(&Pfn::parse(pfn).expect("a PFN"))
}

/// An app of the older token service, as the mock WNS knows it.
pub(crate) fn wns_app(pfn: &str, secret: &str) -> App {
    App {
        pfn: pfn.to_owned(),
        form: Form::Legacy,
        client_id: sid_of(pfn).to_string(),
        secret: secret.into(),
        token_life_s: 86_400,
    }
}

/// The profile of the same app, for all devices.
pub(crate) fn push_profile(pfn: &str, secret: &str, at: Timestamp) -> PushProfile {
    PushProfile {
        id: Uuid::now_v7(),
        pfn: Pfn::parse(pfn).expect("a PFN"),
        app_id: "mdm".to_owned(),
        form: TokenForm::Legacy,
        sid: Some(sid_of(pfn)),
        tenant: None,
        client_id: None,
        secret: Secret::new(secret),
        groups: Vec::new(),
        created_at: at,
        health: ProfileHealth::default(),
        reason: None,
        health_at: at,
    }
}
