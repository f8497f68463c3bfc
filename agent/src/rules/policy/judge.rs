//! Judging by a policy.

use super::Policy;
use crate::{
    http::{Request, Response},
    rules::program::{
        engine::Engine,
        judge::Saved,
        run::{Facts, Scratch},
        verdict::{Attribute, Verdict},
    },
};

impl Policy {
    /// Judges a request; with rules of the response, what they need to go on is returned too. A scratch that judged by
    /// other rules takes longer.
    pub fn judge_request(
        &self,
        request: &Request,
        facts: &Facts,
        scratch: &mut Scratch,
    ) -> (Verdict, Option<Box<Saved>>) {
        let Some(engine) = self.rules.engine() else { return (Verdict::default(), None) };
        scratch.lay(self.overlay.as_ref());
        engine.judge_request(request, facts, scratch)
    }

    /// What its rules wrote on a transaction and processors make of it.
    #[must_use]
    pub fn attributes(&self, said: &Verdict, request: &Request, facts: &Facts) -> Vec<Attribute> {
        let made = self.rules.engine().map(|engine| engine.attributes(request, None, facts));
        said.attributes.iter().cloned().chain(made.unwrap_or_default()).collect()
    }

    /// Judges the response to a request that was judged, or that none came. The verdict has what the request's had,
    /// and more.
    #[must_use]
    pub fn judge_response(
        &self,
        request: &Request,
        saved: Saved,
        response: Option<&Response>,
        scratch: &mut Scratch,
    ) -> Option<Verdict> {
        let engine = self.rules.engine()?;
        scratch.lay(self.overlay.as_ref());
        Some(engine.judge_response(request, saved, response, scratch))
    }

    /// Whether it judges responses.
    #[must_use]
    pub fn judges_responses(&self) -> bool {
        self.rules.engine().is_some_and(Engine::judges_responses)
    }
}
