//! The eBPF object, embedded in the binary by `build.rs`.

use super::ProbeError;

/// aya wants the object 8-byte aligned, as an ELF reader casts into it.
#[repr(C, align(32))]
struct Aligned<T: ?Sized>(T);

static OBJECT: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/picket.bpf.o")));

/// The object's bytes.
///
/// # Errors
///
/// When the binary was built without it.
pub fn bytes() -> Result<&'static [u8], ProbeError> {
    if OBJECT.0.is_empty() { Err(ProbeError::NoObject) } else { Ok(&OBJECT.0) }
}
