//! The kernel programs one by one, with `BPF_PROG_TEST_RUN`: what they answer for packets made here.
//! Needs root; the kernel of the machine the tests run on.

use std::{
    cell::{Cell, RefCell},
    net::{IpAddr, Ipv6Addr},
};

use aya::programs::{TestRun, TestRunOptions};
use ipnet::IpNet;
use picket::{
    probe::{
        deny::Deny,
        tap::{Loaded, TapOptions},
    },
    time,
};
use picket_common::{conn::Direction, stats::Counter};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

fn net(text: &str) -> IpNet {
    match text.parse::<IpAddr>() {
        Ok(ip) => ip.into(),
        Err(_) => text.parse().expect("a network"),
    }
}

/// An Ethernet frame with an IP header and 64 bytes behind it.
fn frame(source: &str, vlans: &[u16]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    for kind in vlans {
        frame.extend(kind.to_be_bytes());
        frame.extend([0, 7]);
    }
    match source.parse::<IpAddr>().expect("an address") {
        IpAddr::V4(ip) => {
            frame.extend([0x08, 0x00, 0x45, 0, 0, 84, 0, 0, 0, 0, 64, 6, 0, 0]);
            frame.extend(ip.octets());
            frame.extend([10, 0, 0, 1]);
        }
        IpAddr::V6(ip) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 64, 6, 64]);
            frame.extend(ip.octets());
            frame.extend(Ipv6Addr::LOCALHOST.octets());
        }
    }
    frame.extend([0; 64]);
    frame
}

fn answer(deny: &Deny, frame: &[u8]) -> u32 {
    let mut out = vec![0; frame.len() + 64];
    let options = TestRunOptions { data_in: Some(frame), data_out: Some(&mut out), ..TestRunOptions::new() };
    deny.program().expect("the deny program").test_run(options).expect("a test run").return_value
}

#[test]
fn a_denied_address_is_dropped_and_counted_its_neighbour_is_not() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    for (denied, neighbour) in [("192.0.2.7", "192.0.2.8"), ("2001:db8::7", "2001:db8::8")] {
        assert_eq!(answer(&deny, &frame(denied, &[])), XDP_PASS, "{denied} is not denied yet");
        deny.deny(net(denied), 0).expect("denied");
        for _ in 0..3 {
            assert_eq!(answer(&deny, &frame(denied, &[])), XDP_DROP, "{denied} for good");
        }
        assert_eq!(answer(&deny, &frame(neighbour, &[])), XDP_PASS);
        let entry = deny.entry(net(denied)).expect("its entry");
        assert_eq!(entry.drops, 3);
        assert!(entry.first_drop > 0 && entry.first_drop <= time::boot_now());
        assert!(deny.allow(net(denied)).expect("lifted"), "there was a block");
        assert!(!deny.allow(net(denied)).expect("lifted again"), "there was none any more");
        assert_eq!(answer(&deny, &frame(denied, &[])), XDP_PASS, "{denied} after the block");
    }
}

#[test]
fn a_block_ends_by_itself_in_the_kernel() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    let ends = time::boot_now() + 200_000_000;
    deny.deny(net("192.0.2.7"), ends).expect("denied");
    let mut dropped = 0;
    loop {
        let before = time::boot_now();
        let answer = answer(&deny, &frame("192.0.2.7", &[]));
        let after = time::boot_now();
        if answer == XDP_DROP {
            dropped += 1;
            assert!(before < ends, "dropped although the block had ended");
        } else {
            assert!(after >= ends, "let through although the block had not ended");
            break;
        }
    }
    assert!(dropped > 0, "the block was in force before it ended");
}

