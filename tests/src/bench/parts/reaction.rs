//! From an attack to the first packet dropped.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use anyhow::{Context, Result};
use aya::maps::{HashMap, Map, MapData};
use picket_common::deny::DenyEntry;

use crate::bench::{
    Bench, Part,
    agent::{Agent, Setup},
    figures::Series,
    ground::{Cable, Cgroup},
    load::{
        attacker::{Attack, Course, DISCARD},
        open_loop::Load,
    },
    report::{Aim, Section, Table, grouped, microseconds},
    service::Service,
};

/// See the module.
pub const PART: Part =
    Part { name: "reaction", about: "from an attack's last byte to the first dropped packet", run };

/// Aimed at: 99 of 100 attackers are out within so many nanoseconds.
const AIM: f64 = 5e6;

/// Attack requests until an address is blocked.
const EVENTS: usize = 3;
/// Honest requests a second beside the attacks, in the second row.
const HONEST: u32 = 5_000;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 76, 0, 1);
/// Attackers have addresses from this network, routed through the cable's other end.
const ATTACKERS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 0);

const CONFIG: &str = "[respond]\nenabled = true\nevents = 3\nwindow = \"60s\"\nblock_for = \"10m\"\n";

fn run(bench: &Bench) -> Result<Section> {
    let cable = Cable::lay("10.76.0.2/30", "10.76.0.1/30")?;
    cable.sender.ip("route add local 10.77.0.0/16 dev lo")?;
    cable.receiver.ip("route add 10.77.0.0/16 via 10.76.0.2")?;
    let cgroup = Cgroup::new("nginx")?;
    let nginx = Service::nginx(SERVER, &cgroup, Some(&cable.receiver), None)?;
    // Takes the datagrams that go on: nobody reads them, and nobody answers that the port is closed.
    let _sink =
        cable.receiver.enter(|| UdpSocket::bind((SERVER, DISCARD)).context("bind to the discard port"))?;
    let watched = Setup {
        config: CONFIG,
        watched: &cgroup,
        netns: Some(&cable.receiver),
        deny: Some(Cable::RECEIVER),
        nice: 0,
        state: None,
    };
    let agent = Agent::start(bench, watched)?;
    let pin = agent.pins()?.join("DENY_V4");
    let denied = MapData::from_pin(&pin).with_context(|| format!("open {}", pin.display()))?;
    let denied: HashMap<MapData, [u8; 4], DenyEntry> = Map::HashMap(denied).try_into()?;

    let attacks = if bench.quick { 20 } else { 300 };
    let mut table = Table::new(
        format!(
            "Milliseconds from the last byte of request {EVENTS} to the first dropped packet, {attacks} attackers each"
        ),
        &["", "p50", "p90", "p99", "least", "most", "packets came every µs (median, most)"],
    );
    let mut aims = Vec::new();
    let mut attacker = 0;
    for honest in [0, HONEST] {
        let beside = if honest == 0 {
            "nothing beside it".to_owned()
        } else {
            format!("{} honest requests/s beside it", grouped(honest.into()))
        };
        bench.progress(&format!("{attacks} attacks, {beside}"));
        let attack = || -> Result<Vec<Course>> {
            let mut courses = Vec::with_capacity(attacks);
            for _ in 0..attacks {
                attacker += 1;
                courses.push(one(attacker, nginx.address, &denied).map_err(|error| agent.explained(error))?);
            }
            Ok(courses)
        };
        let courses = cable.sender.enter(|| with_load(honest, nginx.address, attack))?;
        let times = Series::of(courses.iter().map(|c| c.dropped.saturating_sub(c.attacked) as f64));
        let gaps = Series::of(courses.iter().map(|course| course.gap as f64));
        let ms = |ns: f64| format!("{:.2}", ns / 1e6);
        table.row([
            beside.clone(),
            ms(times.median()),
            ms(times.percentile(0.9)),
            ms(times.percentile(0.99)),
            ms(times.min()),
            ms(times.max()),
            format!("{}, {}", microseconds(gaps.median()), microseconds(gaps.max())),
        ]);
        let p99 = times.percentile(0.99);
        aims.push(Aim {
            what: format!("a block in force within {} ms (p99), {beside}", AIM / 1e6),
            found: format!("{} ms", ms(p99)),
            met: p99 < AIM,
        });
    }
    agent.stop()?;
    let title = "From an attack to the first dropped packet".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims })
}

/// The attack of one attacker, with an address nobody had before.
fn one(number: u32, service: SocketAddrV4, denied: &HashMap<MapData, [u8; 4], DenyEntry>) -> Result<Course> {
    let from = Ipv4Addr::from_bits(ATTACKERS.to_bits() + number);
    let attack = Attack {
        service,
        from,
        requests: EVENTS,
        // Up to 5 ms, spread evenly (a multiplicative hash: Knuth).
        pause: u64::from(number.wrapping_mul(2_654_435_761)) % 5_000_000,
    };
    attack.run(|| denied.get(&from.octets(), 0).ok().map(|entry| entry.first_drop).filter(|&at| at > 0))
}

/// Does `work` while honest requests come beside it.
fn with_load<T: Send>(
    rate: u32,
    service: SocketAddrV4,
    mut work: impl FnMut() -> Result<T> + Send,
) -> Result<T> {
    if rate == 0 {
        return work();
    }
    let load = Load { service: service.into(), rate, connections: 16, seconds: 2 };
    std::thread::scope(|scope| {
        let (ended, over) = std::sync::mpsc::channel::<()>();
        // Threads stay in the network namespace they are started from.
        let honest = scope.spawn(move || -> Result<()> {
            while let Err(std::sync::mpsc::TryRecvError::Empty) = over.try_recv() {
                load.send()?;
            }
            Ok(())
        });
        let worked = work();
        drop(ended);
        honest
            .join()
            .map_err(|_| anyhow::anyhow!("the honest client panicked"))?
            .context("the honest client")?;
        worked
    })
}

const METHOD: &str = "
Network namespaces of their own: attackers, each with a fresh address, on one end of a veth pair, nginx and the agent on
the other, with XDP on its interface. An attacker sends three requests with SQL injection on one connection (the
third after a pause of up to 5 ms) and from then on a datagram every 100 µs, until one was dropped. The time counts from just before the
third request is handed to the kernel to the first drop, which XDP itself writes down, both on CLOCK_BOOTTIME; a block
is in force up to one datagram earlier than it shows.
";
