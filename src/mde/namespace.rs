//! The URIs of the protocols, verbatim.

/// SOAP 1.2.
pub(crate) const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing.
pub(crate) const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
/// The header ActivityId.
pub(crate) const DIAGNOSTICS: &str =
    "http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics";
/// Two subcodes of faults (MS-WSTEP).
pub(crate) const DISPATCHER: &str =
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher";
/// Discovery.
pub(crate) const DISCOVERY: &str =
    "http://schemas.microsoft.com/windows/management/2012/01/enrollment";
/// GetPolicies (MS-XCEP).
pub(crate) const POLICY: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy";
/// Certificate requests (MS-WSTEP).
pub(crate) const PKI_ENROLLMENT: &str =
    "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
/// What MS-MDE adds to MS-WSTEP.
pub(crate) const DEVICE_ENROLLMENT: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment";
/// WS-Trust.
pub(crate) const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
/// WS-Security.
pub(crate) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// The attribute `nil`.
pub(crate) const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
