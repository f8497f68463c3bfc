//! `picket stats`.

use std::{thread, time::Duration};

use anstyle::AnsiColor;

use super::{
    CliError, Exit,
    args::StatsArgs,
    ask, duration,
    screen::{Screen, bytes, grouped},
    table::Table,
};
use crate::{
    api::{Client, Stats, tls::TlsLatency},
    event::printable,
};

pub(super) fn command(client: &Client, args: &StatsArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let Some(seconds) = args.watch else {
        let stats = ask(client.stats())?;
        show(&stats, None, args.per_cpu, screen)?;
        return Ok(Exit::Done);
    };
    let mut before: Option<Stats> = None;
    let mut left = args.count;
    loop {
        let stats = ask(client.stats())?;
        if screen.terminal && !screen.json {
            // Clear the screen, cursor to the top (ECMA-48 ED, CUP).
            write!(screen.out, "\x1b[H\x1b[2J")?;
        }
        show(&stats, before.as_ref(), args.per_cpu, screen)?;
        screen.out.flush()?;
        before = Some(stats);
        left = left.map(|left| left.saturating_sub(1));
        if left == Some(0) {
            return Ok(Exit::Done);
        }
        if !screen.terminal && !screen.json {
            screen.line("")?;
        }
        thread::sleep(Duration::from_secs(seconds));
    }
}

fn show(
    stats: &Stats,
    before: Option<&Stats>,
    per_cpu: bool,
    screen: &mut Screen<'_>,
) -> Result<(), CliError> {
    if screen.json {
        screen.json(stats)?;
        return Ok(());
    }
    let uptime = Duration::try_from_secs_f64(stats.uptime_seconds).unwrap_or_default();
    loss(stats, uptime, screen)?;
    screen.line("")?;
    let about = format!(
        "picket {}, process {}, up {}",
        printable(&stats.version),
        stats.pid,
        duration::short(uptime)
    );
    let about = screen.faint(&about);
    screen.line(about)?;
    now(stats, before, screen)?;
    tls(stats, screen)?;
    kernel(stats, before, per_cpu, screen)?;
    agent(stats, before, screen)
}

/// A loss, whichever side it happened on.
struct Lost<'s> {
    name: &'s str,
    count: u64,
}

/// What was lost, why, what to change; first, and plainly.
fn loss(stats: &Stats, uptime: Duration, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let kernel = stats.kernel.iter().filter(|counter| counter.loss);
    let agent = stats.agent.iter().filter(|counter| counter.loss);
    let lost: Vec<Lost<'_>> = kernel
        .map(|counter| Lost { name: &counter.name, count: counter.total })
        .chain(agent.map(|counter| Lost { name: &counter.name, count: counter.total }))
        .filter(|lost| lost.count > 0)
        .collect();
    if lost.is_empty() {
        let nothing = screen.paint(AnsiColor::Green, "nothing lost");
        screen.line(format_args!("{nothing} in {}", duration::short(uptime)))?;
        return Ok(());
    }
    let label = screen.paint(AnsiColor::Red, "lost");
    screen.line(format_args!("{label} in {}:", duration::short(uptime)))?;
    for Lost { name, count } in lost {
        let (what, change) = advice(name);
        let count = screen.bold(&grouped(count));
        screen.line(format_args!("  {count} {}: {what}", printable(name)))?;
        screen.line(format_args!("    {change}"))?;
    }
    Ok(())
}

/// What a loss means, and what makes it less.
pub(super) fn advice(name: &str) -> (&'static str, &'static str) {
    match name {
        "ring_full" => (
            "records that did not fit into a ring buffer: the agent did not read fast enough",
            "give it more CPU, raise [capture] ring_size, or lower [capture] request_body and response_body",
        ),
        "too_long" => (
            "packets longer than what one packet may become",
            "lower the interface's GRO/TSO size (ip link set IFACE gro_max_size 65536)",
        ),
        "table_full" => (
            "connections for whose state the kernel had no memory",
            "free memory; see whether a memory cgroup limits this process",
        ),
        "unreadable" => (
            "packets whose bytes the kernel would not give",
            "please report it, with the kernel's version (uname -r) and the network card's driver",
        ),
        "tls_reads_under_way" => (
            "reads that services had begun in a TLS library before it was watched: what they gave is not known",
            "nothing: it is the next request of each connection that waited then, and passes",
        ),
        "processes_over_cap" | "files_over_cap" | "process_files_over_cap" => (
            "processes or files that were not looked into for TLS: more than Picket follows",
            "watch a part of the host only: [capture] cgroup",
        ),
        _ => (
            "requests, or parts of them, that were not judged",
            "raise the cap this name stands for in [limits] or [capture] of the configuration",
        ),
    }
}

