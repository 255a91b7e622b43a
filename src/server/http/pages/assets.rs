//! The style sheets, the script and the logo. Their addresses change with them, so that browsers
//! may keep them. They are the same for everybody: no cookie is read or set with them.

use actix_web::{HttpResponse, web};

use super::visitor::Page;
use crate::http::problem::Problem;
use crate::http::shared::Shared;

/// `GET /assets/{digest}/{name}`.
pub(super) async fn file(shared: web::Data<Shared>, path: web::Path<(String, String)>) -> Page {
    let web = &shared.web;
    let (digest, name) = path.into_inner();
    if digest != web.assets.digest() {
        return Err(Problem::missing("file"));
    }
    let (content_type, bytes) = match (name.as_str(), &web.logo) {
        ("logo", Some(logo)) => (logo.content_type, logo.bytes.clone()),
        _ => {
            let file = web
                .assets
                .find(&name)
                .ok_or_else(|| Problem::missing("file"))?;
            (file.content_type, file.bytes.clone())
        }
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header(("cache-control", "public, max-age=31536000, immutable"))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .body(bytes))
}
