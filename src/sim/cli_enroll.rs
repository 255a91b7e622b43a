//! The flags of `simulate` that concern enrollment.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::enroll::{EnrollFaults, EnrollmentPlan, Family, FleetSignIn, ServerAddress};
use super::secret::Secret;
use super::transport::SimError;

/// What goes wrong on the device's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FaultKind {
    /// The answer to the certificate request is lost; the same request is sent again
    LostAnswer,
    /// Then a request for another key is sent with the same token
    OtherKey,
    /// Half of the request is sent before the whole one
    Chopped,
}

/// Flags for enrollment.
#[derive(Debug, Args)]
pub(super) struct EnrollArgs {
    /// Enroll the devices with the server at --url, or found by --domain; only the origin of --url counts
    #[arg(long)]
    pub(super) enroll: bool,
    /// Family of the devices
    #[arg(
        long,
        value_enum,
        default_value = "windows81",
        requires = "enroll",
        value_name = "FAMILY"
    )]
    family: Family,
    /// E-mail address of the users; {n} stands for the number of the device
    #[arg(
        long,
        requires = "enroll",
        default_value = "",
        hide_default_value = true
    )]
    user: String,
    /// Enrollment token, once for each device: sent as it is, without sign-in pages
    #[arg(long, value_name = "TOKEN", requires = "enroll", value_delimiter = ',')]
    enrollment_token: Vec<String>,
    /// File of enrollment tokens, one a line
    #[arg(
        long,
        value_name = "FILE",
        requires = "enroll",
        conflicts_with = "enrollment_token"
    )]
    enrollment_token_file: Option<PathBuf>,
    /// File with the users' password, for the sign-in pages
    #[arg(
        long,
        value_name = "FILE",
        requires_all = ["enroll", "user"],
        conflicts_with_all = ["enrollment_token", "enrollment_token_file"]
    )]
    password_file: Option<PathBuf>,
    /// Find the server as EnterpriseEnrollment.DOMAIN; with --url, connect to its host instead of asking DNS
    #[arg(long, requires = "enroll")]
    domain: Option<String>,
    /// RequestVersion that a phone or a Windows 10 names, e.g. 5.0
    #[arg(long, value_name = "VERSION", requires = "enroll")]
    request_version: Option<String>,
    /// What goes wrong while the devices enroll
    #[arg(long, value_enum, value_delimiter = ',', requires = "enroll")]
    enrollment_fault: Vec<FaultKind>,
    /// How often a device repeats a request of its enrollment that got no answer
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        requires = "enroll",
        hide_default_value = true
    )]
    enrollment_retries: u32,
    /// Renew the certificates of kept devices now, due or not
    #[arg(long, requires_all = ["enroll", "state"])]
    renew: bool,
    /// The users end the enrollments after the last session
    #[arg(long, requires = "enroll")]
    unenroll: bool,
}

impl EnrollArgs {
    /// The plan, if there is to be enrollment. `url`: what `--url` says.
    pub(super) async fn plan(&self, url: Option<&str>) -> Result<Option<EnrollmentPlan>, SimError> {
        if !self.enroll {
            return Ok(None);
        }
        let fault = |kind| self.enrollment_fault.contains(&kind);
        Ok(Some(EnrollmentPlan {
            family: self.family,
            server: self.server(url).await?,
            user: self.user.clone(),
            sign_in: self.sign_in()?,
            request_version: self.request_version.clone(),
            faults: EnrollFaults {
                lost_answers: u32::from(fault(FaultKind::LostAnswer)),
                other_request: fault(FaultKind::OtherKey),
                chopped: u32::from(fault(FaultKind::Chopped)),
                retries: self.enrollment_retries,
            },
            renew: self.renew,
            unenroll: self.unenroll,
        }))
    }

    async fn server(&self, url: Option<&str>) -> Result<ServerAddress, SimError> {
        let Some(domain) = self.domain.clone() else {
            return Ok(ServerAddress::Url(url.unwrap_or_default().to_owned()));
        };
        let Some(url) = url else {
            return Ok(ServerAddress::Domain {
                domain,
                connect: None,
            });
        };
        let failed = |why: String| SimError::Address(url.to_owned(), why);
        let parsed = reqwest::Url::parse(url).map_err(|error| failed(error.to_string()))?;
        let host = parsed.host_str().unwrap_or_default();
        let port = parsed.port_or_known_default().unwrap_or(443);
        let mut found = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| failed(error.to_string()))?;
        let connect = found.next();
        connect.ok_or_else(|| failed("no address".to_owned()))?;
        Ok(ServerAddress::Domain { domain, connect })
    }

    fn sign_in(&self) -> Result<FleetSignIn, SimError> {
        if let Some(path) = &self.password_file {
            let password = text(path)?;
            let password = password.trim_end_matches(['\r', '\n']);
            return Ok(FleetSignIn::Password(Secret::new(password)));
        }
        let tokens = match &self.enrollment_token_file {
            Some(path) => text(path)?.lines().map(str::to_owned).collect(),
            None => self.enrollment_token.clone(),
        };
        let tokens = tokens.iter().map(|token| token.trim());
        let tokens = tokens.filter(|token| !token.is_empty());
        Ok(FleetSignIn::Tokens(tokens.map(Secret::new).collect()))
    }
}

fn text(path: &Path) -> Result<String, SimError> {
    std::fs::read_to_string(path)
        .map_err(|error| SimError::File(path.display().to_string(), error.to_string()))
}
