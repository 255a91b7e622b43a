//! The server of modegate: use cases and what calls them (the sync endpoint,
//! the API, the workers, the command line), the WNS client and configuration.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::too_many_lines))]

mod app;
pub mod audit;
pub mod baseline_files;
pub mod cli;
pub mod clock;
pub mod config;
pub mod current;
pub mod egress;
pub mod enrollment;
pub mod http;
mod http_client;
pub mod key_file;
pub mod limits;
pub mod logo;
pub mod metrics;
pub mod pem;
pub mod policy_files;
mod qr;
pub mod serve;
mod siem;
pub mod supervisor;
pub mod sync;
pub mod tally;
pub mod token_cache;
pub mod webhooks;
pub mod wns;
mod work;
pub mod workers;
