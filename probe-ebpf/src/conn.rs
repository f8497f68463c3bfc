//! sock_ops: connections opened and closed.

use aya_ebpf::{
    EbpfContext,
    bindings::bpf_sock,
    helpers::generated::{bpf_get_socket_cookie, bpf_ktime_get_ns},
    macros::sock_ops,
    programs::SockOpsContext,
};
use picket_common::{
    conn::Tuple,
    limits::{HELLO_BUDGET, SERVER_HELLO_BUDGET},
    record::{RecordHeader, RecordKind},
    stats::Counter,
};

use crate::{
    client, count, emit,
    maps::{HANDSHAKE, TLS_TIED, conn_of, conn_or_new, tap_config},
    tls::hello::{self, Hello},
};

/// State of a connection, on its socket. Each half is written by the program of its own direction
/// only, so the two need no lock.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Conn {
    /// Cookie of the listening socket, 0 when unknown.
    pub listener: u64,
    /// cgroup v2 id, 0 until the first packet.
    pub cgroup: u64,
    /// What the tap thinks of it: one of [`phase`].
    pub phase: u8,
    /// Direction of the last payload: 0 none, 1 ingress, 2 egress.
    pub last: u8,
    /// Turns: without an HTTP head while [`phase::OLDER`], all while [`phase::HTTP`].
    pub turns: u8,
    /// 1: seen from its first byte, and nothing was answered yet.
    pub known_start: u8,
    /// 1: plaintext from a TLS library, whose first bytes may have been missed.
    pub plain: u8,
    /// 1: no record was written since the plaintext was tied to its connection.
    pub fresh: u8,
    /// Padding.
    pub zero: u16,
    pub ingress: Half,
    pub egress: Half,
    /// Process (thread group) at the other end, 0 when it is not on this host or not known.
    pub client: u32,
    /// Padding.
    pub zero2: u32,
}

/// What a socket's storage holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Tapped {
    /// The connection.
    pub conn: Conn,
    /// How it began.
    pub hello: Hello,
}

/// One direction of a connection.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Half {
    /// Bytes of this turn that may still be sent to the agent.
    pub budget: u32,
    /// With `skip`: nothing before this sequence number is wanted.
    pub until: u32,
    /// 1: `until` is valid.
    pub skip: u8,
    /// 1: bytes were skipped since the last record.
    pub skipped: u8,
    /// 1: a record was lost since the last one.
    pub lost: u8,
    /// Padding.
    pub zero: u8,
    /// Bytes of tails that may still be sent: [`TAIL_CREDIT`](picket_common::limits::TAIL_CREDIT).
    pub tails: u32,
}

/// Values of [`Conn::phase`].
pub mod phase {
    /// No state yet: the connection is older than the agent, and no HTTP was seen on it.
    pub const OLDER: u8 = 0;
    /// Opened, no payload yet.
    pub const OPENED: u8 = 1;
    /// Bytes are sent, but nothing proves HTTP yet.
    pub const PROBING: u8 = 2;
    /// The same, and only the first byte speaks for HTTP.
    pub const GUESSED: u8 = 3;
    /// A status line was seen on the way out: it is HTTP.
    pub const HTTP: u8 = 4;
    /// Given up: a client's socket, not HTTP, or no longer.
    pub const IGNORED: u8 = 5;
    /// It speaks TLS: what it says comes from the library that the service uses, if at all.
    pub const TLS: u8 = 6;
}

const ACTIVE_ESTABLISHED: u32 = 4;
const PASSIVE_ESTABLISHED: u32 = 5;
const STATE_CHANGED: u32 = 10;
const STATE_CB_FLAG: i32 = 1 << 2;
const TCP_CLOSE: u32 = 7;

/// Never refuses anything: the return value of a `sock_ops` program only matters for the callbacks
/// that ask for a reply, which this does not handle.
#[sock_ops]
pub fn picket_conn(ctx: SockOpsContext) -> u32 {
    let sk = {
        // SAFETY: a field of the context.
        unsafe { (*ctx.ops).__bindgen_anon_2.sk }
    };
    if sk.is_null() {
        return 1;
    }
    match ctx.op() {
        PASSIVE_ESTABLISHED => opened(&ctx, sk),
        ACTIVE_ESTABLISHED => {
            client::established(ctx.ops);
            // SAFETY: not null, and the verifier knows it as a full socket.
            if let Some(tapped) = unsafe { conn_or_new(sk) } {
                tapped.conn.phase = phase::IGNORED;
            }
        }
        STATE_CHANGED if ctx.arg(1) == TCP_CLOSE => closed(&ctx, sk),
        _ => {}
    }
    1
}

