//! Go's `crypto/tls`.
//!
//! Reads are told where records are decrypted, `(*halfConn).decrypt(record []byte) ([]byte, recordType, error)`: once a
//! record, however it is read, and whoever waits for it. Its object, the reading half of a connection, stands for the
//! connection. Writes are told where `(*Conn).Write(b []byte)` is entered: it writes all of it, or the connection is done for.
//!
//! Since Go 1.17 arguments and results are in registers (`RAX`, `RBX`, `RCX`, `RDI`, `RSI`…; the goroutine in `R14`), before on
//! the stack, at its caller's stack pointer: Go's internal ABI specification, cmd/compile/abi-internal.md. A goroutine may
//! wake up on another thread, and its stack may be moved in a call: calls are kept by goroutine, and where arguments lie on the
//! stack nothing is kept at all.
//!
//! No object of Go's keeps the client's random. `decrypt` is given each record as it came: the `ClientHello`, which says
//! whose connection it is, and ciphertext.

use aya_ebpf::{macros::uprobe, programs::ProbeContext};
use picket_common::{
    stats::Counter,
    tls::{HELLO_KEY_AT, KEY_LEN, Key, Library, RECORD_HEADER, content},
};

use super::{Call, CallKey, Layout, ObjectKey, deliver, enter, op, process, tie, under_way};
use crate::{
    count,
    maps::{TLS_HELLO, TLS_LAYOUT, TLS_OBJECT},
    preempt::own_stack,
    source::{read, word},
};

/// `(*Conn).Write(b []byte)`, at the branch to where its stack is made larger; it is entered again after that.
#[uprobe]
pub fn picket_go_write(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    if stays(&ctx) {
        let registers = registers(&ctx);
        written(registers.first, registers.second, registers.third);
    }
    0
}

/// The same at another place, which it may pass twice: noted, and told when it is left.
#[uprobe]
pub fn picket_go_write_enter(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    let registers = registers(&ctx);
    let (object, buffer, len) = (registers.first, registers.second, registers.third);
    enter(writer(&registers), Call { object, buffer, len, ..Call::of(op::WRITE) });
    0
}

/// A return of `Write`.
#[uprobe]
pub fn picket_go_write_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    let registers = registers(&ctx);
    if let Some(call) = under_way(writer(&registers)) {
        call.op = op::NONE;
        if registers.first <= call.len {
            written(call.object, call.buffer, registers.first);
        }
    }
    0
}

/// `(*halfConn).decrypt(record []byte)`.
#[uprobe]
pub fn picket_go_decrypt(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    let registers = registers(&ctx);
    let (half, record, len) = (registers.first, registers.second, registers.third);
    let call = Call { object: half, buffer: record, len, ..Call::of(op::READ) };
    enter(goroutine(&registers), call);
    decrypt(half, record, len).unwrap_or(0)
}

/// Where it has returned.
#[uprobe]
pub fn picket_go_decrypt_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    let registers = registers(&ctx);
    if let Some(call) = under_way(goroutine(&registers)) {
        call.op = op::NONE;
        // No more than the record was.
        if registers.fifth == 0 && registers.second <= call.len {
            decrypted(call.object, registers.first, registers.second, registers.fourth as u8);
        }
    }
    0
}

/// `(*Conn).Write(b []byte)`, arguments on the stack, at the branch to where that is made larger.
#[uprobe]
pub fn picket_go0_write(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    if stays(&ctx) { on_stack(&ctx, false).unwrap_or(0) } else { 0 }
}

/// A return of `Write`.
#[uprobe]
pub fn picket_go0_write_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    on_stack(&ctx, true).unwrap_or(0)
}

/// `(*halfConn).decrypt(record []byte)`, at its first instructions.
#[uprobe]
pub fn picket_go0_decrypt(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    let stack = registers(&ctx).stack + RETURN;
    let (Some(half), Some(record), Some(len)) = (word(stack), word(stack + 8), word(stack + 16)) else {
        return 0;
    };
    decrypt(half, record, len).unwrap_or(0)
}

