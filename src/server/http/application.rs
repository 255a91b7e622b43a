//! The application of a listener: which of sync endpoint and pages it serves, beside what all do.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};

use super::connections::follow::follow;
use super::shared::Shared;
use super::site::Transport;
use super::{
    api, by_address, enrollment, method_not_allowed, metrics, nothing_here, page, pages, probes,
    read, sync,
};

/// What a listener serves beside the API and the probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// The device endpoint.
    Sync,
    /// The pages.
    Pages,
}

/// The application of a listener.
#[derive(Clone)]
pub(super) struct Application {
    shared: web::Data<Shared>,
    transport: Transport,
    serves: &'static [Content],
}

impl Application {
    /// Of a listener that is reached so and serves this.
    pub(super) fn new(
        shared: &Arc<Shared>,
        transport: Transport,
        serves: &'static [Content],
    ) -> Self {
        Application {
            shared: web::Data::from(Arc::clone(shared)),
            transport,
            serves,
        }
    }

    /// It, for one worker.
    pub(super) fn build(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = Error,
            InitError = (),
        > + use<>,
    > {
        let path = self.shared.sync_path.clone();
        let serves = self.serves;
        let own = move |config: &mut web::ServiceConfig| {
            if serves.contains(&Content::Sync) {
                config.route(&path, web::post().to(sync::post));
                config.route(&path, web::to(method_not_allowed));
                enrollment::routes(config);
            }
            if serves.contains(&Content::Pages) {
                pages::routes(config);
            }
        };
        App::new()
            .wrap(from_fn(by_address))
            .app_data(self.shared.clone())
            .app_data(self.transport)
            .app_data(web::PayloadConfig::new(crate::limits::API_REQUEST_BYTES))
            .wrap_fn(metrics::counted)
            .app_data(web::QueryConfig::default().error_handler(|error, _| api::bad_query(&error)))
            .configure(own)
            .service(page("/healthz", read().to(probes::alive)))
            .service(page("/readyz", read().to(probes::ready)))
            .service(page("/metrics", read().to(metrics::text)))
            .service(web::scope("/api/v1").configure(api::routes))
            .default_service(web::to(nothing_here))
            .wrap(from_fn(follow))
    }
}
