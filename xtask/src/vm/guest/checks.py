"""What this kernel lets Picket do, tried rather than looked up, and whether the services of the scenarios start.

Runs in the guest. Prints one line for each check:
PICKET-TEST kind=machine name=NAME result=ok|failed|cannot-run reason="…"
`failed` means the machine is not what the scenarios need; `cannot-run` that this kernel lacks something
they can do without.
"""

import ctypes
import errno
import os
import resource
import socket
import struct
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
SYS_BPF, SYS_IO_URING_SETUP = 321, 425  # x86_64


class Lacks(Exception):
    """The kernel has no such thing."""


# --- bpf(2), with no library between us and the kernel ------------------------------------------------

MAP_CREATE, PROG_LOAD, PROG_ATTACH, BTF_LOAD, LINK_CREATE = 0, 5, 8, 18, 28
HASH, LPM_TRIE, SK_STORAGE, RINGBUF = 1, 11, 24, 27
XDP, CGROUP_SKB, SOCK_OPS = 6, 8, 13
INET_INGRESS, INET_EGRESS, ATTACH_SOCK_OPS, ATTACH_XDP = 0, 1, 3, 37


def bpf(command, attributes):
    attributes = attributes.ljust(128, b"\0")
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = libc.syscall(SYS_BPF, command, buffer, len(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def new_map(kind, key, value, entries, flags=0, btf=(0, 0, 0)):
    # map_type key_size value_size max_entries map_flags inner_map_fd numa_node map_name[16]
    # map_ifindex btf_fd btf_key_type_id btf_value_type_id
    head = struct.pack("<7I16sI", kind, key, value, entries, flags, 0, 0, b"check", 0)
    return bpf(MAP_CREATE, head + struct.pack("<3I", *btf))


def insn(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", code, dst | src << 4, off, imm)


def map_fd(dst, fd):
    return insn(0x18, dst, 1, 0, fd) + insn(0)


MOV_IMM, MOV_REG, CALL, EXIT, JEQ_IMM, JNE_IMM, LDX_DW, STX_DW, STX_W, ADD_IMM = (
    0xB7, 0xBF, 0x85, 0x95, 0x15, 0x55, 0x79, 0x7B, 0x63, 0x07)


def load(kind, attach_type, instructions):
    code = b"".join(instructions)
    code = ctypes.create_string_buffer(code, len(code))
    license = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)
    # prog_type insn_cnt insns license log_level log_size log_buf kern_version prog_flags prog_name[16]
    # prog_ifindex expected_attach_type
    attributes = struct.pack(
        "<IIQQIIQII16sII", kind, len(code) // 8, ctypes.addressof(code), ctypes.addressof(license),
        1, len(log), ctypes.addressof(log), 0, 0, b"check", 0, attach_type)
    try:
        return bpf(PROG_LOAD, attributes)
    except OSError as error:
        last = log.value.decode(errors="replace").strip().splitlines()
        raise OSError(error.errno, f"{error.strerror}; {' / '.join(last[-3:])}") from None


def accept(result):
    return [insn(MOV_IMM, 0, imm=result), insn(EXIT)]


def link(program, target, attach_type):
    return bpf(LINK_CREATE, struct.pack("<4I", program, target, attach_type, 0))


def btf_of_an_int():
    """The smallest BTF that a socket storage map takes: one 4-byte integer for key and value."""
    types = struct.pack("<4I", 1, 1 << 24, 4, 1 << 24 | 32)  # name "int", KIND_INT, 4 bytes, signed 32 bits
    strings = b"\0int\0"
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    blob = ctypes.create_string_buffer(header + types + strings, len(header + types + strings))
    return bpf(BTF_LOAD, struct.pack("<QQIIII", ctypes.addressof(blob), 0, len(blob), 0, 0, 0))


def ring_buffer():
    return new_map(RINGBUF, 0, 0, 1 << 16)


def storage_map():
    return new_map(SK_STORAGE, 4, 4, 0, flags=1, btf=(btf_of_an_int(), 1, 1))  # BPF_F_NO_PREALLOC


def cgroup():
    """A cgroup of our own, so that no check touches another process."""
    for line in open("/proc/mounts"):
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            path = where + "/picket-check"
            os.makedirs(path, exist_ok=True)
            return os.open(path, os.O_RDONLY)
    raise Lacks("no cgroup2 mount")


# --- checks -------------------------------------------------------------------------------------------

def linux():
    return os.uname().release


def cgroup2_mounted():
    os.close(cgroup())
    return next(line.split()[1] for line in open("/proc/mounts") if line.split()[2] == "cgroup2")


def command(*words):
    def run():
        out = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True)
        if out.returncode:
            raise AssertionError(f"exit {out.returncode}: {out.stdout.strip()}")
        return out.stdout.strip().splitlines()[0] if out.stdout.strip() else ""
    return run


def python_imports():
    import asyncio, http.server, json, ssl, threading  # noqa: F401, what the services of the scenarios import
    return f"{sys.version.split()[0]}, {ssl.OPENSSL_VERSION}"


def loopback(family, address):
    def run():
        with socket.create_server((address, 0), family=family) as server:
            with socket.create_connection(server.getsockname()[:2], timeout=20) as client:
                peer, _ = server.accept()
                client.sendall(b"ping")
                assert peer.recv(4) == b"ping"
    return run


def veth_between_namespaces():
    for words in ("ip netns add check", "ip link add check0 type veth peer name check1 netns check",
                  "ip addr add 192.0.2.1/24 dev check0", "ip link set check0 up",
                  "ip -n check addr add 192.0.2.2/24 dev check1", "ip -n check link set check1 up",
                  "ping -c 1 -W 20 192.0.2.2"):
        command(*words.split())()


def inet_diag():
    """Asks for all listening TCP sockets, as sock_diag(7) says."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as netlink, socket.create_server(("127.0.0.1", 0)):
        request = struct.pack("<BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, 1 << 10) + bytes(48)
        netlink.send(struct.pack("<IHHII", 16 + len(request), 20, 0x301, 1, 0) + request)
        kind = struct.unpack_from("<H", netlink.recv(65536), 4)[0]
        if kind != 20:
            raise Lacks(f"answer of type {kind} instead of a socket")


def io_uring():
    parameters = ctypes.create_string_buffer(120)
    if libc.syscall(SYS_IO_URING_SETUP, 4, parameters) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ring_buffer_output():
    """A tap's shape: socket cookie, then a record into a ring buffer, on both directions by link."""
    ring = ring_buffer()
    program = [
        insn(CALL, imm=46),  # get_socket_cookie(skb)
        insn(STX_DW, 10, 0, -8),
        *[map_fd(1, ring), insn(MOV_REG, 2, 10), insn(ADD_IMM, 2, imm=-8), insn(MOV_IMM, 3, imm=8),
          insn(MOV_IMM, 4), insn(CALL, imm=130)],  # ringbuf_output(ring, &cookie, 8, 0)
        *accept(1)]
    for direction in (INET_INGRESS, INET_EGRESS):
        link(load(CGROUP_SKB, direction, program), cgroup(), direction)


def socket_storage_from_cgroup_skb():
    storage = storage_map()
    load(CGROUP_SKB, INET_INGRESS, [
        insn(LDX_DW, 1, 1, 168),  # __sk_buff.sk
        insn(JEQ_IMM, 1, off=9, imm=0),
        insn(CALL, imm=95),  # sk_fullsock
        insn(JEQ_IMM, 0, off=7, imm=0),
        insn(MOV_REG, 2, 0), map_fd(1, storage), insn(MOV_IMM, 3), insn(MOV_IMM, 4, imm=1),
        insn(CALL, imm=107),  # sk_storage_get(map, sk, NULL, CREATE)
        insn(MOV_IMM, 0, imm=1),  # both jumps land on the next
        *accept(1)])


def sock_ops_link():
    storage = storage_map()
    program = load(SOCK_OPS, ATTACH_SOCK_OPS, [
        insn(LDX_DW, 1, 1, 184),  # bpf_sock_ops.sk
        insn(JEQ_IMM, 1, off=6, imm=0),
        insn(MOV_REG, 2, 1), map_fd(1, storage), insn(MOV_IMM, 3), insn(MOV_IMM, 4, imm=1),
        insn(CALL, imm=107),
        *accept(1)])
    link(program, cgroup(), ATTACH_SOCK_OPS)


def xdp_link(interface):
    def run():
        lpm = new_map(LPM_TRIE, 8, 16, 16, flags=1)
        blocked = new_map(HASH, 4, 16, 16)
        program = load(XDP, ATTACH_XDP, [
            insn(CALL, imm=5),  # ktime_get_ns, against which a block's expiry is held
            insn(MOV_IMM, 0), insn(STX_DW, 10, 0, -8), insn(MOV_REG, 2, 10), insn(ADD_IMM, 2, imm=-8),
            map_fd(1, lpm), insn(CALL, imm=1),  # map_lookup_elem
            insn(MOV_REG, 2, 10), insn(ADD_IMM, 2, imm=-4), map_fd(1, blocked), insn(CALL, imm=1),
            *accept(2)])
        link(program, socket.if_nametoindex(interface), ATTACH_XDP)
    return run


def vmlinux_btf():
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        raise Lacks("no /sys/kernel/btf/vmlinux")
    return f"{os.path.getsize('/sys/kernel/btf/vmlinux') >> 10} KiB"


def uprobe_events():
    return open("/sys/bus/event_source/devices/uprobe/type").read().strip()


CHECKS = {
    "linux": linux,
    "cgroup2": cgroup2_mounted,
    "nginx": command("nginx", "-v"),
    "apache2": command("apache2", "-v"),
    "node": command("node", "-v"),
    "python3": python_imports,
    "bpftool": command("bpftool", "version"),
    "loopback-ipv4": loopback(socket.AF_INET, "127.0.0.1"),
    "loopback-ipv6": loopback(socket.AF_INET6, "::1"),
    "veth-between-namespaces": veth_between_namespaces,
    "inet-diag": inet_diag,
    "io-uring": io_uring,
    "cgroup-skb-ringbuf-links": ring_buffer_output,
    "cgroup-skb-socket-storage": socket_storage_from_cgroup_skb,
    "sock-ops-socket-storage-link": sock_ops_link,
    "xdp-lpm-link-on-veth": xdp_link("check0"),
    "xdp-lpm-link-on-lo": xdp_link("lo"),
    "uprobe-events": uprobe_events,
    "vmlinux-btf": vmlinux_btf,
}

# Without these the scenarios mean nothing.
NEEDED = {"linux", "cgroup2", "nginx", "apache2", "node", "python3", "bpftool", "loopback-ipv4", "loopback-ipv6",
          "veth-between-namespaces", "cgroup-skb-ringbuf-links", "xdp-lpm-link-on-veth"}

# Before 5.11 maps count against this limit, 64 KiB by default. Only ours is raised: Picket has to raise its own.
resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

failed = False
for name, check in CHECKS.items():
    try:
        result, reason = "ok", check()
    except Exception as error:  # one check must not hide the next
        result = "failed" if name in NEEDED else "cannot-run"
        reason = str(error) or type(error).__name__
        if isinstance(error, OSError) and error.errno:
            reason = f"{errno.errorcode.get(error.errno, error.errno)}: {reason}"
    failed |= result == "failed"
    reason = str("" if reason is None else reason).replace('"', "'").replace("\n", " / ")
    print(f'PICKET-TEST kind=machine name={name} result={result} reason="{reason}"', flush=True)
sys.exit(failed)
