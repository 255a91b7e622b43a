//! Why an enrollment did not succeed, each reason by name.

use std::fmt;

use super::document_fault::DocumentFault;
use super::family::Family;
use crate::transport::SimError;

/// A step of enrollment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// GET of the discovery address.
    Probe,
    /// Discover.
    Discovery,
    /// The sign-in pages.
    SignIn,
    /// GetPolicies.
    Policies,
    /// RequestSecurityToken with RequestType Issue.
    Issue,
    /// RequestSecurityToken with RequestType Renew.
    Renewal,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Probe => "discovery probe",
            Step::Discovery => "discovery",
            Step::SignIn => "sign-in",
            Step::Policies => "policies",
            Step::Issue => "certificate request",
            Step::Renewal => "renewal",
        })
    }
}

/// A SOAP fault of the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// The HTTP status that it came with.
    pub http_status: u16,
    /// Local name of Code/Subcode, such as `Authentication`.
    pub subcode: String,
    /// Its Reason.
    pub reason: String,
    /// ErrorType of its Detail, such as `DeviceCapReached`.
    pub error_type: Option<String>,
    /// TraceId of its Detail.
    pub trace_id: Option<String>,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// The request did not get through.
    #[error("{step}: {}", .error.reason())]
    Transport {
        /// The step.
        step: Step,
        /// What happened.
        error: SimError,
    },
    /// A redirect where none is followed.
    #[error("{0}: HTTP {1}, but redirects are not followed here")]
    Redirected(Step, u16),
    /// An HTTP status without a SOAP fault.
    #[error("{0}: HTTP {1}")]
    Status(Step, u16),
    /// HTTP 200 without a body.
    #[error("{0}: HTTP 200 without a body")]
    Empty(Step),
    /// The response is not one message as this client reads it.
    #[error("{0}: {1}")]
    Malformed(Step, String),
    /// The server refused.
    #[error("{0}: the server refused: {1}")]
    Refused(Step, Box<Fault>),
    /// The discovery answer is not one that this family accepts.
    #[error("discovery answer not accepted: {0}")]
    Discovery(String),
    /// The sign-in pages did not end with a token.
    #[error("sign-in failed: {0}")]
    SignIn(String),
    /// The policies are not ones that this family accepts.
    #[error("policies not accepted: {0}")]
    Policies(String),
    /// The provisioning document was not accepted.
    #[error("provisioning document not accepted{}: {fault}", .family.silence(.fault))]
    Document {
        /// The family.
        family: Family,
        /// What is wrong.
        fault: DocumentFault,
    },
    /// The certificate cannot be renewed now.
    #[error("not renewed: {0}")]
    NotRenewed(&'static str),
    /// What the device was given cannot be used.
    #[error("{0}")]
    Input(String),
}

impl Family {
    /// Whether it shows nothing at all: 8.1's parser stops at white space between tags.
    fn is_silent(self, fault: &DocumentFault) -> bool {
        self == Family::Windows81 && matches!(fault, DocumentFault::NotOneLine)
    }

    fn silence(self, fault: &DocumentFault) -> &'static str {
        match self.is_silent(fault) {
            true => ", and the tablet aborts silently",
            false => "",
        }
    }
}

/// Subcodes in the order of their numbers, from 1.
const SUBCODES: [&str; 7] = [
    "MessageFormat",
    "Authentication",
    "Authorization",
    "CertificateRequest",
    "EnrollmentServer",
    "InternalServiceFault",
    "InvalidSecurity",
];

/// ErrorTypes that Windows 10 knows.
const ERROR_TYPES: [(&str, u32); 8] = [
    ("DeviceCapReached", 0x13),
    ("DeviceNotSupported", 0x14),
    ("NotSupported", 0x15),
    ("NotEligibleToRenew", 0x16),
    ("InMaintenance", 0x17),
    ("UserLicense", 0x18),
    ("InvalidEnrollmentData", 0x19),
    ("CustomServerError", 0x32),
];

impl EnrollError {
    /// The fault, where the server refused by one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            EnrollError::Refused(_, fault) => Some(fault),
            _ => None,
        }
    }

    /// Whether the device of this family would show nothing and do nothing.
    pub fn aborts_silently(&self) -> bool {
        matches!(self, EnrollError::Document { family, fault } if family.is_silent(fault))
    }

    /// The code that a device of this family would show, as far as it is known.
    pub fn code(&self, family: Family) -> Option<u32> {
        let modern = family != Family::Windows81;
        let base = family.error_base();
        match self {
            EnrollError::Refused(_, fault) => fault.code(family),
            EnrollError::Status(_, status) if modern => Some(0x8019_0000 + u32::from(*status)),
            EnrollError::Empty(_) if modern => Some(base + 0x29),
            EnrollError::Transport { .. } if modern => Some(base + 0x10),
            EnrollError::Transport {
                step: Step::Discovery | Step::Probe,
                ..
            }
            | EnrollError::Discovery(_)
                if !modern =>
            {
                Some(base + 0x0e)
            }
            EnrollError::Redirected(Step::Discovery | Step::Probe, _) if !modern => {
                Some(base + 0x0c)
            }
            EnrollError::Redirected(..) if modern => Some(base + 0x1a),
            EnrollError::Document { fault, .. } if modern => Some(base + fault.number()),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subcode)?;
        match &self.error_type {
            Some(kind) => write!(f, ", {kind}"),
            None => Ok(()),
        }
    }
}

impl Fault {
    fn code(&self, family: Family) -> Option<u32> {
        // Windows 10 looks at the HTTP status first: a fault with 200 is an error of HTTP.
        if family == Family::Windows10 && self.http_status == 200 {
            return Some(0x8019_00c8);
        }
        let known = |(name, number): &(&str, u32)| {
            (self.error_type.as_deref() == Some(*name)).then_some(*number)
        };
        let detailed = ERROR_TYPES.iter().find_map(known);
        let detailed = detailed.filter(|_| family == Family::Windows10);
        let at = SUBCODES.iter().position(|name| *name == self.subcode)?;
        Some(family.error_base() + detailed.unwrap_or(at as u32 + 1))
    }
}
