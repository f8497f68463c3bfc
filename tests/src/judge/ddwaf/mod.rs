//! libddwaf, the engine of Datadog's In-App WAF, with the rules that its tracers bring, fed as they feed it.

mod body;
mod library;
mod object;

use std::ffi::{CStr, c_void};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::{Judge, Judged, Message};
use crate::wheels;
use body::Body;
use library::{Library, MATCH, OK, Object};
pub use object::shown;
use object::{Maker, Map, Slot};
use picket::rules::inapp::object::Object as Made;

/// Time a request may take, microseconds. Tracers give it a few milliseconds and go on without an answer;
/// here everything is judged to its end.
const PATIENCE: u64 = 60_000_000;

/// Where `cargo xtask setup` puts libddwaf and its rules, for tests.
///
/// # Panics
/// They are not there.
#[must_use]
pub fn wheel() -> PathBuf {
    let directory = wheels::directory("ddtrace-4.16.0");
    let library = directory.join("libddwaf.so");
    assert!(library.is_file(), "{} is not there: get it with `cargo xtask setup`", library.display());
    directory
}

/// libddwaf with rules.
pub struct Ddwaf {
    maker: Maker,
    /// Never null.
    handle: *mut c_void,
    rules: usize,
}

impl Ddwaf {
    /// Loads `libddwaf.so` and `rules.json` from a directory.
    ///
    /// # Errors
    /// They are not there, are of a version with another interface, or the rules do not load.
    pub fn load(directory: &Path) -> Result<Self> {
        let file = directory.join("rules.json");
        let rules = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::with(directory, &rules)
    }

    /// Loads `libddwaf.so` from a directory, with other rules.
    ///
    /// # Errors
    /// It is not there, is of a version with another interface, or the rules do not load.
    pub fn with(directory: &Path, rules: &[u8]) -> Result<Self> {
        let library = Library::load(&directory.join("libddwaf.so"))?;
        // SAFETY: takes nothing, and gives a process-wide allocator.
        let allocator = unsafe { (library.ddwaf_get_default_allocator)() };
        let maker = Maker { library, allocator };
        let (handle, count) = build(&maker, rules).context("libddwaf does not load its rules")?;
        Ok(Self { maker, handle, rules: count })
    }

    fn version(&self) -> String {
        // SAFETY: a static text that ends with NUL.
        unsafe { CStr::from_ptr((self.maker.library.ddwaf_get_version)()) }.to_string_lossy().into_owned()
    }

    /// The addresses that a tracer fills for a request.
    fn fill(&self, addresses: &mut Object, client: IpAddr, message: &Message) {
        let maker = &self.maker;
        let mut map = maker.map(Slot::of(addresses), 8);
        maker.text(map.name(b"server.request.method"), &message.method);
        maker.text(map.name(b"server.request.uri.raw"), &message.target);
        if let Some(at) = message.target.iter().position(|byte| *byte == b'?') {
            let query = message.target.get(at + 1..).unwrap_or_default();
            self.pairs(map.name(b"server.request.query"), &body::form(query));
        }
        self.fields(map.name(b"server.request.headers.no_cookies"), message);
        self.pairs(map.name(b"server.request.cookies"), &body::cookies(message));
        maker.text(map.name(b"http.client_ip"), client.to_string().as_bytes());
        match Body::of(message) {
            Body::None => {}
            Body::Json(value) => maker.json(map.name(b"server.request.body"), &value),
            Body::Form(pairs) => self.pairs(map.name(b"server.request.body"), &pairs),
            Body::Multipart(pairs, files) => {
                self.pairs(map.name(b"server.request.body"), &pairs);
                maker.texts(map.name(b"server.request.body.filenames"), &files);
            }
        }
    }

    fn pairs(&self, slot: Slot, pairs: &body::Pairs) {
        let mut map: Map<'_> = self.maker.map(slot, pairs.len());
        for (name, values) in pairs {
            self.maker.texts(map.name(name), values);
        }
    }

    fn fields(&self, slot: Slot, message: &Message) {
        let mut map = self.maker.map(slot, message.fields.len());
        for field in message.fields.iter().filter(|field| !field.name.eq_ignore_ascii_case(b"cookie")) {
            self.maker.text(map.name(&field.name.to_ascii_lowercase()), &field.value);
        }
    }

    /// Ids out of `{"events": [{"rule": {"id": …}}, …]}`.
    fn ids(&self, result: &Object) -> Vec<String> {
        let library = &self.maker.library;
        let find = |object: *const Object, name: &str| {
            if object.is_null() {
                return object;
            }
            // SAFETY: `result` and what is in it are alive; the function gives null for what is no map.
            unsafe { (library.ddwaf_object_find)(object, name.as_ptr().cast(), name.len()) }
        };
        let events = find(result, "events");
        // SAFETY: as above.
        let count = if events.is_null() { 0 } else { unsafe { (library.ddwaf_object_get_size)(events) } };
        let id = |at: usize| {
            // SAFETY: as above.
            let rule = find(unsafe { (library.ddwaf_object_at_value)(events, at) }, "rule");
            self.maker.string(find(rule, "id"))
        };
        (0..count).filter_map(id).collect()
    }
}

