//! bpf(2) as far as a trial needs it: load the smallest program, attach it to a cgroup.

use std::{
    io,
    os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd},
};

/// `BPF_PROG_LOAD`.
const PROG_LOAD: libc::c_int = 5;
/// `BPF_LINK_CREATE`, since Linux 5.7.
const LINK_CREATE: libc::c_int = 28;

/// A program type and where it is attached (`enum bpf_prog_type`, `enum bpf_attach_type`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    program: u32,
    attach: u32,
}

/// What the tap consists of.
pub(super) const TAP: [Kind; 3] = [
    Kind { name: "cgroup_skb ingress", program: 8, attach: 0 },
    Kind { name: "cgroup_skb egress", program: 8, attach: 1 },
    Kind { name: "sock_ops", program: 13, attach: 3 },
];

/// `r0 = 1; exit`: let every packet through (`struct bpf_insn`, eight bytes each).
const PASS: [u64; 2] = [u64::from_ne_bytes(insn(0xb7, 1)), u64::from_ne_bytes(insn(0x95, 0))];

const fn insn(code: u8, imm: i32) -> [u8; 8] {
    let imm = imm.to_ne_bytes();
    [code, 0, 0, 0, imm[0], imm[1], imm[2], imm[3]]
}

/// The front of `union bpf_attr` for `BPF_PROG_LOAD` (linux/bpf.h).
#[repr(C)]
#[derive(Default)]
struct ProgLoad {
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

/// The front of `union bpf_attr` for `BPF_LINK_CREATE`.
#[repr(C)]
#[derive(Default)]
struct LinkCreate {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    flags: u32,
}

/// Loads a program of this type that lets everything through.
pub(super) fn load(kind: Kind) -> io::Result<OwnedFd> {
    let mut prog_name = [0; 16];
    prog_name[..13].copy_from_slice(b"picket_doctor");
    let attr = ProgLoad {
        prog_type: kind.program,
        insn_cnt: 2,
        insns: PASS.as_ptr() as u64,
        license: c"Dual MIT/GPL".as_ptr() as u64,
        prog_name,
        expected_attach_type: kind.attach,
        ..ProgLoad::default()
    };
    // SAFETY: the pointers in `attr` point to statics that live as long as the call.
    unsafe { bpf(PROG_LOAD, &attr) }
}

/// Attaches a program to a cgroup until the link is dropped.
pub(super) fn attach(kind: Kind, program: &OwnedFd, cgroup: impl AsFd) -> io::Result<OwnedFd> {
    let raw = |fd: libc::c_int| u32::try_from(fd).map_err(io::Error::other);
    let attr = LinkCreate {
        prog_fd: raw(program.as_raw_fd())?,
        target_fd: raw(cgroup.as_fd().as_raw_fd())?,
        attach_type: kind.attach,
        flags: 0,
    };
    // SAFETY: `attr` holds no pointers.
    unsafe { bpf(LINK_CREATE, &attr) }
}

/// Calls bpf(2) for a command that gives a file descriptor.
///
/// # Safety
///
/// `attr` must be the front of `union bpf_attr` for `command`, without padding, and its pointers
/// valid for the call.
unsafe fn bpf<T>(command: libc::c_int, attr: &T) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads `size_of::<T>()` bytes of `attr`, which is borrowed; the rest is the
    // caller's promise.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attr), size_of::<T>()) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    let fd = libc::c_int::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: the call gave a new descriptor (close-on-exec) that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