/// Gauges and rates.
fn now(stats: &Stats, before: Option<&Stats>, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let mut table = Table::new(&["", ""]);
    for (name, value) in &stats.gauges {
        let (name, value) = match name.strip_suffix("_bytes") {
            Some(name) => (name, bytes(*value)),
            None => (name.as_str(), grouped(*value)),
        };
        table.row([name.replace('_', " "), value]);
    }
    // While watching, the differences say more.
    if before.is_none() {
        for (name, rate) in &stats.rates {
            let (name, rate) = match name.as_str() {
                "cpu_seconds" => ("cpu".to_owned(), format!("{:.1} % of a core", rate * 100.0)),
                name => (name.replace('_', " "), format!("{rate:.1}/s")),
            };
            table.row([name, rate]);
        }
    }
    table.print(screen)?;
    Ok(())
}

/// What of TLS is seen, how soon, and what could not be looked into.
fn tls(stats: &Stats, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let Some(tls) = &stats.tls else { return Ok(()) };
    screen.line("")?;
    let count = |name: &str| {
        let found = stats.agent.iter().find(|counter| counter.stage == "pipeline" && counter.name == name);
        found.map_or(0, |counter| counter.total)
    };
    let (seen, unseen) = (count("tls_seen"), count("tls_unseen"));
    let hint = if unseen > 0 { ": see picket services" } else { "" };
    screen.line(format_args!("TLS connections: {} seen, {} unseen{hint}", grouped(seen), grouped(unseen)))?;
    if let Some(why) = &tls.why_not {
        screen.line(format_args!("  {}", screen.paint(AnsiColor::Yellow, &printable(why))))?;
        return Ok(());
    }
    screen.line(format_args!(
        "  probes in {} of {} files that {} processes have mapped",
        grouped(tls.attached),
        grouped(tls.files),
        grouped(tls.processes)
    ))?;
    let TlsLatency { count, p50_ms, p99_ms, max_ms } = &tls.latency;
    if *count > 0 {
        screen.line(format_args!(
            "  from mapping to probes: p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, longest {max_ms:.1} ms ({} files)",
            grouped(*count)
        ))?;
    }
    for failed in &tls.failures {
        screen.line(format_args!(
            "  not seen: {} of process {} ({}): {}",
            printable(&failed.file),
            failed.pid,
            printable(&failed.step),
            printable(&failed.reason)
        ))?;
    }
    Ok(())
}

fn kernel(
    stats: &Stats,
    before: Option<&Stats>,
    per_cpu: bool,
    screen: &mut Screen<'_>,
) -> Result<(), CliError> {
    if stats.kernel.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    let cpus = stats.kernel.iter().map(|counter| counter.per_cpu.len()).max().unwrap_or(0);
    let mut headings = vec!["KERNEL", ">TOTAL"];
    if before.is_some() {
        headings.push(">PER SECOND");
    }
    if per_cpu {
        headings.push("BY CPU");
    }
    let mut table = Table::new(&headings);
    for counter in &stats.kernel {
        let mut row = vec![counter.name.clone(), grouped(counter.total)];
        if let Some(before) = before {
            let earlier = before.kernel.iter().find(|earlier| earlier.name == counter.name);
            row.push(rate(earlier.map(|earlier| earlier.total), counter.total, before, stats));
        }
        if per_cpu {
            let each: Vec<String> = counter.per_cpu.iter().map(|&count| grouped(count)).collect();
            row.push(each.join(" "));
        }
        table.row(row);
    }
    table.print(screen)?;
    if per_cpu {
        let line = screen.faint(&format!("{cpus} CPUs, in order"));
        screen.line(line)?;
    }
    Ok(())
}

fn agent(stats: &Stats, before: Option<&Stats>, screen: &mut Screen<'_>) -> Result<(), CliError> {
    if stats.agent.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    let mut headings = vec!["AGENT", "", ">TOTAL"];
    if before.is_some() {
        headings.push(">PER SECOND");
    }
    let mut table = Table::new(&headings);
    let mut stage = "";
    for counter in &stats.agent {
        let shown = if counter.stage == stage { "" } else { counter.stage.as_str() };
        stage = &counter.stage;
        let mut row = vec![shown.to_owned(), counter.name.clone(), grouped(counter.total)];
        if let Some(before) = before {
            let same = |earlier: &&crate::api::types::StageCounter| {
                earlier.name == counter.name && earlier.stage == counter.stage
            };
            let earlier = before.agent.iter().find(same).map(|earlier| earlier.total);
            row.push(rate(earlier, counter.total, before, stats));
        }
        table.row(row);
    }
    table.print(screen)?;
    Ok(())
}

/// Per second between two looks; nothing when the agent was restarted between them.
fn rate(earlier: Option<u64>, total: u64, before: &Stats, stats: &Stats) -> String {
    let seconds = stats.uptime_seconds - before.uptime_seconds;
    match earlier.and_then(|earlier| total.checked_sub(earlier)) {
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        Some(more) if seconds > 0.0 => format!("{:.1}", more as f64 / seconds),
        _ => "-".to_owned(),
    }
}
