//! Pages for operators and auditors.

pub mod access;
pub mod alerts;
pub mod apps;
pub mod audit;
pub mod batches;
pub mod command;
pub mod command_form;
pub mod compliance;
pub mod confirm;
pub mod devices;
pub mod form;
pub mod form_page;
pub mod home;
pub mod installs;
pub mod links;
pub mod new_command;
pub mod policies;
pub mod policy_sets;
pub mod push;
pub mod queue;
pub mod secret;
pub mod server;
pub mod state;
pub mod webhooks;
