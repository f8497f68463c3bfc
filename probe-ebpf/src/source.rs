//! Where bytes come from: a packet, or the memory of the process that runs.

use core::mem::MaybeUninit;

use aya_ebpf::{
    bindings::__sk_buff,
    helpers::generated::{bpf_get_socket_cookie, bpf_probe_read_user, bpf_skb_cgroup_id, bpf_skb_load_bytes},
};

/// Bytes of a connection.
pub trait Source: Copy {
    /// Copies `len` bytes at `at` to `to`. False: they can't be read.
    ///
    /// # Safety
    ///
    /// `to` holds `len` bytes, at least one, and the verifier knows it.
    unsafe fn copy(self, at: u32, to: *mut u8, len: u32) -> bool;

    /// The socket cookie of the connection.
    fn cookie(self) -> u64;

    /// The cgroup v2 id of its socket.
    fn cgroup(self) -> u64;

    /// `N` bytes at `at`.
    #[inline(always)]
    fn load<const N: usize>(self, at: u32) -> Option<[u8; N]> {
        let mut to = MaybeUninit::<[u8; N]>::uninit();
        // SAFETY: `to` holds N bytes.
        unsafe { if self.copy(at, to.as_mut_ptr().cast(), N as u32) { Some(to.assume_init()) } else { None } }
    }
}

/// A packet, from its network header on, wherever its bytes lie (linear or paged).
#[derive(Clone, Copy)]
pub struct Skb(pub *mut __sk_buff);

impl Source for Skb {
    #[inline(always)]
    unsafe fn copy(self, at: u32, to: *mut u8, len: u32) -> bool {
        // SAFETY: the caller's promise; the helper checks the offset.
        unsafe { bpf_skb_load_bytes(self.0.cast(), at, to.cast(), len) == 0 }
    }

    #[inline(always)]
    fn cookie(self) -> u64 {
        // SAFETY: the helper takes the context.
        unsafe { bpf_get_socket_cookie(self.0.cast()) }
    }

    #[inline(always)]
    fn cgroup(self) -> u64 {
        // SAFETY: the helper takes the context.
        unsafe { bpf_skb_cgroup_id(self.0) }
    }
}

/// Memory of the process that runs, of a connection whose socket is known.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Address of its first byte.
    pub base: u64,
    /// The connection's socket cookie.
    pub cookie: u64,
    /// The cgroup v2 id of its socket.
    pub cgroup: u64,
}

impl Source for Memory {
    #[inline(always)]
    unsafe fn copy(self, at: u32, to: *mut u8, len: u32) -> bool {
        // SAFETY: the caller's promise; the helper checks the address.
        unsafe { bpf_probe_read_user(to.cast(), len, (self.base + u64::from(at)) as *const _) == 0 }
    }

    #[inline(always)]
    fn cookie(self) -> u64 {
        self.cookie
    }

    #[inline(always)]
    fn cgroup(self) -> u64 {
        self.cgroup
    }
}

/// `N` bytes at an address of the process that runs.
#[inline(always)]
pub fn read<const N: usize>(at: u64) -> Option<[u8; N]> {
    Memory { base: at, cookie: 0, cgroup: 0 }.load(0)
}

/// A pointer or a number of 8 bytes there.
#[inline(always)]
pub fn word(at: u64) -> Option<u64> {
    read(at).map(u64::from_ne_bytes)
}
