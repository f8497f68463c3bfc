//! Fingerprints.

use proptest::prelude::*;

use super::object;
use crate::rules::inapp::object::Object;
use crate::rules::inapp::processors::fingerprint;

/// The first are libddwaf's own.
#[test]
fn endpoint_fingerprints() {
    const QUERY: &str = r#"{"Key1": 1, "KEY2": 2, "key,3": 3}"#;
    const BODY: &str = r#"{"KEY1": 1, "KEY2": 2, "KEY": 3, "3": 4}"#;
    let vectors = [
        (
            "GET",
            "/path/to/whatever?param=hello",
            Some(QUERY),
            Some(BODY),
            "http-get-0ede9e60-0ac3796a-9798c0e4",
        ),
        ("GET", "/path/to/whatever#fragment", Some(QUERY), Some(BODY), "http-get-0ede9e60-0ac3796a-9798c0e4"),
        ("GET", "/PaTh/To/WhAtEVER", Some(QUERY), Some(BODY), "http-get-0ede9e60-0ac3796a-9798c0e4"),
        ("GET", "/path/to/whatever?param=hello", Some("{}"), Some(BODY), "http-get-0ede9e60--9798c0e4"),
        ("GET", "/path/to/whatever?param=hello", Some(QUERY), None, "http-get-0ede9e60-0ac3796a-"),
        ("", "", Some("{}"), Some("{}"), "http----"),
        (
            "GET",
            "/path/to/whatever",
            Some(r#"{"Key1": 1, "KEY2": 2, "key3,Key4": 3}"#),
            Some(r#"{"KeY1": 1, "kEY2": 2, "KEY3": 3, "KeY4": 4}"#),
            "http-get-0ede9e60-ced401fa-ff07216e",
        ),
        ("PUT", "?a", Some("[1]"), Some("\"text\""), "http-put---"),
    ];
    for (method, uri, query, body, expected) in vectors {
        let [query, body] = [query, body].map(|text| text.map(object));
        let made = fingerprint::endpoint(method.as_bytes(), uri.as_bytes(), query.as_ref(), body.as_ref());
        assert_eq!(made, expected, "{method} {uri}");
    }
    assert_eq!(vectors.len(), 8);
}

#[test]
fn header_fingerprints() {
    let usual = r#""referer": 1, "CONNECTION": 1, "Accept_Encoding": 1, "CONTENT-encoding": 1, "cache-CONTROL": 1,
        "tE": 1, "ACCEPT_CHARSET": 1, "content-type": 1, "accepT": 1, "accept_language": 1"#;
    let others = r#""unknown_header": 1, "Authorization": 1, "WWW-Authenticate": 1, "Allow": 1"#;
    let apart = r#""x-datadog-trace-id": 1, "x-forwarded-for": 1, "cf-connecting-ipv6": 1"#;
    let vectors = [
        (format!("{{{usual}}}"), "hdr-1111111111--0-"),
        ("{}".to_owned(), "hdr-0000000000--0-"),
        (format!(r#"{{{usual}, "user-agent": "Random"}}"#), "hdr-1111111111-a441b15f-0-"),
        (format!(r#"{{{usual}, "user-agent": ["Random"], {apart}}}"#), "hdr-1111111111-a441b15f-0-"),
        (format!(r#"{{{usual}, "user-agent": ["Random", "Bot"]}}"#), "hdr-1111111111--0-"),
        (format!(r#"{{{usual}, "user-agent": [42]}}"#), "hdr-1111111111--0-"),
        (
            format!(r#"{{{usual}, "user-agent": "Random", {others}, {apart}}}"#),
            "hdr-1111111111-a441b15f-4-47280082",
        ),
        (r#"{"user-agent": "Random", "user_agent": ""}"#.to_owned(), "hdr-0000000000--0-"),
    ];
    for (headers, expected) in &vectors {
        assert_eq!(fingerprint::header(&object(headers)).as_deref(), Some(*expected), "{headers}");
    }
    assert_eq!(vectors.len(), 8);
    assert_eq!(fingerprint::header(&object("[]")), None);
}

#[test]
fn network_fingerprints() {
    let vectors = [
        ("{}", "net-0-0000000000"),
        (r#"{"x-forwarded-for": "192.168.1.1", "cf-connecting-ipv6": 1}"#, "net-1-1000000001"),
        (r#"{"X_FORWARDED_FOR": "192.168.1.1,::1,8.7.6.5"}"#, "net-3-1000000000"),
        (r#"{"x-forwarded-for": ["192.168.1.1,::1,8.7.6.5"]}"#, "net-3-1000000000"),
        (r#"{"x-forwarded-for": ["192.168.1.1,::1,8.7.6.5", "192.168.1.44"]}"#, "net-0-1000000000"),
        (r#"{"x-forwarded-for": [42]}"#, "net-0-1000000000"),
        (r#"{"x-real-ip": "1,2", "x-forwarded-for": "1"}"#, "net-1-1100000000"),
        (r#"{"x-forwarded-for": "1", "x-real-ip": "1,2"}"#, "net-1-1100000000"),
        (r#"{"x-forwarded-for": null, "fastly-client-ip": "1,2,3"}"#, "net-3-1000000100"),
        (r#"{"fastly-client-ip": "1,2,3", "x-forwarded-for": null}"#, "net-0-1000000100"),
    ];
    for (headers, expected) in vectors {
        assert_eq!(fingerprint::network(&object(headers)).as_deref(), Some(expected), "{headers}");
    }
    assert_eq!(vectors.len(), 10);
    assert_eq!(fingerprint::network(&object("1")), None);
}

#[test]
fn session_fingerprints() {
    const COOKIES: &str = r#"{"name": "albert", "theme": "dark", "language": "en-GB", "tracking_id": "xyzabc",
        "gdpr_consent": "yes", "session_id": "ansd0182u2n", "last_visit": "2024-07-16T12:00:00Z"}"#;
    const NAMES: &str = r#"{"nAmE": "albert", "THEME": "dark", "language,ID": "en-GB", "tra,cKing,ID": "xyzabc",
        "Gdpr_consent": "yes", "SESSION_ID": "ansd0182u2n", "last_visiT": "2024-07-16T12:00:00Z"}"#;
    const VALUES: &str = r#"{"name": ["albert,martinez"], "theme": "dark", "language": "en-GB,en-US",
        "tracking_id": "xyzabc", "gdpr_consent": ",yes", "session_id": ["ansd0182u2n,"],
        "last_visit": "2024-07-16T12:00:00Z"}"#;
    let vectors = [
        ("{}", "", "admin", "ssn-8c6976e5---"),
        ("{}", "ansd0182u2n", "", "ssn----269500d3"),
        (COOKIES, "", "", "ssn--df6143bc-60ba1602-"),
        (COOKIES, "ansd0182u2n", "admin", "ssn-8c6976e5-df6143bc-60ba1602-269500d3"),
        (NAMES, "ansd0182u2n", "Admin", "ssn-8c6976e5-424e7e09-60ba1602-269500d3"),
        (VALUES, "ansd0182u2n", "admin", "ssn-8c6976e5-df6143bc-64f82cf7-269500d3"),
        ("null", "", "", "ssn----"),
    ];
    for (cookies, session, user, expected) in vectors {
        let made =
            fingerprint::session(Some(&object(cookies)), Some(session.as_bytes()), Some(user.as_bytes()));
        assert_eq!(made, expected, "{cookies}");
    }
    assert_eq!(vectors.len(), 7);
    assert_eq!(fingerprint::session(None, None, None), "ssn----");
}

proptest! {
    /// The order in which names come does not matter, nor does their case.
    #[test]
    fn fingerprints_know_no_order(mut names in prop::collection::hash_set("[a-z,_-]{0,6}", 0..12)
        .prop_map(|names| names.into_iter().collect::<Vec<_>>()), by in any::<usize>()) {
        let map = |names: &[String]| Object::Map(
            names.iter().map(|name| (name.clone().into_bytes().into(), Object::Null)).collect(),
        );
        let before = map(&names);
        let shift = by % names.len().max(1);
        names.rotate_left(shift);
        names.iter_mut().for_each(|name| name.make_ascii_uppercase());
        let after = map(&names);
        let endpoint = |query| fingerprint::endpoint(b"GET", b"/", Some(query), None);
        prop_assert_eq!(endpoint(&before), endpoint(&after));
        prop_assert_eq!(fingerprint::header(&before), fingerprint::header(&after));
        let session = |cookies| fingerprint::session(Some(cookies), None, None);
        prop_assert_eq!(session(&before), session(&after));
    }
}
