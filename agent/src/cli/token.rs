//! `picket token`: who may use the API over TCP. The agent need not run: it looks at the file when somebody asks.

use std::path::Path;

use jiff::Timestamp;

use super::{CliError, Exit, args::TokenAction, duration, screen::Screen, table::Table};
use crate::{api::access::Tokens, event::printable};

pub(super) fn command(state: &Path, action: &TokenAction, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let tokens = Tokens::of(state);
    match action {
        TokenAction::Add { name, role, duration } => {
            let expires =
                duration.map(|duration| screen.now.saturating_add(duration).unwrap_or(Timestamp::MAX));
            let secret = tokens.add(name, (*role).into(), expires)?;
            if screen.json {
                let role = crate::api::types::Role::from(*role);
                screen.json(&serde_json::json!({
                    "name": name, "role": role, "expires": expires, "token": secret.show(),
                }))?;
            } else {
                screen.line(secret.show())?;
                screen.note("This is the only time it is shown. Use it as: Authorization: Bearer TOKEN")?;
            }
        }
        TokenAction::List => list(&tokens, screen)?,
        TokenAction::Remove { name } => {
            let was = tokens.remove(name)?;
            if screen.json {
                screen.json(&was)?;
            } else {
                screen.line(format_args!("{} may not use the API any longer", printable(&was.name)))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn list(tokens: &Tokens, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let tokens = tokens.list()?;
    if screen.json {
        screen.json(&tokens)?;
    } else if tokens.is_empty() {
        screen.line("there are no tokens")?;
        screen.line("  make one with: picket token add NAME --role viewer")?;
    } else {
        let mut table = Table::new(&["NAME", "ROLE", "MADE", "ENDS"]).shrinking(&[("NAME", 12)]);
        for token in tokens {
            let ends = match token.expires {
                None => "never".to_owned(),
                Some(at) if at <= screen.now => format!("ended {}", screen.when(at)),
                Some(at) if screen.utc => duration::exact(at),
                Some(at) => format!("in {}", duration::short(duration::between(screen.now, at))),
            };
            table.row([token.name, token.role.name().to_owned(), screen.when(token.created), ends]);
        }
        table.print(screen)?;
    }
    Ok(())
}
