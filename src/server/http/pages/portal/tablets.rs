//! The person's tablets, and which of them a page is about.

use crate::app::persons;
use crate::http::pages::Visitor;
use crate::http::problem::Problem;
use modegate_core::device::Device;
use modegate_pages::portal::{Clock, Tablet};

/// The person's tablets.
pub(super) struct Tablets {
    all: Vec<Device>,
    shown: usize,
}

impl Tablets {
    /// All of them; the page is about the one of this id, or the first.
    pub(super) async fn of(visitor: &Visitor, wanted: &str) -> Result<Self, Problem> {
        let all = persons::devices(visitor.app(), visitor.by()).await?;
        let shown = match wanted {
            "" => 0,
            wanted => {
                let found = all
                    .iter()
                    .position(|device| device.id.to_string() == wanted);
                found.ok_or_else(|| Problem::missing("device"))?
            }
        };
        Ok(Tablets { all, shown })
    }

    /// The one that the page is about, unless there is none.
    pub(super) fn shown(&self) -> Option<&Device> {
        self.all.get(self.shown)
    }

    /// All of them, to choose from.
    pub(super) fn choices(&self) -> Vec<Tablet> {
        let all = self.all.iter().enumerate();
        all.map(|(at, device)| tablet(device, at == self.shown))
            .collect()
    }
}

/// A tablet as pages name it.
pub(super) fn tablet(device: &Device, is_shown: bool) -> Tablet {
    Tablet {
        id: device.id.to_string(),
        name: device.record.source.0.clone(),
        is_shown,
    }
}

/// A tablet's clock, for whoever looks at a page.
pub(super) fn clock(visitor: &Visitor, device: &Device) -> Clock {
    Clock {
        offset_minutes: device.state.activity.plan.offset_minutes,
        now: visitor.now(),
        language: visitor.guest.language,
    }
}
