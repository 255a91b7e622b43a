//! Tokens of the API.

use std::sync::Arc;

use super::input::{Line, Lines, List, Parsed, Time, input};
use super::word::Word;
use super::{App, AppError, Principal, WriteOptions, to_the_end};
use modegate_core::event::{Event, EventType};
use modegate_core::fields::FieldError;
use modegate_core::ids::DeviceId;
use modegate_core::limits::{DEVICE_LIST, NAME_BYTES as GROUP_BYTES};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_core::tokens::person::{DEVICES, Person};
use modegate_core::tokens::{BOOTSTRAP, NAME_BYTES, Role, Token, TokenDigest, TokenId};
use modegate_core::web_session::Subject;

input! {
    /// A token to make.
    pub(crate) struct NewToken {
        /// How the log names its holder; no other token has this name.
        pub(crate) name: Line<NAME_BYTES>,
        /// What it is for.
        pub(crate) role: Word<Role>,
        /// The groups that it is bound to. Default: it sees all devices.
        pub(crate) groups: Option<Lines<DEVICE_LIST, GROUP_BYTES>>,
        /// When it expires. Default: never.
        pub(crate) expires_at: Option<Time>,
        /// The person that it acts for; role portal only. It sees that person's devices and
        /// installs, and has apps of the catalogue installed there.
        pub(crate) person: Option<NewPerson>,
    }

    /// A person for whom a token acts.
    #[schemars(inline)]
    pub(crate) struct NewPerson {
        /// The user, as the devices' records name it; letter case does not matter.
        pub(crate) user: Line<GROUP_BYTES>,
        /// The person's devices. One that has been given to another user is left out.
        pub(crate) devices: List<Parsed<DeviceId>, DEVICES, 1>,
    }
}

impl NewToken {
    /// Everything that is wrong with it.
    fn faults(&self, now: Timestamp) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.name.0 == BOOTSTRAP {
            let expected = "another name than that of the file admin-token";
            faults.push(FieldError::new("name", expected, format!("'{BOOTSTRAP}'")));
        }
        match &self.groups {
            Some(groups) if groups.0.is_empty() => {
                let expected = "at least one group, or no such field for all devices";
                faults.push(FieldError::new("groups", expected, "an empty list"));
            }
            // Who makes tokens can make one for everything.
            Some(groups) if self.role.0 == Role::Admin => {
                let expected = "no groups, since an admin sees everything";
                faults.push(FieldError::new("groups", expected, groups.0.len()));
            }
            _ => {}
        }
        if self.person.is_some() && self.role.0 != Role::Portal {
            let expected = "no person, since only the role portal acts for one";
            let found = format!("one, with role {}", self.role.0.name());
            faults.push(FieldError::new("person", expected, found));
        }
        if let Some(past) = self.expires_at.filter(|at| at.0 <= now) {
            faults.push(FieldError::new(
                "expires_at",
                "a time in the future",
                past.0,
            ));
        }
        faults
    }
}

impl NewPerson {
    fn person(self) -> Person {
        Person {
            user: self.user.0,
            devices: self.devices.0.into_iter().map(|id| id.0).collect(),
        }
    }
}

/// The devices of a person that are not there.
async fn unknown_devices(
    app: &App,
    person: Option<&NewPerson>,
) -> Result<Vec<FieldError>, AppError> {
    let devices = person.map_or(&[][..], |person| &person.devices.0);
    let mut faults = Vec::new();
    for (at, id) in devices.iter().enumerate() {
        if app.store.device(id.0).await?.is_none() {
            let field = format!("person.devices[{at}]");
            faults.push(FieldError::new(field, "the id of a device", id.0));
        }
    }
    Ok(faults)
}

/// A token and its text, which is shown once and kept nowhere.
#[derive(Debug, Clone)]
pub(crate) struct CreatedToken {
    /// The token.
    pub(crate) token: Token,
    /// Its text.
    pub(crate) text: Secret,
}

/// Makes a token; it is taken from now on.
pub(crate) async fn create(
    app: &Arc<App>,
    by: &Principal,
    new: NewToken,
    options: WriteOptions<CreatedToken>,
) -> Result<CreatedToken, AppError> {
    let (now, text) = (app.now(), app.new_secret("mdt_"));
    let mut faults = new.faults(now);
    faults.extend(unknown_devices(app, new.person.as_ref()).await?);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let token = Token {
        id: TokenId(app.new_id()),
        name: new.name.0,
        role: new.role.0,
        groups: new.groups.map(Lines::texts),
        digest: TokenDigest::from_text(text.reveal()),
        created_at: now,
        created_by: by.actor(),
        expires_at: new.expires_at.map(|at| at.0),
        person: new.person.map(NewPerson::person),
    };
    let detail = token.on_record();
    let event = Event::new(now, by.actor(), None, EventType::TokenCreated).detail(detail);
    let created = move |token: &Token| CreatedToken {
        token: token.clone(),
        text: text.clone(),
    };
    let keep = options.keep.map(|keep| keep.from_written(created.clone()));
    let app = Arc::clone(app);
    // A token that was made is taken at once, whoever waits for it.
    to_the_end(async move {
        let token = app.store.create_token(token, event, keep).await?;
        app.refresh_tokens().await?;
        Ok(created(&token))
    })
    .await
}

/// All tokens but the one of the file `admin-token`.
pub(crate) async fn list(app: &App) -> Result<Vec<Token>, AppError> {
    Ok(app.store.tokens().await?)
}

/// Revokes a token, at once. The token as it was.
pub(crate) async fn revoke(
    app: &Arc<App>,
    by: &Principal,
    id: TokenId,
    options: WriteOptions<Token>,
) -> Result<Token, AppError> {
    let event = Event::new(app.now(), by.actor(), None, EventType::TokenRevoked);
    let app = Arc::clone(app);
    // A revoked token must not live on in memory.
    to_the_end(async move {
        let token = app.store.revoke_token(id, event, options.keep).await?;
        app.refresh_tokens().await?;
        app.web_sessions.forget_of(Subject::Token(id));
        Ok(token)
    })
    .await
}
