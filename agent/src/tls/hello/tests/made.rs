//! Hellos made for a purpose.

use sha2::{Digest, Sha256};

use super::super::*;
use crate::limits;

/// A ClientHello in the making.
#[derive(Clone, Default)]
pub(super) struct Made {
    pub version: u16,
    pub ciphers: Vec<u16>,
    /// `None`: the hello ends before them.
    pub extensions: Option<Vec<(u16, Vec<u8>)>>,
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

fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("short")], bytes].concat()
}

/// A handshake message in records of up to 2^14 bytes.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("short").to_be_bytes();
    let message = [&[kind], &len[1..], body].concat();
    message.chunks(1 << 14).flat_map(|fragment| [&[22, 3, 1][..], &vector16(fragment)].concat()).collect()
}

fn client(bytes: &[u8]) -> ClientHello {
    match ClientHello::read(bytes) {
        Progress::Done(hello) => hello,
        other => panic!("{other:?}"),
    }
}

fn sni(name: &[u8]) -> Vec<u8> {
    vector16(&[&[0][..], &vector16(name)].concat())
}

fn alpn(names: &[&[u8]]) -> Vec<u8> {
    vector16(&names.iter().flat_map(|name| vector8(name)).collect::<Vec<_>>())
}

fn hexadecimal(list: &str) -> Vec<u16> {
    list.split(',')
        .filter(|text| !text.is_empty())
        .map(|text| u16::from_str_radix(text, 16).unwrap())
        .collect()
}

/// `JA4_ro` (lists in the client's order), `JA4` and `JA4_r`, as published: the specification's example, and
/// `python/test/testdata` of FoxIO's repository.
const PUBLISHED: &[(&str, &str, &str)] = &[
    // technical_details/JA4.md
    (
        "t13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_001b,0000,0033,0010,\
         4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601",
        "t13d1516h2_8daaf6152771_e5627efa2ab1",
        "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,\
         0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601",
    ),
    // sigalg-grease.pcapng
    (
        "t13d1517h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_fe0d,0010,0017,0033,\
         44cd,ff01,000a,000d,0023,002b,000b,ca34,002d,0000,0005,001b,0012_0904,0905,0906,0403,0804,0401,0503,0805,\
         0501,0806,0601",
        "t13d1517h2_8daaf6152771_cb7bf5808d99",
        "t13d1517h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,\
         0012,0017,001b,0023,002b,002d,0033,44cd,ca34,fe0d,ff01_0904,0905,0906,0403,0804,0401,0503,0805,0501,0806,\
         0601",
    ),
    // badcurveball.pcap
    (
        "t13d1615h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035,000a_0000,0017,ff01,\
         000a,000b,0023,0010,0005,000d,0012,0033,002d,002b,001b,0015_0403,0804,0401,0503,0805,0501,0806,0601,0201",
        "t13d1615h2_46e7e9700bed_45f260be83e2",
        "t13d1615h2_000a,002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,\
         000d,0012,0015,0017,001b,0023,002b,002d,0033,ff01_0403,0804,0401,0503,0805,0501,0806,0601,0201",
    ),
    // tls-sni.pcapng, stream 5: HTTP/1.1
    (
        "t13d1516h1_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_000d,0033,0000,ff01,\
         002b,0023,002d,0005,0012,000b,0017,4469,0010,001b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601",
        "t13d1516h1_8daaf6152771_e5627efa2ab1",
        "t13d1516h1_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,\
         0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601",
    ),
    // tls-sni.pcapng, stream 6: no ALPN
    (
        "t13d151400_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_0033,002b,001b,0000,\
         0012,002d,000d,000a,0005,0023,0017,ff01,000b,0015_0403,0804,0401,0503,0805,0501,0806,0601",
        "t13d151400_8daaf6152771_de4a06bb82e3",
        "t13d151400_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,\
         0012,0015,0017,001b,0023,002b,002d,0033,ff01_0403,0804,0401,0503,0805,0501,0806,0601",
    ),
    // socks-https-example.pcap: TLS 1.0 with nothing but SNI
    (
        "t10d230100_0039,0038,0035,0016,0013,000a,0033,0032,002f,009a,0099,0096,0005,0004,0015,0012,0009,0014,0011,\
         0008,0006,0003,00ff_0000",
        "t10d230100_6a57a6f57151_000000000000",
        "t10d230100_0003,0004,0005,0006,0008,0009,000a,0011,0012,0013,0014,0015,0016,002f,0032,0033,0035,0038,0039,\
         0096,0099,009a,00ff_",
    ),
];

