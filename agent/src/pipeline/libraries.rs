//! What discovery finds in files, attached to: the probes of TLS libraries.

use std::{
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, mpsc::Sender},
};

use picket_common::tls::Library;

use super::older::Candidate;
use crate::{
    binary::{self, Cost, Inspection, Point, Scope},
    discover::{Attach, OpenFile, Runtime, View, attachments::Failure},
    probe::{
        ProbeError,
        tls::{Attachment, TlsProbes},
    },
};

/// Attaches the programs for TLS libraries where they are mapped.
pub struct Libraries {
    probes: Arc<TlsProbes>,
    started: Sender<Candidate>,
    /// Only processes in this control group and below.
    below: Option<PathBuf>,
}

impl Libraries {
    /// With the programs; `started` is told of every process that has a library in it. With `below`, a control group's
    /// path from the hierarchy's root, other processes are left alone.
    #[must_use]
    pub fn new(probes: Arc<TlsProbes>, started: Sender<Candidate>, below: Option<PathBuf>) -> Self {
        Self { probes, started, below }
    }
}

impl Attach for Libraries {
    type What = Inspection;
    type Point = Attachment;

    fn concerns(&self, pid: u32) -> bool {
        let Some(below) = &self.below else { return true };
        // The line of cgroup v2 (cgroups(7)); a process that is gone concerns nobody.
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/cgroup")) else { return false };
        let path = text.lines().find_map(|line| line.strip_prefix("0::"));
        path.is_some_and(|path| Path::new(path).starts_with(below))
    }

    fn inspect(&self, file: &OpenFile) -> Result<Option<Inspection>, Failure> {
        match binary::inspect_source(file.file()) {
            Ok(inspection) => Ok((!inspection.runtimes.is_empty()).then_some(inspection)),
            Err(error @ (binary::Error::Unread(_) | binary::Error::TooMuch)) => Err(error.into()),
            // Scripts' interpreters, data that is mapped to be run, programs for other processors: nothing to see.
            Err(_) => Ok(None),
        }
    }

    fn attach(&self, file: &OpenFile, inspection: &Inspection) -> Result<Vec<Attachment>, Failure> {
        let path = file.attach_path();
        let points = inspection.runtimes.iter().flat_map(|found| &found.points);
        let mut points: Vec<&Point> = points.filter(|point| point.scope == Scope::Always).collect();
        points.sort_by_key(|point| turn(point.program));
        let mut attached = Vec::new();
        for point in points {
            attached.push(attach(&self.probes, point, &path, None)?);
        }
        Ok(attached)
    }

    fn process_started(&self, pid: u32, runtimes: &[Runtime<Inspection>]) {
        let rustls = runtimes.iter().flat_map(|mapped| &mapped.what.runtimes).find_map(|found| found.object);
        if let Err(error) = self.probes.begin(pid, rustls) {
            tracing::warn!(%error, pid, "its TLS is not seen");
        }
        // Nobody listens any more when the agent ends.
        let _ = self.started.send(Candidate { pid, runtimes: runtimes.to_vec() });
    }
}

/// When a program has its turn: reads come last. Setting all points of a file takes seconds while another agent's are taken
/// off. A request that is read before answers and the ends of objects are noticed would be given the answer to a later
/// one, or to another connection's object at the same place; answers to nothing are nothing, and so is leaving what was not
/// entered.
fn turn(program: &str) -> u8 {
    let reads = ["read", "recv", "peek", "decrypt", "record"].iter().any(|word| program.contains(word));
    if program.ends_with("_free") || program.ends_with("_leave") {
        0
    } else if reads {
        2
    } else {
        1
    }
}

/// Attaches what runs at a point, for all processes or for one.
pub fn attach(
    probes: &TlsProbes,
    point: &Point,
    path: &Path,
    process: Option<NonZeroU32>,
) -> Result<Attachment, ProbeError> {
    probes.attach(point.program, point.cost == Cost::Return, path, point.offset, process)
}

/// The library of a process that plaintext came through, with its version: `OpenSSL 3.0.19`.
#[must_use]
pub fn name(view: &View<Inspection>, pid: u32, library: Library) -> Option<Box<str>> {
    let mapped = view.of_process(pid)?;
    let found = || mapped.iter().flat_map(|mapped| &mapped.what.runtimes);
    let it = found().find(|found| is(library, found.runtime))?;
    // libssl does not say more than what its file is called.
    let said = found()
        .find(|found| found.runtime == binary::Runtime::LibCrypto)
        .filter(|_| library == Library::OpenSsl);
    let version = said.and_then(|found| found.version.as_deref()).or(it.version.as_deref());
    Some(match version {
        Some(version) => format!("{} {version}", it.runtime).into(),
        None => it.runtime.name().into(),
    })
}

fn is(library: Library, runtime: binary::Runtime) -> bool {
    use binary::Runtime;
    match library {
        Library::OpenSsl => matches!(runtime, Runtime::OpenSsl | Runtime::BoringSsl | Runtime::LibreSsl),
        Library::GnuTls => runtime == Runtime::GnuTls,
        Library::Go => runtime == Runtime::Go,
        Library::Rustls => runtime == Runtime::Rustls,
    }
}