#[test]
fn networks_are_denied_and_the_passlist_wins_over_all() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    for (cidr, inside, outside) in [
        ("198.51.100.0/24", "198.51.100.77", "198.51.101.1"),
        ("2001:db8:1::/48", "2001:db8:1::77", "2001:db8:2::1"),
    ] {
        deny.deny(net(cidr), 0).expect("denied");
        assert_eq!(answer(&deny, &frame(inside, &[])), XDP_DROP, "{inside} in {cidr}");
        assert_eq!(answer(&deny, &frame(outside, &[])), XDP_PASS, "{outside} not in {cidr}");
        assert_eq!(deny.entry(net(cidr)).expect("its entry").drops, 1);

        deny.pass(&[net(inside)]).expect("passlisted");
        assert_eq!(answer(&deny, &frame(inside, &[])), XDP_PASS, "{inside} is passlisted");
        deny.deny(net(inside), 0).expect("denied as well");
        assert_eq!(answer(&deny, &frame(inside, &[])), XDP_PASS, "{inside} is still passlisted");
        deny.pass(&[]).expect("passlist emptied");
        assert_eq!(answer(&deny, &frame(inside, &[])), XDP_DROP, "{inside} is passlisted no more");
        deny.allow(net(cidr)).expect("lifted");
        deny.allow(net(inside)).expect("lifted");
        assert_eq!(answer(&deny, &frame(inside, &[])), XDP_PASS);
    }
    let (dropped, passed) = deny.packets().expect("counts");
    assert_eq!((dropped.iter().sum::<u64>(), passed.iter().sum::<u64>()), (4, 4));
}

#[test]
fn an_address_found_not_on_the_passlist_is_let_through_once_it_is() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    for (denied, around) in [("192.0.2.7", "192.0.2.0/24"), ("2001:db8::7", "2001:db8::/32")] {
        deny.deny(net(denied), 0).expect("denied");
        for _ in 0..3 {
            deny.pass(&[]).expect("passlist emptied");
            // The second packet meets what the first found out.
            assert_eq!(answer(&deny, &frame(denied, &[])), XDP_DROP, "{denied}");
            assert_eq!(answer(&deny, &frame(denied, &[])), XDP_DROP, "{denied}");
            deny.pass(&[net(around)]).expect("passlisted");
            assert_eq!(answer(&deny, &frame(denied, &[])), XDP_PASS, "{denied} in {around}");
        }
    }
}

#[test]
fn a_long_block_is_in_force_without_a_look_at_the_clock_for_every_packet() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    let day = 86_400_000_000_000;
    deny.deny(net("192.0.2.7"), time::boot_now() + day).expect("denied");
    assert_eq!(answer(&deny, &frame("192.0.2.7", &[])), XDP_DROP);
    assert_eq!(answer(&deny, &frame("192.0.2.7", &[])), XDP_DROP);
    // Shortened to a time that is over: the next packet sees it.
    deny.deny(net("192.0.2.7"), time::boot_now() - 1).expect("denied until now");
    assert_eq!(answer(&deny, &frame("192.0.2.7", &[])), XDP_PASS);
}

#[test]
fn an_ended_address_block_does_not_hide_its_network() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    deny.deny(net("198.51.100.7"), 1).expect("denied until long ago");
    deny.deny(net("198.51.100.0/24"), 0).expect("denied");
    assert_eq!(answer(&deny, &frame("198.51.100.7", &[])), XDP_DROP);
}

#[test]
fn vlan_tags_hide_nobody() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    deny.deny(net("192.0.2.7"), 0).expect("denied");
    deny.deny(net("2001:db8::7"), 0).expect("denied");
    for vlans in [&[0x8100][..], &[0x88a8, 0x8100]] {
        assert_eq!(answer(&deny, &frame("192.0.2.7", vlans)), XDP_DROP, "{vlans:x?}");
        assert_eq!(answer(&deny, &frame("2001:db8::7", vlans)), XDP_DROP, "{vlans:x?}");
    }
}

#[test]
fn entries_come_back_as_they_went_in() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    let nets = ["192.0.2.7", "2001:db8::7", "198.51.100.0/24", "2001:db8:1::/48"].map(net);
    for (i, net) in nets.iter().enumerate() {
        deny.deny(*net, i as u64 * 1000).expect("denied");
    }
    let mut entries: Vec<_> = deny.entries().into_iter().map(|(net, e)| (net, e.expires)).collect();
    entries.sort();
    let mut expected: Vec<_> = nets.iter().enumerate().map(|(i, n)| (*n, i as u64 * 1000)).collect();
    expected.sort();
    assert_eq!(entries, expected);
}

