//! Clients of the other families: a Windows Phone 8.1 and a Windows 10, as far
//! as they differ from the tablet. What they manage is a tree of nodes
//! ([`Csp`]); how they speak is [`Dialect`].

use super::Tablet;
use crate::csp::Csp;
use crate::dialect::Dialect;
use crate::report::SessionReport;
use crate::transport::{SimError, Transport};

impl Tablet {
    /// A Windows Phone 8.1 that was enrolled with this PROVIDER-ID.
    pub fn phone(source: &str, provider_id: &str, transport: Transport) -> Self {
        Tablet::of_family(Dialect::Phone, source, provider_id, transport)
    }

    /// A Windows 10 that was enrolled with this PROVIDER-ID.
    pub fn windows10(source: &str, provider_id: &str, transport: Transport) -> Self {
        let mut device = Tablet::of_family(Dialect::Ten, source, provider_id, transport);
        device.refuses_gets_in_atomic(true);
        device
    }

    fn of_family(
        dialect: Dialect,
        source: &str,
        provider_id: &str,
        mut transport: Transport,
    ) -> Self {
        transport.user_agent = dialect.user_agent();
        transport.origin = dialect.origin();
        let mut device = Tablet::new(source, transport);
        device.behaviour.dialect = dialect;
        device
            .tree
            .become_family(Csp::new(provider_id, dialect == Dialect::Phone));
        device.runs_version(match dialect {
            Dialect::Phone => "8.10.14234.375",
            Dialect::Tablet | Dialect::Ten => "10.0.19045.2965",
        });
        device
    }

    /// Its system is of this version, as `./DevDetail/SwV` shows it.
    pub fn runs_version(&mut self, version: &str) {
        self.tree.set_version(version);
    }

    /// The poll of a phone or a Windows 10, in its own way.
    pub async fn poll(&mut self) -> Result<SessionReport, SimError> {
        match self.behaviour.dialect {
            Dialect::Phone => self.session("", "").await,
            Dialect::Tablet | Dialect::Ten => self.session("Maintenance", "user").await,
        }
    }

    /// By which way it was wiped (`dowipe`, …), if it was.
    pub fn wiped(&self) -> Option<&str> {
        self.tree.csp.as_ref()?.wiped.as_deref()
    }

    /// The value of a node below `./Vendor/MSFT`, if it is there.
    pub fn node(&self, loc_uri: &str) -> Option<String> {
        self.tree.csp.as_ref()?.value(loc_uri)
    }

    /// Puts a value at a node below `./Vendor/MSFT`.
    pub fn set_node(&mut self, loc_uri: &str, value: &str) {
        if let Some(csp) = &mut self.tree.csp {
            csp.put(loc_uri, value);
        }
    }

    /// Removes a node below `./Vendor/MSFT` with what is below it; whether it was there.
    pub fn remove_node(&mut self, loc_uri: &str) -> bool {
        let csp = self.tree.csp.as_mut();
        csp.is_some_and(|csp| csp.remove(&Csp::key(loc_uri)))
    }

    /// What is written to its Poll nodes is answered 200 and has no effect.
    pub fn forgets_polling(&mut self, forgets: bool) {
        if let Some(csp) = &mut self.tree.csp {
            csp.forgets_polling = forgets;
        }
    }

    /// Values longer than this go in pieces, as large objects; 0: never.
    pub fn sends_pieces(&mut self, most: usize) {
        self.behaviour.pieces = most;
    }
}
