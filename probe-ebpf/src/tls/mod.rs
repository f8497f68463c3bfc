//! uprobes on TLS libraries: what a service reads and writes in the clear.
//!
//! A call has an *enter* point, where its arguments are noted, and *leave* points, where its result is known
//! and the bytes are sent. The second one to leave does nothing, so that a file that is probed twice
//! (through two mounts of it) is heard once. No return probe is used: those replace return addresses on the
//! stack, which Go does not survive, and cost a second trap.
//!
//! - [`openssl`], [`gnutls`], [`go`], [`rustls`]: what each library's functions look like;
//! - [`tie`]: which connection an object belongs to;
//! - [`hello`], [`crumbs`], [`records`]: what the tap notes for that.

mod crumbs;
pub mod gnutls;
pub mod go;
pub mod hello;
pub mod openssl;
mod records;
pub mod rustls;
mod tie;

use core::mem::MaybeUninit;

use aya_ebpf::{
    bindings::BPF_NOEXIST,
    helpers::generated::{bpf_get_current_pid_tgid, bpf_ktime_get_ns},
};
use picket_common::{
    conn::Direction,
    limits::TLS_SEARCHES,
    record::RecordKind,
    stats::Counter,
    tls::{Key, Library, Whose},
};

use crate::{
    conn::{Conn, phase},
    count, emit,
    maps::{TLS_CALL, TLS_LAYOUT, TLS_OBJECT},
    packet::{PSH, Packet},
    source::Memory,
    turns::{fill, payload},
};

/// An object of a TLS library: where it lies, and in which process (thread group).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ObjectKey {
    pub address: u64,
    pub pid: u64,
}

/// What is known of it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Object {
    /// Its connection, when it is [`tie::state::TIED`].
    pub whose: Whose,
    /// What its client random was when that was looked up.
    pub key: Key,
    /// Plaintext so far, bytes modulo 2³², by direction.
    pub at: [u32; 2],
    /// One of [`tie::state`].
    pub state: u32,
    /// 1: what it is writing was sent already (GnuTLS takes bytes and asks to be called again).
    pub queued: u32,
    /// What of it is wanted.
    pub conn: Conn,
}

/// A thread, or a goroutine and its process.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CallKey {
    pub who: u64,
    pub frame: u64,
}

/// A call under way.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Call {
    /// The object.
    pub object: u64,
    /// Where the bytes are, or will be.
    pub buffer: u64,
    /// How many may be there.
    pub len: u64,
    /// Where the function will write how many there are; 0: it returns it.
    pub result: u64,
    /// Where ciphertext is being read to, for it.
    pub cipher: u64,
    /// One of [`op`].
    pub op: u32,
    /// Padding.
    pub zero: u32,
}

impl Call {
    /// Nothing but what it does; the rest is set where it is known.
    pub const fn of(op: u32) -> Self {
        Self { object: 0, buffer: 0, len: 0, result: 0, cipher: 0, op, zero: 0 }
    }
}

/// What a call does.
pub mod op {
    /// It was left already.
    pub const NONE: u32 = 0;
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    /// Sends a file: its bytes are never in the service's memory.
    pub const SENDFILE: u32 = 3;
    /// Shows what a read will give.
    pub const PEEK: u32 = 4;
}

/// Where the objects of a process keep the client's random.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Layout {
    /// 1: in the object, 2: behind a pointer in it; 0: not known.
    pub hops: u16,
    /// Where the pointer is.
    pub pointer: u16,
    /// Where the key is, in the object or behind the pointer.
    pub offset: u16,
    /// Searches that found nothing.
    pub searches: u16,
    /// Not before this time (`CLOCK_MONOTONIC`, nanoseconds) is searched again.
    pub next: u64,
}

impl Layout {
    /// Whether to search, after some searches found nothing: connections older than the agent have no random that is known.
    #[inline(always)]
    fn is_due(&self) -> bool {
        // SAFETY: a helper without arguments.
        self.searches < TLS_SEARCHES || unsafe { bpf_ktime_get_ns() } >= self.next
    }

