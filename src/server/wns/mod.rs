//! WNS as the server uses it: the only code that sends notifications and asks for tokens.

pub mod client;
mod http;
mod send;
pub mod service;
mod token_cache;
pub mod worker;
