//! Push profiles: whose channels are used, and the credentials that may push to them.

use std::sync::Arc;

use schemars::{Schema, json_schema};
use uuid::Uuid;

use super::input::{Flat, Line, Lines, Parse, Parsed, SecretLine, input};
use super::word::Word;
use super::{App, AppError, Principal, WriteOptions, to_the_end};
use modegate_core::change::Refusal;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, quoted};
use modegate_core::limits::{DEVICE_LIST, NAME_BYTES};
use modegate_core::push::profile::{PackageSid, Pfn, ProfileEvent, ProfileHealth, TokenForm};
use modegate_core::push::record::ProfileChange;
use modegate_core::push::record::PushProfile;
use modegate_core::push::token::TenantId;
use modegate_core::time::Timestamp;
use modegate_store::push::DecideProfile;

/// Longest name of a package, a tenant, an application, bytes.
const NAME: usize = 256;
/// Longest secret, bytes.
const SECRET: usize = 1024;
/// The default AppId: the server chooses it (docs/push.md).
const USUAL_APP_ID: &str = "modegate";

input! {
    /// A push profile to make.
    pub(crate) struct NewPushProfile {
        /// Which token service.
        #[schemars(extend("default" = "legacy"))]
        pub(crate) token_form: Option<Word<TokenForm>>,
        /// The app secret.
        pub(crate) secret: SecretLine<SECRET>,
        #[schemars(flatten)]
        pub(crate) rest: Flat<ProfileFields>,
    }

    /// What changes of a push profile; what is left out stays.
    pub(crate) struct PushProfileChange {
        /// Which token service.
        pub(crate) token_form: Option<Word<TokenForm>>,
        /// The app secret.
        pub(crate) secret: Option<SecretLine<SECRET>>,
        #[schemars(flatten)]
        pub(crate) rest: Flat<ProfileFields>,
    }

    /// What a new push profile and a change of one have in common.
    pub(crate) struct ProfileFields {
        /// The package family name.
        pub(crate) pfn: Option<Parsed<Pfn>>,
        /// A package full name, from which the family name follows.
        pub(crate) package_full_name: Option<Parsed<FullName>>,
        /// The AppId of MDM_WNSConfiguration.
        pub(crate) app_id: Option<Parsed<WnsAppId>>,
        /// Legacy: the package SID.
        pub(crate) sid: Option<Parsed<PackageSid>>,
        /// Entra: the tenant.
        pub(crate) tenant: Option<Parsed<Tenant>>,
        /// Entra: the application id.
        pub(crate) client_id: Option<Line<NAME>>,
        /// The groups whose devices use it; every device if empty.
        pub(crate) groups: Option<Lines<DEVICE_LIST, NAME_BYTES>>,
    }
}

impl Parse for Pfn {
    const MAX: usize = NAME;

    fn parse(line: &str) -> Result<Self, String> {
        Pfn::parse(line).map_err(|error| error.to_string())
    }
}

/// The family of a package that is given by its full name, which Visual Studio shows
/// (the Windows Phone push article).
#[derive(Debug, Clone)]
pub(crate) struct FullName(Pfn);

impl Parse for FullName {
    const MAX: usize = NAME;

    fn parse(line: &str) -> Result<Self, String> {
        let pfn = Pfn::from_full_name(line);
        pfn.map(FullName).map_err(|error| error.to_string())
    }
}

/// It stands in a key and before a `;` for which no escape is known.
#[derive(Debug, Clone)]
pub(crate) struct WnsAppId(String);

impl Parse for WnsAppId {
    const MAX: usize = 128;

    fn parse(line: &str) -> Result<Self, String> {
        match line.contains([';', '"', '\'']) {
            true => Err("text without semicolons and quotes".to_owned()),
            false => Ok(WnsAppId(line.to_owned())),
        }
    }

    fn schema() -> Schema {
        let most = Self::MAX;
        json_schema!({"type": "string", "minLength": 1, "maxLength": most, "pattern": "^[^;\"']*$"})
    }
}

impl Parse for PackageSid {
    const MAX: usize = NAME;

    fn parse(line: &str) -> Result<Self, String> {
        let expected = "a package SID: ms-app://S-1-15-2- and seven numbers";
        PackageSid::parse(line).map_err(|_| expected.to_owned())
    }
}

/// A tenant, as given.
#[derive(Debug, Clone)]
pub(crate) struct Tenant(String);

impl Parse for Tenant {
    const MAX: usize = NAME;

