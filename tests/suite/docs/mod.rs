//! The pages of `docs/`.

mod commands;
