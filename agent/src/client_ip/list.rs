//! A list of addresses, separated by commas: `X-Forwarded-For` and its kin.
#![forbid(unsafe_code)]

use std::net::IpAddr;

/// The entries of one line from right to left. Empty ones are passed over (RFC 9110 section 5.6.1).
pub(super) fn hops(line: &[u8]) -> impl Iterator<Item = Option<IpAddr>> + '_ {
    line.rsplit(|&b| b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
        .map(|entry| super::node(unquoted(entry)))
}

/// Some proxies quote IPv6 addresses.
fn unquoted(entry: &[u8]) -> &[u8] {
    entry.strip_prefix(b"\"").and_then(|entry| entry.strip_suffix(b"\"")).unwrap_or(entry)
}
