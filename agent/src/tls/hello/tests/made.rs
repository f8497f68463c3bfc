//! Hellos made for a purpose.

use sha2::{Digest, Sha256};

use super::super::*;
use crate::limits;

/// Types and data of extensions.
pub(super) type Extensions = Vec<(u16, Vec<u8>)>;

/// A ClientHello in the making.
#[derive(Clone, Default)]
pub(super) struct Made {
    pub version: u16,
    pub ciphers: Vec<u16>,
    /// `None`: the hello ends before them.
    pub extensions: Option<Extensions>,
}

impl Made {
    pub fn bytes(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.push(0);
        body.extend(vector16(&numbers(&self.ciphers)));
        body.extend([1, 0]);
        if let Some(extensions) = &self.extensions {
            let list: Vec<u8> = extensions
                .iter()
                .flat_map(|(kind, data)| [kind.to_be_bytes().to_vec(), vector16(data)].concat())
                .collect();
            body.extend(vector16(&list));
        }
        message(1, &body)
    }
}

pub(super) fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

pub(super) fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
}

pub(super) fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("short")], bytes].concat()
}

/// A handshake message in records of up to 2^14 bytes.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("short").to_be_bytes();
    let message = [&[kind], &len[1..], body].concat();
    message.chunks(1 << 14).flat_map(|fragment| [&[22, 3, 1][..], &vector16(fragment)].concat()).collect()
}

pub(super) fn client(bytes: &[u8]) -> ClientHello {
    match ClientHello::read(bytes) {
        Progress::Done(hello) => hello,
        other => panic!("{other:?}"),
    }
}

pub(super) fn sni(name: &[u8]) -> Vec<u8> {
    vector16(&[&[0][..], &vector16(name)].concat())
}

pub(super) fn alpn(names: &[&[u8]]) -> Vec<u8> {
    vector16(&names.iter().flat_map(|name| vector8(name)).collect::<Vec<_>>())
}

#[test]
fn host_names() {
    let long = [b'a'; limits::TLS_SNI];
    let too_long = [b'a'; limits::TLS_SNI + 1];
    let cases: &[(&[u8], Option<&str>)] = &[
        (b"shop.example", Some("shop.example")),
        (b"Shop.EXAMPLE.", Some("shop.example.")),
        (b"xn--bcher-kva.example", Some("xn--bcher-kva.example")),
        (b"10.0.0.1", Some("10.0.0.1")),
        (&long, Some(std::str::from_utf8(&long).unwrap())),
        (&too_long, None),
        (b"", None),
        (b"a b", None),
        (b"a\0b", None),
        (b"a\r\nX: y", None),
        ("bücher.example".as_bytes(), None),
        (b"\xff\xfe", None),
    ];
    for (name, expected) in cases {
        let extensions = Some(vec![(extension::SERVER_NAME, sni(name))]);
        let hello = client(&Made { version: 0x0303, ciphers: vec![1], extensions }.bytes());
        assert_eq!(hello.sni.as_deref(), *expected, "{}", name.escape_ascii());
        assert_eq!(hello.extensions, [extension::SERVER_NAME]);
    }
    assert_eq!(cases.len(), 12);
}

/// A malformed extension gives no facts, and the others are read all the same.
#[test]
fn malformed_extensions() {
    let cases: &[(u16, &[u8])] = &[
        (extension::SERVER_NAME, &[0, 9, 0, 0, 1, b'a']),
        (extension::SERVER_NAME, &[0, 4, 1, 0, 1, b'a']),
        (extension::ALPN, &[0, 3, 9, b'h', b'2']),
        (extension::SUPPORTED_GROUPS, &[0, 3, 0, 1, 2]),
        (extension::SIGNATURE_ALGORITHMS, &[0]),
        (extension::SUPPORTED_VERSIONS, &[3, 3, 4, 3]),
    ];
    for (kind, data) in cases {
        let extensions = Some(vec![(*kind, data.to_vec()), (extension::EARLY_DATA, vec![])]);
        let hello = client(&Made { version: 0x0303, ciphers: vec![1], extensions }.bytes());
        assert_eq!(hello.extensions, [*kind, extension::EARLY_DATA]);
        assert!(hello.early_data);
        assert_eq!((hello.sni, hello.alpn, hello.groups), (None, vec![], vec![]));
        assert_eq!((hello.signature_algorithms, hello.versions), (vec![], vec![]));
    }
    assert_eq!(cases.len(), 6);
}

