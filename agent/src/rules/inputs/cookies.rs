//! The Cookie header field (RFC 6265 section 4.2.1), as servers read it rather than as it should be.

use super::{Address, Inputs, NodeId};

pub(super) fn read(field: &[u8], inputs: &mut Inputs<'_>) {
    for pair in field.split(|&byte| byte == b';') {
        let pair = pair.trim_ascii();
        if pair.is_empty() {
            continue;
        }
        if inputs.is_full() {
            return;
        }
        match memchr::memchr(b'=', pair) {
            Some(at) => {
                let name = pair.get(..at).unwrap_or_default();
                let value = pair.get(at + 1..).unwrap_or_default();
                let unquoted = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\""));
                let node = inputs.named(Address::Cookies, NodeId::ROOT, name);
                inputs.value(Address::Cookies, node, unquoted.unwrap_or(value));
            }
            None => inputs.value(Address::Cookies, NodeId::ROOT, pair),
        }
    }
}