    fn parse(line: &str) -> Result<Self, String> {
        let checked = TenantId::parse(line).map_err(|error| error.to_string());
        checked.map(|_| Tenant(line.to_owned()))
    }
}

impl From<NewPushProfile> for PushProfileChange {
    fn from(new: NewPushProfile) -> Self {
        PushProfileChange {
            token_form: new.token_form,
            secret: Some(new.secret),
            rest: new.rest,
        }
    }
}

impl PushProfileChange {
    /// The profile that it makes of `before`, or a new one.
    fn profile(
        self,
        before: Option<&PushProfile>,
        id: Uuid,
        now: Timestamp,
    ) -> Result<PushProfile, FieldError> {
        let rest = self.rest.0;
        let pfn = rest.pfn(before)?;
        let secret = self.secret.map(|secret| secret.0);
        let secret = secret.or_else(|| before.map(|before| before.secret.clone()));
        let tenant = rest.tenant.map(|tenant| tenant.0.0);
        let client_id = rest.client_id.map(|id| id.0);
        let app_id = rest.app_id.map(|id| id.0.0);
        let profile = PushProfile {
            id,
            pfn,
            app_id: app_id
                .or_else(|| before.map(|before| before.app_id.clone()))
                .unwrap_or_else(|| USUAL_APP_ID.to_owned()),
            form: self.token_form.map_or_else(
                || before.map_or(TokenForm::Legacy, |before| before.form),
                |form| form.0,
            ),
            sid: rest
                .sid
                .map(|sid| sid.0)
                .or_else(|| before.and_then(|before| before.sid)),
            tenant: tenant.or_else(|| before.and_then(|before| before.tenant.clone())),
            client_id: client_id.or_else(|| before.and_then(|before| before.client_id.clone())),
            secret: secret.ok_or_else(|| FieldError::new("secret", "the app secret", "nothing"))?,
            groups: rest
                .groups
                .map(Lines::texts)
                .or_else(|| before.map(|before| before.groups.clone()))
                .unwrap_or_default(),
            created_at: before.map_or(now, |before| before.created_at),
            health: ProfileHealth::default(),
            reason: None,
            health_at: now,
        };
        complete(&profile)?;
        Ok(with_health(profile, before))
    }
}

impl ProfileFields {
    fn pfn(&self, before: Option<&PushProfile>) -> Result<Pfn, FieldError> {
        match (&self.pfn, &self.package_full_name, before) {
            (Some(pfn), Some(_), _) => {
                let expected = "nothing beside package_full_name";
                Err(FieldError::new("pfn", expected, quoted(pfn.0.as_str())))
            }
            (Some(pfn), None, _) => Ok(pfn.0.clone()),
            (None, Some(full), _) => Ok(full.0.0.clone()),
            (None, None, Some(before)) => Ok(before.pfn.clone()),
            (None, None, None) => {
                let expected = "a package family name, or package_full_name";
                Err(FieldError::new("pfn", expected, "nothing"))
            }
        }
    }
}

/// Whether the profile has what its token form needs.
fn complete(profile: &PushProfile) -> Result<(), FieldError> {
    let missing = match profile.form {
        TokenForm::Legacy if profile.sid.is_none() => "sid",
        TokenForm::Entra if profile.tenant.is_none() => "tenant",
        TokenForm::Entra if profile.client_id.is_none() => "client_id",
        TokenForm::Legacy | TokenForm::Entra => return Ok(()),
    };
    let expected = "text, which this token form needs";
    Err(FieldError::new(missing, expected, "nothing"))
}

/// What is known of the credentials before is known of the same ones afterwards.
fn with_health(mut profile: PushProfile, before: Option<&PushProfile>) -> PushProfile {
    if let Some(before) = before.filter(|before| same_credentials(before, &profile)) {
        profile.health = before.health;
        profile.reason.clone_from(&before.reason);
        profile.health_at = before.health_at;
    }
    profile
}

fn same_credentials(one: &PushProfile, other: &PushProfile) -> bool {
    let of = |profile: &PushProfile| profile.credentials().map(|all| all.key());
    one.pfn == other.pfn && of(one) == of(other)
}

fn missing() -> Refusal {
    Refusal::Missing("push profile not found".to_owned())
}

