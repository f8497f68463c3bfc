//! `picket users`.

use anstyle::AnsiColor;

use super::{
    CliError, Exit,
    args::{UsersAction, UsersArgs},
    ask,
    facts::Facts,
    people::People,
    screen::{Screen, grouped},
    signals::several,
};
use crate::{
    api::{Client, client::segment, types::User},
    event::{fit, printable},
};

pub(super) fn command(client: &Client, args: &UsersArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    match &args.action {
        None => USERS.list(client, &args.asking, screen),
        Some(UsersAction::Show { id }) => show(client, id, screen),
    }
}

const USERS: People<User, 9> = People {
    route: "/v1/users",
    what: "users",
    none: "  Users are known from logins, tokens and proxies; what Picket looks at: [users] in the configuration",
    headings: [
        "USER",
        ">EVENTS",
        ">LOGINS",
        ">FAILED",
        "ADDRESSES",
        "SERVICES",
        ">SIGNALS",
        "LAST SEEN",
        "STATE",
    ],
    shrinking: &[("SERVICES", 8), ("USER", 12)],
    dropping: &["SERVICES", "LAST SEEN", "ADDRESSES", "EVENTS"],
    colour: state_colour,
    row: |user, screen| {
        [
            user.id.clone(),
            grouped(user.events),
            grouped(user.logins.success),
            grouped(user.logins.failure),
            several(&user.ips),
            several(&user.services),
            grouped(user.signals),
            screen.when(user.last_seen),
            state(user).to_owned(),
        ]
    },
};

/// A user on the denylist is told apart, not kept out.
const fn state(user: &User) -> &'static str {
    if user.blocked { "detected" } else { "-" }
}

fn state_colour(state: &str) -> Option<AnsiColor> {
    (state == "detected").then_some(AnsiColor::Red)
}

fn show(client: &Client, id: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let user: User = ask(client.get(&format!("/v1/users/{}", segment(id)), &[]))?;
    if screen.json {
        screen.json(&user)?;
        return Ok(Exit::Done);
    }
    let title = printable(&user.id);
    let title = screen.columns.map_or(title.as_ref().into(), |columns| fit(&title, columns));
    let title = screen.bold(&title);
    screen.line(title)?;
    let mut facts = Facts::default();
    facts.fact("seen", format!("{} to {}", screen.when(user.first_seen), screen.when(user.last_seen)));
    facts.fact("events", grouped(user.events));
    facts.fact(
        "logins",
        format!("{} succeeded, {} failed", grouped(user.logins.success), grouped(user.logins.failure)),
    );
    facts.maybe("addresses", Some(user.ips.join(", ")));
    facts.maybe("services", Some(user.services.join(", ")));
    facts.fact("signals", grouped(user.signals));
    facts.fact(
        "state",
        if user.blocked {
            "on the denylist: detected, not enforced (a user can't be kept out without others at the same address)"
        } else {
            "not on the denylist"
        },
    );
    facts.print(screen)?;
    Ok(Exit::Done)
}
