//! `picket actors`.

use anstyle::AnsiColor;

use super::{
    CliError, Exit,
    args::{ActorsAction, ActorsArgs},
    ask,
    facts::Facts,
    people::People,
    screen::{Screen, grouped},
    signals::several,
};
use crate::api::{Client, types::Actor};

pub(super) fn command(client: &Client, args: &ActorsArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    match &args.action {
        None => ACTORS.list(client, &args.asking, screen),
        Some(ActorsAction::Show { ip }) => show(client, &ip.to_canonical().to_string(), screen),
    }
}

const ACTORS: People<Actor, 9> = People {
    route: "/v1/actors",
    what: "actors",
    none: "  Everybody who asks, not only who attacks: picket run --all. What happens now: picket tail",
    headings: [
        "ADDRESS",
        ">EVENTS",
        "ATTACKS",
        "USERS",
        "SERVICES",
        "USER AGENT",
        ">SIGNALS",
        "LAST SEEN",
        "STATE",
    ],
    shrinking: &[("USER AGENT", 10), ("SERVICES", 8), ("USERS", 8), ("ATTACKS", 14)],
    dropping: &["USER AGENT", "SERVICES", "USERS", "LAST SEEN"],
    colour: state_colour,
    row: |actor, screen| {
        [
            actor.ip.clone(),
            grouped(actor.events),
            attacks(actor),
            several(&actor.users),
            several(&actor.services),
            several(&actor.user_agents),
            grouped(actor.signals),
            screen.when(actor.last_seen),
            state(actor).to_owned(),
        ]
    },
};

/// Types of attacks, the most frequent first: `sql_injection 31, xss 2`.
pub(super) fn attacks(actor: &Actor) -> String {
    let mut types: Vec<(&u64, &String)> = actor.types.iter().map(|(name, count)| (count, name)).collect();
    types.sort_by(|one, other| other.0.cmp(one.0).then(one.1.cmp(other.1)));
    let shown: Vec<String> =
        types.iter().map(|(count, name)| format!("{name} {}", grouped(**count))).collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

/// Whether an address is on one of the lists.
pub(super) const fn state(actor: &Actor) -> &'static str {
    match (actor.blocked, actor.passlisted) {
        (true, _) => "on the denylist",
        (false, true) => "on the passlist",
        (false, false) => "-",
    }
}

/// How that is painted.
pub(super) fn state_colour(state: &str) -> Option<AnsiColor> {
    (state == "on the denylist").then_some(AnsiColor::Red)
}

fn show(client: &Client, ip: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let actor: Actor = ask(client.get(&format!("/v1/actors/{ip}"), &[]))?;
    if screen.json {
        screen.json(&actor)?;
        return Ok(Exit::Done);
    }
    let title = screen.bold(&crate::event::printable(&actor.ip));
    screen.line(title)?;
    let mut facts = Facts::default();
    facts.fact("seen", format!("{} to {}", screen.when(actor.first_seen), screen.when(actor.last_seen)));
    facts.fact("events", grouped(actor.events));
    facts.fact("attacks", attacks(&actor));
    facts.maybe("services", Some(actor.services.join(", ")));
    facts.maybe("users", Some(actor.users.join(", ")));
    for (at, agent) in actor.user_agents.iter().enumerate() {
        facts.fact(if at == 0 { "user agents" } else { "" }, agent.clone());
    }
    facts.fact("signals", grouped(actor.signals));
    facts.fact("state", if actor.blocked || actor.passlisted { state(&actor) } else { "on neither list" });
    facts.print(screen)?;
    screen.line("")?;
    screen.line(format_args!("  its events:   picket events client_ip:{}", actor.ip))?;
    screen.line(format_args!("  its signals:  picket signals client_ip:{}", actor.ip))?;
    if !actor.blocked && !actor.passlisted {
        screen.line(format_args!("  keep it out:  picket block {} --for 1h", actor.ip))?;
    }
    Ok(Exit::Done)
}
