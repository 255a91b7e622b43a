//! The nodes of DMClient, RemoteLock and RemoteWipe (Microsoft's CSP reference).

use std::collections::BTreeMap;

use super::classes::Cim;
use super::outcome::{Effect, Found};
use super::registrar::Wns;

/// The tree below `./Vendor/MSFT`.
#[derive(Debug, Clone)]
pub(super) struct Csp {
    pub(super) provider_id: String,
    phone: bool,
    /// Path below `./`, in lower case, to the name and value of a leaf.
    leaves: BTreeMap<String, (String, String)>,
    /// Channels made so far: each has a URI of its own.
    channels: u32,
    /// Who gives out its channel URIs, if anybody does.
    pub(super) wns: Option<Wns>,
    /// Its registration with WNS fails until the Push node is deleted.
    pub(super) registration_fails: bool,
    /// What is written to its Poll nodes is answered 200 and has no effect.
    pub(super) forgets_polling: bool,
    pub(super) wiped: Option<String>,
}

impl Csp {
    pub(super) fn new(provider_id: &str, phone: bool) -> Self {
        let mut csp = Csp {
            provider_id: provider_id.to_owned(),
            phone,
            leaves: BTreeMap::new(),
            channels: 0,
            wns: None,
            registration_fails: false,
            forgets_polling: false,
            wiped: None,
        };
        csp.make_poll_nodes();
        csp.put(
            &format!("./Vendor/MSFT/DMClient/Provider/{provider_id}/EntDMID"),
            "dm-1",
        );
        if phone {
            let renew = "./Vendor/MSFT/CertificateStore/My/WSTEP/Renew";
            csp.put(&format!("{renew}/ROBOSupport"), "false");
            csp.put(&format!("{renew}/RenewPeriod"), "42");
            csp.put(&format!("{renew}/RetryInterval"), "7");
        }
        csp
    }

    /// Whether it is a phone's.
    pub(super) fn is_phone(&self) -> bool {
        self.phone
    }

    /// A LocURI below `./Vendor` as this tree knows it.
    pub(super) fn key(loc_uri: &str) -> String {
        let path = loc_uri.trim_start_matches("./").to_lowercase();
        path.strip_prefix("device/").unwrap_or(&path).to_owned()
    }

    /// Whether the path (in lower case, decoded) is of this tree.
    pub(super) fn has(path: &str) -> bool {
        Csp::key(path).starts_with("vendor/")
    }

    pub(super) fn put(&mut self, loc_uri: &str, value: &str) {
        let name = loc_uri.rsplit('/').next().unwrap_or("").to_owned();
        self.leaves
            .insert(Csp::key(loc_uri), (name, value.to_owned()));
    }

    pub(super) fn value(&self, loc_uri: &str) -> Option<String> {
        self.leaves
            .get(&Csp::key(loc_uri))
            .map(|(_, value)| value.clone())
    }

    pub(super) fn provider(&self, rest: &str) -> String {
        format!(
            "vendor/msft/dmclient/provider/{}/{rest}",
            self.provider_id.to_lowercase()
        )
    }

    pub(super) fn get(&self, path: &str) -> Result<Found, u16> {
        let path = Csp::key(path);
        if let Some((_, value)) = self.leaves.get(&path) {
            return Ok(Found::Value(Cim::String, value.clone()));
        }
        let below = format!("{path}/");
        let mut names: Vec<String> = self
            .leaves
            .iter()
            .filter_map(|(known, (name, _))| {
                let rest = known.strip_prefix(&below)?;
                let first = rest.split('/').next()?;
                Some(if first.len() == rest.len() {
                    name.clone()
                } else {
                    first.to_owned()
                })
            })
            .collect();
        names.dedup();
        if names.is_empty() {
            Err(404)
        } else {
            Ok(Found::Names(names))
        }
    }

