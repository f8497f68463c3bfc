//! A Python service at a steady rate: what its users notice.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use crate::bench::{
    Bench, Part,
    agent::{Agent, CAPTURE_ONLY, Setup, WITH_RULES},
    figures::{Series, in_turns},
    ground::Cgroup,
    load::open_loop::{Load, Outcome},
    report::{Section, Table, grouped, hundredths, microseconds, percent},
    service::Service,
};

/// See the module.
pub const PART: Part =
    Part { name: "steady", about: "a Python service at a steady rate: latency and CPU", run };

const RATE: u32 = 1_000;
const CONNECTIONS: usize = 16;
const SIDES: [(&str, Option<&str>); 3] =
    [("without Picket", None), ("capture only", Some(CAPTURE_ONLY)), ("capture and rules", Some(WITH_RULES))];

struct Turn {
    outcome: Outcome,
    service_ns: u64,
    agent_ns: u64,
}

fn run(bench: &Bench) -> Result<Section> {
    let cgroup = Cgroup::new("python")?;
    let service = Service::python(Ipv4Addr::LOCALHOST, &cgroup)?;
    let seconds = if bench.quick { 3 } else { 10 };
    let load = Load { service: service.address.into(), rate: RATE, connections: CONNECTIONS, seconds };
    let turns = bench.turns(7, 3);
    bench.progress(&format!("{} sides, {turns} turns of {seconds} s", SIDES.len()));
    Load { seconds: 1, ..load }.send()?;
    let measured = in_turns(turns, &mut { SIDES }, |(name, config), turn| {
        let setup =
            |config| Setup { config, watched: &cgroup, netns: None, deny: None, nice: 0, state: None };
        let agent = config.map(|config| Agent::start(bench, setup(config))).transpose()?;
        let cpu = || -> Result<(u64, u64)> { Ok((cgroup.cpu()?, agent.as_ref().map_or(Ok(0), Agent::cpu)?)) };
        let (service_before, agent_before) = cpu()?;
        let outcome = load.send()?;
        let (service_after, agent_after) = cpu()?;
        if let Some(agent) = agent {
            agent.stop()?;
        }
        let p99 = microseconds(outcome.latency.percentile(0.99));
        bench.progress(&format!("turn {}: {name}: p99 {p99} µs", turn + 1));
        Ok(Turn { outcome, service_ns: service_after - service_before, agent_ns: agent_after - agent_before })
    })?;

    let percentile = |turns: &[Turn], p| Series::of(turns.iter().map(|t| t.outcome.latency.percentile(p)));
    let of_core = |ns: u64| ns as f64 / (f64::from(seconds) * 1e9);
    let service_cpu = |turns: &[Turn]| Series::of(turns.iter().map(|turn| of_core(turn.service_ns)));
    let without = measured.first().context("a side")?;
    let mut table = Table::new(
        format!(
            "{} requests/s over {CONNECTIONS} connections; median (least–most) of {turns} turns of {seconds} s",
            grouped(RATE.into())
        ),
        &[
            "",
            "p50 µs",
            "× without",
            "p99 µs",
            "× without",
            "service, % of a core",
            "× without",
            "agent, % of a core",
        ],
    );
    for ((name, config), turns) in SIDES.iter().zip(&measured) {
        let agent = Series::of(turns.iter().map(|turn| of_core(turn.agent_ns)));
        let (p50, p99) = (percentile(turns, 0.5), percentile(turns, 0.99));
        table.row([
            (*name).to_owned(),
            p50.show(microseconds),
            p50.over(&percentile(without, 0.5)).show(hundredths),
            p99.show(microseconds),
            p99.over(&percentile(without, 0.99)).show(hundredths),
            service_cpu(turns).show(percent),
            service_cpu(turns).over(&service_cpu(without)).show(hundredths),
            if config.is_some() { agent.show(percent) } else { "—".to_owned() },
        ]);
    }
    let title = format!("A Python service at {} requests/s", grouped(RATE.into()));
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims: Vec::new() })
}

const METHOD: &str = "
Python's `http.server`, a thread for each connection, a small JSON answer. Requests go out by the clock, whether the
service keeps up or not, and latency counts from the time a request was due to the last byte of its response: a stall shows
in every request it delayed (no coordinated omission). CPU is that of the service's and the agent's control groups; what
the tap does runs inside the service's and the client's system calls and is part of theirs.
";
