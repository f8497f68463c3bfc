//! Which process has which files mapped: events in, [`Change`]s out.
//!
//! Pure. A look through `/proc` and the stream of events are laid over each other by time: what is known of a process is as
//! of a moment, and events before that moment say nothing new about it. So events may be read while a look is under way,
//! and nothing between the two is missed or told twice.
//!
//! A process keeps what it mapped until it runs another program or ends: unmapping is not told, and a library that was
//! closed costs nothing.
#![forbid(unsafe_code)]

use std::collections::{BTreeSet, HashMap, HashSet};

pub use super::change::{Caps, Change, FileNumber, Overflow};
use super::{Event, FileKey, Mapping};
use crate::time::Ktime;

/// The table.
#[derive(Debug)]
pub struct Processes {
    processes: HashMap<u32, Process>,
    files: HashMap<FileNumber, Mapped>,
    /// The file that a key means now.
    by_key: HashMap<FileKey, FileNumber>,
    /// Kept files that nobody has mapped, and when they go.
    leaving: BTreeSet<(Ktime, FileNumber)>,
    /// Nanoseconds a kept file stays after the last process that had it.
    grace: Ktime,
    next: u64,
    caps: Caps,
    overflow: Overflow,
}

#[derive(Debug)]
struct Process {
    /// Without order, each once.
    files: Vec<FileNumber>,
    /// Events up to then are in it already.
    as_of: Ktime,
    /// Nothing about it was missed, as far as is known.
    known: bool,
}

#[derive(Debug)]
struct Mapped {
    key: FileKey,
    generation: Option<u64>,
    holders: HashSet<u32>,
    kept: bool,
    /// Its entry in `leaving`.
    until: Option<Ktime>,
}

impl Processes {
    /// An empty table. `grace`: nanoseconds that a [kept](Self::keep) file stays after the last process that had it mapped.
    #[must_use]
    pub fn new(grace: Ktime, caps: Caps) -> Self {
        Self {
            processes: HashMap::new(),
            files: HashMap::new(),
            by_key: HashMap::new(),
            leaving: BTreeSet::new(),
            grace,
            next: 0,
            caps,
            overflow: Overflow::default(),
        }
    }

    /// Takes what happened at `at`.
    pub fn apply(&mut self, at: Ktime, event: Event, changes: &mut Vec<Change>) {
        let pid = event.pid();
        if self.processes.get(&pid).is_some_and(|process| at <= process.as_of) {
            return;
        }
        match event {
            Event::Mapped(mapping) => {
                if !self.processes.contains_key(&pid) {
                    if !self.start(pid, None, 0, false, changes) {
                        return;
                    }
                    changes.push(Change::Unknown { pid });
                }
                self.map(mapping, Some(at), changes);
            }
            Event::Forked { parent, .. } => self.fork(pid, parent, at, changes),
            Event::Executed { .. } => {
                self.end(pid, at, changes);
                self.start(pid, None, at, true, changes);
            }
            Event::Exited { .. } => self.end(pid, at, changes),
        }
    }

    fn fork(&mut self, pid: u32, parent: u32, at: Ktime, changes: &mut Vec<Change>) {
        let (files, mut known) = match self.processes.get(&parent) {
            // A look at the parent that was later than this may not have met what the child got.
            Some(parent) => (parent.files.clone(), parent.known && parent.as_of <= at),
            None => (Vec::new(), false),
        };
        if let Some(before) = self.processes.get_mut(&pid) {
            // Its end was missed, or a mapping of it was told before: rather a file too many than one too few.
            (before.as_of, before.known, known) = (at, false, false);
            for file in files {
                self.hold(pid, file, changes);
            }
        } else if self.start(pid, Some(parent), at, known, changes) {
            for file in files {
                // What the start says already is not told again.
                self.hold(pid, file, &mut Vec::new());
            }
        }
        if !known {
            changes.push(Change::Unknown { pid });
        }
    }

