//! App jobs. The grammar of JobData is not public: it comes whole from the
//! caller, or from the operator's templates.

use super::build::{exec, get, instance};
use super::given::Given;
use super::{Built, Setting};
use crate::catalogue::Release;
use crate::command::Unanswered;
use crate::fields::FieldError;

fn job(given: &Given<'_>, setting: &Setting<'_>, template: &str) -> Result<Built, FieldError> {
    let by_template = || {
        let name = given.wire("package_full_name")?;
        setting
            .templates
            .render(template, &[("package_full_name", name)])
    };
    let data = match given.wire("job_data") {
        Some(data) => setting.templates.render("job_data", &[("job_data", data)]),
        None => by_template(),
    };
    let Some(data) = data else {
        let expected = format!(
            "the job's data as the device is to get it (or package_full_name, with templates.{template} configured)"
        );
        return Err(FieldError::new(
            given.fields().name("job_data"),
            expected,
            "nothing",
        ));
    };
    Ok(created(given, setting, data))
}

fn created(given: &Given<'_>, setting: &Setting<'_>, data: String) -> Built {
    let fresh = setting.fresh.to_string();
    let job = given.wire("job_id").unwrap_or(&fresh);
    let instance = instance("MDM_AppInstallJob", &[("JobID", job)]);
    let mut built = Built::of(vec![exec(&instance, "CreateJob", Some(data))]);
    built.manner.unanswered = Unanswered::Check;
    built
}

/// The install of a version of the catalogue: its own JobData, or the
/// operator's template filled with what it holds.
pub(super) fn catalogued(
    release: &Release,
    given: &Given<'_>,
    setting: &Setting<'_>,
) -> Result<Built, FieldError> {
    let data = match &release.job_data {
        Some(data) => {
            let values = [("job_data", data.reveal())];
            setting.templates.render("job_data", &values)
        }
        None => {
            let values = release.values();
            let values: Vec<(&str, &str)> = values
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            setting.templates.render("app_install", &values)
        }
    };
    let data = data.ok_or_else(|| {
        let expected = "an app with job_data, or templates.app_install configured";
        FieldError::new(given.fields().name("app"), expected, "neither")
    })?;
    Ok(created(given, setting, data))
}

pub(super) fn install(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    job(given, setting, "app_install")
}

pub(super) fn uninstall(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    job(given, setting, "app_uninstall")
}

pub(super) fn upgrade(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    job(given, setting, "app_upgrade")
}

pub(super) fn status(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let Some(job) = given.wire("job_id") else {
        return Ok(Built::of(vec![get("./cimv2/MDM_AppInstallJob".to_owned())]));
    };
    let instance = instance("MDM_AppInstallJob", &[("JobID", job)]);
    let reads = ["Status", "LastError", "Progress"];
    let mut built = Built::of(
        reads
            .iter()
            .map(|property| get(format!("{instance}/{property}")))
            .collect(),
    );
    built.manner.lenient = crate::command::Lenient::IfAnyAnswers;
    Ok(built)
}
