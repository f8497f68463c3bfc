//! Instructions of x86-64.

use std::collections::HashMap;

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, InstructionInfoFactory, OpAccess, OpKind, Register,
};

use super::{Arguments, Flow, Instruction, Registers, Stretch};

/// rax, rsp and r14; what Go's functions give that Picket probes: three words of a slice, a number, an error.
const RESULT: u32 = 0;
const STACK: u32 = 4;
/// The set of rsp alone.
pub(super) const STACK_POINTER: Registers = 1 << STACK;
const GOROUTINE: u32 = 14;
const GO_RESULTS: usize = 5;
/// Registers of arguments in C (System V ABI): rdi, rsi, rdx, rcx, r8, r9.
const C: [u32; 6] = [7, 6, 2, 1, 8, 9];
/// Go since 1.17 (`abi-internal.md`): rax, rbx, rcx, rdi, rsi, r8–r11; r14 is the goroutine, rsp the stack.
const GO: [u32; 11] = [0, 3, 1, 7, 6, 8, 9, 10, 11, GOROUTINE, STACK];
/// How far before a jump its table is read.
const TABLE: usize = 6;

pub(super) fn registers(arguments: Arguments) -> Registers {
    match arguments {
        Arguments::C(count) => C.iter().take(count.into()).fold(0, |set, number| set | 1 << number),
        Arguments::Go => GO.iter().fold(0, |set, number| set | 1 << number),
        Arguments::GoStack => 1 << STACK,
    }
}

/// Registers that a program reads where such a function is left.
pub(super) fn result(arguments: Arguments) -> Registers {
    match arguments {
        Arguments::C(_) => 1 << RESULT,
        Arguments::Go => GO.iter().take(GO_RESULTS).fold(1 << GOROUTINE, |set, number| set | 1 << number),
        Arguments::GoStack => 1 << STACK,
    }
}

pub(super) fn decode(bytes: &[u8], address: u64) -> Stretch {
    let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
    let mut uses = InstructionInfoFactory::new();
    let mut instructions = Vec::with_capacity(bytes.len() / 4);
    let mut table_read = None;
    while decoder.can_decode() {
        let start = decoder.position();
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return Stretch { instructions, whole: false };
        }
        let indexed = instruction.memory_index() != Register::None && instruction.memory_index_scale() >= 4;
        let flow = match instruction.flow_control() {
            FlowControl::UnconditionalBranch => Flow::Jump(instruction.near_branch_target()),
            FlowControl::ConditionalBranch => Flow::Branch(instruction.near_branch_target()),
            FlowControl::IndirectBranch => {
                let near = |read: usize| instructions.len() - read <= TABLE;
                if indexed || table_read.is_some_and(near) { Flow::Switch } else { Flow::Away }
            }
            FlowControl::Return => Flow::Return,
            FlowControl::Call if instruction.op0_kind() == OpKind::NearBranch64 => {
                Flow::Call(Some(instruction.near_branch_target()))
            }
            FlowControl::Call | FlowControl::IndirectCall => Flow::Call(None),
            FlowControl::Interrupt | FlowControl::Exception => Flow::Trap,
            FlowControl::Next | FlowControl::XbeginXabortXend => Flow::Next,
        };
        if indexed {
            table_read = Some(instructions.len());
        }
        let mut writes = 0;
        for used in uses.info(&instruction).used_registers() {
            let written = !matches!(
                used.access(),
                OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess
            );
            if written && used.register().is_gpr() {
                writes |= 1 << used.register().full_register().number();
            }
        }
        if matches!(flow, Flow::Call(_)) {
            writes = Registers::MAX;
        }
        instructions.push(Instruction {
            at: instruction.ip(),
            flow,
            writes,
            emulated: is_emulated(bytes.get(start..decoder.position()).unwrap_or_default()),
            guard: instruction.memory_segment() == Register::FS
                && instruction.memory_displacement64() == 0x28,
            grows: matches!(instruction.code(), Code::Jbe_rel8_64 | Code::Jbe_rel32_64),
            data: data(&instruction),
        });
    }
    Stretch { instructions, whole: true }
}

/// `lea text(%rip)`, or `mov $text` in a program that is not moved.
fn data(instruction: &iced_x86::Instruction) -> Option<u64> {
    match instruction.code() {
        Code::Mov_r32_imm32 => Some(instruction.immediate32().into()),
        _ => instruction.is_ip_rel_memory_operand().then(|| instruction.ip_rel_memory_address()),
    }
}

/// What the kernel emulates; it does with a few prefixes too, which compilers don't write.
fn is_emulated(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x50..=0x57]
            | [0x41, 0x50..=0x57]
            | [0x70..=0x7f | 0xeb, _]
            | [0x0f, 0x80..=0x8f, _, _, _, _]
            | [0xe8 | 0xe9, _, _, _, _]
            | [0x90]
            | [0x66, 0x90]
    )
}

/// Bytes in which a stub is.
pub(super) const STUB: u64 = 16;

/// The slot of the global offset table that a stub of the procedure linkage table jumps through:
/// `[endbr64] [bnd] jmp *slot(%rip)`.
pub(super) fn stub(bytes: &[u8], address: u64) -> Option<u64> {
    let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
    for _ in 0..2 {
        let instruction = decoder.decode();
        match instruction.flow_control() {
            FlowControl::IndirectBranch if instruction.is_ip_rel_memory_operand() => {
                return Some(instruction.ip_rel_memory_address());
            }
            FlowControl::Next if instruction.code() == Code::Endbr64 => {}
            _ => return None,
        }
    }
    None
}

/// The offset of a boxed trait object in the struct that the function's first argument points to, from the first call of a
/// method of one: `mov o(base),self; mov o+8(base),table; call *method(table)`, with self in rdi, or rsi if the result is
/// returned through rdi.
pub(super) fn boxed(bytes: &[u8], address: u64) -> Option<u32> {
    let mut loads: HashMap<Register, (Register, u64)> = HashMap::new();
    // Copies of the first argument.
    let mut bases = vec![Register::RDI];
    for instruction in &mut Decoder::with_ip(64, bytes, address, DecoderOptions::NONE) {
        let (to, base, offset) =
            (instruction.op0_register(), instruction.memory_base(), instruction.memory_displacement64());
        match instruction.code() {
            Code::Mov_r64_rm64 | Code::Mov_rm64_r64 if instruction.op0_kind() == OpKind::Register => {
                loads.remove(&to);
                if instruction.op1_kind() == OpKind::Memory && instruction.memory_index() == Register::None {
                    loads.insert(to, (base, offset));
                } else if instruction.op1_kind() == OpKind::Register
                    && bases.contains(&instruction.op1_register())
                {
                    bases.push(to);
                }
            }
            _ if instruction.flow_control() == FlowControl::IndirectCall => {
                let table = loads.get(&base).copied();
                let this =
                    [Register::RSI, Register::RDI].into_iter().filter_map(|this| loads.get(&this).copied());
                if let Some((from, table)) = table
                    && bases.contains(&from)
                    && this
                        .into_iter()
                        .any(|(other, this)| other == from && Some(this) == table.checked_sub(8))
                {
                    return u32::try_from(table - 8).ok();
                }
                loads.clear();
            }
            _ if instruction.flow_control() == FlowControl::Call => loads.clear(),
            _ => _ = loads.remove(&to.full_register()),
        }
    }
    None
}
