//! The thread that reads what processes do, and keeps attached what they have mapped.
#![forbid(unsafe_code)]

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    time::Duration,
};

use super::{
    Event, Mapping, OpenFile, Options,
    attachments::{Attach, AttachmentId},
    file::OpenError,
    jobs::{Done, Job, Jobs, Outcome, sooner},
    leaders::Leaders,
    perf::{Reading, Stream},
    processes::{Change, FileNumber, Processes},
    scan::{self, Look},
    stats::{Failed, Step},
    view::{Runtime, View},
};
use crate::time::{self, Ktime, SECOND};

/// It does little, and late is too late: a process that maps a library may be gone in a millisecond.
const NICE: i32 = -10;
/// A look after a loss waits this long for the next loss: a look costs more than what is lost in that time.
const LOOK_PAUSE: Ktime = SECOND;
/// Something found no room, and there is room again: the next look is this long after the last.
const LOOK_FOR_ROOM: Ktime = 60 * SECOND;
/// A look stops to read records after so many processes.
const LOOK_STEPS: usize = 16;
/// Records that are too young to be told are old enough by then.
const SETTLED: Duration = Duration::from_millis(1);
/// Processes that are tried when the one that mapped a file is gone.
const HOLDERS_TRIED: usize = 4;

/// A file that is of interest, or may be.
enum Tracked<W> {
    /// All processes that had it mapped were gone before it could be opened.
    Unopened,
    /// Waits for its inspection, or is just being attached to.
    Waiting,
    Found(Runtime<W>, Option<AttachmentId>),
}

/// What the thread knows.
pub(super) struct Watch<A: Attach> {
    stream: Stream,
    jobs: Arc<Jobs<A>>,
    view: View<A::What>,
    table: Processes,
    /// Files with nothing in them are not here.
    files: HashMap<FileNumber, Tracked<A::What>>,
    /// How many of them are unopened.
    unopened: usize,
    leaders: Leaders,
    look: Option<Look>,
    look_due: Option<Ktime>,
    looked: Ktime,
    overflow_told: u64,
}

impl<A: Attach> Watch<A> {
    /// One that has read nothing yet; its first look is due at once.
    pub(super) fn new(stream: Stream, jobs: Arc<Jobs<A>>, view: View<A::What>, options: Options) -> Self {
        let grace = Ktime::try_from(options.grace.as_nanos()).unwrap_or(Ktime::MAX);
        Self {
            stream,
            jobs,
            view,
            table: Processes::new(grace, options.caps),
            files: HashMap::new(),
            unopened: 0,
            leaders: Leaders::default(),
            look: None,
            look_due: Some(0),
            looked: 0,
            overflow_told: 0,
        }
    }

    /// Reads and acts until it is stopped.
    pub(super) fn run(&mut self, finished: &Receiver<Done<A::What>>, stop: &AtomicBool) {
        sooner(NICE);
        let mut events = Vec::new();
        while !stop.load(Ordering::Acquire) {
            let (now, mut changes) = (time::now(), Vec::new());
            let reading = self.stream.read(now, &mut events);
            self.doubt(reading, now);
            for (at, event) in events.drain(..) {
                if let Event::Mapped(mapping) = &event
                    && !self.jobs.attach.concerns(mapping.pid)
                {
                    continue;
                }
                if !self.leaders.outlived(&event, now, &self.view) {
                    self.table.apply(at, event, &mut changes);
                }
            }
            self.look_on(now, &mut changes);
            for pid in self.leaders.ended(now) {
                self.table.apply(now, Event::Exited { pid }, &mut changes);
            }
            self.table.expire(now, &mut changes);
            let mut touched = HashSet::new();
            self.handle(changes, &mut touched);
            while let Ok(done) = finished.try_recv() {
                let mut changes = Vec::new();
                self.finish(done, &mut changes, &mut touched);
                self.handle(changes, &mut touched);
            }
            touched.into_iter().for_each(|pid| self.show(pid));
            self.tell(now);
            if self.look.is_none() && self.look_due.is_none() {
                self.jobs.stats.looked.store(true, Ordering::Release);
            }
            self.stream.wait(self.rest(reading.held));
        }
    }

    /// After a loss all processes are looked at again, and when CPUs came that nobody heard of before.
    fn doubt(&mut self, reading: Reading, now: Ktime) {
        self.jobs.stats.lost_records.add(reading.lost);
        if (reading.lost > 0 || reading.new_cpus) && self.look_due.is_none() {
            self.look_due = Some(now.max(self.looked + LOOK_PAUSE));
        }
    }

