//! Functions of libmodsecurity's C interface (`modsecurity/modsecurity.h`, `rules_set.h`,
//! `transaction.h`).

use std::ffi::{c_char, c_int, c_uchar, c_void};
use std::path::Path;

use anyhow::{Context, Result};

use crate::judge::library::library;

/// Called with a transaction's data and a line of the log.
pub(super) type LogCallback = unsafe extern "C" fn(*mut c_void, *const c_void);

/// What it would do to a request (`ModSecurityIntervention`).
#[repr(C)]
pub(super) struct Intervention {
    pub status: c_int,
    pub pause: c_int,
    pub url: *mut c_char,
    pub log: *mut c_char,
    pub disruptive: c_int,
}

library! {
    /// The functions that are called here.
    struct Library {
        fn msc_init() -> *mut c_void;
        fn msc_who_am_i(*mut c_void) -> *const c_char;
        fn msc_set_log_cb(*mut c_void, LogCallback);
        fn msc_cleanup(*mut c_void);
        fn msc_create_rules_set() -> *mut c_void;
        fn msc_rules_add(*mut c_void, *const c_char, *mut *const c_char) -> c_int;
        fn msc_rules_add_file(*mut c_void, *const c_char, *mut *const c_char) -> c_int;
        fn msc_rules_cleanup(*mut c_void) -> c_int;
        fn msc_new_transaction(*mut c_void, *mut c_void, *mut c_void) -> *mut c_void;
        fn msc_process_connection(*mut c_void, *const c_char, c_int, *const c_char, c_int) -> c_int;
        fn msc_process_uri(*mut c_void, *const c_char, *const c_char, *const c_char) -> c_int;
        fn msc_add_n_request_header(*mut c_void, *const c_uchar, usize, *const c_uchar, usize) -> c_int;
        fn msc_process_request_headers(*mut c_void) -> c_int;
        fn msc_append_request_body(*mut c_void, *const c_uchar, usize) -> c_int;
        fn msc_process_request_body(*mut c_void) -> c_int;
        fn msc_process_logging(*mut c_void) -> c_int;
        fn msc_intervention(*mut c_void, *mut Intervention) -> c_int;
        fn msc_transaction_cleanup(*mut c_void);
    }
}

/// Where a package puts it.
const PLACES: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu/libmodsecurity.so.3",
    "/usr/lib/aarch64-linux-gnu/libmodsecurity.so.3",
    "/usr/lib64/libmodsecurity.so.3",
    "/usr/lib/libmodsecurity.so.3",
    "/usr/local/lib/libmodsecurity.so.3",
];

/// Loads the one that is installed.
///
/// # Errors
/// There is none.
pub(super) fn load() -> Result<Library> {
    let found = PLACES.iter().map(Path::new).find(|place| place.exists());
    Library::load(found.context("there is no libmodsecurity.so.3: `cargo xtask setup` installs it")?)
}
