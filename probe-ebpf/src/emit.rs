//! Records into ring buffers.
//!
//! Entries are reserved in fixed size classes and filled in place: one copy, no scratch memory that a
//! softirq or a preempting task could overwrite half-way.

use core::{arch::asm, mem::MaybeUninit};

use aya_ebpf::{
    bindings::BPF_RB_NO_WAKEUP,
    helpers::generated::{bpf_ringbuf_discard, bpf_ringbuf_reserve, bpf_ringbuf_submit},
};
use picket_common::{
    conn::Tuple,
    limits::{MAX_RECORD_PAYLOAD, MAX_RECORDS_PER_PACKET},
    record::{HEADER_LEN, RecordHeader, RecordKind, flags},
    stats::Counter,
};

use crate::{
    count,
    maps::{POLLED, RINGS, tap_config},
    source::{Skb, Source},
};

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Emitted {
    All,
    /// Lost and counted.
    Lost,
}

/// The ring of a connection: by its addresses, so that records written before the connection has a
/// cookie go to the same worker.
#[inline(always)]
pub fn ring_of(tuple: &Tuple) -> u32 {
    let a = &tuple.remote_addr;
    let word = |i: usize| u32::from_le_bytes([a[i], a[i + 1], a[i + 2], a[i + 3]]);
    let ports = u32::from(tuple.local_port) << 16 | u32::from(tuple.remote_port);
    let mut h = (word(12) ^ word(8) ^ word(4) ^ word(0)).wrapping_mul(0x9e37_79b1) ^ ports;
    h = (h ^ (h >> 15)).wrapping_mul(0x85eb_ca77);
    h ^= h >> 13;
    let rings = tap_config().rings;
    if rings == 0 { 0 } else { h % rings }
}

/// A record of payload about which nothing is known yet, zeroed a word at a time and in place: for the usual way
/// LLVM calls a `memset` that clears byte after byte.
#[inline(always)]
pub fn blank(slot: &mut MaybeUninit<RecordHeader>) -> &mut RecordHeader {
    const WORDS: usize = HEADER_LEN / 8;
    let mut at = 0;
    while at < WORDS {
        // SAFETY: WORDS aligned words are the whole of it.
        unsafe { slot.as_mut_ptr().cast::<u64>().add(at).write_volatile(0) };
        at += 1;
    }
    // SAFETY: all of its bytes are written, and zero is a value of each of its fields.
    let record = unsafe { slot.assume_init_mut() };
    record.kind = RecordKind::Data as u8;
    record
}

/// Writes a record without payload.
#[inline(always)]
pub fn bare(header: &RecordHeader) -> Emitted {
    match reserve_and_write::<Skb, 128>(None, header, 0) {
        true => Emitted::All,
        false => Emitted::Lost,
    }
}

/// Writes `take` bytes of the payload at `at`, as one or several records. `record` says who
/// and where: `cap_len` is set here; its `wire_len` is what all of it stands for and goes with the
/// last record.
#[inline(always)]
pub fn payload<S: Source>(source: S, record: &mut RecordHeader, at: u32, take: u32) -> Emitted {
    record.cap_len = take;
    let written =
        if take <= MAX_RECORD_PAYLOAD { sized(source, record, at) } else { several(source, record, at) };
    if written { Emitted::All } else { Emitted::Lost }
}

/// Writes one record into the smallest entry that holds it.
#[inline(never)]
fn sized<S: Source>(source: S, record: &RecordHeader, at: u32) -> bool {
    let need = record.cap_len + HEADER_LEN as u32;
    let source = Some(source);
    if need <= 256 {
        reserve_and_write::<S, 256>(source, record, at)
    } else if need <= 512 {
        reserve_and_write::<S, 512>(source, record, at)
    } else if need <= 1024 {
        reserve_and_write::<S, 1024>(source, record, at)
    } else if need <= 2048 {
        reserve_and_write::<S, 2048>(source, record, at)
    } else if need <= 4096 {
        reserve_and_write::<S, 4096>(source, record, at)
    } else {
        reserve_and_write::<S, 16384>(source, record, at)
    }
}