/// Where it has returned: what it was given, then what it gives.
#[uprobe]
pub fn picket_go0_decrypt_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    returned_on_stack(&ctx).unwrap_or(0)
}

/// Bytes on the stack above which a function finds its arguments when it is entered: the return address; on AArch64 room for it.
const RETURN: u64 = 8;
/// The same for who has called.
#[cfg(bpf_target_arch = "aarch64")]
const RETURNED: u64 = 8;
#[cfg(not(bpf_target_arch = "aarch64"))]
const RETURNED: u64 = 0;

/// No `tls.Conn` is larger (Go 1.24: 0x4b8 bytes).
const CONN_SIZE: u64 = 2048;

/// What is of interest.
struct Registers {
    first: u64,
    second: u64,
    third: u64,
    fourth: u64,
    fifth: u64,
    goroutine: u64,
    stack: u64,
}

#[inline(always)]
fn registers(ctx: &ProbeContext) -> Registers {
    // SAFETY: fields of the context.
    unsafe {
        let regs = &*ctx.regs;
        #[cfg(bpf_target_arch = "aarch64")]
        return Registers {
            first: regs.regs[0],
            second: regs.regs[1],
            third: regs.regs[2],
            fourth: regs.regs[3],
            fifth: regs.regs[4],
            goroutine: regs.regs[28],
            stack: regs.sp,
        };
        #[cfg(not(bpf_target_arch = "aarch64"))]
        Registers {
            first: regs.rax,
            second: regs.rbx,
            third: regs.rcx,
            fourth: regs.rdi,
            fifth: regs.rsi,
            goroutine: regs.r14,
            stack: regs.rsp,
        }
    }
}

#[inline(always)]
fn goroutine(registers: &Registers) -> CallKey {
    CallKey { who: process(), frame: registers.goroutine }
}

/// The goroutine, as one that writes: a write may decrypt what belongs to the handshake.
#[inline(always)]
fn writer(registers: &Registers) -> CallKey {
    CallKey { who: process(), frame: registers.goroutine | 1 }
}

/// Whether a `jbe` at which a point is will not be taken (carry and zero flag; AArch64 has no such points).
#[inline(always)]
fn stays(ctx: &ProbeContext) -> bool {
    #[cfg(bpf_target_arch = "aarch64")]
    return ctx.arg::<u64>(0).is_some();
    // SAFETY: a field of the context.
    #[cfg(not(bpf_target_arch = "aarch64"))]
    unsafe {
        (*ctx.regs).eflags & 0x41 == 0
    }
}

/// A connection's bytes to send.
#[inline(always)]
fn written(conn: u64, buffer: u64, len: u64) {
    match half_of(conn) {
        Some(half) => deliver(Library::Go, half, buffer, len, op::WRITE),
        None => count::add(Counter::TlsForeign, 1),
    }
}

/// What a half has read.
#[inline(always)]
fn decrypted(half: u64, plain: u64, len: u64, kind: u8) {
    if kind == content::APPLICATION_DATA {
        if TLS_OBJECT.get_ptr(ObjectKey { address: half, pid: process() }).is_some() {
            deliver(Library::Go, half, plain, len, op::READ);
        } else {
            count::add(Counter::TlsForeign, 1);
        }
    }
}

/// `Write`'s return address, receiver, slice of three words, result.
#[inline(always)]
fn on_stack(ctx: &ProbeContext, left: bool) -> Option<u32> {
    let stack = registers(ctx).stack + RETURN;
    let (conn, buffer, room) = (word(stack)?, word(stack + 8)?, word(stack + 16)?);
    let len = if left { word(stack + 32)? } else { room };
    if len <= room {
        written(conn, buffer, len);
    }
    Some(0)
}

