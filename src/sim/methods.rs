//! Exec: what the methods do.

use sha2::{Digest, Sha256};

use super::address::{Address, InstanceName, Member};
use super::arguments::{argument, eas_values, is_package_family_name, is_product_key, pair};
use super::classes::blob;
use super::outcome::Effect;
use super::tree::{Tree, keys_fit};

/// How long a channel is good (Microsoft's page on push for device management), days.
const CHANNEL_DAYS: i64 = 30;

/// So many days from now as WMI writes a time (CIM DATETIME).
#[expect(
    clippy::disallowed_methods,
    reason = "a simulated device has a clock of its own"
)]
fn cim_time_in(days: i64) -> String {
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    then.strftime("%Y%m%d%H%M%S.%6f+000").to_string()
}

impl Tree {
    /// Runs a method: its status and what it did. Unknown is 406, a wrong
    /// argument 500.
    pub(super) fn exec(&mut self, at: &Address, data: &str) -> (u16, Effect) {
        if let Some((csp, path)) = self.csp_at(at) {
            return csp.exec(path, data);
        }
        match self.try_exec(at, data) {
            Ok(effect) => (200, effect),
            Err(code) => (code, Effect::None),
        }
    }

    fn try_exec(&mut self, at: &Address, data: &str) -> Result<Effect, u16> {
        let Address::Wmi {
            class,
            instance: Some(name),
            member: Some(Member::Method(method)),
        } = at
        else {
            return Err(406);
        };
        let extent = self.extents.get(class).ok_or(404_u16)?;
        let known = extent.class.ok_or(406_u16)?;
        let method = known.method(method).ok_or(406_u16)?;
        match method.makes {
            false if extent.find(name).is_none() => return Err(404),
            true if !keys_fit(known, name) => return Err(500),
            _ => {}
        }
        let argument = argument(method, data).ok_or(500_u16)?;
        let done = match method.name {
            "ResetUserPassword" => self.reset_password(argument),
            "SendUnenrollRequest" => {
                let own = argument == self.device_id;
                return if own { Ok(Effect::Unenroll) } else { Err(500) };
            }
            "LockWorkstation" => return Ok(Effect::Lock),
            "UpdateConfiguration" => self.configure_channel(name, argument),
            "SetValues" => self.set_eas(argument),
            "CreateNewAuthority" => return self.create_authority(name, argument),
            "ActivateKey" if !is_product_key(argument) => None,
            "ActivateKey" => self.sideloading_key(argument),
            "AddCertificate" => blob(argument).map(drop),
            "UnActivateLOB" => self.sideloading_key(""),
            // Of a Windows 10: what they change is not looked at.
            "Set" | "AddUser" | "RemoveUser" => (!argument.is_empty()).then_some(()),
            "CreateJob" => return self.create_job(name, argument),
            _ => return Err(406),
        };
        done.map(|()| Effect::None).ok_or(500)
    }

    fn reset_password(&mut self, argument: &str) -> Option<()> {
        pair(argument)?;
        self.resets += 1;
        Some(())
    }

    /// `<AppId>;<PFN>` makes a channel with a new URI, good for 30 days; where WNS cannot
    /// be reached, none, and `LastError` says why.
    pub(super) fn configure_channel(&mut self, name: &InstanceName, argument: &str) -> Option<()> {
        let (app, family) = pair(argument)?;
        if name.key("AppId") != Some(app) || !is_package_family_name(family) {
            return None;
        }
        let error = self.channel_error;
        let configured = if error.is_none() { "1" } else { "0" };
        self.instance(
            "MDM_WNSConfiguration",
            "AppId",
            app,
            &[("ConfigurationStatus", configured)],
        );
        let (uri, expires) = match error {
            None => (self.new_channel(family), cim_time_in(CHANNEL_DAYS)),
            Some(_) => (String::new(), String::new()),
        };
        self.instance(
            "MDM_WNSChannel",
            "AppId",
            app,
            &[
                ("UserSID", "S-1-5-21-1004336348-1177238915-682003330-1001"),
                ("Channel", &uri),
                ("ExpirationTime", &expires),
                ("ChannelStatus", configured),
                ("LastError", &error.unwrap_or(0).to_string()),
            ],
        );
        Some(())
    }

    fn set_eas(&mut self, argument: &str) -> Option<()> {
        let values = eas_values(argument)?.into_iter();
        self.eas
            .extend(values.map(|(name, value)| (name.to_owned(), value)));
        Some(())
    }

    fn create_authority(&mut self, name: &InstanceName, argument: &str) -> Result<Effect, u16> {
        if argument.is_empty() || name.key("AuthorityName") != Some(argument) {
            return Err(500);
        }
        let exists = self.extents.get(&name.class).and_then(|e| e.find(name));
        if exists.is_some() {
            return Err(418);
        }
        self.instance(
            "MDM_MgmtAuthority",
            "AuthorityName",
            argument,
            &[("ServerList", "")],
        );
        Ok(Effect::None)
    }

    /// Sets the hash of the sideloading key, or takes it away.
    fn sideloading_key(&mut self, key: &str) -> Option<()> {
        let hash: String = match key {
            "" => String::new(),
            key => Sha256::digest(key)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        };
        self.instance("MDM_SideLoader", "key", "1", &[("ProductKeyHash", &hash)]);
        Some(())
    }

    fn create_job(&mut self, name: &InstanceName, argument: &str) -> Result<Effect, u16> {
        let id = name
            .key("JobID")
            .filter(|id| !id.is_empty())
            .ok_or(500_u16)?;
        if argument.trim().is_empty() {
            return Err(500);
        }
        if self.job(id).is_some() {
            return Err(418);
        }
        self.put_job(id);
        Ok(Effect::None)
    }
}
