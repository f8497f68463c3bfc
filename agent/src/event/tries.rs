//! Several tries in one request: calls in a list are logins one by one, and detection rules count them so.

use super::Event;

/// An event with one of its tries. What there is no second of, and the request itself, is the first's.
#[derive(Clone, Copy, Debug)]
pub struct Try<'e> {
    pub(crate) event: &'e Event,
    /// Of each business event, how many of its kind stand before it.
    before: &'e [usize],
    pub(crate) number: usize,
}

impl Try<'_> {
    /// Whether the business event in this place belongs to it.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.before.get(place) == Some(&self.number)
    }
}

impl Event {
    /// Shows each of its tries; nothing when there is but one.
    pub fn each_try(&self, mut see: impl FnMut(&Try<'_>)) {
        if self.business.len() < 2 {
            return;
        }
        // Success and failure are of one kind.
        let kind = |name: &str| {
            let end = [".success", ".failure"].into_iter().find(|end| name.ends_with(end));
            name.len() - end.map_or(0, str::len)
        };
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        let mut before = Vec::with_capacity(self.business.len());
        for business in &self.business {
            let name = business.name.get(..kind(&business.name)).unwrap_or_default();
            let at = kinds.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                kinds.push((name, 0));
                kinds.len() - 1
            });
            if let Some((_, count)) = kinds.get_mut(at) {
                before.push(*count);
                *count += 1;
            }
        }
        let tries = before.iter().max().map_or(0, |most| most + 1);
        if tries > 1 {
            (0..tries).for_each(|number| see(&Try { event: self, before: &before, number }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::detect::{Detection, rules};

    fn event(business: &[(&str, &str)]) -> Event {
        let business: Vec<Value> = business
            .iter()
            .map(|(name, login)| json!({"name": name, "attributes": {"usr.login": login}}))
            .collect();
        serde_json::from_value(json!({
            "kind": "event", "id": "00000000-0000-7000-8000-000000000001", "time": "2026-11-22T00:00:00Z",
            "service": {"name": "shop", "port": 80}, "client_ip": "198.51.100.1", "peer_ip": "198.51.100.1", "peer_port": 40_000,
            "method": "POST", "host": null, "path": "/graphql", "endpoint": "/graphql", "query": null, "status": 200, "user_agent": null, "matches": [],
            "blocked": false, "duration_us": 1, "business": business,
        }))
        .unwrap()
    }

    /// Names of what each try shows.
    fn tries(event: &Event) -> Vec<Vec<&str>> {
        let mut all = Vec::new();
        event.each_try(|one| {
            let shown = event.business.iter().enumerate().filter(|(place, _)| one.has(*place));
            all.push(shown.map(|(_, business)| &*business.name).collect());
        });
        all
    }

    #[test]
    fn one_of_each_kind_at_a_time() {
        const YES: &str = "users.login.success";
        const NO: &str = "users.login.failure";
        let cases: &[(&[&str], &[&[&str]])] = &[
            (&[], &[]),
            (&[NO], &[]),
            (&[NO, "order.placed"], &[]),
            (&[NO, YES], &[&[NO], &[YES]]),
            (&[NO, NO, NO], &[&[NO], &[NO], &[NO]]),
            (
                &["order.placed", NO, "order.placed", "users.signup", NO],
                &[&["order.placed", NO, "users.signup"], &["order.placed", NO]],
            ),
        ];
        for (names, expected) in cases {
            let business: Vec<_> = names.iter().map(|name| (*name, "bob")).collect();
            assert_eq!(tries(&event(&business)), *expected, "{names:?}");
        }
        assert_eq!(cases.len(), 6);
    }

    /// Signals that come of an event's tries, as the desk has them counted, and of how many requests detection knows.
    fn signals(business: &[(&str, &str)], requests: u64) -> (Vec<(String, String)>, u64) {
        let rules: Vec<_> = rules::builtin().unwrap().into_iter().map(Arc::new).collect();
        let (mut detection, mut changes) = (Detection::new(&rules, [7; 16]).unwrap(), Vec::new());
        let event = event(business);
        for request in 0..requests {
            let time = 1_795_305_600_000_000_000 + request * 1_000_000;
            let mut tries = 0;
            event.each_try(|one| {
                tries += 1;
                detection.observe(one, time, &mut changes);
            });
            assert_eq!(tries, business.len());
        }
        let mut found: Vec<_> = changes
            .iter()
            .map(|change| (change.signal.rule.to_string(), change.signal.severity.name().to_owned()))
            .collect();
        found.dedup();
        (found, detection.stats().0.events)
    }

    #[test]
    fn detection_counts_each() {
        let of = |rule: &str, severity: &str| (rule.to_owned(), severity.to_owned());
        let guesses = vec![("users.login.failure", "bob"); 16];
        assert_eq!(signals(&guesses, 1), (vec![of("brute-force", "medium")], 1));
        assert_eq!(signals(&guesses[..15], 1), (vec![], 1));
        let names: Vec<String> = (0..21).map(|n| format!("user{n}")).collect();
        let list: Vec<_> = names.iter().map(|name| ("users.login.failure", &**name)).collect();
        let (found, _) = signals(&list, 1);
        assert!(found.contains(&of("credential-stuffing", "high")), "{found:?}");
        // Requests stay requests: 1,600 of them are a rate, not 800 with two tries each.
        let pairs = [("users.login.success", "bob"), ("users.login.success", "bob")];
        assert_eq!(signals(&pairs, 800), (vec![], 800));
    }
}
