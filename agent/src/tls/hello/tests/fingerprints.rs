//! Fingerprints: those that were published, and each rule of the specification.

use super::{
    super::*,
    made::{Extensions, Made, alpn, client, numbers, sni, vector8, vector16},
};

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
    let cases: Vec<(u16, usize, Extensions, &str)> = vec![
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