#[test]
fn hellos_without_extensions() {
    let made = Made { version: 0x0301, ciphers: vec![5, 4], extensions: None };
    let hello = client(&made.bytes());
    assert_eq!(hello.cipher_suites, [CipherSuite(5), CipherSuite(4)]);
    assert_eq!(hello.highest_version(), Some(Version::TLS_1_0));
    assert!(hello.ja4().as_str().starts_with("t10i020000_"));
    assert_eq!(hello.random, [7; 32]);
}

#[test]
fn what_is_no_tls() {
    let hello = Made { version: 0x0303, ciphers: vec![1], extensions: None }.bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = hello.clone();
        bytes[at] = byte;
        bytes
    };
    let record = |fragment: &[u8]| [&[22, 3, 1][..], &vector16(fragment)].concat();
    let session_id =
        |len: u8| message(1, &[&hello[9..43], &[len], &vec![0; len.into()][..], &hello[44..]].concat());
    assert!(matches!(ClientHello::read(&session_id(32)), Progress::Done(_)));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("HTTP", b"GET / HTTP/1.1\r\n".to_vec()),
        ("SSH", b"SSH-2.0-x\r\n".to_vec()),
        ("SSLv2", vec![0x80, 0x2e, 0x01, 0x00, 0x02]),
        ("application data", vec![23, 3, 3, 0, 5, 1, 2, 3, 4, 5]),
        ("version 2 of a record", with(1, 2)),
        ("a record without bytes", vec![22, 3, 1, 0, 0]),
        ("a record that is too long", vec![22, 3, 1, 0x40, 0x01]),
        ("ServerHello", with(5, 2)),
        ("longer than the cap", with(7, 0x40)),
        ("far longer than the cap", with(6, 1)),
        ("a session id of 33 bytes", session_id(33)),
        ("a session id beyond it", with(43, 32)),
        ("an odd list of cipher suites", with(45, 3)),
        ("bytes after it", message(1, &[&hello[9..], &[0, 0, 0]].concat())),
        ("extensions beyond it", message(1, &[&hello[9..], &[0, 9, 0]].concat())),
        ("an extension beyond it", message(1, &[&hello[9..], &[0, 4, 0, 0, 0, 9]].concat())),
        ("empty", message(1, &[])),
        ("an alert within", [record(&hello[5..20]), vec![21, 3, 1, 0, 2, 2, 40]].concat()),
        ("an alert instead", vec![21, 3, 1, 0, 2, 2, 40]),
        ("data within", [record(&hello[5..20]), vec![23, 3, 1, 0, 2, 2, 40]].concat()),
    ];
    for (what, bytes) in &cases {
        let read = ClientHello::read(bytes);
        assert!(matches!(read, Progress::NotTls(_)), "{what}: {read:?}");
    }
    assert_eq!(cases.len(), 20);
}

/// As large as it may be, and one byte more.
#[test]
fn the_cap() {
    let of = |len: usize| {
        let mut made = Made { version: 0x0303, ciphers: vec![1], extensions: Some(vec![(21, vec![])]) };
        let room = len - made.bytes().len();
        made.extensions = Some(vec![(21, vec![0; room])]);
        let bytes = made.bytes();
        assert_eq!(bytes.len(), len);
        bytes
    };
    let largest = of(limits::TLS_HELLO);
    assert!(matches!(ClientHello::read(&largest), Progress::Done(_)));
    assert_eq!(ClientHello::read(&largest[..limits::TLS_HELLO - 1]), Progress::NeedMore);
    let larger = of(limits::TLS_HELLO + 1);
    assert_eq!(ClientHello::read(&larger[..limits::TLS_HELLO - 1]), Progress::NeedMore);
    assert!(matches!(ClientHello::read(&larger[..limits::TLS_HELLO]), Progress::NotTls(_)));
    assert_eq!(ClientHello::read(&larger), ClientHello::read(&larger[..limits::TLS_HELLO]));
}

fn service(body: &[u8]) -> Progress<Answer> {
    ServerHello::read(&message(2, body))
}

