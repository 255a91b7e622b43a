//! What an event says of a device's record: which fields changed, and of those that decide
//! anything, to what. Never a name, a serial number or a secret.

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::device::{CertificateDigest, DeviceRecord};

/// What changed in a device's record, or was set as it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecordChange {
    /// The fields that changed, by their names in the API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The family afterwards, where it is another or new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// The family before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_was: Option<Family>,
    /// The groups afterwards, where they are others or new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// The groups before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_were: Option<Vec<String>>,
    /// SHA-256 of the certificates that prove the device now and did not before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates_added: Vec<String>,
    /// SHA-256 of the certificates that proved the device before and do not now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates_removed: Vec<String>,
    /// SHA-256 of the certificates that can never prove the device again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates_revoked: Vec<String>,
}

impl RecordChange {
    /// What a new record says.
    pub fn registered(record: &DeviceRecord) -> Self {
        let source = record.source.clone();
        let nothing = DeviceRecord::new(source, record.family, record.registered_at);
        RecordChange {
            family: Some(record.family),
            family_was: None,
            groups: Some(record.groups.clone()),
            groups_were: None,
            ..RecordChange::between(&nothing, record)
        }
    }

    /// What is another after a change.
    pub fn between(before: &DeviceRecord, after: &DeviceRecord) -> Self {
        let changed = [
            ("source", before.source != after.source),
            ("family", before.family != after.family),
            (
                "device_client_id",
                before.device_client_id != after.device_client_id,
            ),
            ("user", before.user != after.user),
            ("groups", before.groups != after.groups),
            ("credentials", before.credentials != after.credentials),
            (
                "certificate_sha256",
                before.certificates != after.certificates || before.rotation != after.rotation,
            ),
            (
                "server_password",
                before.server_password != after.server_password,
            ),
        ];
        let fields = changed.iter().filter(|(_, is_changed)| *is_changed);
        let moves = before.family != after.family;
        let regroups = before.groups != after.groups;
        let bound = (&before.certificates[..], &after.certificates[..]);
        RecordChange {
            fields: fields.map(|(name, _)| (*name).to_owned()).collect(),
            family: moves.then_some(after.family),
            family_was: moves.then_some(before.family),
            groups: regroups.then(|| after.groups.clone()),
            groups_were: regroups.then(|| before.groups.clone()),
            certificates_added: only_in(bound.1, bound.0),
            certificates_removed: only_in(bound.0, bound.1),
            certificates_revoked: only_in(&after.rotation.revoked, &before.rotation.revoked),
        }
    }
}

fn only_in(these: &[CertificateDigest], others: &[CertificateDigest]) -> Vec<String> {
    let only = these.iter().filter(|one| !others.contains(one));
    only.map(ToString::to_string).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::device::{CertificateNote, Credentials};
    use crate::fixtures::device;
    use crate::secret::Secret;
    use crate::time::Timestamp;
    use modegate_wire::auth::PasswordDigest;

    #[test]
    fn a_change_names_fields_and_no_secret_or_name() {
        let before = device(1, &["field"]).record;
        let mut after = before.clone();
        after.groups = vec!["kiosk".into()];
        after.user = Some("anna".into());
        after.device_client_id = "SERIAL-1".into();
        after.credentials = Some(Credentials {
            username: "bertha".into(),
            digest: PasswordDigest::new("bertha", "hunter2"),
        });
        after.server_password = Some(Secret::new("hunter3"));
        let digest = CertificateDigest([7; 32]);
        let note = CertificateNote {
            digest,
            not_before: None,
            note: Some("of anna".into()),
            added_at: Timestamp(0),
        };
        after.bind(note).unwrap();
        let change = RecordChange::between(&before, &after);
        let all = "device_client_id user groups credentials certificate_sha256 server_password";
        assert_eq!(change.fields.join(" "), all);
        assert_eq!(change.groups, Some(vec!["kiosk".to_owned()]));
        assert_eq!(change.groups_were, Some(vec!["field".to_owned()]));
        assert_eq!((change.family, change.family_was), (None, None));
        assert_eq!(change.certificates_added, vec![digest.to_string()]);
        let text = serde_json::to_string(&change).unwrap();
        for name in ["anna", "bertha", "SERIAL", "hunter"] {
            assert!(!text.contains(name), "{text}");
        }

        let bound = after.clone();
        after.revoke(digest).unwrap();
        let change = RecordChange::between(&bound, &after);
        assert_eq!(change.fields, ["certificate_sha256"]);
        assert_eq!(change.certificates_removed, vec![digest.to_string()]);
        assert_eq!(change.certificates_revoked, vec![digest.to_string()]);
        let same = RecordChange::between(&bound, &bound);
        assert_eq!(same, RecordChange::default());
    }
}
