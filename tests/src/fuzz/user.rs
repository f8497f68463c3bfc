//! Users, business events and endpoints of any requests and responses.

use std::sync::Arc;

use jiff::Timestamp;
use picket::{
    endpoint::Inventory,
    http::{Limits, exchange},
    limits,
    user::{Key, Observer, Sessions, Settings, Transaction},
};

/// Input: requests and responses, apart by a zero byte, each followed by one. What is made of them holds to its
/// bounds, is JSON that reads back, and is the same for another observer that sees the same.
pub fn run(data: &[u8]) {
    let parts: Vec<&[u8]> = data.split(|&byte| byte == 0).take(16).collect();
    let observers = [(); 2]
        .map(|()| Observer::new(Arc::new(Settings::default()), Arc::new(Sessions::new(Key::new(&[7; 32])))));
    let [mut one, mut other] = observers;
    for (second, pair) in (0..).zip(parts.chunks(2)) {
        let read = exchange(pair[0], pair.get(1).copied(), Limits::default());
        let transaction = Transaction {
            request: &read.request,
            response: read.response.as_ref(),
            service: "fuzz",
            port: 80,
            trusted: second % 2 == 1,
            attacks: &[],
        };
        let now = Timestamp::from_second(1_763_800_000 + second).unwrap();
        let observed = one.observe(&transaction, now);
        assert_eq!(observed, other.observe(&transaction, now));
        if let Some(user) = &observed.user {
            assert!(!user.id.is_empty() && user.id.chars().count() <= limits::USER_TEXT);
        }
        assert!(observed.session.iter().all(|session| session.id.len() == 16));
        assert!(observed.endpoint.iter().all(|pattern| {
            pattern.starts_with('/') && pattern.len() <= limits::PATTERN_DEPTH * (limits::PATTERN_SEGMENT + 1)
        }));
        let json = serde_json::to_string(&(&observed.user, &observed.session, &observed.business)).unwrap();
        assert_eq!(
            serde_json::from_str::<(_, _, _)>(&json).unwrap(),
            (observed.user, observed.session, observed.business)
        );
    }
    let mut merged = Inventory::default();
    merged.merge(one.inventory());
    merged.merge(other.inventory());
    assert!(merged.len() <= one.inventory().len());
    let snapshot = merged.snapshot();
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<picket::endpoint::Snapshot>(&json).unwrap(), snapshot);
}
