//! The tap and the connection hook, loaded and attached.

use std::{
    os::fd::AsFd,
    path::Path,
    sync::{Arc, Mutex},
};

use aya::{
    Ebpf, EbpfLoader,
    maps::{Array, ArrayOfMaps, HashMap, Map, MapData, PerCpuArray, RingBuf},
    programs::{CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, CgroupSockAddr, SockOps},
};
use picket_common::{
    advice::Advice,
    conn::{Direction, TapConfig},
    limits::MAX_RINGS,
};

use super::{
    ProbeError, cgroup,
    cgroup::Cgroup,
    counts::KernelCounts,
    object,
    rings::Ring,
    tls::{self, Places, TlsProbes},
};

/// What to capture and how much of it.
#[derive(Clone, Debug)]
pub struct TapOptions<'a> {
    /// The cgroup whose services are watched; `None`: the whole host.
    pub cgroup: Option<&'a Path>,
    /// Ring buffers, 1 to [`MAX_RINGS`].
    pub rings: usize,
    /// Bytes of each ring buffer; rounded up to a power of two of at least one page.
    pub ring_size: u32,
    /// Bytes of a request body that may leave the kernel.
    pub request_body: u32,
    /// Bytes of a response body that may leave the kernel.
    pub response_body: u32,
}

/// The tap at work.
pub struct Tap {
    /// One a worker.
    pub rings: Vec<Ring>,
    /// Words about connections, for the programs.
    pub advice: AdviceMap,
    /// The kernel's counters.
    pub counts: KernelCounts,
    /// What it is attached to.
    pub cgroup: Cgroup,
    /// The programs.
    pub programs: Attached,
    /// Whether the kernel says which process of this host is a service's client; or why not.
    pub clients: Result<(), ProbeError>,
    /// Probes for TLS libraries; or why this kernel has none.
    pub tls: Result<TlsProbes, ProbeError>,
}