    fn look_on(&mut self, now: Ktime, changes: &mut Vec<Change>) {
        if self.look.is_none() && self.look_due.is_some_and(|due| due <= now) {
            (self.look_due, self.looked) = (None, now);
            self.jobs.stats.looks.add(1);
            self.table.begin_look();
            self.look = Some(Look::at_all());
        }
        let Some(look) = &mut self.look else { return };
        for _ in 0..LOOK_STEPS {
            let Some((pid, found)) = look.step() else {
                self.table.end_look(look.began, changes);
                self.look = None;
                return;
            };
            match found {
                // What it maps can't be read, but it is there.
                _ if self.leaders.contains(pid) => self.table.vouch(pid),
                Some((at, mappings)) if self.jobs.attach.concerns(pid) => {
                    self.table.look(pid, at, mappings, changes);
                }
                Some(_) | None => {}
            }
        }
    }

    fn handle(&mut self, changes: Vec<Change>, touched: &mut HashSet<u32>) {
        let mut waiting = VecDeque::from(changes);
        while let Some(change) = waiting.pop_front() {
            let mut more = Vec::new();
            match change {
                Change::Appeared { file, mapping, at } => {
                    touched.insert(mapping.pid);
                    self.appeared(file, mapping, at, &mut more);
                }
                Change::Mapped { file, pid } => {
                    touched.insert(pid);
                    self.mapped(file, &mut more);
                }
                Change::Gone { file } => self.gone(file),
                Change::Started { pid, .. } => {
                    touched.insert(pid);
                    self.try_unopened(pid, &mut more);
                }
                Change::Ended { pid } => {
                    if self.view.set(pid, None) {
                        self.jobs.attach.process_ended(pid);
                    }
                }
                Change::Unknown { pid } if !self.leaders.contains(pid) => match scan::process(pid) {
                    Some((at, mappings)) => self.table.look(pid, at, mappings, &mut more),
                    None => self.table.apply(time::now(), Event::Exited { pid }, &mut more),
                },
                Change::Unknown { .. } => {}
            }
            waiting.extend(more);
        }
    }

    /// A file that nobody had mapped: opened at once, because the process may be short-lived. Those that a look finds, and
    /// those that come when too many are open, are opened when it is their turn.
    fn appeared(&mut self, file: FileNumber, mapping: Mapping, at: Option<Ktime>, changes: &mut Vec<Change>) {
        if at.is_none() || !self.jobs.may_open() {
            self.enqueue(Job { file, mapping, at, open: None }, changes);
            return;
        }
        match OpenFile::open(&mapping) {
            Ok(open) if self.jobs.is_nothing(&open) => {}
            Ok(open) => self.enqueue(Job { file, mapping, at, open: Some(open) }, changes),
            Err(OpenError::Gone(_)) => self.try_holders(file, at, changes),
            Err(OpenError::NotRegular) => {}
            Err(error) => self.jobs.stats.fail(Failed {
                path: String::from_utf8_lossy(&mapping.path).into_owned().into(),
                pid: mapping.pid,
                step: Step::Open,
                reason: error.to_string(),
                at: time::now(),
            }),
        }
    }

    fn enqueue(&mut self, job: Job, changes: &mut Vec<Change>) {
        self.track(job.file, Tracked::Waiting);
        // A program that is started again and again is not to be inspected each time.
        self.table.keep(job.file, true, changes);
        self.jobs.push(job);
    }

    /// The process that mapped it is gone; another one may have it, its child for one.
    fn try_holders(&mut self, file: FileNumber, at: Option<Ktime>, changes: &mut Vec<Change>) {
        self.jobs.stats.too_short.add(1);
        let key = self.table.key(file);
        let holders: Vec<u32> = self.table.holders(file).take(HOLDERS_TRIED).collect();
        let found = holders.into_iter().find_map(|pid| {
            let mapping = scan::find(pid, key?)?;
            let open = OpenFile::open(&mapping).ok()?;
            Some(Job { file, mapping, at, open: Some(open) })
        });
        match found {
            Some(job) => self.enqueue(job, changes),
            None => {
                self.track(file, Tracked::Unopened);
                // It is not held open, so that its number may become another file's.
                self.table.keep(file, false, changes);
            }
        }
    }

    /// A process came that may have a file mapped which could not be opened yet.
    fn try_unopened(&mut self, pid: u32, changes: &mut Vec<Change>) {
        if self.unopened == 0 {
            return;
        }
        for file in self.table.files_of(pid).to_vec() {
            if matches!(self.files.get(&file), Some(Tracked::Unopened)) {
                self.try_holders(file, None, changes);
            }
        }
    }

