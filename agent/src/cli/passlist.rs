//! `picket passlist`.

use super::{CliError, Exit, args::PasslistAction, ask, screen::Screen, table::Table};
use crate::{api::Client, event::printable};

pub(super) fn command(
    client: &Client,
    action: Option<&PasslistAction>,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match action {
        None | Some(PasslistAction::List) => list(client, screen),
        Some(PasslistAction::Add { net, comment }) => {
            let added = ask(client.passlist_add(*net, comment.clone()))?;
            if screen.json {
                screen.json(&added)?;
            } else {
                screen.line(format_args!("{} is never blocked from now on", printable(&added.net)))?;
            }
            Ok(Exit::Done)
        }
        Some(PasslistAction::Remove { net }) => {
            let removed = ask(client.passlist_remove(*net))?;
            if screen.json {
                screen.json(&removed)?;
            } else {
                screen.line(format_args!("{} may be blocked again", printable(&removed.net)))?;
            }
            Ok(Exit::Done)
        }
    }
}

fn list(client: &Client, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let list = ask(client.passlist())?;
    if screen.json {
        screen.json(&list)?;
    } else if list.is_empty() {
        screen.line("nobody is on the passlist")?;
        screen.line("  add someone with: picket passlist add 192.0.2.0/24 --comment office")?;
    } else {
        let mut table = Table::new(&["ADDRESS", "FROM", "COMMENT"]);
        for entry in list {
            table.row([entry.net, entry.origin, entry.comment.unwrap_or_default()]);
        }
        table.print(screen)?;
    }
    Ok(Exit::Done)
}
