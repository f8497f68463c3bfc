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
    assert_eq!(denylist.unblock(net("203.0.113.0/24")), Err(UnblockError::Unknown(net("203.0.113.0/24"))));
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
        let cause = Cause {
            by: By::Respond,
            reason: "r".into(),
            author: None,
            signal: None,
            rules: vec![],
            events: vec![],
        };
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
    let blocked = denylist.block(Block::by_user(net("203.0.113.7"), None, "x"), &passlist(), now()).unwrap();
    assert!(blocked.not_enforced.unwrap().contains("--deny IFACE"));
    assert!(!denylist.list()[0].enforced);

    // A kernel that refuses is said, too.
    let memory = Memory::default();
    memory.0.lock().unwrap().room = Some(0);
    let (mut denylist, _) = open(directory.path(), &memory, now());
    let blocked = denylist.block(Block::by_user(net("203.0.113.8"), None, "x"), &passlist(), now()).unwrap();
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
    let entry =
        r#"{"address":"203.0.113.7","since":"2026-11-22T04:40:00Z","until":null,"by":"user","reason":"x"}"#;
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
