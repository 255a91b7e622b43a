//! ID tokens: which of them are believed (OpenID Connect Core 1.0, section 3.1.3.7). Pure: keys
//! and time are arguments.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use super::claims::Claims;
use modegate_core::time::Timestamp;

/// Most keys of a provider that are looked at.
const KEYS: usize = 100;
/// By how much the clocks of provider and server may differ, seconds.
const LEEWAY: i64 = 60;
/// Signatures that are believed: a provider signs with a key of its own. Neither `none`, nor
/// HMAC with the client's secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The keys of a provider.
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

/// What an ID token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenFault {
    /// Its key is not among the keys.
    UnknownKey,
    /// It is not what it should be.
    Wrong(&'static str),
}

/// What an ID token says, if it is the provider's answer to this sign-in.
///
/// # Errors
/// It is not.
pub(super) fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Claims, TokenFault> {
    let header = decode_header(token);
    let header = header.map_err(|_| TokenFault::Wrong("the ID token has no readable header"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenFault::Wrong(
            "the ID token is not signed with a key of the provider",
        ));
    }
    if header.crit.is_some() {
        return Err(TokenFault::Wrong("the ID token needs an extension"));
    }
    let key = keys.find(header.kid.as_deref(), header.alg)?;
    let key = DecodingKey::from_jwk(&key);
    let key = key.map_err(|_| TokenFault::Wrong("the key cannot be used"))?;
    // The library's own checks read the system's clock; what a token says is checked below.
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = decode::<Claims>(token, &key, &validation);
    let claims = decoded.map_err(|_| TokenFault::Wrong("the signature does not fit"))?;
    check(&claims.claims, expected).map_err(TokenFault::Wrong)?;
    Ok(claims.claims)
}

impl KeySet {
    /// The key with this id; a token without one is for the only key that fits.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Jwk, TokenFault> {
        let keys = self.keys.iter().take(KEYS);
        // A key of a kind that the library does not know is no fault of the others.
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        let mut fitting = keys.filter(|key| match id {
            Some(id) => key.common.key_id.as_deref() == Some(id),
            None => is_for(key, algorithm),
        });
        let key = fitting.next().ok_or(TokenFault::UnknownKey)?;
        if fitting.next().is_some() {
            return Err(TokenFault::Wrong("more than one key fits the ID token"));
        }
        if !is_for(&key, algorithm) {
            return Err(TokenFault::Wrong("the key is for something else"));
        }
        Ok(key)
    }
}

/// Whether a key is for signatures with this algorithm.
fn is_for(key: &Jwk, algorithm: Algorithm) -> bool {
    let is_kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            algorithm,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512
        ),
        AlgorithmParameters::EllipticCurve(_) => {
            matches!(algorithm, Algorithm::ES256 | Algorithm::ES384)
        }
        AlgorithmParameters::OctetKeyPair(_) => algorithm == Algorithm::EdDSA,
        _ => false,
    };
    let purpose = key.common.public_key_use.as_ref();
    let named = key.common.key_algorithm;
    is_kind
        && purpose.is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && named.is_none_or(|named| named == KeyAlgorithm::from(algorithm))
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), &'static str> {
    let text = |name: &str| claims.0.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err("the ID token is another issuer's");
    }
    let is_ours = match claims.0.get("aud") {
        Some(Value::String(audience)) => audience == expected.client_id,
        // Further audiences are clients that could have passed on a token of theirs.
        Some(Value::Array(audiences)) => {
            matches!(&audiences[..], [Value::String(audience)] if audience == expected.client_id)
        }
        _ => false,
    };
    let is_party = |party: &Value| party.as_str() == Some(expected.client_id);
    if !is_ours || !claims.0.get("azp").is_none_or(is_party) {
        return Err("the ID token is for another client");
    }
    if text("nonce") != Some(expected.nonce) {
        return Err("the ID token is for another sign-in");
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err("the ID token names nobody");
    }
    let seconds = |name: &str| claims.0.get(name).and_then(Value::as_f64);
    #[allow(clippy::cast_precision_loss)] // Seconds of this age are exact.
    let (now, leeway) = ((expected.now.0 / 1000) as f64, LEEWAY as f64);
    if seconds("exp").is_none_or(|end| now >= end + leeway) {
        return Err("the ID token has expired");
    }
    let is_early = |at: f64| at > now + leeway;
    if seconds("iat").is_none_or(is_early) || seconds("nbf").is_some_and(is_early) {
        return Err("the ID token is of a time to come: compare the clocks");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://login.contoso.com",
        client_id: "modegate",
        nonce: "n",
        now: Timestamp(1_000_000_000),
    };

    fn checked(change: &Value) -> Result<(), &'static str> {
        let mut claims = json!({
            "iss": "https://login.contoso.com", "aud": "modegate", "nonce": "n", "sub": "7",
            "exp": 1_000_300, "iat": 999_990,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        check(&serde_json::from_value(claims).unwrap(), &EXPECTED)
    }

    #[test]
    fn a_token_has_to_be_the_answer_to_this_sign_in() {
        for good in [
            json!({}),
            json!({"aud": ["modegate"], "azp": "modegate"}),
            json!({"exp": 999_941}),
            json!({"iat": 1_000_060, "nbf": 1_000_060}),
        ] {
            assert_eq!(checked(&good), Ok(()), "{good}");
        }
        for wrong in [
            json!({"iss": "https://login.contoso.com/"}),
            json!({"iss": null}),
            json!({"aud": "other"}),
            json!({"aud": ["modegate", "other"]}),
            json!({"aud": []}),
            json!({"aud": null}),
            json!({"azp": "other"}),
            json!({"nonce": "m"}),
            json!({"nonce": null}),
            json!({"sub": ""}),
            json!({"exp": 999_940}),
            json!({"exp": "1000300"}),
            json!({"iat": 1_000_061}),
            json!({"iat": null}),
            json!({"nbf": 1_000_061}),
        ] {
            assert!(checked(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_id_or_by_being_the_only_one() {
        let key = |id: &str, purpose: &str| json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": id, "use": purpose});
        let set = |keys: Vec<Value>| KeySet { keys };
        let unknown_kind = json!({"kty": "lattice", "kid": "z"});
        let two = set(vec![unknown_kind, key("a", "sig"), key("b", "enc")]);
        assert!(two.find(Some("a"), Algorithm::ES256).is_ok());
        assert!(two.find(None, Algorithm::ES256).is_ok());
        let fault = |set: &KeySet, id, algorithm| set.find(id, algorithm).unwrap_err();
        assert_eq!(
            fault(&two, Some("c"), Algorithm::ES256),
            TokenFault::UnknownKey
        );
        assert_eq!(fault(&two, None, Algorithm::RS256), TokenFault::UnknownKey);
        for (id, algorithm) in [("b", Algorithm::ES256), ("a", Algorithm::RS256)] {
            assert!(matches!(
                fault(&two, Some(id), algorithm),
                TokenFault::Wrong(_)
            ));
        }
        let both = set(vec![key("a", "sig"), key("a", "sig")]);
        for id in [Some("a"), None] {
            assert!(matches!(
                fault(&both, id, Algorithm::ES256),
                TokenFault::Wrong(_)
            ));
        }
    }
}
