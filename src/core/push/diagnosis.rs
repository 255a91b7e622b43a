//! What is wrong with the credentials of a push profile, and what to do about it.
//!
//! A Package SID follows from the PFN ([`PackageSid::from_pfn`]), and the token service says
//! whether it knows SID and secret together: so it can be told which of the three is wrong,
//! without a notification.

use crate::push::profile::{Health, PackageSid, Pfn};

/// What a check found of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Good,
    /// It is wrong: an operator must act.
    Wrong,
    /// It could not be told.
    Unknown,
}

/// What a check found of one value of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The field of the API: `pfn`, `sid`, `secret`, `tenant`, `client_id`.
    pub field: &'static str,
    /// What it is.
    pub verdict: Verdict,
    /// Why, and what to do; never the secret.
    pub words: String,
}

/// What the token service said to the profile's credentials.
#[derive(Debug, Clone, Copy)]
enum TokenResponse<'a> {
    Granted,
    Refused(&'a str),
    None(&'a str),
}

const SECRET: &str = "make a new secret where the app is registered, and PATCH it into the profile";
const CONNECT: &str = "see that this server reaches it on port 443, and check again";

/// What is known of a profile after its credentials were tried: `health` and `reason` as the
/// profile has them, `sid` for legacy tokens only.
pub fn diagnose(
    pfn: &Pfn,
    sid: Option<&PackageSid>,
    health: Health,
    reason: Option<&str>,
) -> Vec<Finding> {
    let reason = reason.unwrap_or("nothing was said yet");
    let answer = match health {
        Health::Healthy | Health::Blocked => TokenResponse::Granted,
        Health::Misconfigured if reason.contains("token service") => TokenResponse::Refused(reason),
        Health::Misconfigured => TokenResponse::Granted,
        Health::Degraded | Health::Unchecked => TokenResponse::None(reason),
    };
    match sid {
        Some(sid) => legacy(pfn, sid, answer),
        None => entra(answer),
    }
}

fn finding(field: &'static str, verdict: Verdict, words: impl Into<String>) -> Finding {
    let words = words.into();
    Finding {
        field,
        verdict,
        words,
    }
}

fn legacy(pfn: &Pfn, sid: &PackageSid, answer: TokenResponse<'_>) -> Vec<Finding> {
    use Verdict::{Good, Unknown, Wrong};
    let fits = sid.belongs_to(pfn);
    let expected = PackageSid::from_pfn(pfn);
    match (fits, answer) {
        (true, TokenResponse::Granted) => vec![
            finding("pfn", Good, "its SID is the profile's"),
            finding("sid", Good, "it follows from the PFN"),
            finding("secret", Good, "a token was granted for it"),
        ],
        (true, TokenResponse::Refused(reason)) if reason.contains("no longer supported") => vec![
            finding("sid", Good, "it follows from the PFN"),
            finding(
                "secret",
                Unknown,
                format!(
                    "{reason}. Microsoft issues no legacy tokens to this identity: register the app \
                     with Entra, and use token_form entra"
                ),
            ),
        ],
        (true, TokenResponse::Refused(reason)) => vec![
            finding("sid", Good, "it follows from the PFN"),
            finding("secret", Wrong, format!("{reason}: {SECRET}")),
        ],
        (true, TokenResponse::None(reason)) => vec![
            finding("sid", Good, "it follows from the PFN"),
            finding("secret", Unknown, format!("{reason}: {CONNECT}")),
        ],
        (false, TokenResponse::Granted) => vec![
            finding(
                "pfn",
                Wrong,
                format!(
                    "expected the PFN of the app with {sid}, for which a token was granted, found \
                     {}: take the PFN from the same page as the SID",
                    pfn.as_str()
                ),
            ),
            finding("secret", Good, "a token was granted for it"),
        ],
        (false, TokenResponse::Refused(_) | TokenResponse::None(_)) => vec![
            finding(
                "sid",
                Wrong,
                format!(
                    "expected {expected}, which follows from the PFN {}, found {sid}: take PFN and \
                     SID from the same page",
                    pfn.as_str()
                ),
            ),
            finding(
                "secret",
                Unknown,
                "it was not tried with the right SID: check again afterwards",
            ),
        ],
    }
}

/// Codes by which Entra says which value is wrong (Microsoft's list of AADSTS errors).
const ENTRA_CODES: [(&str, &str); 6] = [
    ("AADSTS7000215", "secret"),
    ("AADSTS7000222", "secret"),
    ("AADSTS700016", "client_id"),
    ("AADSTS90002", "tenant"),
    ("AADSTS900021", "tenant"),
    ("AADSTS900023", "tenant"),
];

fn entra(answer: TokenResponse<'_>) -> Vec<Finding> {
    use Verdict::{Good, Unknown, Wrong};
    let (verdict, words) = match answer {
        TokenResponse::Granted => (Good, "a token was granted for it".to_owned()),
        TokenResponse::None(reason) => (Unknown, format!("{reason}: {CONNECT}")),
        TokenResponse::Refused(reason) => {
            let code = |code: &str| {
                reason
                    .split(|c: char| !c.is_ascii_alphanumeric())
                    .any(|word| word == code)
            };
            let named = ENTRA_CODES.iter().find(|(known, _)| code(known));
            let Some((_, field)) = named else {
                return vec![finding("secret", Unknown, reason)];
            };
            let advice = match *field {
                "secret" => SECRET,
                _ => "copy it from the overview of the app registration",
            };
            return vec![finding(field, Wrong, format!("{reason}: {advice}"))];
        }
    };
    let mut all: Vec<Finding> = ["tenant", "client_id", "secret"]
        .map(|field| finding(field, verdict, words.clone()))
        .into();
    if verdict == Good {
        let words = "whether tokens of Entra reach the channels of device management is unknown: \
                     the first notification tells";
        all.push(finding("pfn", Unknown, words));
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn which_value_is_wrong_follows_from_the_sid_and_the_answer() {
        let pfn = Pfn::parse("Microsoft.MicrosoftEdge_8wekyb3d8bbwe").unwrap();
        let own = PackageSid::from_pfn(&pfn);
        let other = PackageSid::parse("S-1-15-2-1-2-3-4-5-6-7").unwrap();
        let refused = "the token service rejected the credentials with 400: invalid_client";
        let code = |code: &str| format!("the token service rejected it: {code}: text");
        let rows = [
            (Some(&own), Health::Healthy, "", "pfn+ sid+ secret+"),
            (Some(&own), Health::Misconfigured, refused, "sid+ secret-"),
            (Some(&own), Health::Degraded, "timed out", "sid+ secret?"),
            (Some(&other), Health::Healthy, "", "pfn- secret+"),
            (
                Some(&other),
                Health::Misconfigured,
                "403 twice",
                "pfn- secret+",
            ),
            (Some(&other), Health::Misconfigured, refused, "sid- secret?"),
            (None, Health::Healthy, "", "tenant+ client_id+ secret+ pfn?"),
            (
                None,
                Health::Misconfigured,
                &code("AADSTS7000222"),
                "secret-",
            ),
            (
                None,
                Health::Misconfigured,
                &code("AADSTS700016"),
                "client_id-",
            ),
            (None, Health::Misconfigured, &code("AADSTS90002"), "tenant-"),
            (None, Health::Misconfigured, &code("AADSTS1"), "secret?"),
        ];
        for (sid, health, reason, expected) in rows {
            let found = diagnose(&pfn, sid, health, Some(reason));
            let signs: Vec<String> = found
                .iter()
                .map(|one| {
                    let sign = match one.verdict {
                        Verdict::Good => '+',
                        Verdict::Wrong => '-',
                        Verdict::Unknown => '?',
                    };
                    format!("{}{sign}", one.field)
                })
                .collect();
            assert_eq!(signs.join(" "), expected, "{health:?} {reason}");
        }
    }
}
