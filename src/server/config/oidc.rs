//! The section `web.oidc`: sign-in to the pages by an identity provider.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::values::{File, Rule, list, optional, required};
use crate::egress::EgressPolicy;
use modegate_core::tokens::{Access, Role};

/// Longest client id, scope, or name and value of a claim, bytes.
const TEXT: usize = 256;

/// Sign-in to the pages by an identity provider (OpenID Connect).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcSettings {
    /// The issuer, exactly as the provider writes it in its metadata and its tokens.
    #[serde(deserialize_with = "optional::<Issuer, _>")]
    pub issuer: Option<String>,
    /// Under which id this server is registered at the provider.
    #[serde(deserialize_with = "optional::<ClientId, _>")]
    pub client_id: Option<String>,
    /// A file with the secret of that registration; without one the server is a public client.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub client_secret_file: Option<PathBuf>,
    /// What pages call the provider: "Sign in with …". Default: the issuer's host.
    #[serde(deserialize_with = "optional::<ProviderName, _>")]
    pub name: Option<String>,
    /// What is asked for. Default `openid`, `profile` and `email`.
    #[serde(deserialize_with = "list::<Scope, _>")]
    pub scopes: Vec<String>,
    /// Further CAs (PEM) that the provider may have its certificate from.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub ca: Option<PathBuf>,
    /// Who may do what in the console: the first that fits counts.
    pub role: Vec<OidcRole>,
}

impl OidcSettings {
    /// Most entries of `role`.
    pub const ROLES: usize = 100;

    /// What pages call the provider, if there is one.
    pub fn name(&self) -> Option<String> {
        let issuer = Url::parse(self.issuer.as_deref()?).ok()?;
        let host = || issuer.host_str().map(str::to_owned);
        self.name.clone().or_else(host)
    }
}

impl Default for OidcSettings {
    fn default() -> Self {
        OidcSettings {
            issuer: None,
            client_id: None,
            client_secret_file: None,
            name: None,
            scopes: ["openid", "profile", "email"].map(str::to_owned).into(),
            ca: None,
            role: Vec::new(),
        }
    }
}

/// What whoever has a claim with this value may do in the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcRole {
    /// The claim's name, or with a `/` at its beginning the path to it: `/realm_access/roles`.
    #[serde(deserialize_with = "required::<ClaimText, _>")]
    pub claim: String,
    /// Its value, or one of its values.
    #[serde(deserialize_with = "required::<ClaimText, _>")]
    pub value: String,
    /// The role.
    #[serde(deserialize_with = "console_role", serialize_with = "role_name")]
    pub role: Role,
    /// The groups of devices that it is bound to; none: all devices.
    #[serde(default, deserialize_with = "list::<ClaimText, _>")]
    pub groups: Vec<String>,
}

struct Issuer;

impl Rule for Issuer {
    type Value = String;
    const EXPECTED: &'static str = "an https:// URL without user, password, query and fragment, as the provider \
                                    writes it (plain http only to this machine)";
    const IS_SECRET: bool = false;

    fn parse(text: &str) -> Option<String> {
        let url = EgressPolicy::OPERATOR.check(text).ok()?;
        url.query().is_none().then(|| text.to_owned())
    }
}

struct ClientId;

impl Rule for ClientId {
    type Value = String;
    const EXPECTED: &'static str = "1 to 256 visible ASCII characters";
    const IS_SECRET: bool = false;

    fn parse(text: &str) -> Option<String> {
        is_short(text)
            .then_some(text)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
            .map(str::to_owned)
    }
}

struct Scope;

impl Rule for Scope {
    type Value = String;
    const EXPECTED: &'static str = "scopes of OAuth 2.0, such as email";
    const IS_SECRET: bool = false;

    fn parse(text: &str) -> Option<String> {
        // RFC 6749, section 3.3.
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let is_scope = is_short(text) && text.bytes().all(allowed);
        is_scope.then(|| text.to_owned())
    }
}

struct ProviderName;

impl Rule for ProviderName {
    type Value = String;
    const EXPECTED: &'static str = "1 to 64 characters of one line";
    const IS_SECRET: bool = false;

