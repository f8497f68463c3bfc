//! GnuTLS 3: a shared library, hardly ever linked statically.
//!
//! `gnutls_record_send` is a jump to `gnutls_record_send2` and gets no points where it is. `gnutls_record_recv` ends in a
//! function without a name that also reads for the handshake, so its leave points are passed without an enter too.
//! `gnutls_record_send_range` has `(session, data, size, range)`: the first three are those of the others.

use super::{
    code,
    found::{Found, Runtime, Scope, Unseen},
    image::{Image, Named},
    openssl::soname_version,
    table::{self, Function},
};

/// Functions of GnuTLS.
pub(super) const FUNCTIONS: &[Function] = &[
    recv("gnutls_record_recv"),
    recv("gnutls_record_recv_seq"),
    recv("gnutls_record_recv_early_data"),
    send("gnutls_record_send"),
    send("gnutls_record_send2"),
    send("gnutls_record_send_range"),
    send("gnutls_record_send_early_data"),
    Function {
        name: "gnutls_deinit",
        enter: "picket_gnutls_free",
        leave: None,
        arguments: 1,
        scope: Scope::Always,
    },
];

/// Says its version.
pub(super) const VERSION: &str = "gnutls_check_version";

const fn recv(name: &'static str) -> Function {
    let leave = Some("picket_gnutls_leave");
    Function { name, enter: "picket_gnutls_recv", leave, arguments: 3, scope: Scope::Always }
}

const fn send(name: &'static str) -> Function {
    let leave = Some("picket_gnutls_leave");
    Function { name, enter: "picket_gnutls_send", leave, arguments: 3, scope: Scope::Always }
}

pub(super) fn look(image: &Image<'_>, names: &Named, runtimes: &mut Vec<Found>) {
    let points = table::points(image, names, FUNCTIONS, false);
    if points.is_empty() {
        return;
    }
    let version = names
        .all(VERSION)
        .find_map(|symbol| code::Routine::read(image, symbol)?.text(image, version_of))
        .or_else(|| soname_version(image));
    let mut found = Found::new(Runtime::GnuTls, version);
    found.points = points;
    found.unseen = Some(Unseen {
        why: "what a program reads with gnutls_record_recv_packet stays in the library's own buffers",
        advice: "nothing, if the program reads with gnutls_record_recv as nearly all do",
        partly: true,
    });
    runtimes.push(found);
}

/// Such as `3.7.9`.
fn version_of(text: &str) -> Option<Box<str>> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (text.split('.').count() == 3 && text.split('.').all(number)).then(|| text.into())
}
