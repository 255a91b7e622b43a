//! What a device is provisioned with: its certificate, and an account with secrets that no other
//! device has.

use aws_lc_rs::rand::fill;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::Issued;
use modegate_core::context::Family;
use modegate_core::device::Credentials;
use modegate_core::enrollment::{DeviceEnrollment, DeviceSecrets, IssuedAnswer};
use modegate_core::secret::Secret;
use modegate_mde::provisioning::{
    Account, Certificates, ClientCredentials, CommonName, ProviderId, ProvisioningDocument,
    Renewal, ServerCredentials, windows10, windows81,
};
use modegate_mde::secret::SecretText;
use modegate_mde::service_url::{LinkUrl, ServiceUrl};
use modegate_wire::auth::PasswordDigest;

/// What all accounts have in common.
#[derive(Debug, Clone)]
pub struct Provisioning {
    /// The server's name in the device's tree.
    pub provider_id: ProviderId,
    /// The name that people see.
    pub name: String,
    /// The link that PC settings of Windows 8.1 show.
    pub portal: Option<LinkUrl>,
}

/// What is kept of an enrollment cannot be made into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer on record cannot be made into a provisioning document")]
pub struct Unprovisionable;

/// The secrets of a device as they stand in its document.
#[derive(Serialize, Deserialize)]
struct AnsweredSecrets {
    username: String,
    password: Secret,
    server_password: Secret,
    client_nonce: [u8; 16],
    server_nonce: [u8; 16],
}

/// Random bytes from the system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    // The system's generator does not fail once the machine is up.
    fill(&mut bytes).expect("the system's random numbers");
    bytes
}

/// New secrets for a device: what its record gets of them, and the same for its document.
pub fn draw_secrets() -> (DeviceSecrets, Secret) {
    let text = |bytes: &[u8]| HEXLOWER.encode(bytes);
    let drawn = AnsweredSecrets {
        username: text(&random::<8>()),
        password: Secret::new(text(&random::<16>())),
        server_password: Secret::new(text(&random::<16>())),
        client_nonce: random(),
        server_nonce: random(),
    };
    let digest = PasswordDigest::new(&drawn.username, drawn.password.reveal());
    let of_record = DeviceSecrets {
        credentials: Some(Credentials {
            username: drawn.username.clone(),
            digest,
        }),
        server_password: Some(drawn.server_password.clone()),
    };
    // Text and numbers: it cannot fail.
    let answered = serde_json::to_string(&drawn).unwrap_or_default();
    (of_record, Secret::new(answered))
}

impl Provisioning {
    /// The document of an enrollment, whose account is at `address`.
    ///
    /// # Errors
    /// The record is of another kind than a document needs.
    pub fn enrollment(
        &self,
        issued: &Issued,
        address: ServiceUrl,
    ) -> Result<ProvisioningDocument, Unprovisionable> {
        let (enrollment, answer) = (&issued.enrollment, &issued.answer);
        let account = self.account(enrollment, answer, address)?;
        let certificates = certificates(answer)?;
        let renewal = renewal_of(enrollment);
        Ok(match enrollment.family {
            Family::Windows81 => {
                let options = windows81::Options {
                    renewal,
                    portal: self.portal.clone(),
                    ..windows81::Options::default()
                };
                windows81::enrollment(&certificates, &account, &options)
            }
            Family::WindowsPhone81 | Family::Windows10 => {
                let options = windows10::Options {
                    renewal,
                    upn: Some(enrollment.user.clone()),
                    device_id: Some(enrollment.device.to_string()),
                    ..windows10::Options::default()
                };
                windows10::enrollment(&certificates, &account, &options)
            }
        })
    }

    /// The document of a renewal.
    ///
    /// # Errors
    /// The record is of another kind than a document needs.
    pub fn renewal(
        &self,
        family: Family,
        answer: &IssuedAnswer,
    ) -> Result<ProvisioningDocument, Unprovisionable> {
        let all = certificates(answer)?;
        Ok(match family {
            Family::Windows81 => windows81::renewal(all.leaf, &windows81::Options::default()),
            Family::WindowsPhone81 | Family::Windows10 => {
                let options = windows10::Options::default();
                windows10::renewal(Some(all.root), all.leaf, &self.provider_id, &options)
            }
        })
    }

    fn account(
        &self,
        enrollment: &DeviceEnrollment,
        answer: &IssuedAnswer,
        address: ServiceUrl,
    ) -> Result<Account, Unprovisionable> {
        let secrets = answer.secrets.as_ref().ok_or(Unprovisionable)?;
        let secrets: AnsweredSecrets =
            serde_json::from_str(secrets.reveal()).map_err(|_| Unprovisionable)?;
        let common_name = CommonName::new(&enrollment.provisional.0);
        Ok(Account {
            provider_id: self.provider_id.clone(),
            name: self.name.clone(),
            address,
            common_name: common_name.map_err(|_| Unprovisionable)?,
            server: ServerCredentials {
                secret: SecretText::new(secrets.server_password.reveal()),
                nonce: secrets.server_nonce,
            },
            client: ClientCredentials {
                username: secrets.username,
                secret: SecretText::new(secrets.password.reveal()),
                nonce: secrets.client_nonce,
            },
        })
    }
}

/// The device begins to ask a week after it is allowed to: clocks differ.
fn renewal_of(enrollment: &DeviceEnrollment) -> Renewal {
    let period = enrollment.renewal_days.saturating_sub(7).clamp(1, 1000);
    Renewal::new(period, period.min(7)).unwrap_or(Renewal::DEFAULT)
}

fn certificates(answer: &IssuedAnswer) -> Result<Certificates<'_>, Unprovisionable> {
    let (intermediate, root) = match answer.chain.as_slice() {
        [root] => (None, root),
        [intermediate, root] => (Some(intermediate.as_slice()), root),
        _ => return Err(Unprovisionable),
    };
    Ok(Certificates {
        root,
        intermediate,
        leaf: &answer.leaf,
    })
}
