//! One side alone: what its author looks at, and what a profiler looks into.

use std::fmt::Write as _;

use anyhow::Result;

use super::{Options, hostile, read, requests::Workload, sides, time, workloads};
use crate::{bench::figures::Series, crs, judge::Judge};

/// Slowest requests of a corpus that are named.
const WORST: usize = 8;

/// Measures a side with the kinds of requests whose name holds `kind`; lines for a person.
///
/// # Errors
/// There is no such side, or it can't judge.
pub fn run(side: &str, kind: &str, options: &Options) -> Result<String> {
    let mut judge = (sides::find(side)?.load)(&options.sources)?;
    let mut lines = String::new();
    for workload in workloads(options.quick).into_iter().filter(|workload| workload.name.contains(kind)) {
        let _ = writeln!(lines, "{}", mean(&mut *judge, &workload, options)?);
    }
    if "hostile".contains(kind) {
        each(&mut *judge, "hostile", hostile::requests(), &mut lines)?;
    }
    if "tests".contains(kind) {
        let stages = crs::load(&options.tests)?.into_iter().map(|stage| (stage.id, stage.request));
        each(&mut *judge, "tests", stages.collect(), &mut lines)?;
    }
    Ok(lines)
}

/// Judges each of the requests whose kind holds `kind` so often.
///
/// # Errors
/// There is no such side, or it can't judge.
pub fn rounds(side: &str, kind: &str, options: &Options, rounds: u32) -> Result<()> {
    let mut judge = (sides::find(side)?.load)(&options.sources)?;
    for workload in workloads(options.quick).into_iter().filter(|workload| workload.name.contains(kind)) {
        let messages = read(&workload.requests);
        for _ in 0..rounds {
            time::matching(&mut *judge, &messages)?;
        }
    }
    Ok(())
}

fn mean(judge: &mut dyn Judge, workload: &Workload, options: &Options) -> Result<String> {
    let messages = read(&workload.requests);
    time::matching(judge, &messages)?;
    let turns = (0..options.turns()).map(|_| time::mean(judge, &messages, options.floor() / 2));
    let turns = Series::of(turns.collect::<Result<Vec<f64>>>()?);
    Ok(format!("{:9.2} µs  least {:9.2}  {}", turns.median() / 1e3, turns.min() / 1e3, workload.name))
}

/// The least of three times of each request, and the slowest of them.
fn each(judge: &mut dyn Judge, name: &str, corpus: Vec<(String, Vec<u8>)>, lines: &mut String) -> Result<()> {
    let (labels, requests): (Vec<String>, Vec<Vec<u8>>) = corpus.into_iter().unzip();
    let messages = read(&requests);
    let turns = (0..3).map(|_| time::each(judge, &messages)).collect::<Result<Vec<_>>>()?;
    let by_request = time::by_request(&turns);
    let times = Series::of(by_request.iter().copied());
    let _ = writeln!(
        lines,
        "{:9.2} µs  p99 {:9.2}  most {:9.2}  {name}, {} requests",
        times.percentile(0.5) / 1e3,
        times.percentile(0.99) / 1e3,
        times.max() / 1e3,
        messages.len()
    );
    let mut slowest: Vec<_> = by_request.iter().zip(&labels).collect();
    slowest.sort_by(|a, b| b.0.total_cmp(a.0));
    for (time, label) in slowest.into_iter().take(WORST) {
        let _ = writeln!(lines, "    {:9.2} µs  {label}", time / 1e3);
    }
    Ok(())
}
