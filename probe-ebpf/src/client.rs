//! `cgroup/connect`: which process of this host is at the other end of a service's connection.
//!
//! ```text
//!  connect(2), the caller's context     cookie of its socket ──> process          CONNECTING
//!  sock_ops, active established         the handshake's two numbers ──> process   CLIENTS
//!  sock_ops, passive established        the same two numbers: taken               Conn::client
//! ```
//!
//! Both ends of a connection agree on two numbers that are drawn for it, 32 bits each: the initial sequence
//! numbers. So no address is compared: equal ones in two network namespaces are told apart, and a port that
//! is forwarded (NAT) changes nothing. A client's end is always established before the service's: the
//! service's handshake ends with the packet that the client's sends.

use aya_ebpf::{
    bindings::{bpf_sock_addr, bpf_sock_ops},
    helpers::generated::{bpf_get_current_pid_tgid, bpf_get_socket_cookie},
    macros::cgroup_sock_addr,
    programs::SockAddrContext,
};

use crate::maps::{CLIENTS, CONNECTING};

const IPPROTO_TCP: u32 = 6;

/// Refuses nothing: 1 lets the call go on.
#[cgroup_sock_addr(connect4)]
pub fn picket_connect4(ctx: SockAddrContext) -> i32 {
    connecting(ctx.sock_addr);
    1
}

/// The same for IPv6.
#[cgroup_sock_addr(connect6)]
pub fn picket_connect6(ctx: SockAddrContext) -> i32 {
    connecting(ctx.sock_addr);
    1
}

/// Notes who calls connect(2). A call that fails, or one to another host, leaves an entry that ages out.
#[inline(always)]
fn connecting(ctx: *mut bpf_sock_addr) {
    // SAFETY: a field of the context.
    if unsafe { (*ctx).protocol } != IPPROTO_TCP {
        return;
    }
    // SAFETY: the helpers take the context the program was called with, or nothing.
    let (cookie, process) =
        unsafe { (bpf_get_socket_cookie(ctx.cast()), (bpf_get_current_pid_tgid() >> 32) as u32) };
    let _ = CONNECTING.insert(cookie, process, 0);
}

/// A connection out is established.
#[inline(always)]
pub fn established(ctx: *mut bpf_sock_ops) {
    // SAFETY: the helper takes the context the program was called with.
    let cookie = unsafe { bpf_get_socket_cookie(ctx.cast()) };
    // SAFETY: copied at once.
    let Some(&process) = (unsafe { CONNECTING.get(cookie) }) else { return };
    let _ = CONNECTING.remove(cookie);
    // SAFETY: fields of the context.
    let (own, others) = unsafe { ((*ctx).snd_nxt, (*ctx).rcv_nxt) };
    let _ = CLIENTS.insert(numbers(own, others), process, 0);
}

/// The process at the other end of a connection that a service has accepted just now, 0 when it is not on
/// this host.
#[inline(always)]
pub fn of_accepted(ctx: *mut bpf_sock_ops) -> u32 {
    // SAFETY: fields of the context.
    let (own, others) = unsafe { ((*ctx).snd_nxt, (*ctx).rcv_nxt) };
    let key = numbers(others, own);
    // SAFETY: copied at once.
    let Some(&process) = (unsafe { CLIENTS.get(key) }) else { return 0 };
    let _ = CLIENTS.remove(key);
    process
}

/// What the next byte of the client and of the service have for numbers.
#[inline(always)]
fn numbers(client: u32, service: u32) -> u64 {
    u64::from(client) << 32 | u64::from(service)
}
