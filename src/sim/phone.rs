//! What a phone does with its certificates, VPN, Wi-Fi and company apps.

use super::csp::Csp;
use super::phone_nodes::{NodeRule, SCEP_NEEDS, is_thumbprint, rule_of, wlan_name};

/// Where the phone's DownloadInstall stands (EnterpriseAppManagement CSP).
const QUEUED: &str = "1";
const INSTALLED: &str = "5";
const DOWNLOAD: &str = "/enterpriseapps/download/";

impl Csp {
    /// Whether an operation is as the reference has it, before it is done; the
    /// Status where it is not. Nodes that the reference's rules here do not
    /// name are none of this.
    pub(super) fn refusal(
        &self,
        verb: &str,
        path: &str,
        data: &str,
        form: (Option<&str>, bool),
    ) -> Option<u16> {
        let (format, in_atomic) = form;
        let rule = self.phone_rule(path)?;
        if verb == "Get" {
            return None;
        }
        let lacks_atomic = rule.atomic && !in_atomic && verb != "Delete";
        rule.refusal(verb, format, data)
            .or(lacks_atomic.then_some(500))
    }

    pub(super) fn phone_rule(&self, path: &str) -> Option<&'static NodeRule> {
        rule_of(path).filter(|_| self.is_phone())
    }

    /// Add or Replace of a node that a rule names and lets.
    pub(super) fn write_phone(&mut self, path: &str, data: &str) -> u16 {
        let segments: Vec<&str> = path.split('/').collect();
        let fits = match segments[2..] {
            ["certificatestore", _, _, hash, "encodedcertificate"] => is_thumbprint(hash),
            ["wifi", "profile", name, "wlanxml"] => {
                let own = wlan_name(data).is_some_and(|own| own.to_lowercase() == name);
                own && name.len() <= 32
            }
            ["clientcertificateinstall", _, id, "pfxcertblob"] => self.has_below(id, "keylocation"),
            ["certificatestore", "my", "wstep", _, "retryinterval"] => {
                let most = self.value("./Vendor/MSFT/CertificateStore/My/WSTEP/Renew/RenewPeriod");
                let number = |text: &str| text.parse::<u32>().unwrap_or(0);
                most.is_none_or(|most| number(data) <= number(&most))
            }
            ["vpn", name, "authentication", "certificate", _] => {
                !self.has_below(name, "tunneltype")
            }
            _ => true,
        };
        if !fits {
            return 500;
        }
        self.put(&format!("./{path}"), data);
        if let ["clientcertificateinstall", _, _, "pfxcertblob"] = segments[2..] {
            let request = path.trim_end_matches("/pfxcertblob");
            self.put(&format!("./{request}/Status"), "0");
            self.put(&format!("./{request}/Thumbprint"), &"AB".repeat(20));
        }
        200
    }

    /// Whether `name/leaf` is there, below whatever.
    fn has_below(&self, name: &str, leaf: &str) -> bool {
        self.paths()
            .any(|path| path.ends_with(&format!("/{name}/{leaf}")))
    }

    /// Exec of a node that a rule names and lets.
    pub(super) fn exec_phone(&mut self, path: &str) -> u16 {
        let parent = path
            .rsplit_once('/')
            .map_or(path, |(parent, _)| parent)
            .to_owned();
        let held = |csp: &Csp, name: &str| csp.value(&format!("./{parent}/{name}"));
        if path.ends_with("/install/enroll") {
            if SCEP_NEEDS.iter().any(|name| held(self, name).is_none()) {
                return 500;
            }
            let request = parent.trim_end_matches("/install").to_owned();
            // The challenge is deleted shortly after the Exec is accepted.
            self.remove(&format!("{parent}/challenge"));
            self.put(&format!("./{request}/Status"), "1");
            self.put(&format!("./{request}/ErrorCode"), "0");
            self.put(&format!("./{request}/CertThumbprint"), &"CD".repeat(20));
            return 200;
        }
        if ["name", "url", "version"]
            .iter()
            .any(|name| held(self, name).is_none())
        {
            return 500;
        }
        self.put(&format!("./{parent}/Status"), QUEUED);
        self.put(&format!("./{parent}/LastError"), "0");
        self.put(&format!("./{parent}/LastErrorDesc"), "");
        200
    }

    /// A session later: what was queued is installed.
    pub(super) fn advance_downloads(&mut self) {
        let queued: Vec<String> = self
            .paths()
            .filter_map(|path| path.strip_suffix("/status"))
            .filter(|path| path.contains(DOWNLOAD))
            .map(str::to_owned)
            .collect();
        for app in queued {
            let status = format!("./{app}/Status");
            if self.value(&status).as_deref() != Some(QUEUED) {
                continue;
            }
            self.put(&status, INSTALLED);
            let installed = app.replace(DOWNLOAD, "/enterpriseapps/inventory/");
            for (from, to) in [("version", "Version"), ("name", "Title")] {
                let value = self.value(&format!("./{app}/{from}")).unwrap_or_default();
                self.put(&format!("./{installed}/{to}"), &value);
            }
        }
    }
}
