//! What is loaded in the kernel: ids of BPF programs, maps and links, to prove that nothing leaks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Result;

use crate::patience::wait_until;

/// Programs, maps and links by id, with the name or kind the kernel gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory(BTreeMap<(&'static str, u32), String>);

impl Inventory {
    /// What is loaded now. What is unloaded while this looks is left out.
    pub fn now() -> Self {
        let mut all = BTreeMap::new();
        for program in aya::programs::loaded_programs().flatten() {
            all.insert(("program", program.id()), text(program.name()));
        }
        for map in aya::maps::loaded_maps().flatten() {
            all.insert(("map", map.id()), text(map.name()));
        }
        for link in aya::programs::loaded_links().flatten() {
            all.insert(("link", link.id()), format!("of program {}", link.program_id()));
        }
        Self(all)
    }

    /// How many of each kind: programs, maps, links.
    pub fn counts(&self) -> [usize; 3] {
        ["program", "map", "link"].map(|kind| self.0.keys().filter(|(k, _)| *k == kind).count())
    }

    /// What is loaded now, was not then, and is not held by a process that is no child of this run.
    pub fn new_since(&self) -> Self {
        let mut new = Self::now();
        new.0.retain(|id, _| !self.0.contains_key(id));
        if !new.0.is_empty() {
            let others = held_by_others();
            new.0.retain(|id, _| !others.contains(id));
        }
        new
    }

    /// Waits until nothing that was loaded since is left (the kernel frees maps and programs after a
    /// grace period).
    pub fn wait_until_gone(&self) -> Result<()> {
        wait_until("what was loaded into the kernel to be gone", 10, || {
            self.new_since().0.is_empty().then_some(())
        })
        .map_err(|error| error.context(format!("left in the kernel: {}", self.new_since())))
    }
}

impl std::fmt::Display for Inventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> =
            self.0.iter().map(|((kind, id), name)| format!("{kind} {id} {name:?}")).collect();
        f.write_str(&all.join(", "))
    }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Ids that processes outside of this run's process tree have open: other agents on the machine.
/// `/proc/PID/fdinfo/FD` names them (`prog_id:`, `map_id:`, `link_id:`).
fn held_by_others() -> Vec<(&'static str, u32)> {
    let own = std::process::id();
    let mut held = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        if pid == own || parent(pid) == Some(own) {
            continue;
        }
        held.extend(held_by(pid));
    }
    held
}

/// Ids that a process has open.
fn held_by(pid: u32) -> Vec<(&'static str, u32)> {
    let mut held = Vec::new();
    for fd in fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten() {
        let info = fs::read_to_string(fd.path()).unwrap_or_default();
        let mut ids = BTreeMap::new();
        for (name, value) in info.lines().filter_map(|l| l.split_once(':')) {
            if let Ok(id) = value.trim().parse::<u32>() {
                ids.insert(name, id);
            }
        }
        for (key, kind) in [("link_id", "link"), ("map_id", "map"), ("prog_id", "program")] {
            held.extend(ids.get(key).map(|id| (kind, *id)));
        }
    }
    held
}

/// The programs for uprobes that a process has open, by id. The kernel keeps each as long as it is attached anywhere,
/// also when nobody has it open any more: when they are gone, the probes are off.
pub struct Uprobes(BTreeSet<u32>);

impl Uprobes {
    /// Those of a process.
    pub fn of(pid: u32) -> Self {
        let held: BTreeSet<u32> =
            held_by(pid).into_iter().filter_map(|(kind, id)| (kind == "program").then_some(id)).collect();
        Self(loaded_uprobes().filter(|id| held.contains(id)).collect())
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them the kernel still has.
    pub fn left(&self) -> usize {
        loaded_uprobes().filter(|id| self.0.contains(id)).count()
    }
}

/// Points at which a process has a program: links to perf events, on Linux before 5.15 perf events themselves, of which the
/// agent has one more a CPU.
pub fn points(pid: u32) -> usize {
    let entries = |dir: &str| fs::read_dir(format!("/proc/{pid}/{dir}")).into_iter().flatten().flatten();
    let info = entries("fdinfo").filter_map(|file| fs::read_to_string(file.path()).ok());
    let links = info.filter(|info| info.contains("link_type:\tperf")).count();
    let files = entries("fd").filter_map(|file| fs::read_link(file.path()).ok());
    let events = files.filter(|link| link.as_os_str() == "anon_inode:[perf_event]").count();
    if links > 0 { links } else { events }
}

/// To the kernel a uprobe's program is a kprobe's.
fn loaded_uprobes() -> impl Iterator<Item = u32> {
    let programs = aya::programs::loaded_programs().flatten();
    programs
        .filter(|program| program.program_type() as u32 == BPF_PROG_TYPE_KPROBE)
        .map(|program| program.id())
}

/// `enum bpf_prog_type` of linux/bpf.h.
const BPF_PROG_TYPE_KPROBE: u32 = 2;

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|l| l.strip_prefix("PPid:"))?.trim().parse().ok()
}