/// The attached programs. Dropping it, and what holds it, detaches them.
pub struct Attached(#[expect(dead_code, reason = "held for its drop")] Arc<Mutex<Ebpf>>);

/// Tells the programs about connections. Shared by the workers.
pub struct AdviceMap(std::sync::Mutex<HashMap<MapData, u64, Advice>>);

impl AdviceMap {
    /// Says `advice` about the connection with this cookie. The table is an LRU: it can't be full.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the update.
    pub fn say(&self, cookie: u64, advice: Advice) -> Result<(), aya::maps::MapError> {
        let mut map = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        map.insert(cookie, advice, 0)
    }

    /// Forgets what was said about a connection that is gone.
    pub fn forget(&self, cookie: u64) {
        let mut map = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Not there is what most connections are.
        let _ = map.remove(&cookie);
    }
}

/// Room for a request head beside the body's budget: what nginx, Apache and Node accept at most by
/// default is between 8 and 32 KiB.
const HEAD_BUDGET: u32 = 64 * 1024;
/// The same for a response head.
const RESPONSE_HEAD_BUDGET: u32 = 16 * 1024;

/// Maps of the object that the tap does not use; made as small as can be.
const DENY_MAPS: [&str; 7] =
    ["DENY_V4", "DENY_V6", "DENY_V4_CIDR", "DENY_V6_CIDR", "PASS_V4", "PASS_V6", "PAGE_PORTS"];

const TAPS: [(&str, CgroupSkbAttachType); 2] =
    [("picket_egress", CgroupSkbAttachType::Egress), ("picket_ingress", CgroupSkbAttachType::Ingress)];

/// Who connects to services.
const CONNECTS: [&str; 2] = ["picket_connect4", "picket_connect6"];

/// The tap loaded, not attached.
pub struct Loaded {
    rings: Vec<Ring>,
    advice: HashMap<MapData, u64, Advice>,
    counts: KernelCounts,
    tls: Result<Places, ProbeError>,
    clients: Result<(), ProbeError>,
    programs: Ebpf,
}

/// Loads the tap and attaches it.
///
/// # Errors
///
/// When the kernel refuses a map, a program or an attachment; nothing stays attached then.
pub fn attach(options: &TapOptions<'_>) -> Result<Tap, ProbeError> {
    let cgroup = cgroup::open(options.cgroup)?;
    Loaded::load(options)?.attach(cgroup)
}

impl Loaded {
    /// Loads maps and programs.
    ///
    /// # Errors
    ///
    /// When the kernel refuses one of them.
    pub fn load(options: &TapOptions<'_>) -> Result<Self, ProbeError> {
        super::raise_memlock();
        let count = options.rings.clamp(1, MAX_RINGS);
        let config = TapConfig {
            rings: u32::try_from(count).unwrap_or(1),
            ingress_budget: options.request_body.saturating_add(HEAD_BUDGET),
            egress_budget: options.response_body.saturating_add(RESPONSE_HEAD_BUDGET),
            reserved: 0,
        };
        let mut loader = EbpfLoader::new();
        loader.override_global("TAP_CONFIG", &config, true);
        for name in DENY_MAPS {
            loader.map_max_entries(name, 1);
        }
        // The smallest there is.
        loader.map_max_entries("PAGE_PACKETS", page_size());
        let mut programs =
            loader.load(object::bytes()?).map_err(|e| ProbeError::refused("the tap's maps", &e))?;
        for (name, _) in TAPS {
            let program: &mut CgroupSkb = program(&mut programs, name)?;
            program.load().map_err(|e| ProbeError::refused(format!("program {name}"), &e))?;
        }
        let conn: &mut SockOps = program(&mut programs, "picket_conn")?;
        conn.load().map_err(|e| ProbeError::refused("program picket_conn", &e))?;

        let clients = CONNECTS.into_iter().try_for_each(|name| {
            let connect: &mut CgroupSockAddr = program(&mut programs, name)?;
            connect.load().map_err(|e| ProbeError::refused(format!("program {name}"), &e))
        });
        let tls = tls::load(&mut programs);

        // Only now: a map that is taken is closed with its owner, a loaded program keeps its own.
        let polled = typed(&mut programs, "POLLED", Array::<MapData, u32>::try_from)?;
        let rings = make_rings(&mut programs, polled, count, options.ring_size)?;
        let advice = typed(&mut programs, "ADVICE", HashMap::<MapData, u64, Advice>::try_from)?;
        let counts = KernelCounts::new(typed(&mut programs, "COUNTS", PerCpuArray::try_from)?);
        let tls = tls.and_then(|()| Places::take(&mut programs));
        Ok(Self { rings, advice, counts, tls, clients, programs })
    }

    /// Attaches the programs to a cgroup.
    ///
    /// # Errors
    ///
    /// When the kernel refuses; nothing stays attached then.
    pub fn attach(self, cgroup: Cgroup) -> Result<Tap, ProbeError> {
        let Self { rings, advice, counts, tls, clients, mut programs } = self;
        // Connections first: what opens after this is known from its first byte.
        let conn: &mut SockOps = program(&mut programs, "picket_conn")?;
        conn.attach(cgroup.dir.as_fd(), CgroupAttachMode::Single)
            .map_err(|e| ProbeError::refused("attaching picket_conn to the cgroup", &e))?;
        for (name, kind) in TAPS {
            let program: &mut CgroupSkb = program(&mut programs, name)?;
            program
                .attach(cgroup.dir.as_fd(), kind, CgroupAttachMode::Single)
                .map_err(|e| ProbeError::refused(format!("attaching {name} to the cgroup"), &e))?;
        }
        // Without them a connection's client is looked up in user space.
        let clients = clients.and_then(|()| {
            CONNECTS.into_iter().try_for_each(|name| {
                let connect: &mut CgroupSockAddr = program(&mut programs, name)?;
                connect
                    .attach(cgroup.dir.as_fd(), CgroupAttachMode::Single)
                    .map_err(|e| ProbeError::refused(format!("attaching {name} to the cgroup"), &e))?;
                Ok(())
            })
        });
        let programs = Arc::new(Mutex::new(programs));
        Ok(Tap {
            rings,
            advice: AdviceMap(std::sync::Mutex::new(advice)),
            counts,
            cgroup,
            clients,
            tls: tls.map(|places| TlsProbes::new(Arc::clone(&programs), places)),
            programs: Attached(programs),
        })
    }

    /// The program of a direction, for test runs.
    ///
    /// # Errors
    ///
    /// When the object lacks it.
    pub fn program(&self, direction: Direction) -> Result<&CgroupSkb, ProbeError> {
        let name = match direction {
            Direction::Ingress => "picket_ingress",
            Direction::Egress => "picket_egress",
        };
        loaded(&self.programs, name)
    }

    /// The probes for TLS libraries alone.
    ///
    /// # Errors
    ///
    /// Why this kernel has none.
    pub fn into_tls(self) -> Result<TlsProbes, ProbeError> {
        let Self { tls, programs, .. } = self;
        tls.map(|places| TlsProbes::new(Arc::new(Mutex::new(programs)), places))
    }

    /// The kernel's counters.
    #[must_use]
    pub fn counts(&self) -> &KernelCounts {
        &self.counts
    }

    /// The ring buffers.
    pub fn rings(&mut self) -> &mut [Ring] {
        &mut self.rings
    }
}

/// The smallest ring buffer there is, bytes.
fn page_size() -> u32 {
    u32::try_from(rustix::param::page_size()).unwrap_or(4096)
}

/// Makes the ring buffers and hands them to the programs.
fn make_rings(
    programs: &mut Ebpf,
    polled: Array<MapData, u32>,
    count: usize,
    size: u32,
) -> Result<Vec<Ring>, ProbeError> {
    let polled = Arc::new(Mutex::new(polled));
    let page = page_size();
    let size = size.max(page).checked_next_power_of_two().unwrap_or(1 << 31);
    let map = take(programs, "RINGS")?;
    let mut outer: ArrayOfMaps<MapData, RingBuf<MapData>> =
        map.try_into().map_err(|e: aya::maps::MapError| ProbeError::refused("map RINGS", &e))?;
    let mut rings = Vec::with_capacity(count);
    for index in 0..count {
        let index = u32::try_from(index).unwrap_or(0);
        let inner =
            make_ring(size).map_err(|e| ProbeError::refused(format!("a ring buffer of {size} bytes"), &e))?;
        outer.set(index, &inner, 0).map_err(|e| ProbeError::refused("setting a ring buffer", &e))?;
        let ring = Ring::new(inner, index, Arc::clone(&polled));
        rings.push(ring.map_err(|e| ProbeError::refused("mapping a ring buffer's positions", &e))?);
    }
    Ok(rings)
}

/// aya makes several map types on their own, a ring buffer not among them.
fn make_ring(size: u32) -> Result<RingBuf<MapData>, aya::maps::MapError> {
    let kind = aya_obj::generated::bpf_map_type::BPF_MAP_TYPE_RINGBUF as u32;
    let map = aya_obj::Map::new_from_params(kind, 0, 0, size, 0);
    RingBuf::try_from(Map::RingBuf(MapData::create(map, "picket_ring", None)?))
}

pub(super) fn take(programs: &mut Ebpf, name: &str) -> Result<Map, ProbeError> {
    programs.take_map(name).ok_or_else(|| absent(name))
}

pub(super) fn typed<T>(
    programs: &mut Ebpf,
    name: &str,
    make: impl FnOnce(Map) -> Result<T, aya::maps::MapError>,
) -> Result<T, ProbeError> {
    make(take(programs, name)?).map_err(|e| ProbeError::refused(format!("map {name}"), &e))
}

pub(super) fn loaded<'p, P>(programs: &'p Ebpf, name: &str) -> Result<&'p P, ProbeError>
where
    &'p P: TryFrom<&'p aya::programs::Program>,
{
    programs.program(name).and_then(|p| p.try_into().ok()).ok_or_else(|| absent(name))
}

pub(super) fn program<'p, P>(programs: &'p mut Ebpf, name: &str) -> Result<&'p mut P, ProbeError>
where
    &'p mut P: TryFrom<&'p mut aya::programs::Program>,
{
    programs.program_mut(name).and_then(|p| p.try_into().ok()).ok_or_else(|| absent(name))
}

fn absent(name: &str) -> ProbeError {
    ProbeError::Refused {
        what: name.to_owned(),
        detail: "not in the object; build again with `cargo xtask build`".into(),
    }
}
