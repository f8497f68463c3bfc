//! What is told of a connection's TLS.

use std::mem;

use super::{CipherSuite, ClientHello, Ja4, ServerHello, Version};
use crate::limits;

/// What an event tells of its connection's TLS. There is one a connection, so it is small.
///
/// Names of protocols are texts: bytes that are not printable ASCII are escaped (`\x0a`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// Which library gives out the plaintext: `OpenSSL 3.0.19`. No hello says it.
    pub library: Option<Box<str>>,
    /// The version that the service chose.
    pub version: Option<Version>,
    /// The cipher suite that the service chose.
    pub cipher: Option<CipherSuite>,
    /// The host name that the client asked for, in lower case.
    pub sni: Option<Box<str>>,
    /// The protocols that the client offered, the first [`limits::TLS_ALPN_OFFERED`] of them, each cut at
    /// [`limits::TLS_ALPN_NAME`] characters.
    pub alpn_offered: Vec<Box<str>>,
    /// How many more it offered.
    pub alpn_more: u16,
    /// The protocol that the service chose.
    pub alpn: Option<Box<str>>,
    /// The client's fingerprint.
    pub ja4: Option<Ja4>,
}

impl TlsFacts {
    /// What a client says.
    #[must_use]
    pub fn offered(hello: &ClientHello) -> Self {
        let alpn_offered: Vec<_> =
            hello.alpn.iter().take(limits::TLS_ALPN_OFFERED).map(|name| text(name)).collect();
        // A hello of 16 KiB has at most so many names.
        let more = hello.alpn.len() - alpn_offered.len();
        Self {
            sni: hello.sni.clone(),
            alpn_more: more.try_into().unwrap_or(u16::MAX),
            alpn_offered,
            ja4: Some(hello.ja4()),
            ..Self::default()
        }
    }

    /// What the service answers. In TLS 1.3 it says encrypted which protocol it chose: then
    /// [`alpn`](Self::alpn) stays what it was.
    pub fn answered(&mut self, hello: &ServerHello) {
        self.version = Some(hello.version);
        self.cipher = Some(hello.cipher_suite);
        if let Some(alpn) = &hello.alpn {
            self.alpn = Some(text(alpn));
        }
    }

    /// The protocol that the service chose, where it is known or follows from what it spoke: TLS 1.3 says it
    /// encrypted, but a service that speaks HTTP/1.x with a client that offered it has chosen that, or nothing.
    #[must_use]
    pub fn alpn_spoken(&self, minor: u8) -> Option<&str> {
        let spoken = if minor == 0 { "http/1.0" } else { "http/1.1" };
        let offered = || self.alpn_offered.iter().map(AsRef::as_ref).find(|name| *name == spoken);
        self.alpn.as_deref().or_else(offered)
    }

    /// Memory it holds, bytes, itself included.
    #[must_use]
    pub fn memory(&self) -> usize {
        let texts = self.sni.iter().chain(&self.library).chain(&self.alpn).chain(&self.alpn_offered);
        mem::size_of::<Self>()
            + self.alpn_offered.capacity() * mem::size_of::<Box<str>>()
            + texts.map(|text| text.len()).sum::<usize>()
    }
}

/// A protocol's name as text.
fn text(name: &[u8]) -> Box<str> {
    let escaped = name.iter().flat_map(|byte| std::ascii::escape_default(*byte));
    escaped.take(limits::TLS_ALPN_NAME).map(char::from).collect::<String>().into()
}
