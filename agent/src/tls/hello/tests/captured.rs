//! Hellos of real clients and services, beside what other programs say of them.

use serde::Deserialize;

use super::{super::*, file, files, in_records};

/// A line of `expected.json`, made by `capture.py` with scapy and ja4plus.
#[derive(Deserialize)]
struct Expected {
    name: String,
    client: Client,
    service: Option<Service>,
}

#[derive(Deserialize, PartialEq, Eq, Debug)]
struct Client {
    random: String,
    legacy_version: u16,
    versions: Vec<u16>,
    cipher_suites: Vec<u16>,
    extensions: Vec<u16>,
    sni: Option<String>,
    alpn: Vec<String>,
    signature_algorithms: Vec<u16>,
    groups: Vec<u16>,
    ticket: bool,
    psk: bool,
    early_data: bool,
    ech: bool,
    ja4: String,
    ja4_r: String,
}

#[derive(Deserialize, PartialEq, Eq, Debug)]
#[serde(untagged)]
enum Service {
    Alert { alert: Refusal },
    Hello { version: u16, cipher_suite: u16, alpn: Option<String>, retry: bool },
}

#[derive(Deserialize, PartialEq, Eq, Debug)]
struct Refusal {
    level: u8,
    description: u8,
}

fn client(bytes: &[u8]) -> Client {
    let Progress::Done(hello) = ClientHello::read(bytes) else { panic!("{:?}", ClientHello::read(bytes)) };
    let ja4 = hello.ja4().to_string();
    let ja4_r = hello.ja4_r();
    Client {
        random: hello.random.iter().map(|byte| format!("{byte:02x}")).collect(),
        legacy_version: hello.legacy_version.0,
        versions: hello.versions.iter().map(|version| version.0).collect(),
        cipher_suites: hello.cipher_suites.iter().map(|cipher| cipher.0).collect(),
        extensions: hello.extensions,
        sni: hello.sni.map(Into::into),
        alpn: hello.alpn.iter().map(|name| String::from_utf8_lossy(name).into()).collect(),
        signature_algorithms: hello.signature_algorithms,
        groups: hello.groups,
        ticket: hello.ticket,
        psk: hello.psk,
        early_data: hello.early_data,
        ech: hello.ech,
        ja4,
        ja4_r,
    }
}

fn service(bytes: &[u8]) -> Service {
    match ServerHello::read(bytes) {
        Progress::Done(Answer::Alert(Alert { level, description })) => {
            Service::Alert { alert: Refusal { level, description } }
        }
        Progress::Done(Answer::Hello(hello)) => Service::Hello {
            version: hello.version.0,
            cipher_suite: hello.cipher_suite.0,
            alpn: hello.alpn.map(|name| String::from_utf8_lossy(&name).into()),
            retry: hello.retry,
        },
        other => panic!("{other:?}"),
    }
}

fn expected() -> Vec<Expected> {
    serde_json::from_slice(&file("expected.json")).expect("made by capture.py")
}

#[test]
fn facts_are_those_that_others_read() {
    let expected = expected();
    let mut services = 0;
    for Expected { name, client: offered, service: answered } in &expected {
        assert_eq!(client(&file(&format!("{name}.client"))), *offered, "{name}");
        if let Some(answered) = answered {
            assert_eq!(service(&file(&format!("{name}.service"))), *answered, "{name}");
            services += 1;
        }
    }
    assert_eq!(expected.len(), files(".client").len());
    assert_eq!(services, files(".service").len());
    assert!(expected.len() >= 25 && services >= 25, "{} clients, {services} services", expected.len());
}

/// Fingerprints that others published for the same clients: FoxIO's `ja4plus-mapping.csv`.
#[test]
fn fingerprints_are_those_that_were_published() {
    let cases =
        [("chrome", "t13d1516h2_8daaf6152771_02713d6af862"), ("go", "t13d190900_9dc949149365_97f8aa674fd9")];
    for (name, ja4) in cases {
        let Progress::Done(hello) = ClientHello::read(&file(&format!("{name}.client"))) else {
            panic!("{name}")
        };
        assert_eq!(hello.ja4().as_str(), ja4, "{name}");
    }
}

/// Every prefix that ends before the hello does wants more; from its end on, nothing changes.
#[test]
fn any_cut_gives_the_same() {
    let mut cuts = 0;
    for name in files(".client") {
        let bytes = file(&name);
        // `capture.py` keeps 16 bytes after the hello, if any came.
        let end = 9 + usize::from(u16::from_be_bytes([bytes[7], bytes[8]]));
        let whole = ClientHello::read(&bytes);
        for cut in 0..=bytes.len() {
            let expected = if cut < end { &Progress::NeedMore } else { &whole };
            assert_eq!(ClientHello::read(&bytes[..cut]), *expected, "{name} at {cut}");
            cuts += 1;
        }
    }
    for name in files(".service") {
        let bytes = file(&name);
        let whole = ServerHello::read(&bytes);
        let mut done = false;
        for cut in 0..=bytes.len() {
            let read = ServerHello::read(&bytes[..cut]);
            assert!(read == whole || (!done && read == Progress::NeedMore), "{name} at {cut}: {read:?}");
            done |= read == whole;
            cuts += 1;
        }
        assert!(done, "{name}");
    }
    assert!(cuts > 10_000, "only {cuts} cuts");
}

#[test]
fn any_records_give_the_same() {
    let mut run = 0;
    for name in files(".client") {
        let bytes = file(&name);
        let whole = ClientHello::read(&bytes);
        for len in [1, 2, 3, 4, 5, 7, 100, 500] {
            let records = in_records(&bytes, len);
            assert_eq!(ClientHello::read(&records), whole, "{name} in records of {len}");
            for cut in (0..records.len()).step_by(37) {
                assert_eq!(ClientHello::read(&records[..cut]), Progress::NeedMore, "{name}, {len}, at {cut}");
            }
            run += 1;
        }
    }
    assert!(run >= 8 * 25, "{run}");
}

/// What an event carries stays small for all of them.
#[test]
fn facts_of_an_event() {
    let mut largest = 0;
    for Expected { name, .. } in expected() {
        let Progress::Done(hello) = ClientHello::read(&file(&format!("{name}.client"))) else {
            panic!("{name}")
        };
        let mut facts = TlsFacts::offered(&hello);
        assert_eq!(facts.version, None);
        assert_eq!(facts.alpn_offered.len() + usize::from(facts.alpn_more), hello.alpn.len());
        let Progress::Done(answer) = ServerHello::read(&file(&format!("{name}.service"))) else {
            panic!("{name}")
        };
        if let Answer::Hello(answer) = answer {
            facts.answered(&answer);
            assert!(facts.version.is_some_and(|version| version.name().is_some()), "{name}");
            assert!(facts.cipher.is_some_and(|cipher| cipher.name().is_some()), "{name}");
        }
        largest = largest.max(facts.memory());
    }
    assert!((1..200).contains(&largest), "{largest} bytes");
    assert!(size_of::<TlsFacts>() <= 128, "{} bytes", size_of::<TlsFacts>());
}
