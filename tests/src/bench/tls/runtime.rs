//! One service that speaks TLS: saturated, and at a steady rate.

use anyhow::{Context, Result};

use super::{
    certificate::Certificate,
    client::Client,
    saturate::{CONNECTIONS, Saturated, saturate},
    services::Kind,
    sides::{CAPTURE, RULES, Side, TAP, WITHOUT, Watch},
};
use crate::bench::{
    Bench, Part,
    agent::Stats,
    figures::{Series, in_turns},
    ground::Cgroup,
    load::open_loop::{Load, Outcome},
    machine,
    report::{Aim, Section, Table, grouped, hundredths, microseconds, percent},
};

/// nginx.
pub const NGINX: Part = Part {
    name: "nginx",
    about: "nginx with TLS: saturated, and at a steady rate",
    run: |bench| run(bench, Kind::Nginx),
};
/// Node.js.
pub const NODE: Part = Part {
    name: "node",
    about: "Node.js with TLS: saturated, and at a steady rate",
    run: |bench| run(bench, Kind::Node),
};
/// Go.
pub const GO: Part = Part {
    name: "go",
    about: "Go with TLS: saturated, and at a steady rate",
    run: |bench| run(bench, Kind::Go),
};

/// Aimed at, saturated: seeing through TLS keeps this share of the rate.
const AIM: f64 = 0.9;
const SIDES: [Side; 4] = [WITHOUT, TAP, CAPTURE, RULES];
/// Where in these Picket sees through TLS and does nothing else.
const SEEN: usize = 2;
const STEADY: [Side; 3] = [WITHOUT, CAPTURE, RULES];
/// Requests a second.
const RATE: u32 = 1_000;
const STEADY_CONNECTIONS: usize = 16;

/// A service with all that stands around it.
struct Ground<'b> {
    bench: &'b Bench,
    kind: Kind,
    cgroup: Cgroup,
    certificate: Certificate,
    client: Client,
}

fn run(bench: &Bench, kind: Kind) -> Result<Section> {
    let certificate = Certificate::new()?;
    let client = Client::new(&certificate)?;
    let ground = Ground { bench, kind, cgroup: Cgroup::new("service")?, certificate, client };
    let (saturated, aim) = ground.saturated()?;
    let (steady, noise) = ground.steady()?;
    Ok(Section {
        title: format!("{} with TLS", kind.name()),
        method: format!("{}. {}", kind.version()?, METHOD.trim().replace('\n', " ")),
        tables: vec![saturated, steady],
        aims: vec![aim, noise],
    })
}

struct Busy {
    sent: Saturated,
    service_ns: u64,
    agent_ns: u64,
    seen: Option<Stats>,
}

struct Calm {
    sent: Outcome,
    service_ns: u64,
    agent_ns: u64,
    seen: Option<Stats>,
}