/// The engine, and how many rules it took.
fn build(maker: &Maker, rules: &[u8]) -> Result<(*mut c_void, usize)> {
    let Maker { library, allocator } = maker;
    let length = u32::try_from(rules.len())?;
    let path = "rules";
    let (mut read, mut said) = (Object::default(), Object::default());
    // SAFETY: the objects are alive and given back once; texts come with their length; the builder copies
    // what it keeps.
    unsafe {
        if !(library.ddwaf_object_from_json)(&raw mut read, rules.as_ptr().cast(), length, *allocator) {
            bail!("they are not JSON");
        }
        let builder = (library.ddwaf_builder_init)();
        let added = (library.ddwaf_builder_add_or_update_config)(
            builder,
            path.as_ptr().cast(),
            u32::try_from(path.len())?,
            &raw const read,
            &raw mut said,
        );
        let handle = (library.ddwaf_builder_build_instance)(builder);
        (library.ddwaf_builder_destroy)(builder);
        let find = |object, name: &str| (library.ddwaf_object_find)(object, name.as_ptr().cast(), name.len());
        let diagnostics = find(&raw const said, "rules");
        let loaded = if diagnostics.is_null() { diagnostics } else { find(diagnostics, "loaded") };
        let count = if loaded.is_null() { 0 } else { (library.ddwaf_object_get_size)(loaded) };
        (library.ddwaf_object_destroy)(&raw mut said, *allocator);
        (library.ddwaf_object_destroy)(&raw mut read, *allocator);
        if !added || handle.is_null() || count == 0 {
            bail!("it took {count} of them");
        }
        Ok((handle, count))
    }
}

impl Ddwaf {
    /// Puts addresses with their objects before it; what it says about them goes through `read`.
    fn ask<T>(&self, fill: impl FnOnce(&mut Object), read: impl FnOnce(bool, &Object) -> T) -> Result<T> {
        let Maker { library, allocator } = self.maker;
        let mut addresses = Object::default();
        fill(&mut addresses);
        let mut result = Object::default();
        // SAFETY: the handle outlives the context. With `OK` and `MATCH` the context owns the addresses and
        // frees them with itself; the result is ours.
        unsafe {
            let context = (library.ddwaf_context_init)(self.handle, allocator);
            if context.is_null() {
                (library.ddwaf_object_destroy)(&raw mut addresses, allocator);
                bail!("libddwaf made no context");
            }
            let code = (library.ddwaf_context_eval)(
                context,
                &raw mut addresses,
                allocator,
                &raw mut result,
                PATIENCE,
            );
            let said = match code {
                OK | MATCH => Ok(read(code == MATCH, &result)),
                code => Err(anyhow!("libddwaf gave up with {code}")),
            };
            if said.is_ok() {
                (library.ddwaf_object_destroy)(&raw mut result, allocator);
            }
            (library.ddwaf_context_destroy)(context);
            said
        }
    }

    /// Ids of the rules that hold on addresses with these objects: of each type of attack at most one.
    ///
    /// # Errors
    /// It gave up.
    pub fn rules_on(&self, objects: &[(String, Made<'_>)]) -> Result<Vec<String>> {
        self.ask(
            |addresses| self.objects(addresses, objects),
            |matched, result| if matched { self.ids(result) } else { Vec::new() },
        )
    }

    fn objects(&self, addresses: &mut Object, objects: &[(String, Made<'_>)]) {
        let mut map = self.maker.map(Slot::of(addresses), objects.len());
        for (address, object) in objects {
            self.maker.object(map.name(address.as_bytes()), object);
        }
    }

    /// What its processors make of addresses with these objects: `attributes` of its result, by address.
    ///
    /// # Errors
    /// It gave up.
    pub fn attributes(&self, objects: &[(String, Made<'_>)]) -> Result<serde_json::Value> {
        let fill = |addresses: &mut Object| self.objects(addresses, objects);
        self.ask(fill, |_, result| {
            let name = "attributes";
            // SAFETY: the result is alive, and what is found in it too.
            unsafe {
                let library = &self.maker.library;
                let found = (library.ddwaf_object_find)(result, name.as_ptr().cast(), name.len());
                if found.is_null() { serde_json::Value::Null } else { self.maker.value(found) }
            }
        })
    }
}

impl Judge for Ddwaf {
    fn name(&self) -> String {
        format!("libddwaf {}, its {} rules", self.version(), self.rules)
    }

    fn judge(&mut self, client: IpAddr, message: &Message) -> Result<Judged> {
        let rules = self.ask(
            |addresses| self.fill(addresses, client, message),
            |matched, result| if matched { self.ids(result) } else { Vec::new() },
        )?;
        Ok(Judged { rules, status: None })
    }
}

impl Drop for Ddwaf {
    fn drop(&mut self) {
        // SAFETY: it is alive, no context is, and nothing uses it after this.
        unsafe { (self.maker.library.ddwaf_destroy)(self.handle) };
    }
}
