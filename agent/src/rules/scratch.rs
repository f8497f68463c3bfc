//! What one worker needs to judge, reused from request to request.

use std::fmt;

use super::inputs::Inputs;
use super::operators::regex::Cache;

/// Buffers, caches and counters of one worker. A clean request allocates nothing once they have grown.
#[derive(Default)]
pub struct Scratch {
    /// The engine the tables below were made for.
    pub(super) engine: Option<u64>,
    pub(super) inputs: Inputs,
    pub(super) texts: Texts,
    /// By condition: the request (see `request`) in which it held.
    pub(super) held: Vec<u64>,
    /// Number of the request; nothing from before it counts.
    pub(super) request: u64,
    /// By check: the scan in which it became a candidate.
    pub(super) seen: Vec<u64>,
    pub(super) scan: u64,
    pub(super) candidates: Vec<u32>,
    /// By matcher.
    pub(super) caches: Vec<Option<Cache>>,
    /// Bytes that libinjection may still judge of this request.
    pub(super) injection_budget: usize,
}

impl Scratch {
    /// What was judged and what was not, since this scratch was made.
    #[must_use]
    pub fn stats(&self) -> &JudgeStats {
        &self.inputs.stats
    }

    /// Whether the request judged last was longer than what is judged of one.
    #[must_use]
    pub fn cut(&self) -> bool {
        self.inputs.is_cut()
    }

    /// Makes the tables fit an engine, when it is another than last time.
    pub(super) fn fit(
        &mut self,
        engine: u64,
        conditions: usize,
        checks: usize,
        matchers: usize,
        chains: usize,
    ) {
        if self.engine != Some(engine) {
            self.engine = Some(engine);
            self.held = vec![0; conditions];
            self.seen = vec![0; checks];
            self.caches.clear();
            self.caches.resize_with(matchers, || None);
            self.texts.slots.clear();
            self.texts.slots.resize_with(chains, Slot::default);
        }
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("stats", self.stats()).finish_non_exhaustive()
    }
}

/// What the transformer chains made of one value, each step computed at most once.
#[derive(Default)]
pub(super) struct Texts {
    pub slots: Vec<Slot>,
    /// Number of the value; slots of another number are from another value.
    pub value: u64,
}

/// What one chain made.
#[derive(Default)]
pub(super) struct Slot {
    pub value: u64,
    /// The chain whose text it is: itself, or the last before it that changed anything.
    pub same_as: usize,
    pub text: Vec<u8>,
}

/// Counters of judging; all only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JudgeStats {
    /// Requests judged.
    pub requests: u64,
    /// Requests with at least one match.
    pub matched: u64,
    /// Values and names judged.
    pub values: u64,
    /// Requests of which not everything was judged, for one of the reasons below or because the http
    /// stage had cut the body.
    pub cut_requests: u64,
    /// Values longer than is judged of one value, or of all together.
    pub values_cut: u64,
    /// Times that a request had more values than are taken apart (the rest is judged as one text).
    pub values_over_limit: u64,
    /// JSON bodies nested deeper than is kept (deeper values are judged under the deepest name).
    pub depth_over_limit: u64,
    /// Multipart bodies with more parts than are taken apart.
    pub parts_over_limit: u64,
    /// JSON bodies that were not JSON (judged as far as they went and as text).
    pub malformed_json: u64,
    /// Bodies not judged as text: pictures, sound, archives.
    pub media_bodies: u64,
    /// Values of which libinjection judged only the beginning, or nothing.
    pub injection_cut: u64,
    /// Values on which libinjection's port panicked; it should never.
    pub injection_panics: u64,
}

impl std::ops::AddAssign for JudgeStats {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.matched += other.matched;
        self.values += other.values;
        self.cut_requests += other.cut_requests;
        self.values_cut += other.values_cut;
        self.values_over_limit += other.values_over_limit;
        self.depth_over_limit += other.depth_over_limit;
        self.parts_over_limit += other.parts_over_limit;
        self.malformed_json += other.malformed_json;
        self.media_bodies += other.media_bodies;
        self.injection_cut += other.injection_cut;
        self.injection_panics += other.injection_panics;
    }
}
