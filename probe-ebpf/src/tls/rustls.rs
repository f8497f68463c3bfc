//! rustls 0.23.
//!
//! Its functions and what they are given are described in `agent/src/binary/rustls.rs`. Objects move, and keep no random: the
//! pointer to a connection's boxed encrypter says which one it is, and the ciphertext that the same thread has just
//! decrypted whose. All of these functions run from end to end on one thread.

use aya_ebpf::{helpers::generated::bpf_get_current_pid_tgid, macros::uprobe, programs::ProbeContext};
use picket_common::tls::{KEY_LEN, Key, Library, RECORD_HEADER, content};

use super::{Call, CallKey, ObjectKey, deliver, enter, op, openssl::result, process, thread, tie, under_way};
use crate::{
    maps::{TLS_HALF, TLS_RECORD, TLS_RUSTLS},
    preempt::own_stack,
    source::{read, word},
};

/// `DeframerIter::next`: what was received and is not taken apart yet, from a record's header on.
#[uprobe]
pub fn picket_rustls_record(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    received(&ctx).unwrap_or(0)
}

/// `RecordLayer::decrypt_incoming`: a record's ciphertext.
#[uprobe]
pub fn picket_rustls_decrypt(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    ciphertext(&ctx).unwrap_or(0)
}

/// `CommonState::take_received_plaintext`.
#[uprobe]
pub fn picket_rustls_read(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    plaintext(&ctx).unwrap_or(0)
}

/// `ExpectEarlyData::handle`, which hands early data on.
#[uprobe]
pub fn picket_rustls_early(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    handling(&ctx).unwrap_or(0)
}

/// `EarlyDataState::take_received_plaintext`.
#[uprobe]
pub fn picket_rustls_early_read(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    early(&ctx).unwrap_or(0)
}

/// `KeyScheduleTraffic::update_encrypter_and_notify`.
#[uprobe]
pub fn picket_rustls_update(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    updating(&ctx).unwrap_or(0)
}

/// Where it is left.
#[uprobe]
pub fn picket_rustls_update_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    updated().unwrap_or(0)
}

/// `CommonState::send_appdata_encrypt`.
#[uprobe]
pub fn picket_rustls_write(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    sending(&ctx).unwrap_or(0)
}

/// Where it is left.
#[uprobe]
pub fn picket_rustls_write_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    sent(&ctx).unwrap_or(0)
}

#[inline(always)]
fn received(ctx: &ProbeContext) -> Option<u32> {
    let slice: u64 = ctx.arg(1)?;
    let (data, len) = (word(slice)?, word(slice + 8)?);
    if len < (RECORD_HEADER + KEY_LEN) as u64 {
        return None;
    }
    let [kind] = read(data)?;
    if kind == content::APPLICATION_DATA {
        note(read(data + RECORD_HEADER as u64)?);
    }
    Some(0)
}

#[inline(always)]
fn ciphertext(ctx: &ProbeContext) -> Option<u32> {
    let slice: u64 = ctx.arg(2)?;
    let (data, len) = (word(slice)?, word(slice + 8)?);
    if len >= KEY_LEN as u64 {
        note(read(data)?);
    }
    Some(0)
}

/// Notes for this thread whose record it has in hand, or that it is not known.
#[inline(always)]
fn note(key: Key) {
    // SAFETY: the value is copied at once.
    match unsafe { TLS_RECORD.get(key) } {
        Some(whose) => {
            let _ = TLS_HALF.insert(hand(), whose, 0);
        }
        None => {
            let _ = TLS_HALF.remove(hand());
        }
    }
}

/// The thread, where an object would be. No object is of process 0.
#[inline(always)]
fn hand() -> ObjectKey {
    // SAFETY: a helper without arguments.
    ObjectKey { address: unsafe { bpf_get_current_pid_tgid() }, pid: 0 }
}

/// The pointer that says which connection it is.
#[inline(always)]
fn object(state: u64) -> Option<u64> {
    // SAFETY: copied at once.
    let offset = unsafe { TLS_RUSTLS.get(process() as u32) }.copied()?;
    word(state + u64::from(offset))
}

