//! Deny: XDP. Drops what denylisted addresses send, until their block ends.

use core::arch::asm;

use aya_ebpf::{
    bindings::xdp_action::{XDP_DROP, XDP_PASS},
    helpers::generated::{bpf_jiffies64, bpf_ktime_get_boot_ns},
    macros::xdp,
    maps::lpm_trie::Key,
    programs::XdpContext,
};
use picket_common::deny::{DenyConfig, DenyCpu, DenyEntry};

use crate::{
    count,
    maps::{DENY_CONFIG, DENY_CPU, DENY_V4, DENY_V4_CIDR, DENY_V6, DENY_V6_CIDR, PASS_V4, PASS_V6},
    page,
};

/// `ETH_P_IP`.
pub const V4: u16 = 0x0800;
/// `ETH_P_IPV6`.
pub const V6: u16 = 0x86dd;
const ETH_LEN: usize = 14;
const VLAN_LEN: usize = 4;
/// VLAN tags that are stepped over (802.1Q inside 802.1ad).
const MAX_VLANS: usize = 2;
/// Far more than a tick is long (10 ms at most), or late.
const LAST_SECOND: u64 = 1_000_000_000;

#[xdp]
pub fn picket_deny(ctx: XdpContext) -> u32 {
    match verdict(&ctx) {
        Some(true) => {
            page::offer(&ctx);
            XDP_DROP
        }
        _ => XDP_PASS,
    }
}

/// Whether to drop. `None`: not an IP packet, or cut short.
#[inline(always)]
fn verdict(ctx: &XdpContext) -> Option<bool> {
    match network(ctx)? {
        (V4, at) => v4(words(ctx, at + 12)?),
        (V6, at) => v6(words(ctx, at + 8)?),
        _ => None,
    }
}

/// The network layer's protocol, and where it begins.
#[inline(always)]
pub fn network(ctx: &XdpContext) -> Option<(u16, usize)> {
    let mut at = ETH_LEN;
    let mut kind = half(ctx, 12)?;
    for _ in 0..MAX_VLANS {
        if kind == 0x8100 || kind == 0x88a8 {
            kind = half(ctx, at + 2)?;
            at += VLAN_LEN;
        }
    }
    Some((kind, at))
}

#[inline(always)]
fn v4(source: [u32; 1]) -> Option<bool> {
    if let Some(entry) = DENY_V4.get_ptr_mut(source) {
        let here = Here::now()?;
        if here.is_in_force(entry) {
            return Some(here.settle(entry, here.is_passlisted(entry, || on_passlist_v4(source))));
        }
    }
    if DENY_CONFIG.get(0)?.v4_cidrs == 0 {
        return Some(false);
    }
    let entry = core::ptr::from_ref(DENY_V4_CIDR.get(Key::new(32, source))?).cast_mut();
    let here = Here::now()?;
    Some(here.is_in_force(entry) && here.settle(entry, on_passlist_v4(source)))
}

#[inline(always)]
fn v6(source: [u32; 4]) -> Option<bool> {
    if let Some(entry) = DENY_V6.get_ptr_mut(source) {
        let here = Here::now()?;
        if here.is_in_force(entry) {
            return Some(here.settle(entry, here.is_passlisted(entry, || on_passlist_v6(source))));
        }
    }
    if DENY_CONFIG.get(0)?.v6_cidrs == 0 {
        return Some(false);
    }
    let entry = core::ptr::from_ref(DENY_V6_CIDR.get(Key::new(128, source))?).cast_mut();
    let here = Here::now()?;
    Some(here.is_in_force(entry) && here.settle(entry, on_passlist_v6(source)))
}

#[inline(always)]
fn on_passlist_v4(source: [u32; 1]) -> bool {
    PASS_V4.get(Key::new(32, source)).is_some()
}

#[inline(always)]
fn on_passlist_v6(source: [u32; 4]) -> bool {
    PASS_V6.get(Key::new(128, source)).is_some()
}

