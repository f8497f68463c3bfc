//! What an inspection tells.

use std::fmt;

/// What a file is to Picket's TLS probes. A file may be several things: a Go program with cgo may have OpenSSL in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runtime {
    /// OpenSSL's libssl, shared or linked statically.
    OpenSsl,
    /// BoringSSL or AWS-LC: OpenSSL's functions, other objects.
    BoringSsl,
    /// LibreSSL: OpenSSL's functions, other objects.
    LibreSsl,
    /// libcrypto of one of these: where the ciphertext passes (`BIO_read`).
    LibCrypto,
    /// GnuTLS.
    GnuTls,
    /// The C library, through which GnuTLS reads its ciphertext.
    LibC,
    /// A Go program.
    Go,
    /// rustls in a Rust program or library.
    Rustls,
    /// The Java virtual machine (JSSE), or a native image of GraalVM.
    Java,
    /// Erlang's virtual machine.
    Erlang,
    /// Mozilla's NSS.
    Nss,
    /// Mbed TLS.
    MbedTls,
    /// wolfSSL.
    WolfSsl,
    /// Amazon's s2n-tls.
    S2n,
}

impl Runtime {
    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "OpenSSL",
            Self::BoringSsl => "BoringSSL",
            Self::LibreSsl => "LibreSSL",
            Self::LibCrypto => "libcrypto",
            Self::GnuTls => "GnuTLS",
            Self::LibC => "libc",
            Self::Go => "Go",
            Self::Rustls => "rustls",
            Self::Java => "Java",
            Self::Erlang => "Erlang",
            Self::Nss => "NSS",
            Self::MbedTls => "Mbed TLS",
            Self::WolfSsl => "wolfSSL",
            Self::S2n => "s2n-tls",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// TLS code in it, and the code that TLS libraries read through.
    pub runtimes: Vec<Found>,
    /// The dynamic linker it asks for: an executable that loads libraries.
    pub interpreter: Option<Box<str>>,
    /// It loads no libraries.
    pub static_linked: bool,
    /// The linker's id of this build (`NT_GNU_BUILD_ID`).
    pub build_id: Option<Box<[u8]>>,
}

/// One runtime in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub runtime: Runtime,
    /// Its version as the file says it; for a shared library at least the one in its soname.
    pub version: Option<Box<str>>,
    /// Where to probe it.
    pub points: Vec<Point>,
    /// rustls only: where, from its `CommonState`, the pointer is that says which connection it is.
    pub object: Option<u32>,
    /// Plaintext of it that can't be seen, and what a user can do.
    pub unseen: Option<Unseen>,
}

impl Found {
    pub(super) fn new(runtime: Runtime, version: Option<Box<str>>) -> Self {
        Self { runtime, version, points: Vec::new(), object: None, unseen: None }
    }
}

/// Why plaintext can't be seen, in words for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Why.
    pub why: &'static str,
    /// What a user can do.
    pub advice: &'static str,
    /// It is only a part: what the points see is seen.
    pub partly: bool,
}

/// Where a uprobe goes and what runs there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Name of the eBPF program.
    pub program: &'static str,
    /// Offset in the file, as `perf_event_open` wants it (not the address).
    pub offset: u64,
    /// The function it is for.
    pub symbol: Box<str>,
    /// Enter or leave.
    pub place: Place,
    /// What it costs.
    pub cost: Cost,
    /// When it has to be there.
    pub scope: Scope,
}

/// On which side of a call a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The arguments are there.
    Enter,
    /// The result is there.
    Leave,
}

/// What a point costs each time it is passed. Figures are in `docs/tls.md`: a virtual machine and bare metal differ widely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// The kernel emulates the instruction: one trap.
    Emulated,
    /// The kernel steps over the instruction: two traps.
    Stepped,
    /// To be attached as a *return probe* at `offset`, where the function is entered: a way out of it is a jump that can't be
    /// followed, or it is cheaper and known to do no harm. Never in Go.
    Return,
}

/// When a point has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// As long as the file is mapped.
    Always,
    /// Only while connections that are older than the agent wait to be tied to their TLS object.
    OlderConnections,
}
