//! The host's services, in a control group of their own, and the agent that watches it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    client::Patience,
    network::{INTERFACE, Namespace},
};
use crate::{paths, process::CommandExt as _};

/// What directories and control groups of a demo are called, before its process id.
const NAME: &str = "picket-demo-";

/// Removes what a demo left that was killed: pins of its agent, its directory, its control group.
pub fn sweep(agent: &Path) {
    let dirs =
        |parent: PathBuf| fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_left = |dir: &PathBuf| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let pid = name.strip_prefix(NAME).and_then(|pid| pid.parse::<u32>().ok());
        pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    };
    for dir in dirs(std::env::temp_dir()).filter(is_left) {
        let _ = clean_command(agent, &dir.join("state")).status();
        let _ = fs::remove_dir_all(&dir);
    }
    let root = fs::read_to_string("/proc/self/mountinfo").ok().and_then(|mounts| cgroup2_mount(&mounts));
    for cgroup in root.into_iter().flat_map(dirs).filter(is_left) {
        let _ = fs::remove_dir(cgroup);
    }
}

/// The command that removes everything the agent pinned.
pub fn clean_command(agent: &Path, state: &Path) -> Command {
    let mut clean = Command::new(agent);
    clean.args(["run", "--clean", "--state-dir"]).arg(state);
    clean.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    clean
}

/// A directory of the demo, removed with it.
pub struct Scratch(PathBuf);

impl Scratch {
    /// With the demo's files in it.
    pub fn new() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("{NAME}{}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let scratch = Self(dir);
        for (name, text) in [
            ("nginx.conf", include_str!("../../demo/nginx.conf")),
            ("app.py", include_str!("../../demo/app.py")),
            ("demo.toml", include_str!("../../demo/demo.toml")),
        ] {
            fs::write(scratch.0.join(name), text)?;
        }
        fs::create_dir(scratch.0.join("state"))?;
        Ok(scratch)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The agent's state directory.
    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A control group (v2) for the services, so that the demo's agent sees these only.
pub struct Cgroup {
    path: PathBuf,
    /// Where we mounted cgroup2 because nobody had.
    mounted: Option<PathBuf>,
}

impl Cgroup {
    /// Makes it below the root of cgroup v2, wherever that is mounted.
    pub fn new(scratch: &Scratch) -> Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let (root, mounted) = match cgroup2_mount(&mounts) {
            Some(root) => (root, None),
            None => {
                let root = scratch.path().join("cgroup2");
                fs::create_dir(&root)?;
                Command::new("mount").args(["-t", "cgroup2", "none"]).arg(&root).run()?;
                (root.clone(), Some(root))
            }
        };
        let path = root.join(format!("{NAME}{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make the control group {}", path.display()))?;
        Ok(Self { path, mounted })
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The kernel takes a moment after the last process.
        let _ = Patience::seconds(3).until("", || fs::remove_dir(&self.path).ok());
        let _ = fs::remove_dir(&self.path);
        if let Some(mounted) = &self.mounted {
            let _ = Command::new("umount").arg(mounted).run();
        }
    }
}

fn cgroup2_mount(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        (filesystem.starts_with("cgroup2 ") && root == "/").then(|| PathBuf::from(point))
    })
}

/// A process that ends with the demo: first asked, then made to.
pub struct Server {
    name: String,
    /// The process.
    pub child: Child,
}

impl Server {
    /// Starts it. A process group of its own keeps Ctrl-C from it: we end it in order.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        use std::os::unix::process::CommandExt as _;
        command.stdin(Stdio::null()).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// An error if it has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}", self.name),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && self.child.try_wait().is_ok_and(|ended| ended.is_none())
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        for _ in 0..60 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// nginx and the Python service behind it, as they come.
pub fn services(host: &Namespace, cgroup: &Cgroup, scratch: &Scratch) -> Result<[Server; 2]> {
    let inside = |words: &[&str]| {
        // A shell enters the control group and becomes the service.
        let mut command = host.command("sh");
        command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(cgroup.path().join("cgroup.procs"));
        command.args(words).current_dir(scratch.path()).stdout(Stdio::null());
        command
    };
    let nginx = paths::find_program("nginx").context("no nginx")?;
    let prefix = format!("{}/", scratch.path().display());
    let python = Server::start("the Python service", inside(&["python3", "app.py"]))?;
    let nginx = nginx.to_string_lossy();
    let nginx =
        Server::start("nginx", inside(&[&nginx, "-e", "error.log", "-p", &prefix, "-c", "nginx.conf"]))?;
    Ok([nginx, python])
}

/// The agent's command, on the host's interface.
pub fn agent_command(agent: &Path, host: &Namespace, cgroup: &Cgroup, scratch: &Scratch) -> Command {
    let mut command = host.command(&agent.to_string_lossy());
    command
        .args(["run", "--json", "--all", "--deny", INTERFACE, "--config"])
        .arg(scratch.path().join("demo.toml"))
        .arg("--state-dir")
        .arg(scratch.state())
        .arg("--cgroup")
        .arg(cgroup.path());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cgroup_v2_is_found_where_it_is_mounted() {
        let hybrid = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:41 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
";
        assert_eq!(cgroup2_mount(hybrid), Some(PathBuf::from("/sys/fs/cgroup/unified")));
        assert_eq!(cgroup2_mount("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw"), None);
    }
}
