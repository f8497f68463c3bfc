//! What the programs share with each other and with the agent.

use aya_ebpf::{
    bindings::{BPF_F_NO_PREALLOC, BPF_SK_STORAGE_GET_F_CREATE, bpf_sock},
    btf_maps::{ArrayOfMaps, RingBuf, SkStorage},
    helpers::generated::bpf_sk_storage_get,
    macros::{btf_map, map},
    maps::{Array, HashMap, LpmTrie, LruHashMap, PerCpuArray, RingBuf as Ring},
};
use picket_common::{
    advice::Advice,
    conn::{TapConfig, Tuple},
    deny::{DenyConfig, DenyCpu, DenyEntry, PageCpu},
    limits::{
        ADVICE_ENTRIES, CIDR_ENTRIES, CLIENTS_NOTED, DENY_ENTRIES, MAX_RINGS, PAGE_PORTS as PORTS, PAGE_RING,
        TLS_CALLS, TLS_HELLOS, TLS_LAYOUTS, TLS_OBJECTS, TLS_RECORDS,
    },
    stats::COUNTERS,
    tls::{Key, Whose},
};

use crate::{
    conn::Tapped,
    tls::{
        Call, CallKey, Layout, Object, ObjectKey,
        hello::{Hello, Tracked},
    },
};

/// Set by the agent before loading.
#[unsafe(no_mangle)]
static TAP_CONFIG: TapConfig =
    TapConfig { rings: 1, ingress_budget: 131_072, egress_budget: 32_768, reserved: 0 };

/// The tap's settings.
#[inline(always)]
pub fn tap_config() -> TapConfig {
    // SAFETY: a static; volatile because the agent patches .rodata before the program is loaded.
    unsafe { core::ptr::read_volatile(&raw const TAP_CONFIG) }
}

/// Ring buffers to the agent's workers. The agent fills in as many as it has workers.
#[btf_map]
pub static RINGS: ArrayOfMaps<RingBuf<u8, 4096>, MAX_RINGS> = ArrayOfMaps::new();

/// By ring: 1 while its worker looks into it by itself, so that records need not wake it.
#[map]
pub static POLLED: Array<u32> = Array::with_max_entries(MAX_RINGS as u32, 0);

/// State of a connection, kept on its socket: the kernel frees it with the socket, so it cannot leak.
#[btf_map]
pub static CONNS: SkStorage<Tapped> = SkStorage::new();

/// What the agent says about connections, by socket cookie.
#[map]
pub static ADVICE: LruHashMap<u64, Advice> = LruHashMap::with_max_entries(ADVICE_ENTRIES, 0);

/// The listening socket whose packet this CPU is handling: a handshake's last packet is filtered
/// with the listener as its socket, and the connection's own socket is made right after, in the same
/// softirq.
#[map]
pub static HANDSHAKE: PerCpuArray<Handshake> = PerCpuArray::with_max_entries(1, 0);

/// Processes whose socket (by cookie) is connecting.
#[map]
pub static CONNECTING: LruHashMap<u64, u32> = LruHashMap::with_max_entries(CLIENTS_NOTED, 0);
/// Processes with a connection that its service has not accepted yet, by the numbers of its handshake.
#[map]
pub static CLIENTS: LruHashMap<u64, u32> = LruHashMap::with_max_entries(CLIENTS_NOTED, 0);

/// Counters, one set per CPU.
#[map]
pub static COUNTS: PerCpuArray<[u64; COUNTERS]> = PerCpuArray::with_max_entries(1, 0);

/// Whose handshakes are: by the key of the client's random.
#[map]
pub static TLS_HELLO: LruHashMap<Key, Whose> = LruHashMap::with_max_entries(TLS_HELLOS, 0);
/// Whose records towards services are: by the ciphertext's first bytes; of connections tied to no object.
#[map]
pub static TLS_RECORD: LruHashMap<Key, Whose> = LruHashMap::with_max_entries(TLS_RECORDS, 0);
/// Room for one of these, and the packet it is about.
#[map]
pub static TLS_WHOSE: PerCpuArray<Tracked> = PerCpuArray::with_max_entries(1, 0);
/// Connections (socket cookies) that are tied to an object.
#[map]
pub static TLS_TIED: LruHashMap<u64, u64> = LruHashMap::with_max_entries(TLS_OBJECTS, 0);
/// Objects of TLS libraries.
#[map]
pub static TLS_OBJECT: LruHashMap<ObjectKey, Object> = LruHashMap::with_max_entries(TLS_OBJECTS, 0);
/// Whose record rustls is decrypting: by the thread that does.
#[map]
pub static TLS_HALF: LruHashMap<ObjectKey, Whose> = LruHashMap::with_max_entries(TLS_CALLS, 0);
/// Calls under way.
#[map]
pub static TLS_CALL: LruHashMap<CallKey, Call> = LruHashMap::with_max_entries(TLS_CALLS, 0);
/// Where the objects of a process (thread group) keep the client's random.
#[map]
pub static TLS_LAYOUT: LruHashMap<u32, Layout> = LruHashMap::with_max_entries(TLS_LAYOUTS, 0);
/// Where rustls' objects of a process (thread group) keep the pointer that says which connection it is.
#[map]
pub static TLS_RUSTLS: LruHashMap<u32, u32> = LruHashMap::with_max_entries(TLS_LAYOUTS, 0);
/// An object and a call of which nothing is known: too large for the stack. Nobody writes to it.
#[map]
pub static TLS_BLANK: Array<Object> = Array::with_max_entries(1, 0);

