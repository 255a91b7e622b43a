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
pub mod new_command;
pub mod policies;
pub mod push;
pub mod queue;
pub mod state;
