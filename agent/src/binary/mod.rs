//! Which TLS code is in an ELF file, and where to probe it.
//!
//! Pure code over the bytes of a file: nothing is run, attached or remembered. The data's way:
//!
//! ```text
//! store (reads where it is looked) ─> image (headers, symbols, frames) ─> runtimes (openssl, go, rustls, …) ─> points
//!                                                                              └─ code: where a function is entered and left
//! ```
//!
//! A point is a place in the file where a uprobe goes, with the name of the eBPF program that runs there. There are no
//! return probes but where nothing else is possible ([`Cost::Return`]): a function has a point where it is entered and one
//! before each way out. Both are looked for by disassembly ([`code`]), because of what they cost: the kernel emulates a few
//! instructions and steps over all others one by one, which takes several times as long.
//!
//! What the programs may rely on:
//! - *At an enter point* the argument registers that the program reads (see the tables of `openssl` and `gnutls`) are as at
//!   the function's entry. The stack pointer may not be. It fires once a call, but may fire again for the same call with the
//!   same arguments: a Go function whose stack had to grow starts over, and a library function may be a shell that calls
//!   another one with points of its own (`SSL_read_early_data` calls `SSL_read_ex`). So the last enter is the one that counts.
//! - *At a leave point* `rax` (`x0`) holds the value that is returned, and nothing else is promised. It fires once for an
//!   enter, and may fire without one: when the call began before the point was there, for a shell that is left after what it
//!   called, or because code that the function ends in (a tail call) is shared with functions without points. A leave without
//!   an enter is nothing.

#![forbid(unsafe_code)]

mod code;
mod found;
mod gnutls;
mod go;
mod image;
mod libc;
mod marks;
mod openssl;
mod rustls;
mod search;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod unseen;

pub use found::{Cost, Found, Inspection, Place, Point, Runtime, Scope, Unseen};
pub use image::Error;
pub use store::Source;

use image::Image;
use store::Store;

/// Looks for TLS code in the bytes of an ELF file: [`inspect_source`].
///
/// # Errors
/// As there.
pub fn inspect(file: &[u8]) -> Result<Inspection, Error> {
    inspect_source(&file)
}

/// Looks for TLS code in an ELF file, of which it reads what it needs.
///
/// A file without any is no error: its [`Inspection::runtimes`] is empty, and that takes microseconds. Time and memory are
/// linear in the file and bounded by the caps of [`crate::limits`] whatever its bytes are.
///
/// # Errors
/// The file is not ELF, not 64-bit little-endian, for another processor than x86-64 and AArch64, or its headers contradict
/// its length. [`Error::Unread`], [`Error::TooMuch`]: it was not read as far as needed, and nothing is known of it.
pub fn inspect_source(file: &dyn Source) -> Result<Inspection, Error> {
    let store = Store::new(file)?;
    let inspection = Image::parse(&store).map(look);
    // What was lost may be what was looked for.
    store.lost().map_or(inspection, Err)
}

fn look(image: Image<'_>) -> Inspection {
    let names = image.named();
    let mut runtimes = Vec::new();
    openssl::look(&image, &names, &mut runtimes);
    gnutls::look(&image, &names, &mut runtimes);
    go::look(&image, &mut runtimes);
    rustls::look(&image, &names, &mut runtimes);
    libc::look(&image, &names, &mut runtimes);
    unseen::look(&image, &names, &mut runtimes);
    marks::look(&image, &mut runtimes);
    Inspection {
        interpreter: image.interpreter().map(Into::into),
        static_linked: image.is_static(),
        build_id: image.build_id().map(Into::into),
        runtimes,
    }
}
