//! `picket ui`: how people get into the web UI.

use super::{CliError, Exit, args::UiAction, ask, duration, screen::Screen};
use crate::{
    api::{
        Client,
        types::{LoginBody, LoginLink},
    },
    event::printable,
};

pub(super) fn command(client: &Client, action: &UiAction, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let UiAction::Login { role, name } = action;
    let body = LoginBody { role: (*role).into(), name: name.clone() };
    let link: LoginLink = ask(client.post("/v1/ui/login-links", &[], &body))?;
    if screen.json {
        screen.json(&link)?;
        return Ok(Exit::Done);
    }
    screen.line(printable(&link.url))?;
    let left = duration::short(duration::between(screen.now, link.expires));
    screen.note(&format!(
        "Open it in a browser within {left}: it logs in {} as {}, once",
        link.name, link.role
    ))?;
    Ok(Exit::Done)
}
