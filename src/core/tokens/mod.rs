//! Tokens of the API: who may do what. Pure: the shell brings the clock and the
//! random numbers, the store keeps the tokens.

pub mod person;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::device::DeviceRecord;
use crate::event::Event;
use crate::fields::{FieldError, quoted};
use crate::ids::DeviceId;
use crate::named::named;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use person::Person;

/// Most tokens that there may be: they are all kept in memory.
const MOST: u64 = 1_000;
/// Longest name of a token, bytes.
pub const NAME_BYTES: usize = 64;
/// How the log names the holder of the file `admin-token`; no other token has this name.
pub const BOOTSTRAP: &str = "admin";

named! {
    /// What a token is for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum Role by eq {
        /// Everything, tokens included.
        Admin = "admin",
        /// Devices, commands and all reads.
        Operator = "operator",
        /// Reads devices and commands, has apps of the catalogue installed.
        Portal = "portal",
        /// Reads devices, commands, sessions and the log. Never writes.
        Auditor = "auditor",
    }
}

impl Role {
    /// Whether it may queue this command. A portal has apps of the catalogue installed
    /// and asks how a job goes, and nothing else: what goes to the device, its job's
    /// name and its label are the catalogue's. What a command does is worked out from
    /// its operations, as always.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn check_command(self, command: &Value) -> Result<(), String> {
        let given = |field: &str| command.get(field).is_some_and(|value| !value.is_null());
        let name = command.get("type").and_then(Value::as_str);
        let own: &[&str] = match (self, name) {
            (Role::Admin | Role::Operator, _) => return Ok(()),
            (Role::Portal, Some("app_install")) => &["job_data", "package_full_name", "job_id"],
            (Role::Portal, Some("app_status")) => &["app"],
            (Role::Portal | Role::Auditor, _) => {
                let name = self.name();
                return Err(format!(
                    "this command needs the role operator; the role {name} queues app_install and app_status only"
                ));
            }
        };
        match own.iter().find(|field| given(field)) {
            None => Ok(()),
            Some(field) => Err(format!(
                "{field}: this field needs the role operator; the role {} has apps of the catalogue installed as they are there",
                self.name()
            )),
        }
    }
}

/// What an endpoint asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Nothing, not even a token.
    Public,
    /// Reading one's devices, the catalogue and installs.
    Browse,
    /// Asking for installs.
    Install,
    /// Reading devices and commands.
    Read,
    /// Reading the log, sessions, and what would be decided.
    Audit,
    /// Reading the log's checkpoint and hash tiles, which may be for everybody.
    Proof,
    /// Queueing commands; the portal only installs.
    Queue,
    /// Changing devices and commands.
    Operate,
    /// Tokens.
    Admin,
}

impl Access {
    /// The roles that have it.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Access::Public | Access::Browse | Access::Read => &Role::ALL,
            Access::Audit | Access::Proof => &[Role::Admin, Role::Operator, Role::Auditor],
            Access::Install | Access::Queue => &[Role::Admin, Role::Operator, Role::Portal],
            Access::Operate => &[Role::Admin, Role::Operator],
            Access::Admin => &[Role::Admin],
        }
    }

    /// Whether a token that acts for one person has it, too.
    pub fn is_for_persons(self) -> bool {
        matches!(self, Access::Public | Access::Browse | Access::Install)
    }

    /// The role to ask for, in errors: the least that has it.
    pub fn needed(self) -> &'static str {
        match self {
            Access::Public | Access::Browse | Access::Read | Access::Audit | Access::Proof => {
                "auditor or operator"
            }
            Access::Install | Access::Queue | Access::Operate => "operator",
            Access::Admin => "admin",
        }
    }
}

/// A token's public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TokenId(pub Uuid);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for TokenId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::try_parse(text).map(TokenId)
    }
}

/// SHA-256 of a token's text. The text is 32 random bytes, so there is nothing
/// to guess and a slow hash would protect nothing; looking a digest up by
/// equality tells nobody anything either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// The digest of this text.
    pub fn from_text(text: &str) -> Self {
        TokenDigest(Sha256::digest(text).into())
    }
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Its name: unique among those in force, since the log names it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The groups that it is bound to: it sees and changes only devices that have one
    /// of them. Without it, all devices.
    pub groups: Option<Vec<String>>,
    /// Its text's digest.
    pub digest: TokenDigest,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom, as the log names them.
    pub created_by: String,
    /// From when on it is no longer taken.
    pub expires_at: Option<Timestamp>,
    /// The person that it acts for: it sees that person's devices and installs only.
    #[serde(default)]
    pub person: Option<Person>,
}

impl Token {
    /// Whether it is taken at `now`.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    /// Whether a device is within its scope.
    pub fn covers_device(&self, id: DeviceId, record: &DeviceRecord) -> bool {
        let person = self.person.as_ref();
        self.covers(&record.groups) && person.is_none_or(|person| person.has(id, record))
    }

    /// Whether nothing bounds what it sees.
    pub fn sees_all(&self) -> bool {
        self.groups.is_none() && self.person.is_none()
    }

    /// How the log names its holder. One that acts for a person is named by its id:
    /// events stay for ever, and a person's name does not belong there.
    pub fn actor(&self) -> String {
        match self.person {
            None => format!("api:{}", self.name),
            Some(_) => format!("portal:{}", self.id),
        }
    }

