//! Behaviour, shown through the outside: a real process, real HTTP, a real database.
#![allow(
    clippy::too_many_lines,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

mod api_behaviour;
mod api_fields;
mod api_limits;
mod api_once;
mod api_random;
mod api_stream;
mod backup;
mod bad_input;
mod batches;
mod catalogue;
mod clock;
mod codec;
mod configuration;
mod corpus;
mod crash;
mod demo;
mod docs_commands;
mod families;
mod faults;
mod forecast;
mod gating;
mod harness;
mod head_requests;
mod hostile;
mod hostile_messages;
mod identity;
mod install_answers;
mod install_push;
mod installs;
mod inventory;
mod key_rotation;
mod local_only;
mod metrics;
mod mock_wns_program;
mod models;
mod noisy;
mod odd_sessions;
mod openapi;
mod operating;
mod operations;
mod packaging;
mod program;
mod proxy;
mod push_crash;
mod push_scenarios;
mod push_world;
mod receiver;
mod retention;
mod secrets;
mod server_auth;
mod sessions;
mod silent;
mod simulated_device;
mod stalled;
mod store_api;
mod store_conformance;
mod store_installs;
mod strangers;
mod strangers_bench;
mod tls_refusals;
mod tokens;
mod tools;
mod upgrade;
mod wait;
mod wbxml;
mod wbxml_refused;
mod wbxml_sync;
mod wbxml_tools;
mod webhooks;
mod wns_bench;
mod wns_client;
mod wns_hostile;
mod worker_faults;
mod world;
