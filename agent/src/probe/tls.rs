//! uprobes on TLS libraries, loaded and attached.

use std::{
    num::NonZeroU32,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use aya::{
    Ebpf,
    maps::{HashMap, MapData},
    programs::{
        UProbe,
        uprobe::{UProbeAttachLocation, UProbeLink, UProbeScope},
    },
};

use super::{
    ProbeError,
    tap::{program, typed},
};

/// The programs, by the names that points give them.
pub(super) const PROGRAMS: [&str; 39] = [
    "picket_ssl_read",
    "picket_ssl_read_ex",
    "picket_ssl_write",
    "picket_ssl_write_ex",
    "picket_ssl_write_ex2",
    "picket_ssl_sendfile",
    "picket_ssl_leave",
    "picket_ssl_peek",
    "picket_ssl_return",
    "picket_ssl_free",
    "picket_bio_read",
    "picket_bio_leave",
    "picket_bio_return",
    "picket_gnutls_recv",
    "picket_gnutls_send",
    "picket_gnutls_leave",
    "picket_gnutls_return",
    "picket_gnutls_free",
    "picket_recv",
    "picket_recv_leave",
    "picket_recv_return",
    "picket_go_write",
    "picket_go_write_enter",
    "picket_go_write_leave",
    "picket_go_decrypt",
    "picket_go_decrypt_leave",
    "picket_go0_write",
    "picket_go0_write_leave",
    "picket_go0_decrypt",
    "picket_go0_decrypt_leave",
    "picket_rustls_record",
    "picket_rustls_decrypt",
    "picket_rustls_read",
    "picket_rustls_early",
    "picket_rustls_early_read",
    "picket_rustls_update",
    "picket_rustls_update_leave",
    "picket_rustls_write",
    "picket_rustls_write_leave",
];

/// The programs, to be attached where TLS libraries are mapped.
pub struct TlsProbes {
    programs: Arc<Mutex<Ebpf>>,
    places: Mutex<Places>,
}

/// Where the objects of processes keep what ties them.
pub(super) struct Places {
    /// Found by the programs: see `Layout` there.
    layouts: HashMap<MapData, u32, [u64; 2]>,
    rustls: HashMap<MapData, u32, u32>,
}

impl Places {
    pub(super) fn take(programs: &mut Ebpf) -> Result<Self, ProbeError> {
        Ok(Self {
            layouts: typed(programs, "TLS_LAYOUT", HashMap::try_from)?,
            rustls: typed(programs, "TLS_RUSTLS", HashMap::try_from)?,
        })
    }
}

/// A program at a point. Dropping it detaches it.
pub struct Attachment(#[expect(dead_code, reason = "held for its drop")] UProbeLink);

/// Loads the programs.
///
/// # Errors
///
/// When the kernel refuses one of them.
pub(super) fn load(programs: &mut Ebpf) -> Result<(), ProbeError> {
    for name in PROGRAMS {
        let uprobe: &mut UProbe = program(programs, name)?;
        uprobe.load().map_err(|e| ProbeError::refused(format!("program {name}"), &e))?;
    }
    Ok(())
}

impl TlsProbes {
    pub(super) fn new(programs: Arc<Mutex<Ebpf>>, places: Places) -> Self {
        Self { programs, places: Mutex::new(places) }
    }

    /// Forgets what was found of the program that ran as `pid` before (a number is used again, a process runs another
    /// program), and says where rustls' objects of this one keep the pointer that tells connections apart. The tables are
    /// LRUs: they can't be full.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn begin(&self, pid: u32, rustls: Option<u32>) -> Result<(), ProbeError> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        // That there is none is no error.
        let _ = places.layouts.remove(&pid);
        match rustls {
            Some(offset) => places.rustls.insert(pid, offset, 0),
            None => places.rustls.remove(&pid).or(Ok(())),
        }
        .map_err(|e| ProbeError::refused("map TLS_RUSTLS", &e))
    }

    /// Attaches the program `name`, with `at_return` its twin that runs when the function at the offset returns, at an offset (bytes from its start) of the file at `path`, for all processes that
    /// map it or for one.
    ///
    /// # Errors
    ///
    /// When there is no such program, or the kernel refuses.
    pub fn attach(
        &self,
        name: &str,
        at_return: bool,
        path: &Path,
        offset: u64,
        process: Option<NonZeroU32>,
    ) -> Result<Attachment, ProbeError> {
        let twin = name.replace("_leave", "_return");
        let name = if at_return { twin.as_str() } else { name };
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let uprobe: &mut UProbe = program(&mut programs, name)?;
        let scope = process.map_or(UProbeScope::AllProcesses, UProbeScope::OneProcess);
        let refused = |e: &dyn std::error::Error| {
            ProbeError::refused(format!("attaching {name} to {} at {offset:#x}", path.display()), e)
        };
        let link = uprobe
            .attach(UProbeAttachLocation::AbsoluteOffset(offset), path, scope)
            .map_err(|e| refused(&e))?;
        uprobe.take_link(link).map(Attachment).map_err(|e| refused(&e))
    }
}
