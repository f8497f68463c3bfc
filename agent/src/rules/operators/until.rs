//! `ip_match` and `exact_match` with data: values that count for a time.
//!
//! An end is the last second (since 1970) in which a value counts; 0 is none. A look-up costs a hash for
//! each length of prefix that the networks have, however many they are.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

use crate::rules::inapp::ast::Expiring;

/// Whether what counts until then counts now; seconds since 1970.
const fn counts(until: u64, now: u64) -> bool {
    until == 0 || now <= until
}

/// The later of two ends.
const fn later(one: u64, other: u64) -> u64 {
    match (one, other) {
        (0, _) | (_, 0) => 0,
        _ if one > other => one,
        _ => other,
    }
}

/// Networks, each for a time.
#[derive(Debug)]
pub(in crate::rules) struct NetworksUntil {
    /// By length of prefix: the networks with their ends. IPv4 is mapped into IPv6.
    lengths: Vec<(u128, HashMap<u128, u64>)>,
}

impl NetworksUntil {
    pub fn new(networks: &[Expiring<IpNet>]) -> Self {
        let mut lengths: Vec<(u128, HashMap<u128, u64>)> = Vec::new();
        for Expiring { value, until } in networks {
            let prefix = match value {
                IpNet::V4(v4) => 96 + u32::from(v4.prefix_len()),
                IpNet::V6(v6) => u32::from(v6.prefix_len()),
            };
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            let at = lengths.iter().position(|(known, _)| *known == mask).unwrap_or_else(|| {
                lengths.push((mask, HashMap::new()));
                lengths.len() - 1
            });
            if let Some((_, networks)) = lengths.get_mut(at) {
                let known = networks.entry(number(value.addr()) & mask).or_insert(*until);
                *known = later(*known, *until);
            }
        }
        Self { lengths }
    }

    /// Whether an address is in one of the networks that count now.
    pub fn contains(&self, address: IpAddr, now: u64) -> bool {
        let address = number(address);
        let network =
            |(mask, networks): &(u128, HashMap<u128, u64>)| networks.get(&(address & mask)).copied();
        self.lengths.iter().filter_map(network).any(|until| counts(until, now))
    }

    /// Whether a text is such an address.
    pub fn matches(&self, value: &[u8], now: u64) -> bool {
        // The longest text of an address has 45 bytes.
        let text = if value.len() <= 45 { std::str::from_utf8(value).ok() } else { None };
        text.and_then(|text| text.parse().ok()).is_some_and(|address| self.contains(address, now))
    }
}

fn number(address: IpAddr) -> u128 {
    let v6 = |v4: Ipv4Addr| v4.to_ipv6_mapped();
    u128::from(match address {
        IpAddr::V4(v4) => v6(v4),
        IpAddr::V6(v6) => Ipv6Addr::from(v6.octets()),
    })
}

/// Texts, each for a time.
#[derive(Debug)]
pub(in crate::rules) struct TextsUntil(HashMap<Box<[u8]>, u64>);

impl TextsUntil {
    pub fn new(texts: &[Expiring<String>]) -> Self {
        let mut all: HashMap<Box<[u8]>, u64> = HashMap::with_capacity(texts.len());
        for Expiring { value, until } in texts {
            let known = all.entry(value.as_bytes().into()).or_insert(*until);
            *known = later(*known, *until);
        }
        Self(all)
    }

    /// Texts that count for good.
    pub fn always(texts: &[String]) -> Self {
        Self(texts.iter().map(|text| (text.as_bytes().into(), 0)).collect())
    }