    /// Takes what a look found: `pid` has these files mapped as of `at`, and no others.
    pub fn look(&mut self, pid: u32, at: Ktime, mappings: Vec<Mapping>, changes: &mut Vec<Change>) {
        let Some(process) = self.processes.get_mut(&pid) else {
            if self.start(pid, None, at, true, changes) {
                mappings.into_iter().for_each(|mapping| self.map(mapping, None, changes));
            }
            return;
        };
        if at <= process.as_of {
            return;
        }
        (process.as_of, process.known) = (at, true);
        let before = process.files.clone();
        let still: HashSet<FileNumber> =
            mappings.iter().filter_map(|mapping| self.by_key.get(&mapping.file).copied()).collect();
        if before.iter().all(|file| still.contains(file)) {
            mappings.into_iter().for_each(|mapping| self.map(mapping, None, changes));
            return;
        }
        // What it had is gone: another program, or libraries that were closed. New ones first, so that a file in both
        // does not leave in between.
        changes.extend([Change::Ended { pid }, Change::Started { pid, parent: None }]);
        if let Some(process) = self.processes.get_mut(&pid) {
            process.files.clear();
        }
        mappings.into_iter().for_each(|mapping| self.map(mapping, None, changes));
        let after = self.processes.get(&pid).map(|process| process.files.clone()).unwrap_or_default();
        for file in before {
            if !after.contains(&file) {
                self.let_go(pid, file, at, changes);
            } else {
                changes.push(Change::Mapped { file, pid });
            }
        }
    }

    /// A look at all processes begins, because something was missed: until each was looked at, what it passes on to a
    /// child is in doubt.
    pub fn begin_look(&mut self) {
        self.processes.values_mut().for_each(|process| process.known = false);
    }

    /// A look met the process, but could not see what it has mapped.
    pub fn vouch(&mut self, pid: u32) {
        if let Some(process) = self.processes.get_mut(&pid) {
            process.known = true;
        }
    }

