//! A function to be probed, of which we know each instruction: what a probe costs depends on which it is set at.

use std::hint::black_box;

/// Where a probe can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// `mov`, the first instruction: the kernel has to step over it.
    Mov,
    /// `push`, the first instruction of the function that begins there: the kernel emulates it.
    Push,
    /// `nop` of five bytes: emulated; Linux 6.18 puts a call in its place.
    Nop,
    /// `jmp`, before the last instruction: emulated.
    Jump,
    /// `ret`, the last instruction: stepped over.
    Ret,
}

/// Which function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The one that begins with [`At::Mov`].
    Mov,
    /// The one that begins with [`At::Push`], a part of the other.
    Push,
}

#[cfg(target_arch = "x86_64")]
mod code {
    core::arch::global_asm!(
        ".text",
        ".p2align 6",
        ".globl picket_bench_mov",
        ".globl picket_bench_push",
        ".globl picket_bench_nop",
        ".globl picket_bench_jump",
        ".globl picket_bench_ret",
        "picket_bench_mov:",
        "mov rax, rdi",
        "picket_bench_push:",
        "push rbp",
        "mov rbp, rsp",
        "picket_bench_nop:",
        ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00",
        "lea rax, [rdi + 1]",
        "pop rbp",
        "picket_bench_jump:",
        // To a local label: a jump to a global one would be as long as any linker may need.
        "jmp 2f",
        "picket_bench_ret:",
        "2:",
        "ret",
    );

    unsafe extern "C" {
        pub fn picket_bench_mov(number: u64) -> u64;
        pub fn picket_bench_push(number: u64) -> u64;
        pub static picket_bench_nop: u8;
        pub static picket_bench_jump: u8;
        pub static picket_bench_ret: u8;
    }
}

/// Whether this processor has such a function: x86-64 does.
pub const HERE: bool = cfg!(target_arch = "x86_64");

/// The address of an instruction.
#[cfg(target_arch = "x86_64")]
pub fn address(at: At) -> usize {
    match at {
        At::Mov => code::picket_bench_mov as *const () as usize,
        At::Push => code::picket_bench_push as *const () as usize,
        At::Nop => (&raw const code::picket_bench_nop).addr(),
        At::Jump => (&raw const code::picket_bench_jump).addr(),
        At::Ret => (&raw const code::picket_bench_ret).addr(),
    }
}

/// Calls the function `times` times; what it gave the last time.
#[cfg(target_arch = "x86_64")]
pub fn call(entry: Entry, times: u32) -> u64 {
    let function = match entry {
        Entry::Mov => code::picket_bench_mov,
        Entry::Push => code::picket_bench_push,
    };
    let mut number = 0;
    for _ in 0..times {
        // SAFETY: the assembly above follows the C calling convention and touches nothing but its registers.
        number = unsafe { black_box(function)(black_box(number)) };
    }
    number
}

/// There is none.
#[cfg(not(target_arch = "x86_64"))]
pub fn address(_: At) -> usize {
    0
}

/// There is none.
#[cfg(not(target_arch = "x86_64"))]
pub fn call(_: Entry, _: u32) -> u64 {
    black_box(0)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn both_count() {
        assert_eq!(call(Entry::Mov, 7), 7);
        assert_eq!(call(Entry::Push, 9), 9);
    }

    #[test]
    fn instructions_are_where_they_are_said_to_be() {
        let first = |at| {
            // SAFETY: a byte of our own code.
            unsafe { *(address(at) as *const u8) }
        };
        let bytes = [At::Mov, At::Push, At::Nop, At::Jump, At::Ret].map(first);
        // REX.W of the mov; push rbp; the nop's 0f; jmp rel8; ret.
        assert_eq!(bytes, [0x48, 0x55, 0x0f, 0xeb, 0xc3]);
    }
}
