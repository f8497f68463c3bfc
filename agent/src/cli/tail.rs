//! `picket tail`: events and signals as they happen.

use anstyle::AnsiColor;
use jiff::tz::TimeZone;

use super::{
    CliError, Exit,
    args::TailArgs,
    ask,
    asked::{given, placed},
    screen::{Screen, grouped},
    signals::{several, severity_colour, status},
};
use crate::{
    api::{
        Client,
        types::{SignalChanged, Tailed},
    },
    detect::signals::ChangeKind,
    event::{Render, fit, printable},
};

pub(super) fn command(client: &Client, args: &TailArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let route = if args.signals { "/v1/signals/tail" } else { "/v1/events/tail" };
    let query = args.query.join(" ");
    if screen.terminal && !screen.json {
        let what = if args.signals { "signals" } else { "events" };
        screen.note(&format!("waiting for {what}; end with Ctrl-C"))?;
    }
    let mut left = args.count;
    let follow = async {
        let mut tailing = client.tail(route, &given(&[("query", &query)]), None).await?;
        while let Some(tailed) = tailing.next().await? {
            if let Err(error) = show(&tailed, screen).and_then(|()| Ok(screen.out.flush()?)) {
                return Ok(Err(error));
            }
            if !matches!(tailed, Tailed::Lag(_)) {
                left = left.map(|left| left.saturating_sub(1));
            }
            if left == Some(0) {
                return Ok(Ok(Exit::Done));
            }
        }
        // The agent ended it, as when it stops.
        Ok(Err(CliError::Input("the agent ended the tail".to_owned())))
    };
    ask(follow).map_err(|error| placed(error, &query))?
}

fn show(tailed: &Tailed, screen: &mut Screen<'_>) -> Result<(), CliError> {
    match tailed {
        Tailed::Event(event) if screen.json => screen.json(event)?,
        Tailed::Signal(changed) if screen.json => screen.json(changed)?,
        Tailed::Lag(lag) if screen.json => screen.json(&serde_json::json!({ "lag": lag }))?,
        Tailed::Event(event) => {
            let shown =
                Render { colour: screen.colour, columns: screen.columns, zone: zone(screen) }.event(event);
            write!(screen.out, "{shown}")?;
        }
        Tailed::Signal(changed) => signal(changed, screen)?,
        Tailed::Lag(lag) => {
            screen.warning(&format!(
                "{} were left out here: they came faster than they were read",
                grouped(lag.left_out)
            ))?;
        }
    }
    Ok(())
}

fn zone(screen: &Screen<'_>) -> TimeZone {
    if screen.utc { TimeZone::UTC } else { TimeZone::system() }
}

/// A line: when, how it changed, how bad, what, who, how much, its id.
fn signal(changed: &SignalChanged, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let SignalChanged { kind, signal } = changed;
    let time = signal.last_seen.to_zoned(zone(screen)).strftime("%H:%M:%S").to_string();
    let kind = match kind {
        ChangeKind::Opened => "new    ".to_owned(),
        ChangeKind::Escalated => "worse  ".to_owned(),
        ChangeKind::Extended => "goes on".to_owned(),
        ChangeKind::Triaged => status(signal),
    };
    let severity = signal.severity.name();
    let about = format!(
        "{}  {} on {}, {} events",
        signal.title,
        several(&signal.actors),
        several(&signal.services),
        grouped(signal.counts.events)
    );
    let about = printable(&about).into_owned();
    let id = signal.id.to_string();
    let kind = printable(&kind).into_owned();
    // The id is what the next command needs: what is in front of it gives way.
    let taken = time.len() + kind.chars().count() + severity.len() + id.len() + 7;
    let about = match screen.columns {
        Some(columns) => fit(&about, columns.saturating_sub(taken).max(16)).into_owned(),
        None => about,
    };
    let severity = match severity_colour(severity) {
        Some(colour) => screen.paint(colour, severity),
        None => severity.to_owned(),
    };
    let (time, id) = (screen.faint(&time), screen.faint(&id));
    let kind = if kind.starts_with("worse") { screen.paint(AnsiColor::Red, &kind) } else { kind };
    screen.line(format_args!("{time} {kind} {severity}  {about}  {id}"))?;
    Ok(())
}
