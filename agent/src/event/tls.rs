//! What an event tells of its connection's TLS.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

/// The TLS of a connection; each fact as far as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTls {
    /// The library that the service uses: `OpenSSL 3.0.19`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// The version: `TLS 1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The cipher suite, by its name at IANA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// The host name that the client asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sni: Option<String>,
    /// The protocol that the service chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// What the client offered, where it is not known what the service chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpn_offered: Vec<String>,
    /// The client's fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja4: Option<String>,
}

impl EventTls {
    /// In short, for people: `TLS1.3`; `TLS` where the version was not seen.
    #[must_use]
    pub fn short(&self) -> String {
        self.version.as_ref().map_or_else(|| "TLS".to_owned(), |version| version.replace(' ', ""))
    }
}