#[inline(always)]
fn plaintext(ctx: &ProbeContext) -> Option<u32> {
    taken(object(ctx.arg(0)?)?, ctx.arg(1)?)
}

/// What an object was given, as a `Payload`.
#[inline(always)]
fn taken(address: u64, payload: u64) -> Option<u32> {
    let (data, len) = (word(payload + 8)?, word(payload + 16)?);
    // SAFETY: the value is copied at once.
    if let Some(whose) = unsafe { TLS_HALF.get(hand()) } {
        let key = ObjectKey { address, pid: process() };
        tie::to(&key, whose);
        let _ = TLS_HALF.remove(hand());
    }
    deliver(Library::Rustls, address, data, len, op::READ);
    Some(0)
}

/// Notes for this thread whose early data comes next: the function that takes it is not told.
#[inline(always)]
fn handling(ctx: &ProbeContext) -> Option<u32> {
    let context: u64 = ctx.arg(2)?;
    enter(early_call(), Call { object: object(word(context)?)?, ..Call::of(op::READ) });
    Some(0)
}

#[inline(always)]
fn early(ctx: &ProbeContext) -> Option<u32> {
    let call = under_way(early_call())?;
    call.op = op::NONE;
    taken(call.object, ctx.arg(1)?)
}

#[inline(always)]
fn updating(ctx: &ProbeContext) -> Option<u32> {
    let state: u64 = ctx.arg(1)?;
    enter(update_call(), Call { object: object(state)?, buffer: state, ..Call::of(op::WRITE) });
    Some(0)
}

/// The connection has another encrypter now: what was known by the one before goes on.
#[inline(always)]
fn updated() -> Option<u32> {
    let call = under_way(update_call())?;
    call.op = op::NONE;
    let pid = process();
    tie::moved(&ObjectKey { address: call.object, pid }, &ObjectKey { address: object(call.buffer)?, pid });
    Some(0)
}

/// The thread in these functions, beside what it may write meanwhile.
#[inline(always)]
fn early_call() -> CallKey {
    CallKey { frame: 1, ..thread() }
}

#[inline(always)]
fn update_call() -> CallKey {
    CallKey { frame: 2, ..thread() }
}

/// Bytes about to be encrypted: one slice, or, with `cipher` set, pieces of which a part is meant: `len` holds how many
/// pieces, `result` where the part begins.
#[inline(always)]
fn sending(ctx: &ProbeContext) -> Option<u32> {
    let (state, chunks): (u64, u64) = (ctx.arg(0)?, ctx.arg(1)?);
    let object = object(state)?;
    let (pieces, first, second) = (word(chunks)?, word(chunks + 8)?, word(chunks + 16)?);
    let call = if pieces == 0 {
        Call { object, buffer: first, len: second, ..Call::of(op::WRITE) }
    } else {
        Call { object, buffer: pieces, len: first, result: second, cipher: 1, ..Call::of(op::WRITE) }
    };
    enter(thread(), call);
    Some(0)
}

#[inline(always)]
fn sent(ctx: &ProbeContext) -> Option<u32> {
    let call = under_way(thread())?;
    call.op = op::NONE;
    let mut left = result(ctx);
    if call.cipher == 0 {
        if left <= call.len {
            deliver(Library::Rustls, call.object, call.buffer, left, op::WRITE);
        }
        return Some(0);
    }
    let mut skip = call.result;
    let mut at = 0;
    while at < PIECES && at < call.len {
        let (data, len) = (word(call.buffer + at * 16)?, word(call.buffer + at * 16 + 8)?);
        at += 1;
        if skip >= len {
            skip -= len;
            continue;
        }
        let there = len - skip;
        let take = if there < left { there } else { left };
        deliver(Library::Rustls, call.object, data + skip, take, op::WRITE);
        skip = 0;
        left -= take;
        if left == 0 {
            break;
        }
    }
    if left > 0 {
        // They are counted, or all that follows would seem to stand elsewhere.
        deliver(Library::Rustls, call.object, 0, left, op::SENDFILE);
    }
    Some(0)
}

/// Pieces of one write that are looked at; hyper writes a head and what there is of a body.
const PIECES: u64 = 64;
