//! nginx with as many requests as it answers: what watching it costs.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use crate::bench::{
    Bench, Part,
    agent::{Agent, CAPTURE_ONLY, Setup, Stats, WITH_CRS, WITH_RULES},
    figures::{Series, in_turns},
    ground::Cgroup,
    load::wrk::{self, Saturated},
    machine,
    report::{Aim, Section, Table, grouped, hundredths, percent},
    service::Service,
};

/// See the module.
pub const PART: Part = Part { name: "saturated", about: "nginx, saturated: requests a second", run };

/// Aimed at: capture alone keeps this share of the rate.
const AIM: f64 = 0.9;
/// Aimed at: with every request judged, this share is kept.
const AIM_JUDGED: f64 = 0.5;

/// What watches.
struct Side {
    name: &'static str,
    config: Option<&'static str>,
    nice: u32,
    /// ModSecurity with CRS is inside nginx.
    modsecurity: bool,
}

impl Side {
    const fn new(name: &'static str, config: Option<&'static str>) -> Self {
        Self { name, config, nice: 0, modsecurity: false }
    }
}

const WITHOUT: usize = 0;
const CAPTURE: usize = 1;
const RULES: usize = 2;
const CRS: usize = 3;
const SIDES: [Side; 7] = [
    Side::new("without Picket", None),
    Side::new("capture only", Some(CAPTURE_ONLY)),
    Side::new("capture and rules", Some(WITH_RULES)),
    Side::new("capture and CRS, level 1", Some(WITH_CRS)),
    Side { nice: 10, ..Side::new("capture only, agent at nice 10", Some(CAPTURE_ONLY)) },
    Side { nice: 10, ..Side::new("capture and rules, agent at nice 10", Some(WITH_RULES)) },
    Side { modsecurity: true, ..Side::new("nginx with ModSecurity and CRS, level 1", None) },
];

struct Turn {
    sent: Saturated,
    nginx_ns: u64,
    client_ns: u64,
    agent_ns: u64,
    seen: Option<Stats>,
}

fn run(bench: &Bench) -> Result<Section> {
    let cgroup = Cgroup::new("nginx")?;
    let nginx = Service::nginx(Ipv4Addr::LOCALHOST, &cgroup, None, Some(0))?;
    let guarded = Service::nginx_with_modsecurity(Ipv4Addr::LOCALHOST, &cgroup, Some(0))?;
    let last = machine::cpus() - 1;
    let client = Cgroup::new("client")?;
    let seconds = if bench.quick { 2 } else { 8 };
    let turns = bench.turns(7, 3);
    bench.progress(&format!("{} sides, {turns} turns of {seconds} s", SIDES.len()));
    wrk::saturate(nginx.address.into(), 1, &client, last)?;
    let measured = in_turns(turns, &mut { SIDES }, |side, turn| {
        let setup = |config| Setup {
            config,
            watched: &cgroup,
            netns: None,
            deny: None,
            nice: side.nice,
            state: None,
        };
        let agent = side.config.map(|config| Agent::start(bench, setup(config))).transpose()?;
        let cpu = || -> Result<[u64; 3]> {
            Ok([cgroup.cpu()?, client.cpu()?, agent.as_ref().map_or(Ok(0), Agent::cpu)?])
        };
        let before = cpu()?;
        let service = if side.modsecurity { &guarded } else { &nginx };
        let sent = wrk::saturate(service.address.into(), seconds, &client, last)?;
        let after = cpu()?;
        let seen = agent.as_ref().map(|agent| agent.settled(sent.requests)).transpose()?;
        if let Some(agent) = agent {
            agent.stop()?;
        }
        bench.progress(&format!("turn {}: {}: {} requests/s", turn + 1, side.name, grouped(sent.rate)));
        let [nginx_ns, client_ns, agent_ns] = std::array::from_fn(|at| after[at] - before[at]);
        Ok(Turn { sent, nginx_ns, client_ns, agent_ns, seen })
    })?;

    let rate = |turns: &[Turn]| Series::of(turns.iter().map(|turn| turn.sent.rate));
    let without = rate(measured.get(WITHOUT).context("a side")?);
    let mut table = Table::new(
        format!(
            "wrk, one thread, {} connections; median (least–most) of {turns} turns of {seconds} s",
            wrk::CONNECTIONS
        ),
        &[
            "",
            "requests/s",
            "of the rate without",
            "CPU µs a request: nginx",
            "client",
            "agent",
            "agent, % of a core",
            "requests seen",
            "lost",
        ],
    );
    for (side, turns) in SIDES.iter().zip(&measured) {
        let each = |of: fn(&Turn) -> u64| {
            Series::of(turns.iter().map(|turn| of(turn) as f64 / turn.sent.requests as f64 / 1e3))
        };
        let agent = Series::of(turns.iter().map(|t| t.agent_ns as f64 / (f64::from(seconds) * 1e9)));
        let seen = turns.iter().filter_map(|t| Some(t.seen?.requests as f64 / t.sent.requests as f64));
        let lost: u64 = turns.iter().filter_map(|turn| turn.seen).map(|stats| stats.lost).sum();
        let watched = side.config.is_some();
        let or_none = |text: String| if watched { text } else { "—".to_owned() };
        table.row([
            side.name.to_owned(),
            rate(turns).show(grouped),
            rate(turns).over(&without).show(percent),
            each(|turn| turn.nginx_ns).show(hundredths),
            each(|turn| turn.client_ns).show(hundredths),
            or_none(each(|turn| turn.agent_ns).show(hundredths)),
            or_none(agent.show(percent)),
            or_none(Series::of(seen).show(percent)),
            or_none(grouped(lost as f64)),
        ]);
    }
    let mut aims = Vec::new();
    for (side, what, aim) in [
        (CAPTURE, "capture alone", AIM),
        (RULES, "capture and rules", AIM_JUDGED),
        (CRS, "capture and CRS", AIM_JUDGED),
    ] {
        let ratio = rate(measured.get(side).context("a side")?).over(&without);
        aims.push(Aim {
            what: format!("{what} keeps {} of nginx's rate (median)", percent(aim)),
            found: percent(ratio.median()),
            met: ratio.median() >= aim,
        });
    }
    let title = "nginx, saturated".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims })
}

const METHOD: &str = "
nginx with one worker answers every request with an empty 204; wrk sends a browser's request again and again; nginx is bound to the
first CPU, wrk to the last, the agent to none. Client,
nginx and agent share the machine's CPUs, as there is no second machine: where there are only two, every cycle of the
agent is one that client or nginx do not get. nginx is alone in its control group, and that is what the agent watches: the tap
sees each packet once, as it does when clients are elsewhere. At nice 10 the agent stands back: what it then costs
is mostly what the tap does inside nginx's own system calls. ModSecurity is Debian's module for nginx with Debian's CRS, detecting only,
without an audit log; it answers with a picture of one pixel, as an empty 204 would be given before it is asked. The agent is started anew for every turn. “Requests seen” is
what the agent counted, of what wrk had answered (wrk leaves up to one request a connection unfinished at its end);
“lost” adds up all of its loss counters over all turns.
";
