//! `picket passlist`.

use super::{CliError, Exit, args::PasslistAction, ask, asked::given, screen::Screen, table::Table};
use crate::{
    api::{Client, PassView, net, types::PassBody},
    event::printable,
};

pub(super) fn command(
    client: &Client,
    action: Option<&PasslistAction>,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match action {
        None => list(client, "", screen),
        Some(PasslistAction::List { find }) => list(client, find.as_deref().unwrap_or_default(), screen),
        Some(PasslistAction::Add { whom, comment }) => {
            let (net, user) = (whom.net.as_ref().map(net::display), whom.user.clone());
            let body = PassBody { net, user, comment: comment.clone() };
            let added: PassView = ask(client.post("/v1/passlist", &[], &body))?;
            if screen.json {
                screen.json(&added)?;
            } else {
                screen.line(format_args!("{} is never blocked from now on", printable(&named(&added))))?;
            }
            Ok(Exit::Done)
        }
        Some(PasslistAction::Remove { whom }) => {
            let net = whom.net.as_ref().map(net::display).unwrap_or_default();
            let user = whom.user.as_deref().unwrap_or_default();
            let which = [("net", net.as_str()), ("user", user)];
            let removed: PassView = ask(client.delete("/v1/passlist", &given(&which)))?;
            if screen.json {
                screen.json(&removed)?;
            } else {
                screen.line(format_args!("{} may be blocked again", printable(&named(&removed))))?;
            }
            Ok(Exit::Done)
        }
    }
}

/// `192.0.2.0/24`, `user alice`.
fn named(entry: &PassView) -> String {
    entry.user.as_ref().map_or_else(|| entry.net.clone(), |user| format!("user {user}"))
}

fn list(client: &Client, find: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let list = ask(client.passlist(find))?;
    if screen.json {
        screen.json(&list)?;
    } else if list.is_empty() && !find.is_empty() {
        screen.line("no entry of the passlist has to do with it")?;
    } else if list.is_empty() {
        screen.line("nobody is on the passlist")?;
        screen.line("  add someone with: picket passlist add 192.0.2.0/24 --comment office")?;
    } else {
        let mut table = Table::new(&["ADDRESS", "FROM", "COMMENT"]).shrinking(&[("COMMENT", 12)]);
        for entry in list {
            table.row([named(&entry), entry.origin, entry.comment.unwrap_or_default()]);
        }
        table.print(screen)?;
    }
    Ok(Exit::Done)
}
