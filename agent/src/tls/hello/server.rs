//! ServerHello: what a service chose (RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3).

use super::{
    Alert, CipherSuite, Progress, Version, client, extension,
    record::{self, First},
    wire::Wire,
};

/// Type of the message.
const SERVER_HELLO: u8 = 2;
/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of that word (RFC 8446 section 4.1.3).
pub(super) const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a service answers a ClientHello with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its own hello.
    Hello(ServerHello),
    /// A refusal.
    Alert(Alert),
}

/// What a service chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The service's random; a fixed one for a HelloRetryRequest.
    pub random: [u8; 32],
    /// The version of the connection.
    pub version: Version,
    /// The cipher suite of the connection.
    pub cipher_suite: CipherSuite,
    /// The protocol it chose. TLS 1.3 says it encrypted, so that `None` means something up to TLS 1.2 only.
    pub alpn: Option<Box<[u8]>>,
    /// Whether it is a HelloRetryRequest: the client is to send its hello again with another key, with the same
    /// random. Version and cipher suite are final all the same (RFC 8446 section 4.1.4).
    pub retry: bool,
}

impl ServerHello {
    /// Reads what the first bytes of a service, as many as there are, answer to a ClientHello.
    ///
    /// `NotTls` for what is no TLS, a malformed hello, and one that does not end within
    /// [`limits::TLS_HELLO`](crate::limits::TLS_HELLO) bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Progress<Answer> {
        record::first(bytes, SERVER_HELLO).and_then(|first| match first {
            First::Message(body) => Self::of_body(Wire(&body))
                .map_or(Progress::NotTls("a malformed ServerHello"), |hello| {
                    Progress::Done(Answer::Hello(hello))
                }),
            First::Alert(alert) => Progress::Done(Answer::Alert(alert)),
        })
    }

    fn of_body(mut body: Wire<'_>) -> Option<Self> {
        let legacy_version = Version(body.u16()?);
        let random = body.array()?;
        if body.vector8()?.0.len() > 32 {
            return None;
        }
        let cipher_suite = CipherSuite(body.u16()?);
        let _compression = body.u8()?;
        let mut hello =
            Self { random, version: legacy_version, cipher_suite, alpn: None, retry: random == RETRY };
        if body.is_empty() {
            return Some(hello);
        }
        let mut extensions = body.vector16()?;
        if !body.is_empty() {
            return None;
        }
        while !extensions.is_empty() {
            match extensions.extension()? {
                (extension::SUPPORTED_VERSIONS, mut data) => hello.version = Version(data.u16()?),
                (extension::ALPN, data) => hello.alpn = client::protocols(data)?.into_iter().next(),
                _ => {}
            }
        }
        Some(hello)
    }
}