    /// The paths of its leaves, in lower case.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.leaves.keys().map(String::as_str)
    }

    /// Removes a node with what is below it; whether it was there.
    pub(super) fn remove(&mut self, path: &str) -> bool {
        let (before, below) = (self.leaves.len(), format!("{path}/"));
        self.leaves
            .retain(|known, _| known != path && !known.starts_with(&below));
        self.leaves.len() < before
    }

    /// Whether it is a policy of Windows 10: `Policy/Config/<area>/<policy>`.
    fn is_policy(&self, path: &str) -> bool {
        let policy = path.strip_prefix("vendor/msft/policy/config/");
        !self.phone && policy.is_some_and(|policy| policy.split('/').count() == 2)
    }

    pub(super) fn add(&mut self, path: &str, data: &str) -> u16 {
        let path = Csp::key(path);
        let ruled = self.phone_rule(&path).is_some();
        match self.get(&path) {
            Ok(_) => 418,
            Err(_) if ruled => self.write_phone(&path, data),
            Err(_) if path == self.provider("push/pfn") => self.set_name(data),
            Err(_) => self.add_poll(&path, data).unwrap_or(404),
        }
    }

    pub(super) fn replace(&mut self, path: &str, data: &str) -> u16 {
        let path = Csp::key(path);
        if self.is_policy(&path) {
            self.put(&path, data);
            return 200;
        }
        if !self.leaves.contains_key(&path) {
            return 404;
        }
        if self.phone_rule(&path).is_some() {
            return self.write_phone(&path, data);
        }
        if path == self.provider("push/pfn") {
            return self.set_name(data);
        }
        self.set_poll(&path, data).unwrap_or(405)
    }

    pub(super) fn delete(&mut self, path: &str) -> u16 {
        let (path, push) = (Csp::key(path), self.provider("push"));
        if self.phone_rule(&path).is_some() {
            // The Wi-Fi profile goes with its XML.
            let whole = path.strip_suffix("/wlanxml").unwrap_or(&path).to_owned();
            return if self.remove(&whole) { 200 } else { 404 };
        }
        if path != push {
            return if self.get(&path).is_ok() { 405 } else { 404 };
        }
        let before = self.leaves.len();
        self.leaves.retain(|known, _| !known.starts_with(&push));
        self.registration_fails = false;
        if self.leaves.len() < before { 200 } else { 404 }
    }

    /// A new name makes a new channel, and the old one void (KB 3170699); a
    /// phone takes it in lower case only (the Windows Phone push article).
    pub(super) fn set_name(&mut self, data: &str) -> u16 {
        let bad = self.phone && data != data.to_lowercase() || !data.contains('_');
        let root = format!("./Vendor/MSFT/DMClient/Provider/{}/Push", self.provider_id);
        self.put(&format!("{root}/Status"), if bad { "1" } else { "0" });
        if bad {
            return 500;
        }
        self.put(&format!("{root}/PFN"), data);
        if self.registration_fails {
            self.put(&format!("{root}/Status"), "3");
            self.put(&format!("{root}/ChannelURI"), "null");
            return 200;
        }
        self.channels += 1;
        let uri = match &self.wns {
            Some(wns) => (wns.0)(data),
            None => format!(
                "https://db5.notify.windows.com/?token=ch{}%2b",
                self.channels
            ),
        };
        self.put(&format!("{root}/ChannelURI"), &uri);
        200
    }

    pub(super) fn exec(&mut self, path: &str, data: &str) -> (u16, Effect) {
        let path = Csp::key(path);
        let own = data == self.provider_id;
        if self.phone_rule(&path).is_some() {
            return (self.exec_phone(&path), Effect::None);
        }
        match path.as_str() {
            // The phone's node does nothing unless it is given the ProviderID.
            "vendor/msft/dmclient/unenroll" if self.phone && own => (200, Effect::Unenroll),
            "vendor/msft/dmclient/unenroll" if self.phone => (500, Effect::None),
            "vendor/msft/remotelock/lock" => (200, Effect::Lock),
            "vendor/msft/remotewipe/dowipe"
            | "vendor/msft/remotewipe/dowipepersistprovisioneddata" => self.wipe(&path),
            "vendor/msft/remotewipe/dowipeprotected"
            | "vendor/msft/remotewipe/dowipepersistuserdata"
                if !self.phone =>
            {
                self.wipe(&path)
            }
            _ if !self.phone && path == self.provider("unenroll") => (200, Effect::Unenroll),
            _ => (404, Effect::None),
        }
    }

    fn wipe(&mut self, path: &str) -> (u16, Effect) {
        self.wiped = path.rsplit('/').next().map(str::to_owned);
        (200, Effect::None)
    }
}