impl Ground<'_> {
    fn saturated(&self) -> Result<(Table, Aim)> {
        let Self { bench, kind, cgroup, certificate, client } = self;
        let service = kind.start(certificate, cgroup, Some(0))?;
        let last = machine::cpus() - 1;
        let (seconds, turns) = (if bench.quick { 2 } else { 3 }, bench.turns(5, 2));
        bench.progress(&format!("saturated: {} sides, {turns} turns of {seconds} s", SIDES.len()));
        saturate(client, service.address.into(), 1, last)?;
        let measured = in_turns(turns, &mut { SIDES }, |side, turn| {
            let watch = Watch::start(bench, *side, cgroup, &service, client)?;
            let (service_before, agent_before) = (cgroup.cpu()?, watch.cpu()?);
            let sent = saturate(client, service.address.into(), seconds, last)?;
            let (service_ns, agent_ns) = (cgroup.cpu()? - service_before, watch.cpu()? - agent_before);
            let seen = watch.stop(sent.requests)?;
            bench.progress(&format!("turn {}: {}: {} requests/s", turn + 1, side.name, grouped(sent.rate)));
            Ok(Busy { sent, service_ns, agent_ns, seen })
        })?;

        let rate = |turns: &[Busy]| Series::of(turns.iter().map(|turn| turn.sent.rate));
        let without = rate(measured.first().context("a side")?);
        let mut table = Table::new(
            format!(
                "Saturated: {CONNECTIONS} connections; median (least–most) of {turns} turns of {seconds} s"
            ),
            &[
                "",
                "requests/s",
                "of the rate without",
                "p50 µs",
                "p99 µs",
                "CPU µs a request: service",
                "client",
                "agent",
                "requests seen",
                "lost",
            ],
        );
        for (side, turns) in SIDES.iter().zip(&measured) {
            let each = |of: fn(&Busy) -> u64| {
                Series::of(turns.iter().map(|turn| of(turn) as f64 / turn.sent.requests as f64 / 1e3))
                    .show(hundredths)
            };
            let latency =
                |p| Series::of(turns.iter().map(|t| t.sent.latency.percentile(p))).show(microseconds);
            let [seen, lost] = seen(side, turns.iter().map(|turn| (turn.seen, turn.sent.requests)));
            table.row([
                side.name.to_owned(),
                rate(turns).show(grouped),
                rate(turns).over(&without).show(percent),
                latency(0.5),
                latency(0.99),
                each(|turn| turn.service_ns),
                each(|turn| turn.sent.client_ns),
                if side.config.is_some() { each(|turn| turn.agent_ns) } else { "—".to_owned() },
                seen,
                lost,
            ]);
        }
        let kept = rate(measured.get(SEEN).context("a side")?).over(&without).median();
        let aim = Aim {
            what: format!("saturated, seeing through TLS keeps {} of the rate (median)", percent(AIM)),
            found: percent(kept),
            met: kept >= AIM,
        };
        Ok((table, aim))
    }

    fn steady(&self) -> Result<(Table, Aim)> {
        let Self { bench, kind, cgroup, certificate, client } = self;
        let service = kind.start(certificate, cgroup, None)?;
        let (seconds, turns) = (if bench.quick { 2 } else { 3 }, bench.turns(5, 2));
        bench.progress(&format!("steady: {} sides, {turns} turns of {seconds} s", STEADY.len()));
        let load =
            Load { service: service.address.into(), rate: RATE, connections: STEADY_CONNECTIONS, seconds };
        let send = |load: Load| load.send_over(|service| client.connect(service));
        send(Load { seconds: 1, ..load })?;
        let measured = in_turns(turns, &mut { STEADY }, |side, turn| {
            let watch = Watch::start(bench, *side, cgroup, &service, client)?;
            let (service_before, agent_before) = (cgroup.cpu()?, watch.cpu()?);
            let sent = send(load)?;
            let (service_ns, agent_ns) = (cgroup.cpu()? - service_before, watch.cpu()? - agent_before);
            let seen = watch.stop(sent.requests)?;
            let p99 = microseconds(sent.latency.percentile(0.99));
            bench.progress(&format!("turn {}: {}: p99 {p99} µs", turn + 1, side.name));
            Ok(Calm { sent, service_ns, agent_ns, seen })
        })?;

        let percentile = |turns: &[Calm], p| Series::of(turns.iter().map(|t| t.sent.latency.percentile(p)));
        let of_core = |ns: u64| ns as f64 / (f64::from(seconds) * 1e9);
        let service_cpu = |turns: &[Calm]| Series::of(turns.iter().map(|turn| of_core(turn.service_ns)));
        let without = measured.first().context("a side")?;
        let mut table = Table::new(
            format!(
                "{} requests/s over {STEADY_CONNECTIONS} connections; median (least–most) of {turns} turns of {seconds} s",
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
                "requests seen",
                "lost",
            ],
        );
        for (side, turns) in STEADY.iter().zip(&measured) {
            let agent = Series::of(turns.iter().map(|turn| of_core(turn.agent_ns)));
            let (p50, p99) = (percentile(turns, 0.5), percentile(turns, 0.99));
            let [seen, lost] = seen(side, turns.iter().map(|turn| (turn.seen, turn.sent.requests)));
            table.row([
                side.name.to_owned(),
                p50.show(microseconds),
                p50.over(&percentile(without, 0.5)).show(hundredths),
                p99.show(microseconds),
                p99.over(&percentile(without, 0.99)).show(hundredths),
                service_cpu(turns).show(percent),
                service_cpu(turns).over(&service_cpu(without)).show(hundredths),
                if side.config.is_some() { agent.show(percent) } else { "—".to_owned() },
                seen,
                lost,
            ]);
        }
        let p99_without = percentile(without, 0.99);
        let p99 = percentile(measured.get(1).context("a side")?, 0.99);
        let aim = Aim {
            what: format!(
                "at {} requests/s, the p99 with TLS seen is within what turns without Picket differ by",
                grouped(RATE.into())
            ),
            found: format!(
                "median {} µs, without {} µs",
                microseconds(p99.median()),
                p99_without.show(microseconds)
            ),
            met: p99.median() <= p99_without.max(),
        };
        Ok((table, aim))
    }
}

/// The columns “requests seen” and “lost”.
fn seen(side: &Side, turns: impl Iterator<Item = (Option<Stats>, u64)>) -> [String; 2] {
    if !side.sees {
        return ["—".to_owned(), "—".to_owned()];
    }
    let (mut share, mut lost) = (Series::default(), 0);
    for (stats, requests) in turns {
        if let Some(stats) = stats {
            share.push(stats.requests as f64 / requests as f64);
            lost += stats.lost;
        }
    }
    [share.show(percent), grouped(lost as f64)]
}

const METHOD: &str = "
The same request as in the benchmarks in the clear, TLS 1.3, on connections that stay open. The client is one thread with
rustls, without symbols, so that it has no probes in it, as clients elsewhere have not. Saturated, the service is bound to
the first CPU, the client to the last, the agent to none; its next request follows the last byte of the response. At the
steady rate nothing is bound, requests go out by the clock, and latency counts from the time a request was due. The service
is alone in its control group, which is what the agent watches; what tap and probes do is part of the service's CPU time.
“Tap only” has `capture.tls = false`: its requests are not seen, but packets are looked at. The agent is started anew for every
turn.
";
