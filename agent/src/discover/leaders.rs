//! Processes whose first thread has ended while others run on.
//!
//! The end of a process is told thread by thread, and of the first thread's end one can't see whether it is the end of all.
//! Where it matters, for processes that have something mapped that is attached to, `/proc/<pid>/task` says it. Nearly
//! always the others are ending at the same time: it is asked again soon, and then less and less often.
#![forbid(unsafe_code)]

use std::{collections::HashMap, fs};

use super::{Event, View};
use crate::time::{Ktime, SECOND};

const FIRST: Ktime = SECOND / 20;
const LONGEST: Ktime = 2 * SECOND;

/// Them, and when each is asked about next.
#[derive(Debug, Default)]
pub(super) struct Leaders(HashMap<u32, Asked>);

#[derive(Debug)]
struct Asked {
    next: Ktime,
    pause: Ktime,
}

impl Leaders {
    /// Whether an event is the end of a first thread that others outlive. It is kept in mind then.
    pub(super) fn outlived<W>(&mut self, event: &Event, now: Ktime, view: &View<W>) -> bool {
        match *event {
            Event::Exited { pid } if view.of_process(pid).is_some() && others(pid) => {
                self.0.insert(pid, Asked { next: now + FIRST, pause: FIRST });
                true
            }
            Event::Exited { pid } | Event::Executed { pid } | Event::Forked { pid, .. } => {
                self.0.remove(&pid);
                false
            }
            Event::Mapped(_) => false,
        }
    }

    pub(super) fn contains(&self, pid: u32) -> bool {
        self.0.contains_key(&pid)
    }

    /// Those whose last thread has ended by `now`.
    pub(super) fn ended(&mut self, now: Ktime) -> Vec<u32> {
        let mut ended = Vec::new();
        self.0.retain(|&pid, asked| {
            if asked.next > now {
                return true;
            }
            asked.pause = (asked.pause * 2).min(LONGEST);
            asked.next = now + asked.pause;
            let run = others(pid);
            if !run {
                ended.push(pid);
            }
            run
        });
        ended
    }

    /// When the next is asked about.
    pub(super) fn next(&self) -> Option<Ktime> {
        self.0.values().map(|asked| asked.next).min()
    }
}

/// Whether it has threads beside the first.
fn others(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().any(|thread| thread.file_name() != *pid.to_string())
}