/// `decrypt`'s receiver, slice of three words; slice of three words, type, error.
#[inline(always)]
fn returned_on_stack(ctx: &ProbeContext) -> Option<u32> {
    let stack = registers(ctx).stack + RETURNED;
    let (half, room) = (word(stack)?, word(stack + 16)?);
    let (plain, len, kind, error) =
        (word(stack + 32)?, word(stack + 40)?, word(stack + 56)?, word(stack + 64)?);
    if error == 0 && len <= room {
        decrypted(half, plain, len, kind as u8);
    }
    Some(0)
}

/// A record's header, and the type and length of a handshake message (RFC 8446 section 4).
const HANDSHAKE_HEAD: usize = RECORD_HEADER + 4;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The type of the handshake message in a record. The length tells it from ciphertext: TLS 1.2's `Finished` has the same
/// content type, and any byte may come first in it.
#[inline(always)]
fn hello(head: &[u8; HANDSHAKE_HEAD], len: u64) -> Option<u8> {
    let [protocol, _, _, _, _, kind, a, b, c] = *head;
    let inside = u64::from(u32::from_be_bytes([0, a, b, c]));
    (protocol == content::HANDSHAKE && inside + HANDSHAKE_HEAD as u64 <= len).then_some(kind)
}

/// A record is about to be decrypted by `half`, the reading half of a connection.
#[inline(always)]
fn decrypt(half: u64, record: u64, len: u64) -> Option<u32> {
    let pid = process();
    let head: [u8; HANDSHAKE_HEAD] = read(record)?;
    let half = ObjectKey { address: half, pid };
    match hello(&head, len) {
        Some(CLIENT_HELLO) if len as usize >= HELLO_KEY_AT + KEY_LEN => {
            let key: Key = read(record + HELLO_KEY_AT as u64)?;
            // SAFETY: the value is copied at once.
            match unsafe { TLS_HELLO.get(key) } {
                Some(whose) => {
                    tie::to(&half, whose);
                    search_again(pid as u32);
                }
                // One whose handshake the tap has not seen.
                None => {
                    let _ = TLS_OBJECT.remove(half);
                }
            }
        }
        // A client's object, where a service's may have been.
        Some(SERVER_HELLO) => {
            let _ = TLS_OBJECT.remove(half);
        }
        _ if head[0] == content::APPLICATION_DATA
            && len as usize >= RECORD_HEADER + KEY_LEN
            && !tie::is_live(&half)
            && tie::by_record(&half, record + RECORD_HEADER as u64) =>
        {
            search_again(pid as u32);
        }
        _ => {}
    }
    Some(0)
}

/// Where halves lie in their connections may have been looked for in vain, while there was none that is known.
#[inline(always)]
fn search_again(pid: u32) {
    // SAFETY: read at once.
    if unsafe { TLS_LAYOUT.get(pid) }.is_some_and(|layout| layout.hops == 0) {
        let _ = TLS_LAYOUT.remove(pid);
    }
}

/// The reading half of a connection, if that is known. Where it lies in the connection is found once a process.
#[inline(always)]
fn half_of(conn: u64) -> Option<u64> {
    let pid = process();
    // SAFETY: copied at once.
    let layout = unsafe { TLS_LAYOUT.get(pid as u32) }.copied().unwrap_or_default();
    if layout.hops != 0 {
        let half = conn + u64::from(layout.offset);
        return TLS_OBJECT.get_ptr(ObjectKey { address: half, pid }).map(|_| half);
    }
    if !layout.is_due() {
        return None;
    }
    count::add(Counter::TlsSearches, 1);
    let offset = picket_half_in(conn, pid);
    if offset == 0 {
        layout.missed(pid as u32);
        return None;
    }
    let found = Layout { hops: 1, pointer: 0, offset: offset as u16, searches: 0, next: 0 };
    let _ = TLS_LAYOUT.insert(pid as u32, found, 0);
    Some(conn + offset)
}

/// Where in a connection its reading half lies; 0: not found.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn picket_half_in(object: u64, pid: u64) -> u64 {
    let mut at = 8;
    while at < CONN_SIZE {
        if TLS_OBJECT.get_ptr(ObjectKey { address: object + at, pid }).is_some() {
            return at;
        }
        at += 8;
    }
    0
}
