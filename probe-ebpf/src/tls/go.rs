//! Go's `crypto/tls`.
//!
//! `Read` and `Write` take `(c *Conn, b []byte)` and return `(n int, err error)`. Since Go 1.17 arguments are in
//! registers (`RAX`, `RBX`, `RCX`…; the goroutine in `R14`), before on the stack, above the return address:
//! Go's internal ABI specification, cmd/compile/abi-internal.md. A goroutine may wake up on another thread, and its
//! stack may be moved in a call: calls are kept by goroutine, and where arguments lie on the stack nothing
//! is kept at all.
//!
//! No object of Go's keeps the client's random. `(*halfConn).decrypt(record []byte)` is given each record as it came:
//! the `ClientHello`, which says whose connection it is, and ciphertext.

use aya_ebpf::{macros::uprobe, programs::ProbeContext};
use picket_common::{
    stats::Counter,
    tls::{HELLO_KEY_AT, KEY_LEN, Key, Library, RECORD_HEADER, content},
};

use super::{Call, CallKey, Layout, ObjectKey, deliver, enter, is_new, op, process, tie, under_way};
use crate::{
    count,
    maps::{TLS_HALF, TLS_HELLO, TLS_LAYOUT, TLS_RECORD},
    source::{read, word},
};

/// `(*Conn).Read`, arguments in registers.
#[uprobe]
pub fn picket_go_read(ctx: ProbeContext) -> u32 {
    begin(&registers(&ctx), op::READ)
}

/// `(*Conn).Write`.
#[uprobe]
pub fn picket_go_write(ctx: ProbeContext) -> u32 {
    begin(&registers(&ctx), op::WRITE)
}

/// A return of `Read`.
#[uprobe]
pub fn picket_go_read_leave(ctx: ProbeContext) -> u32 {
    end(&registers(&ctx), op::READ).unwrap_or(0)
}

/// A return of `Write`.
#[uprobe]
pub fn picket_go_write_leave(ctx: ProbeContext) -> u32 {
    end(&registers(&ctx), op::WRITE).unwrap_or(0)
}

/// `(*halfConn).decrypt(record []byte)`.
#[uprobe]
pub fn picket_go_decrypt(ctx: ProbeContext) -> u32 {
    let registers = registers(&ctx);
    // Whose goroutine reads with which object.
    let reading =
        under_way(goroutine(&registers)).map_or(0, |call| if call.op == op::READ { call.object } else { 0 });
    decrypt(registers.first, registers.second, registers.third, reading).unwrap_or(0)
}

/// A return of `Read`, arguments on the stack.
#[uprobe]
pub fn picket_go0_read_leave(ctx: ProbeContext) -> u32 {
    on_stack(&ctx, op::READ).unwrap_or(0)
}

/// A return of `Write`.
#[uprobe]
pub fn picket_go0_write_leave(ctx: ProbeContext) -> u32 {
    on_stack(&ctx, op::WRITE).unwrap_or(0)
}

/// `(*halfConn).decrypt(record []byte)`, at its first instruction.
#[uprobe]
pub fn picket_go0_decrypt(ctx: ProbeContext) -> u32 {
    let stack = registers(&ctx).stack;
    let (Some(half), Some(record), Some(len)) = (word(stack + 8), word(stack + 16), word(stack + 24)) else {
        return 0;
    };
    decrypt(half, record, len, 0).unwrap_or(0)
}

/// No `tls.Conn` is larger (Go 1.24: 0x4b8 bytes).
const CONN_SIZE: u64 = 2048;

/// What is of interest.
struct Registers {
    first: u64,
    second: u64,
    third: u64,
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
            goroutine: regs.regs[28],
            stack: regs.sp,
        };
        #[cfg(not(bpf_target_arch = "aarch64"))]
        Registers { first: regs.rax, second: regs.rbx, third: regs.rcx, goroutine: regs.r14, stack: regs.rsp }
    }
}

#[inline(always)]
fn goroutine(registers: &Registers) -> CallKey {
    CallKey { who: process(), frame: registers.goroutine }
}

#[inline(always)]
fn begin(registers: &Registers, op: u32) -> u32 {
    let (object, buffer, len) = (registers.first, registers.second, registers.third);
    enter(goroutine(registers), Call { object, buffer, len, result: 0, cipher: 0, op, zero: 0 });
    0
}

#[inline(always)]
fn end(registers: &Registers, op: u32) -> Option<u32> {
    let len = registers.first as i64;
    let Some(call) = under_way(goroutine(registers)) else {
        if op == op::READ && len > 0 && is_new(goroutine(registers)) {
            spilled(registers.stack, len as u64);
        }
        return None;
    };
    if call.op != op {
        return None;
    }
    call.op = op::NONE;
    if len > 0 && len as u64 <= call.len {
        deliver(Library::Go, call.object, call.buffer, len as u64, op);
    }
    Some(0)
}

