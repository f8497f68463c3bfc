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

#[cfg(test)]
mod tests {
    use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

    use super::*;

    /// `call bpf_tail_call`.
    const TAIL_CALL: [u8; 8] = [0x85, 0, 0, 0, 12, 0, 0, 0];

    /// A program that may be preempted must not be given a private stack: see `probe-ebpf/src/preempt.rs`.
    #[test]
    fn programs_at_uprobes_keep_their_tasks_stack() {
        let file = object::File::parse(bytes().unwrap()).unwrap();
        let mut programs = 0;
        for symbol in file.symbols() {
            let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
            let Some(section) = section else { continue };
            let name = section.name().unwrap();
            if !(name.starts_with("uprobe") || name.starts_with("uretprobe")) || symbol.size() == 0 {
                continue;
            }
            let code = section.data_range(symbol.address(), symbol.size()).unwrap().unwrap();
            assert!(
                code.chunks_exact(8).any(|instruction| instruction == TAIL_CALL),
                "{} does not call own_stack",
                symbol.name().unwrap()
            );
            programs += 1;
        }
        assert_eq!(programs, super::super::tls::PROGRAMS.len());
    }
}
