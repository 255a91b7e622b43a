//! WNS as the server uses it: the only code that sends notifications and asks for tokens.

pub mod client;
mod http;
pub mod in_force;
pub mod profile_worker;
mod send;
pub mod service;
mod token_cache;
pub mod worker;