    /// One more process has it mapped.
    fn mapped(&mut self, file: FileNumber, changes: &mut Vec<Change>) {
        match self.files.get(&file) {
            Some(Tracked::Unopened) => self.try_holders(file, None, changes),
            // Written over while others run it: a probe in the wrong place is a broken program.
            Some(Tracked::Found(runtime, id)) if !runtime.file.is_unwritten() => {
                let Ok(open) = runtime.file.anew() else { return };
                self.jobs.stats.rewritten.add(1);
                if let Some(id) = *id {
                    self.jobs.attachments.release(id);
                }
                let Some(mapping) = self.mapping_of(file, runtime) else { return };
                self.enqueue(Job { file, mapping, at: None, open: Some(open) }, changes);
            }
            _ => {}
        }
    }

    /// Says to a job about an open file what it is called.
    fn mapping_of(&self, file: FileNumber, runtime: &Runtime<A::What>) -> Option<Mapping> {
        Some(Mapping {
            pid: self.table.holders(file).next().unwrap_or(0),
            file: self.table.key(file)?,
            generation: None,
            addresses: 0..0,
            path: runtime.file.path().as_os_str().as_encoded_bytes().into(),
        })
    }

    fn gone(&mut self, file: FileNumber) {
        match self.files.remove(&file) {
            Some(Tracked::Found(_, Some(id))) => self.jobs.attachments.release(id),
            Some(Tracked::Unopened) => self.unopened -= 1,
            _ => {}
        }
    }

    fn finish(&mut self, done: Done<A::What>, changes: &mut Vec<Change>, touched: &mut HashSet<u32>) {
        let Done { file, at, outcome } = done;
        if !self.files.contains_key(&file) {
            if let Outcome::Found(_, Some(id)) = outcome {
                self.jobs.attachments.release(id);
            }
            return;
        }
        match outcome {
            Outcome::Nothing => {
                self.files.remove(&file);
                self.table.keep(file, false, changes);
                touched.extend(self.table.holders(file));
            }
            Outcome::Gone => self.try_holders(file, at, changes),
            Outcome::Found(runtime, id) => {
                self.track(file, Tracked::Found(runtime, id));
                touched.extend(self.table.holders(file));
            }
        }
    }

    fn track(&mut self, file: FileNumber, tracked: Tracked<A::What>) {
        self.unopened += usize::from(matches!(tracked, Tracked::Unopened));
        let before = self.files.insert(file, tracked);
        self.unopened -= usize::from(matches!(before, Some(Tracked::Unopened)));
    }

    /// Puts what a process has mapped into the view, and tells it when there is something new.
    fn show(&mut self, pid: u32) {
        let runtimes: Vec<Runtime<A::What>> = self
            .table
            .files_of(pid)
            .iter()
            .filter_map(|file| match self.files.get(file)? {
                Tracked::Found(runtime, _) => Some(runtime.clone()),
                _ => None,
            })
            .collect();
        let before = self.view.of_process(pid);
        let same = |before: &Arc<[Runtime<A::What>]>| {
            before.len() == runtimes.len()
                && before.iter().zip(&runtimes).all(|(a, b)| Arc::ptr_eq(&a.file, &b.file))
        };
        if before.as_ref().is_some_and(same) || (before.is_none() && runtimes.is_empty()) {
            return;
        }
        let runtimes: Arc<[Runtime<A::What>]> = runtimes.into();
        let some = !runtimes.is_empty();
        self.view.set(pid, some.then(|| Arc::clone(&runtimes)));
        if some {
            self.jobs.attach.process_started(pid, &runtimes);
        } else {
            self.jobs.attach.process_ended(pid);
        }
    }

    fn tell(&mut self, now: Ktime) {
        let overflow = self.table.overflow();
        self.jobs.stats.size(self.table.len(), overflow);
        if overflow.total() > self.overflow_told && self.look_due.is_none() {
            if self.overflow_told == 0 {
                let (processes, files) = self.table.len();
                tracing::warn!(
                    processes,
                    files,
                    "more processes or files than are followed: some are not seen"
                );
            }
            if self.table.has_room() {
                self.overflow_told = overflow.total();
                self.look_due = Some(now.max(self.looked + LOOK_FOR_ROOM));
            }
        }
    }

    /// How long nothing is to be done unless somebody says so.
    fn rest(&self, held: bool) -> Option<Duration> {
        if self.look.is_some() {
            return Some(Duration::ZERO);
        }
        let now = time::now();
        let due = [self.table.next_expiry(), self.look_due, self.leaders.next()].into_iter().flatten().min();
        let due = due.map(|due| Duration::from_nanos(due.saturating_sub(now)));
        if held { Some(due.map_or(SETTLED, |due| due.min(SETTLED))) } else { due }
    }
}
