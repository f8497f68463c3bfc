//! The agent itself at steady rates: CPU, memory, loss.

use std::net::Ipv4Addr;

use anyhow::Result;

use crate::bench::{
    Bench, Part,
    agent::{Agent, Setup, Stats, WITH_RULES},
    cpu::Memory,
    figures::{Series, in_turns},
    ground::Cgroup,
    load::open_loop::{Load, Outcome},
    report::{Aim, Section, Table, grouped, hundredths, percent, tenths},
    service::Service,
};

/// See the module.
pub const PART: Part = Part { name: "footprint", about: "the agent at steady rates: CPU, memory, loss", run };

const RATES: [u32; 2] = [10_000, 20_000];
const CONNECTIONS: usize = 32;
/// Aimed at: less than this, MiB.
const RSS: f64 = 60.0;

struct Turn {
    outcome: Outcome,
    agent_ns: u64,
    memory: Memory,
    seen: Stats,
}

fn run(bench: &Bench) -> Result<Section> {
    let cgroup = Cgroup::new("nginx")?;
    let nginx = Service::nginx(Ipv4Addr::LOCALHOST, &cgroup, None, None)?;
    let seconds = if bench.quick { 3 } else { 10 };
    let turns = bench.turns(5, 3);
    bench.progress(&format!("{} rates, {turns} turns of {seconds} s", RATES.len()));
    let measured = in_turns(turns, &mut { RATES }, |&mut rate, turn| {
        let setup =
            Setup { config: WITH_RULES, watched: &cgroup, netns: None, deny: None, nice: 0, state: None };
        let agent = Agent::start(bench, setup)?;
        let before = agent.cpu()?;
        let load = Load { service: nginx.address.into(), rate, connections: CONNECTIONS, seconds };
        let outcome = load.send()?;
        let agent_ns = agent.cpu()? - before;
        let memory = agent.memory()?;
        let seen = agent.settled(outcome.requests)?;
        agent.stop()?;
        let (achieved, lost) = (grouped(outcome.rate), grouped(seen.lost as f64));
        bench.progress(&format!("turn {}: {achieved} requests/s, {lost} lost", turn + 1));
        Ok(Turn { outcome, agent_ns, memory, seen })
    })?;

    let mut table = Table::new(
        format!(
            "nginx, capture and rules, {CONNECTIONS} connections; median (least–most) of {turns} turns of {seconds} s"
        ),
        &[
            "requests/s",
            "answered/s",
            "agent, % of a core",
            "CPU µs a request",
            "RSS MiB",
            "peak MiB",
            "seen of sent",
            "lost",
        ],
    );
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for (rate, turns) in RATES.iter().zip(&measured) {
        let of = |figure: fn(&Turn) -> f64| Series::of(turns.iter().map(figure));
        let cores = Series::of(turns.iter().map(|turn| turn.agent_ns as f64 / (f64::from(seconds) * 1e9)));
        let (seen, sent): (u64, u64) =
            turns.iter().fold((0, 0), |(a, b), t| (a + t.seen.requests, b + t.outcome.requests));
        table.row([
            grouped((*rate).into()),
            of(|turn| turn.outcome.rate).show(grouped),
            cores.show(percent),
            of(|turn| turn.agent_ns as f64 / turn.outcome.requests as f64 / 1e3).show(hundredths),
            Series::of(turns.iter().map(|turn| mib(turn.memory.resident))).show(tenths),
            Series::of(turns.iter().map(|turn| mib(turn.memory.peak))).show(tenths),
            format!("{} of {}", grouped(seen as f64), grouped(sent as f64)),
            grouped(turns.iter().map(|turn| turn.seen.lost).sum::<u64>() as f64),
        ]);
    }
    let [at_10_000, at_20_000] = measured.as_slice() else { anyhow::bail!("two rates") };
    let peak = at_10_000.iter().map(|turn| mib(turn.memory.peak)).fold(0.0, f64::max);
    let slowest = at_20_000.iter().map(|turn| turn.outcome.rate).fold(f64::INFINITY, f64::min);
    let lost: u64 = at_20_000.iter().map(|turn| turn.seen.lost).sum();
    let missing: u64 =
        at_20_000.iter().map(|turn| turn.outcome.requests.saturating_sub(turn.seen.requests)).sum();
    let aims = vec![
        Aim {
            what: format!(
                "RSS under {RSS} MiB at {} requests/s (the highest peak)",
                grouped(RATES[0].into())
            ),
            found: format!("{} MiB", tenths(peak)),
            met: peak < RSS,
        },
        Aim {
            what: format!("no loss at {} requests/s", grouped(RATES[1].into())),
            found: format!(
                "{} lost, {} requests not seen, at no less than {} requests/s",
                grouped(lost as f64),
                grouped(missing as f64),
                grouped(slowest)
            ),
            met: lost == 0 && missing == 0 && slowest >= 0.98 * f64::from(RATES[1]),
        },
    ];
    let title = "The agent at steady rates".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims })
}

const METHOD: &str = "
The same nginx and request as above, sent by the clock from one thread. The agent is started anew for every turn. CPU is
that of its control group; RSS is at the end of the load, the peak is the kernel's (VmHWM), program start included; “lost”
adds up all of the agent's loss counters over all turns.
";
