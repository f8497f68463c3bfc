//! Where a function is entered and left, from its machine code.
//!
//! On x86-64 the kernel emulates a handful of instructions at a uprobe (`branch_setup_xol_ops` and `push_setup_xol_ops` in
//! `arch/x86/kernel/uprobes.c`, the same from 4.18 on): `push` of a register, jumps and calls with a direct target, one-byte
//! `nop`. All others are copied elsewhere and stepped over, which is a second trap. So a point is moved from where it would
//! naturally be, the first instruction or the return, along the straight line to the nearest emulated instruction at which
//! everything that the program reads is still, or already, there:
//!
//! ```text
//! SSL_read (Debian 12)                       natural   chosen
//!   sub  $0x18,%rsp                          enter
//!   mov  %fs:0x28,%rax
//!   test %edx,%edx
//!   js   …                                             enter: rdi, rsi, rdx as they were
//!   …
//!   sub  %fs:0x28,%rdx
//!   jne  <__stack_chk_fail>                            leave: rax is the result, and whoever jumps here never returns
//!   add  $0x18,%rsp
//!   ret                                      leave
//! ```

mod arm;
mod routine;
mod x86;

pub(super) use routine::{Leaves, Routine, destination};

/// A set of registers by their numbers.
type Registers = u32;

/// Which registers an enter program reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arguments {
    /// The first few of the C calling convention.
    C(u8),
    /// All that Go passes in registers, the goroutine and the stack pointer.
    Go,
    /// The stack pointer, above which older Go has the arguments and, at a return, the results.
    GoStack,
}

/// What an instruction does to the way of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// The next one follows.
    Next,
    /// A call, of an address if that stands in it; the next one follows if it returns.
    Call(Option<u64>),
    /// A jump to an address.
    Jump(u64),
    /// A jump to an address, or the next one.
    Branch(u64),
    /// A jump to one of the function's own places, by a table of them.
    Switch,
    /// A jump to somewhere.
    Away,
    /// A return.
    Return,
    /// A trap: nothing follows.
    Trap,
}

/// One instruction, as far as it matters here.
#[derive(Clone, Copy, Debug)]
struct Instruction {
    at: u64,
    flow: Flow,
    /// Registers it writes.
    writes: Registers,
    /// A probe on it costs one trap.
    emulated: bool,
    /// It compares the stack protector's value: a branch that follows leads to the end of the process.
    guard: bool,
    /// `jbe`, with which Go's functions begin: to where the stack is made larger.
    grows: bool,
    /// An address of data it computes.
    data: Option<u64>,
}

/// Instructions of one stretch of code.
struct Stretch {
    instructions: Vec<Instruction>,
    /// All bytes were instructions.
    whole: bool,
}

impl Stretch {
    fn has(&self, address: u64) -> bool {
        let (first, last) = (self.instructions.first(), self.instructions.last());
        first.zip(last).is_some_and(|(first, last)| (first.at..=last.at).contains(&address))
    }
}
