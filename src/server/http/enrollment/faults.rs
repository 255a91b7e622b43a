//! Which fault a device is sent, of the seven that clients know.

use modegate_mde::fault::{Fault, FaultCode, FaultDetail};

use crate::app::enrolling::NoDocument;
use crate::enrollment::EnrollmentError;
use crate::enrollment::issuer::IssueError;
use crate::work::Interrupted;
use modegate_core::enrollment::rules::Denial;
use modegate_core::enrollment::{IssueFault, RenewalFault};

/// Why a device is refused. What only operators should read is logged instead.
pub(super) fn of_error(error: &EnrollmentError) -> Fault {
    let words = error.to_string();
    match error {
        EnrollmentError::Token(_) => Fault::new(FaultCode::Authentication, words),
        EnrollmentError::Issue(fault) => of_issue(fault),
        EnrollmentError::Renewal(fault) => of_renewal(*fault),
        EnrollmentError::Busy => Fault::new(FaultCode::EnrollmentServer, words),
        EnrollmentError::Issuer(IssueError::Rejected(_)) => {
            logged(&words);
            let why = "the issuer rejected the certificate request";
            Fault::new(FaultCode::CertificateRequest, why)
        }
        EnrollmentError::Issuer(_) => {
            logged(&words);
            Fault::new(
                FaultCode::EnrollmentServer,
                "no certificate can be issued now",
            )
        }
        EnrollmentError::Field(_) | EnrollmentError::Store(_) => {
            logged(&words);
            internal()
        }
    }
}

/// The same where a document was asked for.
pub(super) fn of_no_document(error: &NoDocument) -> Fault {
    match error {
        NoDocument::Refused(error) => of_error(error),
        NoDocument::Unprovisionable(error) => {
            logged(&error.to_string());
            internal()
        }
    }
}

/// The work did not come to its end, or there is too much of it.
pub(super) fn of_work(_: Interrupted) -> Fault {
    Fault::new(FaultCode::EnrollmentServer, "the server is busy")
}

fn of_issue(fault: &IssueFault) -> Fault {
    let code = match fault {
        IssueFault::Token(_) => FaultCode::Authentication,
        IssueFault::Denied(..) => FaultCode::Authorization,
        IssueFault::KeyInUse => FaultCode::CertificateRequest,
    };
    match fault {
        IssueFault::Denied(Denial::DeviceCap, _) => {
            let why = "the user has as many devices as allowed";
            Fault::new(code, why).with_detail(FaultDetail::DeviceCapReached)
        }
        // Rules are no business of devices.
        IssueFault::Denied(..) => Fault::new(code, "this device may not be enrolled"),
        IssueFault::Token(_) | IssueFault::KeyInUse => Fault::new(code, fault.words()),
    }
}

fn of_renewal(fault: RenewalFault) -> Fault {
    let code = match fault {
        RenewalFault::NotBound | RenewalFault::Expired => FaultCode::Authentication,
        RenewalFault::TooEarly | RenewalFault::TooOften => FaultCode::Authorization,
        RenewalFault::KeyInUse => FaultCode::CertificateRequest,
    };
    Fault::new(code, fault.words()).with_detail(FaultDetail::NotEligibleToRenew)
}

fn internal() -> Fault {
    Fault::new(FaultCode::InternalServiceFault, "the server failed")
}

fn logged(why: &str) {
    tracing::warn!("no certificate was issued: {why}");
}
