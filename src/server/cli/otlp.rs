//! Spans to an OpenTelemetry collector, by OTLP over HTTP (protocol buffers).

use std::fmt;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// How long one batch may take: a collector that hangs holds up nothing else.
const EXPORT: Duration = Duration::from_secs(5);

/// Spans on their way; those still waiting are sent when this goes.
pub(super) struct Spans(SdkTracerProvider);

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spans")
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(EXPORT) {
            tracing::warn!(%error, "the last spans did not reach the collector");
        }
    }
}

/// A layer that hands spans on to the collector at `endpoint`, a base URL. The
/// exporter has a thread of its own: call this outside of any runtime.
pub(super) fn layer<S>(endpoint: &str) -> Result<(impl Layer<S> + use<S>, Spans), String>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let failed = |error: &dyn fmt::Display| format!("otlp.endpoint: {error}");
    // The one provider of the tree; a second call changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::blocking::Client::builder()
        .timeout(EXPORT)
        .build()
        .map_err(|error| failed(&error))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(EXPORT)
        .build()
        .map_err(|error| failed(&error))?;
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder()
        .with_service_name("modegate")
        .with_attribute(version)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build();
    // Spans of the exporter's own requests would make more of them.
    let own = Targets::new().with_target("modegate", LevelFilter::INFO);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("modegate"))
        .with_filter(own);
    Ok((layer, Spans(provider)))
}
