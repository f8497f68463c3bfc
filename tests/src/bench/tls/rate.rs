//! The agent's CPU time at 5,000 TLS requests a second.

use anyhow::{Context, Result};

use super::{
    certificate::Certificate,
    client::Client,
    services::Kind,
    sides::{CAPTURE, RULES, Side, TAP, Watch},
};
use crate::bench::{
    Bench, Part,
    agent::Stats,
    figures::{Series, in_turns},
    ground::Cgroup,
    load::open_loop::{Load, Outcome},
    report::{Aim, Section, Table, grouped, hundredths, percent},
};

/// See the module.
pub const PART: Part = Part { name: "rate", about: "the agent's CPU time at 5,000 TLS requests/s", run };

const RATE: u32 = 5_000;
const CONNECTIONS: usize = 32;
const SIDES: [Side; 3] = [TAP, CAPTURE, RULES];

struct Turn {
    sent: Outcome,
    agent_ns: u64,
    seen: Option<Stats>,
}

fn run(bench: &Bench) -> Result<Section> {
    let certificate = Certificate::new()?;
    let client = Client::new(&certificate)?;
    let cgroup = Cgroup::new("nginx")?;
    let nginx = Kind::Nginx.start(&certificate, &cgroup, None)?;
    let (seconds, turns) = (if bench.quick { 2 } else { 4 }, bench.turns(5, 2));
    bench.progress(&format!("{} sides, {turns} turns of {seconds} s", SIDES.len()));
    let load = Load { service: nginx.address.into(), rate: RATE, connections: CONNECTIONS, seconds };
    let measured = in_turns(turns, &mut { SIDES }, |side, turn| {
        let watch = Watch::start(bench, *side, &cgroup, &nginx, &client)?;
        let before = watch.cpu()?;
        let sent = load.send_over(|service| client.connect(service))?;
        let agent_ns = watch.cpu()? - before;
        let seen = watch.stop(sent.requests)?;
        bench.progress(&format!("turn {}: {}: {} requests/s", turn + 1, side.name, grouped(sent.rate)));
        Ok(Turn { sent, agent_ns, seen })
    })?;
    let mut table = Table::new(
        format!("nginx, {CONNECTIONS} connections; median (least–most) of {turns} turns of {seconds} s"),
        &["", "answered/s", "agent, % of a core", "CPU µs a request", "seen of sent", "lost"],
    );
    let of_all = |turns: &[Turn]| {
        let sent: u64 = turns.iter().map(|turn| turn.sent.requests).sum();
        let seen: u64 = turns.iter().filter_map(|turn| turn.seen).map(|seen| seen.requests).sum();
        let lost: u64 = turns.iter().filter_map(|turn| turn.seen).map(|seen| seen.lost).sum();
        (sent, seen, lost)
    };
    for (side, turns) in SIDES.iter().zip(&measured) {
        let (sent, seen, lost) = of_all(turns);
        let or_none = |text: String| if side.sees { text } else { "—".to_owned() };
        let figure = |of: &dyn Fn(&Turn) -> f64| Series::of(turns.iter().map(of));
        table.row([
            side.name.to_owned(),
            figure(&|turn| turn.sent.rate).show(grouped),
            figure(&|turn| turn.agent_ns as f64 / (f64::from(seconds) * 1e9)).show(percent),
            figure(&|turn| turn.agent_ns as f64 / turn.sent.requests as f64 / 1e3).show(hundredths),
            or_none(format!("{} of {}", grouped(seen as f64), grouped(sent as f64))),
            or_none(grouped(lost as f64)),
        ]);
    }
    let (sent, seen, lost) = of_all(measured.last().context("a side")?);
    let aims = vec![Aim {
        what: format!("no loss at {} TLS requests/s, with rules", grouped(RATE.into())),
        found: format!(
            "{} lost, {} of {} requests seen",
            grouped(lost as f64),
            grouped(seen as f64),
            grouped(sent as f64)
        ),
        met: lost == 0 && seen == sent,
    }];
    let title = "The agent at a steady rate of TLS requests".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims })
}

const METHOD: &str = "
nginx with TLS, requests sent by the clock from one thread over connections that stay open. CPU is that of the agent's control
group, which is started anew for every turn.
";
