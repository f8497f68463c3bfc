use super::*;

const ATTACKER: &str = "203.0.113.7";

fn respond(text: &str) -> Policy {
    Policy::new(config(&format!("[respond]\nenabled = true\n{text}")).respond)
}

fn attack(client: &str) -> Attack<'static> {
    Attack {
        client: ip(client),
        peer: ip(client),
        event: None,
        matches: vec![("sqli-1", Some("sql_injection"))],
    }
}

#[test]
fn blocks_at_the_nth_event_within_the_window() {
    // Times of events in seconds, and at which of them somebody is blocked; three within ten seconds.
    let cases: &[(&[u64], &[usize])] = &[
        (&[0, 1], &[]),
        (&[0, 1, 2], &[2]),
        (&[0, 5, 10], &[2]),
        (&[0, 5, 11], &[]),
        (&[0, 5, 11, 15], &[3]),
        (&[0, 0, 0, 0, 0, 0], &[2, 5]),
        (&[0, 20, 40, 60, 61, 62], &[5]),
        // Slightly out of order.
        (&[5, 4, 3], &[2]),
        (&[15, 4, 3], &[]),
        (&[15, 4, 14, 13], &[3]),
    ];
    for (times, blocked) in cases {
        let mut policy = respond("events = 3\nwindow = '10s'\nblock_for = '1h'");
        let decided: Vec<usize> = (0..times.len())
            .filter(|&at| policy.observe(&attack(ATTACKER), times[at] * SECOND, &passlist()).is_some())
            .collect();
        assert_eq!(decided, *blocked, "{times:?}");
    }
    assert_eq!(cases.len(), 10);
}

#[test]
fn a_decision_says_who_how_long_and_why() {
    let mut policy = respond("events = 2\nwindow = '90s'\nblock_for = '10m'");
    let id = |number| uuid::Uuid::from_u128(number);
    let with = |number| Attack { event: Some(id(number)), ..attack("::ffff:203.0.113.7") };
    assert_eq!(policy.observe(&with(1), 0, &passlist()), None);
    let decision = policy.observe(&with(2), SECOND, &passlist()).unwrap();
    assert_eq!((decision.block.net, decision.block.block_for), (net(ATTACKER), minutes(10)));
    assert_eq!(decision.block.cause.events, [id(1), id(2)]);
    assert_eq!(decision.obstacle, None);
    assert_eq!(decision.to_string(), "203.0.113.7 is blocked for 10m: 2 attack events within 1m30s (sqli-1)");
    assert_eq!(
        respond("events = 1\nblock_for = 'forever'")
            .observe(&with(1), 0, &passlist())
            .unwrap()
            .block
            .block_for,
        None
    );
}

#[test]
fn a_client_behind_a_proxy_is_named_but_not_enforceable() {
    let mut policy = respond("events = 1");
    let decision =
        policy.observe(&Attack { peer: ip("10.0.0.2"), ..attack(ATTACKER) }, 0, &passlist()).unwrap();
    assert_eq!(decision.obstacle, Some(Obstacle::BehindProxy(ip("10.0.0.2"))));
    assert!(
        decision.to_string().contains("would be blocked for 10m")
            && decision.to_string().contains("10.0.0.2")
    );
    assert_eq!(policy.stats().obstacles, 1);
}

#[test]
fn some_never_count() {
    let mut policy = respond(
        "events = 1\nexcept_rules = ['sqli-2']\nexcept_types = ['security_scanner']\nipv6_prefix = 64",
    );
    for passlisted in [
        "127.0.0.1",
        "::1",
        "198.51.100.2",
        "198.51.100.1",
        "fe80::1",
        "10.9.9.9",
        "192.0.2.77",
        "2001:db8:7::1",
    ] {
        assert_eq!(policy.observe(&attack(passlisted), 0, &passlist()), None, "{passlisted}");
    }
    let matching = |matches| Attack { matches, ..attack(ATTACKER) };
    assert_eq!(
        policy.observe(
            &matching(vec![("sqli-2", Some("x")), ("a", Some("security_scanner"))]),
            0,
            &passlist()
        ),
        None
    );
    assert_eq!(policy.observe(&matching(vec![]), 0, &passlist()), None);
    let stats = policy.stats();
    assert_eq!((stats.passlisted, stats.excepted, stats.counted, stats.decisions), (8, 1, 0, 0));
    assert!(policy.observe(&matching(vec![("sqli-2", None), ("sqli-1", None)]), 0, &passlist()).is_some());

    let mut off = Policy::new(config::Respond { events: 1, ..config::Respond::default() });
    assert_eq!(off.observe(&attack(ATTACKER), 0, &passlist()), None);
}

#[test]
fn addresses_of_one_ipv6_network_can_be_one_actor() {
    let mut each = respond("events = 2");
    let mut together = respond("events = 2\nipv6_prefix = 64");
    let (one, other) = (attack("2001:db8:1:2::1"), attack("2001:db8:1:2:ffff::9"));
    assert_eq!(each.observe(&one, 0, &passlist()), None);
    assert_eq!(each.observe(&other, 0, &passlist()), None);
    assert_eq!(together.observe(&one, 0, &passlist()), None);
    assert_eq!(together.observe(&other, 0, &passlist()).unwrap().block.net, net("2001:db8:1:2::/64"));
}

#[test]
fn the_table_is_bounded_and_forgets_who_is_silent() {
    let passlist = passlist();
    let mut policy = respond("events = 2\nwindow = '1d'");
    let address = |number: u32| Attack {
        client: IpAddr::from((0x1500_0000 + number).to_be_bytes()),
        ..attack(ATTACKER)
    };
    let many = 50;
    policy.caps.actors = 50;
    for number in 0..=many {
        assert_eq!(policy.observe(&address(number), Ktime::from(number), &passlist), None);
    }
    assert_eq!(policy.stats().actors_forgotten, 1);
    assert!(policy.observe(&address(1), SECOND, &passlist).is_some(), "remembered");
    assert!(policy.observe(&address(0), SECOND, &passlist).is_none(), "forgotten");

    // Few actors with many events each are bounded, too.
    let mut policy = respond("events = 1000\nwindow = '1d'");
    policy.caps.events = 3000;
    for event in 0..999 * 4 {
        assert_eq!(policy.observe(&address(event / 999), event.into(), &passlist), None);
    }
    assert_eq!(policy.stats().actors_forgotten, 1);
}

#[test]
fn a_reload_keeps_what_was_counted() {
    let mut policy = respond("events = 3");
    policy.observe(&attack(ATTACKER), 0, &passlist());
    policy.configure(config("[respond]\nenabled = true\nevents = 2").respond);
    assert!(policy.observe(&attack(ATTACKER), SECOND, &passlist()).is_some());
}

proptest! {
    /// Against the plainest counting: all events of an actor since its last block.
    #[test]
    fn windows_are_counted_exactly(
        events in proptest::collection::vec((0u8..4, 0u64..8), 0..60), needed in 1usize..6, window in 1u64..20,
    ) {
        let mut policy = respond(&format!("events = {needed}\nwindow = '{window}s'"));
        let mut plain: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
        let mut at = 0;
        for (actor, step) in events {
            at += step;
            let seen = plain.entry(actor).or_default();
            seen.push(at);
            let expected = seen.iter().filter(|&&then| at - then <= window).count() >= needed;
            if expected {
                seen.clear();
            }
            let decided = policy.observe(&attack(&format!("203.0.113.{actor}")), at * SECOND, &passlist());
            prop_assert_eq!(decided.is_some(), expected);
        }
    }
}
