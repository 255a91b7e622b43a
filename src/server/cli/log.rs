//! Logs go to standard error: as text for readers, or one JSON object per line.

use std::io;
use std::panic::PanicHookInfo;

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Log, LogFormat};

/// What `info` means: every crate of this program begins with its name.
const OWN_INFO: &str = "warn,modegate=info";

/// The logger of a program's run. When it goes, spans that are still waiting are
/// sent: it must outlive the server and its runtime.
#[derive(Debug)]
pub(super) struct Logger {
    format: LogFormat,
    #[cfg(feature = "otlp")]
    _spans: Option<super::otlp::Spans>,
}

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Logs in text for a program that has no settings; `RUST_LOG` says what.
pub fn to_stderr(usual: &str) {
    // A second call, in a test, changes nothing.
    let _ = tracing_subscriber::registry()
        .with(lines(LogFormat::Text, filter(None, usual)))
        .try_init();
    log_panics(LogFormat::Text);
}

/// Logs as the settings say.
pub(super) fn start(log: &Log, otlp: Option<&str>) -> Result<Logger, String> {
    let lines = lines(log.format, filter(log.filter.as_deref(), "info"));
    #[cfg(feature = "otlp")]
    let spans = match otlp {
        None => {
            let _ = tracing_subscriber::registry().with(lines).try_init();
            None
        }
        Some(endpoint) => {
            let (layer, spans) = super::otlp::layer(endpoint)?;
            let _ = tracing_subscriber::registry()
                .with(lines)
                .with(layer)
                .try_init();
            Some(spans)
        }
    };
    // Settings without the feature have no endpoint: it is a fault.
    #[cfg(not(feature = "otlp"))]
    let _ = (otlp, tracing_subscriber::registry().with(lines).try_init());
    log_panics(log.format);
    Ok(Logger {
        format: log.format,
        #[cfg(feature = "otlp")]
        _spans: spans,
    })
}

impl Logger {
    /// Says what an operator must see, whatever is filtered: in JSON as a line of the log's shape.
    pub(super) fn say(&self, level: &str, message: &str) {
        match self.format {
            LogFormat::Text => eprintln!("{message}"),
            LogFormat::Json => eprintln!("{}", line(level, message)),
        }
    }
}

/// A line as the JSON logger writes them.
fn line(level: &str, message: &str) -> serde_json::Value {
    serde_json::json!({
        "timestamp": crate::clock::Clock::default().now().to_string(),
        "level": level,
        "message": message,
        "target": "modegate",
    })
}

fn filter(given: Option<&str>, usual: &str) -> EnvFilter {
    let variable = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let chosen = given
        .or(variable.as_deref())
        .filter(|text| !text.is_empty());
    let chosen = chosen.and_then(|text| EnvFilter::try_new(without_libraries(text)).ok());
    chosen.unwrap_or_else(|| without_libraries(usual).into())
}

/// The filter, in which a plain `info` is for this program: what libraries report at that
/// level is for those who work on them.
fn without_libraries(filter: &str) -> String {
    let directives = filter.split(',').map(|directive| {
        let is_info = directive.eq_ignore_ascii_case("info");
        if is_info { OWN_INFO } else { directive }
    });
    directives.collect::<Vec<_>>().join(",")
}

fn lines(format: LogFormat, filter: EnvFilter) -> Lines {
    let plain = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => plain
            // As NO_COLOR, CLICOLOR and the terminal say.
            .with_ansi(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => plain
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    }
}

/// A panic is a line of the log too, without the directories of who built the program.
fn log_panics(format: LogFormat) {
    std::panic::set_hook(Box::new(move |panic| {
        let text = described(panic);
        match format {
            LogFormat::Text => eprintln!("{text}"),
            LogFormat::Json => eprintln!("{}", line("ERROR", &text)),
        }
        // Only where RUST_BACKTRACE asks for it.
        let backtrace = std::backtrace::Backtrace::capture();
        if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            match format {
                LogFormat::Text => eprintln!("{backtrace}"),
                LogFormat::Json => eprintln!("{}", line("ERROR", &backtrace.to_string())),
            }
        }
    }));
}

fn described(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic.location().map_or_else(String::new, |place| {
        let (file, line, column) = (source_name(place.file()), place.line(), place.column());
        format!(" at {file}:{line}:{column}")
    });
    let message = panic.payload_as_str().unwrap_or("no message");
    format!("thread '{thread}' panicked{place}: {message}")
}

/// The name of a source file as it is in its crate: of a dependency's the part from the
/// crate's name on, of this program's all.
fn source_name(file: &str) -> &str {
    // CARGO_HOME/registry/src/INDEX/CRATE-VERSION/…, CARGO_HOME/git/checkouts/CRATE-HASH/…
    let registry = file.split_once("/registry/src/").map(|(_, rest)| rest);
    let registry = registry.and_then(|rest| rest.split_once('/'));
    let crates = registry.map(|(_, rest)| rest);
    // The standard library: /rustc/HASH/library/…
    let std = || {
        file.strip_prefix("/rustc/")?
            .split_once('/')
            .map(|(_, rest)| rest)
    };
    let git = || file.split_once("/git/checkouts/").map(|(_, rest)| rest);
    let own = || {
        let absolute = file.starts_with('/').then_some(file)?;
        let (_, rest) = absolute.rsplit_once("/src/")?;
        Some(rest)
    };
    crates
        .or_else(std)
        .or_else(git)
        .or_else(own)
        .unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_names_no_directory_of_the_build() {
        for (file, expected) in [
            ("src/server/sync/pipeline.rs", "src/server/sync/pipeline.rs"),
            (
                "/home/b/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.54.1/src/task/mod.rs",
                "tokio-1.54.1/src/task/mod.rs",
            ),
            (
                "/home/b/.cargo/git/checkouts/x-1a/2b/src/lib.rs",
                "x-1a/2b/src/lib.rs",
            ),
            ("/home/b/modegate/src/core/lib.rs", "core/lib.rs"),
            (
                "/rustc/ab12/library/core/src/option.rs",
                "library/core/src/option.rs",
            ),
        ] {
            assert_eq!(source_name(file), expected);
        }
    }

    #[test]
    fn a_plain_info_is_not_for_libraries() {
        for (given, expected) in [
            ("info", "warn,modegate=info"),
            ("debug", "debug"),
            (
                "INFO,modegate_server=debug",
                "warn,modegate=info,modegate_server=debug",
            ),
            ("actix_server=info,warn", "actix_server=info,warn"),
        ] {
            assert_eq!(without_libraries(given), expected);
            assert!(EnvFilter::try_new(expected).is_ok(), "{expected}");
        }
    }
}
