//! What a container runtime does, as far as it matters to who looks from outside: an image with a program and its own
//! libraries, mounted as the root of a process that has mounts, process numbers and a network of its own.

use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rustix::mount::{self, MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::process::{chdir, chroot};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::site::Site;

/// Files of an image.
pub struct Image<'s> {
    site: &'s Site,
    dir: PathBuf,
}

/// How an image becomes a root.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// As it is.
    Bind,
    /// With a layer above it.
    Overlay,
}

impl<'s> Image<'s> {
    /// An image with copies of a program and of all that the loader maps for it.
    pub fn new(site: &'s Site, program: &Path) -> Result<Self> {
        let image = Self { site, dir: site.subdir("image")? };
        image.copy(program)?;
        for library in loaded(program)? {
            image.copy(&library)?;
        }
        // Here the scenario's directory is seen: configuration, certificate, logs.
        fs::create_dir_all(image.inside(site.dir()))?;
        fs::create_dir_all(image.inside(Path::new("/etc")))?;
        fs::write(image.inside(Path::new("/etc/passwd")), "root:x:0:0:root:/:/\n")?;
        fs::write(image.inside(Path::new("/etc/group")), "root:x:0:\n")?;
        Ok(image)
    }

    /// Whether the kernel mounts overlays here.
    pub fn overlays(&self) -> bool {
        let Ok(layers) = Layers::new(self, &self.site.dir().join("tried")) else { return false };
        let mounted = layers.mount().is_ok();
        mounted && mount::unmount(&layers.root, UnmountFlags::DETACH).is_ok()
    }

    /// The command with the image as its root, mounted at `root` in a mount namespace of its own.
    pub fn house(&self, mut command: Command, how: Root, root: &Path) -> Result<Command> {
        let layers = Layers::new(self, root)?;
        let site = text(self.site.dir())?;
        let seen = text(&root.join(relative(self.site.dir())))?;
        let prepare = move || {
            // SAFETY: the process has one thread, and file descriptors are not unshared.
            unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
            // What is mounted here is seen nowhere else.
            mount::mount_change(c"/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)?;
            match how {
                Root::Bind => mount::mount_bind(&layers.image, &layers.root)?,
                Root::Overlay => layers.mount()?,
            }
            mount::mount_bind(&site, &seen)?;
            chroot(&layers.root)?;
            chdir(c"/")?;
            Ok(())
        };
        // SAFETY: between fork and exec only system calls are made, with what was allocated before.
        unsafe { command.pre_exec(prepare) };
        Ok(command)
    }

    fn copy(&self, file: &Path) -> Result<()> {
        let to = self.inside(file);
        fs::create_dir_all(to.parent().context("a directory")?)?;
        fs::copy(file, &to).with_context(|| format!("copy {}", file.display()))?;
        Ok(())
    }

    fn inside(&self, path: &Path) -> PathBuf {
        self.dir.join(relative(path))
    }
}

/// Directories of a mount.
struct Layers {
    image: CString,
    root: CString,
    options: CString,
}

impl Layers {
    /// Makes them at and beside `root`.
    fn new(image: &Image<'_>, root: &Path) -> Result<Self> {
        let beside = |what: &str| root.with_extension(what);
        for dir in [root.to_owned(), beside("upper"), beside("work")] {
            fs::create_dir(&dir).with_context(|| format!("make {}", dir.display()))?;
        }
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            image.dir.display(),
            beside("upper").display(),
            beside("work").display()
        );
        Ok(Self { image: text(&image.dir)?, root: text(root)?, options: CString::new(options)? })
    }

    /// Mounts an overlay.
    fn mount(&self) -> rustix::io::Result<()> {
        mount::mount(c"overlay", &self.root, c"overlay", MountFlags::empty(), self.options.as_c_str())
    }
}

/// Runs `start`, whose first child is the first process of a new pid namespace.
pub fn in_pid_namespace<T>(start: impl FnOnce() -> Result<T>) -> Result<T> {
    let own = File::open("/proc/thread-self/ns/pid").context("open the pid namespace")?;
    // SAFETY: only where children of this thread are numbered changes; file descriptors stay shared.
    unsafe { unshare_unsafe(UnshareFlags::NEWPID) }.context("make a pid namespace")?;
    let started = start();
    move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::ProcessID))
        .context("leave the pid namespace")?;
    started
}

/// What the loader maps for a program, the loader itself too (ld.so(8), `LD_TRACE_LOADED_OBJECTS`).
pub fn loaded(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new(program).env("LD_TRACE_LOADED_OBJECTS", "1").output()?;
    let listed = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && !listed.is_empty(), "{} is not loaded by ld.so", program.display());
    // `NAME => PATH (ADDRESS)`, `PATH (ADDRESS)`.
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(listed.lines().filter_map(path).collect())
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

fn text(path: &Path) -> Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}
