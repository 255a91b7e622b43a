//! The tokens in force, in memory: looking one up reads no disk.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use subtle::ConstantTimeEq;
use uuid::Uuid;

use modegate_core::time::Timestamp;
use modegate_core::tokens::{BOOTSTRAP, Role, Token, TokenDigest, TokenId};

type Table = HashMap<TokenDigest, Arc<Token>>;

/// All tokens by digest, and the one of the file `admin-token`.
#[derive(Debug)]
pub struct TokenCache {
    bootstrap: Arc<Token>,
    table: RwLock<Arc<Table>>,
}

impl TokenCache {
    /// A book with the bootstrap token only.
    pub fn new(bootstrap: TokenDigest) -> Self {
        TokenCache {
            bootstrap: Arc::new(Token {
                id: TokenId(Uuid::nil()),
                name: BOOTSTRAP.to_owned(),
                role: Role::Admin,
                groups: None,
                digest: bootstrap,
                created_at: Timestamp(0),
                created_by: "server".to_owned(),
                expires_at: None,
                person: None,
            }),
            table: RwLock::default(),
        }
    }

    /// Takes over what the store has now.
    pub fn replace(&self, tokens: Vec<Token>) {
        let table: Table = tokens
            .into_iter()
            .map(|token| (token.digest, Arc::new(token)))
            .collect();
        // Only an assignment happens under the lock: the value is whole.
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// The token with this text, if it is in force at `now`.
    pub fn find(&self, text: &str, now: Timestamp) -> Option<Arc<Token>> {
        let digest = TokenDigest::from_text(text);
        if bool::from(digest.0.ct_eq(&self.bootstrap.digest.0)) {
            return Some(Arc::clone(&self.bootstrap));
        }
        let found = self.table().get(&digest).cloned();
        found.filter(|token| token.is_in_force(now))
    }

    /// The token of this id, if it is in force at `now`.
    pub fn by_id(&self, id: TokenId, now: Timestamp) -> Option<Arc<Token>> {
        if id == self.bootstrap.id {
            return Some(Arc::clone(&self.bootstrap));
        }
        let table = self.table();
        let found = table.values().find(|token| token.id == id).cloned();
        found.filter(|token| token.is_in_force(now))
    }

    /// Whether a token that was found earlier is in force still.
    pub fn is_in_force(&self, token: &Token, now: Timestamp) -> bool {
        token.digest == self.bootstrap.digest
            || (token.is_in_force(now) && self.table().contains_key(&token.digest))
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_token_ends_when_it_expires_and_when_it_is_revoked() {
        let book = TokenCache::new(TokenDigest::from_text("admin's"));
        let mut other = token(Some(100));
        other.digest = TokenDigest::from_text("other");
        book.replace(vec![other]);
        assert_eq!(book.find("other", Timestamp(99)).unwrap().name, "t");
        assert!(book.find("other", Timestamp(100)).is_none());
        assert_eq!(book.find("admin's", Timestamp(0)).unwrap().name, BOOTSTRAP);
        assert!(book.find("", Timestamp(0)).is_none());
        book.replace(Vec::new());
        assert!(book.find("other", Timestamp(0)).is_none());
    }

    fn token(expires_at: Option<i64>) -> Token {
        Token {
            id: TokenId(Uuid::nil()),
            name: "t".into(),
            role: Role::Operator,
            groups: None,
            digest: TokenDigest::from_text("text"),
            created_at: Timestamp(0),
            created_by: "api:admin".into(),
            expires_at: expires_at.map(Timestamp),
            person: None,
        }
    }
}
