//! The part of the API's table with the catalogue, installs and webhooks.

use super::endpoint::{Endpoint, PAGE, Shape, schema_of};
use super::{apps, install_stream, installs, webhooks};
use crate::app;
use modegate_core::tokens::Access;

pub(super) static TABLE: &[Endpoint] = &[
    Endpoint::post(
        "/devices/{device}/installs",
        Access::Queue,
        "Asks for an app on a device; the same app and version again is the same install (200)",
        schema_of::<app::installs::NewInstall>,
        |route| route.to(installs::create),
    )
    .answers(201, Shape::One(schema_of::<installs::InstallView>)),
    Endpoint::get(
        "/devices/{device}/installs",
        Access::Read,
        "A device's installs, the newest first",
        Shape::List(schema_of::<installs::InstallView>),
        |route| route.to(installs::list),
    )
    .query(PAGE),
    Endpoint::get(
        "/installs/{install}",
        Access::Read,
        "One install with its history",
        Shape::One(schema_of::<installs::InstallView>),
        |route| route.to(installs::one),
    ),
    Endpoint::delete(
        "/installs/{install}",
        Access::Queue,
        "Takes an install back",
        |route| route.to(installs::cancel),
    )
    .answers(200, Shape::One(schema_of::<installs::InstallView>)),
    Endpoint::get(
        "/installs/{install}/events",
        Access::Read,
        "The steps of an install as they come, until it is final; ids are their numbers",
        Shape::Stream(schema_of::<installs::StepView>),
        |route| route.to(install_stream::steps),
    ),
    Endpoint::post(
        "/apps",
        Access::Operate,
        "Puts an app into the catalogue",
        schema_of::<app::catalogue_input::NewApp>,
        |route| route.to(apps::create),
    )
    .answers(201, Shape::One(schema_of::<apps::AppView>)),
    Endpoint::get(
        "/apps",
        Access::Read,
        "The catalogue; for a token bound to groups, what is for them, and pages may hold fewer than asked for",
        Shape::List(schema_of::<apps::AppView>),
        |route| route.to(apps::list),
    )
    .query(PAGE),
    Endpoint::get(
        "/apps/{app}",
        Access::Read,
        "One app",
        Shape::One(schema_of::<apps::AppView>),
        |route| route.to(apps::one),
    )
    .tagged(),
    Endpoint::patch(
        "/apps/{app}",
        Access::Operate,
        "Changes what is given of an app; fields of a version add that version or take its place",
        schema_of::<app::catalogue_input::AppChange>,
        |route| route.to(apps::change),
    )
    .answers(200, Shape::One(schema_of::<apps::AppView>))
    .tagged(),
    Endpoint::delete(
        "/apps/{app}",
        Access::Operate,
        "Takes an app out of the catalogue; installs under way go on",
        |route| route.to(apps::delete),
    )
    .tagged(),
    Endpoint::post(
        "/webhooks",
        Access::Admin,
        "Has the steps of installs told to a URL; a secret that is not given is made, and shown in this answer only",
        schema_of::<app::webhooks::NewWebhook>,
        |route| route.to(webhooks::create),
    )
    .answers(201, Shape::One(schema_of::<webhooks::WebhookView>)),
    Endpoint::get(
        "/webhooks",
        Access::Admin,
        "All webhooks",
        Shape::List(schema_of::<webhooks::WebhookView>),
        |route| route.to(webhooks::list),
    ),
    Endpoint::delete(
        "/webhooks/{webhook}",
        Access::Admin,
        "Deletes a webhook, and what it was still to be told",
        |route| route.to(webhooks::delete),
    ),
];
