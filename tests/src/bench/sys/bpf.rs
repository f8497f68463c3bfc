//! bpf(2), where aya has no words for it: updates in batches, programs put together here, test runs
//! of those. Structures are those of `union bpf_attr` in include/uapi/linux/bpf.h.

use std::{
    ffi::CString,
    io, mem,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use anyhow::{Context, Result, bail};
use aya::Pod;

use super::instructions::Instruction;

const BPF_MAP_CREATE: i32 = 0;
const BPF_MAP_UPDATE_ELEM: i32 = 2;
const BPF_PROG_LOAD: i32 = 5;
const BPF_PROG_TEST_RUN: i32 = 10;
const BPF_MAP_UPDATE_BATCH: i32 = 26;
const BPF_LINK_CREATE: i32 = 28;

const BPF_MAP_TYPE_PROG_ARRAY: u32 = 3;
/// What uprobes run, too.
const BPF_PROG_TYPE_KPROBE: u32 = 2;
const BPF_PROG_TYPE_XDP: u32 = 6;
/// `BPF_XDP` of `enum bpf_attach_type`; a tail call asks for the same on both sides.
const BPF_XDP: u32 = 37;
const BPF_TRACE_UPROBE_MULTI: u32 = 48;
/// include/uapi/linux/if_link.h
const XDP_FLAGS_DRV_MODE: u32 = 1 << 2;
const BPF_F_TEST_XDP_LIVE_FRAMES: u32 = 1 << 1;

/// Entries given to the kernel at a time.
const BATCH: usize = 65_536;

/// Puts all `entries` into a map (Linux 5.6).
///
/// # Errors
///
/// When the kernel refuses, such as a full map.
pub fn fill<K: Pod, V: Pod>(map: BorrowedFd<'_>, entries: impl Iterator<Item = (K, V)>) -> Result<usize> {
    #[repr(C)]
    #[derive(Default)]
    struct Attr {
        in_batch: u64,
        out_batch: u64,
        keys: u64,
        values: u64,
        count: u32,
        map_fd: u32,
        elem_flags: u64,
        flags: u64,
    }
    let mut entries = entries.peekable();
    let mut filled = 0;
    while entries.peek().is_some() {
        let (keys, values): (Vec<K>, Vec<V>) = entries.by_ref().take(BATCH).unzip();
        let mut attr = Attr {
            keys: keys.as_ptr().addr() as u64,
            values: values.as_ptr().addr() as u64,
            count: u32::try_from(keys.len())?,
            map_fd: raw(map),
            ..Attr::default()
        };
        // SAFETY: both arrays hold `count` elements of the map's sizes and outlive the call.
        unsafe { call(BPF_MAP_UPDATE_BATCH, &mut attr) }.context("update a map in batches")?;
        filled += keys.len();
    }
    Ok(filled)
}

/// An array of programs with one place, for a tail call.
///
/// # Errors
///
/// When the kernel refuses.
pub fn program_array(program: BorrowedFd<'_>) -> Result<OwnedFd> {
    #[repr(C)]
    #[derive(Default)]
    struct Create {
        map_type: u32,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
        map_flags: u32,
    }
    #[repr(C)]
    #[derive(Default)]
    struct Update {
        map_fd: u32,
        pad: u32,
        key: u64,
        value: u64,
        flags: u64,
    }
    let mut create = Create {
        map_type: BPF_MAP_TYPE_PROG_ARRAY,
        key_size: 4,
        value_size: 4,
        max_entries: 1,
        ..Create::default()
    };
    // SAFETY: no pointers inside.
    let fd = unsafe { call(BPF_MAP_CREATE, &mut create) }.context("make an array of programs")?;
    // SAFETY: the kernel just gave it to us.
    let map = unsafe { OwnedFd::from_raw_fd(fd) };
    let (key, value) = (0u32, raw(program));
    let mut update = Update {
        map_fd: raw(map.as_fd()),
        key: (&raw const key).addr() as u64,
        value: (&raw const value).addr() as u64,
        ..Update::default()
    };
    // SAFETY: key and value have the map's sizes and outlive the call.
    unsafe { call(BPF_MAP_UPDATE_ELEM, &mut update) }.context("put a program into the array")?;
    Ok(map)
}

/// Loads an XDP program.
///
/// # Errors
///
/// When the verifier refuses it: with its words.
pub fn load_xdp(instructions: &[Instruction]) -> Result<OwnedFd> {
    load(BPF_PROG_TYPE_XDP, BPF_XDP, instructions)
}

/// Loads a program for uprobes, attached one by one or (`many`) by links for many at a time.
///
/// # Errors
///
/// When the verifier refuses it: with its words.
pub fn load_uprobe(instructions: &[Instruction], many: bool) -> Result<OwnedFd> {
    load(BPF_PROG_TYPE_KPROBE, if many { BPF_TRACE_UPROBE_MULTI } else { 0 }, instructions)
}

/// Runs a program at an offset of a file in every process that maps it, by a link for many such offsets, until the
/// link is closed (Linux 6.6).
///
/// # Errors
///
/// When the kernel does not know such links.
pub fn attach_uprobe_multi(program: BorrowedFd<'_>, file: &Path, offset: u64) -> Result<OwnedFd> {
    #[repr(C)]
    #[derive(Default)]
    struct Attr {
        prog_fd: u32,
        target: u32,
        attach_type: u32,
        flags: u32,
        path: u64,
        offsets: u64,
        ref_ctr_offsets: u64,
        cookies: u64,
        count: u32,
        multi_flags: u32,
        pid: u32,
        pad: u32,
    }
    let path = CString::new(file.as_os_str().as_bytes())?;
    let mut attr = Attr {
        prog_fd: raw(program),
        attach_type: BPF_TRACE_UPROBE_MULTI,
        path: path.as_ptr().addr() as u64,
        offsets: (&raw const offset).addr() as u64,
        count: 1,
        ..Attr::default()
    };
    // SAFETY: the path and the one offset outlive the call.
    let fd = unsafe { call(BPF_LINK_CREATE, &mut attr) }.context("attach a program to many uprobes")?;
    // SAFETY: the kernel just gave it to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn load(prog_type: u32, expected_attach_type: u32, instructions: &[Instruction]) -> Result<OwnedFd> {
    #[repr(C)]
    #[derive(Default)]
    struct Attr {
        prog_type: u32,
        insn_cnt: u32,
        insns: u64,
        license: u64,
        log_level: u32,
        log_size: u32,
        log_buf: u64,
        kern_version: u32,
        prog_flags: u32,
        prog_name: [u8; 16],
        prog_ifindex: u32,
        expected_attach_type: u32,
    }
    let mut log = vec![0u8; 64 << 10];
    let license = c"GPL";
    let mut attr = Attr {
        prog_type,
        insn_cnt: u32::try_from(instructions.len())?,
        insns: instructions.as_ptr().addr() as u64,
        license: license.as_ptr().addr() as u64,
        log_level: 1,
        log_size: u32::try_from(log.len())?,
        log_buf: log.as_mut_ptr().expose_provenance() as u64,
        prog_name: *b"picket_bench\0\0\0\0",
        expected_attach_type,
        ..Attr::default()
    };
    // SAFETY: instructions, license and log outlive the call and are as long as said.
    match unsafe { call(BPF_PROG_LOAD, &mut attr) } {
        // SAFETY: the kernel just gave it to us.
        Ok(fd) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        Err(error) => {
            let words = String::from_utf8_lossy(&log);
            bail!("load a program of the benchmark: {error}: {}", words.trim_end_matches('\0').trim())
        }
    }
}

/// Attaches an XDP program natively to an interface of this thread's network namespace, until the link is
/// closed (Linux 5.9).
///
/// # Errors
///
/// When there is one attached already, or the driver has no XDP.
pub fn attach_xdp(program: BorrowedFd<'_>, interface: u32) -> Result<OwnedFd> {
    #[repr(C)]
    struct Attr {
        prog_fd: u32,
        target_ifindex: u32,
        attach_type: u32,
        flags: u32,
    }
    let mut attr = Attr {
        prog_fd: raw(program),
        target_ifindex: interface,
        attach_type: BPF_XDP,
        flags: XDP_FLAGS_DRV_MODE,
    };
    // SAFETY: no pointers inside.
    let fd = unsafe { call(BPF_LINK_CREATE, &mut attr) }.context("attach an XDP program")?;
    // SAFETY: the kernel just gave it to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What a test run found.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The program's answer, of the last time.
    pub answer: u32,
    /// Nanoseconds a time, on average, as the kernel measured.
    pub nanoseconds: u32,
}

/// Runs a program `repeat` times on a frame. What it writes into the frame is there the next time.
///
/// # Errors
///
/// When the kernel refuses the frame.
pub fn test_run(program: BorrowedFd<'_>, frame: &[u8], repeat: u32) -> Result<Run> {
    let mut attr = TestRun::of(program, frame, repeat)?;
    let mut out = vec![0u8; frame.len() + 64];
    attr.data_size_out = u32::try_from(out.len())?;
    attr.data_out = out.as_mut_ptr().expose_provenance() as u64;
    // SAFETY: frame and out outlive the call and are as long as said.
    unsafe { call(BPF_PROG_TEST_RUN, &mut attr) }.context("a test run")?;
    Ok(Run { answer: attr.retval, nanoseconds: attr.duration })
}

/// Runs a program on `repeat` copies of a frame and does with them what it says: a program that
/// redirects sends them (Linux 5.18, `BPF_F_TEST_XDP_LIVE_FRAMES`).
///
/// # Errors
///
/// When the kernel refuses the frame.
pub fn send_frames(program: BorrowedFd<'_>, frame: &[u8], repeat: u32) -> Result<()> {
    let mut attr = TestRun::of(program, frame, repeat)?;
    attr.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    attr.batch_size = 64;
    // SAFETY: the frame outlives the call and is as long as said.
    unsafe { call(BPF_PROG_TEST_RUN, &mut attr) }.context("a test run with live frames")?;
    Ok(())
}

#[repr(C)]
#[derive(Default)]
struct TestRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
    flags: u32,
    cpu: u32,
    batch_size: u32,
    pad: u32,
}

impl TestRun {
    fn of(program: BorrowedFd<'_>, frame: &[u8], repeat: u32) -> Result<Self> {
        Ok(Self {
            prog_fd: raw(program),
            data_size_in: u32::try_from(frame.len())?,
            data_in: frame.as_ptr().addr() as u64,
            repeat,
            ..Self::default()
        })
    }
}

fn raw(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// # Safety
///
/// `attr` is what the kernel expects for `command`; pointers inside are valid for it.
unsafe fn call<T>(command: i32, attr: &mut T) -> io::Result<RawFd> {
    // SAFETY: the caller's promise; the size is that of the structure.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut *attr, mem::size_of::<T>()) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer as RawFd) }
}
