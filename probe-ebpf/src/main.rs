//! Picket's kernel programs, one file per hook family:
//!
//! - [`tap`]: `cgroup_skb` ingress and egress, copies HTTP bytes into ring buffers;
//! - [`conn`]: `sock_ops`, connections opened and closed;
//! - [`client`]: `cgroup/connect`, which process of this host connects to a service;
//! - [`deny`]: XDP, drops what denylisted addresses send; [`page`] tells the agent of it, which may answer;
//! - [`tls`]: uprobes on TLS libraries, plaintext into the same ring buffers.
//!
//! [`packet`] reads headers, [`source`] bytes, [`turns`] says which of them are wanted, [`emit`] writes records, [`maps`] declares what is shared, [`count`]
//! counts.
#![no_std]
#![no_main]
// For one atomic add, in `count`.
#![feature(asm_experimental_arch)]

mod client;
mod conn;
mod count;
mod deny;
mod emit;
mod maps;
mod packet;
mod page;
mod preempt;
mod source;
mod tap;
mod tls;
mod turns;

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // The verifier refuses a program that can get here, so none that runs can.
    loop {}
}

/// The helpers for time, cgroup ids and ring buffers are open to GPL-compatible programs only.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
