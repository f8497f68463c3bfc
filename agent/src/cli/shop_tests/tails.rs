//! What happens, as it happens.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn what_happens_is_told_as_it_happens() {
    let agent = Agent::start();
    /// Ends the feed, also when an assertion fails.
    struct Over<'o>(&'o AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A tail tells what comes after it began: events come until it has seen enough.
        let feed = scope.spawn(|| {
            let mut sent = 0;
            while !over.load(Ordering::Relaxed) && sent < 60_000 {
                // A signal that goes on is told once in a second of its events' time.
                agent.take(agent.event(7200 - sent, &injection("' OR 1=1")));
                sent += 1;
                std::thread::park_timeout(Duration::from_millis(1));
            }
        });
        let end = Over(&over);
        let did = agent.picket(&["tail", "@rule.type:sql_injection", "--count", "2", "--utc"]);
        assert_eq!(
            (did.exit, did.out.matches(" ATTACK  203.0.113.7 → shop:80  GET ").count()),
            (Exit::Done, 2),
            "{}{}",
            did.out,
            did.err
        );
        let did = agent.picket(&["tail", "--count", "1", "--json"]);
        let event: Value = serde_json::from_str(&did.out).expect("a JSON line");
        assert_eq!(event["client_ip"], "203.0.113.7");
        let did = agent.picket_on(Some(100), &["tail", "--signals", "rule:sql-injection*", "--count", "1"]);
        assert_eq!((did.exit, did.out.lines().count()), (Exit::Done, 1), "{}{}", did.out, did.err);
        assert!(did.out.contains("SQL injection") && did.out.trim_end().width() <= 100, "{}", did.out);
        drop(end);
        feed.join().expect("it fed");
    });
    let did = agent.picket(&["tail", "servce:shop"]);
    assert_eq!(did.exit, Exit::Usage, "{}", did.err);
}
