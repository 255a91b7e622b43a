//! Enrollment of the simulated devices: how a tablet of 8.1, a phone and a
//! Windows 10 get their certificate and account, written from the
//! specifications and sharing no code with the server.
//!
//! [`enroll`] goes all the way; [`Enroller`] takes single steps, also ones
//! that no honest device would take. [`renew`] renews the certificate.

mod certificate;
mod clock;
mod der;
mod discovery;
mod document;
mod document_fault;
mod enrolled;
mod enroller;
mod envelope;
mod error;
mod family;
mod forms;
mod http;
mod key;
mod options;
mod plan;
mod policies;
mod renewal;
mod requests;
mod sign_in;
mod token;

pub use discovery::{AuthPolicy, Discovered};
pub use document::{Account, AccountCredentials, Polling, Renewal};
pub use document_fault::DocumentFault;
pub use enrolled::{Enrolled, Held};
pub use enroller::{Enroller, enroll};
pub use envelope::HeaderToken;
pub use error::{EnrollError, Fault, Step};
pub use family::Family;
pub use http::RawResponse;
pub use key::{DeviceKey, Hash};
pub use options::{EnrollFaults, EnrollOptions, ServerAddress, SignIn};
pub use plan::{EnrollmentPlan, FleetSignIn};
pub use policies::Policies;
pub use renewal::{Due, Renewing, install_renewal, renew, renewal_due, request_renewal};
pub use requests::{SignedOver, signed_data};
