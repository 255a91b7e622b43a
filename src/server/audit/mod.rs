//! The audit log's tree: which key signs it, under which origin, and who seals it.
//!
//! The log itself is written with each change. What is new in it is sealed in the
//! background: its entries join the tree, and a checkpoint is signed, made durable and only
//! then published.

pub mod database;
pub mod ed25519;
mod error;
pub mod export;
pub mod folder;
mod fork;
mod glance;
pub(crate) mod health;
mod key;
pub mod lists;
pub(crate) mod lost_key;
mod mark;
mod opening;
pub mod prove;
pub mod report;
mod sealer;
mod signer;
pub mod tiles;
mod views;
pub(crate) mod witness;
pub(crate) mod witnessing;
pub(crate) mod worker;

pub use error::OpenError;
pub(crate) use key::AUDIT_KEY_FILE;
pub use key::{KeyFile, SigningKey};
pub use mark::MarkFile;
pub use opening::Setup;
pub use sealer::{SealStep, Sealer};
