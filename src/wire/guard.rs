//! The second guard (the Machine-mode guarantee): what may stand in a reply of a session that named
//! Machine mode (the MDMAgent article), by a literal list of shapes.
//!
//! It shares no code with the classification, on purpose: a fault there does
//! not pass here. What it does not know does not go.

use super::message::{Command, Element, Verb};

/// Classes whose Get is device inventory: they hold nothing of a user's.
const READABLE: [&str; 14] = [
    "mdm_client",
    "mdm_securitystatus",
    "mdm_updates",
    "mdm_restrictions",
    "mdm_mgmtauthority",
    "mdm_deviceregistrationinfo",
    "mdm_sideloader",
    "msft_netfirewallprofile",
    "softwarelicensingproduct",
    "softwarelicensingservice",
    "wpcrating",
    "wpcratingsdescriptor",
    "wpcratingssystem",
    "wpcsystemsettings",
];

/// Win32 classes that hold something of a user's.
const OF_USERS: [&str; 6] = [
    "win32_desktop",
    "win32_environment",
    "win32_loggedonuser",
    "win32_networkloginprofile",
    "win32_printer",
    "win32_printerconfiguration",
];

/// Whether `element` may go out in Machine mode.
pub fn machine_may_carry(element: &Element) -> bool {
    match element {
        Element::Status(_) => true,
        Element::Alert(alert) => matches!(alert.code, 1222 | 1223),
        Element::Command(command) => is_harmless(command),
        Element::Group(group) => {
            !group.children.is_empty() && group.children.iter().all(machine_may_carry)
        }
        Element::Results(_) | Element::Unknown { .. } => false,
    }
}

fn is_harmless(command: &Command) -> bool {
    let targets: Option<Vec<Vec<String>>> = command
        .items
        .iter()
        .map(|item| segments(item.target.as_deref()?))
        .collect();
    let Some(targets) = targets else { return false };
    match command.verb {
        Verb::Get => !targets.is_empty() && targets.iter().all(|target| is_inventory(target)),
        Verb::Exec => targets.len() == 1 && is_reset_or_unenroll(&targets[0]),
        Verb::Add | Verb::Replace | Verb::Delete | Verb::Copy => false,
    }
}

fn is_inventory(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path[..] {
        ["devinfo" | "devdetail", ..] => true,
        ["cimv2", class, ref below @ ..] => {
            let known = class.starts_with("win32_") && !OF_USERS.contains(&class)
                || READABLE.contains(&class);
            // An instance of another class is a path to somewhere else.
            let own = below.first().is_none_or(|instance| {
                instance
                    .strip_prefix(class)
                    .is_some_and(|key| key.starts_with(['.', '=']))
            });
            known
                && own
                && is_name(class)
                && below.len() <= 2
                && !below.iter().any(|segment| segment.starts_with("exec="))
        }
        _ => false,
    }
}

fn is_reset_or_unenroll(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path[..] {
        ["cimv2", "mdm_client", instance, method] => {
            instance.starts_with("mdm_client.deviceclientid=")
                && matches!(
                    method,
                    "exec=resetuserpassword" | "exec=sendunenrollrequest"
                )
        }
        ["vendor", "msft", "dmclient", "unenroll"] => true,
        ["vendor", "msft", "dmclient", "provider", _, "unenroll"] => true,
        _ => false,
    }
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Why a path is none.
enum Odd {
    /// A quote in it is open.
    OpenQuote,
    /// Anything else.
    Other,
}

/// The segments below `./`, decoded once and in lower case; `None` for
/// anything odd: another root, another encoding inside, dots, control
/// characters, letters that only look like ours outside quotes.
fn segments(loc_uri: &str) -> Option<Vec<String>> {
    let decoded = decode_once(loc_uri)?;
    let path = decoded.strip_prefix("./")?;
    let is_exec = |segment: &&String| segment.starts_with("exec=");
    let execs = |path: &[String]| path.iter().filter(is_exec).count();
    match (split(path, true), split(path, false)) {
        // Whoever takes the backslash for a letter must not find another method.
        (Ok(path), Ok(other)) if execs(&other) > execs(&path) => None,
        (Ok(path), _) => Some(path),
        (Err(Odd::OpenQuote), Ok(path)) => Some(path),
        (Err(_), _) => None,
    }
}

/// The same of a decoded path; `escapes` says whether a backslash inside quotes keeps a
/// quote behind it from ending them.
fn split(path: &str, escapes: bool) -> Result<Vec<String>, Odd> {
    let (mut segments, mut segment) = (Vec::new(), String::new());
    let (mut quote, mut is_escaped) = (None, false);
    for (at, character) in path.char_indices() {
        let escaped = std::mem::take(&mut is_escaped);
        match (character, quote) {
            (c, _) if c.is_control() => return Err(Odd::Other),
            ('%', Some(_)) if is_letter_percent(&path[at + 1..]) => {}
            ('%', _) => return Err(Odd::Other),
            (_, Some(_)) if escaped => {}
            ('\\', Some(_)) => is_escaped = escapes,
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            ('/', None) => {
                segments.push(std::mem::take(&mut segment));
                continue;
            }
            (c, None) if !c.is_ascii() => return Err(Odd::Other),
            _ => {}
        }
        segment.push(character.to_ascii_lowercase());
    }
    segments.push(segment);
    if quote.is_some() {
        return Err(Odd::OpenQuote);
    }
    segments.retain(|segment| !segment.is_empty());
    // Two spellings of the same trees: `./Device/Vendor/…` and `./cimv2/mdm/MDM_…`.
    match segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["device", "vendor" | "devinfo" | "devdetail", ..] => drop(segments.remove(0)),
        ["cimv2", "mdm", _, ..] => drop(segments.remove(1)),
        _ => {}
    }
    let dots = segments
        .iter()
        .any(|segment| segment.bytes().all(|byte| byte == b'.'));
    match dots || segments.is_empty() {
        true => Err(Odd::Other),
        false => Ok(segments),
    }
}

