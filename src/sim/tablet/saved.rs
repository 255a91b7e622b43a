//! A tablet as it is kept between two runs of the simulator.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Tablet;
use crate::extent::{Instance, new_tablet};

/// What of a tablet outlives a run. It holds the channel's URI and the nonces.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedTablet {
    sessions: u32,
    logged_on: bool,
    locked: bool,
    unenrolled: bool,
    nonce: Vec<u8>,
    server_nonce: Vec<u8>,
    /// MsgIDs and CmdIDs of the last sessions.
    used: VecDeque<(Vec<u32>, Vec<u32>)>,
    device_id: String,
    channels: u32,
    password_resets: u32,
    eas: BTreeMap<String, String>,
    next_job_error: Option<u32>,
    /// The instances of each class that is not as on a new tablet.
    classes: BTreeMap<String, Vec<Instance>>,
}

impl Tablet {
    /// What is to be kept of it.
    pub(crate) fn saved(&self) -> SavedTablet {
        let fresh = new_tablet();
        let changed = self.tree.extents.iter().filter(|(name, extent)| {
            let known = fresh.get(*name);
            !known.is_some_and(|known| Arc::ptr_eq(known, extent))
        });
        SavedTablet {
            sessions: self.sessions,
            logged_on: self.logged_on,
            locked: self.locked,
            unenrolled: self.unenrolled,
            nonce: self.nonce.clone(),
            server_nonce: self.server_nonce.clone(),
            used: self.used.clone(),
            device_id: self.tree.device_id.clone(),
            channels: self.tree.channels,
            password_resets: self.tree.resets,
            eas: self.tree.eas.clone(),
            next_job_error: self.tree.next_job_error,
            classes: changed
                .map(|(name, extent)| (name.clone(), extent.instances.clone()))
                .collect(),
        }
    }

    /// Goes on where the one that was kept ended.
    pub(crate) fn restore(&mut self, saved: SavedTablet) {
        self.sessions = saved.sessions;
        self.logged_on = saved.logged_on;
        self.locked = saved.locked;
        self.unenrolled = saved.unenrolled;
        self.nonce = saved.nonce;
        self.server_nonce = saved.server_nonce;
        self.used = saved.used;
        self.tree.device_id = saved.device_id;
        self.tree.channels = saved.channels;
        self.tree.resets = saved.password_resets;
        self.tree.eas = saved.eas;
        self.tree.next_job_error = saved.next_job_error;
        for (name, instances) in saved.classes {
            if let Some(extent) = self.tree.extent_mut(&name) {
                extent.instances = instances;
            }
        }
    }
}
