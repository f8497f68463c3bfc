//! `cargo xtask bench rules`: rule engines side by side, each with its rules, on the same requests.
//!
//! ```text
//! requests, traffic, hostile, tests of CRS ─> Message ─┐
//! sides: engines with rules ───────────────────────────┴─> time, footprint ─> Section
//! ```
//!
//! Neither a kernel nor a network takes part, so this needs neither root nor the agent.

pub mod footprint;
mod fresh;
mod hostile;
pub mod random;
mod requests;
mod sides;
pub mod single;
mod time;
mod traffic;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{
    cpu,
    figures::{Series, in_turns},
    machine,
    report::{Section, Table, grouped, tenths},
};
use crate::{
    crs,
    judge::{Judge, Message},
};
use footprint::Footprint;
use requests::Workload;

pub use sides::Sources;

/// What the run is given.
pub struct Options {
    /// Fewer and shorter turns: shows that all works, not what it costs.
    pub quick: bool,
    /// Engines and rules.
    pub sources: Sources,
    /// Directory with the tests of CRS.
    pub tests: PathBuf,
}

impl Options {
    fn turns(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// Nanoseconds that a turn takes at least.
    fn floor(&self) -> u64 {
        if self.quick { 10_000_000 } else { 300_000_000 }
    }
}

/// Measures everything, on one CPU.
///
/// # Errors
/// A side that does not load, or cannot judge.
pub fn run(options: &Options) -> Result<Section> {
    // The last one: the first has the machine's interrupts.
    cpu::pin(machine::cpus().saturating_sub(1))?;
    let mut judges = Vec::new();
    for side in sides::SIDES {
        judges.push((side.load)(&options.sources).with_context(|| side.key)?);
    }
    let names: Vec<String> = judges.iter().map(|judge| judge.name()).collect();
    let tables = vec![
        kinds(options, &mut judges, &names)?,
        corpora(options, &mut judges, &names)?,
        footprints(options, &names)?,
    ];
    let title = "Rule engines".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables, aims: Vec::new() })
}

/// Time a request by kind.
fn kinds(options: &Options, judges: &mut [Box<dyn Judge>], names: &[String]) -> Result<Table> {
    let turns = options.turns();
    let mut columns = vec!["µs a request"];
    columns.extend(names.iter().map(String::as_str));
    let caption =
        format!("Median (least–most) of {turns} turns; of the mixed requests, how many some rule matches");
    let mut table = Table::new(caption, &columns);
    for workload in workloads(options.quick) {
        progress(workload.name);
        let messages = read(&workload.requests);
        let mut matching = Vec::new();
        for (judge, name) in judges.iter_mut().zip(names) {
            let found = time::matching(&mut **judge, &messages)?;
            ensure!(
                found == messages.len() || !workload.attack,
                "{name} finds nothing in: {}",
                workload.name
            );
            matching.push(found);
        }
        let measured =
            in_turns(turns, judges, |judge, _| time::mean(&mut **judge, &messages, options.floor()))?;
        let mut row = vec![workload.name.to_owned()];
        for (times, matching) in measured.into_iter().zip(matching) {
            let of = if messages.len() > 1 {
                format!(", {matching} of {}", messages.len())
            } else {
                String::new()
            };
            row.push(format!("{}{of}", Series::of(times).show(micros)));
        }
        table.row(row);
    }
    Ok(table)
}

/// What is measured by kind.
fn workloads(quick: bool) -> Vec<Workload> {
    let mut workloads = requests::single();
    // After the first, which is one clean GET again and again.
    workloads.splice(1..1, requests::several(if quick { 500 } else { 5000 }));
    let requests = traffic::mixed(traffic::SEED, if quick { 200 } else { 1000 });
    workloads.push(Workload { name: "mixed traffic", requests, attack: false });
    workloads
}

