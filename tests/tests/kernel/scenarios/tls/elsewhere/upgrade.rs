//! A package upgrade: files are replaced while a process runs what was there before.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::image::loaded;
use super::instead;
use crate::servers::{Server, Service};
use crate::site::Site;

/// What a package holds of a program.
const LIBRARIES: [&str; 2] = ["libssl.so", "libcrypto.so"];

/// A program with OpenSSL's libraries, in a directory.
pub struct Installed {
    dir: PathBuf,
    /// Where each file comes from; the program first.
    files: Vec<PathBuf>,
}

impl Installed {
    /// Installs it in a directory of its own.
    pub fn new(site: &Site, program: &Path) -> Result<Self> {
        let mut files = vec![program.to_owned()];
        files.extend(loaded(program)?.into_iter().filter(|library| {
            let name = library.file_name().unwrap_or_default().to_string_lossy();
            LIBRARIES.iter().any(|known| name.starts_with(known))
        }));
        ensure!(files.len() == 3, "{} loads not OpenSSL, but {files:?}", program.display());
        let installed = Self { dir: site.subdir("installed")?, files };
        for file in &installed.files {
            fs::copy(file, installed.path(file)?)?;
        }
        Ok(installed)
    }

    /// Its command instead of the system's.
    pub fn command(&self, command: Command) -> Result<Command> {
        let program = self.files.first().context("a program")?;
        let mut command = instead(&command, &self.path(program)?)?;
        command.env("LD_LIBRARY_PATH", &self.dir);
        Ok(command)
    }

    /// As a package manager does it: the new file is made beside the old one and takes its name.
    pub fn replace(&self) -> Result<()> {
        for file in &self.files {
            let (path, new) = (self.path(file)?, self.dir.join("new"));
            fs::copy(file, &new)?;
            fs::remove_file(&path)?;
            fs::rename(&new, &path)?;
        }
        Ok(())
    }

    fn path(&self, file: &Path) -> Result<PathBuf> {
        Ok(self.dir.join(file.file_name().context("a name")?))
    }
}

/// The process runs what is there no more: its program, libssl and libcrypto. So its executable is called from now on.
pub fn is_deleted(server: &mut Server) -> Result<()> {
    let pid = server.service.pid;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let deleted = |name: &str| maps.lines().any(|line| line.contains(name) && line.ends_with(" (deleted)"));
    ensure!(LIBRARIES.into_iter().chain(["nginx"]).all(deleted), "not all was replaced: {maps}");
    let exe = fs::read_link(format!("/proc/{pid}/exe"))?.to_string_lossy().into_owned();
    let Service { name, port, .. } = &*server.service;
    server.service = Arc::new(Service { name: name.clone(), pid, exe, port: *port });
    Ok(())
}
