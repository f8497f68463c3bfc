//! libmodsecurity 3 with the Core Rule Set, fed as a web server's connector feeds it.

mod configuration;
mod library;

use std::ffi::{CStr, CString, c_char, c_void};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt as _;
use std::ptr;

use anyhow::{Context, Result, bail};

use super::{Judge, Judged, Message};
use configuration::Part;
use library::{Intervention, Library};

pub use configuration::{Configuration, Engine};

/// libmodsecurity with rules.
pub struct ModSecurity {
    library: Library,
    /// Never null.
    engine: *mut c_void,
    /// Never null; belongs to this struct, as `engine` does.
    rules: *mut c_void,
    configuration: Configuration,
}

impl ModSecurity {
    /// Loads library and rules.
    ///
    /// # Errors
    /// Library or rules are not installed, or the rules do not load.
    pub fn load(configuration: Configuration) -> Result<Self> {
        let library = library::load()?;
        let parts = configuration.parts()?;
        // SAFETY: both take nothing and give objects that `drop` gives back.
        let (engine, rules) = unsafe { ((library.msc_init)(), (library.msc_create_rules_set)()) };
        if engine.is_null() || rules.is_null() {
            bail!("libmodsecurity could not be set up");
        }
        let loaded = Self { library, engine, rules, configuration };
        // SAFETY: the engine is alive; the callback is told with each transaction where to write.
        unsafe { (library.msc_set_log_cb)(engine, note) };
        for part in parts {
            loaded.add(&part)?;
        }
        Ok(loaded)
    }

    fn add(&self, part: &Part) -> Result<()> {
        let mut error: *const c_char = ptr::null();
        let (added, what) = match part {
            Part::Text(text) => {
                let text = CString::new(text.as_str())?;
                // SAFETY: the rules are alive, the text ends with NUL, the error is only read on failure.
                (unsafe { (self.library.msc_rules_add)(self.rules, text.as_ptr(), &raw mut error) }, None)
            }
            Part::File(file) => {
                let path = CString::new(file.as_os_str().as_bytes())?;
                // SAFETY: as above.
                let added =
                    unsafe { (self.library.msc_rules_add_file)(self.rules, path.as_ptr(), &raw mut error) };
                (added, Some(file))
            }
        };
        if added >= 0 {
            return Ok(());
        }
        let why = if error.is_null() {
            "no reason given".into()
        } else {
            // SAFETY: on failure it is a text that ends with NUL, which is ours and never freed.
            unsafe { CStr::from_ptr(error) }.to_string_lossy()
        };
        let what = what.map_or_else(|| "the settings".to_owned(), |file| file.display().to_string());
        bail!("libmodsecurity does not load {what}: {why}")
    }

    fn version(&self) -> String {
        // SAFETY: the engine is alive, and its name is a text that lives as long.
        let name = unsafe { CStr::from_ptr((self.library.msc_who_am_i)(self.engine)) };
        // `ModSecurity v3.0.9 (Linux)`
        let name = name.to_string_lossy();
        name.split(' ').nth(1).unwrap_or(&name).trim_start_matches('v').to_owned()
    }

    /// The status it asks for, if any.
    fn intervention(&self, transaction: &Transaction<'_>) -> Option<u16> {
        let mut asked =
            Intervention { status: 200, pause: 0, url: ptr::null_mut(), log: ptr::null_mut(), disruptive: 0 };
        // SAFETY: the transaction is alive; `asked` is the header's struct, which it fills.
        let disruptive = unsafe { (self.library.msc_intervention)(transaction.handle, &raw mut asked) };
        // SAFETY: texts it puts there are made with `strdup`, and ours.
        unsafe {
            libc::free(asked.url.cast());
            libc::free(asked.log.cast());
        }
        (disruptive != 0).then(|| u16::try_from(asked.status).unwrap_or(403))
    }
}

impl Judge for ModSecurity {
    fn name(&self) -> String {
        format!(
            "libmodsecurity {}, CRS 3.3.4 at paranoia level {}",
            self.version(),
            self.configuration.paranoia
        )
    }

    fn judge(&mut self, client: IpAddr, message: &Message) -> Result<Judged> {
        let mut rules: Vec<String> = Vec::new();
        let transaction = Transaction::new(self, &mut rules)?;
        let status = transaction.process(self, client, message)?;
        drop(transaction);
        Ok(Judged { rules, status })
    }
}

impl Drop for ModSecurity {
    fn drop(&mut self) {
        // SAFETY: both are alive, no transaction is, and nothing uses them after this.
        unsafe {
            (self.library.msc_rules_cleanup)(self.rules);
            (self.library.msc_cleanup)(self.engine);
        }
    }
}

/// One request on its way.
struct Transaction<'l> {
    library: &'l Library,
    /// Never null.
    handle: *mut c_void,
}

