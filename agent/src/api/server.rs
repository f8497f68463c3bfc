//! The Unix socket the API is served on.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use rustix::fs::{FlockOperation, flock};
use tokio::net::UnixListener;

use super::{Control, routes};

/// Why the socket could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another agent serves there.
    #[error(
        "an agent already runs on {socket}; stop it, or give this one a directory of its own with --state-dir"
    )]
    Running {
        /// The socket.
        socket: PathBuf,
    },
    /// Something else is in the way.
    #[error("{path} is in the way: expected nothing or an old socket there; move it away")]
    InTheWay {
        /// What is there.
        path: PathBuf,
    },
    /// The path does not fit into a socket address (unix(7): 108 bytes with the end).
    #[error("{socket} is longer than the 107 bytes a socket's path may have; choose a shorter --state-dir")]
    TooLong {
        /// The socket.
        socket: PathBuf,
    },
    /// The system refused.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

/// A socket only root (and the agent's own user) can use, of which there is one agent.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    file: SocketFile,
}

/// The socket's place in the file system; goes with the server.
#[derive(Debug)]
struct SocketFile {
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
        Ok(Self { listener, file: SocketFile { socket: socket.to_owned(), inode, _lock: lock } })
    }

    /// Serves until `stop` is done; requests being answered then get a second more.
    ///
    /// # Errors
    ///
    /// When the socket fails.
    pub async fn serve(
        self,
        control: Arc<dyn Control>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let router = routes::router(control);
        let Self { listener, file: _file } = self;
        let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
        let serve = axum::serve(listener, router.into_make_service_with_connect_info::<Caller>())
            .with_graceful_shutdown(async move {
                stop.await;
                let _ = stopping.send(());
            });
        tokio::select! {
            served = std::future::IntoFuture::into_future(serve) => served,
            () = async {
                // Errors only when serving ended before: then the other branch is done.
                let _ = stopped.await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            } => Ok(()),
        }
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

/// Who called, as the kernel says (SO_PEERCRED).
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    uid: Option<u32>,
}

impl Caller {
    pub(super) fn is_allowed(self) -> bool {
        self.uid.is_some_and(|uid| uid == 0 || uid == rustix::process::geteuid().as_raw())
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { uid: stream.io().peer_cred().ok().map(|cred| cred.uid()) }
    }
}
