//! eBPF instructions (RFC 9669), as few as the benchmark's own programs need. These programs give the
//! deny program another source address with every packet: a test run alone repeats one and the same
//! packet, whose entry never leaves the CPU's cache.

use std::os::fd::{AsRawFd, BorrowedFd};

use anyhow::Result;

/// One instruction (RFC 9669 section 3).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    opcode: u8,
    registers: u8,
    offset: i16,
    immediate: i32,
}

/// A frame must be this long: headers up to the source's end.
const FRAME: i32 = 38;

/// From which addresses packets come.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// Where the changing four bytes of the source stand in the frame: 26 for IPv4, 34 for IPv6.
    pub at: usize,
    /// The first of them, as a number.
    pub first: u32,
    /// How many there are.
    pub count: u32,
}

/// What follows once a packet has its source.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// A tail call to the only program of this array.
    TailCall(BorrowedFd<'a>),
    /// Out through the interface with this index.
    Redirect(u32),
}

const R0: u8 = 0;
const R1: u8 = 1;
const R2: u8 = 2;
const R3: u8 = 3;
const R4: u8 = 4;
const R5: u8 = 5;
const R6: u8 = 6;

const ADD: u8 = 0x00;
const MUL: u8 = 0x20;
const AND: u8 = 0x50;
const RSH: u8 = 0x70;
const XOR: u8 = 0xa0;
const MOV: u8 = 0xb0;

const WORD: u8 = 0x00;
const HALF: u8 = 0x08;

const BPF_FUNC_GET_PRANDOM_U32: i32 = 7;
const BPF_FUNC_TAIL_CALL: i32 = 12;
const BPF_FUNC_REDIRECT: i32 = 23;
const XDP_PASS: i32 = 2;

/// Takes one of `sources` at random, writes it into the packet and goes on with `then`. An IPv4 header's
/// checksum stays right: its identification takes up the difference.
///
/// # Errors
///
/// When a number does not fit.
pub fn from_many_sources(sources: Sources, then: Then<'_>) -> Result<Vec<Instruction>> {
    let at = i16::try_from(sources.at)?;
    let mut program = vec![
        register(MOV, R6, R1),
        call(BPF_FUNC_GET_PRANDOM_U32),
        // Of 32 random bits, the share that `count` is of all.
        register(MOV, R5, R0),
        immediate(MUL, R5, i32::try_from(sources.count)?),
        immediate(RSH, R5, 32),
        load(WORD, R2, R6, 0),
        load(WORD, R3, R6, 4),
        register(MOV, R4, R2),
        immediate(ADD, R4, FRAME),
    ];
    let too_short = program.len();
    program.push(jump_if_greater(R4, R3, 0));
    program.extend(wide(R0, 0, u64::from(sources.first)));
    program.push(register(ADD, R5, R0));
    if sources.at == 26 {
        // Identification = ~(upper half + lower half of the source), in ones' complement (RFC 1071).
        program.extend([
            register(MOV, R0, R5),
            immediate(RSH, R0, 16),
            register(MOV, R4, R5),
            immediate(AND, R4, 0xffff),
            register(ADD, R0, R4),
            register(MOV, R4, R0),
            immediate(RSH, R4, 16),
            immediate(AND, R0, 0xffff),
            register(ADD, R0, R4),
            immediate(XOR, R0, 0xffff),
            big_endian(R0, 16),
            store(HALF, R2, 18, R0),
        ]);
    }
    program.extend([big_endian(R5, 32), store(WORD, R2, at, R5)]);
    match then {
        Then::TailCall(array) => {
            program.push(register(MOV, R1, R6));
            // BPF_PSEUDO_MAP_FD: the verifier puts the map's address there.
            program.extend(wide(R2, 1, u64::from(array.as_raw_fd().cast_unsigned())));
            program.extend([immediate(MOV, R3, 0), call(BPF_FUNC_TAIL_CALL)]);
        }
        Then::Redirect(interface) => {
            let interface = i32::try_from(interface)?;
            program.extend([immediate(MOV, R1, interface), immediate(MOV, R2, 0), call(BPF_FUNC_REDIRECT)]);
            program.push(exit());
        }
    }
    let out = program.len();
    if let Some(jump) = program.get_mut(too_short) {
        jump.offset = i16::try_from(out - too_short - 1)?;
    }
    program.extend([immediate(MOV, R0, XDP_PASS), exit()]);
    Ok(program)
}

/// Answers the same for every packet.
pub fn always(answer: u32) -> Vec<Instruction> {
    vec![immediate(MOV, R0, answer.cast_signed()), exit()]
}

const fn new(opcode: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Instruction {
    // Little-endian hosts keep the destination in the lower half.
    let registers = if cfg!(target_endian = "little") { from << 4 | to } else { to << 4 | from };
    Instruction { opcode, registers, offset, immediate }
}

/// 64 bits: `to = to OP from`.
const fn register(operation: u8, to: u8, from: u8) -> Instruction {
    new(operation | 0x0f, to, from, 0, 0)
}

/// 64 bits: `to = to OP value`.
const fn immediate(operation: u8, to: u8, value: i32) -> Instruction {
    new(operation | 0x07, to, 0, 0, value)
}

/// `to = *(from + offset)`.
const fn load(size: u8, to: u8, from: u8, offset: i16) -> Instruction {
    new(0x61 | size, to, from, offset, 0)
}

/// `*(to + offset) = from`.
const fn store(size: u8, to: u8, offset: i16, from: u8) -> Instruction {
    new(0x63 | size, to, from, offset, 0)
}

/// A constant of 64 bits, in two instructions; `kind` 1: a map's file descriptor.
fn wide(to: u8, kind: u8, value: u64) -> [Instruction; 2] {
    [
        new(0x18, to, kind, 0, (value as u32).cast_signed()),
        new(0, 0, 0, 0, ((value >> 32) as u32).cast_signed()),
    ]
}

const fn big_endian(to: u8, bits: i32) -> Instruction {
    new(0xdc, to, 0, 0, bits)
}

const fn jump_if_greater(left: u8, right: u8, offset: i16) -> Instruction {
    new(0x2d, left, right, offset, 0)
}

const fn call(helper: i32) -> Instruction {
    new(0x85, 0, 0, 0, helper)
}

const fn exit() -> Instruction {
    new(0x95, 0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_encoded_as_the_rfc_says() {
        // RFC 9669 sections 4.1 and 5.
        assert_eq!(immediate(MOV, R0, 2), new(0xb7, 0, 0, 0, 2));
        assert_eq!(register(MOV, R6, R1), new(0xbf, 6, 1, 0, 0));
        assert_eq!(load(WORD, R5, R2, 88).opcode, 0x61);
        assert_eq!(store(HALF, R2, 18, R0).opcode, 0x6b);
        assert_eq!(size_of::<Instruction>(), 8);
    }
}
