use std::{fs, net::IpAddr, path::PathBuf};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::*;

/// Appends a value in the format's data section (maxmind.github.io/MaxMind-DB: "Data Field Format"): a control byte
/// with type and size, for types above 7 another with the type less 7. Numbers have the type that their name wants.
fn write(value: &Value, out: &mut Vec<u8>) {
    let head = |kind: u8, size: usize, out: &mut Vec<u8>| {
        assert!(size < 29, "short ones only");
        let size = size as u8;
        if kind > 7 { out.extend([size, kind - 7]) } else { out.push(kind << 5 | size) }
    };
    match value {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Array(items) => {
            head(11, items.len(), out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Object(members) => {
            head(7, members.len(), out);
            for (name, value) in members {
                write(&name.as_str().into(), out);
                match (value.as_u64(), name.as_str()) {
                    (None, _) => write(value, out),
                    (Some(number), "build_epoch") => {
                        head(9, 8, out);
                        out.extend(number.to_be_bytes());
                    }
                    (Some(number), "node_count" | "autonomous_system_number" | "geoname_id") => {
                        head(6, 4, out);
                        out.extend((number as u32).to_be_bytes());
                    }
                    (Some(number), _) => {
                        head(5, 2, out);
                        out.extend((number as u16).to_be_bytes());
                    }
                }
            }
        }
        other => panic!("{other} is not written"),
    }
}

/// A database: a binary tree over the bits of IPv6 addresses (IPv4 in `::/96`), whose records of 32 bits lead to the next
/// node, to nothing (the number of nodes), or behind the tree to a value.
fn database(kind: &str, records: &[(&str, Value)]) -> Vec<u8> {
    #[derive(Clone, Copy)]
    enum Leads {
        Nowhere,
        Node(usize),
        Value(usize),
    }
    let (mut nodes, mut data) = (vec![[Leads::Nowhere; 2]], Vec::new());
    for (network, value) in records {
        let network: IpNet = network.parse().unwrap();
        let (bits, length) = match network {
            IpNet::V4(v4) => (u128::from(u32::from(v4.addr())), 96 + v4.prefix_len()),
            IpNet::V6(v6) => (u128::from(v6.addr()), v6.prefix_len()),
        };
        let place = data.len();
        write(value, &mut data);
        let mut node = 0;
        for at in 0..length {
            let side = (bits >> (127 - at) & 1) as usize;
            if at + 1 == length {
                nodes[node][side] = Leads::Value(place);
            } else if let Leads::Node(next) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([Leads::Nowhere; 2]);
                nodes[node][side] = Leads::Node(nodes.len() - 1);
                node = nodes.len() - 1;
            }
        }
    }
    let count = nodes.len();
    let mut bytes = Vec::new();
    for leads in nodes.iter().flatten() {
        let record = match leads {
            Leads::Nowhere => count,
            Leads::Node(node) => *node,
            Leads::Value(place) => count + 16 + place,
        };
        bytes.extend((record as u32).to_be_bytes());
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_795_305_600,
        "database_type": kind, "description": {"en": "a test"}, "ip_version": 6, "languages": ["en"],
        "node_count": count, "record_size": 32,
    });
    write(&metadata, &mut bytes);
    bytes
}

