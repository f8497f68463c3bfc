//! Programs and libraries that are not where they would be looked for: deleted, replaced, behind another root, in a
//! process that was forked after the probes were set, without symbols.

mod image;
mod upgrade;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use object::{Object as _, ObjectSymbol as _};
use rustix::process::Signal;

use self::image::{Image, Root};
use self::upgrade::Installed;
use super::{named, prefixed};
use crate::agent::Installation;
use crate::client::tls::patterns::{Load, Pattern};
use crate::client::tls::{Client, Pace};
use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::patience::{factor, in_vm, wait_until};
use crate::program;
use crate::servers::tls::Certificate;
use crate::servers::{Place, Server};
use crate::site::Site;

/// Requests to each service in each pattern.
fn requests() -> usize {
    if in_vm() { 12 } else { 40 }
}
/// Requests a second to each service.
const RATE: u32 = 40;

/// Before Python's server: a process for each connection, forked when the parent has shaken hands.
const FORKING: &str = "
import http.server, socketserver
class Forking(socketserver.ForkingMixIn, http.server.HTTPServer):
    def get_request(self):
        connection, address = super().get_request()
        connection.settimeout(600)
        connection.do_handshake()
        return connection, address
http.server.ThreadingHTTPServer = Forking
";

/// A service and what is special about it.
struct Case {
    what: &'static str,
    server: Server,
}

/// Every request is reported once, with the right port, service and status, by one agent for all of them at once.
pub fn elsewhere(site: &Site) -> Result<Vec<String>> {
    let certificate = Certificate::make(site.dir())?;
    let client = Client::new(&certificate)?;
    let netns = Arc::new(Netns::new()?);
    let place = || Place::inside(site, &netns);
    let nginx = program::find("nginx")?;
    let mut cases = Vec::new();
    let mut case = |what, server| cases.push(Case { what, server });

    let start = |place: Place<'_>, row| (named(row)?.start)(&place, &certificate);
    let installed = Installed::new(site, &nginx)?;
    let mut old = start(place()?.with_command(|command| installed.command(command)), "nginx")?;
    installed.replace()?;
    upgrade::is_deleted(&mut old)?;
    case("deleted and replaced", old);
    case("after the upgrade", start(place()?.with_command(|command| installed.command(command)), "nginx")?);

    let image = Image::new(site, &nginx)?;
    let mut roots = vec![("a container (bind mount)", Root::Bind)];
    let overlay = image.overlays();
    if overlay {
        roots
            .extend([("a container (overlay)", Root::Overlay), ("another of the same image", Root::Overlay)]);
    }
    for (what, root) in roots {
        let own = Arc::new(Netns::new()?);
        let place = Place::inside(site, &own)?;
        let housed = place.dir.join("root");
        let place = place.with_command(|command| image.house(command, root, &housed));
        case(what, image::in_pid_namespace(|| start(place, "nginx"))?);
    }

    case(
        "a process a connection",
        start(place()?.with_command(|command| prefixed(command, FORKING)), "python-http")?,
    );
    let forking = start(place()?, "nginx")?;
    if !in_vm() {
        let stripped = stripped(site)?;
        case("stripped", start(place()?.with_command(|command| instead(&command, &stripped)), "openssl-ex")?);
    }

    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    forks_anew(&forking)?;
    case("workers forked after", forking);

    let mut all = Ledger::default();
    for pattern in [Pattern::KeepAlive, Pattern::Hundred] {
        let ledgers: Vec<Result<Ledger>> = thread::scope(|scope| {
            let threads: Vec<_> =
                cases.iter().map(|case| scope.spawn(|| case.load(&client, pattern))).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|done| done.map_err(|_| anyhow!("a client panicked"))?).collect()
        });
        for ledger in ledgers {
            all.append(ledger?);
        }
    }
    ensure!(all.len() == 2 * requests() * cases.len(), "{} requests were sent", all.len());
    let reports = agent.check(&all)?;
    let mut notes =
        vec![format!("{} requests to {} services at once, each reported once", reports.len(), cases.len())];
    if !overlay {
        notes.push("this kernel mounts no overlay".to_owned());
    }
    for Case { what, server } in &cases {
        let reported = reports.iter().filter(|report| report.at("/service/port") == server.service.port);
        notes.push(format!(
            "{what:26}{:4} reported of {} ({})",
            reported.count(),
            server.service.exe,
            server.service.pid
        ));
    }
    Ok(notes)
}

impl Case {
    fn load(&self, client: &Client, pattern: Pattern) -> Result<Ledger> {
        let pace = Pace::new(Some((RATE / factor()).max(1)));
        let load = Load { server: &self.server, client, requests: requests(), pace };
        load.run(pattern).with_context(|| format!("{}: {}", self.what, self.server.printed()))
    }
}

/// nginx has new workers and none of the ones before: its master forks them when it reads its configuration again.
fn forks_anew(server: &Server) -> Result<()> {
    let before = children(server.service.pid)?;
    ensure!(!before.is_empty(), "nginx has no workers");
    server.process.signal(Signal::HUP)?;
    wait_until("nginx to have new workers only", 20, || {
        let now = children(server.service.pid).ok()?;
        (now.len() == before.len() && now.iter().all(|pid| !before.contains(pid))).then_some(())
    })
}

/// Processes that the process has forked.
fn children(pid: u32) -> Result<Vec<u32>> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    Ok(list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// The same command of another program.
fn instead(command: &Command, program: &Path) -> Result<Command> {
    let mut other = Command::new(program);
    other.args(command.get_args());
    Ok(other)
}

/// A copy of the C program over OpenSSL 3, without symbols but those that the loader needs.
fn stripped(site: &Site) -> Result<PathBuf> {
    let file = site.subdir("stripped")?.join("openssl-server");
    let strip = Command::new(program::find("strip")?)
        .arg("-o")
        .arg(&file)
        .arg(program::built("openssl-server")?)
        .output()?;
    ensure!(strip.status.success(), "strip: {}", String::from_utf8_lossy(&strip.stderr));
    let bytes = fs::read(&file)?;
    let elf = object::File::parse(bytes.as_slice())?;
    ensure!(elf.symbols().filter(|symbol| symbol.is_definition()).count() == 0, "it has symbols");
    Ok(file)
}