    /// Whether a text, byte for byte, is one that counts now. An empty text never is, as in libddwaf.
    pub fn matches(&self, value: &[u8], now: u64) -> bool {
        !value.is_empty() && self.0.get(value).is_some_and(|&until| counts(until, now))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_count_for_good() {
        let exact = TextsUntil::always(&["TRACE".to_owned(), "ä".to_owned(), String::new()]);
        let vectors: [(&[u8], bool); 7] = [
            (b"TRACE", true),
            ("ä".as_bytes(), true),
            (b"trace", false),
            (b"TRACE ", false),
            (b"TRAC", false),
            (b"\xff", false),
            (b"", false),
        ];
        for (value, expected) in vectors {
            assert_eq!(exact.matches(value, 0), expected, "{}", value.escape_ascii());
        }
    }

    fn until<T>(value: T, until: u64) -> Expiring<T> {
        Expiring { value, until }
    }

    #[test]
    fn networks() {
        let list = [
            ("192.0.2.0/24", 0),
            ("192.0.2.7", 5),
            ("10.0.0.0/8", 100),
            ("10.1.2.3/16", 200),
            ("2001:db8::/32", 100),
            ("2001:db8::1", 50),
            ("198.51.100.1", 100),
            ("198.51.100.1", 20),
        ];
        let parse =
            |text: &str| text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().unwrap()));
        let list: Vec<_> = list.iter().map(|(network, end)| until(parse(network), *end)).collect();
        let networks = NetworksUntil::new(&list);
        let vectors = [
            ("192.0.2.7", 1_000_000, true),
            ("::ffff:192.0.2.7", 1_000_000, true),
            ("192.0.3.7", 0, false),
            ("10.2.0.1", 99, true),
            ("10.2.0.1", 100, true),
            ("10.2.0.1", 101, false),
            ("10.1.0.1", 101, true),
            ("10.1.0.1", 201, false),
            ("2001:db8::1", 60, true),
            ("2001:db8::1", 101, false),
            ("2001:db9::1", 0, false),
            ("198.51.100.1", 50, true),
            ("198.51.100.1", 101, false),
            (" 192.0.2.7", 0, false),
            ("192.0.2.7/32", 0, false),
            ("0192.0.2.7", 0, false),
            ("", 0, false),
        ];
        let mut ran = 0;
        for (address, now, expected) in vectors {
            assert_eq!(networks.matches(address.as_bytes(), now), expected, "{address} at {now}");
            ran += 1;
        }
        assert_eq!(ran, 17);
        assert!(!networks.matches(&[b'1'; 1000], 0) && !networks.matches(b"\xff", 0));
        let all = NetworksUntil::new(&[until("::/0".parse().unwrap(), 0)]);
        assert!(all.matches(b"2001:db8::1", 0) && all.matches(b"192.0.2.1", 0));
    }

    #[test]
    fn texts() {
        let texts = ["mallory", "eve", "eve", ""].iter().zip([0, 10, 20, 0]);
        let texts: Vec<_> = texts.map(|(text, end)| until((*text).to_owned(), end)).collect();
        let texts = TextsUntil::new(&texts);
        let vectors: [(&[u8], u64, bool); 7] = [
            (b"mallory", u64::MAX, true),
            (b"Mallory", 0, false),
            (b"mallor", 0, false),
            (b"eve", 20, true),
            (b"eve", 21, false),
            (b"", 0, false),
            (b"\xff", 0, false),
        ];
        let mut ran = 0;
        for (text, now, expected) in vectors {
            assert_eq!(texts.matches(text, now), expected, "{} at {now}", text.escape_ascii());
            ran += 1;
        }
        assert_eq!(ran, 7);
    }

    proptest! {
        /// The same as asking each network.
        #[test]
        fn networks_one_by_one(
            networks in prop::collection::vec((any::<[u8; 4]>(), 0u8..=32, 0u64..4), 0..12),
            address in any::<[u8; 4]>(),
            now in 0u64..5,
        ) {
            // Few different addresses, so that they meet.
            let near = |bytes: [u8; 4]| IpAddr::from(bytes.map(|byte| byte & 0x81));
            let networks: Vec<_> =
                networks.iter().map(|&(bytes, len, end)| until(IpNet::new(near(bytes), len).unwrap(), end)).collect();
            let address = near(address);
            let expected = networks.iter().any(|n| n.value.contains(&address) && (n.until == 0 || now <= n.until));
            // Ends of one network are put together: the later one counts.
            prop_assert_eq!(NetworksUntil::new(&networks).contains(address, now), expected);
        }
    }
}
