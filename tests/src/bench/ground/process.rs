//! Child processes: in their control group and network namespace before their first instruction, ended
//! with the benchmark.

use std::{
    fs::File,
    io::Write,
    os::{fd::AsFd, unix::process::CommandExt},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result};
use rustix::{
    process::{Pid, Signal, kill_process, set_parent_process_death_signal},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use super::{Cgroup, Netns};
use crate::bench::clock::wait_until;

/// A running child process, killed when dropped.
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts `command` with its output in `log`. Call it from a thread that lives as long as the process
    /// should.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn spawn(
        name: &str,
        mut command: Command,
        log: File,
        cgroup: &Cgroup,
        netns: Option<&Netns>,
    ) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut entrance = cgroup.entrance()?;
        let netns = netns.map(Netns::file).transpose()?;
        let prepare = move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            entrance.write_all(b"0")?;
            if let Some(netns) = &netns {
                move_into_link_name_space(netns.as_fd(), Some(LinkNameSpaceType::Network))?;
            }
            Ok(())
        };
        // SAFETY: between fork and exec only system calls are made (prctl, write, setns): no allocation,
        // no lock.
        unsafe { command.pre_exec(prepare) };
        let child = command.spawn().with_context(|| format!("start {name} ({:?})", command.get_program()))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    ///
    /// When it doesn't.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        let pid = Pid::from_raw(self.child.id().cast_signed()).context("a process id is positive")?;
        kill_process(pid, Signal::TERM).with_context(|| format!("end {}", self.name))?;
        let what = format!("{} to end", self.name);
        wait_until(&what, 10, || self.ended())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a program is.
///
/// # Errors
///
/// When it is not installed.
pub fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // A user's PATH lacks /usr/sbin on Debian.
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let mut programs = places.map(|place| place.join(name));
    programs
        .find(|program| program.is_file())
        .with_context(|| format!("{name} is not installed; `cargo xtask setup bench` installs it"))
}
