//! Processes and their descendants: a service's master and its workers.
#![forbid(unsafe_code)]

use std::{
    collections::{HashMap, VecDeque},
    fs,
};

use super::process::{self, Stat};
use crate::limits::FAMILY;

/// Who descends from whom, at one time.
#[derive(Clone, Debug, Default)]
pub struct Family {
    children: HashMap<u32, Vec<u32>>,
}

impl Family {
    /// As it is now: one small file of `/proc` a process.
    #[must_use]
    pub fn now() -> Self {
        Self::of(process::all().into_iter().filter_map(|pid| Some((pid, Stat::read(pid)?.ppid))))
    }

    /// From processes and their parents.
    fn of(parents: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut family = Self::default();
        for (pid, parent) in parents {
            family.children.entry(parent).or_default().push(pid);
        }
        family
    }

    /// A process and its descendants, the nearest first; at most [`FAMILY`] of them.
    #[must_use]
    pub fn with_descendants(&self, pid: u32) -> Vec<u32> {
        let (mut found, mut next) = (Vec::new(), VecDeque::from([pid]));
        while let Some(pid) = next.pop_front() {
            // Parents were read one after the other: where numbers were used again meanwhile there may be a circle.
            if found.len() >= FAMILY || found.contains(&pid) {
                continue;
            }
            found.push(pid);
            next.extend(self.children.get(&pid).into_iter().flatten().take(FAMILY));
        }
        found
    }

    /// What `look` finds first: in a process, in descendants that run the same program (workers), in other ones.
    pub fn first<T>(&self, pid: u32, mut look: impl FnMut(u32) -> Option<T>) -> Option<T> {
        if let Some(found) = look(pid) {
            return Some(found);
        }
        let exe = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
        let own = exe(pid);
        let all = self.with_descendants(pid);
        let (workers, others): (Vec<u32>, Vec<u32>) =
            all.into_iter().skip(1).partition(|&pid| own.is_some() && exe(pid) == own);
        workers.into_iter().chain(others).find_map(look)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn descendants_come_nearest_first_and_circles_end() {
        let family = Family::of([(2, 1), (3, 2), (4, 2), (5, 3), (6, 1), (7, 8), (8, 7)]);
        for (pid, expected) in
            [(2, &[2, 3, 4, 5][..]), (5, &[5]), (9, &[9]), (7, &[7, 8]), (1, &[1, 2, 6, 3, 4, 5])]
        {
            assert_eq!(family.with_descendants(pid), expected);
        }
        let many = u32::try_from(FAMILY).expect("small") * 2;
        assert_eq!(Family::of((2..many).map(|pid| (pid, 1))).with_descendants(1).len(), FAMILY);
    }

    /// Starts another program, then a copy of itself; all end with its standard input.
    const MASTER: &str = "
import os, subprocess, sys
other = subprocess.Popen(['sleep', '1000'])
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print('ready', flush=True)
sys.stdin.read()
other.kill()
";

    #[test]
    fn workers_are_asked_before_other_children() {
        let mut master = Command::new("python3")
            .args(["-c", MASTER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut said = String::new();
        BufReader::new(master.stdout.take().expect("a pipe")).read_line(&mut said).expect("its word");
        let mut asked = Vec::new();
        let found = Family::now().first(master.id(), |pid| {
            asked.push(fs::read_to_string(format!("/proc/{pid}/comm")).expect("its name").trim().to_owned());
            None::<()>
        });
        drop(master.stdin.take());
        master.wait().expect("it ends");
        assert_eq!((said.as_str(), found), ("ready\n", None));
        assert!(asked[0].starts_with("python3"), "{asked:?}");
        assert_eq!(asked, [asked[0].clone(), asked[0].clone(), "sleep".to_owned()]);
    }
}
