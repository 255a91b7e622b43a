//! Texts whose grammar Microsoft does not publish, or only by example. An
//! operator changes them in the configuration, without a build.

use std::collections::BTreeMap;

/// A text with its `{placeholders}`.
#[derive(Debug)]
pub(crate) struct Template {
    /// Its name in the configuration.
    pub(crate) name: &'static str,
    /// As shipped; empty where no grammar is known: the caller must give the text
    /// whole then.
    text: &'static str,
    placeholders: &'static [&'static str],
}

/// Declares the templates: name, text and placeholders of each.
macro_rules! templates {
    ($($(#[$about:meta])* $id:ident = $name:literal, $text:literal, $placeholders:expr;)*) => {
        $($(#[$about])* pub(crate) static $id: Template = Template {
            name: $name,
            text: $text,
            placeholders: &$placeholders,
        };)*

        static ALL: &[&Template] = &[$(&$id),*];
    };
}

// `<Parameter>=<value>` follows the one published sample of an Exec (MS-MDM
// 3.1.5.1.5); that the other methods take the same form is inferred.
templates! {
    RESET_USER_PASSWORD = "reset_user_password", "ConfigString={user};{password}",
        ["user", "password"];
    UNENROLL = "unenroll", "DeviceClientID={device_client_id}", ["device_client_id"];
    DEVICE_CLIENT_ID_KEY = "device_client_id_key", "%22{device_client_id}%22",
        ["device_client_id"];
    WNS_UPDATE_CONFIGURATION = "wns_update_configuration",
        "ConfigString={app_id};{package_family_name}", ["app_id", "package_family_name"];
    /// The PROVIDER-ID that devices were enrolled with, part of DMClient's nodes.
    PROVIDER_ID = "provider_id", "MS DM Server", [];
    EAS_POLICY = "eas_policy", "NamedValuesList={list}", ["list"];
    SIDELOAD_KEY = "sideload_key", "ProductKey={key}", ["key"];
    SIDELOAD_CERTIFICATE = "sideload_certificate", "CertificateBlob={certificate}",
        ["certificate"];
    JOB_DATA = "job_data", "JobData={job_data}", ["job_data"];
    /// Assumed: no grammar of JobData is public. The elements are named as the
    /// properties of MDM_AppInstallJob that a caller can know, as `NamedValuesList`
    /// names its values; for an app of the catalogue alone, values escaped.
    APP_INSTALL = "app_install", "JobData=<AppInstallJob><PackageFullName>{package_full_name}</PackageFullName><DownloadUrlList>{urls}</DownloadUrlList><Dependencies>{dependencies}</Dependencies><DependencyUrlLists>{dependency_urls}</DependencyUrlLists><LicenseXml>{licence}</LicenseXml><ActionType>{action}</ActionType><DeploymentOptions>{options}</DeploymentOptions></AppInstallJob>", INSTALLED;
    APP_UNINSTALL = "app_uninstall", "", ["package_full_name"];
    APP_UPGRADE = "app_upgrade", "", INSTALLED;
}

/// What is known of a package that is installed.
const INSTALLED: [&str; 7] = [
    "package_full_name",
    "urls",
    "dependencies",
    "dependency_urls",
    "licence",
    "action",
    "options",
];

/// The texts in force.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Templates(BTreeMap<String, String>);

/// A text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("templates.{name}: expected {expected}, found {found}")]
pub struct TemplateFault {
    /// Which text.
    pub name: String,
    /// What should stand there.
    pub expected: String,
    /// What does.
    pub found: String,
}

impl Templates {
    /// The shipped texts with these in place of theirs; every fault at once.
    pub fn new(own: BTreeMap<String, String>) -> Result<Self, Vec<TemplateFault>> {
        let faults: Vec<TemplateFault> = own
            .iter()
            .filter_map(|(name, text)| Templates::check(name, text).err())
            .collect();
        if faults.is_empty() {
            Ok(Templates(own))
        } else {
            Err(faults)
        }
    }

    /// The texts that are in place of shipped ones, by name.
    pub fn own(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether `text` can stand in place of the shipped text of that name.
    pub fn check(name: &str, text: &str) -> Result<(), TemplateFault> {
        check(name, text)
    }

    /// The names of the texts, with the shipped ones.
    pub fn shipped() -> impl Iterator<Item = (&'static str, &'static str)> {
        ALL.iter().map(|template| (template.name, template.text))
    }

    /// Whether the operator's text is in place of the shipped one, even an empty
    /// one, which turns it off.
    pub(crate) fn has_own(&self, template: &Template) -> bool {
        self.0.contains_key(template.name)
    }

    /// The text of a template with its placeholders filled; `None` where no
    /// grammar is known and the operator gave none.
    pub(crate) fn render(&self, template: &Template, values: &[(&str, &str)]) -> Option<String> {
        let own = self.0.get(template.name);
        let text = own.map_or(template.text, String::as_str);
        if text.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        for part in parts(text) {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Placeholder(name) => {
                    let value = values.iter().find(|(of, _)| *of == name);
                    out.push_str(value.map_or("", |(_, value)| value));
                }
            }
        }
        Some(out)
    }
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// A text in pieces. Braces that hold no name are text: JobData may be JSON or XML.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(open) = rest.find('{') {
        let name = rest[open + 1..].split_once('}').map(|(name, _)| name);
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        if let Some(name) = name.filter(|name| is_name(name)) {
            parts.push(Part::Text(&rest[..open]));
            parts.push(Part::Placeholder(name));
            rest = &rest[open + name.len() + 2..];
        } else {
            parts.push(Part::Text(&rest[..=open]));
            rest = &rest[open + 1..];
        }
    }
    parts.push(Part::Text(rest));
    parts
}

fn check(name: &str, text: &str) -> Result<(), TemplateFault> {
    let fault = |expected: String, found: &str| TemplateFault {
        name: name.to_owned(),
        expected,
        found: found.to_owned(),
    };
    let Some(template) = ALL.iter().find(|template| template.name == name) else {
        let names: Vec<&str> = ALL.iter().map(|template| template.name).collect();
        return Err(fault(
            format!("one of {}", names.join(", ")),
            "another name",
        ));
    };
    if text.len() > 16 * 1024 || modegate_wire::encode::is_xml_text(text).is_err() {
        return Err(fault(
            "at most 16 KiB of text that XML can carry".to_owned(),
            "other text",
        ));
    }
    for part in parts(text) {
        if let Part::Placeholder(used) = part
            && !template.placeholders.contains(&used)
        {
            let known: Vec<String> = template
                .placeholders
                .iter()
                .map(|name| format!("{{{name}}}"))
                .collect();
            return Err(fault(
                format!("only {}", known.join(", ")),
                &format!("{{{used}}}"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn texts_are_filled_and_wrong_ones_told_at_once() {
        let own =
            |name: &str, text: &str| Templates::new([(name.to_owned(), text.to_owned())].into());
        let shipped = Templates::default();
        let values = [("user", "ann"), ("password", "{user}")];
        assert_eq!(
            shipped.render(&RESET_USER_PASSWORD, &values).unwrap(),
            "ConfigString=ann;{user}",
            "what was filled in is not filled again"
        );
        assert_eq!(shipped.render(&APP_UNINSTALL, &[]), None);
        let json = own(
            "app_uninstall",
            r#"JobData={"remove":"{package_full_name}"}"#,
        )
        .unwrap();
        let filled = json.render(&APP_UNINSTALL, &[("package_full_name", "a_1")]);
        assert_eq!(filled.unwrap(), r#"JobData={"remove":"a_1"}"#);
        assert!(own("nothing", "").is_err());
        assert!(own("unenroll", "{password}").is_err());
        let two = [
            ("x".to_owned(), String::new()),
            ("unenroll".to_owned(), "{user}".to_owned()),
        ];
        assert_eq!(Templates::new(two.into()).unwrap_err().len(), 2);
    }
}
