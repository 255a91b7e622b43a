//! The program's commands, its configuration, and what a package needs of it.

pub mod configuration;
mod demo;
mod operating;
mod packaging;
