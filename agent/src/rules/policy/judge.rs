//! Judging by a policy.

use std::net::IpAddr;

use super::{Policy, RequestPath};
use crate::{
    http::{Request, Response},
    rules::{
        Match, Scratch,
        program::{self, judge::Saved, run::Facts, told, verdict::Verdict},
    },
};

/// What one worker needs to judge by some rules, reused from request to request.
#[derive(Debug, Default)]
pub struct Bench {
    native: Scratch,
    program: program::run::Scratch,
}

/// What a policy says of a request.
#[derive(Debug, Default)]
pub struct Judgement {
    /// What held.
    pub matches: Vec<Match>,
    /// How many of these are matches of In-App WAF rules; the others are a program's.
    pub native: usize,
    /// What the program says.
    pub verdict: Verdict,
    /// What the program needs to judge the response.
    pub saved: Option<Box<Saved>>,
}

impl Policy {
    /// Judges a request. The bench is that of the policy's rules: with another one it takes longer.
    pub fn judge_request(&self, request: &Request, facts: &Facts, bench: &mut Bench) -> Judgement {
        let mut judgement = Judgement::default();
        if let Some(engine) = &self.rules.native {
            judgement.matches = engine.judge(request, facts.client, &mut bench.native);
            self.take_out(&mut judgement.matches, request, facts.client);
            judgement.native = judgement.matches.len();
        }
        if let Some(program) = &self.rules.program {
            bench.program.lay(self.overlay.as_ref());
            (judgement.verdict, judgement.saved) = program.judge_request(request, facts, &mut bench.program);
            judgement.matches.extend(told::matches(&judgement.verdict.hits));
        }
        judgement
    }

    /// Judges the response to a request that was judged, or that none came. The verdict has what the request's had,
    /// and more.
    #[must_use]
    pub fn judge_response(
        &self,
        request: &Request,
        saved: Saved,
        response: Option<&Response>,
        bench: &mut Bench,
    ) -> Option<Verdict> {
        let program = self.rules.program.as_ref()?;
        bench.program.lay(self.overlay.as_ref());
        Some(program.judge_response(request, saved, response, &mut bench.program))
    }

    /// Whether it judges responses.
    #[must_use]
    pub fn judges_responses(&self) -> bool {
        self.rules.program.as_ref().is_some_and(program::engine::Engine::judges_responses)
    }

    /// Takes matches of In-App WAF rules out that the policy does not want.
    fn take_out(&self, matches: &mut Vec<Match>, request: &Request, client: IpAddr) {
        if matches.is_empty() || (self.terms.disabled.is_empty() && self.terms.exclusions.is_empty()) {
            return;
        }
        let mut path = RequestPath::default();
        path.read(request);
        matches.retain(|found| {
            let rule = &found.rule;
            let disabled = self.terms.disabled.iter().any(|selector| selector.fits(rule, &[]));
            let excluded = self.terms.exclusions.iter().any(|exclusion| {
                (exclusion.rules.is_empty()
                    || exclusion.rules.iter().any(|selector| selector.fits(rule, &[])))
                    && (exclusion.inputs.is_empty()
                        || exclusion.inputs.iter().any(|input| input.is_at(&found.location)))
                    && exclusion.counts(&path, client)
            });
            !disabled && !excluded
        });
    }
}