/// Denied single addresses. Addresses are kept as words: aligned, they are compared and copied as such.
#[map]
pub static DENY_V4: HashMap<[u32; 1], DenyEntry> = HashMap::with_max_entries(DENY_ENTRIES, BPF_F_NO_PREALLOC);
/// Denied single addresses.
#[map]
pub static DENY_V6: HashMap<[u32; 4], DenyEntry> = HashMap::with_max_entries(DENY_ENTRIES, BPF_F_NO_PREALLOC);
/// Denied networks.
#[map]
pub static DENY_V4_CIDR: LpmTrie<[u32; 1], DenyEntry> =
    LpmTrie::with_max_entries(CIDR_ENTRIES, BPF_F_NO_PREALLOC);
/// Denied networks.
#[map]
pub static DENY_V6_CIDR: LpmTrie<[u32; 4], DenyEntry> =
    LpmTrie::with_max_entries(CIDR_ENTRIES, BPF_F_NO_PREALLOC);
/// Networks that are never denied.
#[map]
pub static PASS_V4: LpmTrie<[u32; 1], u32> = LpmTrie::with_max_entries(CIDR_ENTRIES, BPF_F_NO_PREALLOC);
/// Networks that are never denied.
#[map]
pub static PASS_V6: LpmTrie<[u32; 4], u32> = LpmTrie::with_max_entries(CIDR_ENTRIES, BPF_F_NO_PREALLOC);
/// One entry.
#[map]
pub static DENY_CONFIG: Array<DenyConfig> = Array::with_max_entries(1, 0);
/// Counts and clock of the deny program, which outlives the agent: its own map.
#[map]
pub static DENY_CPU: PerCpuArray<DenyCpu> = PerCpuArray::with_max_entries(1, 0);

/// How many packets of blocked clients a CPU may hand to the agent within some ticks; 0: none, nobody answers.
#[map]
pub static PAGE: Array<u32> = Array::with_max_entries(1, 0);
/// Ports, in host order, on which they may.
#[map]
pub static PAGE_PORTS: HashMap<u16, u8> = HashMap::with_max_entries(PORTS, BPF_F_NO_PREALLOC);
/// Their packets, which are dropped all the same.
#[map]
pub static PAGE_PACKETS: Ring = Ring::with_byte_size(PAGE_RING, 0);
/// How many they were.
#[map]
pub static PAGE_CPU: PerCpuArray<PageCpu> = PerCpuArray::with_max_entries(1, 0);

/// Value of [`HANDSHAKE`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Handshake {
    /// Cookie of the listening socket.
    pub listener: u64,
    /// The handshake packet's addresses.
    pub tuple: Tuple,
    /// 1: its payload was written as a pending record.
    pub pending: u32,
    /// Padding.
    pub zero: u32,
    /// What its payload begins with.
    pub hello: Hello,
}

/// The state of the connection of `sk`, if it has one.
///
/// # Safety
///
/// `sk` is a full socket the verifier knows.
#[inline(always)]
pub unsafe fn conn_of(sk: *mut bpf_sock) -> Option<&'static mut Tapped> {
    // SAFETY: the helper returns null or a value that lives as long as the socket.
    unsafe {
        let map = (&raw const CONNS).cast_mut().cast();
        bpf_sk_storage_get(map, sk.cast(), core::ptr::null_mut(), 0).cast::<Tapped>().as_mut()
    }
}

/// The state of the connection of `sk`, made zeroed if it has none. `None`: no memory.
///
/// # Safety
///
/// `sk` is a full socket the verifier knows.
#[inline(always)]
pub unsafe fn conn_or_new(sk: *mut bpf_sock) -> Option<&'static mut Tapped> {
    // SAFETY: the helper returns null or a value that lives as long as the socket.
    unsafe {
        let map = (&raw const CONNS).cast_mut().cast();
        let create = u64::from(BPF_SK_STORAGE_GET_F_CREATE);
        bpf_sk_storage_get(map, sk.cast(), core::ptr::null_mut(), create).cast::<Tapped>().as_mut()
    }
}
