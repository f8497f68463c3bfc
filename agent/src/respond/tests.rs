use std::{
    collections::BTreeMap,
    fs,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{
    config::{self, Config},
    limits,
    time::{Ktime, SECOND},
};

fn net(text: &str) -> IpNet {
    config::parse_network(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T04:40:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn host() -> HostAddresses {
    HostAddresses {
        own: [ip("198.51.100.2"), ip("2001:db8::2"), ip("127.0.0.1")].into(),
        gateways: [ip("198.51.100.1"), ip("fe80::1")].into(),
    }
}

fn config(text: &str) -> Config {
    Config::parse(text, "test").unwrap()
}

fn passlist() -> Passlist {
    let config = config(
        "[proxies]\ntrusted = ['10.0.0.0/8']\n[passlist]\naddresses = ['192.0.2.0/24', '2001:db8:7::/48']",
    );
    Passlist::new(host(), &config)
}

/// An enforcer in memory that drops as the XDP program does.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    denied: BTreeMap<IpNet, Option<Timestamp>>,
    passed: Vec<IpNet>,
    room: Option<usize>,
}

impl Memory {
    fn drops_from(&self, address: IpAddr, now: Timestamp) -> bool {
        let tables = self.0.lock().unwrap();
        let ended = |until: &Option<Timestamp>| until.is_some_and(|until| until <= now);
        !tables.passed.iter().any(|net| net.contains(&address))
            && tables.denied.iter().any(|(net, until)| net.contains(&address) && !ended(until))
    }
}

impl Enforcer for Memory {
    fn deny(&mut self, net: IpNet, until: Option<Timestamp>) -> Result<(), EnforceError> {
        let mut tables = self.0.lock().unwrap();
        if tables.room.is_some_and(|room| tables.denied.len() >= room) && !tables.denied.contains_key(&net) {
            return Err(EnforceError("no room".into()));
        }
        tables.denied.insert(net, until);
        Ok(())
    }

    fn allow(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.0.lock().unwrap().denied.remove(&net);
        Ok(())
    }

    fn pass(&mut self, nets: &[IpNet]) -> Result<(), EnforceError> {
        self.0.lock().unwrap().passed = nets.to_vec();
        Ok(())
    }

    fn drops(&mut self, net: IpNet) -> Option<Drops> {
        self.0.lock().unwrap().denied.get(&net).map(|_| Drops { packets: 7, first: Some(now()) })
    }

    fn standing(&mut self) -> Result<Vec<Standing>, EnforceError> {
        let tables = self.0.lock().unwrap();
        Ok(tables.denied.iter().map(|(&net, &until)| Standing { net, until }).collect())
    }
}

fn open(directory: &Path, memory: &Memory, now: Timestamp) -> (Denylist, Option<Notice>) {
    let opened = Denylist::open(directory, Some(Box::new(memory.clone())), &passlist(), now).unwrap();
    assert_eq!(opened.refused, []);
    (opened.denylist, opened.notice)
}

fn minutes(minutes: u64) -> Option<Duration> {
    Some(Duration::from_secs(60 * minutes))
}

mod policy {
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
        assert_eq!(
            decision.to_string(),
            "203.0.113.7 is blocked for 10m: 2 attack events within 1m30s (sqli-1)"
        );
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
        assert!(
            policy.observe(&matching(vec![("sqli-2", None), ("sqli-1", None)]), 0, &passlist()).is_some()
        );

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
}

mod denylist {
    use super::*;

    #[test]
    fn block_unblock_and_the_end_of_a_block() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let (mut denylist, notice) = open(directory.path(), &memory, now());
        assert_eq!(notice, None);
        let attacker = ip("203.0.113.7");

        let blocked = denylist
            .block(Block::by_user(net("203.0.113.7"), minutes(10), "a test"), &passlist(), now())
            .unwrap();
        assert_eq!((blocked.again, blocked.not_enforced, blocked.excepted), (false, None, vec![]));
        assert!(memory.drops_from(attacker, after(599)));
        assert!(!memory.drops_from(attacker, after(600)), "the kernel ends it by itself");
        assert_eq!(denylist.next_end(), Some(after(600)));
        assert_eq!(denylist.sweep(after(599)), []);
        assert_eq!(denylist.sweep(after(600)).len(), 1);
        assert!(denylist.is_empty() && memory.0.lock().unwrap().denied.is_empty());

        denylist.block(Block::by_user(net("203.0.113.0/24"), None, "a test"), &passlist(), now()).unwrap();
        let covered = denylist.unblock(net("203.0.113.7")).unwrap_err();
        assert!(covered.to_string().contains("203.0.113.0/24"), "{covered}");
        let listed = denylist.list();
        assert_eq!((listed.len(), listed[0].drops, listed[0].enforced), (1, 7, true));
        assert_eq!(denylist.unblock(net("203.0.113.0/24")).unwrap().until, None);
        assert_eq!(
            denylist.unblock(net("203.0.113.0/24")),
            Err(UnblockError::Unknown(net("203.0.113.0/24")))
        );
        assert!(!memory.drops_from(attacker, now()));
    }

    #[test]
    fn some_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (mut denylist, _) = open(directory.path(), &Memory::default(), now());
        let cases = [
            ("127.0.0.1", "loopback"),
            ("127.0.0.0/8", "loopback"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("198.51.100.2", "an address of this host"),
            ("198.51.100.1", "a gateway of this host"),
            ("10.1.2.3", "a trusted proxy"),
            ("10.1.0.0/16", "a trusted proxy"),
            ("192.0.2.9", "named in the configuration"),
            ("0.0.0.0/0", "wider than /8"),
            ("196.0.0.0/6", "wider than /8"),
            ("2000::/3", "wider than /16"),
            ("0.0.0.0", "unspecified, multicast"),
            ("::", "unspecified, multicast"),
            ("224.0.0.1", "unspecified, multicast"),
            ("ff02::1", "unspecified, multicast"),
        ];
        for (who, why) in cases {
            let error = denylist.block(Block::by_user(net(who), None, "x"), &passlist(), now()).unwrap_err();
            assert!(error.to_string().contains(why), "{who}: {error}");
        }
        assert_eq!(cases.len(), 16);
        assert!(denylist.is_empty());

        // A network around passlisted addresses can be blocked; they stay reachable.
        let blocked =
            denylist.block(Block::by_user(net("198.51.100.0/24"), None, "x"), &passlist(), now()).unwrap();
        let excepted: Vec<String> = blocked.excepted.iter().map(|pass| pass.address.to_string()).collect();
        assert_eq!(excepted, ["198.51.100.2/32", "198.51.100.1/32"]);
    }

    #[test]
    fn a_person_replaces_the_end_and_respond_only_puts_it_off() {
        let directory = tempfile::tempdir().unwrap();
        let (mut denylist, _) = open(directory.path(), &Memory::default(), now());
        let respond = |block_for| {
            let cause = Cause { by: By::Respond, reason: "r".into(), rules: vec![], events: vec![] };
            Block { net: net("203.0.113.7"), block_for, cause }
        };
        let user = |block_for| Block::by_user(net("203.0.113.7"), block_for, "u");
        let steps = [
            (respond(minutes(10)), Some(after(600)), By::Respond),
            (respond(minutes(5)), Some(after(600)), By::Respond),
            (respond(minutes(20)), Some(after(1200)), By::Respond),
            (user(minutes(1)), Some(after(60)), By::User),
            (user(None), None, By::User),
            (respond(minutes(10)), None, By::User),
            (user(minutes(2)), Some(after(120)), By::User),
            (respond(None), None, By::Respond),
        ];
        for (step, (block, until, by)) in steps.into_iter().enumerate() {
            let blocked = denylist.block(block, &passlist(), now()).unwrap();
            assert_eq!(
                (blocked.again, blocked.entry.until, blocked.entry.cause.by),
                (step > 0, until, by),
                "step {step}"
            );
        }
        assert_eq!((denylist.len(), denylist.next_end()), (1, None));
        // An entry that ended before it was swept away is a new one.
        denylist.block(user(minutes(1)), &passlist(), now()).unwrap();
        let blocked = denylist.block(respond(minutes(1)), &passlist(), after(60)).unwrap();
        assert_eq!(
            (blocked.again, blocked.entry.since, denylist.next_end()),
            (false, after(60), Some(after(120)))
        );
    }

    #[test]
    fn without_an_enforcer_blocks_are_written_down_and_say_so() {
        let directory = tempfile::tempdir().unwrap();
        let mut denylist = Denylist::open(directory.path(), None, &passlist(), now()).unwrap().denylist;
        let blocked =
            denylist.block(Block::by_user(net("203.0.113.7"), None, "x"), &passlist(), now()).unwrap();
        assert!(blocked.not_enforced.unwrap().contains("--deny IFACE"));
        assert!(!denylist.list()[0].enforced);

        // A kernel that refuses is said, too.
        let memory = Memory::default();
        memory.0.lock().unwrap().room = Some(0);
        let (mut denylist, _) = open(directory.path(), &memory, now());
        let blocked =
            denylist.block(Block::by_user(net("203.0.113.8"), None, "x"), &passlist(), now()).unwrap();
        assert_eq!(blocked.not_enforced.as_deref(), Some("no room"));
    }

    #[test]
    fn a_restart_adopts_what_stands_and_forgets_what_ended() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let (mut denylist, _) = open(directory.path(), &memory, now());
        denylist.block(Block::by_user(net("203.0.113.1"), None, "on disk"), &passlist(), now()).unwrap();
        denylist.block(Block::by_user(net("203.0.113.2"), minutes(1), "ends"), &passlist(), now()).unwrap();
        denylist.save().unwrap();
        assert!(denylist.unsaved().is_none());
        denylist
            .block(Block::by_user(net("203.0.113.3"), minutes(10), "not on disk"), &passlist(), now())
            .unwrap();
        // Killed here. Somebody else put a passlisted address into the table.
        memory.0.lock().unwrap().denied.insert(net("192.0.2.1"), None);

        let (mut denylist, notice) = open(directory.path(), &memory, after(60));
        assert_eq!(notice, None);
        let listed: Vec<(String, By)> =
            denylist.list().iter().map(|l| (l.entry.address.addr().to_string(), l.entry.cause.by)).collect();
        assert_eq!(listed, [("203.0.113.1".to_owned(), By::User), ("203.0.113.3".to_owned(), By::Adopted)]);
        let denied: Vec<IpNet> = memory.0.lock().unwrap().denied.keys().copied().collect();
        assert_eq!(denied, [net("203.0.113.1"), net("203.0.113.3")]);
        assert_eq!(denylist.entry(net("203.0.113.3")).unwrap().until, Some(after(600)));
        denylist.save().unwrap();
        // The machine restarts: the table is empty, the file is not.
        let memory = Memory::default();
        open(directory.path(), &memory, after(60));
        assert_eq!(memory.0.lock().unwrap().denied.len(), 2);
    }

    #[test]
    fn damaged_files_are_kept_aside_and_said() {
        let entry = r#"{"address":"203.0.113.7","since":"2026-11-22T04:40:00Z","until":null,"by":"user","reason":"x"}"#;
        let good = format!(r#"{{"version":1,"entries":[{entry}]}}"#);
        let cases: &[(&[u8], usize, &str)] = &[
            (b"", 0, "not a list of Picket's"),
            (b"\0\0\0\0", 0, "not a list of Picket's"),
            (&good.as_bytes()[..good.len() / 2], 0, "not a list of Picket's"),
            (b"{\"version\":9,\"entries\":[]}", 0, "version 9"),
            (b"{\"version\":1,\"entries\":[{\"address\":\"nonsense\"}]}", 0, "can't be read"),
            (
                &format!(r#"{{"version":1,"entries":[{{"address":"x"}},{entry}]}}"#).into_bytes(),
                1,
                "can't be read",
            ),
        ];
        for (content, read, why) in cases {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join("denylist.json"), content).unwrap();
            let (mut denylist, notice) = open(directory.path(), &Memory::default(), now());
            let notice = notice.unwrap();
            assert_eq!((denylist.len(), notice.read), (*read, *read));
            assert!(notice.why.contains(why), "{notice}");
            assert_eq!(notice.kept_as.file_name().unwrap(), "denylist.json.corrupt-20261122T044000Z");
            assert_eq!(fs::read(&notice.kept_as).unwrap(), *content);
            denylist.save().unwrap();
            let (denylist, notice) = open(directory.path(), &Memory::default(), now());
            assert_eq!((denylist.len(), notice), (*read, None), "written anew");
        }
        assert_eq!(cases.len(), 6);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("denylist.json");
        for number in 0..3 {
            fs::write(&path, format!("broken {number}")).unwrap();
            open(directory.path(), &Memory::default(), now());
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "none overwritten");
    }

    #[test]
    fn a_state_directory_that_is_gone_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let (mut denylist, _) = open(directory.path(), &Memory::default(), now());
        denylist.block(Block::by_user(net("203.0.113.7"), None, "x"), &passlist(), now()).unwrap();
        let path = directory.path().to_owned();
        directory.close().unwrap();
        let error = denylist.save().unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(denylist.unsaved().is_some(), "to be tried again");
        fs::create_dir(&path).unwrap();
        denylist.save().unwrap();
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn ends_on_the_clock_of_the_kernel() {
        let boot = 1_000 * SECOND;
        assert_eq!(boottime(None, now(), boot), 0);
        assert_eq!(boottime(Some(after(5)), now(), boot), 1_005 * SECOND);
        assert_eq!(boottime(Some(after(-5)), now(), boot), 995 * SECOND);
        assert_eq!(boottime(Some(after(-1_000)), now(), boot), 1);
        assert_eq!(boottime(Some(after(-5_000)), now(), boot), 1);
        assert_eq!(boottime(Some(Timestamp::MAX), now(), boot), Ktime::MAX);
        assert_ne!(boottime(Some(Timestamp::MAX), now(), u64::MAX), 0);
    }
}

mod pass {
    use super::*;

    #[test]
    fn people_add_and_remove_their_own_entries() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Passlist::open(directory.path(), host(), &Config::default(), now()).unwrap().0;
        let mut passlist = open();
        assert_eq!(
            passlist.add(net("203.0.113.0/24"), Some("office".into()), now()).unwrap(),
            PassChange::Changed
        );
        assert_eq!(passlist.add(net("203.0.113.0/24"), None, now()).unwrap(), PassChange::AsBefore);
        assert!(open().contains(ip("::ffff:203.0.113.9")));
        let listed = open().list();
        let added = listed.last().unwrap();
        assert_eq!(
            (added.reason, added.since, added.note.as_deref()),
            (PassReason::Added, Some(now()), Some("office"))
        );

        let error = passlist.remove(net("127.0.0.0/8")).unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.0/8 stays on the passlist: it is loopback");
        let error = passlist.remove(net("203.0.113.9")).unwrap_err();
        assert_eq!(error.to_string(), "203.0.113.9 is not on the passlist");
        assert_eq!(passlist.remove(net("203.0.113.0/24")).unwrap(), PassChange::Changed);
        assert!(!open().contains(ip("203.0.113.9")));

        fs::write(directory.path().join("passlist.json"), "[").unwrap();
        let (_, notice) = Passlist::open(directory.path(), host(), &Config::default(), now()).unwrap();
        assert!(notice.unwrap().kept_as.exists());
    }

    #[test]
    fn what_comes_onto_the_passlist_is_blocked_no_longer() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let (mut denylist, _) = open(directory.path(), &memory, now());
        let mut passlist = passlist();
        denylist.block(Block::by_user(net("203.0.113.7"), None, "x"), &passlist, now()).unwrap();
        denylist.block(Block::by_user(net("203.0.113.0/24"), None, "x"), &passlist, now()).unwrap();
        assert!(passlist.set_host(HostAddresses { own: [ip("203.0.113.7")].into(), ..host() }));
        assert!(!passlist.set_host(HostAddresses { own: [ip("203.0.113.7")].into(), ..host() }));
        let lifted = denylist.apply(&passlist).unwrap();
        assert_eq!(lifted.iter().map(|entry| entry.address).collect::<Vec<_>>(), [net("203.0.113.7")]);
        assert!(!memory.drops_from(ip("203.0.113.7"), now()));
        assert!(memory.drops_from(ip("203.0.113.8"), now()));
    }

    #[test]
    fn the_list_is_bounded() {
        let mut passlist = Passlist::default();
        for number in 0..limits::PASSLIST_ENTRIES as u32 {
            passlist
                .add(IpNet::from(IpAddr::from((0x0b00_0000 + number).to_be_bytes())), None, now())
                .unwrap();
        }
        assert!(matches!(passlist.add(net("203.0.113.7"), None, now()), Err(PasslistError::Full(_))));
    }

    /// Loopback is an own address everywhere; more is known only where there is a network.
    #[test]
    fn the_kernel_tells_the_hosts_addresses() {
        let host = HostAddresses::read().unwrap();
        assert!(host.own.contains(&ip("127.0.0.1")), "{host:?}");
        let routes = fs::read_to_string("/proc/net/route").unwrap();
        let gateways: Vec<IpAddr> = routes
            .lines()
            .skip(1)
            .filter_map(|line| u32::from_str_radix(line.split_whitespace().nth(2)?, 16).ok())
            .filter(|gateway| *gateway != 0)
            .map(|gateway| IpAddr::from(gateway.to_ne_bytes()))
            .collect();
        for gateway in gateways {
            assert!(host.gateways.contains(&gateway), "{gateway} {host:?}");
        }
    }
}

