//! Compiled rules, shared by policies.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use super::Selector;
use crate::rules::{
    Engine,
    load::Loaded,
    model::RuleMeta,
    program::{self, engine::Engine as Program},
};

/// Rules of some files, compiled.
#[derive(Debug)]
pub struct Rules {
    pub(super) id: u64,
    pub(super) native: Option<Engine>,
    pub(super) program: Option<program::engine::Engine>,
    /// What is said of In-App WAF rules.
    metas: Vec<std::sync::Arc<RuleMeta>>,
    count: usize,
    files: Vec<PathBuf>,
}

impl Rules {
    /// Takes over what was loaded.
    #[must_use]
    pub fn new(loaded: Loaded) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let count = loaded.rules();
        let Loaded { native, program, native_set, files, .. } = loaded;
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            native,
            program,
            metas: native_set.rules.into_iter().map(|rule| rule.meta).collect(),
            count,
            files,
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

    /// Those in SecLang.
    #[must_use]
    pub fn program(&self) -> Option<&Program> {
        self.program.as_ref()
    }

    /// Whether a selector means one of them.
    #[must_use]
    pub fn has(&self, selector: &Selector) -> bool {
        self.metas.iter().any(|meta| selector.fits(meta, &[]))
            || self.program.as_ref().is_some_and(|program| program.has(selector))
    }
}
