//! A report in the forms in which it leaves the house: a page to print, tables for
//! spreadsheets, JSON, and OSCAL. Each is made of the report alone: no clock, no host, no user.

mod csv;
mod html;
mod oscal;
mod reading;
mod words;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use modegate_core::audit::report::Report;
pub use reading::Reading;

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One page, to be read and printed.
    Html,
    /// A directory with one file for each table.
    Csv,
    /// One file with every value.
    Json,
    /// A directory with assessment results of compliance, their plan and their evidence.
    Oscal,
}

impl Form {
    /// Its option on the command line.
    fn option(self) -> &'static str {
        match self {
            Form::Html => "--html",
            Form::Csv => "--csv",
            Form::Json => "--json",
            Form::Oscal => "--oscal",
        }
    }

    /// Writes the report to a path at which nothing is yet. What is there afterwards is
    /// whole.
    ///
    /// # Errors
    /// Something is there already, or it cannot be written.
    pub fn write(self, report: &Report, out: &Path) -> io::Result<()> {
        if out.exists() {
            let what = "it exists already: name another, or remove it first";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        let partial = partial(out);
        let written = match self {
            Form::Csv => csv::write(report, &partial),
            Form::Oscal => oscal::write(report, &partial),
            Form::Html => file(&partial, |to| html::write(report, to)),
            Form::Json => file(&partial, |to| json(report, to)),
        };
        let written = written.and_then(|()| fs::rename(&partial, out));
        if written.is_err() {
            // What could not be written need not be there to be removed.
            let _ = match self {
                Form::Csv | Form::Oscal => fs::remove_dir_all(&partial),
                Form::Html | Form::Json => fs::remove_file(&partial),
            };
        }
        written
    }
}

/// The command that makes the report again in this form.
fn command(report: &Report, form: Form) -> String {
    format!("{} {} OUT", report.basis.command, form.option())
}

/// Where it is written until it is whole.
fn partial(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    out.with_file_name(name)
}

fn file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut to = BufWriter::new(File::create(path)?);
    write(&mut to)?;
    to.into_inner()?.sync_all()
}

fn json(report: &Report, to: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, report)?;
    writeln!(to)
}