fn saved(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn city() -> Vec<u8> {
    database(
        "Test-City",
        &[
            (
                "203.0.113.0/24",
                json!({"city": {"geoname_id": 5, "names": {"de": "Den Haag", "en": "The Hague"}}, "country": {"iso_code": "nl"}}),
            ),
            ("198.51.100.0/25", json!({"country": {"names": {"en": "Brazil"}, "iso_code": "BR"}})),
            ("2001:db8:7::/48", json!({"country": {"iso_code": "JP"}})),
            (
                "192.0.2.0/28",
                json!({"city": {"names": {"de": "Nirgends"}}, "registered_country": {"iso_code": "US"}}),
            ),
            ("192.0.2.16/28", json!({"country": "Atlantis"})),
        ],
    )
}

fn systems() -> Vec<u8> {
    let system = |number: u32| json!({"autonomous_system_number": number});
    database("Test-ASN", &[("203.0.113.0/25", system(64500)), ("192.0.2.0/24", system(64501))])
}

#[test]
fn places() {
    let folder = tempfile::tempdir().unwrap();
    let config = GeoIp {
        database: Some(saved(&folder, "city.mmdb", &city())),
        asn_database: Some(saved(&folder, "asn.mmdb", &systems())),
    };
    let lookup = Lookup::configured(&config).unwrap().unwrap();
    assert_eq!(lookup.about(), ("Test-City", Some("2026-11-22T00:00:00Z".parse().unwrap())));
    // (address, country, city, autonomous system)
    type Vector<'a> = (&'a str, Option<&'a str>, Option<&'a str>, Option<u32>);
    let vectors: &[Vector<'_>] = &[
        ("203.0.113.7", Some("NL"), Some("The Hague"), Some(64500)),
        ("203.0.113.200", Some("NL"), Some("The Hague"), None),
        ("::ffff:203.0.113.7", Some("NL"), Some("The Hague"), Some(64500)),
        ("198.51.100.127", Some("BR"), None, None),
        ("198.51.100.128", None, None, None),
        ("2001:db8:7::1", Some("JP"), None, None),
        ("2001:db8:8::1", None, None, None),
        ("10.0.0.1", None, None, None),
        ("::1", None, None, None),
        // Nothing in English, and where a network is registered is not where it is.
        ("192.0.2.1", None, None, Some(64501)),
        // A record of another shape.
        ("192.0.2.17", None, None, Some(64501)),
    ];
    for (address, country, city, asn) in vectors {
        let place = Place { country: country.map(Into::into), city: city.map(Into::into), asn: *asn };
        let found = lookup.of(address.parse::<IpAddr>().unwrap());
        assert_eq!(found, (place != Place::default()).then_some(place), "{address}");
    }
    assert_eq!(vectors.len(), 11);
}

/// `tests/data/geo/make.py` wrote it, with a library that has nothing to do with this one.
#[test]
fn a_database_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = include_bytes!("../../../tests/data/geo/places.mmdb");
    let lookup = Lookup::open(&saved(&folder, "places.mmdb", bytes)).unwrap();
    let vectors = [
        ("198.19.250.1", Some("DE"), Some("Bremen")),
        ("::ffff:198.18.3.4", Some("BR"), Some("Recife")),
        ("198.18.200.1", Some("NZ"), None),
        ("2001:db8:19::1", Some("DE"), None),
        ("198.20.0.1", None, None),
    ];
    for (address, country, city) in vectors {
        let place = lookup.of(address.parse::<IpAddr>().unwrap()).unwrap_or_default();
        assert_eq!((place.country.as_deref(), place.city.as_deref()), (country, city), "{address}");
    }
    assert_eq!(vectors.len(), 5);
}

#[test]
fn one_database_or_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Lookup::configured(&GeoIp::default()).unwrap().is_none());
    let asn = GeoIp { asn_database: Some(saved(&folder, "asn.mmdb", &systems())), ..GeoIp::default() };
    let place = Lookup::configured(&asn).unwrap().unwrap().of("192.0.2.1".parse().unwrap()).unwrap();
    assert_eq!(place, Place { asn: Some(64501), ..Place::default() });
    let lookup = Lookup::open(&saved(&folder, "city.mmdb", &city())).unwrap();
    assert_eq!(lookup.of("198.51.100.1".parse().unwrap()).unwrap().country.as_deref(), Some("BR"));
}

#[test]
fn what_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let error = Lookup::open(&folder.path().join("missing.mmdb")).unwrap_err().to_string();
    assert!(error.contains("missing.mmdb: can't read"), "{error}");
    let whole = city();
    let vectors = [b"".as_slice(), b"<html>", &whole[..whole.len() / 2], &whole[..whole.len() - 8]];
    for bytes in vectors {
        let error = Lookup::open(&saved(&folder, "odd.mmdb", bytes)).unwrap_err().to_string();
        assert!(error.contains("odd.mmdb: not a database in MaxMind's format"), "{error}");
    }
    assert_eq!(vectors.len(), 4);
}

proptest::proptest! {
    /// Whatever the bytes are, there is an error or a database that can be asked.
    #[test]
    fn damaged_databases(at in proptest::prelude::any::<proptest::sample::Index>(), byte: u8, address: [u8; 16]) {
        let mut bytes = city();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(places) = Reader::from_source(bytes) {
            let lookup = Lookup { places, systems: None };
            for address in [IpAddr::from(address), "203.0.113.7".parse().unwrap()] {
                let place = lookup.of(address).unwrap_or_default();
                proptest::prop_assert!(place.city.is_none_or(|city| city.chars().count() <= 64));
            }
        }
    }
}
