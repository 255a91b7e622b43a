//! The program's commands, its configuration, and what a package needs of it.

pub mod configuration;
mod demo;
#[cfg(unix)]
mod demo_browser;
mod exit_codes;
mod mock_wns;
mod operating;
mod packaging;
mod preflight;
mod push_check;
mod reloading;
