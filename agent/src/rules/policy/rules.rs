//! Compiled rules, shared by policies.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::Selector;
use crate::rules::{
    RuleMeta,
    catalog::{self, Entry},
    coverage,
    load::Loaded,
    program::{engine::Engine, model::Step},
};

/// Rules of some files, compiled.
#[derive(Debug)]
pub struct Rules {
    pub(super) id: u64,
    pub(super) engine: Option<Engine>,
    /// What is said of In-App WAF rules.
    metas: Vec<Arc<RuleMeta>>,
    count: usize,
    files: Vec<PathBuf>,
    /// What is said of Picket's own rules that were left to CRS.
    taken_over: Vec<Arc<RuleMeta>>,
    crs: Option<String>,
    entries: Vec<Entry>,
}

impl Rules {
    /// Takes over what was loaded.
    #[must_use]
    pub fn new(loaded: Loaded) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let count = loaded.rules();
        let entries = catalog::entries(&loaded);
        let Loaded { engine, set, script, files, taken_over, .. } = loaded;
        let crs = script.steps.iter().find_map(|step| match step {
            Step::Rule(rule) => rule.meta.version.strip_prefix("OWASP_CRS/").map(str::to_owned),
            Step::Marker(_) => None,
        });
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            engine,
            metas: set.rules.iter().filter(|rule| rule.enabled).map(coverage::meta).collect(),
            count,
            files,
            taken_over,
            crs,
            entries,
        }
    }

    /// No two have the same.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The files they were read from.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The release of OWASP CRS that is among them, as its rules say it.
    #[must_use]
    pub fn crs(&self) -> Option<&str> {
        self.crs.as_deref()
    }

    /// Types of Picket's own rules that were left to CRS, and how many rules these were.
    #[must_use]
    pub fn taken_over(&self) -> BTreeMap<&str, usize> {
        types(&self.taken_over)
    }

    /// Types of the In-App WAF rules among them, and how many there are of each.
    #[must_use]
    pub fn types(&self) -> BTreeMap<&str, usize> {
        types(&self.metas)
    }

    /// Each of them, enabled or not.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The one with an id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.meta.id == id)
    }

    /// The rules themselves; none: there are none.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// Whether a selector means one of them, or one that was left to CRS: who has switched it off wants it to stay off
    /// when CRS goes.
    #[must_use]
    pub fn has(&self, selector: &Selector) -> bool {
        self.metas.iter().chain(&self.taken_over).any(|meta| selector.fits(meta, &[]))
            || self.engine.as_ref().is_some_and(|engine| engine.has(selector))
    }
}

fn types(metas: &[Arc<RuleMeta>]) -> BTreeMap<&str, usize> {
    let mut types = BTreeMap::new();
    for meta in metas {
        *types.entry(meta.tags.get("type").map_or("other", String::as_str)).or_default() += 1;
    }
    types
}
