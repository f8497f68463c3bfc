//! hello: the cleartext beginning of a TLS connection, read from bytes in order.
//!
//! ```text
//!  client ── record(s) 22 ── ClientHello ──> service      random, SNI, ALPN, what it offers: JA4
//!  client <── record(s) 22 ── ServerHello ── service      version and cipher suite that were chosen
//!         <── record 21 ───── alert ────────              or why there is no connection
//! ```
//!
//! A caller hands over the first bytes of a direction, as many as it has, from the first on, and comes again
//! with more when it is told [`Progress::NeedMore`]. Both readers are pure functions of these bytes: how they
//! were cut into segments makes no difference, and once the answer is another than `NeedMore`, more bytes don't
//! change it. At most [`limits::TLS_HELLO`](crate::limits::TLS_HELLO) bytes (16 KiB, records' headers
//! included) are looked at; the largest hellos seen in the wild, with post-quantum keys, have 2 KiB.
//!
//! Nothing is allocated before a hello is complete, and then its message is copied only if it spans records.
#![forbid(unsafe_code)]

mod alert;
mod cipher;
mod cipher_names;
mod client;
mod facts;
mod ja4;
mod record;
mod server;
mod version;
mod wire;

#[cfg(test)]
mod tests;

pub use alert::Alert;
pub use cipher::CipherSuite;
pub use client::ClientHello;
pub use facts::TlsFacts;
pub use ja4::Ja4;
pub use server::{Answer, ServerHello};
pub use version::Version;

/// What the first bytes of a direction are so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// The beginning of a hello, but not all of it.
    NeedMore,
    /// All of it.
    Done(T),
    /// No hello that can be read, and none with more bytes. Says why, for logs.
    NotTls(&'static str),
}

impl<T> Progress<T> {
    /// Goes on with what is complete.
    fn and_then<U>(self, next: impl FnOnce(T) -> Progress<U>) -> Progress<U> {
        match self {
            Self::NeedMore => Progress::NeedMore,
            Self::Done(done) => next(done),
            Self::NotTls(why) => Progress::NotTls(why),
        }
    }
}

/// Whether a value of cipher suites, extensions, groups, signature algorithms or versions is one of those that
/// clients send to be ignored (RFC 8701): 0x0a0a, 0x1a1a … 0xfafa.
fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Extensions that are read (IANA, "TLS ExtensionType Values").
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const SESSION_TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const EARLY_DATA: u16 = 42;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}