#[test]
fn published_fingerprints() {
    for (in_order, ja4, ja4_r) in PUBLISHED {
        let parts: Vec<&str> = in_order.split('_').collect();
        let algorithms = hexadecimal(parts.get(3).copied().unwrap_or_default());
        let protocols: &[&[u8]] =
            if parts[0].ends_with("h1") { &[b"http/1.1"] } else { &[b"h2", b"http/1.1"] };
        let mut extensions: Vec<_> = hexadecimal(parts[2])
            .into_iter()
            .map(|kind| {
                let data = match kind {
                    extension::SERVER_NAME => sni(b"a.example"),
                    extension::ALPN => alpn(protocols),
                    extension::SIGNATURE_ALGORITHMS => {
                        vector16(&numbers(&[&[0x1a1a], &algorithms[..]].concat()))
                    }
                    extension::SUPPORTED_VERSIONS => vector8(&numbers(&[0xfafa, 0x0303, 0x0304])),
                    _ => Vec::new(),
                };
                (kind, data)
            })
            .collect();
        // Clients that wanted to be ignored with these.
        extensions.insert(0, (0x2a2a, Vec::new()));
        extensions.push((0xdada, vec![0]));
        let mut ciphers = hexadecimal(parts[1]);
        ciphers.insert(0, 0x8a8a);
        let version = if in_order.starts_with("t10") { 0x0301 } else { 0x0303 };
        let hello = client(&Made { version, ciphers, extensions: Some(extensions) }.bytes());
        assert_eq!(hello.ja4().as_str(), *ja4);
        assert_eq!(hello.ja4_r(), *ja4_r);
        assert!(hello.grease);
    }
    assert_eq!(PUBLISHED.len(), 6);
}

/// What the specification says of signature algorithms that are missing, of counts and of versions.
#[test]
fn rules_of_fingerprints() {
    let kinds = hexadecimal("0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01");
    let extensions: Vec<_> = kinds.into_iter().map(|kind| (kind, Vec::new())).collect();
    let made = Made { version: 0x0303, ciphers: vec![0x1301], extensions: Some(extensions) };
    assert!(client(&made.bytes()).ja4().as_str().ends_with("_6d807ffa2a79"));

    // (version, cipher suites, extensions and what is in them) and how the fingerprint begins
    let kind = |kind: u16| (kind, Vec::new());
    let versions = |list: &[u16]| (extension::SUPPORTED_VERSIONS, vector8(&numbers(list)));
    let cases: Vec<(u16, usize, Vec<(u16, Vec<u8>)>, &str)> = vec![
        (0x0303, 0, vec![], "t12i000000_000000000000_000000000000"),
        (0x0300, 5, vec![], "ts3i050000_"),
        (0x0302, 98, vec![], "t11i980000_"),
        (0x0302, 99, vec![], "t11i990000_"),
        (0x0302, 100, vec![], "t11i990000_"),
        (0x0305, 1, vec![], "t00i010000_"),
        (0x0002, 1, vec![], "ts2i010000_"),
        (0xfefd, 1, vec![], "td2i010000_"),
        (0x0303, 1, (1000..1150).map(kind).collect(), "t12i019900_"),
        (0x0303, 1, vec![kind(extension::SERVER_NAME)], "t12d010100_"),
        (0x0303, 1, vec![kind(extension::ALPN)], "t12i010100_"),
        (0x0303, 1, vec![(extension::ALPN, alpn(&[b"h3", b"h2"]))], "t12i0101h3_"),
        (0x0303, 1, vec![(extension::ALPN, alpn(&[b"", b"h2"]))], "t12i010100_"),
        (0x0303, 1, vec![(extension::ALPN, alpn(&[b"\xba\xad"]))], "t12i0101bd_"),
        (0x0303, 1, vec![versions(&[0x0303, 0x3a3a, 0x0302])], "t12i010100_"),
        (0x0303, 1, vec![versions(&[0x0301])], "t10i010100_"),
        (0x0303, 1, vec![versions(&[0x3a3a])], "t00i010100_"),
        (0x0303, 1, vec![versions(&[0x0304, 0x7f1c])], "t00i010100_"),
    ];
    for (version, ciphers, extensions, beginning) in &cases {
        let ciphers = (1..=*ciphers as u16).collect();
        let hello =
            client(&Made { version: *version, ciphers, extensions: Some(extensions.clone()) }.bytes());
        let ja4 = hello.ja4();
        assert!(ja4.as_str().starts_with(beginning), "{ja4} begins with {beginning}");
    }
    assert_eq!(cases.len(), 18);
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
        ("a session id of 33 bytes", with(43, 33)),
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
    assert_eq!(cases.len(), 19);
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
    assert!(matches!(ServerHello::read(b"HTTP/1.1 400 Bad Request\r\n"), Progress::NotTls(_)));
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
