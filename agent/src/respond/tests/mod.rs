mod denylist;
mod pass;
mod policy;

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
                    let cause = Cause { by, reason: "x".into(), author: None, signal: None, rules: vec![], events: vec![] };
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
