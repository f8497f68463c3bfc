//! The C library: where GnuTLS reads ciphertext from a socket.
//!
//! GnuTLS's own transport calls `recv` and nothing else (`lib/system/sockets.c`, `system_read`; Debian 12's
//! library imports no `recvmsg` or `recvfrom`, and `read` only for files and random numbers).

use super::{
    found::{Found, Runtime, Scope},
    image::{Image, Named},
    table::{self, Function},
};

/// Functions of the C library.
pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "recv",
    enter: "picket_recv",
    leave: Some("picket_recv_leave"),
    arguments: 3,
    scope: Scope::OlderConnections,
}];

/// Sonames of glibc and musl.
const LIBRARIES: &[&str] =
    &["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "ld-musl-x86_64.so.1"];

pub(super) fn look(image: &Image<'_>, names: &Named, runtimes: &mut Vec<Found>) {
    if !image.soname().is_some_and(|soname| LIBRARIES.contains(&soname)) {
        return;
    }
    let points = table::points(image, names, FUNCTIONS, false);
    if points.is_empty() {
        return;
    }
    let mut found = Found::new(Runtime::LibC, None);
    found.points = points;
    runtimes.push(found);
}
