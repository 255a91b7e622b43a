//! The pages of `docs/`.

mod commands;
mod verifying;