    /// The look that began at `began` is over: processes it did not meet are gone.
    pub fn end_look(&mut self, began: Ktime, changes: &mut Vec<Change>) {
        let gone: Vec<u32> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.known && process.as_of < began)
            .map(|(&pid, _)| pid)
            .collect();
        for pid in gone {
            self.end(pid, began, changes);
        }
    }

    /// Says whether a file stays for the grace time when no process has it mapped any more. One that nobody asked to
    /// keep goes at once: its inode number may be another file's then.
    pub fn keep(&mut self, file: FileNumber, keep: bool, changes: &mut Vec<Change>) {
        let Some(mapped) = self.files.get_mut(&file) else { return };
        mapped.kept = keep;
        if !keep && mapped.holders.is_empty() {
            self.forget(file, changes);
        }
    }

    /// Tells files whose grace time is over by `now`.
    pub fn expire(&mut self, now: Ktime, changes: &mut Vec<Change>) {
        while let Some(&(until, file)) = self.leaving.first().filter(|(until, _)| *until <= now) {
            self.leaving.remove(&(until, file));
            self.forget(file, changes);
        }
    }

    /// When the next file's grace time is over.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Ktime> {
        self.leaving.first().map(|(until, _)| *until)
    }

    /// Processes that have a file mapped.
    pub fn holders(&self, file: FileNumber) -> impl Iterator<Item = u32> + '_ {
        self.files.get(&file).into_iter().flat_map(|mapped| mapped.holders.iter().copied())
    }

    /// Files that a process has mapped.
    #[must_use]
    pub fn files_of(&self, pid: u32) -> &[FileNumber] {
        self.processes.get(&pid).map(|process| process.files.as_slice()).unwrap_or_default()
    }

    /// Which file it is.
    #[must_use]
    pub fn key(&self, file: FileNumber) -> Option<FileKey> {
        self.files.get(&file).map(|mapped| mapped.key)
    }

    /// Processes and files in the table.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.processes.len(), self.files.len())
    }

    /// Nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }

    /// What found no room so far.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// Whether there is room again, a tenth of it, for what found none.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let fits = |len: usize, cap: usize| len <= cap.saturating_sub((cap / 10).max(1));
        fits(self.processes.len(), self.caps.processes) && fits(self.files.len(), self.caps.files)
    }

    /// False: no room.
    fn start(
        &mut self,
        pid: u32,
        parent: Option<u32>,
        as_of: Ktime,
        known: bool,
        changes: &mut Vec<Change>,
    ) -> bool {
        if self.processes.len() >= self.caps.processes {
            self.overflow.processes += 1;
            return false;
        }
        self.processes.insert(pid, Process { files: Vec::new(), as_of, known });
        changes.push(Change::Started { pid, parent });
        true
    }

    fn end(&mut self, pid: u32, at: Ktime, changes: &mut Vec<Change>) {
        let Some(process) = self.processes.remove(&pid) else { return };
        changes.push(Change::Ended { pid });
        for file in process.files {
            self.let_go(pid, file, at, changes);
        }
    }

    /// A process that is in the table maps a file.
    fn map(&mut self, mapping: Mapping, at: Option<Ktime>, changes: &mut Vec<Change>) {
        if let Some(file) = self.by_key.get(&mapping.file).copied()
            && let Some(mapped) = self.files.get_mut(&file)
        {
            let another = matches!((mapped.generation, mapping.generation), (Some(a), Some(b)) if a != b);
            if !another {
                mapped.generation = mapped.generation.or(mapping.generation);
                self.hold(mapping.pid, file, changes);
                return;
            }
        }
        let full = |process: &Process| process.files.len() >= self.caps.process_files;
        if self.processes.get(&mapping.pid).is_none_or(full) {
            self.overflow.process_files += 1;
            return;
        }
        if self.files.len() >= self.caps.files {
            self.overflow.files += 1;
            return;
        }
        let file = FileNumber(self.next);
        self.next += 1;
        self.by_key.insert(mapping.file, file);
        let (key, generation) = (mapping.file, mapping.generation);
        self.files
            .insert(file, Mapped { key, generation, holders: HashSet::new(), kept: false, until: None });
        self.hold(mapping.pid, file, &mut Vec::new());
        changes.push(Change::Appeared { file, mapping, at });
    }

    fn hold(&mut self, pid: u32, file: FileNumber, changes: &mut Vec<Change>) {
        let (Some(process), Some(mapped)) = (self.processes.get_mut(&pid), self.files.get_mut(&file)) else {
            return;
        };
        if process.files.contains(&file) {
            return;
        }
        if process.files.len() >= self.caps.process_files {
            self.overflow.process_files += 1;
            return;
        }
        process.files.push(file);
        // False for a file that a look only finds again.
        if mapped.holders.insert(pid) {
            changes.push(Change::Mapped { file, pid });
        }
        if let Some(until) = mapped.until.take() {
            self.leaving.remove(&(until, file));
        }
    }

    fn let_go(&mut self, pid: u32, file: FileNumber, at: Ktime, changes: &mut Vec<Change>) {
        let Some(mapped) = self.files.get_mut(&file) else { return };
        mapped.holders.remove(&pid);
        if !mapped.holders.is_empty() {
            return;
        }
        if mapped.kept {
            let until = at.saturating_add(self.grace);
            mapped.until = Some(until);
            self.leaving.insert((until, file));
        } else {
            self.forget(file, changes);
        }
    }

    fn forget(&mut self, file: FileNumber, changes: &mut Vec<Change>) {
        let Some(mapped) = self.files.remove(&file) else { return };
        if let Some(until) = mapped.until {
            self.leaving.remove(&(until, file));
        }
        if self.by_key.get(&mapped.key) == Some(&file) {
            self.by_key.remove(&mapped.key);
        }
        changes.push(Change::Gone { file });
    }
}

#[cfg(test)]
#[path = "processes_tests.rs"]
mod tests;