/// A `Read` that began before there were probes. Go keeps arguments that it still needs after a call where its caller
/// left room for them: above the return address, receiver and slice of three words (cmd/compile/abi-internal.md, "spill
/// space").
#[inline(always)]
fn spilled(stack: u64, len: u64) -> Option<()> {
    let (object, buffer, room) = (word(stack + 8)?, word(stack + 16)?, word(stack + 24)?);
    // Only a connection in which there is a half that has just read a record is one.
    if len > room || !claim(object) {
        count::add(Counter::TlsUnderWay, 1);
        return None;
    }
    deliver(Library::Go, object, buffer, len, op::READ);
    Some(())
}

/// At a `RET`: return address, receiver, slice of three words, results.
#[inline(always)]
fn on_stack(ctx: &ProbeContext, op: u32) -> Option<u32> {
    let stack = registers(ctx).stack;
    let (object, buffer, room) = (word(stack + 8)?, word(stack + 16)?, word(stack + 24)?);
    let len = word(stack + 40)? as i64;
    if len <= 0 || len as u64 > room {
        return None;
    }
    if op == op::READ {
        claim(object);
    }
    deliver(Library::Go, object, buffer, len as u64, op);
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

/// A record is about to be decrypted by `half`, the reading half of a connection. `reading`: the connection whose
/// `Read` it is for, 0 when not known.
#[inline(always)]
fn decrypt(half: u64, record: u64, len: u64, reading: u64) -> Option<u32> {
    let pid = process();
    let head: [u8; HANDSHAKE_HEAD] = read(record)?;
    let half = ObjectKey { address: half, pid };
    match hello(&head, len) {
        Some(CLIENT_HELLO) if len as usize >= HELLO_KEY_AT + KEY_LEN => {
            let key: Key = read(record + HELLO_KEY_AT as u64)?;
            // SAFETY: the value is copied at once.
            match unsafe { TLS_HELLO.get(key) } {
                Some(whose) => {
                    let _ = TLS_HALF.insert(half, whose, 0);
                }
                // One whose handshake the tap has not seen.
                None => {
                    let _ = TLS_HALF.remove(half);
                }
            }
            return Some(0);
        }
        // A client's object, where a service's may have been.
        Some(SERVER_HELLO) => {
            let _ = TLS_HALF.remove(half);
            return Some(0);
        }
        _ => {}
    }
    if reading == 0 {
        // Go before 1.17: `claim` will find it.
        if head[0] == content::APPLICATION_DATA && len as usize >= RECORD_HEADER + KEY_LEN {
            let key: Key = read(record + RECORD_HEADER as u64)?;
            // SAFETY: the value is copied at once.
            if let Some(whose) = unsafe { TLS_RECORD.get(key) } {
                let _ = TLS_HALF.insert(half, whose, 0);
                let _ = TLS_RECORD.remove(key);
            }
        }
        return None;
    }
    let key = ObjectKey { address: reading, pid };
    // SAFETY: the value is copied at once.
    if let Some(whose) = unsafe { TLS_HALF.get(half) } {
        tie::to(&key, whose);
        let _ = TLS_HALF.remove(half);
        return Some(0);
    }
    if head[0] == content::APPLICATION_DATA && len as usize >= RECORD_HEADER + KEY_LEN && !tie::is_tied(&key)
    {
        tie::by_record(&key, record + RECORD_HEADER as u64);
    }
    Some(0)
}

/// Ties a connection to what its reading half was tied to. Where the half lies in the connection is found once a
/// process. False: there was nothing to tie it to.
#[inline(always)]
fn claim(object: u64) -> bool {
    let pid = process();
    let key = ObjectKey { address: object, pid };
    // SAFETY: copied at once.
    let layout = unsafe { TLS_LAYOUT.get(pid as u32) }.copied().unwrap_or_default();
    let mut offset = u64::from(layout.offset);
    if layout.hops == 0 {
        if !layout.is_due() {
            return false;
        }
        count::add(Counter::TlsSearches, 1);
        offset = picket_half_in(object, pid);
        if offset == 0 {
            let _ = TLS_LAYOUT.insert(pid as u32, layout.missed(), 0);
            return false;
        }
        let found = Layout { hops: 1, pointer: 0, offset: offset as u16, searches: 0, next: 0 };
        let _ = TLS_LAYOUT.insert(pid as u32, found, 0);
    }
    let half = ObjectKey { address: object + offset, pid };
    // SAFETY: the value is copied at once.
    let Some(whose) = (unsafe { TLS_HALF.get(half) }) else { return false };
    tie::to(&key, whose);
    let _ = TLS_HALF.remove(half);
    true
}

/// Where in a connection its reading half lies; 0: not found.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn picket_half_in(object: u64, pid: u64) -> u64 {
    let mut at = 8;
    while at < CONN_SIZE {
        if TLS_HALF.get_ptr(ObjectKey { address: object + at, pid }).is_some() {
            return at;
        }
        at += 8;
    }
    0
}
