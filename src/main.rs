//! The `modegate` program: see [`modegate::cli`].

use std::process::ExitCode;

/// A session makes and drops some hundred small pieces; the system's allocator
/// took an eighth of its CPU (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(modegate::cli::run())
}