#[inline(always)]
fn opened(ctx: &SockOpsContext, sk: *mut bpf_sock) {
    count::add(Counter::Opened, 1);
    // SAFETY: not null, and the verifier knows it as a full socket.
    let Some(tapped) = (unsafe { conn_or_new(sk) }) else {
        count::add(Counter::TableFull, 1);
        return;
    };
    let config = tap_config();
    let conn = &mut tapped.conn;
    conn.phase = phase::OPENED;
    conn.known_start = 1;
    conn.client = client::of_accepted(ctx.ops);
    conn.ingress.budget = config.ingress_budget;
    conn.egress.budget = config.egress_budget;
    let _ = ctx.set_cb_flags(ctx.cb_flags() as i32 | STATE_CB_FLAG);

    let Some(handshake) = HANDSHAKE.get_ptr_mut(0) else { return };
    // SAFETY: the map's only entry of this CPU.
    let handshake = unsafe { &mut *handshake };
    if handshake.listener == 0 {
        return;
    }
    let tuple = tuple_of(ctx);
    if !same(&handshake.tuple, &tuple) {
        return;
    }
    conn.listener = handshake.listener;
    handshake.listener = 0;
    if handshake.pending != 0 {
        handshake.pending = 0;
        conn.phase = phase::PROBING;
        conn.last = 1;
        let record = header(ctx, RecordKind::Adopt, conn, tuple);
        if handshake.hello.is_tls() {
            conn.phase = phase::TLS;
            tls_budgets(conn);
            tapped.hello = handshake.hello;
            hello::note(&mut tapped.hello, &record);
        }
        let _ = emit::bare(&record);
    }
}

/// Of a TLS handshake little is sent.
#[inline(always)]
pub fn tls_budgets(conn: &mut Conn) {
    conn.ingress.budget = HELLO_BUDGET;
    conn.egress.budget = SERVER_HELLO_BUDGET;
}

#[inline(always)]
fn closed(ctx: &SockOpsContext, sk: *mut bpf_sock) {
    // SAFETY: not null, and the verifier knows it as a full socket.
    let Some(tapped) = (unsafe { conn_of(sk) }) else { return };
    let conn = &mut tapped.conn;
    if conn.phase >= phase::PROBING && conn.phase != phase::IGNORED {
        count::add(Counter::Closed, 1);
        let _ = emit::bare(&header(ctx, RecordKind::Close, conn, tuple_of(ctx)));
        if conn.phase == phase::TLS {
            // SAFETY: the helper takes the context the program was called with.
            let _ = TLS_TIED.remove(unsafe { bpf_get_socket_cookie(ctx.as_ptr()) });
        }
        conn.phase = phase::IGNORED;
    }
}

#[inline(always)]
fn header(ctx: &SockOpsContext, kind: RecordKind, conn: &Conn, tuple: Tuple) -> RecordHeader {
    // SAFETY: the helpers take the context the program was called with.
    let (cookie, ktime) = unsafe { (bpf_get_socket_cookie(ctx.as_ptr()), bpf_ktime_get_ns()) };
    RecordHeader {
        kind: kind as u8,
        cookie,
        listener: conn.listener,
        ktime,
        cgroup: conn.cgroup,
        pid: conn.client,
        ring: emit::ring_of(&tuple),
        tuple,
        ..RecordHeader::default()
    }
}

/// Addresses of the socket; IPv4 comes out IPv4-mapped, as in packets.
#[inline(always)]
fn tuple_of(ctx: &SockOpsContext) -> Tuple {
    let mut tuple = Tuple {
        // Host byte order.
        local_port: ctx.local_port() as u16,
        // Network byte order in the upper half.
        remote_port: u32::from_be(ctx.remote_port()) as u16,
        ..Tuple::default()
    };
    if ctx.family() == 2 {
        tuple.local_addr[10..12].copy_from_slice(&[0xff, 0xff]);
        tuple.remote_addr[10..12].copy_from_slice(&[0xff, 0xff]);
        tuple.local_addr[12..].copy_from_slice(&ctx.local_ip4().to_ne_bytes());
        tuple.remote_addr[12..].copy_from_slice(&ctx.remote_ip4().to_ne_bytes());
    } else {
        let local = ipv6_words(ctx, true);
        let remote = ipv6_words(ctx, false);
        let mut i = 0;
        while i < 4 {
            tuple.local_addr[i * 4..i * 4 + 4].copy_from_slice(&local[i].to_ne_bytes());
            tuple.remote_addr[i * 4..i * 4 + 4].copy_from_slice(&remote[i].to_ne_bytes());
            i += 1;
        }
    }
    tuple
}

/// The context's address words, one by one: the verifier allows only single-word reads.
#[inline(always)]
fn ipv6_words(ctx: &SockOpsContext, local: bool) -> [u32; 4] {
    // SAFETY: fields of the context.
    unsafe {
        let at = if local { &raw const (*ctx.ops).local_ip6 } else { &raw const (*ctx.ops).remote_ip6 };
        let at = at.cast::<u32>();
        [at.read_volatile(), at.add(1).read_volatile(), at.add(2).read_volatile(), at.add(3).read_volatile()]
    }
}

#[inline(always)]
pub fn same(a: &Tuple, b: &Tuple) -> bool {
    let mut differ = u32::from(a.local_port ^ b.local_port) | u32::from(a.remote_port ^ b.remote_port);
    let mut i = 0;
    while i < 16 {
        differ |=
            u32::from(a.local_addr[i] ^ b.local_addr[i]) | u32::from(a.remote_addr[i] ^ b.remote_addr[i]);
        i += 1;
    }
    differ == 0
}
