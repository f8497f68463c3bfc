//! Control groups of our own, so that the tap sees the tests' servers and nothing else of the host.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::process::{Pid, Signal, kill_process};

use crate::patience::wait_until;

/// Names of the tests' control groups start with this, followed by the process id of the run.
const PREFIX: &str = "picket-test-";

/// A control group (version 2); its processes are ended and it is removed when dropped.
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// A new control group of this run.
    pub fn new(name: &str) -> Result<Self> {
        let path = root()?.join(format!("{PREFIX}{}-{name}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("make the control group {}", path.display()))?;
        Ok(Self { path })
    }

    /// A new control group inside this one.
    pub fn child(&self, name: &str) -> Result<Self> {
        let path = self.path.join(name);
        fs::create_dir(&path).with_context(|| format!("make the control group {}", path.display()))?;
        Ok(Self { path })
    }

    /// Where it is in the file system.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its list of processes, open for writing: a process that writes `0` moves itself in.
    pub fn entrance(&self) -> Result<File> {
        let procs = self.path.join("cgroup.procs");
        OpenOptions::new().write(true).open(&procs).with_context(|| format!("open {}", procs.display()))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if let Err(error) = clear(&self.path) {
            eprintln!("control group {} is left behind: {error:#}", self.path.display());
        }
    }
}

/// Ends what runs in the control group (and below it) and removes it.
fn clear(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path)?.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            clear(&entry.path())?;
        }
    }
    wait_until("the processes of the control group to end", 5, || {
        let processes = fs::read_to_string(path.join("cgroup.procs")).ok()?;
        let mut any = false;
        for pid in processes.lines().filter_map(|l| l.parse().ok()).filter_map(Pid::from_raw) {
            any = true;
            // It may have ended by itself in between: then there is nothing to do.
            let _ = kill_process(pid, Signal::KILL);
        }
        (!any).then_some(())
    })?;
    wait_until("the control group to be removable", 5, || fs::remove_dir(path).ok())
}

/// Removes what this run made and what earlier runs that were killed left behind.
pub fn sweep(this_run_too: bool) {
    let Some(Ok(root)) = ROOT.get() else { return };
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|n| n.strip_prefix(PREFIX)) else { continue };
        let Some(pid) = rest.split('-').next().and_then(|p| p.parse::<u32>().ok()) else { continue };
        let ours = pid == std::process::id();
        let dead = !Path::new(&format!("/proc/{pid}")).exists();
        if (dead || (ours && this_run_too))
            && let Err(error) = clear(&entry.path())
        {
            eprintln!("control group {} is left behind: {error:#}", entry.path().display());
        }
    }
}

static ROOT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
static MOUNTED: OnceLock<PathBuf> = OnceLock::new();

/// Where cgroup2 is mounted; mounts it for the time of the run where it is not.
pub fn root() -> Result<PathBuf> {
    ROOT.get_or_init(|| find_or_mount().map_err(|e| format!("{e:#}"))).clone().map_err(|e| anyhow!(e))
}

fn find_or_mount() -> Result<PathBuf> {
    // proc(5): mount id, parent, device, root, mount point, options, optional fields, "-", type, …
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("read /proc/self/mountinfo")?;
    let found = mounts.lines().find_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let cgroup2 = source.split(' ').next()? == "cgroup2";
        if cgroup2 { mount.split(' ').nth(4).map(PathBuf::from) } else { None }
    });
    if let Some(found) = found {
        return Ok(found);
    }
    let point = std::env::temp_dir().join(format!("picket-test-cgroup2-{}", std::process::id()));
    fs::create_dir_all(&point)?;
    rustix::mount::mount("none", &point, c"cgroup2", MountFlags::empty(), None::<&std::ffi::CStr>)
        .with_context(|| format!("no cgroup2 is mounted, and it cannot be mounted on {}", point.display()))?;
    let _ = MOUNTED.set(point.clone());
    Ok(point)
}

/// Unmounts what [`root`] mounted.
pub fn unmount() {
    if let Some(point) = MOUNTED.get() {
        let _ = rustix::mount::unmount(point, UnmountFlags::DETACH);
        let _ = fs::remove_dir(point);
    }
}