/// Writes `record.cap_len` bytes as several records of the largest size.
#[inline(never)]
fn several<S: Source>(source: S, record: &mut RecordHeader, mut at: u32) -> bool {
    let mut left = record.cap_len;
    let mut wire = record.wire_len;
    for _ in 0..MAX_RECORDS_PER_PACKET {
        let len = if left > MAX_RECORD_PAYLOAD { MAX_RECORD_PAYLOAD } else { left };
        left -= len;
        record.cap_len = len;
        record.wire_len = if left == 0 { wire } else { len };
        if !reserve_and_write::<S, 16384>(Some(source), record, at) {
            return false;
        }
        if left == 0 {
            return true;
        }
        wire = wire.wrapping_sub(len);
        at += len;
        record.seq = record.seq.wrapping_add(len);
        record.flags &= !(flags::AFTER_LOSS | flags::AFTER_SKIP | flags::FRESH);
    }
    count::add(Counter::TooLong, 1);
    false
}

/// Reserves `SIZE` bytes, writes header and payload, submits. False: lost, and counted.
#[inline(always)]
fn reserve_and_write<S: Source, const SIZE: u64>(source: Option<S>, record: &RecordHeader, at: u32) -> bool {
    let Some(ring) = RINGS.get(record.ring) else {
        count::add(Counter::RingFull, 1);
        return false;
    };
    let ring = core::ptr::from_ref(ring).cast_mut().cast();
    // SAFETY: SIZE is constant, so the verifier knows the entry's bounds; every path below submits or
    // discards it.
    unsafe {
        let entry = bpf_ringbuf_reserve(ring, SIZE, 0).cast::<u8>();
        if entry.is_null() {
            count::add(Counter::RingFull, 1);
            return false;
        }
        entry.cast::<RecordHeader>().write(*record);
        // Read back from the entry: the verifier knows nothing of what lies there, so that it need not
        // follow the length through every path that leads here (5.10 and 6.1 would give up).
        let len = (&raw const (*entry.cast::<RecordHeader>()).cap_len).read_volatile();
        if let Some(source) = source
            && len != 0
            && !source.copy(at, entry.add(HEADER_LEN), clamped::<SIZE>(len))
        {
            bpf_ringbuf_discard(entry.cast(), 0);
            count::add(Counter::Unreadable, 1);
            return false;
        }
        let polled = POLLED.get(record.ring).is_some_and(|&polled| polled != 0);
        bpf_ringbuf_submit(entry.cast(), if polled { u64::from(BPF_RB_NO_WAKEUP) } else { 0 });
        count::written(u64::from(len));
    }
    true
}

/// What an entry of `SIZE` bytes holds behind the header.
#[inline(always)]
fn clamped<const SIZE: u64>(len: u32) -> u32 {
    match SIZE {
        256 => bounded::<{ 256 - HEADER_LEN as u64 }>(len),
        512 => bounded::<{ 512 - HEADER_LEN as u64 }>(len),
        1024 => bounded::<{ 1024 - HEADER_LEN as u64 }>(len),
        2048 => bounded::<{ 2048 - HEADER_LEN as u64 }>(len),
        4096 => bounded::<{ 4096 - HEADER_LEN as u64 }>(len),
        _ => bounded::<{ 16384 - HEADER_LEN as u64 }>(len),
    }
}

/// `len` between 1 and `MOST`. It is already, or what is beyond does not matter: this is for the verifier, in
/// assembly because LLVM folds both comparisons into one on another register, which the verifier can't follow.
#[inline(always)]
pub fn bounded<const MOST: u64>(len: u32) -> u32 {
    let mut len = u64::from(len);
    // SAFETY: only touches its register.
    unsafe {
        asm!(
            "if {len} > 0 goto +1",
            "{len} = 1",
            "if {len} <= {most} goto +1",
            "{len} = {most}",
            len = inout(reg) len,
            most = const MOST,
            options(nostack, nomem),
        );
    }
    len as u32
}

/// The lower bits of `at` that `MASK` has. It has no others already: for the verifier, in assembly because LLVM leaves out
/// what it knows to change nothing.
#[inline(always)]
pub fn masked<const MASK: u64>(at: usize) -> usize {
    let mut at = at as u64;
    // SAFETY: only touches its register.
    unsafe { asm!("{at} &= {mask}", at = inout(reg) at, mask = const MASK, options(nostack, nomem, pure)) };
    at as usize
}
