//! The deny program alone: nanoseconds a packet, as the kernel measures them in a test run.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::{AsFd, OwnedFd},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use aya::maps::MapInfo;
use ipnet::IpNet;
use picket::{probe::deny::Deny, time};
use picket_common::deny::DenyEntry;

use crate::bench::{
    Bench, Part, cpu,
    figures::{Series, in_turns},
    load::frame,
    machine,
    report::{Aim, Section, Table, grouped, tenths},
    sys::{
        bpf,
        instructions::{Sources, Then, from_many_sources},
    },
};

/// See the module.
pub const PART: Part =
    Part { name: "xdp", about: "the deny program: nanoseconds a packet, by size of the denylist", run };

/// Aimed at, with a million entries.
const AIM: f64 = 60.0;

/// Sizes of the denylist.
const SIZES: [u32; 3] = [0, 1_000, 1_000_000];
const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

/// Denied: this and the following.
const V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0);
/// Not denied: this and the following.
const OTHER_V4: Ipv4Addr = Ipv4Addr::new(11, 0, 0, 0);
const OTHER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0);
/// Networks denied when there are any; nobody's packets come from there.
const NETWORKS: [&str; 2] = ["198.51.100.0/24", "2001:db8:ffff::/48"];
/// What stands on the passlist of any host: loopback, own addresses, gateways.
const PASSLIST: [&str; 5] = ["127.0.0.0/8", "192.0.2.1/32", "192.0.2.10/32", "::1/128", "2001:db8:2::10/128"];

/// What is run at the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// The same denied source in every packet.
    Hit,
    /// The same, opening connections where the blocking page answers.
    HitPage,
    /// The same other source in every packet.
    Miss,
    /// That, with networks denied as well.
    MissWithNetworks,
    /// Another denied source in every packet.
    HitMany,
    /// Another source in every packet, none denied.
    MissMany,
    /// No IP: left at once. What the test run itself costs.
    Nothing,
    /// That, with a new source written into every packet.
    NothingMany,
}

impl Case {
    const fn name(self) -> &'static str {
        match self {
            Self::Hit => "denied, one source",
            Self::HitPage => "denied, one source, asking for the blocking page",
            Self::Miss => "not denied, one source",
            Self::MissWithNetworks => "not denied, one source, networks denied too",
            Self::HitMany => "denied, a random source each packet",
            Self::MissMany => "not denied, a random source each packet",
            Self::Nothing => "no IP: an empty run, one packet",
            Self::NothingMany => "no IP: an empty run, a random source written",
        }
    }

    const fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::HitPage | Self::HitMany)
    }

    const fn has_many(self) -> bool {
        matches!(self, Self::HitMany | Self::MissMany | Self::NothingMany)
    }

    const fn is_empty(self) -> bool {
        matches!(self, Self::Nothing | Self::NothingMany)
    }
}

const CASES: [Case; 8] = [
    Case::Nothing,
    Case::Hit,
    Case::HitPage,
    Case::Miss,
    Case::MissWithNetworks,
    Case::NothingMany,
    Case::HitMany,
    Case::MissMany,
];

/// A denylist of its own in the kernel.
struct List {
    entries: u32,
    deny: Deny,
    /// Keeps the tail call's target alive.
    array: OwnedFd,
    fill_ms: [f64; 2],
}

impl List {
    fn new(entries: u32) -> Result<Self> {
        let mut deny = Deny::load(None)?;
        let passlist: Vec<IpNet> = PASSLIST.iter().map(|net| net.parse()).collect::<Result<_, _>>()?;
        deny.pass(&passlist)?;
        // As real blocks are: they end some day.
        let entry = DenyEntry { expires: time::boot_now() + 86_400_000_000_000, ..DenyEntry::default() };
        let fill_ms = [
            fill(&deny, "DENY_V4", (0..entries).map(|i| ((V4.to_bits() + i).to_be_bytes(), entry)))?,
            fill(
                &deny,
                "DENY_V6",
                (0..entries).map(|i| ((V6.to_bits() + u128::from(i)).to_be_bytes(), entry)),
            )?,
        ];
        let array = bpf::program_array(deny.program()?.fd()?.as_fd())?;
        Ok(Self { entries, deny, array, fill_ms })
    }
}