/// Makes a push profile; its credentials are tried at once.
pub(crate) async fn create(
    app: &Arc<App>,
    by: &Principal,
    new: NewPushProfile,
    options: WriteOptions<PushProfile>,
) -> Result<PushProfile, AppError> {
    let (now, id) = (app.now(), app.new_id());
    let profile = PushProfileChange::from(new).profile(None, id, now)?;
    let event = Event::new(now, by.actor(), None, EventType::PushProfileCreated)
        .detail(profile.pfn.as_str());
    let change = ProfileChange::Keep(Box::new(profile));
    let decide = Box::new(move |_: &[_], _: Option<&_>| Ok((change, event)));
    write(app, id, decide, true, options).await
}

/// Changes what is given of a push profile; other credentials are tried at once.
pub(crate) async fn change(
    app: &Arc<App>,
    by: &Principal,
    id: Uuid,
    change: PushProfileChange,
    options: WriteOptions<PushProfile>,
) -> Result<PushProfile, AppError> {
    let (now, before) = (app.now(), one(app, by, id)?);
    // Checked against the profile as it is now; taken over again inside the write.
    let wanted = change.clone().profile(Some(&before), id, now)?;
    let tries = !same_credentials(&before, &wanted);
    let event = Event::new(now, by.actor(), None, EventType::PushProfileChanged)
        .detail(wanted.pfn.as_str());
    let decide = Box::new(move |_: &[_], before: Option<&PushProfile>| {
        let before = before.ok_or_else(missing)?;
        let changed = change.profile(Some(before), id, now);
        let changed = changed.map_err(Refusal::Field)?;
        Ok((ProfileChange::Keep(Box::new(changed)), event))
    });
    write(app, id, decide, tries, options).await
}

/// Deletes a push profile: its devices have no channel any more. The profile as it was.
pub(crate) async fn delete(
    app: &Arc<App>,
    by: &Principal,
    id: Uuid,
    options: WriteOptions<PushProfile>,
) -> Result<PushProfile, AppError> {
    let event = Event::new(app.now(), by.actor(), None, EventType::PushProfileDeleted);
    let decide = Box::new(move |_: &[_], before: Option<&PushProfile>| {
        let before = before.ok_or_else(missing)?;
        Ok((ProfileChange::Delete, event.detail(before.pfn.as_str())))
    });
    write(app, id, decide, false, options).await
}

/// Has a push profile's credentials tried anew, and lets a stopped one send again.
pub(crate) async fn try_anew(
    app: &Arc<App>,
    by: &Principal,
    id: Uuid,
    options: WriteOptions<PushProfile>,
) -> Result<PushProfile, AppError> {
    let now = app.now();
    let event = Event::new(now, by.actor(), None, EventType::PushProfileChanged);
    let decide = Box::new(move |_: &[_], before: Option<&PushProfile>| {
        let mut profile = before.ok_or_else(missing)?.clone();
        profile.health = profile.health.next(ProfileEvent::Changed);
        (profile.reason, profile.health_at) = (None, now);
        let event = event.detail(format!(
            "{}: credentials checked again",
            profile.pfn.as_str()
        ));
        Ok((ProfileChange::Keep(Box::new(profile)), event))
    });
    write(app, id, decide, true, options).await
}

/// The push profiles that the caller may see, the oldest first: for one that is bound to
/// groups those that devices of these groups may use.
pub(crate) fn list(app: &App, by: &Principal) -> Vec<PushProfile> {
    let profiles = app.push.profiles();
    let seen = profiles
        .iter()
        .filter(|profile| by.may_see_for(&profile.groups));
    seen.cloned().collect()
}

/// One push profile that the caller may see.
pub(crate) fn one(app: &App, by: &Principal, id: Uuid) -> Result<PushProfile, AppError> {
    let profiles = app.push.profiles();
    let found = profiles
        .iter()
        .find(|profile| profile.id == id && by.may_see_for(&profile.groups))
        .cloned();
    found.ok_or_else(|| AppError::missing("push profile"))
}

/// Writes, takes over what is in force now, and has new credentials tried.
async fn write(
    app: &Arc<App>,
    id: Uuid,
    decide: DecideProfile,
    tries: bool,
    options: WriteOptions<PushProfile>,
) -> Result<PushProfile, AppError> {
    let app = Arc::clone(app);
    to_the_end(async move {
        let written = app.store.alter_push_profile(id, decide, options.keep);
        let profile = written.await?;
        app.push.refresh().await?;
        if tries {
            // The token service may take its time; the answer does not wait.
            let push = Arc::clone(&app.push);
            tokio::spawn(async move { push.try_anew(id).await });
        }
        Ok(profile)
    })
    .await
}
