//! Deny: XDP. Drops what denylisted addresses send, until their block ends.

use core::mem::size_of;

use aya_ebpf::{
    bindings::xdp_action::{XDP_DROP, XDP_PASS},
    helpers::generated::bpf_ktime_get_boot_ns,
    macros::xdp,
    maps::lpm_trie::Key,
    programs::XdpContext,
};
use picket_common::deny::DenyEntry;

use crate::{
    count,
    maps::{DENY_CONFIG, DENY_COUNTS, DENY_V4, DENY_V4_CIDR, DENY_V6, DENY_V6_CIDR, PASS_V4, PASS_V6},
};

const ETH_LEN: usize = 14;
const VLAN_LEN: usize = 4;
/// VLAN tags that are stepped over (802.1Q inside 802.1ad).
const MAX_VLANS: usize = 2;

#[xdp]
pub fn picket_deny(ctx: XdpContext) -> u32 {
    match verdict(&ctx) {
        Some(true) => XDP_DROP,
        _ => XDP_PASS,
    }
}

/// Whether to drop. `None`: not an IP packet, or cut short.
#[inline(always)]
fn verdict(ctx: &XdpContext) -> Option<bool> {
    let mut at = ETH_LEN;
    let mut kind = u16::from_be(read::<u16>(ctx, 12)?);
    for _ in 0..MAX_VLANS {
        if kind == 0x8100 || kind == 0x88a8 {
            kind = u16::from_be(read::<u16>(ctx, at + 2)?);
            at += VLAN_LEN;
        }
    }
    match kind {
        0x0800 => Some(v4(&read::<[u8; 4]>(ctx, at + 12)?)),
        0x86dd => Some(v6(&read::<[u8; 16]>(ctx, at + 8)?)),
        _ => None,
    }
}

#[inline(always)]
fn v4(source: &[u8; 4]) -> bool {
    let mut entry = in_force(DENY_V4.get_ptr_mut(source));
    if entry.is_none() && DENY_CONFIG.get(0).is_some_and(|c| c.v4_cidrs != 0) {
        entry = in_force(cidr_v4(source));
    }
    let Some((entry, now)) = entry else { return false };
    settle(entry, now, PASS_V4.get(Key::new(32, *source)).is_some())
}

#[inline(always)]
fn v6(source: &[u8; 16]) -> bool {
    let mut entry = in_force(DENY_V6.get_ptr_mut(source));
    if entry.is_none() && DENY_CONFIG.get(0).is_some_and(|c| c.v6_cidrs != 0) {
        entry = in_force(cidr_v6(source));
    }
    let Some((entry, now)) = entry else { return false };
    settle(entry, now, PASS_V6.get(Key::new(128, *source)).is_some())
}

#[inline(always)]
fn cidr_v4(source: &[u8; 4]) -> Option<*mut DenyEntry> {
    DENY_V4_CIDR.get(Key::new(32, *source)).map(|e| core::ptr::from_ref(e).cast_mut())
}

#[inline(always)]
fn cidr_v6(source: &[u8; 16]) -> Option<*mut DenyEntry> {
    DENY_V6_CIDR.get(Key::new(128, *source)).map(|e| core::ptr::from_ref(e).cast_mut())
}

/// The entry, if its block has not ended, and the time now.
#[inline(always)]
fn in_force(entry: Option<*mut DenyEntry>) -> Option<(*mut DenyEntry, u64)> {
    let entry = entry?;
    // SAFETY: a map value; the helper takes nothing.
    unsafe {
        let now = bpf_ktime_get_boot_ns();
        let expires = (*entry).expires;
        if expires != 0 && expires <= now { None } else { Some((entry, now)) }
    }
}

/// Counts the packet and decides: the passlist always wins.
#[inline(always)]
fn settle(entry: *mut DenyEntry, now: u64, passlisted: bool) -> bool {
    if let Some(counts) = DENY_COUNTS.get_ptr_mut(0) {
        // SAFETY: the map's only entry of this CPU holds two u64.
        unsafe { count::bump((&raw mut (*counts)[usize::from(passlisted)]).cast(), 1) };
    }
    if passlisted {
        return false;
    }
    // SAFETY: a map value, aligned to 8 bytes.
    unsafe {
        if (*entry).first_drop == 0 {
            (*entry).first_drop = now;
        }
        count::bump(&raw mut (*entry).drops, 1);
    }
    true
}

/// Reads a `T` at `at`, if the packet is that long.
#[inline(always)]
fn read<T: Copy>(ctx: &XdpContext, at: usize) -> Option<T> {
    let from = ctx.data() + at;
    if from + size_of::<T>() > ctx.data_end() {
        return None;
    }
    // SAFETY: inside the packet, as checked.
    Some(unsafe { (from as *const T).read_unaligned() })
}
