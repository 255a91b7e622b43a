//! App jobs. The grammar of JobData is not public: it comes whole from the
//! caller, or from the operator's templates.

use super::build::{exec, get, instance};
use super::given::Given;
use super::{Built, Setting};
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
    let fresh = setting.fresh.to_string();
    let job = given.wire("job_id").unwrap_or(&fresh);
    let instance = instance("MDM_AppInstallJob", &[("JobID", job)]);
    let mut built = Built::of(vec![exec(&instance, "CreateJob", Some(data))]);
    built.manner.unanswered = Unanswered::Check;
    Ok(built)
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