#[test]
fn answers() {
    let beginning = |random: [u8; 32]| [&[3, 3][..], &random, &[0, 0x13, 0x02, 0]].concat();
    let chosen = [0, 43, 0, 2, 3, 4];
    let with = |extensions: &[u8]| [beginning([9; 32]), vector16(extensions)].concat();
    let hello = |version, alpn: Option<&[u8]>, random: [u8; 32]| {
        let (version, cipher_suite, alpn) = (Version(version), CipherSuite(0x1302), alpn.map(Into::into));
        Progress::Done(Answer::Hello(ServerHello {
            random,
            version,
            cipher_suite,
            alpn,
            retry: random == server::RETRY,
        }))
    };
    let word: [u8; 32] = Sha256::digest(b"HelloRetryRequest").into();
    assert_eq!(service(&beginning([9; 32])), hello(0x0303, None, [9; 32]));
    assert_eq!(service(&with(&chosen)), hello(0x0304, None, [9; 32]));
    assert_eq!(service(&with(&[0, 16, 0, 5, 0, 3, 2, b'h', b'2'])), hello(0x0303, Some(b"h2"), [9; 32]));
    let retry = [beginning(word), vector16(&chosen)].concat();
    assert_eq!(service(&retry), hello(0x0304, None, server::RETRY));
    for malformed in [&[0, 43, 0, 1, 3][..], &[0, 16, 0, 4, 0, 2, 9, b'h'], &[0, 43, 0, 9], &[0]] {
        assert!(matches!(service(&with(malformed)), Progress::NotTls(_)), "{malformed:?}");
    }
    let session_id =
        |len: u8| [&[3, 3][..], &[9; 32], &[len], &vec![0; len.into()], &[0x13, 0x02, 0]].concat();
    assert_eq!(service(&session_id(32)), hello(0x0303, None, [9; 32]));
    assert!(matches!(service(&session_id(33)), Progress::NotTls(_)));
    assert!(matches!(ServerHello::read(b"HTTP/1.1 400 Bad Request\r\n"), Progress::NotTls(_)));
}

/// In TLS 1.2, the certificate may follow in the same record, and both may be cut anywhere.
#[test]
fn a_hello_before_other_messages() {
    let hello = message(2, &[&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat());
    let read = ServerHello::read(&hello);
    assert!(matches!(read, Progress::Done(_)));
    let messages = [&hello[5..], &[11, 0, 0, 40], &[0; 40]].concat();
    for len in 1..=messages.len() {
        let records = messages.chunks(len).flat_map(|part| [&[22, 3, 3][..], &vector16(part)].concat());
        assert_eq!(ServerHello::read(&records.collect::<Vec<_>>()), read, "in records of {len}");
    }
}

#[test]
fn alerts() {
    let alert = |level: u8, description: u8| vec![21, 3, 1, 0, 2, level, description];
    for (level, description, shown) in [
        (2, 40, "handshake_failure"),
        (2, 70, "protocol_version"),
        (2, 112, "unrecognized_name"),
        (2, 120, "no_application_protocol"),
        (1, 0, "close_notify"),
        (2, 200, "alert 200"),
    ] {
        let read = ServerHello::read(&alert(level, description));
        let Progress::Done(Answer::Alert(read)) = read else { panic!("{read:?}") };
        assert_eq!((read.level, read.description, read.to_string().as_str()), (level, description, shown));
    }
    // A warning, and then the hello.
    let hello = message(2, &[&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat());
    let warned = [alert(1, 112), hello].concat();
    assert!(matches!(ServerHello::read(&warned), Progress::Done(Answer::Hello(_))));
    for cut in 0..warned.len() {
        assert_eq!(ServerHello::read(&warned[..cut]), Progress::NeedMore, "at {cut}");
    }
    assert!(matches!(ServerHello::read(&[21, 3, 1, 0, 3, 2, 40, 0]), Progress::NotTls(_)));
}

/// However many protocols with whatever names a client offers, little is kept.
#[test]
fn facts_are_bounded() {
    let names: Vec<Vec<u8>> = (0..60).map(|n| vec![n; 255]).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let extensions = vec![(extension::ALPN, alpn(&names)), (extension::SERVER_NAME, sni(&[b'a'; 255]))];
    let hello = client(&Made { version: 0x0303, ciphers: vec![1], extensions: Some(extensions) }.bytes());
    let facts = TlsFacts::offered(&hello);
    assert_eq!(facts.alpn_offered.len(), limits::TLS_ALPN_OFFERED);
    assert_eq!(facts.alpn_more, 60 - limits::TLS_ALPN_OFFERED as u16);
    assert!(facts.alpn_offered.iter().all(|name| name.len() == limits::TLS_ALPN_NAME));
    assert!(facts.alpn_offered[1].starts_with(r"\x01\x01"));
    assert!(facts.memory() < 2048, "{} bytes", facts.memory());
}