/// What a packet is judged with, besides its entry.
struct Here {
    config: DenyConfig,
    cpu: *mut DenyCpu,
}

impl Here {
    #[inline(always)]
    fn now() -> Option<Self> {
        Some(Self { config: *DENY_CONFIG.get(0)?, cpu: DENY_CPU.get_ptr_mut(0)? })
    }

    /// Whether the block has not ended.
    ///
    /// Reading the clock costs more than all else here together, so it is read once a tick on each CPU,
    /// and by the packet only in the last second of a block: its end stays exact.
    #[inline(always)]
    fn is_in_force(&self, entry: *mut DenyEntry) -> bool {
        // SAFETY: map values; the helpers take nothing.
        unsafe {
            let expires = (*entry).expires;
            if expires == 0 {
                return true;
            }
            let ticks = bpf_jiffies64();
            if (*self.cpu).ticks != ticks {
                (*self.cpu).time = bpf_ktime_get_boot_ns();
                (*self.cpu).ticks = ticks;
            }
            expires > (*self.cpu).time + LAST_SECOND || expires > bpf_ktime_get_boot_ns()
        }
    }

    /// Whether the passlist holds a single address, which is asked once for each of its generations.
    #[inline(always)]
    fn is_passlisted(&self, entry: *mut DenyEntry, ask: impl FnOnce() -> bool) -> bool {
        let generation = self.config.passlist;
        // SAFETY: a map value.
        unsafe {
            if generation != 0 && (*entry).checked == generation {
                return false;
            }
            let passlisted = ask();
            if !passlisted {
                // The generation was read before asking: an addition since then makes this one old.
                (*entry).checked = generation;
            }
            passlisted
        }
    }

    /// Counts the packet and decides: the passlist always wins.
    #[inline(always)]
    fn settle(&self, entry: *mut DenyEntry, passlisted: bool) -> bool {
        // SAFETY: map values, aligned to 8 bytes.
        unsafe {
            if passlisted {
                count::bump(&raw mut (*self.cpu).passlisted, 1);
                return false;
            }
            if (*entry).first_drop == 0 {
                (*entry).first_drop = bpf_ktime_get_boot_ns();
            }
            count::bump(&raw mut (*self.cpu).dropped, 1);
            count::bump(&raw mut (*entry).drops, 1);
        }
        true
    }
}

/// Two bytes at `at` in network order, if the packet is that long.
#[inline(always)]
pub fn half(ctx: &XdpContext, at: usize) -> Option<u16> {
    let from = within(ctx, at, 2)?;
    let value: u64;
    // SAFETY: inside the packet, as checked.
    unsafe {
        asm!("{value} = *(u16 *)({from} + 0)", value = out(reg) value, from = in(reg) from, options(nostack))
    };
    Some(u16::from_be(value as u16))
}

/// Words at `at` as they stand in the packet, if it is that long.
///
/// Word by word, which the compiler would not dare: it takes the address for unaligned and would go byte
/// by byte. The kernel keeps IP headers aligned to four bytes wherever the CPU needs it (`NET_IP_ALIGN`),
/// and the verifier counts on it.
#[inline(always)]
fn words<const N: usize>(ctx: &XdpContext, at: usize) -> Option<[u32; N]> {
    let from = within(ctx, at, N * 4)?;
    let mut words = [0; N];
    for (index, word) in words.iter_mut().enumerate() {
        let from = from + index * 4;
        let value: u64;
        // SAFETY: inside the packet, as checked.
        unsafe {
            asm!("{value} = *(u32 *)({from} + 0)", value = out(reg) value, from = in(reg) from, options(nostack))
        };
        *word = value as u32;
    }
    Some(words)
}

/// Where `at` is in memory, if the packet has `length` bytes there.
#[inline(always)]
fn within(ctx: &XdpContext, at: usize, length: usize) -> Option<usize> {
    let from = ctx.data() + at;
    if from + length > ctx.data_end() { None } else { Some(from) }
}
