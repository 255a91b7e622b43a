//! App jobs. The grammar of JobData is not public: it comes whole from the
//! caller, or from the operator's templates.

use super::argument::{Argument, Arguments, Optional, Result, arguments};
use super::entry::{BuildContext, Built, Type, exec};
use super::forms::Hidden;
use crate::catalogue::Release;
use crate::command::{Operation, Unanswered};
use crate::fields::FieldError;
use crate::limits;
use crate::templates::{self, Template};
use crate::wmi;
use crate::wmi::ValueForm::{self, Line, Safe, Text};

arguments! {
    JOB_DATA: Optional<Hidden<ValueForm>> = "job_data", Hidden(Text(limits::COMMAND_DATA_BYTES)),
        "JobData as the device is to get it; its grammar is not public";
    PACKAGE: Optional<ValueForm> = "package_full_name", Safe(512),
        "the package, where the operator configured a template";
    NEW_JOB: Optional<ValueForm> = "job_id", Safe(512), "the job's id; a new one if left out";
    VERSION: Optional<ValueForm> = "version", Line(64),
        "which version of the app of the catalogue; the highest if left out";
    JOB: Optional<ValueForm> = "job_id", Safe(512), "the job";
}
const ARGUMENTS: &[&dyn Argument] = &[&JOB_DATA, &PACKAGE, &NEW_JOB];
const INSTALL_ARGUMENTS: &[&dyn Argument] = &[&JOB_DATA, &PACKAGE, &NEW_JOB, &VERSION];

pub(super) const INSTALL: Type = Type::new(
    "app_install",
    "has the device install an app (MDM_AppInstallJob)",
    INSTALL_ARGUMENTS,
    |arguments, context| job(arguments, context, &templates::APP_INSTALL),
);

pub(super) const UNINSTALL: Type = Type::new(
    "app_uninstall",
    "has the device remove an app",
    ARGUMENTS,
    |arguments, context| job(arguments, context, &templates::APP_UNINSTALL),
);

pub(super) const UPGRADE: Type = Type::new(
    "app_upgrade",
    "has the device upgrade an app",
    ARGUMENTS,
    |arguments, context| job(arguments, context, &templates::APP_UPGRADE),
);

pub(super) const STATUS: Type = Type::new(
    "app_status",
    "reads a job's status, last error and progress; without job_id the list of jobs",
    &[&JOB],
    status,
);

fn job(
    arguments: &Arguments<'_>,
    context: &BuildContext<'_>,
    template: &Template,
) -> Result<Built> {
    let texts = context.templates;
    let data = match (arguments.get(&JOB_DATA)?, arguments.get(&PACKAGE)?) {
        (Some(data), _) => texts.render(&templates::JOB_DATA, &[("job_data", &data)]),
        // The shipped texts need more than a name.
        (None, Some(name)) if texts.has_own(template) => {
            texts.render(template, &[("package_full_name", &name)])
        }
        (None, _) => None,
    };
    let data = data.ok_or_else(|| {
        let expected = format!(
            "the job's data as the device is to get it (or package_full_name, with templates.{} configured)",
            template.name
        );
        arguments.wrong(&JOB_DATA, expected, "nothing")
    })?;
    created(arguments, context, data)
}

fn created(arguments: &Arguments<'_>, context: &BuildContext<'_>, data: String) -> Result<Built> {
    let given = arguments.get(&NEW_JOB)?;
    let id = given.unwrap_or_else(|| context.fresh.to_string());
    let job = wmi::APP_INSTALL_JOB.instance(&[&id]);
    let built = Built::new(vec![exec(job.method("CreateJob"), Some(data))]);
    Ok(built.unanswered(Unanswered::Check))
}

/// The install of a version of the catalogue: its own JobData, or the
/// operator's template filled with what it holds.
pub(super) fn catalogued(
    release: &Release,
    arguments: &Arguments<'_>,
    context: &BuildContext<'_>,
) -> Result<Built> {
    let data = release.install_data(context.templates).ok_or_else(|| {
        let expected = "an app with job_data, with package_full_name and urls, or with templates.app_install configured";
        FieldError::new(arguments.path_of("app"), expected, "none of them")
    })?;
    created(arguments, context, data)
}

fn status(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let class = &wmi::APP_INSTALL_JOB;
    Ok(match arguments.get(&JOB)? {
        None => Built::new(vec![Operation::get(class.loc_uri())]),
        Some(id) => {
            let job = class.instance(&[&id]);
            Built::reads(["Status", "LastError", "Progress"].map(|property| job.below(property)))
        }
    })
}