fn any_net() -> impl Strategy<Value = IpNet> {
    let v4 =
        (any::<u32>(), 0u8..=32).prop_map(|(bits, len)| IpNet::new(IpAddr::from(bits.to_be_bytes()), len));
    let v6 =
        (any::<u128>(), 0u8..=128).prop_map(|(bits, len)| IpNet::new(IpAddr::from(bits.to_be_bytes()), len));
    // Close to what is passlisted, too.
    let near = prop::sample::select(vec![
        "127.0.0.1",
        "198.51.100.1",
        "10.0.0.1",
        "192.0.2.1",
        "2001:db8::2",
        "fe80::1",
        "::1",
        "203.0.113.1",
    ]);
    let near = (near, 0u8..=128).prop_map(|(address, len)| {
        let address = ip(address);
        IpNet::new(address, if address.is_ipv4() { len % 33 } else { len })
    });
    prop_oneof![v4, v6, near].prop_map(|net| net.unwrap().trunc())
}

#[derive(Clone, Debug)]
enum Step {
    Block(IpNet, Option<u16>, bool),
    Unblock(IpNet),
    Pass(IpNet),
    Forget(IpNet),
    Wait(u16),
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any_net(), proptest::option::of(1u16..600), any::<bool>()).prop_map(|(net, span, user)| Step::Block(net, span, user)),
        1 => any_net().prop_map(Step::Unblock),
        1 => any_net().prop_map(Step::Pass),
        1 => any_net().prop_map(Step::Forget),
        2 => (0u16..400).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    // Each case waits for the disk a few times.
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is done, in whatever order: nobody on the passlist is dropped, the kernel holds what the list
    /// holds, and both survive a restart.
    #[test]
    fn the_passlist_always_wins(steps in proptest::collection::vec(any_step(), 0..30)) {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let mut passlist = passlist();
        let (mut denylist, _) = open(directory.path(), &memory, now());
        let mut time = now();
        for step in steps {
            match step {
                Step::Block(net, span, user) => {
                    let by = if user { By::User } else { By::Respond };
                    let cause = Cause { by, reason: "x".into(), rules: vec![], events: vec![] };
                    let block_for = span.map(|span| Duration::from_secs(span.into()));
                    let blocked = denylist.block(Block { net, block_for, cause }, &passlist, time);
                    prop_assert!(blocked.is_err() || passlist.why(net).is_none());
                }
                Step::Unblock(net) => drop(denylist.unblock(net)),
                Step::Pass(net) => {
                    passlist.add(net, None, time).unwrap();
                    denylist.apply(&passlist).unwrap();
                }
                Step::Forget(net) => {
                    let _ = passlist.remove(net);
                    denylist.apply(&passlist).unwrap();
                }
                Step::Wait(seconds) => {
                    time += SignedDuration::from_secs(seconds.into());
                    denylist.sweep(time);
                }
                Step::Restart => {
                    denylist.save().unwrap();
                    let before: Vec<Listed> = denylist.list();
                    let opened = Denylist::open(directory.path(), Some(Box::new(memory.clone())), &passlist, time).unwrap();
                    denylist = opened.denylist;
                    prop_assert_eq!((opened.notice, opened.refused), (None, vec![]));
                    prop_assert_eq!(denylist.list(), before);
                    prop_assert!(denylist.unsaved().is_none());
                }
            }
            for entry in passlist.list() {
                prop_assert!(!memory.drops_from(entry.address.addr(), time), "{:?}", entry);
            }
            let held: BTreeMap<IpNet, Option<Timestamp>> =
                denylist.list().into_iter().map(|listed| (listed.entry.address, listed.entry.until)).collect();
            prop_assert_eq!(&memory.0.lock().unwrap().denied, &held);
            prop_assert_eq!(denylist.next_end(), held.values().flatten().min().copied());
        }
    }

    #[test]
    fn a_damaged_file_never_panics(cut in 0.0f64..1.0, flip in 0usize..10_000, byte: u8, nets in proptest::collection::vec(any_net(), 0..5)) {
        let directory = tempfile::tempdir().unwrap();
        let (mut denylist, _) = open(directory.path(), &Memory::default(), now());
        for net in nets {
            let _ = denylist.block(Block::by_user(net, minutes(1), "x"), &passlist(), now());
        }
        denylist.save().unwrap();
        let path = directory.path().join("denylist.json");
        let Ok(mut bytes) = fs::read(&path) else { return Ok(()) };
        bytes.truncate((bytes.len() as f64 * cut) as usize + 1);
        let len = bytes.len();
        bytes[flip % len] = byte;
        fs::write(&path, &bytes).unwrap();
        let (again, notice) = open(directory.path(), &Memory::default(), now());
        prop_assert!(again.len() <= denylist.len());
        if let Some(notice) = notice {
            prop_assert_eq!(fs::read(notice.kept_as).unwrap(), bytes);
        }
    }
}
