//! LocURIs taken apart: decoded exactly once, letter case of root, class and
//! method aside, quotes respected. What is odd in any way is `None`, and
//! whatever it addresses stays unclassified.

/// A LocURI below one of the trees that the table knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// `./cimv2/<Class>[/<instance>[/<property> | /Exec=<method>]]`.
    Wmi {
        /// The class in lower case.
        class: String,
        /// What of it is addressed.
        part: Part,
    },
    /// Any other tree: its segments in lower case, `./Device` taken off.
    Csp {
        /// Whether it was `./User/…`.
        user: bool,
        /// The segments.
        segments: Vec<String>,
    },
}

/// What of a class is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The class itself.
    Class,
    /// An instance.
    Instance,
    /// A property of an instance, in lower case.
    Property(String),
    /// A method of an instance, in lower case.
    Method(String),
}

/// Takes `loc_uri` apart.
pub(super) fn parse(loc_uri: &str) -> Option<Node> {
    let decoded = percent_encoding::percent_decode_str(loc_uri)
        .decode_utf8()
        .ok()?;
    // A percent sign that is still there was encoded twice, or is a trick.
    if decoded.contains('%') || decoded.chars().any(char::is_control) {
        return None;
    }
    let mut segments = split(decoded.strip_prefix("./")?)?;
    let is_dots = |segment: &String| segment.bytes().all(|byte| byte == b'.');
    if segments.is_empty() || segments.iter().any(is_dots) {
        return None;
    }
    let root = segments[0].to_ascii_lowercase();
    if root == "cimv2" {
        return wmi(&segments[1..]);
    }
    let user = root == "user";
    if user || root == "device" {
        segments.remove(0);
    }
    let segments = segments
        .into_iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect::<Vec<_>>();
    let plain = segments.iter().all(|segment| segment.is_ascii());
    (plain && !segments.is_empty()).then_some(Node::Csp { user, segments })
}

/// Splits at slashes outside quotes; repeated slashes count once. `None` for
/// an open quote.
fn split(path: &str) -> Option<Vec<String>> {
    let (mut segments, mut segment, mut quote) = (Vec::new(), String::new(), None);
    for character in path.chars() {
        match (character, quote) {
            ('/', None) => {
                segments.push(std::mem::take(&mut segment));
                continue;
            }
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            _ => {}
        }
        segment.push(character);
    }
    segments.push(segment);
    segments.retain(|segment| !segment.is_empty());
    quote.is_none().then_some(segments)
}

fn wmi(below: &[String]) -> Option<Node> {
    // `./cimv2/mdm/MDM_x` names the namespace that is flattened elsewhere.
    let below = match below {
        [first, rest @ ..] if first.eq_ignore_ascii_case("mdm") && !rest.is_empty() => rest,
        other => other,
    };
    let [class, rest @ ..] = below else {
        return None;
    };
    if !is_name(class) {
        return None;
    }
    let class = class.to_ascii_lowercase();
    let part = match rest {
        [] => Part::Class,
        [instance, ..] if !is_instance_of(instance, &class) => return None,
        [_] => Part::Instance,
        [_, last] => match last.split_once('=') {
            Some((exec, method)) if exec.eq_ignore_ascii_case("exec") && is_name(method) => {
                Part::Method(method.to_ascii_lowercase())
            }
            None if is_name(last) => Part::Property(last.to_ascii_lowercase()),
            _ => return None,
        },
        _ => return None,
    };
    Some(Node::Wmi { class, part })
}

/// `Class.Key=…` or `Class=…`; the class must be the one that the path names.
fn is_instance_of(instance: &str, class: &str) -> bool {
    let Some(rest) = instance.get(class.len()..) else {
        return false;
    };
    instance[..class.len()].eq_ignore_ascii_case(class)
        && match rest.as_bytes() {
            [b'=', _, ..] => true,
            [b'.', ..] => rest[1..]
                .split_once('=')
                .is_some_and(|(key, value)| is_name(key) && !value.is_empty()),
            _ => false,
        }
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spellings_of_one_node_are_one_node() {
        let method = Node::Wmi {
            class: "mdm_client".into(),
            part: Part::Method("resetuserpassword".into()),
        };
        for loc_uri in [
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22a%22/Exec=ResetUserPassword",
            "./cimV2/mdm_client/mdm_client.DeviceClientID=\"a/b\"/exec=resetuserpassword",
            "./cimv2//MDM_Client/MDM_Client.DeviceClientID%3D%22a%22/Exec%3DResetUserPassword",
            "./cimv2/mdm/MDM_Client/MDM_Client.DeviceClientID='a'/Exec=ResetUserPassword/",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=a/Exec=ResetUserPassword",
        ] {
            assert_eq!(parse(loc_uri).as_ref(), Some(&method), "{loc_uri}");
        }
    }

    #[test]
    fn what_is_odd_is_nothing() {
        for loc_uri in [
            "",
            "./",
            "/cimv2/MDM_Client",
            "cimv2/MDM_Client",
            "./cimv2",
            "./cimv2/MDM_Client/../MDM_WNSConfiguration",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%2522a%2522",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22a/Exec=ResetUserPassword",
            "./cimv2/MDM_Client/MDM_WNSConfiguration.AppId=%22a%22/Exec=ResetUserPassword",
            "./cimv2/MDM_Cl\u{456}ent",
            "./cimv2/MDM_Client%00",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=a/Exec=A/Exec=B",
        ] {
            assert_eq!(parse(loc_uri), None, "{loc_uri}");
        }
    }
}
