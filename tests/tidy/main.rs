//! Checks of the tree itself: layers, import cycles, lengths, names, and whether
//! what the documents name is there. Nothing here starts the program.
#![allow(clippy::unwrap_used)]

mod cycles;
mod documents;
mod layers;
mod lengths;
mod names;
mod statements;
mod templates;
mod tree;
