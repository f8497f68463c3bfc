//! Cipher suites.

use std::fmt;

use super::cipher_names::NAMES;

/// A cipher suite; shown by its name, such as `TLS_AES_128_GCM_SHA256`, one without as `0x1399`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherSuite(pub u16);

impl CipherSuite {
    /// Its name in IANA's registry "TLS Cipher Suites".
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let at = NAMES.binary_search_by_key(&self.0, |(value, _)| *value).ok()?;
        NAMES.get(at).map(|(_, name)| *name)
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_each_is_there_once() {
        assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
        let mut names: Vec<_> = NAMES.iter().map(|(_, name)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
        assert!(names.iter().all(|name| name.starts_with("TLS_")));
    }

    #[test]
    fn shown_by_name() {
        for (value, shown) in [
            (0x0000, "TLS_NULL_WITH_NULL_NULL"),
            (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
            (0x1302, "TLS_AES_256_GCM_SHA384"),
            (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
            (0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"),
            (0xffff, "0xffff"),
        ] {
            assert_eq!(CipherSuite(value).to_string(), shown);
        }
    }
}
