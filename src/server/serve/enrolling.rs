//! Who signs certificates of devices that enroll, and what their accounts are.

use std::sync::Arc;
use std::time::Duration;

use super::{Options, ServeError};
use crate::app::enrolling::Enrolling;
use crate::enrollment::EnrollmentService;
use crate::enrollment::command::CommandIssuer;
use crate::enrollment::issuer::Issuer;
use crate::enrollment::own::OwnIssuer;
use crate::enrollment::provisioning::Provisioning;
use crate::enrollment::remote::RemoteIssuer;
use modegate_core::enrollment::rules::EnrollmentRules;
use modegate_mde::provisioning::ProviderId;
use modegate_mde::service_url::LinkUrl;
use modegate_store::Store;

/// How long an issuer outside may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What use cases of enrollment work with. The shipped rules are in force.
pub(super) fn enrolling(
    options: &Options,
    store: &Arc<dyn Store>,
) -> Result<Enrolling, ServeError> {
    let settings = &options.settings.enrollment;
    let rules = EnrollmentRules::builtin().map_err(ServeError::Policies)?;
    let issuer = issuer(options, store)?;
    let (store, clock) = (Arc::clone(store), options.clock.clone());
    let wrong = |error: &dyn std::fmt::Display| ServeError::Enrollment(error.to_string());
    let provider_id = ProviderId::new(&settings.provider_id).map_err(|error| wrong(&error))?;
    let portal = settings.portal_url.as_deref().map(LinkUrl::parse);
    Ok(Enrolling {
        service: EnrollmentService::new(store, clock, Arc::new(rules), issuer),
        provisioning: Provisioning {
            provider_id,
            name: settings.name.clone(),
            portal: portal.transpose().map_err(|error| wrong(&error))?,
        },
        url: settings.url.clone(),
        is_local: options.settings.is_local(),
    })
}

fn issuer(options: &Options, store: &Arc<dyn Store>) -> Result<Arc<dyn Issuer>, ServeError> {
    let settings = &options.settings.enrollment;
    if let Some(program) = &settings.issuer_command {
        let command = CommandIssuer::new(program.clone(), Vec::new(), PATIENCE);
        return Ok(Arc::new(command));
    }
    if let Some(url) = &settings.issuer_url {
        let wrong = |why: String| ServeError::Enrollment(why);
        let url = url::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let remote = RemoteIssuer::new(url, None, None, PATIENCE).map_err(wrong)?;
        return Ok(Arc::new(remote));
    }
    let (store, clock) = (Arc::clone(store), options.clock.clone());
    Ok(Arc::new(OwnIssuer::new(store, clock, settings.ca_key)))
}
