//! What a package ships beside the program: completions and manual pages.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::Shell;

/// Flags of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(["bash", "zsh", "fish", "powershell"]))]
    shell: String,
}

/// Flags of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The directory; created if it does not exist
    dir: PathBuf,
}

/// Writes the completions of `command` for the shell.
pub(super) fn completions(
    args: &CompletionsArgs,
    mut command: clap::Command,
    out: &mut dyn Write,
) -> io::Result<()> {
    let shell: Shell = args.shell.parse().map_err(io::Error::other)?;
    // Into memory first: the generator panics where it cannot write.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "modegate", &mut text);
    out.write_all(&text)
}

/// Writes one manual page per command (section 1) into the directory.
pub(super) fn man(args: &ManArgs, command: clap::Command) -> io::Result<()> {
    let failed = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(&args.dir).map_err(|error| failed(&args.dir, error))?;
    clap_mangen::generate_to(command, &args.dir).map_err(|error| failed(&args.dir, error))
}
