//! Versions of the protocol.

use std::fmt;

/// A version as it stands in a hello; shown as `TLS 1.3`, an unknown one as `0x7f1c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16);

impl Version {
    /// TLS 1.3 (RFC 8446).
    pub const TLS_1_3: Self = Self(0x0304);
    /// TLS 1.2 (RFC 5246).
    pub const TLS_1_2: Self = Self(0x0303);
    /// TLS 1.1 (RFC 4346).
    pub const TLS_1_1: Self = Self(0x0302);
    /// TLS 1.0 (RFC 2246).
    pub const TLS_1_0: Self = Self(0x0301);
    /// SSL 3.0 (RFC 6101).
    pub const SSL_3_0: Self = Self(0x0300);

    /// Its name, if it is one that was published.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::TLS_1_3 => "TLS 1.3",
            Self::TLS_1_2 => "TLS 1.2",
            Self::TLS_1_1 => "TLS 1.1",
            Self::TLS_1_0 => "TLS 1.0",
            Self::SSL_3_0 => "SSL 3.0",
            _ => return None,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}
