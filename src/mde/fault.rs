//! Faults: why a device is refused, as SOAP.

use crate::namespace::{ADDRESSING, DISPATCHER, PKI_ENROLLMENT};
use crate::reply::Reply;
use crate::xml::Element;

/// The HTTP status of every fault. With 200 a renewal of Windows 10 fails with another error.
pub const HTTP_STATUS: u16 = 500;

/// The seven causes that clients distinguish (MS-MDE2, 2.2.10). Windows 10 shows number n as
/// 0x8018000n; Windows 8.1 has constants of the same names at 0x8019000n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// The message is not what the service expects.
    MessageFormat,
    /// The credentials are wrong or expired.
    Authentication,
    /// This user or device may not enroll.
    Authorization,
    /// The certificate request is not acceptable.
    CertificateRequest,
    /// The server cannot enroll anybody now.
    EnrollmentServer,
    /// Anything that nobody foresaw.
    InternalServiceFault,
    /// The security header is not acceptable.
    InvalidSecurity,
}

impl FaultCode {
    /// All of them.
    pub const ALL: [FaultCode; 7] = [
        FaultCode::MessageFormat,
        FaultCode::Authentication,
        FaultCode::Authorization,
        FaultCode::CertificateRequest,
        FaultCode::EnrollmentServer,
        FaultCode::InternalServiceFault,
        FaultCode::InvalidSecurity,
    ];

    /// The last digit of the code that the client shows.
    pub const fn number(self) -> u8 {
        match self {
            FaultCode::MessageFormat => 1,
            FaultCode::Authentication => 2,
            FaultCode::Authorization => 3,
            FaultCode::CertificateRequest => 4,
            FaultCode::EnrollmentServer => 5,
            FaultCode::InternalServiceFault => 6,
            FaultCode::InvalidSecurity => 7,
        }
    }

    /// The name, without a prefix.
    pub const fn name(self) -> &'static str {
        match self {
            FaultCode::MessageFormat => "MessageFormat",
            FaultCode::Authentication => "Authentication",
            FaultCode::Authorization => "Authorization",
            FaultCode::CertificateRequest => "CertificateRequest",
            FaultCode::EnrollmentServer => "EnrollmentServer",
            FaultCode::InternalServiceFault => "InternalServiceFault",
            FaultCode::InvalidSecurity => "InvalidSecurity",
        }
    }

    /// Two of the codes belong to WCF's namespace, the others to SOAP's.
    const fn is_of_dispatcher(self) -> bool {
        matches!(
            self,
            FaultCode::InternalServiceFault | FaultCode::InvalidSecurity
        )
    }
}

/// What Windows 10 can explain beyond the code; older clients ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultDetail {
    /// The user has enrolled as many devices as allowed (80180013).
    DeviceCapReached,
    /// Devices of this kind are not supported (80180014).
    DeviceNotSupported,
    /// The server does not support what was asked (80180015).
    NotSupported,
    /// The certificate cannot be renewed (80180016).
    NotEligibleToRenew,
    /// The server is being maintained (80180017).
    InMaintenance,
    /// The user has no licence (80180018).
    UserLicense,
    /// The data of the request were refused (80180019).
    InvalidEnrollmentData,
    /// From 20H2 on the client shows the reason's text (80180032).
    CustomServerError,
}

impl FaultDetail {
    /// The value of ErrorType.
    pub const fn name(self) -> &'static str {
        match self {
            FaultDetail::DeviceCapReached => "DeviceCapReached",
            FaultDetail::DeviceNotSupported => "DeviceNotSupported",
            FaultDetail::NotSupported => "NotSupported",
            FaultDetail::NotEligibleToRenew => "NotEligibleToRenew",
            FaultDetail::InMaintenance => "InMaintenance",
            FaultDetail::UserLicense => "UserLicense",
            FaultDetail::InvalidEnrollmentData => "InvalidEnrollmentData",
            FaultDetail::CustomServerError => "CustomServerError",
        }
    }
}

/// A refusal as the device is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    code: FaultCode,
    reason: String,
    detail: Option<FaultDetail>,
}

impl Fault {
    /// A fault with a reason that a person may read. The reason contains no secret and no
    /// part of the request.
    pub fn new(code: FaultCode, reason: impl Into<String>) -> Self {
        Fault {
            code,
            reason: reason.into(),
            detail: None,
        }
    }

    /// The same with an explanation for Windows 10.
    pub fn with_detail(mut self, detail: FaultDetail) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The cause.
    pub fn code(&self) -> FaultCode {
        self.code
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The explanation for Windows 10.
    pub fn detail(&self) -> Option<FaultDetail> {
        self.detail
    }

    /// The fault as an answer. `trace_id` is by what the server's log names the request; it
    /// and the explanation stand in the Detail element.
    pub fn reply(&self, trace_id: Option<&str>) -> Reply {
        let subcode = Element::new("s:Subcode").child(self.subcode());
        let code = Element::new("s:Code")
            .child(Element::with_text("s:Value", "s:Receiver"))
            .child(subcode);
        let text = Element::with_text("s:Text", &self.reason).attribute("xml:lang", "en-US");
        let fault = Element::new("s:Fault")
            .child(code)
            .child(Element::new("s:Reason").child(text))
            .with_children(self.detail_element(trace_id));
        Reply::new(format!("{ADDRESSING}/soap/fault"), fault)
    }

    /// The prefix `a` is what WCF's faults have: a client may compare text. It is declared
    /// here, since it is another namespace's in the envelope.
    fn subcode(&self) -> Element {
        let name = self.code.name();
        if self.code.is_of_dispatcher() {
            let value = Element::with_text("s:Value", &format!("a:{name}"));
            value.attribute("xmlns:a", DISPATCHER)
        } else {
            Element::with_text("s:Value", &format!("s:{name}"))
        }
    }

    fn detail_element(&self, trace_id: Option<&str>) -> Option<Element> {
        if self.detail.is_none() && trace_id.is_none() {
            return None;
        }
        let kind = self.detail.map_or(self.code.name(), FaultDetail::name);
        let error = Element::new("DeviceEnrollmentServiceError")
            .namespace(PKI_ENROLLMENT)
            .child(Element::with_text("ErrorType", kind))
            .child(Element::with_text("Message", &self.reason))
            .with_children(trace_id.map(|id| Element::with_text("TraceId", id)));
        Some(Element::new("s:Detail").child(error))
    }
}