impl<'l> Transaction<'l> {
    /// What matches is noted in `rules`, which must not be touched as long as the transaction lives.
    fn new(owner: &'l ModSecurity, rules: *mut Vec<String>) -> Result<Self> {
        // SAFETY: engine and rules outlive the transaction, as it borrows their owner; `rules` outlives it
        // by the caller's word.
        let handle =
            unsafe { (owner.library.msc_new_transaction)(owner.engine, owner.rules, rules.cast::<c_void>()) };
        if handle.is_null() {
            bail!("libmodsecurity made no transaction");
        }
        Ok(Self { library: &owner.library, handle })
    }

    /// Through the phases of a request, as nginx's connector does it: phase 5 (logging) runs always.
    fn process(&self, owner: &ModSecurity, client: IpAddr, message: &Message) -> Result<Option<u16>> {
        let library = self.library;
        let client = CString::new(client.to_string())?;
        let (target, method) = (text(&message.target), text(&message.method));
        let version = message.protocol.strip_prefix(b"HTTP/").unwrap_or(&message.protocol);
        let version = text(version);
        // SAFETY: here and below the transaction is alive, and texts end with NUL or come with their
        // length; it copies what it keeps.
        unsafe {
            (library.msc_process_connection)(self.handle, client.as_ptr(), 40_000, c"127.0.0.1".as_ptr(), 80);
            (library.msc_process_uri)(self.handle, target.as_ptr(), method.as_ptr(), version.as_ptr());
            for field in &message.fields {
                let (name, value) = (&field.name, &field.value);
                (library.msc_add_n_request_header)(
                    self.handle,
                    name.as_ptr(),
                    name.len(),
                    value.as_ptr(),
                    value.len(),
                );
            }
            (library.msc_process_request_headers)(self.handle);
        }
        let mut status = owner.intervention(self);
        if status.is_none() {
            // SAFETY: as above.
            unsafe {
                if !message.body.is_empty() {
                    (library.msc_append_request_body)(self.handle, message.body.as_ptr(), message.body.len());
                }
                (library.msc_process_request_body)(self.handle);
            }
            status = owner.intervention(self);
        }
        // SAFETY: as above.
        unsafe { (library.msc_process_logging)(self.handle) };
        Ok(status)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // SAFETY: it is alive, and nothing uses it after this.
        unsafe { (self.library.msc_transaction_cleanup)(self.handle) };
    }
}

/// As C takes it: up to the first NUL.
fn text(bytes: &[u8]) -> CString {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    CString::new(bytes.get(..end).unwrap_or_default()).unwrap_or_default()
}

/// Takes the rule's id out of a line of the log: `… [file "….conf"] [line "27"] [id "911100"] …`.
unsafe extern "C" fn note(rules: *mut c_void, line: *const c_void) {
    if rules.is_null() || line.is_null() {
        return;
    }
    // SAFETY: libmodsecurity passes on what `Transaction::new` gave it, on the thread that processes the
    // transaction, and nobody else touches it meanwhile.
    let rules = unsafe { &mut *rules.cast::<Vec<String>>() };
    // SAFETY: with the property that `msc_set_log_cb` sets, a line is a text that ends with NUL.
    let line = unsafe { CStr::from_ptr(line.cast()) }.to_bytes();
    if let Some(id) = rule_id(line) {
        rules.push(id);
    }
}

fn rule_id(line: &[u8]) -> Option<String> {
    // What was matched stands before, as it came; this it would not look like by chance.
    let (_, place) = split(line, b".conf\"] [line \"")?;
    let (_, id) = split(place, b"[id \"")?;
    let (id, _) = split(id, b"\"")?;
    String::from_utf8(id.to_vec()).ok()
}

fn split<'l>(line: &'l [u8], mark: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let at = memchr::memmem::find(line, mark)?;
    Some((line.get(..at)?, line.get(at + mark.len()..)?))
}

/// What rules match and what the answer is need two runs: a rule that ends the transaction keeps later
/// ones from running.
pub struct Regression {
    detecting: ModSecurity,
    blocking: ModSecurity,
}

impl Regression {
    /// Loads both.
    ///
    /// # Errors
    /// As for [`ModSecurity::load`].
    pub fn load() -> Result<Self> {
        let load = |engine| ModSecurity::load(Configuration::regression(engine));
        Ok(Self {
            detecting: load(Engine::DetectionOnly).context("detecting")?,
            blocking: load(Engine::On).context("blocking")?,
        })
    }
}

impl Judge for Regression {
    fn name(&self) -> String {
        self.detecting.name()
    }

    fn judge(&mut self, client: IpAddr, message: &Message) -> Result<Judged> {
        let rules = self.detecting.judge(client, message)?.rules;
        Ok(Judged { rules, status: self.blocking.judge(client, message)?.status })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_out_of_the_log() {
        let line = br#"ModSecurity: Warning. (Value: `"] [id "1"' ) [file "x.conf"] [line "2"] [id "911100"] [rev ""]"#;
        assert_eq!(rule_id(line).as_deref(), Some("911100"));
        assert_eq!(rule_id(b"nothing"), None);
    }
}
