#![allow(clippy::unwrap_used)]

use super::sign::{signature, timestamp};
use crate::egress::{EgressPolicy, TargetError};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

#[test]
fn targets() {
    use TargetError::{Private, Scheme, Url};
    let public = EgressPolicy::default();
    let own = EgressPolicy {
        loopback: true,
        private: false,
    };
    let all = EgressPolicy {
        loopback: true,
        private: true,
    };
    let rows = [
        ("https://hooks.contoso.test/x?y=z", None, None, None),
        ("https://93.184.216.34/", None, None, None),
        ("https://[2606:2800:220:1::1]/", None, None, None),
        (
            "http://hooks.contoso.test/",
            Some(Scheme),
            Some(Scheme),
            Some(Scheme),
        ),
        (
            "http://93.184.216.34/",
            Some(Scheme),
            Some(Scheme),
            Some(Scheme),
        ),
        (
            "ftp://hooks.contoso.test/",
            Some(Scheme),
            Some(Scheme),
            Some(Scheme),
        ),
        ("http://127.0.0.1:9/x", Some(Private), None, None),
        ("http://localhost:9/x", Some(Private), None, None),
        ("https://LOCALHOST./x", Some(Private), None, None),
        ("https://a.localhost/x", Some(Private), None, None),
        ("https://[::1]/", Some(Private), None, None),
        ("https://[::ffff:127.0.0.1]/", Some(Private), None, None),
        ("https://2130706433/", Some(Private), None, None),
        ("https://0x7f.1/", Some(Private), None, None),
        ("https://10.0.0.1/", Some(Private), Some(Private), None),
        (
            "https://[::ffff:10.0.0.1]/",
            Some(Private),
            Some(Private),
            None,
        ),
        ("https://192.168.1.1/", Some(Private), Some(Private), None),
        ("https://172.16.0.1/", Some(Private), Some(Private), None),
        ("https://100.64.0.1/", Some(Private), Some(Private), None),
        (
            "https://169.254.169.254/latest",
            Some(Private),
            Some(Private),
            None,
        ),
        ("https://[fe80::1]/", Some(Private), Some(Private), None),
        ("https://[fd00::1]/", Some(Private), Some(Private), None),
        (
            "https://[64:ff9b::a00:1]/",
            Some(Private),
            Some(Private),
            None,
        ),
        (
            "https://[2002:a00:1::]/",
            Some(Private),
            Some(Private),
            None,
        ),
        (
            "https://0.0.0.0/",
            Some(Private),
            Some(Private),
            Some(Private),
        ),
        ("https://[::]/", Some(Private), Some(Private), Some(Private)),
        (
            "https://224.0.0.1/",
            Some(Private),
            Some(Private),
            Some(Private),
        ),
        (
            "https://255.255.255.255/",
            Some(Private),
            Some(Private),
            Some(Private),
        ),
        (
            "https://u:p@hooks.contoso.test/",
            Some(Url),
            Some(Url),
            Some(Url),
        ),
        (
            "https://hooks.contoso.test/#x",
            Some(Url),
            Some(Url),
            Some(Url),
        ),
        (
            "https://hooks.contoso.test/ x",
            Some(Url),
            Some(Url),
            Some(Url),
        ),
        ("https:///x y", Some(Url), Some(Url), Some(Url)),
        ("hooks", Some(Url), Some(Url), Some(Url)),
        ("", Some(Url), Some(Url), Some(Url)),
    ];
    for (url, by_public, by_own, by_all) in rows {
        for (reach, expected) in [(public, by_public), (own, by_own), (all, by_all)] {
            assert_eq!(reach.check(url).err(), expected, "{url} {reach:?}");
        }
    }
    let long = format!(
        "https://hooks.contoso.test/{}",
        "x".repeat(crate::egress::URL_BYTES)
    );
    assert_eq!(all.check(&long).err(), Some(Url));
}

#[test]
fn signatures_are_hmac_sha256_over_time_and_body() {
    // Computed with another implementation.
    let secret = Secret::new("0123456789abcdef");
    let at = timestamp(Timestamp(1_790_000_000_999));
    assert_eq!(at, "1790000000");
    let signed = signature(&secret, &at, b"{\"a\":1}");
    assert_eq!(signed, KNOWN);
    assert_ne!(signed, signature(&secret, "1790000001", b"{\"a\":1}"));
    assert_ne!(signed, signature(&secret, &at, b"{\"a\":2}"));
}

const KNOWN: &str = "v1=d569e4518fe6f4620fd6639233427e7df5e5394d8f14c85c1063b8d90a724dcb";
