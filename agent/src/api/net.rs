//! Addresses and networks as people write them.

use std::net::IpAddr;

use ipnet::IpNet;

/// Text that is not an address or network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Not an address at all.
    #[error(
        "{0:?} is not an IP address or network: expected something like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48"
    )]
    NotAnAddress(String),
    /// The part behind the slash.
    #[error("{prefix:?} in {text:?} is not a prefix length: expected a number from 0 to {most}")]
    Prefix {
        /// The whole text.
        text: String,
        /// The part behind the slash.
        prefix: String,
        /// 32 or 128.
        most: u8,
    },
    /// `10.0.0.1/8`: an address or its network?
    #[error(
        "{text:?} has bits set behind its prefix: write {network} for the network, or {address} for the one address"
    )]
    HostBits {
        /// The whole text.
        text: String,
        /// The network it is in.
        network: IpNet,
        /// The address alone.
        address: IpAddr,
    },
}

/// Reads `ADDR` or `ADDR/PREFIX`. An IPv4-mapped IPv6 address comes out as IPv4, a single address as
/// a network with full prefix.
///
/// # Errors
///
/// Says what was expected.
pub fn parse(text: &str) -> Result<IpNet, NetError> {
    let text = text.trim();
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let written: IpAddr = address.parse().map_err(|_| NetError::NotAnAddress(text.to_owned()))?;
    let address = written.to_canonical();
    // ::ffff:192.0.2.0/120 is 192.0.2.0/24.
    let mapped = if written.is_ipv6() && address.is_ipv4() { 96 } else { 0 };
    let most = if written.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => most - mapped,
        Some(prefix) => {
            let wrong = || NetError::Prefix { text: text.to_owned(), prefix: prefix.to_owned(), most };
            if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
            prefix.checked_sub(mapped).filter(|_| prefix <= most).ok_or_else(wrong)?
        }
    };
    let net = IpNet::new(address, prefix).map_err(|_| NetError::NotAnAddress(text.to_owned()))?;
    if net.trunc() != net {
        return Err(NetError::HostBits { text: text.to_owned(), network: net.trunc(), address });
    }
    Ok(net)
}

/// Writes a network as people do: a single address without its prefix.
#[must_use]
pub fn display(net: &IpNet) -> String {
    crate::config::network_text(*net)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, expected) in [
            ("203.0.113.7", "203.0.113.7/32"),
            (" 203.0.113.7 ", "203.0.113.7/32"),
            ("203.0.113.0/24", "203.0.113.0/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(parse(text), Ok(expected.parse().expect("network")), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("", "expected something like"),
            ("example.org", "expected something like"),
            ("203.0.113", "expected something like"),
            ("203.0.113.7:80", "expected something like"),
            ("203.0.113.7/33", "from 0 to 32"),
            ("203.0.113.7/", "from 0 to 32"),
            ("203.0.113.7/-1", "from 0 to 32"),
            ("203.0.113.7/+8", "from 0 to 32"),
            ("2001:db8::/129", "from 0 to 128"),
            ("::ffff:192.0.2.0/64", "from 0 to 128"),
            ("10.1.2.3/8", "write 10.0.0.0/8 for the network, or 10.1.2.3 for the one address"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn single_addresses_are_written_without_a_prefix() {
        for text in ["203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32"] {
            assert_eq!(display(&parse(text).expect(text)), text);
        }
    }
}
