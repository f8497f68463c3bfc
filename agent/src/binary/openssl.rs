//! OpenSSL 1.1 and 3, LibreSSL, BoringSSL and AWS-LC: shared libraries and static code with symbols.
//!
//! Arguments of `SSL_write_ex2` (OpenSSL 3.3) are `(ssl, buf, num, flags, *written)`: the count is the fifth, where it is the
//! fourth of `SSL_write_ex`, hence a program of its own. `SSL_write_ex` is a shell of it there, so both are passed.
//! What `SSL_peek` shows is read again; it is probed only for the ciphertext that is read in it. libssl of all versions reads its ciphertext with `BIO_read`, not
//! `BIO_read_ex` (`ssl3_read_n`, from 3.2 `tls_default_read_n`; BoringSSL's `ssl_buffer.cc`).

use std::borrow::Cow;

use super::{
    code::Routine,
    found::{Found, Runtime, Scope, Unseen},
    image::{Image, Named},
    marks::{self, Marks},
    table::{self, Function},
};

/// Functions of libssl.
pub(super) const FUNCTIONS: &[Function] = &[
    call("SSL_read", "picket_ssl_read", 3),
    call("SSL_read_ex", "picket_ssl_read_ex", 4),
    call("SSL_read_early_data", "picket_ssl_read_ex", 4),
    call("SSL_write", "picket_ssl_write", 3),
    call("SSL_write_ex", "picket_ssl_write_ex", 4),
    call("SSL_write_early_data", "picket_ssl_write_ex", 4),
    call("SSL_write_ex2", "picket_ssl_write_ex2", 5),
    call("SSL_sendfile", "picket_ssl_sendfile", 4),
    peek("SSL_peek"),
    peek("SSL_peek_ex"),
    Function { name: "SSL_free", enter: "picket_ssl_free", leave: None, arguments: 1, scope: Scope::Always },
];

/// Where libssl reads its ciphertext, in libcrypto.
pub(super) const CIPHERTEXT: &[Function] = &[Function {
    name: "BIO_read",
    enter: "picket_bio_read",
    leave: Some("picket_bio_leave"),
    arguments: 3,
    scope: Scope::OlderConnections,
}];

/// Symbols that tell whose code it is.
pub(super) const TELLING: &[&str] = &["SSL_CTX_set_grease_enabled", "tls_config_new", NODE];

/// `node::Start(int, char **)`. Node.js is built without a stack protector, so that nothing before a return is emulated. It never
/// leaves its stack for another one within a call of OpenSSL, which is what return probes do not survive (coroutines).
const NODE: &str = "_ZN4node5StartEiPPc";

/// Says libcrypto's version, wherever libcrypto is.
pub(super) const VERSION: &str = "OpenSSL_version";

const fn call(name: &'static str, enter: &'static str, arguments: u8) -> Function {
    Function { name, enter, leave: Some("picket_ssl_leave"), arguments, scope: Scope::Always }
}

const fn peek(name: &'static str) -> Function {
    let (enter, leave, scope) = ("picket_ssl_peek", Some("picket_ssl_leave"), Scope::OlderConnections);
    Function { name, enter, leave, arguments: 3, scope }
}

pub(super) fn look(image: &Image<'_>, names: &Named, runtimes: &mut Vec<Found>) {
    let node = names.has(NODE);
    let library = table::points(image, names, FUNCTIONS, node);
    let crypto = table::points(image, names, CIPHERTEXT, node);
    if library.is_empty() && crypto.is_empty() {
        return;
    }
    // libssl has no version in it but that of its soname.
    let marks = said(image, names).map_or_else(|| Cow::Borrowed(marks::read(image)), Cow::Owned);
    let reads = library.iter().any(|point| point.program.starts_with("picket_ssl_read"));
    if !library.is_empty() {
        let (runtime, said) = if names.has("SSL_CTX_set_grease_enabled") || names.bssl || marks.boringssl {
            (Runtime::BoringSsl, None)
        } else if marks.libressl.is_some() {
            (Runtime::LibreSsl, marks.libressl.clone())
        } else {
            (Runtime::OpenSsl, marks.openssl.clone())
        };
        let mut found = Found::new(runtime, said.or_else(|| soname_version(image)));
        found.points = library;
        if !reads {
            found.unseen = Some(Unseen {
                why: "the functions that read are not among its symbols: the linker left them out, or symbols were removed",
                advice: "keep the symbol table of the program (no strip, no -s), or terminate TLS in a proxy in front of it",
                partly: true,
            });
        }
        runtimes.push(found);
    }
    if !crypto.is_empty() {
        let said = marks.libressl.clone().or_else(|| marks.openssl.clone());
        let mut found = Found::new(Runtime::LibCrypto, said.or_else(|| soname_version(image)));
        found.points = crypto;
        runtimes.push(found);
    }
}

/// What the function says that tells the version: a few bytes instead of all constants.
fn said(image: &Image<'_>, names: &Named) -> Option<Marks> {
    names.all(VERSION).find_map(|symbol| Routine::read(image, symbol)?.text(image, Marks::of_text))
}

/// `1.1` of `libssl.so.1.1`.
pub(super) fn soname_version(image: &Image<'_>) -> Option<Box<str>> {
    let (_, version) = image.soname()?.split_once(".so.")?;
    (!version.is_empty()).then(|| version.into())
}
