//! How the devices of a fleet enroll.

use md5::{Digest, Md5};

use super::error::EnrollError;
use super::family::Family;
use super::options::{EnrollFaults, EnrollOptions, ServerAddress, SignIn};
use crate::secret::Secret;

/// What proves the users of a fleet.
#[derive(Debug, Clone)]
pub enum FleetSignIn {
    /// A token each: the n-th device takes the n-th.
    Tokens(Vec<Secret>),
    /// One password for them all.
    Password(Secret),
}

/// How the devices of a fleet enroll.
#[derive(Debug, Clone)]
pub struct EnrollmentPlan {
    /// Their family.
    pub family: Family,
    /// The server.
    pub server: ServerAddress,
    /// Their user; `{n}` stands for the number of the device.
    pub user: String,
    /// What proves the users.
    pub sign_in: FleetSignIn,
    /// The RequestVersion of Discover, if not the family's own.
    pub request_version: Option<String>,
    /// What goes wrong.
    pub faults: EnrollFaults,
    /// Whether a kept enrollment is renewed although that is not due.
    pub renew: bool,
    /// Whether the users end the enrollments after the last session.
    pub unenroll: bool,
}

impl EnrollmentPlan {
    /// What the device calls itself: a tablet by its name, the others by 32 hexadecimal
    /// digits that are made of it.
    pub(crate) fn source(&self, name: &str) -> String {
        match self.family {
            Family::Windows81 => name.to_owned(),
            Family::WindowsPhone81 | Family::Windows10 => {
                let digest = Md5::digest(name.as_bytes());
                digest.iter().map(|byte| format!("{byte:02X}")).collect()
            }
        }
    }

    /// What the device of this number enrolls with.
    pub(crate) fn options(
        &self,
        number: u32,
        source: &str,
        ca: Option<&[u8]>,
    ) -> Result<EnrollOptions, EnrollError> {
        let sign_in = match &self.sign_in {
            FleetSignIn::Password(password) => SignIn::Password(password.clone()),
            FleetSignIn::Tokens(tokens) => {
                let token = tokens.get(number as usize).ok_or_else(|| {
                    EnrollError::Input(format!(
                        "expected an enrollment token for each device, found {}",
                        tokens.len()
                    ))
                })?;
                SignIn::Token(token.clone())
            }
        };
        let user = self.user.replace("{n}", &number.to_string());
        let mut options = EnrollOptions::new(self.family, self.server.clone(), &user, sign_in);
        options.ca = ca.map(<[u8]>::to_vec);
        source.clone_into(&mut options.source);
        options.request_version.clone_from(&self.request_version);
        options.faults = self.faults;
        Ok(options)
    }
}