/// Fills a map of the deny program; milliseconds it took.
fn fill<K: aya::Pod>(deny: &Deny, name: &str, entries: impl Iterator<Item = (K, DenyEntry)>) -> Result<f64> {
    let map = map_of(deny, name)?;
    let start = Instant::now();
    bpf::fill(map.as_fd(), entries)?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// A map that the deny program uses.
pub fn map_of(deny: &Deny, name: &str) -> Result<aya::maps::MapFd> {
    for id in deny.program()?.info()?.map_ids()?.unwrap_or_default() {
        let info = MapInfo::from_id(id)?;
        if info.name_as_str() == Some(name) {
            return Ok(info.fd()?);
        }
    }
    anyhow::bail!("the deny program uses no map {name}")
}

/// One cell of the tables.
struct Side {
    list: usize,
    case: Case,
    v6: bool,
    /// Gives the packet another source and calls the program.
    many: Option<OwnedFd>,
    frame: Vec<u8>,
}

impl Side {
    fn new(lists: &[List], list: usize, case: Case, v6: bool) -> Result<Self> {
        let entries = lists[list].entries;
        let one = entries / 2;
        let first: IpAddr = match (case.is_hit(), v6) {
            (true, false) => Ipv4Addr::from_bits(V4.to_bits() + one).into(),
            (false, false) => OTHER_V4.into(),
            (true, true) => Ipv6Addr::from_bits(V6.to_bits() + u128::from(one)).into(),
            (false, true) => OTHER_V6.into(),
        };
        let to: IpAddr = if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let frame = match case {
            Case::Nothing | Case::NothingMany => frame::not_ip(),
            Case::HitPage => frame::syn(frame::NOWHERE, first, to),
            _ => frame::udp(frame::NOWHERE, first, to),
        };
        let many = case.has_many().then(|| {
            // Where the last four bytes of the source stand, and what stands in them first.
            let (at, first) = match (v6, case.is_hit()) {
                (true, _) => (34, 0),
                (false, true) => (26, V4.to_bits()),
                (false, false) => (26, OTHER_V4.to_bits()),
            };
            // Without entries, as many sources as with the most.
            let count = if entries == 0 { 1_000_000 } else { entries };
            let program =
                from_many_sources(Sources { at, first, count }, Then::TailCall(lists[list].array.as_fd()))?;
            bpf::load_xdp(&program)
        });
        Ok(Self { list, case, v6, many: many.transpose()?, frame })
    }

    fn measure(&self, lists: &mut [List], repeat: u32) -> Result<f64> {
        let list = &mut lists[self.list];
        let networks: Vec<IpNet> = NETWORKS.iter().map(|net| net.parse()).collect::<Result<_, _>>()?;
        if self.case == Case::MissWithNetworks {
            for net in &networks {
                list.deny.deny(*net, 0)?;
            }
        }
        if self.case == Case::HitPage {
            list.deny.pages.show(&BTreeSet::from([frame::DISCARD]))?;
        }
        let program = match &self.many {
            Some(program) => program.as_fd(),
            None => list.deny.program()?.fd()?.as_fd(),
        };
        // Once to warm up: caches, and the CPU's clock.
        bpf::test_run(program, &self.frame, repeat / 10)?;
        let run = bpf::test_run(program, &self.frame, repeat)?;
        let wanted = if self.case.is_hit() { XDP_DROP } else { XDP_PASS };
        ensure!(
            run.answer == wanted,
            "{}: the program answered {}, not {wanted}",
            self.case.name(),
            run.answer
        );
        if self.case == Case::HitPage {
            list.deny.pages.show(&BTreeSet::new())?;
        }
        if self.case == Case::MissWithNetworks {
            for net in &networks {
                list.deny.allow(*net)?;
            }
        }
        Ok(f64::from(run.nanoseconds))
    }
}

fn run(bench: &Bench) -> Result<Section> {
    cpu::pin(machine::cpus() - 1)?;
    bench.progress("filling denylists");
    let mut lists = SIZES.iter().map(|&size| List::new(size)).collect::<Result<Vec<_>>>()?;
    let mut sides = Vec::new();
    for v6 in [false, true] {
        for case in CASES {
            for list in 0..lists.len() {
                let exists = lists[list].entries > 0 || !case.is_hit();
                if exists {
                    sides.push(Side::new(&lists, list, case, v6)?);
                }
            }
        }
    }
    let repeat = if bench.quick { 100_000 } else { 1_000_000 };
    let turns = bench.turns(11, 3);
    bench.progress(&format!("{} cases, {turns} turns of {} packets", sides.len(), grouped(repeat.into())));
    let measured = in_turns(turns, &mut sides, |side, _| side.measure(&mut lists, repeat))?;
    let cells: Vec<(&Side, Series)> = sides.iter().zip(measured.into_iter().map(Series::of)).collect();

    let mut tables = Vec::new();
    for v6 in [false, true] {
        let family = if v6 { "IPv6" } else { "IPv4" };
        let mut table = Table::new(
            format!(
                "{family}: nanoseconds a packet, by entries in the denylist; median (least–most) of {turns} turns"
            ),
            &["packets", "0", "1,000", "1,000,000"],
        );
        for case in CASES {
            let cell = |list: usize| {
                cell(&cells, v6, case, list).map_or("—".to_owned(), |s| s.show(|v| format!("{v:.0}")))
            };
            table.row([case.name().to_owned(), cell(0), cell(1), cell(2)]);
        }
        tables.push(table);
    }
    let mut table = Table::new(
        "Above the empty run of the same kind, taken within each turn, with a million entries; nanoseconds",
        &["packets", "IPv4", "IPv6"],
    );
    for case in CASES.into_iter().filter(|case| !case.is_empty()) {
        let floor = if case.has_many() { Case::NothingMany } else { Case::Nothing };
        let net = |v6| -> Result<String> {
            let (all, floor) = (cell(&cells, v6, case, 2), cell(&cells, v6, floor, 2));
            Ok(all.context("a cell")?.less(floor.context("a cell")?).show(|v| format!("{v:.0}")))
        };
        table.row([case.name().to_owned(), net(false)?, net(true)?]);
    }
    tables.push(table);
    let full = lists.last().context("a list")?;
    let mut table = Table::new(
        "Filling a million entries by batches (BPF_MAP_UPDATE_BATCH), once",
        &["family", "ms", "ns an entry"],
    );
    for (family, ms) in ["IPv4", "IPv6"].iter().zip(full.fill_ms) {
        table.row([(*family).to_owned(), grouped(ms), grouped(ms * 1e6 / f64::from(full.entries))]);
    }
    tables.push(table);

    let aims = vec![
        aim(&cells, "the run's own loop included", |series, _| series.clone())?,
        aim(&cells, "the program alone: the empty run taken off", Series::less)?,
    ];
    Ok(Section {
        title: "The deny program alone (BPF_PROG_TEST_RUN)".to_owned(),
        method: METHOD.trim().replace('\n', " "),
        tables,
        aims,
    })
}

/// The slowest of the cases with one source and a million entries, against what is aimed at.
fn aim(cells: &[(&Side, Series)], how: &str, figure: fn(&Series, &Series) -> Series) -> Result<Aim> {
    let full = SIZES.len() - 1;
    let mut slowest: Option<(f64, String)> = None;
    for v6 in [false, true] {
        let floor = cell(cells, v6, Case::Nothing, full).context("a cell")?;
        for case in [Case::Hit, Case::Miss, Case::MissWithNetworks] {
            let median = figure(cell(cells, v6, case, full).context("a cell")?, floor).median();
            if slowest.as_ref().is_none_or(|(most, _)| median > *most) {
                let family = if v6 { "IPv6" } else { "IPv4" };
                slowest = Some((median, format!("{family}, {}", case.name())));
            }
        }
    }
    let (median, case) = slowest.context("a case")?;
    Ok(Aim {
        what: format!("under {AIM} ns a packet with a million entries, one source, {how}"),
        found: format!("{} ns in the slowest case: {case}", tenths(median)),
        met: median < AIM,
    })
}

fn cell<'c>(cells: &'c [(&Side, Series)], v6: bool, case: Case, list: usize) -> Option<&'c Series> {
    let found = cells.iter().find(|(side, _)| (side.v6, side.case, side.list) == (v6, case, list));
    found.map(|(_, series)| series)
}

const METHOD: &str = "
The kernel runs the program many times on one packet and gives the mean time of one run, whole nanoseconds, the loop
around it included; a packet that is no IP shows what that loop costs. One packet repeated finds its entry in the CPU's
cache. A real flood comes from many addresses: in the rows with a random source a small program writes another source
into each packet and then calls the deny program, so that a million entries have to come from memory. Every entry
ends some day, the passlist holds five networks, as on any host. With the blocking page on, what opens a connection is also
looked at for it: a few packets within 8 ticks are copied for the agent, all others are dropped as they are without.
";
