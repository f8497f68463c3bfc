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
        passlist.add(IpNet::from(IpAddr::from((0x0b00_0000 + number).to_be_bytes())), None, now()).unwrap();
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
