//! Live rows while a thousand attacks come a second.

use std::thread;

use anyhow::{Result, bail};

use super::{Part, UiBench, house::House};
use crate::bench::{
    figures::Series,
    load::open_loop::Load,
    report::{Aim, Section, Table, grouped, hundredths},
};

/// See the module.
pub const PART: Part = Part { name: "live", about: "live rows at 1,000 events a second", run };

/// Attacks a second.
const RATE: u32 = 1_000;
/// Aimed at: milliseconds between two frames, at p95: what a person still takes for smooth (30 frames a second).
const SMOOTH: f64 = 34.0;
/// Aimed at: rows in the list, and MiB that the page grows by.
const ROWS: u64 = 200;
const GROWTH: f64 = 8.0;

fn run(ui: &UiBench) -> Result<Section> {
    let mut house = House::open(ui)?;
    let seconds = if ui.bench.quick { 5 } else { 30 };
    ui.bench.progress(&format!("{} attacks a second, {seconds} s", grouped(RATE.into())));
    // The browser needs a moment to get there, and to collect its garbage.
    let load =
        Load { service: house.nginx.address.into(), rate: RATE, connections: 16, seconds: seconds + 20 };
    let memory_before = house.agent.memory()?;
    let sending = thread::spawn(move || load.attack());
    let seen = house.browser.live("/events", seconds)?;
    if sending.is_finished() {
        bail!("the attacks ended before the browser had seen {seconds} s of them");
    }
    let memory = house.agent.memory()?;
    let sent = sending.join().unwrap_or_else(|_| bail!("the attacker panicked"))?;
    let stats = house.agent.settled(sent.requests)?;
    house.close()?;
    let gaps = Series::of(seen.gaps);
    let mut table = Table::new(format!("{seconds} s of `/events` with Live on"), &["", ""]);
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    for (what, found) in [
        ("frames", grouped(gaps.len() as f64)),
        ("from one frame to the next: p50", format!("{} ms", hundredths(gaps.median()))),
        ("p95", format!("{} ms", hundredths(gaps.percentile(0.95)))),
        ("the longest", format!("{} ms", hundredths(gaps.max()))),
        ("rows that came", grouped(seen.came as f64)),
        ("rows in the list at most", grouped(seen.rows as f64)),
        ("what the page says of the others", format!("“{}”", seen.said)),
        ("the page's objects before and after", format!("{:.1}, {:.1} MiB", seen.heap.0, seen.heap.1)),
        (
            "the agent's memory before and after",
            format!("{}, {}", mib(memory_before.resident), mib(memory.resident)),
        ),
        ("attacks sent in all", grouped(sent.requests as f64)),
        ("lost by the agent", grouped(stats.lost as f64)),
    ] {
        table.row([what.to_owned(), found]);
    }
    let growth = seen.heap.1 - seen.heap.0;
    let aims = vec![
        Aim {
            what: format!("smooth: p95 of the time between frames under {} ms", grouped(SMOOTH)),
            found: format!("{} ms", hundredths(gaps.percentile(0.95))),
            met: gaps.percentile(0.95) < SMOOTH,
        },
        Aim {
            what: format!("bounded: {ROWS} rows, and the page grows by less than {} MiB", grouped(GROWTH)),
            found: format!("{} rows, {growth:.1} MiB", seen.rows),
            met: seen.rows <= ROWS && growth < GROWTH,
        },
    ];
    let title = format!("Live rows at {} events/s", grouped(RATE.into()));
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims })
}

const METHOD: &str = "
nginx gets attacks at a steady rate; each becomes an event. Chromium, headless, draws sixty frames a second when nothing keeps it from it; all share the
machine's CPUs. Memory of the page is that of its script's objects after a garbage collection.
";
