//! `picket signals triage`: what a person found out.

use anstyle::AnsiColor;
use uuid::Uuid;

use super::{
    CliError, Exit,
    args::{Asking, TriageArgs},
    ask,
    asked::{asked_for, signal_id},
    events::nothing,
    screen::{Screen, grouped},
    signals,
};
use crate::{
    api::{
        Client,
        types::{List, TriageBody, TriageManyBody, Triaged},
    },
    detect::signals::{Signal, Status},
    event::printable,
    limits::API_TRIAGED,
};

pub(super) fn command(client: &Client, args: &TriageArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let body = body(args)?;
    let ids = match &args.query {
        None => args.ids.iter().map(|id| signal_id(client, id)).collect::<Result<Vec<Uuid>, CliError>>()?,
        Some(query) => {
            let asking = Asking {
                query: vec![query.clone()],
                from: args.from,
                to: args.to,
                // One more than is done at once: then it is known that these are not all.
                limit: API_TRIAGED as u32 + 1,
            };
            let list: List<Signal> = asked_for(client, "/v1/signals", &asking)?;
            if list.items.is_empty() {
                if screen.json {
                    screen.json(&Triaged { items: Vec::new(), failed: Vec::new() })?;
                } else {
                    nothing("signals", &asking, screen)?;
                }
                return Ok(Exit::Done);
            }
            if list.items.len() > API_TRIAGED {
                return Err(CliError::Usage(format!(
                    "more than {} signals: at most so many are changed at once; narrow it, as with --from -1h",
                    grouped(API_TRIAGED as u64)
                )));
            }
            if !args.yes {
                return preview(&list, screen);
            }
            list.items.iter().map(|signal| signal.id).collect()
        }
    };
    let done: Triaged = match ids.as_slice() {
        [one] => {
            let signal: Signal = ask(client.patch(&format!("/v1/signals/{one}"), &body))?;
            Triaged { items: vec![signal], failed: Vec::new() }
        }
        _ => ask(client.post("/v1/signals/triage", &[], &TriageManyBody::new(ids, body)))?,
    };
    if screen.json {
        screen.json(&done)?;
    } else {
        told(&done, screen)?;
    }
    Ok(if done.failed.is_empty() { Exit::Done } else { Exit::Refused })
}

fn body(args: &TriageArgs) -> Result<TriageBody, CliError> {
    let status = args.status.map(Status::from);
    if args.reason.is_some() && status != Some(Status::Archived) {
        return Err(CliError::Usage(
            "--reason says why a signal is archived: add --status archived".to_owned(),
        ));
    }
    if args.yes && args.query.is_none() {
        return Err(CliError::Usage(
            "--yes goes with -q (--query): what is named by id is changed at once".to_owned(),
        ));
    }
    Ok(TriageBody {
        status,
        reason: args.reason.map(Into::into),
        assignee: if args.unassign { Some(None) } else { args.assign.clone().map(Some) },
        case: if args.no_case { Some(None) } else { args.case.clone().map(Some) },
        note: args.note.clone(),
    })
}

/// What would be changed.
fn preview(list: &List<Signal>, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    if screen.json {
        screen.json(list)?;
    } else {
        signals::table(&list.items, screen)?;
    }
    let count = list.items.len();
    let these = if count == 1 { "this signal".to_owned() } else { format!("these {count} signals") };
    screen.note(&format!("nothing was changed; change {these} with --yes"))?;
    Ok(Exit::Done)
}

fn told(done: &Triaged, screen: &mut Screen<'_>) -> Result<(), CliError> {
    for signal in &done.items {
        let mut said = vec![signals::status(signal)];
        said.extend(signal.case.as_ref().map(|case| format!("case {case}")));
        said.extend(signal.comment.as_ref().map(|note| format!("note: {note}")));
        screen.line(printable(&format!("{} {}: {}", signal.id, signal.title, said.join(", "))))?;
    }
    for failed in &done.failed {
        let label = screen.paint(AnsiColor::Red, "not changed:");
        screen.line(format_args!("{label} {} {}", failed.id, printable(&failed.error.message)))?;
    }
    Ok(())
}
