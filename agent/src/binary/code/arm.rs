//! Instructions of AArch64: only jumps and returns are told apart. A point is the entry itself or the return, which the
//! kernel simulates (`arch/arm64/kernel/probes/decode-insn.c`).

use super::{Flow, Instruction, Stretch};

pub(super) fn decode(bytes: &[u8], address: u64) -> Stretch {
    let mut at = address;
    let instructions = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| {
            let flow = flow(u32::from_le_bytes(*bytes), at);
            let emulated = flow == Flow::Return;
            let instruction =
                Instruction { at, flow, writes: 0, emulated, guard: false, grows: false, data: None };
            at = at.wrapping_add(4);
            instruction
        })
        .collect();
    Stretch { instructions, whole: bytes.len().is_multiple_of(4) }
}

/// Arm Architecture Reference Manual, C4.1 "A64 instruction set encoding", branches.
fn flow(word: u32, at: u64) -> Flow {
    let target = |shift: u32, bits: u32| {
        let offset = (word >> shift) << (32 - bits);
        // An arithmetic shift keeps the sign; offsets count instructions.
        at.wrapping_add_signed(i64::from(offset.cast_signed() >> (32 - bits)) * 4)
    };
    match word {
        0xd65f_03c0 | 0xd65f_0bff | 0xd65f_0fff => Flow::Return,
        _ if word & 0xfc00_0000 == 0x1400_0000 => Flow::Jump(target(0, 26)),
        _ if word & 0xfc00_0000 == 0x9400_0000 => Flow::Call(Some(target(0, 26))),
        // b.cond, cbz and cbnz; tbz and tbnz.
        _ if word & 0xff00_0000 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 => {
            Flow::Branch(target(5, 19))
        }
        _ if word & 0x7e00_0000 == 0x3600_0000 => Flow::Branch(target(5, 14)),
        _ if word & 0xffff_fc1f == 0xd63f_0000 => Flow::Call(None),
        // A call in the end of a function goes through x16 or x17, a table through any other register.
        _ if word & 0xffff_fc1f == 0xd61f_0000 => match word >> 5 & 31 {
            16 | 17 => Flow::Away,
            _ => Flow::Switch,
        },
        _ if word & 0xffe0_001f == 0xd420_0000 || word & 0xffff_0000 == 0 => Flow::Trap,
        _ => Flow::Next,
    }
}
