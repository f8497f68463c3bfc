//! The trap alone, by where a probe is set.

use std::{
    os::fd::{AsFd, OwnedFd},
    time::Instant,
};

use anyhow::Result;

use crate::bench::{
    Bench, cpu,
    figures::{Series, in_turns},
    machine,
    report::{Table, grouped},
    sys::{
        bpf,
        instructions::always,
        probed::{self, At, Entry},
        uprobe::{self, Kind},
    },
};

/// One row.
struct Side {
    name: &'static str,
    entry: Entry,
    probes: &'static [(At, Kind)],
    /// By a link that can hold many, where the kernel has such.
    many: bool,
}

const fn side(name: &'static str, entry: Entry, probes: &'static [(At, Kind)]) -> Side {
    Side { name, entry, probes, many: false }
}

const SIDES: [Side; 12] = [
    side("nothing", Entry::Mov, &[]),
    side("`push`, emulated", Entry::Mov, &[(At::Push, Kind::Instruction)]),
    side("`jmp`, emulated", Entry::Mov, &[(At::Jump, Kind::Instruction)]),
    Side {
        many: true,
        ..side(
            "`push`, emulated, by a link for many (Linux 6.6)",
            Entry::Mov,
            &[(At::Push, Kind::Instruction)],
        )
    },
    side("`nop` of five bytes, emulated or replaced by a call", Entry::Mov, &[(At::Nop, Kind::Instruction)]),
    side("`mov`, stepped over", Entry::Mov, &[(At::Mov, Kind::Instruction)]),
    side("`ret`, stepped over", Entry::Mov, &[(At::Ret, Kind::Instruction)]),
    side("return probe, function begins with `push`", Entry::Push, &[(At::Push, Kind::Return)]),
    side("return probe, function begins with `mov`", Entry::Mov, &[(At::Mov, Kind::Return)]),
    side(
        "enter and leave, both emulated: as Picket chooses points",
        Entry::Mov,
        &[(At::Push, Kind::Instruction), (At::Jump, Kind::Instruction)],
    ),
    side(
        "enter and leave at `mov` and `ret`, both stepped over",
        Entry::Mov,
        &[(At::Mov, Kind::Instruction), (At::Ret, Kind::Instruction)],
    ),
    side(
        "entry and return probe, function begins with `mov`: the usual way",
        Entry::Mov,
        &[(At::Mov, Kind::Instruction), (At::Mov, Kind::Return)],
    ),
];

/// Nanoseconds a call; none on a processor for which there is no such function.
pub fn table(bench: &Bench) -> Result<Option<Table>> {
    if !probed::HERE {
        bench.progress("no function to probe is written for this processor");
        return Ok(None);
    }
    let program = bpf::load_uprobe(&always(0), false)?;
    let for_many = bpf::load_uprobe(&always(0), true);
    // A kernel before 6.6 refuses it.
    let mut sides: Vec<Side> = SIDES.into_iter().filter(|side| !side.many || for_many.is_ok()).collect();
    cpu::pin(machine::cpus() - 1)?;
    let calls = if bench.quick { 20_000 } else { 200_000 };
    let turns = bench.turns(11, 3);
    bench.progress(&format!(
        "{} kinds of probes, {turns} turns of {} calls",
        sides.len(),
        grouped(calls.into())
    ));
    let measured = in_turns(turns, &mut sides, |side, _| {
        let attach = |&(at, kind): &(At, Kind)| -> Result<OwnedFd> {
            let (file, offset) = uprobe::place(probed::address(at))?;
            match &for_many {
                Ok(program) if side.many => bpf::attach_uprobe_multi(program.as_fd(), &file, offset),
                _ => uprobe::attach(program.as_fd(), kind, &file, offset),
            }
        };
        let _attached: Vec<OwnedFd> = side.probes.iter().map(attach).collect::<Result<_>>()?;
        probed::call(side.entry, calls / 10);
        let start = Instant::now();
        probed::call(side.entry, calls);
        Ok(start.elapsed().as_nanos() as f64 / f64::from(calls))
    })?;
    let series: Vec<Series> = measured.into_iter().map(Series::of).collect();
    let mut table = Table::new(
        format!("A program that does nothing; nanoseconds a call, median (least–most) of {turns} turns"),
        &["probe at", "ns a call", "above nothing"],
    );
    let whole = |value: f64| grouped(value);
    for (side, all) in sides.iter().zip(&series) {
        let above = series.first().map(|nothing| all.less(nothing));
        table.row([side.name.to_owned(), all.show(whole), above.unwrap_or_default().show(whole)]);
    }
    Ok(Some(table))
}
