//! ClientHello: what a client offers (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).

use super::{
    CipherSuite, Ja4, Progress, Version, extension, is_grease,
    record::{self, First},
    wire::Wire,
};
use crate::limits;

/// Type of the message.
const CLIENT_HELLO: u8 = 1;
/// Type of a host name among the names of SNI.
const HOST_NAME: u8 = 0;

/// What a client offers, without the values that are there to be ignored (GREASE, RFC 8701). Of an extension
/// that comes twice, which services refuse, the last one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Drawn anew for each connection; the same in the second hello after a HelloRetryRequest.
    pub random: [u8; 32],
    /// The version field itself, TLS 1.2 for everything since. The records' version says nothing.
    pub legacy_version: Version,
    /// The extension `supported_versions`, in the client's order.
    pub versions: Vec<Version>,
    /// Cipher suites, signalling values too, in the client's order.
    pub cipher_suites: Vec<CipherSuite>,
    /// Types of the extensions, in the client's order.
    pub extensions: Vec<u16>,
    /// The host name the client asks for, in lower case: 1–255 printable characters of ASCII without spaces, or
    /// it is left out. With ECH, the name of the service in front.
    pub sni: Option<Box<str>>,
    /// Names of protocols, as they are, in the client's order.
    pub alpn: Vec<Box<[u8]>>,
    /// Signature algorithms, in the client's order.
    pub signature_algorithms: Vec<u16>,
    /// Groups for the key exchange, in the client's order.
    pub groups: Vec<u16>,
    /// Whether it would go on with a session by its ticket (RFC 5077); TLS 1.3 does it by [`psk`](Self::psk).
    pub ticket: bool,
    /// Whether it offers a pre-shared key: TLS 1.3's way to go on with a session.
    pub psk: bool,
    /// Whether it sends data at once, before the service's answer (0-RTT).
    pub early_data: bool,
    /// Whether it offers ECH (RFC 9849), or pretends to, as browsers do: the two can't be told apart.
    pub ech: bool,
    /// Whether anything was left out because it is there to be ignored.
    pub grease: bool,
}

impl ClientHello {
    /// Reads the hello that the first bytes of a client are, as many as there are. It may span records.
    ///
    /// `NotTls` for what is no TLS, SSLv2's hello, a malformed hello, and one that does not end within
    /// [`limits::TLS_HELLO`] bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Progress<Self> {
        record::first(bytes, CLIENT_HELLO).and_then(|first| match first {
            First::Message(body) => {
                Self::of_body(Wire(&body)).map_or(Progress::NotTls("a malformed ClientHello"), Progress::Done)
            }
            First::Alert(_) => Progress::NotTls("an alert instead of a ClientHello"),
        })
    }

    /// The highest version it takes, by `supported_versions` where that is there.
    #[must_use]
    pub fn highest_version(&self) -> Option<Version> {
        if self.extensions.contains(&extension::SUPPORTED_VERSIONS) {
            self.versions.iter().max().copied()
        } else {
            Some(self.legacy_version)
        }
    }

    /// Its fingerprint.
    #[must_use]
    pub fn ja4(&self) -> Ja4 {
        Ja4::of(self)
    }

    /// The raw form of its fingerprint, `JA4_r`: the lists themselves, where [`ja4`](Self::ja4) has hashes.
    #[must_use]
    pub fn ja4_r(&self) -> String {
        Ja4::raw(self)
    }

    fn of_body(mut body: Wire<'_>) -> Option<Self> {
        let legacy_version = Version(body.u16()?);
        let random = body.array()?;
        let session = body.vector8()?;
        if session.0.len() > 32 {
            return None;
        }
        let mut grease = false;
        let cipher_suites = body.vector16()?.numbers()?;
        let cipher_suites = without_grease(cipher_suites, &mut grease).map(CipherSuite).collect();
        let _compression = body.vector8()?;
        let mut hello = Self {
            random,
            legacy_version,
            versions: Vec::new(),
            cipher_suites,
            extensions: Vec::new(),
            sni: None,
            alpn: Vec::new(),
            signature_algorithms: Vec::new(),
            groups: Vec::new(),
            ticket: false,
            psk: false,
            early_data: false,
            ech: false,
            grease,
        };
        if body.is_empty() {
            // Before TLS 1.2 a hello may end here.
            return Some(hello);
        }
        let mut extensions = body.vector16()?;
        if !body.is_empty() {
            return None;
        }
        while !extensions.is_empty() {
            let (kind, data) = extensions.extension()?;
            if is_grease(kind) {
                hello.grease = true;
            } else {
                hello.extensions.push(kind);
                hello.extension(kind, data);
            }
        }
        Some(hello)
    }

    /// Takes the facts out of an extension. One that is malformed gives none; the others are read all the same.
    fn extension(&mut self, kind: u16, mut data: Wire<'_>) {
        let grease = &mut self.grease;
        match kind {
            extension::SERVER_NAME => self.sni = host_name(data),
            extension::SUPPORTED_GROUPS => self.groups = numbers(data.vector16(), grease),
            extension::SIGNATURE_ALGORITHMS => self.signature_algorithms = numbers(data.vector16(), grease),
            extension::ALPN => self.alpn = protocols(data).unwrap_or_default(),
            extension::SUPPORTED_VERSIONS => {
                self.versions = numbers(data.vector8(), grease).into_iter().map(Version).collect();
            }
            extension::SESSION_TICKET => self.ticket = !data.is_empty(),
            extension::PRE_SHARED_KEY => self.psk = true,
            extension::EARLY_DATA => self.early_data = true,
            extension::ENCRYPTED_CLIENT_HELLO => self.ech = true,
            _ => {}
        }
    }
}

/// The names in an extension ALPN (RFC 7301 section 3.1).
pub(super) fn protocols(mut data: Wire<'_>) -> Option<Vec<Box<[u8]>>> {
    let mut list = data.vector16()?;
    let mut names = Vec::new();
    while !list.is_empty() {
        names.push(list.vector8()?.0.into());
    }
    Some(names)
}

/// The host name in an extension SNI (RFC 6066 section 3).
fn host_name(mut data: Wire<'_>) -> Option<Box<str>> {
    let mut list = data.vector16()?;
    while !list.is_empty() {
        let kind = list.u8()?;
        let name = list.vector16()?.0;
        if kind == HOST_NAME {
            let fits = (1..=limits::TLS_SNI).contains(&name.len());
            let name = std::str::from_utf8(name).ok()?;
            return (fits && name.bytes().all(|b| b.is_ascii_graphic()))
                .then(|| name.to_ascii_lowercase().into());
        }
    }
    None
}

fn numbers(list: Option<Wire<'_>>, grease: &mut bool) -> Vec<u16> {
    list.and_then(Wire::numbers).map_or_else(Vec::new, |list| without_grease(list, grease).collect())
}

fn without_grease(list: impl Iterator<Item = u16>, grease: &mut bool) -> impl Iterator<Item = u16> {
    list.filter(move |&value| {
        *grease |= is_grease(value);
        !is_grease(value)
    })
}
