//! Where an agent keeps what: several run side by side, each with its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::CliError;

/// Where state is kept unless `--state-dir` says otherwise.
pub const STATE: &str = "/var/lib/picket";
/// Directory of the socket of the agent with [`STATE`].
pub const RUNTIME: &str = "/run/picket";
/// Where bpffs is mounted by convention (and by systemd).
pub const BPFFS: &str = "/sys/fs/bpf";

/// The places of one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// What outlives the agent.
    pub state: PathBuf,
    /// Socket of the API.
    pub socket: PathBuf,
    /// Directory of pinned maps and links; the parent is a bpffs mount (it may still have to be
    /// mounted).
    pub pins: PathBuf,
}

impl Paths {
    /// The places for `--state-dir`, or the host's one agent without it. Nothing is created.
    ///
    /// # Errors
    ///
    /// When the directory cannot be resolved (no permission, a file in its way).
    pub fn new(state_dir: Option<&Path>) -> Result<Self, CliError> {
        let bpffs = bpffs().unwrap_or_else(|| BPFFS.into());
        let Some(given) = state_dir else {
            return Ok(Self::default_in(&bpffs));
        };
        let state = resolve(given).map_err(|source| CliError::StateDir { path: given.to_owned(), source })?;
        if state == Path::new(STATE) {
            return Ok(Self::default_in(&bpffs));
        }
        let pins = bpffs.join(format!("picket-{:08x}", hash(&state)));
        Ok(Self { socket: state.join("picket.sock"), state, pins })
    }

    fn default_in(bpffs: &Path) -> Self {
        Self {
            state: STATE.into(),
            socket: Path::new(RUNTIME).join("picket.sock"),
            pins: bpffs.join("picket"),
        }
    }
}

/// The same directory has one name, however it is written: absolute, links followed as far as it
/// exists.
fn resolve(given: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(given)?;
    let mut missing = Vec::new();
    let mut at = absolute.as_path();
    loop {
        match fs::canonicalize(at) {
            Ok(found) if found.is_dir() => {
                return Ok(missing.iter().rev().fold(found, |path, name| path.join(name)));
            }
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match (at.parent(), at.file_name()) {
                (Some(parent), Some(name)) => {
                    missing.push(name);
                    at = parent;
                }
                _ => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
}

/// A mounted bpffs: the conventional one, or the first.
fn bpffs() -> Option<PathBuf> {
    let mounts = procfs::process::Process::myself().ok()?.mountinfo().ok()?;
    let mut mounted =
        mounts.0.into_iter().filter(|mount| mount.fs_type == "bpf").map(|mount| mount.mount_point);
    let first = mounted.next()?;
    Some(if mounted.any(|point| point == Path::new(BPFFS)) { BPFFS.into() } else { first })
}

/// FNV-1a, 32 bits: short, and the same in every release.
fn hash(path: &Path) -> u32 {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_hosts_one_agent() {
        let paths = Paths::new(None).expect("paths");
        assert_eq!(paths.socket, Path::new("/run/picket/picket.sock"));
        assert!(paths.pins.ends_with("picket"));
    }

    #[test]
    fn each_directory_has_places_of_its_own_however_it_is_written() {
        let directory = tempfile::tempdir().expect("directory");
        let real = directory.path().join("a");
        fs::create_dir(&real).expect("directory");
        std::os::unix::fs::symlink(&real, directory.path().join("link")).expect("link");
        let of = |name: &str| Paths::new(Some(&directory.path().join(name))).expect("paths");
        let (a, b) = (of("a"), of("b"));
        assert_eq!(of("link"), a);
        assert_eq!(of("a/../a/."), a);
        assert_eq!(of("link/new/deep").state, a.state.join("new/deep"), "need not exist yet");
        assert!(a.state != b.state && a.socket != b.socket && a.pins != b.pins);
        assert!(a.pins.file_name().is_some_and(|name| name.to_string_lossy().starts_with("picket-")));
        assert!(a.socket.starts_with(&a.state));
    }

    #[test]
    fn a_file_in_the_way_is_said() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let error = Paths::new(Some(file.path())).expect_err("a file");
        assert!(
            error.to_string().contains("--state-dir") && error.to_string().contains("directory"),
            "{error}"
        );
        let error = Paths::new(Some(&file.path().join("below"))).expect_err("below a file");
        assert_eq!(error.exit(), super::super::Exit::Usage);
    }

    #[test]
    fn hashes_are_stable() {
        // FNV-1a test vectors (RFC draft-eastlake-fnv, appendix).
        assert_eq!(
            [hash(Path::new("")), hash(Path::new("a")), hash(Path::new("foobar"))],
            [0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968]
        );
    }
}
