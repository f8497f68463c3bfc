//! The phases of a transaction, in their order.

use std::sync::Arc;

use super::{
    collect,
    engine::{Does, Engine},
    run::{Facts, Scratch},
    state::State,
    verdict::Verdict,
};
use crate::{
    http::{Request, Response},
    rules::inputs::Inputs,
};

impl Engine {
    /// Asks the rules of a request and, when it is there, its response.
    #[must_use]
    pub fn judge(
        &self,
        request: &Request,
        response: Option<&Response>,
        facts: &Facts,
        scratch: &mut Scratch,
    ) -> Verdict {
        self.request(request, facts, scratch);
        if let Some(response) = response
            && self.response_phases
        {
            self.response(response, scratch);
        }
        self.logging(scratch)
    }

    /// Asks the rules of a request, before its response is there. What holds now is in the verdict; with rules
    /// of the response, what they need to go on is returned too.
    pub fn judge_request(
        &self,
        request: &Request,
        facts: &Facts,
        scratch: &mut Scratch,
    ) -> (Verdict, Option<Box<Saved>>) {
        self.request(request, facts, scratch);
        if self.response_phases {
            let verdict = scratch.so_far(self);
            let saved = Saved { engine: self.id, state: scratch.take_state(), facts: facts.clone() };
            (verdict, Some(Box::new(saved)))
        } else {
            (self.logging(scratch), None)
        }
    }

    /// Asks the rules of the response to a request that was judged; without one, those of phase 5. The verdict
    /// has what the request's had, and more.
    #[must_use]
    pub fn judge_response(
        &self,
        request: &Request,
        saved: Saved,
        response: Option<&Response>,
        scratch: &mut Scratch,
    ) -> Verdict {
        let Saved { engine, state, facts } = saved;
        if engine != self.id {
            // Other rules have come in between: what the request left means nothing to them.
            return state.verdict.clone();
        }
        scratch.resume(self);
        self.in_app_inputs(request, &facts, scratch);
        // The values of the request once more: rules of the response may look at them, and only for these they
        // are read again.
        collect::head(request, &facts, &self.settings, scratch);
        scratch.put_state(state);
        collect::body(request, &self.settings, scratch);
        if self.late {
            scratch.scan(self, 0, 3);
        }
        if let Some(response) = response {
            self.response(response, scratch);
        }
        self.logging(scratch)
    }

    /// How many rules there are. One that looks at request and response counts once; exclusions are none.
    #[must_use]
    pub fn rules(&self) -> usize {
        let mut before = None;
        let counts = self.rules.iter().filter(|rule| {
            let again = before.replace(&rule.told).is_some_and(|told| Arc::ptr_eq(told, &rule.told));
            !again && rule.in_app.as_ref().is_none_or(|does| matches!(**does, Does::Tell { .. }))
        });
        counts.count()
    }

    /// Phases 1 and 2.
    fn request(&self, request: &Request, facts: &Facts, scratch: &mut Scratch) {
        scratch.begin(self);
        scratch.state.now = facts.time;
        let Scratch { state, service, .. } = scratch;
        state.scope(request, facts.client, service);
        self.in_app_inputs(request, facts, scratch);
        collect::head(request, facts, &self.settings, scratch);
        let head = scratch.scan(self, 0, 1);
        scratch.in_app(self, 0);
        scratch.phase(self, 1);
        collect::body(request, &self.settings, scratch);
        scratch.scan(self, head, 2);
        scratch.phase(self, 2);
    }

    /// What stands at the addresses of the In-App WAF.
    fn in_app_inputs(&self, request: &Request, facts: &Facts, scratch: &mut Scratch) {
        if self.in_app.iter().any(|rules| !rules.is_empty()) {
            let Scratch { store, stats, frames, .. } = scratch;
            let mut inputs = Inputs::new(store, stats, frames);
            inputs.request(request, facts.client, facts.peer);
            if let Some(tls) = &facts.tls {
                inputs.tls(tls);
            }
            self.made_inputs(request, facts, scratch);
            scratch.store.begin_share();
        }
    }

    /// Phases 3 and 4.
    fn response(&self, response: &Response, scratch: &mut Scratch) {
        let before = scratch.seen();
        let [_, of_response] = &self.in_app;
        if !of_response.is_empty() {
            let Scratch { store, stats, frames, .. } = scratch;
            Inputs::new(store, stats, frames).response(response);
        }
        collect::response_head(response, scratch);
        let head = scratch.scan(self, before, 3);
        scratch.in_app(self, 1);
        scratch.phase(self, 3);
        collect::response_body(response, &self.settings, scratch);
        scratch.scan(self, head, 4);
        scratch.phase(self, 4);
    }

    /// Phase 5, and what came of it all.
    fn logging(&self, scratch: &mut Scratch) -> Verdict {
        scratch.phase(self, 5);
        scratch.finish(self)
    }
}

/// What the rules of a request leave behind for those of its response.
#[derive(Debug)]
pub struct Saved {
    /// Which rules they were.
    engine: u64,
    state: Box<State>,
    facts: Facts,
}

impl Saved {
    /// Memory it holds, bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        size_of::<Self>() + self.state.held()
    }
}

impl Scratch {
    /// Notes what may hold on the values from number `from` on; how many values there are now.
    fn scan(&mut self, engine: &Engine, from: u32, phase: u8) -> u32 {
        let Self { store, texts, candidates, .. } = self;
        candidates.scan(engine, store, texts, from, phase);
        self.seen()
    }

    fn seen(&self) -> u32 {
        u32::try_from(self.store.len()).unwrap_or(u32::MAX)
    }
}
