//! The Cookie header field (RFC 6265 section 4.2.1), as servers read it rather than as it should be.

use super::{Address, Inputs, NodeId};

pub(super) fn read(field: &[u8], inputs: &mut Inputs<'_>) {
    for (name, value) in pairs(field) {
        if inputs.is_full() {
            return;
        }
        match value {
            Some(value) => {
                let node = inputs.named(Address::Cookies, NodeId::ROOT, name);
                inputs.value(Address::Cookies, node, value);
            }
            None => inputs.value(Address::Cookies, NodeId::ROOT, name),
        }
    }
}

/// Names and values, without quotation marks around these; what has no `=` comes as a name only.
pub(crate) fn pairs(field: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    let pairs = field.split(|&byte| byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty());
    pairs.map(|pair| match memchr::memchr(b'=', pair) {
        Some(at) => {
            let value = pair.get(at + 1..).unwrap_or_default();
            let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
            (pair.get(..at).unwrap_or_default(), Some(unquoted.unwrap_or(value)))
        }
        None => (pair, None),
    })
}