    /// One more search found nothing: the next ones are further and further apart. Written in place, so that what another thread
    /// has found meanwhile stays.
    #[inline(always)]
    fn missed(&self, pid: u32) {
        let searches = if self.searches < TLS_SEARCHES + 10 { self.searches + 1 } else { self.searches };
        let doublings = searches.saturating_sub(TLS_SEARCHES) & 15;
        // SAFETY: a helper without arguments.
        let next = (unsafe { bpf_ktime_get_ns() }) + (MILLISECOND << doublings);
        if let Some(slot) = TLS_LAYOUT.get_ptr_mut(pid) {
            // SAFETY: an entry of the map; of searches that miss at the same time any may be the one that counts.
            unsafe {
                (*slot).searches = searches;
                (*slot).next = next;
            }
        } else {
            let _ =
                TLS_LAYOUT.insert(pid, Self { searches, next, ..Self::default() }, u64::from(BPF_NOEXIST));
        }
    }
}

const MILLISECOND: u64 = 1_000_000;

/// The thread that runs, as whoever calls a C function.
#[inline(always)]
fn thread() -> CallKey {
    // SAFETY: a helper without arguments.
    CallKey { who: unsafe { bpf_get_current_pid_tgid() }, frame: 0 }
}

/// The process (thread group) that runs.
#[inline(always)]
fn process() -> u64 {
    // SAFETY: a helper without arguments.
    (unsafe { bpf_get_current_pid_tgid() }) >> 32
}

/// Notes a call.
#[inline(always)]
fn enter(who: CallKey, call: Call) {
    if let Some(slot) = TLS_CALL.get_ptr_mut(who) {
        // SAFETY: an entry of the map; no other program runs for this thread or goroutine.
        unsafe { slot.write(call) };
    } else if TLS_CALL.insert(who, call, 0).is_err() {
        count::add(Counter::TableFull, 1);
    }
}

/// Whether nothing was ever noted of who calls: the call that is left began before there were probes.
#[inline(always)]
fn is_new(who: CallKey) -> bool {
    TLS_CALL.get_ptr(who).is_none()
}

/// The call under way, once it is left none.
#[inline(always)]
fn under_way(who: CallKey) -> Option<&'static mut Call> {
    let call = TLS_CALL.get_ptr_mut(who)?;
    // SAFETY: an entry of the map; no other program runs for this thread or goroutine.
    let call = unsafe { &mut *call };
    if call.op == op::NONE { None } else { Some(call) }
}

/// Sends `len` bytes that an object gave out or took.
#[inline(always)]
fn deliver(library: Library, address: u64, buffer: u64, len: u64, op: u32) {
    picket_deliver(library as u64, address, buffer, len, u64::from(op));
}

/// A function of its own that takes numbers only: the verifier reads it once, not in each place that calls it
/// (global functions, Linux 5.6).
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn picket_deliver(library: u64, address: u64, buffer: u64, len: u64, op: u64) -> u64 {
    if len != 0 && len <= u64::from(u32::MAX) {
        send(library as u32, address, buffer, len, op as u32);
    }
    0
}

#[inline(always)]
fn send(library: u32, address: u64, buffer: u64, len: u64, op: u32) {
    let key = ObjectKey { address, pid: process() };
    let Some(object) = tie::tied(library, &key) else { return };
    let len = len as u32;
    let direction = if op == op::READ { Direction::Ingress } else { Direction::Egress };
    let seq = object.at[(direction as usize) & 1];
    object.at[(direction as usize) & 1] = seq.wrapping_add(len);
    if object.conn.phase == phase::IGNORED {
        return;
    }
    let source = Memory { base: buffer, cookie: object.whose.cookie, cgroup: object.whose.cgroup };
    let mut slot = MaybeUninit::uninit();
    let record = emit::blank(&mut slot);
    record.kind = RecordKind::Plain as u8;
    record.dir = direction as u8;
    record.seq = seq;
    record.tuple = object.whose.tuple;
    record.ring = object.whose.ring;
    record.pid = key.pid as u32;
    record.library = library;
    // A call ends a write.
    let packet = Packet { flags: PSH, payload_at: 0, payload_len: len };
    if op == op::SENDFILE {
        if object.conn.phase >= phase::PROBING {
            fill(source, &mut object.conn, &packet, record);
            record.wire_len = len;
            let _ = emit::bare(record);
            object.conn.egress.skipped = 1;
        }
        return;
    }
    let _ = payload(source, &mut object.conn, direction, &packet, record);
}

/// An object is no more.
#[inline(always)]
fn freed(address: u64) {
    let _ = TLS_OBJECT.remove(ObjectKey { address, pid: process() });
}
