//! `picket notify`: who is told of signals, and whether it arrives.

use std::path::{Path, PathBuf};

use anstyle::AnsiColor;
use clap::Subcommand;
use serde_json::json;

use super::{
    CliError, Exit, ask,
    screen::{Screen, grouped},
    source::{Source, agent_or, configuration},
    table::Table,
};
use crate::{
    api::{
        Client, ClientError, Code,
        types::{List, NotificationTarget},
    },
    config::NotifyTarget,
    event::printable,
    notify,
};

/// `picket notify …`.
#[derive(Debug, Subcommand)]
pub enum NotifyAction {
    /// Show who is told, and of what
    #[command(after_help = "Examples:\n  picket notify list\n  picket notify list --config ./picket.toml")]
    List {
        /// Configuration file (TOML); no agent is asked [default: /etc/picket/picket.toml, without an agent]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Send a test, and show what the receiver says
    #[command(after_help = "Examples:\n  sudo picket notify test\n  sudo picket notify test duty")]
    Test {
        /// The target; without it, every target of the configuration
        name: Option<String>,
        /// Configuration file (TOML); the test goes out from here [default: /etc/picket/picket.toml, without an agent]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Examples.
pub const HELP: &str = "\
Targets stand in the configuration, each under [[notify]]; docs/notifications.md describes them.
The running agent is asked; without one, or with --config, it is what the configuration says.

Examples:
  picket notify list                            who is told, and of what
  sudo picket notify test                       a test to every target
  sudo picket notify test duty                  a test to one";

pub(super) fn command(
    client: &Client,
    action: &NotifyAction,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match action {
        NotifyAction::List { config } => {
            let (source, targets) = targets(client, config.as_deref())?;
            list(&source, &targets, screen)
        }
        NotifyAction::Test { name, config } => test(client, name.as_deref(), config.as_deref(), screen),
    }
}

/// Who is told: as the agent has it; without one, or with a file, as the configuration has it.
fn targets(client: &Client, file: Option<&Path>) -> Result<(Source, Vec<NotificationTarget>), CliError> {
    let why = if file.is_some() {
        None
    } else {
        match agent_or(client, client.get::<List<NotificationTarget>>("/v1/notifications", &[]))? {
            Ok(list) => return Ok((Source::Agent, list.items)),
            Err(why) => Some(why),
        }
    };
    let (config, which) = configuration(file)?;
    Ok((Source::Files { which, why }, config.notify.iter().map(NotificationTarget::from).collect()))
}

fn list(source: &Source, targets: &[NotificationTarget], screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    if screen.json {
        screen.json(&source.list(&targets))?;
        return Ok(Exit::Done);
    }
    if targets.is_empty() {
        screen.line("nobody is told of signals")?;
        screen.line("  targets stand in the configuration, under [[notify]]: docs/notifications.md")?;
    } else {
        table(targets, screen)?;
    }
    source.say(screen)?;
    Ok(Exit::Done)
}

fn table(targets: &[NotificationTarget], screen: &mut Screen<'_>) -> Result<(), CliError> {
    let mut headings = vec!["NAME", "TYPE", "ADDRESS", "ON", ">A MINUTE", "SIGNALS"];
    let counted = targets.iter().any(|target| target.counts.is_some());
    if counted {
        headings.extend([">SENT", ">FAILED", ">WAITING", "LAST SENT"]);
    }
    let mut table = Table::new(&headings)
        .shrinking(&[("SIGNALS", 10), ("ADDRESS", 12), ("ON", 8)])
        .dropping(&["A MINUTE", "TYPE", "ON", "SIGNALS"]);
    for target in targets {
        let on: Vec<&str> = target.on.iter().map(|change| notify::change_name(*change)).collect();
        let signals = if target.signals.is_empty() { "all" } else { &target.signals };
        let mut row = vec![
            target.name.clone(),
            target.via.clone(),
            target.address.clone(),
            on.join(", "),
            target.rate.to_string(),
            signals.to_owned(),
        ];
        if counted {
            let counts = target.counts.clone().unwrap_or_default();
            let last = counts.last_delivered.map_or_else(|| "-".to_owned(), |last| screen.when(last));
            row.extend([grouped(counts.delivered), grouped(counts.failed), grouped(counts.waiting), last]);
        }
        table.row(row);
    }
    table.print(screen)?;
    for target in targets {
        let error = target.counts.as_ref().and_then(|counts| counts.last_error.as_deref());
        if let Some(error) = error {
            screen.line(format_args!("{} failed last: {}", printable(&target.name), printable(error)))?;
        }
    }
    Ok(())
}

/// What became of a test.
struct Tested {
    target: String,
    arrived: bool,
    answer: String,
}

/// All are tried, whatever becomes of the first.
fn test(
    client: &Client,
    name: Option<&str>,
    file: Option<&Path>,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let (source, known) = targets(client, file)?;
    let chosen: Vec<String> = match name {
        Some(name) => {
            notify::named(known.iter(), |target| target.name.as_str(), name)
                .map_err(|error| CliError::Input(error.to_string()))?;
            vec![name.to_owned()]
        }
        None => known.iter().map(|target| target.name.clone()).collect(),
    };
    if chosen.is_empty() {
        return list(&source, &known, screen);
    }
    let tested = match source {
        Source::Agent => chosen.iter().map(|name| by_agent(client, name)).collect::<Result<Vec<_>, _>>()?,
        Source::Files { .. } => from_here(&configuration(file)?.0.notify, &chosen),
    };
    let all = tested.iter().all(|tested| tested.arrived);
    if screen.json {
        let items: Vec<_> = tested
            .iter()
            .map(|tested| {
                json!({ "target": tested.target, "arrived": tested.arrived, "answer": tested.answer })
            })
            .collect();
        screen.json(&source.list(&items))?;
    } else {
        for Tested { target, arrived, answer } in &tested {
            let (word, colour) =
                if *arrived { ("arrived", AnsiColor::Green) } else { ("failed", AnsiColor::Red) };
            let word = screen.paint(colour, word);
            screen.line(format_args!("{} {word}: {}", printable(target), printable(answer)))?;
        }
        source.say(screen)?;
    }
    Ok(if all { Exit::Done } else { Exit::Failed })
}

/// The agent sends it, with the secrets and the network that it has.
fn by_agent(client: &Client, target: &str) -> Result<Tested, CliError> {
    let (arrived, answer) = match ask(client.test_notification(target)) {
        Ok(tested) => (true, tested.answer),
        // It did not arrive, or was tested too often: the next target may be tried.
        Err(CliError::Client(ClientError::Api(error)))
            if matches!(error.code, Code::Unavailable | Code::TooMany) =>
        {
            (false, error.message)
        }
        Err(error) => return Err(error),
    };
    Ok(Tested { target: target.to_owned(), arrived, answer })
}

fn from_here(configured: &[NotifyTarget], chosen: &[String]) -> Vec<Tested> {
    let chosen = configured.iter().filter(|target| chosen.contains(&target.name));
    chosen
        .map(|target| {
            let tested = notify::test(target);
            let arrived = tested.is_ok();
            let answer = tested.unwrap_or_else(|error| error.to_string());
            Tested { target: target.name.clone(), arrived, answer }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;
    use crate::cli::tests::{Did, picket_at};

    /// What a command says: its exit, output and errors.
    fn run(arguments: &[&str]) -> (Exit, String, String) {
        let arguments: Vec<&str> = ["notify"].iter().chain(arguments).copied().collect();
        let Did { exit, out, err } = picket_at(None, &arguments);
        (exit, out, err)
    }

    #[test]
    fn listed_and_tested() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let port = listener.local_addr().expect("bound").port();
        let server = thread::spawn(move || {
            let mut requests = Vec::new();
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().expect("somebody");
                let mut head = Vec::new();
                let mut byte = [0; 1];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("reads") > 0 {
                    head.extend(byte);
                }
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").expect("written");
                requests.push(String::from_utf8_lossy(&head).into_owned());
            }
            requests
        });
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("picket.toml");
        let text = format!(
            "[[notify]]\nname = \"good\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/canary\"\n\
             [[notify]]\nname = \"bad\"\ntype = \"webhook\"\nurl_file = \"missing\"\nsignals = \"\"\n"
        );
        std::fs::write(&file, text).expect("written");
        let file = file.display().to_string();

        let (exit, out, _) = run(&["list", "--config", &file]);
        assert_eq!(exit, Exit::Done);
        assert!(out.contains("good") && out.contains("opened, escalated") && out.contains("all"), "{out}");
        assert!(!out.contains("canary"), "{out}");
        let (exit, out, _) = run(&["test", "good", "--config", &file]);
        assert_eq!(exit, Exit::Done);
        assert!(out.starts_with("good arrived: ") && out.contains("204"), "{out}");
        // One that fails keeps none of the others from being tried.
        let (exit, out, _) = run(&["test", "--config", &file]);
        assert_eq!(exit, Exit::Failed);
        assert!(
            out.contains("good arrived") && out.contains("bad failed") && out.contains("missing"),
            "{out}"
        );
        let (exit, _, err) = run(&["test", "nobody", "--config", &file]);
        assert_eq!(exit, Exit::Failed);
        assert!(err.contains("`nobody`") && err.contains("good, bad"), "{err}");
        let requests = server.join().expect("served");
        assert!(requests.iter().all(|request| request.starts_with("POST /canary ")), "{requests:?}");

        let empty = directory.path().join("empty.toml");
        std::fs::write(&empty, "").expect("written");
        let (exit, out, _) = run(&["test", "--config", &empty.display().to_string()]);
        assert_eq!(exit, Exit::Done);
        assert!(out.contains("nobody is told"), "{out}");
    }
}
