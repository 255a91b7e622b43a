//! What the handlers share.

use std::sync::Arc;

use tokio::sync::watch;

use super::bodies::BodyBudget;
use super::health::Health;
use super::identity::Identifier;
use super::in_flight::InFlightWrites;
use super::rates::Rates;
use super::refused::RefusedLog;
use super::site::WebSite;
use super::stream_places::StreamPlaces;
use crate::app::App;
use crate::metrics::Metrics;

/// What the handlers share.
pub struct Shared {
    /// What use cases work with.
    pub(crate) app: Arc<App>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the server is ready to serve.
    pub health: Arc<Health>,
    /// Who a request comes from.
    pub identifier: Arc<Identifier>,
    /// How often who may come.
    pub rates: Rates,
    /// The path of the device endpoint.
    pub sync_path: String,
    /// How much of sync requests' bodies is in memory.
    pub bodies: Arc<BodyBudget>,
    /// How many event streams may be open.
    pub streams: StreamPlaces,
    /// The lines about refused sync requests.
    pub refused: RefusedLog,
    /// The writes in progress that have an Idempotency-Key.
    pub in_flight: InFlightWrites,
    /// What the pages have in common.
    pub web: WebSite,
    /// Turns true when the server ends: streams end with it.
    pub ending: watch::Receiver<bool>,
}