/// Whether a percent sign in front of this text is a letter to whoever decodes once more
/// too, or spells one.
fn is_letter_percent(behind: &str) -> bool {
    let mut digits = behind.chars().map(|c| c.to_digit(16));
    match (digits.next().flatten(), digits.next().flatten()) {
        (Some(high), Some(low)) => {
            let byte = high * 16 + low;
            let is_syntax = "\"'/\\%".chars().any(|c| u32::from(c) == byte);
            byte >= 0x20 && byte != 0x7f && !is_syntax
        }
        _ => true,
    }
}

fn decode_once(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let [high, low, tail @ ..] = tail else {
                return None;
            };
            let digit = |byte: u8| char::from(byte).to_digit(16);
            bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Group, GroupKind, Item};

    fn may(verb: Verb, loc_uri: &str) -> bool {
        let items = vec![Item {
            target: Some(loc_uri.to_owned()),
            ..Item::default()
        }];
        machine_may_carry(&Element::Command(Command {
            verb,
            cmd_id: Some(1),
            items,
        }))
    }

    #[test]
    fn the_three_kinds_pass() {
        for loc_uri in [
            "./DevInfo/DevId",
            "./DevDetail/SwV",
            "./cimv2/Win32_OperatingSystem",
            "./cimV2/Win32_OperatingSystem/Win32_OperatingSystem%3D%40/SystemDrive",
            "./cimv2/Win32_DiskDrive/Win32_DiskDrive.DeviceID=%22\\\\.\\PHYSICALDRIVE0%22/Size",
            "./cimv2/MDM_SecurityStatus",
            "./cimv2/Win32_X/Win32_X.Tag=%2212%5C%22 riser / slot 1%22/Tag",
            "./cimv2/Win32_X/Win32_X.Name=%22C%3A%5C%22/Name",
            "./cimv2/Win32_X/Win32_X.Name=%22100%25 M%C3%BCll%22/Name",
        ] {
            assert!(may(Verb::Get, loc_uri), "{loc_uri}");
        }
        for loc_uri in [
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22a/b%22/Exec=ResetUserPassword",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=SendUnenrollRequest",
            "./Vendor/MSFT/DMClient/Provider/p/Unenroll",
            "./Device/Vendor/MSFT/DMClient/Unenroll",
            "./cimv2/mdm/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=SendUnenrollRequest",
        ] {
            assert!(may(Verb::Exec, loc_uri), "{loc_uri}");
        }
    }

    #[test]
    fn tricks_do_not() {
        for loc_uri in [
            "./cimv2/MDM_WNSChannel",
            "./cimv2/MDM_Application",
            "./cimv2/Win32_X/../MDM_WNSConfiguration",
            "./cimv2/Win32_X/MDM_WNSChannel.AppId=%22x%22/Channel",
            "./cimv2/Win32_X/Win32_XY.Name=%22x%22/Name",
            "./cimv2/%2557in32_OperatingSystem",
            "./cimv2/Win32_X%00/y",
            "./cimv2/W\u{456}n32_OperatingSystem",
            "./cimv2/Win32_X/Win32_X=@/Exec=Disable",
            "./User/DevInfo",
            "./Device/cimv2/Win32_BIOS",
            "./cimv2/mdm/MDM_WNSChannel",
            "/DevInfo",
            "./",
            "./cimv2/Win32_X/\"open",
            "",
        ] {
            assert!(!may(Verb::Get, loc_uri), "{loc_uri}");
        }
        for loc_uri in [
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%22/Exec=LockWorkstation",
            "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22x%22/Exec=UpdateConfiguration",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x/Exec=ResetUserPassword",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22x%2522/Exec=LockWorkstation/%22/Exec=ResetUserPassword",
            "./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22%5C%22/Exec=LockWorkstation/%5C%22%22/Exec=ResetUserPassword",
            "./Vendor/MSFT/RemoteWipe/doWipe",
            "./Vendor/MSFT/RemoteLock/Lock",
            "./Vendor/MSFT/DMClient/Provider/p/Push/Unenroll",
        ] {
            assert!(!may(Verb::Exec, loc_uri), "{loc_uri}");
        }
        for verb in [Verb::Add, Verb::Replace, Verb::Delete, Verb::Copy] {
            assert!(!may(verb, "./DevInfo/DevId"));
        }
        assert!(!machine_may_carry(&Element::Group(Group {
            kind: GroupKind::Atomic,
            cmd_id: Some(1),
            children: vec![]
        })));
    }
}
