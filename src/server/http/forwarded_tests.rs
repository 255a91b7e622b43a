//! Each proxy's way to say it, and what is not believed.
#![allow(clippy::unwrap_used)]

use actix_web::http::header::{HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

struct Made {
    der: Vec<u8>,
    pem: String,
    hash: String,
}

fn made(name: &str) -> Made {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let der = certificate.der().to_vec();
    Made {
        hash: CertificateDigest(Sha256::digest(&der).into()).to_string(),
        pem: utf8_percent_encode(&certificate.pem(), NON_ALPHANUMERIC).to_string(),
        der,
    }
}

fn headers(all: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        headers.append(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    headers
}

#[test]
fn each_form_is_read() {
    use ProxyHeader::*;
    let (own, issuer) = (made("a"), made("ca"));
    let (sequence, issuers) = (
        format!(":{}:", STANDARD.encode(&own.der)),
        format!(":{}:", STANDARD.encode(&issuer.der)),
    );
    let two = format!("{issuers}, {sequence}");
    let arr = STANDARD.encode(&own.der);
    let cert = format!(
        "By=spiffe://x;Subject=\"CN=a,O=\\\"b;c\\\"\";Cert=\"{}\"",
        own.pem
    );
    let both = format!("Hash={};Cert=\"{}\"", own.hash, own.pem);
    let behind = format!(
        "Hash={};Cert=\"{}\",Hash={}",
        issuer.hash, issuer.pem, own.hash
    );
    let chain = format!("Cert=\"{}\";Chain=\"{}{}\"", own.pem, own.pem, issuer.pem);
    for (header, all, with_der, issuers) in [
        (
            ClientCert,
            vec![("client-cert", sequence.as_str())],
            true,
            0,
        ),
        (
            ClientCert,
            vec![("client-cert", &sequence), ("client-cert-chain", &issuers)],
            true,
            1,
        ),
        (
            ClientCert,
            vec![("client-cert", &sequence), ("client-cert-chain", &two)],
            true,
            2,
        ),
        (
            XSslClientCert,
            vec![("x-ssl-client-cert", &own.pem)],
            true,
            0,
        ),
        (XArrClientCert, vec![("x-arr-clientcert", &arr)], true, 0),
        (
            XForwardedClientCert,
            vec![("x-forwarded-client-cert", &cert)],
            true,
            0,
        ),
        (
            XForwardedClientCert,
            vec![("x-forwarded-client-cert", &both)],
            true,
            0,
        ),
        (
            XForwardedClientCert,
            vec![("x-forwarded-client-cert", &behind)],
            false,
            0,
        ),
        (
            XForwardedClientCert,
            vec![("x-forwarded-client-cert", &chain)],
            true,
            1,
        ),
    ] {
        let told = certificate(header, &headers(&all)).unwrap().unwrap();
        assert_eq!(told.digest.to_string(), own.hash, "{header:?}");
        assert_eq!(
            (told.certificate.is_some(), told.chain.len()),
            (with_der, issuers),
            "{header:?}"
        );
    }
}

#[test]
fn without_its_header_there_is_no_certificate() {
    let own = made("a");
    let sequence = format!(":{}:", STANDARD.encode(&own.der));
    for header in ProxyHeader::ALL {
        assert_eq!(certificate(header, &HeaderMap::new()), Ok(None));
        assert_eq!(
            certificate(header, &headers(&[(header.name(), " ")])),
            Ok(None)
        );
        let elsewhere = headers(&[
            ("client-certificate", &sequence),
            ("x-client-cert", &own.pem),
        ]);
        assert_eq!(certificate(header, &elsewhere), Ok(None));
    }
}

/// The spellings of one certificate that programs put into a header of one value.
#[test]
fn one_certificate_is_read_in_each_spelling() {
    use ProxyHeader::*;
    let own = made("a");
    let plain = percent_decode_str(&own.pem).decode_utf8().unwrap();
    let digits = STANDARD.encode(&own.der);
    let safe = plain.replace('\n', "%0A").replace(' ', "%20");
    let attributes = format!("Bag%20Attributes%0A{safe}");
    for header in [XSslClientCert, XArrClientCert, XAmznMtlsClientcertLeaf] {
        for (value, is_read) in [
            (own.pem.as_str(), true),
            // AWS: '+', '=' and '/' stand for themselves.
            (&safe, true),
            // Apache and nginx's $ssl_client_cert: other white space for line ends.
            (&plain.replace('\n', " "), true),
            (&plain.replace('\n', "\t"), true),
            // HAProxy: [ssl_c_der,base64], with quotes where %{+Q} asks for them.
            (&digits, true),
            (&format!("\"{digits}\""), true),
            (
                &digits
                    .replace('+', "%2B")
                    .replace('/', "%2F")
                    .replace('=', "%3D"),
                true,
            ),
            (&attributes, true),
            (&format!("{own}{own}", own = own.pem), false),
            (&digits[4..], false),
        ] {
            let read = certificate(header, &headers(&[(header.name(), value)]));
            let digest = read.ok().flatten().map(|read| read.digest.to_string());
            assert_eq!(digest.is_some(), is_read, "{header:?}: {value}");
            assert!(digest.is_none_or(|digest| digest == own.hash));
        }
        for nothing in ["(null)", "", " "] {
            let none = certificate(header, &headers(&[(header.name(), nothing)]));
            assert_eq!(none, Ok(None), "{header:?}: {nothing}");
        }
    }
    let issuer = made("ca");
    for (chain, issuers) in [(own.pem.clone(), 0), (own.pem.clone() + &issuer.pem, 1)] {
        let header = XAmznMtlsClientcert;
        let read = certificate(header, &headers(&[(header.name(), &chain)]));
        let read = read.unwrap().unwrap();
        assert_eq!(
            (read.digest.to_string(), read.chain.len()),
            (own.hash.clone(), issuers)
        );
    }
}

#[test]
fn what_is_doubtful_proves_nothing() {
    use ProxyHeader::*;
    let (own, other) = (made("a"), made("b"));
    let sequence = format!(":{}:", STANDARD.encode(&own.der));
    let bare = STANDARD.encode(&own.der);
    let tail = STANDARD.encode([&own.der[..], b"more"].concat());
    let two = format!("{}{}", own.pem, other.pem);
    let many = own.pem.clone() + &other.pem.repeat(9);
    let headless = format!("{bare}-----END CERTIFICATE-----");
    let differs = format!("Hash={};Cert=\"{}\"", other.hash, own.pem);
    let twice = format!("Hash={};Hash={}", own.hash, other.hash);
    let long = format!(":{}:", "A".repeat(HEADER_BYTES));
    let open = format!("Cert=\"{}", own.pem);
    let list = format!("{sequence}, {sequence}");
    for (header, values) in [
        (ClientCert, vec![sequence.as_str(), &sequence]),
        (ClientCert, vec![&list]),
        (ClientCert, vec![&bare]),
        (ClientCert, vec!["::"]),
        (ClientCert, vec![":AAAA:"]),
        (ClientCert, vec![&long]),
        (XArrClientCert, vec![&sequence]),
        (XArrClientCert, vec![&tail]),
        (XArrClientCert, vec!["AAAA"]),
        (XSslClientCert, vec!["(null)x"]),
        (XSslClientCert, vec![&headless]),
        (XAmznMtlsClientcertLeaf, vec![&two]),
        (XAmznMtlsClientcert, vec![&bare]),
        (XAmznMtlsClientcert, vec![&many]),
        (XSslClientCert, vec![&two]),
        (XForwardedClientCert, vec!["Hash=abc"]),
        (XForwardedClientCert, vec!["Subject=\"CN=a\""]),
        (XForwardedClientCert, vec![&twice]),
        (XForwardedClientCert, vec![&differs]),
        (XForwardedClientCert, vec![&open]),
        (XForwardedClientCert, vec!["Hash"]),
    ] {
        let all: Vec<_> = values.iter().map(|value| (header.name(), *value)).collect();
        let fault = certificate(header, &headers(&all)).unwrap_err();
        assert!(fault.to_string().starts_with(header.name()), "{fault}");
    }
    let broken = headers(&[("client-cert", &sequence), ("client-cert-chain", "junk")]);
    assert!(certificate(ClientCert, &broken).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ -~]{0,200}", which in 0..ProxyHeader::ALL.len()) {
        let header = ProxyHeader::ALL[which];
        let _ = certificate(header, &headers(&[(header.name(), &text)]));
    }
}
