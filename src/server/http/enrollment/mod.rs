//! The enrollment services: SOAP in front of [`enrolling`](crate::app::enrolling).
//!
//! They lie beside the device endpoint, where a certificate is asked for and not required: who
//! enrolls has none, and who renews has to show one. Clients send any letter case of a path.

mod faults;
mod services;
mod soap;

use actix_web::{HttpResponse, web};

use super::nothing_here;

/// Longest message, bytes.
const MESSAGE_BYTES: usize = 64 * 1024;

/// Registers the services.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    const ROOT: &str = "/{root:(?i:EnrollmentServer)}";
    let discovery = format!("{ROOT}/{{service:(?i:Discovery\\.svc)}}");
    config.service(
        web::resource(discovery)
            .route(super::read().to(probed))
            .route(web::post().to(services::discover)),
    );
    let policy = format!("{ROOT}/{{family}}/{{service:(?i:Policy\\.svc)}}");
    config.service(web::resource(policy).route(web::post().to(services::policies)));
    let enrollment = format!("{ROOT}/{{family}}/{{service:(?i:Enrollment\\.svc)}}");
    config.service(
        web::resource(enrollment)
            .route(web::post().to(services::request_token))
            .default_service(web::to(nothing_here)),
    );
}

/// A client looks whether there is a server before it asks: nothing, with its length.
async fn probed() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .finish()
}