#[test]
fn prop_deny_never_fails_on_any_frame() {
    let mut deny = Deny::load(None).expect("the deny program loads");
    deny.deny(net("0.0.0.0/1"), 0).expect("denied");
    deny.deny(net("::/1"), 0).expect("denied");
    let mut runner = TestRunner::new(Config { cases: 5_000, failure_persistence: None, ..Config::default() });
    let headers = prop::sample::select(vec![[8u8, 0], [0x86, 0xdd], [0x81, 0], [0x88, 0xa8], [8, 6]]);
    runner
        .run(&(prop::collection::vec(any::<u8>(), 14..200), headers), |(mut frame, kind)| {
            frame[12..14].copy_from_slice(&kind);
            prop_assert!([XDP_DROP, XDP_PASS].contains(&answer(&deny, &frame)));
            Ok(())
        })
        .expect("an answer for every frame");
}

/// Random bytes behind something that looks like IP and TCP, so that every branch of the tap is met.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        Just(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        Just(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Just(b"P".to_vec()),
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..1000),
        // A test run takes at most a page of packet.
        (any::<u8>(), 1000usize..3_000).prop_map(|(b, n)| vec![b; n]),
    ];
    let bytes = prop::collection::vec(any::<u8>(), 80);
    (payload, bytes, any::<bool>(), 0..12u8, any::<bool>()).prop_map(|(payload, noise, v6, doff, sane)| {
        let mut packet = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        packet.extend(if v6 { [0x86, 0xdd] } else { [8, 0] });
        let ip = packet.len();
        packet.extend(&noise[..if v6 { 60 } else { 40 }]);
        if sane {
            packet[ip] = if v6 { 0x60 } else { 0x45 };
            packet[ip + if v6 { 6 } else { 9 }] = 6;
            let tcp = ip + if v6 { 40 } else { 20 };
            packet[tcp + 12] = (5 + doff % 4) << 4;
            packet[tcp + 13] = 0x18;
            packet.extend(vec![1; usize::from(doff % 4) * 4]);
        }
        packet.extend(payload);
        packet
    })
}

#[test]
fn prop_the_tap_lets_every_packet_through() {
    let options =
        TapOptions { cgroup: None, rings: 2, ring_size: 1 << 13, request_body: 4096, response_body: 4096 };
    let tap = Loaded::load(&options).expect("the tap loads");
    let cases = 20_000;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let (ran, drained) = (Cell::new(0u32), Cell::new(0usize));
    let tap = RefCell::new(tap);
    runner
        .run(&(packets(), any::<bool>()), |(packet, ingress)| {
            let mut tap = tap.borrow_mut();
            let direction = if ingress { Direction::Ingress } else { Direction::Egress };
            let mut out = vec![0; packet.len() + 64];
            let options =
                TestRunOptions { data_in: Some(&packet), data_out: Some(&mut out), ..TestRunOptions::new() };
            let run = tap.program(direction).expect("its program").test_run(options).expect("a test run");
            prop_assert_eq!(run.return_value, 1);
            ran.set(ran.get() + 1);
            // Left alone for a while, so that the full ring is met as well.
            if ran.get().is_multiple_of(3072) {
                for ring in tap.rings() {
                    drained.set(drained.get() + ring.drain(usize::MAX, |_| ()));
                }
            }
            Ok(())
        })
        .expect("1 for every packet");
    assert_eq!(ran.get(), cases, "every case ran");
    let counts = tap.borrow().counts().read().expect("counts");
    let total = |wanted: Counter| -> u64 {
        counts.iter().filter(|(c, _)| *c == wanted).flat_map(|(_, cpus)| cpus).sum()
    };
    // The run reached what it is meant to test: records were written, and the ring was full at times.
    assert!(total(Counter::Records) > 300, "records: {}", total(Counter::Records));
    assert!(total(Counter::RingFull) > 0, "the full ring was met");
    assert!(drained.get() > 0);
}
