//! What the buttons of a device's pages do: wake, retire.

use super::{address, shell};
use crate::app::{devices, wakes};
use crate::http::api::PathId;
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::push::wake::WakeOptions;
use modegate_pages::console::confirm::ConfirmPage;

/// `POST /console/devices/{id}/wake`: a push is asked for.
pub(in crate::http::pages) async fn wake(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    let now = visitor.now();
    let place = move |device: &Device| {
        let channel = device.state.channel.as_ref();
        let may_send = channel.is_some_and(|channel| channel.may_send(now));
        let notice = if may_send { "woken" } else { "wanted" };
        format!("{}?notice={notice}", address(id))
    };
    visitor
        .write(place, async |app, by, options| {
            wakes::request(app, by, (id, WakeOptions::default()), options).await
        })
        .await
}

/// `GET /console/devices/{id}/retire`: what would be gone.
pub(in crate::http::pages) async fn confirm(
    visitor: Visitor,
    PathId(id): PathId<DeviceId>,
) -> Page {
    let device = visitor.by().device(visitor.app(), id).await?;
    let open = device.state.open.len();
    let source = device.record.source.0.clone();
    page(&ConfirmPage {
        shell: shell(&visitor, &device, "")
            .titled(format!("Retire {source}"))
            .below(address(id), source.clone()),
        heading: "Retire this device?".to_owned(),
        text: "Its record, its inventory and its queue are deleted; its events stay in the log. It can no longer sync. Nothing is sent to it, so it is not unenrolled: where that is meant, queue the command first.".to_owned(),
        facts: vec![
            ("Device", source),
            ("Open commands", open.to_string()),
        ],
        action: format!("{}/retire", address(id)),
        button: "Retire",
        once: visitor.once(),
        fields: Vec::new(),
        back: address(id),
    })
}

/// `POST /console/devices/{id}/retire`.
pub(in crate::http::pages) async fn retire(visitor: Visitor, PathId(id): PathId<DeviceId>) -> Page {
    let place = |_: &Device| "/console/devices?notice=retired".to_owned();
    visitor
        .write(place, async |app, by, options| {
            devices::retire(app, by, id, options).await
        })
        .await
}