    /// What the log says of it when it is made or revoked.
    pub fn on_record(&self) -> String {
        let (role, bound) = (self.role.name(), self.groups.is_some());
        let bound = if bound { ", bound to groups" } else { "" };
        match self.person {
            None => format!("{} ({role}{bound})", self.name),
            Some(_) => format!("{} ({role}{bound}, for one person)", self.id),
        }
    }

    /// Whether devices with these groups are within its scope, whosever they are.
    pub fn covers(&self, groups: &[String]) -> bool {
        self.groups
            .as_ref()
            .is_none_or(|own| own.iter().any(|group| groups.contains(group)))
    }
}

/// Whether a token of this name may be made besides `count` others, of which `taken`
/// has the name already.
///
/// # Errors
/// There are as many as there may be, or the name is taken.
pub fn check_new(name: &str, count: u64, taken: Option<TokenId>) -> Result<(), Refusal> {
    if count >= MOST {
        let why = format!("there are {count} tokens, the most that there may be; revoke some");
        return Err(Refusal::Conflict(why));
    }
    if let Some(id) = taken {
        let expected = "a name that no other token has; the log could not distinguish them";
        let fault = FieldError::new("name", expected, quoted(name)).conflicting(id);
        return Err(Refusal::Conflicts(vec![fault]));
    }
    Ok(())
}

/// The event that this token was revoked: it names token and role.
pub fn revoked(token: &Token, event: Event) -> Event {
    event.detail(token.on_record())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn token(groups: Option<&[&str]>, expires_at: Option<i64>) -> Token {
        Token {
            id: TokenId(Uuid::nil()),
            name: "t".into(),
            role: Role::Operator,
            groups: groups.map(|groups| groups.iter().map(|&group| group.to_owned()).collect()),
            digest: TokenDigest::from_text("text"),
            created_at: Timestamp(0),
            created_by: "api:admin".into(),
            expires_at: expires_at.map(Timestamp),
            person: None,
        }
    }

    #[test]
    fn roles_have_what_the_table_says() {
        let allowed = |access: Access| {
            access
                .roles()
                .iter()
                .map(|role| role.name())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(allowed(Access::Read), "admin operator portal auditor");
        assert_eq!(allowed(Access::Audit), "admin operator auditor");
        assert_eq!(allowed(Access::Queue), "admin operator portal");
        assert_eq!(allowed(Access::Operate), "admin operator");
        assert_eq!(allowed(Access::Admin), "admin");
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        for access in [Access::Read, Access::Audit, Access::Queue, Access::Operate] {
            assert!(!access.is_for_persons(), "{access:?}");
        }
    }

    #[test]
    fn a_portal_queues_what_the_catalogue_has_as_it_is_there() {
        let install = json!({"type": "app_install", "app": "erp", "version": "1", "urgent": true});
        for (role, command, expected) in [
            (Role::Portal, install.clone(), None),
            (
                Role::Portal,
                json!({"type": "app_status", "job_id": "j"}),
                None,
            ),
            (
                Role::Portal,
                json!({"type": "app_install", "job_data": "x", "app": "erp"}),
                Some("job_data"),
            ),
            (
                Role::Portal,
                json!({"type": "app_install", "package_full_name": "x"}),
                Some("package"),
            ),
            (
                Role::Portal,
                json!({"type": "app_install", "app": "erp", "job_id": "x"}),
                Some("job_id"),
            ),
            (
                Role::Portal,
                json!({"type": "app_install", "app": "erp", "job_data": null}),
                None,
            ),
            (
                Role::Portal,
                json!({"type": "app_status", "app": "erp"}),
                Some("app"),
            ),
            (Role::Portal, json!({"type": "raw"}), Some("operator")),
            (Role::Portal, json!({}), Some("operator")),
            (Role::Auditor, install, Some("operator")),
            (Role::Operator, json!({"type": "raw"}), None),
        ] {
            let refused = role.check_command(&command).err();
            let is_expected = match (&refused, expected) {
                (Some(why), Some(expected)) => why.contains(expected),
                (refused, expected) => refused.is_none() && expected.is_none(),
            };
            assert!(is_expected, "{role:?} {command}: {refused:?}");
        }
    }

    #[test]
    fn a_scope_covers_devices_that_have_one_of_its_groups() {
        let groups = |list: &[&str]| list.iter().map(|&g| g.to_owned()).collect::<Vec<_>>();
        assert!(token(None, None).covers(&[]));
        let scoped = token(Some(&["a", "b"]), None);
        assert!(scoped.covers(&groups(&["x", "b"])));
        assert!(!scoped.covers(&groups(&["x"])) && !scoped.covers(&[]));
        assert!(!token(Some(&[]), None).covers(&groups(&["x"])));
    }

    #[test]
    fn a_token_is_made_while_there_is_room_and_its_name_is_free() {
        assert_eq!(check_new("a", MOST - 1, None), Ok(()));
        let refused = check_new("a", MOST, None);
        assert!(matches!(refused, Err(Refusal::Conflict(_))));
        let id = TokenId(uuid::Uuid::from_u128(7));
        let Err(Refusal::Conflicts(faults)) = check_new("a", 1, Some(id)) else {
            panic!("a taken name is refused");
        };
        assert_eq!(faults[0].conflicts_with, Some(id.to_string()));
        assert_eq!(faults[0].found, "'a'");
    }
}
