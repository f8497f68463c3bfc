//! The Unix socket.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use tokio::net::UnixListener;

use super::{BindError, Server};

/// The socket's place in the file system; goes with the server.
#[derive(Debug)]
pub(super) struct SocketFile {
    socket: PathBuf,
    inode: u64,
    /// Held as long as the server lives: the kernel frees it whatever way the agent ends.
    _lock: File,
}

impl Server {
    /// Makes the socket, mode 0600. A socket that a killed agent left behind is replaced; a live
    /// agent's is not. Call it before anything is attached to the kernel.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    pub fn bind(socket: &Path) -> Result<Self, BindError> {
        let io_error = |what, path: &Path| {
            let path = path.to_owned();
            move |source| BindError::Io { what, path, source }
        };
        if socket.as_os_str().len() > 107 - ".new".len() {
            return Err(BindError::TooLong { socket: socket.to_owned() });
        }
        if let Some(directory) = socket.parent() {
            fs::create_dir_all(directory).map_err(io_error("make the directory", directory))?;
        }
        let lock_path = with_suffix(socket, ".lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(io_error("open", &lock_path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(BindError::Running { socket: socket.to_owned() });
            }
            Err(errno) => return Err(io_error("lock", &lock_path)(errno.into())),
        }
        match fs::symlink_metadata(socket) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(BindError::InTheWay { path: socket.to_owned() });
            }
            // An agent of another kind (no lock) may still answer there.
            Ok(_) if std::os::unix::net::UnixStream::connect(socket).is_ok() => {
                return Err(BindError::Running { socket: socket.to_owned() });
            }
            _ => {}
        }
        // Made under another name and moved: at its own name it is never open to others, and a
        // stale one is replaced in one step.
        let new = with_suffix(socket, ".new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("remove", &new)(error));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&new).map_err(io_error("make the socket", &new))?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).map_err(io_error("protect", &new))?;
        let inode = fs::metadata(&new).map_err(io_error("read", &new))?.ino();
        fs::rename(&new, socket).map_err(io_error("move the socket to", socket))?;
        let file = SocketFile { socket: socket.to_owned(), inode, _lock: lock };
        Ok(Self { listener, file, tcp: None })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Only our own: a new agent's stands after a restart that overlapped.
        if fs::symlink_metadata(&self.socket).is_ok_and(|there| there.ino() == self.inode) {
            let _ = fs::remove_file(&self.socket);
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
