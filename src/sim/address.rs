//! LocURIs as the tablet understands them.

use serde::{Deserialize, Serialize};

/// What a LocURI addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// `./DevInfo/…`, `./DevDetail/…`: in lower case.
    Node(String),
    /// A class (in lower case), an instance, a property or method.
    Wmi {
        class: String,
        instance: Option<InstanceName>,
        member: Option<Member>,
    },
    /// Nothing that this tablet could have.
    Nowhere,
}

/// What is addressed below an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    Property(String),
    /// In lower case.
    Method(String),
}

/// An instance's name taken apart: `Class.Key="value",Key=1`, or `Class=@`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct InstanceName {
    /// In lower case.
    pub(super) class: String,
    /// Names and values without quotes, by name; none for `=@`.
    pub(super) keys: Vec<(String, String)>,
}

/// Letter case and the order of keys do not tell instances apart, nor does
/// whether a value is quoted.
impl PartialEq for InstanceName {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&(String, String), &(String, String))| {
            a.0.eq_ignore_ascii_case(&b.0) && a.1.to_lowercase() == b.1.to_lowercase()
        };
        self.class == other.class
            && self.keys.len() == other.keys.len()
            && self.keys.iter().zip(&other.keys).all(same)
    }
}

impl Eq for InstanceName {}

impl InstanceName {
    /// Reads a name as WMI writes it; single quotes are taken too.
    pub(super) fn read(text: &str) -> Option<InstanceName> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (class, rest) = (text[..end].to_lowercase(), &text[end..]);
        if class.is_empty() {
            return None;
        }
        if rest == "=@" {
            let keys = Vec::new();
            return Some(InstanceName { class, keys });
        }
        let (mut keys, mut rest) = (Vec::new(), rest.strip_prefix('.')?);
        loop {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            if name.is_empty() {
                return None;
            }
            keys.push((name.to_owned(), value.to_owned()));
            if after.is_empty() {
                break;
            }
            rest = after.strip_prefix(',')?;
        }
        keys.sort_by_key(|(name, _)| name.to_lowercase());
        Some(InstanceName { class, keys })
    }

    /// The value of a key; its name compares without case.
    pub(super) fn key(&self, name: &str) -> Option<&str> {
        self.keys
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// A key's value and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    if let quote @ ('"' | '\'') = text.chars().next()? {
        text[1..].split_once(quote)
    } else {
        let end = text.find(',').unwrap_or(text.len());
        (end > 0).then(|| text.split_at(end))
    }
}

/// Takes a LocURI apart: decoded once; the root's and class's letter case do
/// not count.
pub(super) fn address(loc_uri: &str) -> Address {
    let Ok(decoded) = percent_encoding::percent_decode_str(loc_uri.trim()).decode_utf8() else {
        return Address::Nowhere;
    };
    let Some(parts) = split(&decoded) else {
        return Address::Nowhere;
    };
    match parts[..] {
        [".", root, class, ref rest @ ..] if root.eq_ignore_ascii_case("cimv2") => {
            below(&class.to_lowercase(), rest).unwrap_or(Address::Nowhere)
        }
        [".", ref rest @ ..] if !rest.is_empty() => Address::Node(rest.join("/").to_lowercase()),
        _ => Address::Nowhere,
    }
}

/// Splits at slashes outside quotes; a quote left open is nothing.
fn split(path: &str) -> Option<Vec<&str>> {
    let (mut parts, mut from, mut open) = (Vec::new(), 0, None);
    for (at, character) in path.char_indices() {
        match (character, open) {
            (quote, Some(opened)) if quote == opened => open = None,
            ('"' | '\'', None) => open = Some(character),
            ('/', None) => {
                parts.push(&path[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&path[from..]);
    parts.retain(|part| !part.is_empty());
    open.is_none().then_some(parts)
}

fn below(class: &str, rest: &[&str]) -> Option<Address> {
    let instance = match rest.first() {
        None => None,
        Some(text) => Some(InstanceName::read(text).filter(|name| name.class == class)?),
    };
    let member = match rest {
        [] | [_] => None,
        [_, member] => Some(match member.split_once('=') {
            Some((exec, method)) if exec.eq_ignore_ascii_case("exec") => {
                Member::Method(method.to_lowercase())
            }
            _ => Member::Property((*member).to_owned()),
        }),
        _ => return None,
    };
    let class = class.to_owned();
    Some(Address::Wmi {
        class,
        instance,
        member,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spellings_of_one_instance_are_one() {
        let name = InstanceName::read("Class.A=1,B=\"x/y\"").unwrap();
        for other in [
            "class.B=\"X/Y\",A=\"1\"",
            "CLASS.a='1',b='x/y'",
            "Class.B=x/y,A=1",
        ] {
            assert_eq!(InstanceName::read(other).as_ref(), Some(&name), "{other}");
        }
        for another in [
            "Class.A=1",
            "Class.A=1,B=\"x\"",
            "Class=@",
            "Clas.A=1,B=\"x/y\"",
        ] {
            assert_ne!(
                InstanceName::read(another).as_ref(),
                Some(&name),
                "{another}"
            );
        }
        for bad in [
            "",
            "Class",
            "Class.",
            "Class.A",
            "Class.A=",
            "Class.A=\"x",
            "Class.A=1,",
            ".A=1",
        ] {
            assert!(InstanceName::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn slashes_in_a_key_are_text() {
        let raw = "./cimv2/MDM_RemoteApplication/MDM_RemoteApplication.AppId=\"a\",FeedUrl=\"https://x/y\"/AppId";
        let escaped = "./cimV2/mdm_remoteapplication/MDM_RemoteApplication.FeedUrl%3D%22https%3A%2F%2Fx%2Fy%22%2CAppId%3D%22a%22/AppId";
        let at = address(raw);
        assert_eq!(at, address(escaped));
        let Address::Wmi {
            instance, member, ..
        } = at
        else {
            panic!("{at:?}")
        };
        assert_eq!(instance.unwrap().key("feedurl"), Some("https://x/y"));
        assert_eq!(member, Some(Member::Property("AppId".into())));
    }

    #[test]
    fn what_is_odd_is_nowhere() {
        for loc_uri in [
            "",
            "./",
            "/cimv2/Win32_BIOS",
            "./cimv2/Win32_BIOS/Win32_Battery.DeviceID=1",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22a/Exec=X",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22a%22/b/c",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%2522a%2522/%FF",
        ] {
            assert_eq!(address(loc_uri), Address::Nowhere, "{loc_uri}");
        }
    }
}
