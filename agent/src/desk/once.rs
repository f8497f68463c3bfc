//! A client's request counts once, through however many proxies of this host it goes.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::{
    event::{Event, EventChain},
    limits,
};

/// The chains that were counted lately.
///
/// The request that is seen first counts: nearly always the innermost, which is over first, so that a signal names the
/// service that answered. A request further out counts too if only there a rule matched or a login was seen: the rules may differ, and a proxy may
/// clean what it passes on.
pub(super) struct Once {
    /// By the chain's id, whether it counted with a match or something that happened to the business.
    chains: LruCache<String, bool>,
}

impl Default for Once {
    fn default() -> Self {
        let room = NonZeroUsize::new(limits::CHAINS_COUNTED).unwrap_or(NonZeroUsize::MIN);
        Self { chains: LruCache::new(room) }
    }
}

impl Once {
    /// Whether detection rules are to count this one.
    pub fn is_first(&mut self, event: &Event) -> bool {
        self.is_first_of(event.chain.as_ref(), !event.matches.is_empty() || !event.business.is_empty())
    }

    /// The same, of one in this place, in which a rule matched or something happened to the business, or not.
    pub fn is_first_of(&mut self, chain: Option<&EventChain>, matched: bool) -> bool {
        let Some(chain) = chain else { return true };
        // It comes from one of several equal requests: each of those counts by itself.
        if chain.ambiguous && chain.hop > 0 {
            return false;
        }
        match self.chains.get_mut(&chain.id) {
            Some(counted) if *counted || !matched => false,
            Some(counted) => {
                *counted = true;
                true
            }
            None => {
                self.chains.push(chain.id.clone(), matched);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chain_counts_once() {
        let event = |chain: serde_json::Value, matched: bool| -> Event {
            let found = json!({"rule": "r", "name": "r", "tags": {}, "location": "path", "value": "x"});
            serde_json::from_value(json!({
                "kind": "event", "id": "00000000-0000-7000-8000-000000000001", "time": "2026-11-22T00:00:00Z",
                "service": {"name": "shop", "port": 80}, "client_ip": "198.51.100.1", "peer_ip": "198.51.100.1",
                "peer_port": 40_000, "chain": chain, "method": "GET", "host": null, "path": "/", "query": null,
                "status": 200, "user_agent": null, "matches": if matched { vec![found] } else { Vec::new() },
                "blocked": false, "duration_us": 1,
            }))
            .unwrap()
        };
        let hop = |id: &str, hop: u8| json!({"id": id, "hop": hop});
        let mut once = Once::default();
        let cases = [
            (json!(null), true, true),
            (json!(null), true, true),
            (hop("a", 2), true, true),
            (hop("a", 1), true, false),
            (hop("a", 0), true, false),
            // Only the outermost has rules that match.
            (hop("b", 1), false, true),
            (hop("b", 0), true, true),
            (hop("b", 0), true, false),
            (hop("c", 1), false, true),
            (hop("c", 0), false, false),
            // Several equal requests, one inner one of any of them.
            (json!({"id": "d", "hop": 1, "ambiguous": true}), true, false),
            (hop("d", 0), true, true),
            (hop("e", 0), true, true),
        ];
        for (number, (chain, matched, counts)) in cases.into_iter().enumerate() {
            assert_eq!(once.is_first(&event(chain, matched)), counts, "case {number}");
        }
    }
}
