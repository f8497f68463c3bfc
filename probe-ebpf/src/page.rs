//! Page: hands dropped packets to the agent, which may answer them with the blocking page.
//!
//! What is handed over is dropped all the same: nothing a blocked client sends gets any further than here,
//! whatever becomes of the agent.

use aya_ebpf::{helpers::generated::bpf_jiffies64, programs::XdpContext};
use picket_common::{
    deny::{PageCpu, PagePacket},
    limits::{PAGE_BYTES, PAGE_TICKS},
};

use crate::{
    count,
    deny::{V4, V6, half, network},
    maps::{PAGE, PAGE_CPU, PAGE_PACKETS, PAGE_PORTS},
};

const TCP: u16 = 6;
const FIN: u16 = 1;
const SYN: u16 = 2;
const RST: u16 = 4;

/// Hands over a dropped packet if an answer to it may be wanted.
#[inline(always)]
pub fn offer(ctx: &XdpContext) {
    // What a CPU may hand over; nothing: there is no page.
    let limit = PAGE.get(0).copied().unwrap_or(0);
    if limit != 0 && is_wanted(ctx) == Some(true) {
        hand_over(ctx, limit);
    }
}

/// Whether it is a segment of TCP, to a port that has a page, and opens, closes or says something.
#[inline(always)]
fn is_wanted(ctx: &XdpContext) -> Option<bool> {
    let (tcp, length) = match network(ctx)? {
        // No options, no fragment (RFC 791, 3.1).
        (V4, at)
            if half(ctx, at)? >> 8 == 0x45
                && half(ctx, at + 6)? & 0x3fff == 0
                && half(ctx, at + 8)? & 0xff == TCP =>
        {
            (at + 20, usize::from(half(ctx, at + 2)?).checked_sub(20)?)
        }
        // No extension headers (RFC 8200, 3).
        (V6, at) if half(ctx, at + 6)? >> 8 == TCP => (at + 40, usize::from(half(ctx, at + 4)?)),
        _ => return None,
    };
    let port = half(ctx, tcp + 2)?;
    // SAFETY: only looked at, and nothing of it is kept.
    unsafe { PAGE_PORTS.get(port) }?;
    // RFC 9293, 3.1: where the payload begins, in words, and flags.
    let word = half(ctx, tcp + 12)?;
    let payload = length > usize::from(word >> 12) * 4;
    Some(word & RST == 0 && (payload || word & (SYN | FIN) != 0))
}

#[inline(always)]
fn hand_over(ctx: &XdpContext, limit: u32) {
    let Some(cpu) = PAGE_CPU.get_ptr_mut(0) else { return };
    if !has_budget(cpu, limit) {
        return;
    }
    let Some(mut slot) = PAGE_PACKETS.reserve::<PagePacket>(0) else {
        // SAFETY: a map value, aligned to 8 bytes.
        return unsafe { count::bump(&raw mut (*cpu).full, 1) };
    };
    let packet = slot.as_mut_ptr();
    let mut length = 0;
    // Two bytes at a time: what a frame has to say ends on an even one, its payload may lose its last.
    while length < PAGE_BYTES {
        let Some(value) = half(ctx, length) else { break };
        // SAFETY: inside the entry, as the loop says; `frame` begins at 8 and `length` is even.
        unsafe { (&raw mut (*packet).frame).cast::<u8>().add(length).cast::<u16>().write(value.to_be()) };
        length += 2;
    }
    // SAFETY: inside the entry.
    unsafe {
        (&raw mut (*packet).interface).write((*ctx.ctx).ingress_ifindex);
        (&raw mut (*packet).length).write(length as u32);
    }
    slot.submit(0);
    // SAFETY: a map value, aligned to 8 bytes.
    unsafe { count::bump(&raw mut (*cpu).handed, 1) };
}

/// Whether this CPU may hand over one more; counts those that it may not.
#[inline(always)]
fn has_budget(cpu: *mut PageCpu, limit: u32) -> bool {
    // SAFETY: a map value of this CPU, which is busy with this packet; the helper takes nothing.
    unsafe {
        let window = bpf_jiffies64() / PAGE_TICKS;
        if (*cpu).window != window {
            (*cpu).window = window;
            (*cpu).spent = 0;
        }
        if (*cpu).spent >= u64::from(limit) {
            count::bump(&raw mut (*cpu).limited, 1);
            return false;
        }
        (*cpu).spent += 1;
    }
    true
}
