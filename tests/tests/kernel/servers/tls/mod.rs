//! Services that speak TLS themselves, each with the library, and the way of using it, that its row names.
//!
//! All give the same answers, so that one client can tell whether each request reached the service and no other:
//!
//! | request | answer |
//! |---|---|
//! | any method `/id/N` | status [`STATUSES`]`[N % 5]`, body `id N` and a line's end |
//! | POST `/length/N` | 200, `length BYTES`: of the body that was read, with a length or chunked |
//! | GET `/big/BYTES/N` | 200, so many bytes of `0123456789abcdef` over and over |
//! | GET `/chunked/N` | 200, chunked: ten lines, `chunk 0` to `chunk 9` |
//! | GET `/ws/N` | 101, then what comes is sent back (where [`Gives::websocket`]) |

mod apache;
mod built;
mod certificate;
mod haproxy;
mod java;
mod nginx;
mod node;
mod python;

use anyhow::Result;

use super::{Place, Server};
pub use certificate::Certificate;

/// Status codes of `/id/N`: the answer to N has the one at `N % 5`.
pub const STATUSES: [u16; 5] = [200, 201, 404, 410, 502];
/// Sizes that `/big/` is asked for: what is served from files must be there.
pub const BIG: [usize; 2] = [64 << 10, 1 << 20];

/// One service.
pub struct Row {
    /// What the table calls it.
    pub name: &'static str,
    /// How it does TLS.
    pub library: &'static str,
    /// Whether Picket is to see its requests.
    pub seen: bool,
    /// Whether the machines of the kernel matrix have it.
    pub in_matrix: bool,
    /// What becomes of the first request on a connection that is older than the agent.
    pub under_way: UnderWay,
    /// What it can do.
    pub gives: Gives,
    /// Starts it.
    pub start: fn(&Place<'_>, &Certificate) -> Result<Server>,
}

/// What becomes of a read that was under way in the library when its probes were attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnderWay {
    /// There is none, or what it gives is seen.
    Seen,
    /// What it gives is lost, and counted.
    Counted,
    /// What it gives is lost.
    Lost,
}

/// What a service can do beside answering.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gives {
    /// Takes requests that were sent before the answer to the one before has come.
    pub pipelines: bool,
    /// Takes early data (RFC 8446 section 2.3).
    pub early: bool,
    /// Resumes sessions: of TLS 1.2, of TLS 1.3.
    pub resumes: [bool; 2],
    /// Lets the client renegotiate (TLS 1.2).
    pub renegotiates: bool,
    /// Upgrades to WebSocket and sends back what comes.
    pub websocket: bool,
    /// Speaks HTTP/2 with who offers it.
    pub http2: bool,
}

/// No service gives less.
const PLAIN: Gives = Gives {
    pipelines: true,
    early: false,
    resumes: [true; 2],
    renegotiates: false,
    websocket: false,
    http2: false,
};
/// What Go's net/http gives.
const GO: Gives = Gives { websocket: true, http2: true, ..PLAIN };
/// What our C program gives with OpenSSL.
const OPENSSL: Gives = Gives { early: true, renegotiates: true, websocket: true, ..PLAIN };

