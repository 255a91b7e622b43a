#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

#[test]
fn only_wns_is_sent_to() {
    use AddressError::*;
    let long = format!(
        "https://db5.notify.windows.com/?token={}",
        "A".repeat(100_000)
    );
    let rows: &[(&str, Result<(), AddressError>)] = &[
        (
            "https://db5.notify.windows.com/?token=AwYAAAB%2fx+y/z%3d%3d",
            Ok(()),
        ),
        ("https://wns2-by3p.notify.windows.com/?token=a", Ok(())),
        ("https://notify.windows.com/?token=a", Ok(())),
        ("https://DB5.Notify.Windows.com:443/?token=a", Ok(())),
        ("https://db5.notify.windows.com?token=a", Ok(())),
        ("", Err(Empty)),
        ("null", Err(NotAUri)),
        ("http://db5.notify.windows.com/?token=a", Err(Scheme)),
        ("ftp://db5.notify.windows.com/", Err(Scheme)),
        ("file:///etc/passwd", Err(NotAUri)),
        ("https://example.test/", Err(Host)),
        ("https://evilnotify.windows.com/", Err(Host)),
        ("https://notify.windows.com.evil.test/", Err(Host)),
        ("https://notify.windows.com./", Err(Host)),
        ("https://windows.com/", Err(Host)),
        ("https://.notify.windows.com/", Err(Host)),
        ("https://127.0.0.1/", Err(Host)),
        ("https://evil.test/notify.windows.com", Err(Host)),
        ("https://evil.test\\.notify.windows.com/", Err(Host)),
        ("https://evil.test?.notify.windows.com/", Err(Host)),
        ("https://notify.windows.com@evil.test/", Err(UserInfo)),
        ("https://evil.test@notify.windows.com/", Err(UserInfo)),
        ("https://@notify.windows.com/", Err(UserInfo)),
        ("https://u:p@notify.windows.com/", Err(UserInfo)),
        ("https://notify.windows.com:8443/", Err(Port(8443))),
        ("https://notify.windows.com:80/", Err(Port(80))),
        ("https://notify.windows.com/#x", Err(Fragment)),
        ("https://notify.windows.com/#", Err(Fragment)),
        ("https://notify.windows.com/a b", Err(Character(28))),
        ("https://notify.windows.com/\r\nX: y", Err(Character(27))),
        ("https://notify.windows.com/\0", Err(Character(27))),
        ("https://notify.windows.com/\u{e9}", Err(Character(27))),
        ("\thttps://notify.windows.com/", Err(Character(0))),
        ("https://%6eotify.windows.com/", Err(NotAsGiven)),
        ("https://notify.windows.com/a/../b", Err(NotAsGiven)),
        ("https://notify.windows.com\\a", Err(NotAsGiven)),
        ("https:notify.windows.com/", Err(NotAsGiven)),
        ("https:///notify.windows.com/", Err(NotAsGiven)),
        (&long, Err(TooLong(100_038))),
    ];
    for (text, expected) in rows {
        let got = ChannelUri::parse(text, &HostPolicy::default()).map(|_| ());
        let shown = &text[..text.len().min(80)];
        match (got, expected) {
            (Err(Host), Err(Host)) | (Err(NotAUri), Err(_)) | (Err(_), Err(NotAsGiven)) => (),
            (got, expected) => assert_eq!(got, *expected, "{shown}"),
        }
    }
}

#[test]
fn the_exception_is_one_host_and_plain_http_stays_on_loopback() {
    use AddressError::*;
    let rows: &[(&str, &str, Result<(), AddressError>)] = &[
        ("127.0.0.1:8090", "http://127.0.0.1:8090/?token=a", Ok(())),
        ("127.0.0.1:8090", "https://127.0.0.1:8090/?token=a", Ok(())),
        ("127.0.0.1:8090", "http://127.0.0.1:8091/", Err(Port(8091))),
        ("127.0.0.1:8090", "http://127.0.0.2:8090/", Err(Scheme)),
        ("127.0.0.1", "http://127.0.0.1/", Ok(())),
        ("127.0.0.1", "http://127.0.0.1:8090/", Err(Port(8090))),
        ("127.0.0.1:8090", "http://2130706433:8090/", Err(NotAsGiven)),
        ("127.0.0.1:8090", "https://x.127.0.0.1:8090/", Err(NotAUri)),
        ("[::1]:8090", "http://[::1]:8090/", Ok(())),
        ("localhost:8090", "http://localhost:8090/", Ok(())),
        ("localhost:8090", "http://x.localhost:8090/", Err(Scheme)),
        (
            "wns.proxy.test:8443",
            "https://a.wns.proxy.test:8443/",
            Ok(()),
        ),
        (
            "wns.proxy.test:8443",
            "http://a.wns.proxy.test:8443/",
            Err(Scheme),
        ),
        (
            "wns.proxy.test:8443",
            "https://evilwns.proxy.test:8443/",
            Err(Host),
        ),
        (
            "wns.proxy.test:8443",
            "https://db5.notify.windows.com/",
            Ok(()),
        ),
    ];
    for (suffix, text, expected) in rows {
        let policy = HostPolicy::with_suffix(suffix).unwrap();
        let got = ChannelUri::parse(text, &policy).map(|_| ());
        assert_eq!(got, *expected, "{suffix} {text}");
    }
    for wrong in [
        "", "a b", "u@h", "h/x", "h:port", "h:99999", "h:", ":80", "h?x", "h#x", ".h",
    ] {
        assert!(HostPolicy::with_suffix(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_uri_is_never_shown() {
    let text = "https://db5.notify.windows.com/?token=AwYSECRET";
    let uri = ChannelUri::parse(text, &HostPolicy::default()).unwrap();
    assert_eq!(format!("{uri:?}"), "***");
    assert_eq!(uri.host(), "db5.notify.windows.com");
    assert_eq!(uri.text().reveal(), text);
    assert_eq!(format!("{}", uri.digest()).len(), 16);
}

proptest! {
    /// Whatever is admitted goes to WNS on 443, as the same bytes.
    #[test]
    fn what_is_admitted_is_wns(text in "https?://[a-z.@:%/#\\\\]{0,12}(notify\\.windows\\.com)?[a-z0-9.:@/?#%&=+\\\\]{0,24}") {
        if let Ok(uri) = ChannelUri::parse(&text, &HostPolicy::default()) {
            let url = uri.url();
            prop_assert_eq!(url.scheme(), "https");
            prop_assert_eq!(url.port_or_known_default(), Some(443));
            let host = url.host_str().unwrap();
            prop_assert!(host == "notify.windows.com" || host.ends_with(".notify.windows.com"));
            prop_assert_eq!(uri.text().reveal(), text);
        }
    }
}