/// Time of each request of a corpus.
fn corpora(options: &Options, judges: &mut [Box<dyn Judge>], names: &[String]) -> Result<Table> {
    // A median of each request; more turns would take long where one takes seconds.
    let turns = options.turns().min(5);
    let mut stages = crs::load(&options.tests)?;
    let mut hostile = hostile::requests();
    if options.quick {
        stages = stages.into_iter().step_by(40).collect();
        hostile = hostile.into_iter().step_by(8).collect();
    }
    let stages = stages.into_iter().map(|stage| (stage.id, stage.request)).collect();
    let caption = format!("µs a request, each the median of {turns} turns");
    let mut table = Table::new(caption, &["", "requests", "p50", "p99", "most", "most, of which request"]);
    for (name, corpus) in [("CRS's tests", stages), ("hostile", hostile)] {
        progress(name);
        let (labels, requests): (Vec<String>, Vec<Vec<u8>>) = corpus.into_iter().unzip();
        let messages = read(&requests);
        let measured = in_turns(turns, judges, |judge, _| time::each(&mut **judge, &messages))?;
        for (side, turns) in names.iter().zip(measured) {
            let by_request = time::by_request(&turns);
            let worst = by_request.iter().zip(&labels).max_by(|(a, _), (b, _)| a.total_cmp(b));
            let times = Series::of(by_request.iter().copied());
            table.row([
                format!("{name}: {side}"),
                grouped(messages.len() as f64),
                micros(times.percentile(0.5)),
                micros(times.percentile(0.99)),
                micros(times.max()),
                worst.map_or_else(String::new, |(_, label)| format!("`{}`", label.replace(['|', '`'], "?"))),
            ]);
        }
    }
    Ok(table)
}

/// What loading takes.
fn footprints(options: &Options, names: &[String]) -> Result<Table> {
    progress("memory and time to load");
    let turns = options.turns();
    let mut sides: Vec<&sides::Side> = sides::SIDES.iter().collect();
    let measured = in_turns(turns, &mut sides, |side, _| footprint::measure(side, &options.sources))?;
    let caption =
        format!("Loading in a process of its own, library included; median (least–most) of {turns} turns");
    let mut table =
        Table::new(caption, &["", "ready after ms", "MiB when ready", "MiB after 1,000 mixed requests"]);
    for (name, turns) in names.iter().zip(measured) {
        let of = |figure: fn(&Footprint) -> f64| Series::of(turns.iter().map(figure));
        table.row([
            name.clone(),
            of(|turn| turn.load / 1e6).show(tenths),
            of(|turn| turn.loaded / f64::from(1 << 20)).show(tenths),
            of(|turn| turn.used / f64::from(1 << 20)).show(tenths),
        ]);
    }
    Ok(table)
}

fn read(requests: &[Vec<u8>]) -> Vec<Message> {
    requests.iter().map(|request| Message::read(request)).collect()
}

/// Nanoseconds as microseconds, with a digit after the point where that says something.
fn micros(nanoseconds: f64) -> String {
    let micros = nanoseconds / 1e3;
    if micros < 100.0 { tenths(micros) } else { grouped(micros) }
}

fn progress(what: &str) {
    eprintln!("    {what}");
}

const METHOD: &str = "
All engines run in one process, bound to one CPU, in turns. Each is handed the same request with its head taken apart; what
is in query, cookies and body is its own business and part of its time. libmodsecurity detects only, writes no audit log,
and sees no response; it is fed through its C interface as nginx's connector does it. libddwaf is fed like by Datadog's tracers,
within their limits: of longer values it sees the first 4,096 bytes, of lists and maps the first 256 values, of files the
names. Picket judges as much of a body as the agent keeps, 64 KiB unless configured. The mixed traffic is generated with a
fixed seed: pages, searches, API calls, forms and JSON with browsers' fields and cookies, two attacks in a hundred. Of the clean
GETs the first is one request again and again; then come 5,000 with paths and queries of their own, and 5,000 no value of
whose header fields comes twice either. The hostile requests are made of runs, nested brackets, repeated keywords, many
fields and deep JSON.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micros_are_short() {
        assert_eq!([1234.0, 99_940.0, 100_000.0, 1_234_567.0].map(micros), ["1.2", "99.9", "100", "1,235"]);
    }

    #[test]
    fn keys_of_sides_are_unique() {
        let mut keys: Vec<&str> = sides::SIDES.iter().map(|side| side.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), sides::SIDES.len());
        assert!(sides::find("picket-native").is_ok() && sides::find("other").is_err());
    }
}
