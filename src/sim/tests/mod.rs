//! The tablet by itself, and against a server that says what a test wants.
#![allow(clippy::unwrap_used)]

mod enrollment;
mod identity;
mod misbehaviour;
mod operations;
mod proofs;
mod scripted;
