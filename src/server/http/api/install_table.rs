//! The part of the API's table with the catalogue, installs and webhooks.

use super::endpoint::{PAGE, TAGGED, endpoints};
use super::{apps, install_stream, installs, webhooks};
use crate::app;

endpoints! {
    pub(super) static TABLE;

    "Asks for an app on a device; the same app and version again is the same install (200)"
    post "/devices/{device}/installs" [Queue] installs::create, body app::installs::NewInstall
        => 201 One installs::InstallView;

    "A device's installs, the newest first"
    get "/devices/{device}/installs" [Read] installs::list => 200 List installs::InstallView, query PAGE;

    "One install with its history"
    get "/installs/{install}" [Read] installs::one => 200 One installs::InstallView;

    "Takes an install back"
    delete "/installs/{install}" [Queue] installs::cancel => 200 One installs::InstallView;

    "The steps of an install as they come, until it is final; ids are their numbers"
    get "/installs/{install}/events" [Read] install_stream::steps => 200 Stream installs::StepView;

    "Puts an app into the catalogue"
    post "/apps" [Operate] apps::create, body app::catalogue_input::NewApp => 201 One apps::AppView;

    "The catalogue; for a token bound to groups, what is for them, and pages may hold fewer than asked for"
    get "/apps" [Read] apps::list => 200 List apps::AppView, query PAGE;

    "One app"
    get "/apps/{app}" [Read, TAGGED] apps::one => 200 One apps::AppView;

    "Changes what is given of an app; fields of a version add that version or take its place"
    patch "/apps/{app}" [Operate, TAGGED] apps::change, body app::catalogue_input::AppChange
        => 200 One apps::AppView;

    "Takes an app out of the catalogue; installs under way go on"
    delete "/apps/{app}" [Operate, TAGGED] apps::delete => 204 Nothing;

    "Has the steps of installs told to a URL; a secret that is not given is made, and shown in this answer only"
    post "/webhooks" [Admin] webhooks::create, body app::webhooks::NewWebhook
        => 201 One webhooks::WebhookView;

    "All webhooks"
    get "/webhooks" [Admin] webhooks::list => 200 List webhooks::WebhookView;

    "Deletes a webhook, and what it was still to be told"
    delete "/webhooks/{webhook}" [Admin] webhooks::delete => 204 Nothing;
}
