//! Which events are stored while there are more than the rate allows.
//!
//! A token bucket, shared by dynamic thresholds (Choudhury and Hahne, "Dynamic queue length thresholds for
//! shared-memory packet switches", 1998): a rule or an actor may have used lately at most so many times the tokens
//! that are left. One flood alone gets eight ninths of the rate; what is left is there for the event nobody has seen yet.
#![forbid(unsafe_code)]

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use super::facts::Facts;
use crate::{limits, time::SECOND};

/// Tokens that have to be left for each that a rule or actor has used lately: an eighth.
const SHARE: f64 = 8.0;
/// What was used counts less and less: a second later a third of it.
const MEMORY: f64 = SECOND as f64;

/// Decides, by times that come in.
#[derive(Debug)]
pub struct Sampler {
    rate: f64,
    tokens: f64,
    last: u64,
    used: HashMap<u64, Used>,
    /// When `used` was looked through.
    swept: u64,
    hasher: RandomState,
}

/// Tokens that a rule or an actor has used, as of a time.
#[derive(Clone, Copy, Debug)]
struct Used {
    tokens: f64,
    at: u64,
}

impl Used {
    fn by(self, now: u64) -> f64 {
        self.tokens * (-(now.saturating_sub(self.at) as f64) / MEMORY).exp()
    }
}

impl Sampler {
    /// With so many events a second.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let rate = f64::from(per_second);
        Self { rate, tokens: rate, last: 0, used: HashMap::new(), swept: 0, hasher: RandomState::new() }
    }

    /// Whether this event is stored; `now` is a monotonic time, nanoseconds.
    pub fn admits(&mut self, facts: &Facts, now: u64) -> bool {
        let passed = now.saturating_sub(self.last);
        self.tokens = self.rate.min(self.tokens + self.rate * passed as f64 / SECOND as f64);
        self.last = self.last.max(now);
        if self.tokens < 1.0 {
            return false;
        }
        let actor = self.hasher.hash_one((0_u8, &facts.client_ip));
        let names = if facts.rules.is_empty() { std::slice::from_ref(&facts.kind) } else { &facts.rules };
        let rules: Vec<u64> =
            names.iter().map(|rule| self.hasher.hash_one((1_u8, &facts.service, rule))).collect();
        // One rule that is rare makes the event worth having.
        if !self.has_share(actor) || !rules.iter().any(|rule| self.has_share(*rule)) {
            return false;
        }
        self.tokens -= 1.0;
        let now = self.last;
        for key in rules.into_iter().chain([actor]) {
            if self.used.len() >= limits::STORE_SAMPLED_KEYS && !self.used.contains_key(&key) {
                self.forget(now);
            }
            // Those beyond the cap are new, and judged by what else the event has.
            if self.used.len() < limits::STORE_SAMPLED_KEYS || self.used.contains_key(&key) {
                let used = self.used.entry(key).or_insert(Used { tokens: 0.0, at: now });
                *used = Used { tokens: used.by(now) + 1.0, at: now };
            }
        }
        true
    }

    fn has_share(&self, key: u64) -> bool {
        self.used.get(&key).is_none_or(|used| used.by(self.last) <= SHARE * self.tokens)
    }

    /// Forgets those that used next to nothing; looks through them once a second at most.
    fn forget(&mut self, now: u64) {
        if now - self.swept >= SECOND {
            self.swept = now;
            self.used.retain(|_, used| used.by(now) >= 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(rule: &str, actor: &str) -> Facts {
        Facts { client_ip: actor.into(), rules: vec![rule.into()], ..Facts::default() }
    }

    /// Ten seconds of floods, `each` a second, and one rare event every 100 ms: how many of both are stored.
    fn flood(floods: &[(&str, &str)], each: u64, rate: u32) -> (u64, u64, u64) {
        let mut sampler = Sampler::new(rate);
        let (mut stored, mut rare, mut asked) = (0, 0, 0);
        for step in 0..each * 10 {
            let now = SECOND + step * SECOND / each;
            for (rule, actor) in floods {
                stored += u64::from(sampler.admits(&facts(rule, actor), now));
            }
            if step % (each / 10) == each / 20 {
                asked += 1;
                rare += u64::from(sampler.admits(&facts("rare", "198.51.100.9"), now));
            }
        }
        (stored, rare, asked)
    }

    #[test]
    fn below_the_rate_everything_is_stored() {
        assert_eq!(flood(&[("scan", "192.0.2.1"), ("sqli", "192.0.2.2")], 400, 1_000), (8_000, 100, 100));
    }

    #[test]
    fn a_flood_fills_the_rate_and_leaves_room_for_the_rare() {
        let one = [("scan", "192.0.2.1")];
        let many = [("a", "192.0.2.1"), ("b", "192.0.2.2"), ("c", "192.0.2.3"), ("d", "192.0.2.4")];
        let mut ran = 0;
        for floods in [&one[..], &many[..]] {
            for rate in [100, 1_000] {
                let (stored, rare, asked) = flood(floods, 20_000, rate);
                let most = u64::from(rate) * 11;
                assert!(stored + rare <= most, "{stored} + {rare} of {most}");
                assert!(stored >= u64::from(rate) * 9, "{stored} of {floods:?} at {rate}");
                assert!(rare * 10 >= asked * 9, "{rare} of {asked} rare ones with {floods:?} at {rate}");
                ran += 1;
            }
        }
        assert_eq!(ran, 4);
    }

    #[test]
    fn actors_without_end_take_no_memory_without_end() {
        let mut sampler = Sampler::new(4_000_000);
        let mut admitted = 0;
        for actor in 0..100_000_u64 {
            admitted += u64::from(sampler.admits(&facts("scan", &actor.to_string()), SECOND + actor));
        }
        assert_eq!(admitted, 100_000);
        assert!(sampler.used.len() <= limits::STORE_SAMPLED_KEYS);
    }
}
