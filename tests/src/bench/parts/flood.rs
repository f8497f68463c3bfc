//! The same flood, dropped by Picket and dropped by nftables.

mod filter;

use std::{
    net::{IpAddr, Ipv4Addr},
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::bench::{
    Bench, Part, clock, cpu,
    figures::{Series, in_turns},
    ground::Cable,
    load::frame,
    machine,
    report::{Section, Table, grouped, percent},
    sys::{
        bpf,
        instructions::{Sources, Then, from_many_sources},
        packet::{PacketSocket, index_of, receive_offload},
    },
};
use filter::{Filter, Kind};

/// See the module.
pub const PART: Part =
    Part { name: "flood", about: "the same flood, dropped by Picket and by nftables", run };

/// Denied: this and the following addresses.
const DENIED: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
/// Whom the flood is for.
const TARGET: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// Different frames the packet socket sends in turn, at most.
const FRAMES: u32 = 16_384;

/// How packets come onto the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// As XDP frames, as a network card's driver hands them over: memory for the stack is only taken when
    /// XDP lets a packet through.
    Frames,
    /// From a packet socket: they are socket buffers already, which XDP on a veth has to copy.
    Packets,
}

/// One row: a filter on a cable of its own.
struct Side {
    sender: Sender,
    kind: Kind,
    entries: u32,
    cable: Cable,
    filter: Filter,
    /// Sends an XDP frame from the next source out of the sender's end.
    redirect: OwnedFd,
}

/// What one flood found.
struct Flood {
    handled: u64,
    sent: u64,
    cpu_ns: u64,
    wall_ns: u64,
}

impl Side {
    fn new(sender: Sender, kind: Kind, entries: u32) -> Result<Self> {
        let cable = Cable::lay("192.0.2.1/24", &format!("{TARGET}/24"))?;
        cable.receiver.enter(|| receive_offload(Cable::RECEIVER))?;
        let filter = Filter::set(kind, entries, DENIED, &cable.receiver)?;
        let redirect = cable.sender.enter(|| {
            let out = index_of(Cable::SENDER)?;
            let sources = Sources { at: 26, first: DENIED.to_bits(), count: entries.max(1000) };
            bpf::load_xdp(&from_many_sources(sources, Then::Redirect(out))?)
        })?;
        Ok(Self { sender, kind, entries, cable, filter, redirect })
    }

    fn measure(&self, packets: u32) -> Result<Flood> {
        let macs = self.cable.macs()?;
        let cpu = machine::cpus() - 1;
        let softirqs = cpu::ksoftirqd(cpu)?;
        self.cable.sender.enter(|| {
            cpu::pin(cpu)?;
            let socket = PacketSocket::on(Cable::SENDER)?;
            let handled_before = self.filter.handled(&self.cable.receiver)?;
            let flood = self.frames(macs);
            let (wall, own, others) = (clock::monotonic(), clock::thread_cpu(), cpu::of_task(softirqs)?);
            match self.sender {
                Sender::Packets => socket.flood(&flood, packets as usize)?,
                Sender::Frames => bpf::send_frames(self.redirect.as_fd(), &flood[0], packets)?,
            }
            let (wall_ns, cpu_ns) = (clock::monotonic() - wall, clock::thread_cpu() - own);
            // What ksoftirqd still has in hand, it finishes at once: nobody else sends on this cable.
            std::thread::sleep(Duration::from_millis(30));
            let cpu_ns = cpu_ns + cpu::of_task(softirqs)? - others;
            let handled = self.filter.handled(&self.cable.receiver)? - handled_before;
            ensure!(handled > 0, "{}: not one packet got to the filter", self.kind.name());
            Ok(Flood { handled, sent: packets.into(), cpu_ns, wall_ns })
        })
    }

    /// Frames from sources spread over all that are denied.
    fn frames(&self, macs: frame::Macs) -> Vec<Vec<u8>> {
        let all = self.entries.max(1000);
        let count = all.min(if self.sender == Sender::Frames { 1 } else { FRAMES });
        // An odd stride, so that neighbours in the denylist do not follow each other.
        let source = |i: u32| Ipv4Addr::from_bits(DENIED.to_bits() + i.wrapping_mul(7_919) % all);
        (0..count).map(|i| frame::udp(macs, IpAddr::V4(source(i)), TARGET.into())).collect()
    }
}

fn run(bench: &Bench) -> Result<Section> {
    let sizes = if bench.quick { [1_000, 100_000] } else { [1_000, 1_000_000] };
    let mut sides = Vec::new();
    for sender in [Sender::Frames, Sender::Packets] {
        for kind in Kind::ALL {
            for &entries in if kind.has_entries() { &sizes[..] } else { &[0][..] } {
                bench.progress(&format!("setting up {}, {} entries", kind.name(), grouped(entries.into())));
                sides.push(Side::new(sender, kind, entries)?);
            }
        }
    }
    let packets = if bench.quick { 200_000 } else { 2_000_000 };
    let turns = bench.turns(7, 3);
    bench.progress(&format!("{} sides, {turns} turns of {} packets", sides.len(), grouped(packets.into())));
    let measured = in_turns(turns, &mut sides, |side, _| side.measure(packets))?;

    let mut tables = Vec::new();
    for (sender, caption) in [
        (Sender::Frames, "Packets as a network card hands them over (XDP frames)"),
        (
            Sender::Packets,
            "Packets from a packet socket (socket buffers, which native XDP on a veth has to copy)",
        ),
    ] {
        let rows: Vec<_> = sides.iter().zip(&measured).filter(|(side, _)| side.sender == sender).collect();
        let picket = rows.iter().find(|(side, _)| side.kind == Kind::Native && side.entries == sizes[1]);
        let (_, picket) = picket.context("Picket is among the sides")?;
        let cost = |floods: &[Flood]| Series::of(floods.iter().map(|f| f.cpu_ns as f64 / f.handled as f64));
        let picket = cost(picket);
        let entries = grouped(sizes[1].into());
        let mut table = Table::new(
            format!("{caption}; median (least–most) of {turns} turns"),
            &[
                "dropped by",
                "entries",
                "CPU ns a packet, sending included",
                &format!("× Picket native, {entries}"),
                "packets/s, one core",
                "reached the filter",
            ],
        );
        for (side, floods) in rows {
            let rate = Series::of(floods.iter().map(|f| f.handled as f64 * 1e9 / f.wall_ns as f64));
            let reached = Series::of(floods.iter().map(|f| f.handled as f64 / f.sent as f64));
            let entries =
                if side.kind.has_entries() { grouped(side.entries.into()) } else { "—".to_owned() };
            table.row([
                side.kind.name().to_owned(),
                entries,
                cost(floods).show(grouped),
                cost(floods).over(&picket).show(|v| format!("{v:.2}")),
                rate.show(grouped),
                percent(reached.median()),
            ]);
        }
        tables.push(table);
    }
    let title = "The same flood, dropped by Picket and by nftables".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables, aims: Vec::new() })
}

const METHOD: &str = "
UDP datagrams of 98 bytes from denied IPv4 addresses (spread over all of them), over a veth pair between two network
namespaces, a pair of its own for each filter; one sender, bound to one CPU, on which the receiving end's work is done
too. CPU time is the sender's plus that CPU's ksoftirqd's. “Unread” is an XDP program of two instructions that drops
everything: the least that this road costs. nftables holds the addresses in a plain set without timeouts, its fastest;
Picket's entries all end some day. Generic receive offload is on at the receiving end, as on a network card.
A veth is no network card: compare within a table.
";
