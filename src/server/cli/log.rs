//! Logs go to standard error: as text for readers, or one JSON object per line.

use std::io::{self, IsTerminal};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Log, LogFormat};

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
    if log.format == LogFormat::Json {
        log_panics();
    }
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
    match given {
        Some(given) => EnvFilter::try_new(given).unwrap_or_else(|_| usual.into()),
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_| usual.into()),
    }
}

fn lines(format: LogFormat, filter: EnvFilter) -> Lines {
    let plain = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => plain
            .with_ansi(io::stderr().is_terminal())
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

/// A panic is a line of the log too, or the log would not be JSON throughout.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{}", line("ERROR", &panic.to_string()));
    }));
}
