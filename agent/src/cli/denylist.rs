//! `picket block`, `unblock` and `denylist`.

use anstyle::AnsiColor;
use jiff::Timestamp;

use super::{
    CliError, Exit,
    args::{BlockArgs, DenylistArgs, UnblockArgs},
    ask, duration,
    screen::{Screen, grouped},
    table::Table,
};
use crate::{
    api::{BlockRequest, BlockView, Client, Denylist, net},
    event::printable,
};

pub(super) fn block(client: &Client, args: &BlockArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let request = BlockRequest {
        net: args.net,
        duration: (!args.forever).then_some(args.duration),
        reason: args.reason.clone(),
    };
    let made = ask(client.block(&request))?;
    if screen.json {
        screen.json(&made)?;
        return Ok(Exit::Done);
    }
    let until =
        made.ends.map_or("for good".to_owned(), |_| format!("for {}", duration::short(args.duration)));
    screen.line(format_args!("blocked {} {until}", printable(&made.net)))?;
    if made.enforced_on.is_empty() {
        let note = screen.paint(AnsiColor::Yellow, "not in force:");
        screen.line(format_args!("{note} {NO_INTERFACE}"))?;
    } else {
        screen.line(format_args!("in force on {}", printable(&made.enforced_on.join(", "))))?;
    }
    Ok(Exit::Done)
}

const NO_INTERFACE: &str = "no interface was chosen, so nothing is dropped.\n  \
     Start the agent with `picket run --deny IFACE`, or set [deny] interfaces in its configuration.";

pub(super) fn unblock(
    client: &Client,
    args: &UnblockArgs,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let Some(net) = args.net else {
        let ended = ask(client.unblock_all())?;
        if screen.json {
            screen.json(&ended)?;
        } else if ended.removed == 0 {
            screen.line("nobody was blocked")?;
        } else {
            screen.line(format_args!("unblocked all: {}", grouped(ended.removed)))?;
        }
        return Ok(Exit::Done);
    };
    let was = ask(client.unblock(net))?;
    if screen.json {
        screen.json(&was)?;
    } else {
        screen.line(format_args!(
            "unblocked {} ({} packets were dropped)",
            printable(&net::display(&net)),
            grouped(was.drops)
        ))?;
    }
    Ok(Exit::Done)
}

pub(super) fn list(client: &Client, args: &DenylistArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let list = ask(client.denylist(args.limit))?;
    if screen.json {
        screen.json(&list)?;
    } else {
        print(&list, screen)?;
    }
    Ok(Exit::Done)
}

fn print(list: &Denylist, screen: &mut Screen<'_>) -> Result<(), CliError> {
    if list.total == 0 {
        screen.line("nobody is blocked")?;
        screen.line("  block someone with: picket block 203.0.113.7 --for 10m")?;
    } else {
        let mut table = Table::new(&["ADDRESS", "SINCE", "ENDS IN", ">DROPS", "CAUSE"]);
        for entry in &list.entries {
            table.row([
                entry.net.clone(),
                since(entry, screen.now),
                ends_in(entry, screen.now),
                grouped(entry.drops),
                if entry.origin == "manual" {
                    entry.cause.clone()
                } else {
                    format!("{}: {}", entry.origin, entry.cause)
                },
            ]);
        }
        table.print(screen)?;
        let shown = list.entries.len() as u64;
        if shown < list.total {
            let more = format!("{} more; show them with --limit {}", grouped(list.total - shown), list.total);
            let more = screen.faint(&more);
            screen.line(more)?;
        }
    }
    if list.interfaces.is_empty() {
        if list.total > 0 {
            let note = screen.paint(AnsiColor::Yellow, "not in force:");
            screen.line(format_args!("{note} {NO_INTERFACE}"))?;
        }
    } else {
        let interfaces: Vec<String> = list
            .interfaces
            .iter()
            .map(|at| format!("{} ({})", printable(&at.name), printable(&at.mode)))
            .collect();
        let line = screen.faint(&format!("in force on {}", interfaces.join(", ")));
        screen.line(line)?;
    }
    Ok(())
}

fn since(entry: &BlockView, now: Timestamp) -> String {
    entry.since.map_or("unknown".to_owned(), |since| {
        format!("{} ago", duration::short(duration::between(since, now)))
    })
}

fn ends_in(entry: &BlockView, now: Timestamp) -> String {
    entry.ends.map_or("never".to_owned(), |ends| duration::short(duration::between(now, ends)))
}
