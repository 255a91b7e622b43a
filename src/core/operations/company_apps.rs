//! Company apps of a Windows Phone 8.1: EnterpriseAppManagement (Microsoft's CSP
//! reference).

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::entry::{Built, Type};
use super::forms::{Boolean, Hidden};
use super::phone::{PHONE, add, atomic, node, plain_name, write};
use crate::fields::{quoted, shown_url};
use crate::loc_uri::LocUri;
use crate::wmi::ValueForm::{self, Line, Text};
use modegate_wire::message::Verb;

arguments! {
    ENTERPRISE: Needed<ValueForm> = "enterprise_id", Line(64), "the id of the company, as in its enrollment token";
    TOKEN: Needed<Hidden<ValueForm>> = "enrollment_token", Hidden(Text(64 * 1024)), "the application enrollment token (AET), base64";
    SEARCH: Optional<ValueForm> = "certificate_search", Line(1024),
        "which client certificate the phone shows when it downloads apps: the URL-encoded X.500 subject";
    CRL_CHECK: Optional<Boolean> = "crl_check", Boolean, "whether it asks for the revocation list of the download server";
    PRODUCT: Needed<ValueForm> = "product_id", Line(64), "the app's product id, {XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}";
    APP_NAME: Needed<ValueForm> = "name", Line(256), "the app's name";
    APP_URL: Needed<ValueForm> = "url", Line(2048), "where the phone downloads the XAP, appx or appxbundle";
    APP_VERSION: Needed<ValueForm> = "version", Line(64), "the version there";
}

pub(super) const COMPANY_APPS_ENROLL: Type = Type::new(
    "company_apps_enroll",
    "sets or renews a phone's token for company apps (EnterpriseAppManagement)",
    &[&ENTERPRISE, &TOKEN, &SEARCH, &CRL_CHECK],
    |arguments, _| {
        let enterprise = enterprise(arguments)?;
        let mut adds = vec![add(
            enterprise.below("EnrollmentToken"),
            "chr",
            &arguments.get(&TOKEN)?,
        )];
        let search = arguments.get(&SEARCH)?;
        adds.extend(
            search.map(|text| add(enterprise.below("CertificateSearchCriteria"), "chr", &text)),
        );
        let check = arguments
            .get(&CRL_CHECK)?
            .map(|check| if check { "1" } else { "0" });
        adds.extend(check.map(|check| add(enterprise.below("CRLCheck"), "chr", check)));
        Ok(Built::set(adds))
    },
)
.superseding()
.of(PHONE);

fn enterprise(arguments: &Arguments<'_>) -> Result<LocUri> {
    let id = plain_name(arguments, &ENTERPRISE)?;
    Ok(node("EnterpriseAppManagement/{}", &[&id]))
}

/// A node below `EnterpriseApps`, of one app.
fn company_app(arguments: &Arguments<'_>, group: &str) -> Result<LocUri> {
    let id = arguments.get(&PRODUCT)?;
    let inner = id.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let known = inner.and_then(|inner| uuid::Uuid::try_parse(inner).ok());
    let expected = "a product id, {XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}";
    let known = known.ok_or_else(|| arguments.wrong(&PRODUCT, expected, &quoted(&id)))?;
    let id = format!("%7B{}%7D", known.hyphenated().to_string().to_uppercase());
    Ok(enterprise(arguments)?
        .below("EnterpriseApps")
        .below(group)
        .below(&id))
}

/// Add of the nodes and Exec in one Atomic; where a download of the app is still
/// known (for up to a week), 418 turns the Adds into Replace.
pub(super) const COMPANY_APP_INSTALL: Type = Type::new(
    "company_app_install",
    "has a phone install or update a company app (EnterpriseAppManagement); company_app_status reads what becomes of it",
    &[&ENTERPRISE, &PRODUCT, &APP_NAME, &APP_URL, &APP_VERSION],
    |arguments, _| {
        let app = company_app(arguments, "Download")?;
        let url = arguments.get(&APP_URL)?;
        if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(arguments.wrong(&APP_URL, "an https or http URL", &shown_url(&url)));
        }
        let start = app.below("DownloadInstall");
        // The reference lets that node be executed and nothing else; its sample adds it too.
        Ok(Built::set(vec![atomic(vec![
            add(app.below("Name"), "chr", &arguments.get(&APP_NAME)?),
            add(app.below("URL"), "chr", &url),
            add(app.below("Version"), "chr", &arguments.get(&APP_VERSION)?),
            write(Verb::Exec, start, "int", Some("0")),
        ])]))
    },
)
.superseding()
.of(PHONE);

pub(super) const COMPANY_APP_REMOVE: Type = Type::new(
    "company_app_remove",
    "removes a company app from a phone (EnterpriseAppManagement)",
    &[&ENTERPRISE, &PRODUCT],
    |arguments, _| Ok(Built::removal(company_app(arguments, "Inventory")?)),
)
.of(PHONE);

pub(super) const COMPANY_APP_STATUS: Type = Type::new(
    "company_app_status",
    "reads a phone's download of a company app: status (0 to 5: confirm, queued, downloading, downloaded, installing, installed; 6 failed, 7 download failed), last error; and the version that is installed",
    &[&ENTERPRISE, &PRODUCT],
    |arguments, _| {
        let (download, installed) = (company_app(arguments, "Download")?, company_app(arguments, "Inventory")?);
        let reads = ["Status", "LastError", "LastErrorDesc"].map(|name| download.below(name));
        Ok(Built::reads(reads.into_iter().chain([installed.below("Version")])))
    },
)
.of(PHONE);
