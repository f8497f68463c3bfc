//! What a program must do that another one may preempt.
//!
//! From Linux 6.13 on a tracing program with more than 64 bytes on its stack gets a *private stack*, one a CPU, because "the
//! supported tracing programs already have recursion check" (`bpf_enable_priv_stack`, kernel/bpf/verifier.c). Programs at
//! uprobes have none: they run in the task, which may be preempted (`PREEMPT_LAZY`, all there is from 7.0 on) by another one
//! that comes to a uprobe on the same CPU and writes into the same stack. One request's bytes then carry another connection's
//! addresses. A program with a tail call in it is given no private stack.

use aya_ebpf::{EbpfContext, macros::map, maps::ProgramArray};

/// Nothing is ever in it.
#[map]
static NOWHERE: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// Always 0, which the verifier knows: what depends on it costs nothing.
#[unsafe(no_mangle)]
static NEVER: u8 = 0;

/// Makes a program at a uprobe run on the task's own stack. Each of them begins with it; `cargo xtask ebpf` checks that.
#[inline(always)]
pub fn own_stack<C: EbpfContext>(ctx: &C) {
    // SAFETY: a static.
    if unsafe { core::ptr::read_volatile(&raw const NEVER) } != 0 {
        // SAFETY: the context that the program was called with.
        unsafe { NOWHERE.tail_call(ctx, 0) };
    }
}
