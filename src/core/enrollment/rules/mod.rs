//! The reviewed files of enrollment (`policies/enrollment/*.toml`): who may enroll how many
//! devices of which family, into which groups, and for how long.
//!
//! The first rule that fits decides. Where none does, only a token that an operator made lets a
//! device enroll.

pub mod cases;
mod load;

use crate::context::Family;
use crate::enrollment::{EnrollmentToken, TokenOrigin};
use crate::named::named;

/// Devices that a user may have enrolled at once, unless a rule says otherwise.
const DEVICES: u32 = 5;
/// Days for which a certificate is valid, unless a rule says otherwise.
const CERTIFICATE_DAYS: u32 = 365;
/// Days before its end from which a certificate may be renewed, unless a rule says otherwise.
const RENEWAL_DAYS: u32 = 50;

named! {
    /// How somebody proved that a device may be enrolled for them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Admission by eq {
        /// An operator made a token.
        Token = "token",
        /// The user signed in.
        SignIn = "sign_in",
        /// The user sent name and password.
        Password = "password",
    }
}

/// A user, or all of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UserPattern {
    /// This user, in lower case.
    Exactly(String),
    /// All whose names end so: `@` and the domain, in lower case.
    Domain(String),
}

/// What a device gets that is enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Groups.
    pub groups: Vec<String>,
    /// How many devices the user may have enrolled at once.
    pub devices: u32,
    /// Days for which its certificate is valid.
    pub certificate_days: u32,
    /// Days before the end of that from which it may be renewed.
    pub renewal_days: u32,
    /// Whether it takes up its record of an enrollment that has ended.
    pub takes_up_record: bool,
}

impl Default for Grant {
    fn default() -> Self {
        Grant {
            groups: Vec::new(),
            devices: DEVICES,
            certificate_days: CERTIFICATE_DAYS,
            renewal_days: RENEWAL_DAYS,
            takes_up_record: false,
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnrollmentRule {
    pub(crate) id: String,
    /// Whom it is about; `None` for anybody.
    pub(crate) users: Option<Vec<UserPattern>>,
    /// Of which groups, as the sign-in names them, the user is in one; `None` for any or none.
    pub(crate) claimed_groups: Option<Vec<String>>,
    /// The families, as bits.
    pub(crate) families: u32,
    /// How it was proved, as bits.
    pub(crate) admissions: u32,
    /// Whether it fits names without a domain behind an `@`.
    pub(crate) on_premises: bool,
    /// What it gives; `None` where it denies.
    pub(crate) grant: Option<Grant>,
}

/// Who wants to enroll a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// The user's name.
    pub user: String,
    /// The groups that the sign-in names.
    pub claimed_groups: Vec<String>,
    /// The family of the device.
    pub family: Family,
    /// How it was proved.
    pub admission: Admission,
    /// How many devices the user has enrolled now.
    pub devices: u64,
}

impl Applicant {
    /// Who has that token.
    pub fn of_token(token: &EnrollmentToken, family: Family, devices: u64) -> Self {
        let (admission, claimed_groups) = match &token.origin {
            TokenOrigin::Operator => (Admission::Token, Vec::new()),
            TokenOrigin::SignIn(groups) => (Admission::SignIn, groups.clone()),
            TokenOrigin::Password => (Admission::Password, Vec::new()),
        };
        Applicant {
            user: token.user.clone(),
            claimed_groups,
            family,
            admission,
            devices,
        }
    }

    /// Whether the name is one of a directory on premises: `DOMAIN\user` or `user`.
    fn is_on_premises(&self) -> bool {
        let domain = self.user.rsplit_once('@').map(|(_, domain)| domain);
        domain.is_none_or(str::is_empty) || self.user.contains('\\')
    }
}

/// Why a device may not be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// No rule fits.
    NoRule,
    /// A rule denies it.
    Rule,
    /// The user has as many devices as the rule lets them have.
    DeviceCap,
}

/// What the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentDecision {
    /// What the device gets, or why it is not enrolled.
    pub outcome: Result<Grant, Denial>,
    /// The rule that decided; none where no rule fits.
    pub rule: Option<String>,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// A rule, and why it does not fit; none where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consideration {
    /// The rule.
    pub rule: String,
    /// Why it does not fit.
    pub mismatch: Option<&'static str>,
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentRules {
    pub(crate) rules: Vec<EnrollmentRule>,
    digest: String,
}

impl EnrollmentRule {
    fn mismatch(&self, applicant: &Applicant) -> Option<&'static str> {
        let user = applicant.user.to_lowercase();
        let is_user = |pattern: &UserPattern| match pattern {
            UserPattern::Exactly(name) => *name == user,
            UserPattern::Domain(domain) => user.len() > domain.len() && user.ends_with(domain),
        };
        let claims = |group: &String| applicant.claimed_groups.contains(group);
        if self.families & (1 << applicant.family as u32) == 0 {
            return Some("it is about other families");
        }
        if self.admissions & (1 << applicant.admission as u32) == 0 {
            return Some("it asks for another proof");
        }
        if !self.on_premises && applicant.is_on_premises() {
            return Some("it is not about names without a domain");
        }
        let users = self.users.as_ref();
        if users.is_some_and(|users| !users.iter().any(is_user)) {
            return Some("it is about other users");
        }
        let groups = self.claimed_groups.as_ref();
        if groups.is_some_and(|groups| !groups.iter().any(claims)) {
            return Some("it asks for groups that the sign-in did not name");
        }
        None
    }
}

impl EnrollmentRules {
    /// How many rules there are.
    pub fn count(&self) -> usize {
        self.rules.len()
    }

    /// The digest of the files.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Each rule that is looked at for `applicant`, in order: the last one decides where it
    /// fits.
    pub fn explain(&self, applicant: &Applicant) -> Vec<Consideration> {
        let mut considered = Vec::new();
        for rule in &self.rules {
            let mismatch = rule.mismatch(applicant);
            considered.push(Consideration {
                rule: rule.id.clone(),
                mismatch,
            });
            if mismatch.is_none() {
                break;
            }
        }
        considered
    }

    /// Whether `applicant` may enroll a device.
    pub fn decide(&self, applicant: &Applicant) -> EnrollmentDecision {
        let mut rules = self.rules.iter();
        let Some(rule) = rules.find(|rule| rule.mismatch(applicant).is_none()) else {
            return without_rule(applicant);
        };
        let (outcome, reason) = match &rule.grant {
            None => (Err(Denial::Rule), format!("rule {} denies it", rule.id)),
            Some(grant) => within_cap(grant, applicant, &format!("rule {}", rule.id)),
        };
        EnrollmentDecision {
            outcome,
            rule: Some(rule.id.clone()),
            reasons: vec![reason],
        }
    }
}

/// A token that an operator made is a permission in itself.
fn without_rule(applicant: &Applicant) -> EnrollmentDecision {
    let (outcome, reason) = match applicant.admission {
        Admission::Token => within_cap(&Grant::default(), applicant, "the token of an operator"),
        Admission::SignIn | Admission::Password => {
            (Err(Denial::NoRule), "no rule allows it".to_owned())
        }
    };
    EnrollmentDecision {
        outcome,
        rule: None,
        reasons: vec![reason],
    }
}

fn within_cap(grant: &Grant, applicant: &Applicant, by: &str) -> (Result<Grant, Denial>, String) {
    if applicant.devices >= u64::from(grant.devices) {
        let why = format!(
            "{by} allows {} devices of a user at once, and the user has {}",
            grant.devices, applicant.devices
        );
        return (Err(Denial::DeviceCap), why);
    }
    (Ok(grant.clone()), format!("{by} allows it"))
}
