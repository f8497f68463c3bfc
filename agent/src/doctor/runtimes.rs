//! TLS code in the processes that listen on this host now, looked up without an agent: what Picket would see of it.
#![forbid(unsafe_code)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{Check, Job};
use crate::{
    binary::{self, Inspection},
    discover::{OpenFile, file::Identity, scan},
    service::{Service, family::Family, lookup::Host},
    tls::sight::{self, Mapped, Sight, TlsRuntime},
};

/// Processes that listen and have TLS code in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtimes {
    /// In the order of their first ports.
    pub processes: Vec<TlsProcess>,
    /// Processes that listen, with or without such code.
    pub listening: usize,
    /// Processes that listen and were not looked at, because time was over.
    pub left_out: usize,
}

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsProcess {
    /// Process id: of a pre-forking server its master.
    pub pid: u32,
    /// As `picket services` would call it.
    pub name: String,
    /// Its TCP ports.
    pub ports: BTreeSet<u16>,
    /// Container id.
    pub container_id: Option<String>,
    /// TLS code that it has mapped, or one of its descendants.
    pub runtimes: Vec<TlsRuntime>,
    /// What is seen of all that together.
    pub sight: Sight,
}

impl Runtimes {
    /// Looks at the processes that listen, for about so long; the file in hand is read to its end.
    #[must_use]
    pub fn of_listening(patience: Duration) -> Self {
        let end = Instant::now() + patience;
        let mut listening: BTreeMap<u32, (Arc<Service>, BTreeSet<u16>)> = BTreeMap::new();
        for place in Host::default().refreshed(Arc::new).places {
            if let Some(pid) = place.service.pid {
                let (_, ports) = listening.entry(pid).or_insert_with(|| (place.service, BTreeSet::new()));
                ports.insert(place.socket.local.port());
            }
        }
        let mut found = Self { listening: listening.len(), ..Self::default() };
        let (family, mut files) = (Family::now(), Files { known: HashMap::new(), end });
        for (pid, (service, ports)) in listening {
            if Instant::now() >= end {
                found.left_out += 1;
                continue;
            }
            let Some(runtimes) = family.first(pid, |pid| files.of_process(pid)) else { continue };
            let Some(sight) = Sight::of(&runtimes) else { continue };
            found.processes.push(TlsProcess {
                pid,
                name: service.name.clone(),
                ports,
                container_id: service.container_id.clone(),
                runtimes,
                sight,
            });
        }
        found.processes.sort_by(|a, b| (&a.ports, a.pid).cmp(&(&b.ports, b.pid)));
        found
    }

    /// Code that is not seen, or not all of it, with a reason and an advice; each reason once, however many processes have it.
    #[must_use]
    pub fn unseen(&self) -> Vec<&TlsRuntime> {
        let mut said: Vec<&TlsRuntime> = Vec::new();
        for runtime in self.processes.iter().flat_map(|process| &process.runtimes) {
            let new = runtime.why.is_some() && said.iter().all(|other| other.why != runtime.why);
            if new && runtime.advice.is_some() {
                said.push(runtime);
            }
        }
        said
    }

    /// In one line.
    pub(super) fn check(&self) -> Check {
        const ID: &str = "tls_services";
        let count = |sight| self.processes.iter().filter(|process| process.sight == sight).count();
        let (unseen, partly) = (count(Sight::Unseen), count(Sight::Partly));
        let mut found = format!(
            "{} of {} processes that listen have TLS code in them; their plaintext: {} seen, {partly} partly, {unseen} unseen",
            self.processes.len(),
            self.listening,
            count(Sight::Seen)
        );
        if self.left_out > 0 {
            found.push_str(&format!("; {} were not looked at: time was over", self.left_out));
        }
        if unseen + self.left_out == 0 {
            return Check::ok(ID, Job::Tls, found);
        }
        let costs = "requests to them over TLS are not seen; picket services counts such connections";
        Check::degraded(ID, Job::Tls, found, costs, "see the table below")
    }
}

/// Files that were looked into.
struct Files {
    known: HashMap<Identity, Option<Arc<Inspection>>>,
    end: Instant,
}

impl Files {
    fn of_process(&mut self, pid: u32) -> Option<Vec<TlsRuntime>> {
        let (_, mappings) = scan::process(pid)?;
        let mut with_code = Vec::new();
        for mapping in mappings {
            // What can't be opened may be a process that has just ended.
            let Ok(file) = OpenFile::open(&mapping) else { continue };
            if let Some(what) = self.inspected(&file) {
                with_code.push((file.path().to_owned(), what));
            }
        }
        let mapped: Vec<Mapped<'_>> =
            with_code.iter().map(|(path, what)| Mapped { file: path, what, unattached: None }).collect();
        Some(sight::runtimes(&mapped)).filter(|runtimes| !runtimes.is_empty())
    }

    fn inspected(&mut self, file: &OpenFile) -> Option<Arc<Inspection>> {
        let identity = file.identity();
        if let Some(known) = self.known.get(&identity) {
            return known.clone();
        }
        if Instant::now() >= self.end {
            return None;
        }
        let found = inspect(file).map(Arc::new);
        self.known.insert(identity, found.clone());
        found
    }
}

/// What is no ELF file, or can't be read, has nothing that Picket would see.
fn inspect(file: &OpenFile) -> Option<Inspection> {
    binary::inspect_source(file.file()).ok().filter(|inspection| !inspection.runtimes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn with(sights: &[Sight], left_out: usize) -> Runtimes {
        let process = |(at, &sight): (usize, &Sight)| TlsProcess {
            pid: u32::try_from(at).expect("few"),
            name: "x".into(),
            ports: BTreeSet::from([443]),
            container_id: None,
            runtimes: Vec::new(),
            sight,
        };
        let processes: Vec<_> = sights.iter().enumerate().map(process).collect();
        Runtimes { listening: processes.len() + left_out, processes, left_out }
    }

    #[test]
    fn unseen_processes_are_a_warning() {
        for (sights, left_out, level) in [
            (&[][..], 0, Level::Ok),
            (&[Sight::Seen, Sight::Partly], 0, Level::Ok),
            (&[Sight::Seen, Sight::Unseen], 0, Level::Degraded),
            (&[Sight::Seen], 1, Level::Degraded),
        ] {
            assert_eq!(with(sights, left_out).check().level, level, "{sights:?}");
        }
    }

    #[test]
    fn without_time_everything_is_left_out_and_said() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
        let found = Runtimes::of_listening(Duration::ZERO);
        drop(listener);
        assert!(found.listening > 0, "this process listens");
        assert_eq!((found.processes.len(), found.left_out), (0, found.listening));
        assert!(found.check().found.contains("time was over"));
    }
}
