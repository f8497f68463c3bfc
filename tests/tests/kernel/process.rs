//! Child processes: put into a control group and a network namespace before their first
//! instruction, ended with the test.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::cgroup::Cgroup;
use crate::netns::Netns;
use crate::patience::wait_until;

/// A running child process, killed when dropped.
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts `command` in the control group and, if one is given, the network namespace. Must be
    /// called from a thread that lives as long as the process should.
    pub fn spawn(name: &str, mut command: Command, cgroup: &Cgroup, netns: Option<&Netns>) -> Result<Self> {
        let mut entrance = cgroup.entrance()?;
        let netns: Option<File> = netns.map(Netns::file).transpose()?;
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

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(self.child.id().cast_signed()).context("a process id is positive")?;
        kill_process(pid, signal).with_context(|| format!("send {signal:?} to {}", self.name))
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until it has ended.
    pub fn wait(&mut self, seconds: u64) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        wait_until(&what, seconds, || self.ended())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends the output of `command` to a file, for a person to read after a failure.
pub fn log_to(command: &mut Command, file: &Path) -> Result<()> {
    let log = File::create(file).with_context(|| format!("make {}", file.display()))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Ok(())
}
