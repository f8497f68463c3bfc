//! `picket export` and `import`: configuration, rules and lists, from one agent to another.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::{
    CliError, Exit,
    args::{ExportArgs, ImportArgs},
    ask,
    screen::{Screen, grouped},
};
use crate::{
    api::{
        Client,
        types::{Export, Imported},
    },
    event::printable,
    limits::API_IMPORT,
};

pub(super) fn export(client: &Client, args: &ExportArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let export: Export = ask(client.get("/v1/export", &[]))?;
    let Some(file) = &args.file else {
        screen.json(&export)?;
        return Ok(Exit::Done);
    };
    write(file, &export, args.force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            CliError::Usage(format!("{} is there already; --force replaces it", file.display()))
        }
        _ => CliError::Input(format!("{}: {error}", file.display())),
    })?;
    let made = export.exclusions.len() + export.detections.len() + export.rules.len() + export.modes.len();
    let made = match made as u64 {
        0 => String::new(),
        made => format!(", {} exclusions, rules and modes", grouped(made)),
    };
    let counts = format!(
        "{}{} entries of the denylist, {} of the passlist{made}",
        if export.configuration.is_some() { "the configuration, " } else { "" },
        grouped(export.denylist.len() as u64),
        grouped(export.passlist.len() as u64)
    );
    if screen.json {
        screen.json(&serde_json::json!({
            "file": file, "configuration": export.configuration.is_some(),
            "denylist": export.denylist.len(), "passlist": export.passlist.len(),
            "exclusions": export.exclusions.len(), "detections": export.detections.len(),
            "rules": export.rules.len(), "modes": export.modes.len(),
        }))?;
    } else {
        screen.line(format_args!("wrote {}: {counts}", printable(&file.display().to_string())))?;
    }
    Ok(Exit::Done)
}

/// The file is whole or not there: what is written may be what somebody needs back.
fn write(file: &Path, export: &Export, replace: bool) -> io::Result<()> {
    if !replace && fs::symlink_metadata(file).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = Path::new(&beside);
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside).and_then(|mut out| {
            serde_json::to_writer_pretty(&out, export)?;
            out.write_all(b"\n")?;
            out.sync_all()?;
            // Somebody may have made it meanwhile: a link is refused then, a rename is not.
            if replace {
                fs::rename(beside, file)
            } else {
                fs::hard_link(beside, file)?;
                fs::remove_file(beside)
            }
        });
    if written.is_err() {
        let _ = fs::remove_file(beside);
    }
    written
}

pub(super) fn import(client: &Client, args: &ImportArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let name = args.file.display();
    let text = read(&args.file).map_err(|error| CliError::Input(format!("{name}: {error}")))?;
    let export: Export = serde_json::from_str(&text)
        .map_err(|error| CliError::Usage(format!("{name} is not what `picket export` writes: {error}")))?;
    let done = ask(client.import(&export, args.dry_run))?;
    if screen.json {
        screen.json(&done)?;
    } else {
        told(&done, screen)?;
    }
    Ok(if done.refused.is_empty() { Exit::Done } else { Exit::Refused })
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let from: Box<dyn io::Read> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(fs::File::open(file)?) };
    from.take(API_IMPORT as u64 + 1).read_to_string(&mut text)?;
    if text.len() > API_IMPORT {
        return Err(io::Error::other(format!("it is larger than {API_IMPORT} bytes")));
    }
    Ok(text)
}

fn told(done: &Imported, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let Imported { dry_run, denylist, passlist, unchanged, configuration, refused, .. } = done;
    let verb = if *dry_run { "would add or change" } else { "added or changed" };
    screen.line(format_args!(
        "{verb} {} entries of the denylist, {} of the passlist; {} are there already or are over",
        grouped(*denylist),
        grouped(*passlist),
        grouped(*unchanged)
    ))?;
    let verb = if *dry_run { "would take over" } else { "took over" };
    for (count, what) in [
        (done.exclusions, "exclusions"),
        (done.detections, "detection rules"),
        (done.rules, "rules that judge requests"),
        (done.modes, "modes of services"),
    ] {
        if count > 0 {
            screen.line(format_args!("{verb} {} {what}", grouped(count)))?;
        }
    }
    if !configuration.is_empty() {
        let verb = if *dry_run { "would change in" } else { "changed in" };
        screen.line(format_args!("{verb} the configuration: {}", printable(&configuration.join(", "))))?;
    }
    for refused in refused {
        screen.warning(&format!("{}: {}", refused.entry, refused.why))?;
    }
    if *dry_run {
        screen.note("nothing was changed")?;
    }
    Ok(())
}
