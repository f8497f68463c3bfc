//! `picket block`, `unblock` and `denylist`.

use anstyle::AnsiColor;

use super::{
    CliError, Exit,
    args::{BlockArgs, DenylistArgs, UnblockArgs},
    ask,
    asked::{given, signal_id},
    duration,
    screen::{Screen, grouped, wrapped},
    table::Table,
};
use crate::{
    api::{BlockView, Client, Denylist, net, types::BlockBody},
    event::printable,
};

pub(super) fn block(client: &Client, args: &BlockArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let signal = args.signal.as_ref().map(|id| signal_id(client, id)).transpose()?;
    let body = BlockBody {
        net: args.whom.net.as_ref().map(net::display),
        user: args.whom.user.clone(),
        for_seconds: (!args.forever).then_some(args.duration.as_secs()),
        forever: args.forever,
        reason: args.reason.clone(),
        signal,
    };
    let made = ask(client.block(body))?;
    if screen.json {
        screen.json(&made)?;
        return Ok(Exit::Done);
    }
    let until =
        made.ends.map_or("for good".to_owned(), |_| format!("for {}", duration::short(args.duration)));
    // Who is only detected was not blocked, and is not said to be.
    let kept_out = made.not_enforced.is_none() && made.user.is_none();
    let done = if kept_out { "blocked" } else { "on the denylist:" };
    screen.line(format_args!("{done} {} {until}", printable(&whom(&made))))?;
    enforced(&made, screen)?;
    Ok(Exit::Done)
}

/// Where an entry is in force, or why it is not.
fn enforced(made: &BlockView, screen: &mut Screen<'_>) -> Result<(), CliError> {
    if let Some(why) = &made.not_enforced {
        let label = screen.paint(AnsiColor::Yellow, "detected, not enforced:");
        screen.line(format_args!("{label} {}", printable(why)))?;
        screen.line("  Its events are tagged security_response; nothing is dropped.")?;
    } else if made.enforced_on.is_empty() {
        not_in_force(screen)?;
    } else {
        screen.line(format_args!("in force on {}", printable(&made.enforced_on.join(", "))))?;
    }
    Ok(())
}

/// Columns of text where there is no terminal to fit.
const WIDTH: usize = 100;

/// `203.0.113.0/24`, `user alice`.
fn whom(entry: &BlockView) -> String {
    entry.user.as_ref().map_or_else(|| entry.net.clone(), |user| format!("user {user}"))
}

/// Nothing is dropped, and what to do.
fn not_in_force(screen: &mut Screen<'_>) -> Result<(), CliError> {
    const LABEL: &str = "not in force:";
    let room = screen.columns.unwrap_or(WIDTH);
    let label = screen.paint(AnsiColor::Yellow, LABEL);
    let why =
        wrapped("no interface was chosen, so nothing is dropped.", room.saturating_sub(LABEL.len() + 1));
    for (at, line) in why.iter().enumerate() {
        if at == 0 {
            screen.line(format_args!("{label} {line}"))?;
        } else {
            screen.line(format_args!("  {line}"))?;
        }
    }
    let advice =
        "Start the agent with `picket run --deny IFACE`, or set [deny] interfaces in its configuration.";
    for line in wrapped(advice, room.saturating_sub(2)) {
        screen.line(format_args!("  {line}"))?;
    }
    Ok(())
}

pub(super) fn unblock(
    client: &Client,
    args: &UnblockArgs,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    if args.all {
        let ended = ask(client.unblock_all())?;
        if screen.json {
            screen.json(&ended)?;
        } else if ended.removed == 0 {
            screen.line("nobody was blocked")?;
        } else {
            screen.line(format_args!("unblocked all: {}", grouped(ended.removed)))?;
        }
        return Ok(Exit::Done);
    }
    let net = args.net.as_ref().map(net::display).unwrap_or_default();
    let user = args.user.as_deref().unwrap_or_default();
    let was: BlockView = ask(client.delete("/v1/denylist", &given(&[("net", &net), ("user", user)])))?;
    if screen.json {
        screen.json(&was)?;
    } else if let Some(user) = &was.user {
        screen.line(format_args!("user {} is off the denylist", printable(user)))?;
    } else {
        screen.line(format_args!(
            "unblocked {} ({} packets were dropped)",
            printable(&was.net),
            grouped(was.drops)
        ))?;
    }
    Ok(Exit::Done)
}

pub(super) fn list(client: &Client, args: &DenylistArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let list = ask(client.denylist(args.find.as_deref().unwrap_or_default(), args.limit))?;
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
    } else if list.found == 0 {
        let all = if list.total == 1 { "the only entry" } else { "all entries" };
        screen.line("no entry of the denylist has to do with it")?;
        screen.line(format_args!("  {all} of it: picket denylist"))?;
    } else {
        // Told apart only where it matters.
        let detected = list.entries.iter().any(|entry| entry.not_enforced.is_some());
        let mut headings = vec!["ADDRESS", "SINCE", "ENDS IN", ">DROPS"];
        if detected {
            headings.push("STATE");
        }
        headings.push("CAUSE");
        let mut table = Table::new(&headings)
            .shrinking(&[("CAUSE", 12)])
            .dropping(&["DROPS", "SINCE"])
            .painted("STATE", |state| (state != "enforced").then_some(AnsiColor::Yellow));
        for entry in &list.entries {
            let mut row = vec![
                whom(entry),
                entry.since.map_or("unknown".to_owned(), |since| screen.when(since)),
                ends_in(entry, screen),
                grouped(entry.drops),
            ];
            if detected {
                let kept_out = entry.not_enforced.is_none();
                row.push(if kept_out { "enforced" } else { "detected, not enforced" }.to_owned());
            }
            row.push(if entry.origin == "manual" {
                entry.cause.clone()
            } else {
                format!("{}: {}", entry.origin, entry.cause)
            });
            table.row(row);
        }
        table.print(screen)?;
        let mut whys: Vec<&str> =
            list.entries.iter().filter_map(|entry| entry.not_enforced.as_deref()).collect();
        whys.sort_unstable();
        whys.dedup();
        for why in whys {
            for line in wrapped(
                &printable(&format!("detected, not enforced: {why}")),
                screen.columns.unwrap_or(WIDTH),
            ) {
                let line = screen.faint(&line);
                screen.line(line)?;
            }
        }
        let shown = list.entries.len() as u64;
        if shown < list.found {
            let more = format!("{} more; show them with --limit {}", grouped(list.found - shown), list.found);
            let more = screen.faint(&more);
            screen.line(more)?;
        }
    }
    if list.interfaces.is_empty() {
        if list.total > 0 {
            not_in_force(screen)?;
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

fn ends_in(entry: &BlockView, screen: &Screen<'_>) -> String {
    match entry.ends {
        None => "never".to_owned(),
        Some(ends) if screen.utc => duration::exact(ends),
        Some(ends) => duration::short(duration::between(screen.now, ends)),
    }
}
