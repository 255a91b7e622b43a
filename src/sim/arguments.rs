//! Methods' arguments, checked as the device would: Data is
//! `<parameter>=<value>` (MS-MDM 3.1.5.1.5), the values as the class
//! reference describes them.

use super::classes::Method;

/// What `data` gives to `method`: nothing where it takes nothing. `None` when
/// it is not an argument of the method.
pub(super) fn argument<'a>(method: &Method, data: &'a str) -> Option<&'a str> {
    match method.parameter {
        None => data.is_empty().then_some(""),
        Some(parameter) => {
            let (name, value) = data.split_once('=')?;
            name.trim().eq_ignore_ascii_case(parameter).then_some(value)
        }
    }
}

/// `first;second`, neither empty, exactly one `;`: no escape for it is known.
pub(super) fn pair(text: &str) -> Option<(&str, &str)> {
    let (first, second) = text.split_once(';')?;
    let good = !first.is_empty() && !second.is_empty() && !second.contains(';');
    good.then_some((first, second))
}

/// `Name_publisherid`: the id is 13 characters of base32 in an alphabet of its own.
pub(super) fn is_package_family_name(text: &str) -> bool {
    const ALPHABET: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
    text.rsplit_once('_').is_some_and(|(name, publisher)| {
        let known = |byte: u8| ALPHABET.contains(&byte.to_ascii_lowercase());
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            && publisher.len() == 13
            && publisher.bytes().all(known)
    })
}

/// `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`.
pub(super) fn is_product_key(text: &str) -> bool {
    let group = |part: &str| {
        part.len() == 5
            && part
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    text.split('-').count() == 5 && text.split('-').all(group)
}

/// What an EAS setting may be.
#[derive(Debug, Clone, Copy)]
enum Eas {
    Flag,
    Range(u32, u32),
}

/// Names and ranges as EasClientSecurityPolicy has them; only MinPasswordLength
/// is documented for `SetValues`. The upper bounds of MaxInactivityTimeLock
/// (seconds), PasswordExpiration (days) and PasswordHistory are this tablet's own.
const EAS: &[(&str, Eas)] = &[
    ("DisallowConvenienceLogon", Eas::Flag),
    ("MaxInactivityTimeLock", Eas::Range(0, 9_999)),
    ("MaxPasswordFailedAttempts", Eas::Range(4, 16)),
    ("MinPasswordComplexCharacters", Eas::Range(1, 4)),
    ("MinPasswordLength", Eas::Range(1, 16)),
    ("PasswordExpiration", Eas::Range(0, 730)),
    ("PasswordHistory", Eas::Range(0, 50)),
    ("RequireEncryption", Eas::Flag),
];

/// `name,value;name,value`, a `;` at the end allowed; all of it or nothing.
pub(super) fn eas_values(text: &str) -> Option<Vec<(&'static str, String)>> {
    let list = text.strip_suffix(';').unwrap_or(text);
    list.split(';').map(eas_value).collect()
}

fn eas_value(text: &str) -> Option<(&'static str, String)> {
    let (name, value) = text.split_once(',')?;
    let (known, allowed) = EAS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name.trim()))?;
    let value = value.trim();
    let good = match allowed {
        Eas::Flag => matches!(value, "true" | "false" | "0" | "1"),
        Eas::Range(least, most) => value
            .parse::<u32>()
            .is_ok_and(|number| (*least..=*most).contains(&number)),
    };
    good.then(|| (*known, value.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::classes::mdm_class;
    use super::*;

    #[test]
    fn an_argument_is_named_by_its_parameter() {
        let method = |class, name| mdm_class(class).unwrap().method(name).unwrap();
        let reset = method("MDM_Client", "ResetUserPassword");
        assert_eq!(argument(reset, "ConfigString=a;b=c"), Some("a;b=c"));
        assert_eq!(argument(reset, "a;b"), None);
        assert_eq!(argument(reset, "NamedValuesList=a;b"), None);
        let lock = method("MDM_Client", "LockWorkstation");
        assert_eq!(argument(lock, ""), Some(""));
        assert_eq!(argument(lock, "x"), None);
    }

    #[test]
    fn a_pair_has_one_semicolon_and_two_sides() {
        assert_eq!(
            pair("User@Company.com;pwd1"),
            Some(("User@Company.com", "pwd1"))
        );
        for bad in ["", ";", "a;", ";b", "a", "a;b;", "a;b;c"] {
            assert_eq!(pair(bad), None, "{bad}");
        }
    }

    #[test]
    fn package_family_names_and_product_keys_have_their_shape() {
        for (text, good) in [
            ("contoso.mdm_8wekyb3d8bbwe", true),
            ("Contoso-App_8WEKYB3D8BBWE", true),
            ("contoso_8wekyb3d8bbw", false),
            ("_8wekyb3d8bbwe", false),
            ("contoso_8wekyb3d8bbwl", false),
            ("contoso", false),
        ] {
            assert_eq!(is_package_family_name(text), good, "{text}");
        }
        for (text, good) in [
            ("ABCDE-12345-FGHIJ-67890-KLMNO", true),
            ("ABCDE-12345-FGHIJ-67890", false),
            ("abcde-12345-fghij-67890-klmno", false),
            ("ABCDE-12345-FGHIJ-67890-KLMN", false),
            ("", false),
        ] {
            assert_eq!(is_product_key(text), good, "{text}");
        }
    }

    #[test]
    fn eas_settings_are_known_and_in_range() {
        for (text, good) in [
            ("MinPasswordLength,8;", true),
            ("MinPasswordLength,8;RequireEncryption,true", true),
            ("minpasswordlength,16", true),
            ("MaxPasswordFailedAttempts,4", true),
            ("MaxPasswordFailedAttempts,3", false),
            ("MaxPasswordFailedAttempts,17", false),
            ("MinPasswordLength,0", false),
            ("MinPasswordLength,17", false),
            ("MinPasswordLength,-1", false),
            ("MinPasswordLength", false),
            ("MinPasswordLength,8;;", false),
            ("Unheard,8", false),
            ("RequireEncryption,maybe", false),
            ("", false),
        ] {
            assert_eq!(eas_values(text).is_some(), good, "{text}");
        }
    }
}
