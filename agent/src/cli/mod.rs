//! cli: the `picket` command, from arguments to what is printed.
//!
//! One file a command; [`args`] holds what they take, [`error`] their exit codes, [`screen`] how
//! they print.
#![forbid(unsafe_code)]

mod actors;
pub mod args;
mod asked;
mod audit;
mod denylist;
pub(crate) mod duration;
mod endpoints;
pub mod error;
mod eval;
mod events;
mod facts;
pub mod notify;
mod passlist;
pub mod paths;
mod people;
mod rules;
mod rules_check;
mod rules_detection;
mod rules_exclusions;
mod rules_list;
mod rules_own;
mod rules_reload;
#[cfg(test)]
mod rules_tests;
mod rules_try;
mod rules_use;
#[cfg(test)]
mod rules_use_tests;
pub mod run;
pub mod screen;
mod services;
#[cfg(test)]
mod shop_tests;
pub(crate) mod signals;
mod source;
mod stats;
pub(crate) mod story;
pub(crate) mod table;
mod tail;
#[cfg(test)]
mod tests;
mod token;
mod transfer;
mod triage;
mod ui;
mod users;

use std::{ffi::OsString, io};

use args::{Cli, Command};
use clap::Parser as _;
pub use error::{CliError, Exit};
use screen::Screen;

use crate::{
    api::{Client, client::Remote},
    doctor,
};

/// Runs a command line; gives the exit code. Everything printed goes through `screen`.
pub fn main(args: impl IntoIterator<Item = OsString>, screen: &mut Screen<'_>) -> Exit {
    let cli = match Cli::try_parse_from(args::negated(args)) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, screen),
    };
    (screen.json, screen.utc) = (cli.json, cli.utc);
    let result = command(cli, screen);
    match result {
        Ok(exit) => exit,
        // `picket services | head`: the reader has seen enough.
        Err(CliError::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            let exit = error.exit();
            // Nowhere left to say that it cannot be said.
            let _ = screen.error(&error);
            exit
        }
    }
}

fn command(cli: Cli, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let paths = paths::Paths::new(cli.state_dir.as_deref())?;
    let client = match (&cli.api, &cli.token_file) {
        (Some(url), Some(token)) => Client::remote(Remote::new(url, token, cli.ca_file.as_deref())?),
        _ => Client::new(&paths.socket),
    };
    match cli.command {
        Command::Run(args) => run::run(args.options(paths, cli.json), screen.colour_err),
        Command::Doctor(args) => doctor::command(&args, screen),
        Command::Signals(args) => signals::command(&client, &args, screen),
        Command::Events(args) => events::command(&client, &args, screen),
        Command::Tail(args) => tail::command(&client, &args, screen),
        Command::Endpoints(args) => endpoints::command(&client, &args, screen),
        Command::Users(args) => users::command(&client, &args, screen),
        Command::Actors(args) => actors::command(&client, &args, screen),
        Command::Audit(args) => audit::command(&client, &args, screen),
        Command::Export(args) => transfer::export(&client, &args, screen),
        Command::Import(args) => transfer::import(&client, &args, screen),
        Command::Token { action } => token::command(&paths.state, &action, screen),
        Command::Block(args) => denylist::block(&client, &args, screen),
        Command::Unblock(args) => denylist::unblock(&client, &args, screen),
        Command::Denylist(args) => denylist::list(&client, &args, screen),
        Command::Passlist(args) => passlist::command(&client, args.action.as_ref(), screen),
        Command::Services(args) => services::command(&client, &args, screen),
        Command::Stats(args) => stats::command(&client, &args, screen),
        Command::Rules { action } => rules::command(&client, &action, screen),
        Command::Notify { action } => notify::command(&client, &action, screen),
        Command::Eval(args) => eval::command(&args, screen),
        Command::Ui { action } => ui::command(&client, &action, screen),
        Command::Version => version(screen),
    }
}

fn version(screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let version = env!("CARGO_PKG_VERSION");
    if screen.json {
        screen.json(&serde_json::json!({ "version": version }))?;
    } else {
        screen.line(format_args!("picket {version}"))?;
    }
    Ok(Exit::Done)
}

/// What clap has to say: help on standard output, mistakes on standard error.
fn usage(error: &clap::Error, screen: &mut Screen<'_>) -> Exit {
    let text = error.render();
    let coloured = if error.use_stderr() { screen.colour_err } else { screen.colour };
    let text = if coloured { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        let _ = screen.err.write_all(text.as_bytes());
        Exit::Usage
    } else {
        let _ = screen.out.write_all(text.as_bytes());
        Exit::Done
    }
}

/// Waits for one call of the API.
fn ask<T>(call: impl Future<Output = Result<T, crate::api::ClientError>>) -> Result<T, CliError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::Start)?;
    Ok(runtime.block_on(call)?)
}
