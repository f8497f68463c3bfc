//! Judging by a policy.

use super::Policy;
use crate::{
    http::{Request, Response},
    rules::program::{
        engine::Engine,
        judge::Saved,
        run::{Facts, Scratch},
        verdict::Verdict,
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