    fn parse(text: &str) -> Option<String> {
        let is_name = (1..=64).contains(&text.chars().count());
        (is_name && !text.chars().any(char::is_control)).then(|| text.to_owned())
    }
}

struct ClaimText;

impl Rule for ClaimText {
    type Value = String;
    const EXPECTED: &'static str = "1 to 256 bytes of one line";
    const IS_SECRET: bool = false;

    fn parse(text: &str) -> Option<String> {
        (is_short(text) && !text.chars().any(char::is_control)).then(|| text.to_owned())
    }
}

struct ConsoleRole;

impl Rule for ConsoleRole {
    type Value = Role;
    const EXPECTED: &'static str = "admin, operator or auditor";
    const IS_SECRET: bool = false;

    fn parse(text: &str) -> Option<Role> {
        let mut roles = Access::Audit.roles().iter().copied();
        roles.find(|role| role.name() == text)
    }
}

fn is_short(text: &str) -> bool {
    (1..=TEXT).contains(&text.len())
}

fn console_role<'de, D: Deserializer<'de>>(from: D) -> Result<Role, D::Error> {
    required::<ConsoleRole, D>(from)
}

fn role_name<S: Serializer>(role: &Role, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(role.name())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Flags, Loaded};

    #[test]
    fn an_issuer_is_kept_as_it_is_written() {
        for good in [
            "https://login.contoso.com",
            "https://login.contoso.com/",
            "https://login.contoso.com/adfs",
            "https://10.0.0.8:8443/realms/tablets/",
            "http://127.0.0.1:8080/realms/a",
        ] {
            assert_eq!(Issuer::parse(good).as_deref(), Some(good));
        }
        for wrong in [
            "",
            "login.contoso.com",
            "http://login.contoso.com",
            "https://user@login.contoso.com",
            "https://login.contoso.com/?a=b",
            "https://login.contoso.com/#a",
            "ftp://login.contoso.com",
        ] {
            assert_eq!(Issuer::parse(wrong), None, "{wrong}");
        }
    }

    fn faults(text: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("m.toml");
        std::fs::write(&file, text).unwrap();
        let loaded = Loaded::read(Some(&file), &[], &Flags::default());
        let told = loaded.faults.iter().map(ToString::to_string);
        told.map(|fault| fault.rsplit_once("m.toml:").unwrap().1.to_owned())
            .collect()
    }

    #[test]
    fn what_is_wrong_with_a_provider_is_told_with_its_place() {
        let text = "[web.oidc]\nclient_id = 'modegate'\nscopes = ['email']\n\
                    [[web.oidc.role]]\nclaim = 'groups'\nvalue = ''\nrole = 'portal'\nmore = 1\n";
        let expected = [
            "2:1: expected web.oidc.issuer beside web.oidc.client_id, found none",
            "3:1: expected openid among the scopes, found email",
            "6:1: expected 1 to 256 bytes of one line, found ''",
        ];
        let found = faults(text);
        for expected in expected {
            assert!(found.iter().any(|fault| fault == expected), "{found:#?}");
        }
        let role = faults(&text.replace("value = ''", "value = 'a'"));
        assert!(
            role.iter()
                .any(|fault| fault.starts_with("7:1: expected admin, operator")),
            "{role:#?}"
        );
    }

    #[test]
    fn a_program_without_the_feature_says_how_to_build_one_with_it() {
        let text = "[web.oidc]\nissuer = 'https://login.contoso.com'\nclient_id = 'modegate'\n\
                    [[web.oidc.role]]\nclaim = 'groups'\nvalue = 'a'\nrole = 'admin'\n";
        let found = faults(text);
        if cfg!(feature = "oidc") {
            assert_eq!(found, [""; 0]);
        } else {
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].contains("`--features oidc`"), "{found:#?}");
        }
    }

    #[test]
    fn the_console_has_no_role_for_a_portal() {
        assert_eq!(ConsoleRole::parse("auditor"), Some(Role::Auditor));
        assert_eq!(ConsoleRole::parse("portal"), None);
    }
}
