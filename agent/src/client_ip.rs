//! Who the client is, behind proxies.
//!
//! The peer address, as the kernel saw it, is the truth. What a header says counts only if the peer is
//! a trusted proxy, and then from right to left: each proxy appends the address it was called from, so
//! that what stands left of the first untrusted address may be invented by the client.
//!
//! ```text
//! peer 10.0.0.2 (trusted)   X-Forwarded-For: 6.6.6.6, 198.51.100.7, 10.0.0.9
//!                                            invented  the client   trusted
//! ```
#![forbid(unsafe_code)]

mod forwarded;
mod list;

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use ipnet::IpNet;

use crate::{config::canonical, http::Header};

/// The header field in which trusted proxies say whom they serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// A field with a list of addresses, the nearest last: `x-forwarded-for`, or a field with one
    /// address such as `x-real-ip`. The name is in lower case.
    List(String),
}

impl ForwardedHeader {
    /// By the field's name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name.to_ascii_lowercase() {
            name if name == "forwarded" => Self::Forwarded,
            name => Self::List(name),
        }
    }

    /// The field's name, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Forwarded => "forwarded",
            Self::List(name) => name,
        }
    }
}

impl Default for ForwardedHeader {
    fn default() -> Self {
        Self::List("x-forwarded-for".to_owned())
    }
}

/// Finds the client of a request.
#[derive(Clone, Debug, Default)]
pub struct ClientIp {
    trusted: Vec<IpNet>,
    header: ForwardedHeader,
}

impl ClientIp {
    /// With these trusted proxies and the header they set.
    #[must_use]
    pub fn new(trusted: Vec<IpNet>, header: ForwardedHeader) -> Self {
        Self { trusted: trusted.into_iter().map(canonical).collect(), header }
    }

    /// Whether this address is a trusted proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|net| net.contains(&address))
    }

    /// The client of a request that came from `peer` with these header fields, in the order they were
    /// sent. Pass the fields of the head only: trailer fields are the client's own words even behind a
    /// proxy.
    ///
    /// The result is the peer when it is no trusted proxy or the header is absent; otherwise the first
    /// address from the right that is not trusted. An entry that is no address (`unknown`, `_hidden`,
    /// garbage) ends the reading: the last trusted hop is then the client. IPv4-mapped addresses come
    /// out as IPv4.
    #[must_use]
    pub fn resolve(&self, peer: IpAddr, headers: &[Header]) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let name = self.header.name().as_bytes();
        for value in headers.iter().rev().filter(|h| h.name.eq_ignore_ascii_case(name)).map(|h| &h.value) {
            for hop in self.hops(value) {
                let Some(address) = hop else { return client };
                client = address;
                if !self.trusts(client) {
                    return client;
                }
            }
        }
        client
    }

    /// The addresses of one header line from right to left; `None` for an entry that is no address.
    fn hops<'h>(&self, line: &'h Bytes) -> Box<dyn Iterator<Item = Option<IpAddr>> + 'h> {
        nodes(self.header.name(), line)
    }
}

/// The addresses of one line of a forwarding field (its name in small letters) from right to left; `None` for an entry
/// that is no address.
pub(crate) fn nodes<'h>(name: &str, line: &'h Bytes) -> Box<dyn Iterator<Item = Option<IpAddr>> + 'h> {
    match name {
        "forwarded" => Box::new(forwarded::hops(line)),
        _ => Box::new(list::hops(line)),
    }
}

/// An address as proxies write it: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]`,
/// `[2001:db8::7]:4711`, with an IPv6 zone (`%eth0`) left out.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim_ascii();
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
            return None;
        }
        return v6(address);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    match text.parse::<SocketAddr>() {
        Ok(address) => Some(address.ip().to_canonical()),
        // An obfuscated port: `192.0.2.7:_p1` (RFC 7239 section 6.3).
        Err(_) => match text.split_once(':') {
            Some((address, port)) if is_port(port) => address.parse().ok().map(IpAddr::V4),
            _ => v6(text),
        },
    }
}

fn v6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _zone)| address);
    address.parse().ok().map(|address| IpAddr::V6(address).to_canonical())
}

/// Up to five digits, or an obfuscated port (RFC 7239 section 6.3).
fn is_port(port: &str) -> bool {
    match port.strip_prefix('_') {
        Some(rest) => {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        }
        None => (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests;