/// All of them.
pub const ROWS: &[Row] = &[
    Row {
        name: "nginx",
        library: "OpenSSL 3, shared; two workers, non-blocking socket BIO",
        seen: true,
        in_matrix: true,
        under_way: UnderWay::Seen,
        gives: Gives { early: true, http2: true, ..PLAIN },
        start: nginx::start,
    },
    Row {
        name: "apache",
        library: "OpenSSL 3, shared; threads, BIOs of its own",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: PLAIN,
        start: apache::start,
    },
    Row {
        name: "haproxy",
        library: "OpenSSL 3, shared; two threads, a BIO of its own",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: Gives { early: true, http2: true, ..PLAIN },
        start: haproxy::start,
    },
    Row {
        name: "python-http",
        library: "Python ssl: OpenSSL 3, shared; a thread a connection, blocking socket BIO",
        seen: true,
        in_matrix: true,
        under_way: UnderWay::Counted,
        gives: Gives { websocket: true, ..PLAIN },
        start: python::start_http_server,
    },
    Row {
        name: "python-uvicorn",
        library: "Python asyncio: OpenSSL 3, shared; one thread, memory BIO",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: PLAIN,
        start: python::start_uvicorn,
    },
    Row {
        name: "python-tornado",
        library: "Python ssl: OpenSSL 3, shared; one thread, non-blocking socket BIO",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: Gives { websocket: true, ..PLAIN },
        start: python::start_tornado,
    },
    Row {
        name: "node-https",
        library: "Node https: OpenSSL 3 in the executable; one thread, memory BIO",
        seen: true,
        in_matrix: true,
        under_way: UnderWay::Seen,
        gives: Gives { websocket: true, ..PLAIN },
        start: node::start_https,
    },
    Row {
        name: "node-http2",
        library: "Node http2 with allowHTTP1: OpenSSL 3 in the executable; one thread, memory BIO",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: Gives { http2: true, ..PLAIN },
        start: node::start_http2,
    },
    Row {
        name: "boringssl",
        library: "BoringSSL in the executable (boring, hyper); threads, a BIO of its own",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: Gives { websocket: true, http2: true, ..PLAIN },
        start: built::start_boring,
    },
    Row {
        name: "gnutls",
        library: "GnuTLS, shared; a thread a connection",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Lost,
        gives: Gives { websocket: true, ..PLAIN },
        start: built::start_gnutls,
    },
    Row {
        name: "go",
        library: "Go crypto/tls of Debian 12 (1.19): register ABI, with symbols",
        seen: true,
        in_matrix: true,
        under_way: UnderWay::Seen,
        gives: GO,
        start: built::start_go,
    },
    Row {
        name: "go-stripped",
        library: "the same built with -ldflags '-s -w'",
        seen: true,
        in_matrix: true,
        under_way: UnderWay::Seen,
        gives: GO,
        start: built::start_go_stripped,
    },
    Row {
        name: "go-1.15",
        library: "Go crypto/tls of Debian 11: stack ABI",
        seen: true,
        in_matrix: true,
        under_way: UnderWay::Seen,
        gives: GO,
        start: built::start_go_old,
    },
    Row {
        name: "go-1.24",
        library: "Go crypto/tls of Debian 13: register ABI, stripped",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: GO,
        start: built::start_go_new,
    },
    Row {
        name: "rustls",
        library: "rustls (tokio-rustls, axum, hyper), optimised, with symbols; threads",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: Gives { early: true, websocket: true, http2: true, ..PLAIN },
        start: built::start_rustls,
    },
    Row {
        name: "rustls-stripped",
        library: "the same after strip",
        seen: false,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: Gives { early: true, websocket: true, http2: true, ..PLAIN },
        start: built::start_rustls_stripped,
    },
    Row {
        name: "openssl-1.1",
        library: "OpenSSL 1.1.1 of Debian 11, shared; SSL_read, a thread a connection",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Counted,
        gives: OPENSSL,
        start: built::start_openssl_old,
    },
    Row {
        name: "openssl-ex",
        library: "OpenSSL 3, shared; SSL_read_ex, a thread a connection",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Counted,
        gives: OPENSSL,
        start: built::start_openssl_ex,
    },
    Row {
        name: "openssl-peek",
        library: "OpenSSL 3, shared; SSL_peek, then SSL_read of half of it",
        seen: true,
        in_matrix: false,
        under_way: UnderWay::Counted,
        gives: OPENSSL,
        start: built::start_openssl_peek,
    },
    Row {
        name: "java",
        library: "Java JSSE (com.sun.net.httpserver)",
        seen: false,
        in_matrix: false,
        under_way: UnderWay::Seen,
        gives: Gives { pipelines: false, ..PLAIN },
        start: java::start,
    },
];

/// The row of that name.
pub fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}
