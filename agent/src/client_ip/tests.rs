use proptest::prelude::*;

use super::*;

fn header(name: &str, value: &str) -> Header {
    Header { name: Bytes::from(name.to_owned()), value: Bytes::from(value.to_owned()) }
}

fn finder(header: &str) -> ClientIp {
    let trusted = ["10.0.0.0/8", "2001:db8:ffff::/48", "::ffff:192.168.0.0/112"];
    ClientIp::new(trusted.iter().map(|net| net.parse().unwrap()).collect(), ForwardedHeader::named(header))
}

#[test]
fn x_forwarded_for() {
    let cases: &[(&str, &[&str], &str)] = &[
        // The peer is not trusted: its words do not count.
        ("203.0.113.9", &["198.51.100.7"], "203.0.113.9"),
        ("::ffff:203.0.113.9", &[], "203.0.113.9"),
        ("10.0.0.2", &[], "10.0.0.2"),
        ("::ffff:10.0.0.2", &["198.51.100.7"], "198.51.100.7"),
        ("192.168.3.4", &["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.2", &["6.6.6.6, 198.51.100.7, 10.0.0.9"], "198.51.100.7"),
        ("10.0.0.2", &["6.6.6.6", "198.51.100.7", "10.0.0.9"], "198.51.100.7"),
        ("10.0.0.2", &["6.6.6.6, 198.51.100.7", "10.0.0.9,10.0.0.8"], "198.51.100.7"),
        // All hops are trusted: the one furthest out is the client.
        ("10.0.0.2", &["10.0.0.3, 10.0.0.4"], "10.0.0.3"),
        ("10.0.0.2", &["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.2", &["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.2", &["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.2", &["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.2", &["\"[2001:db8::1]:4711\""], "2001:db8::1"),
        ("10.0.0.2", &["fe80::1%eth0"], "fe80::1"),
        ("10.0.0.2", &["[fe80::1%25eth0]:80"], "fe80::1"),
        ("10.0.0.2", &["::ffff:198.51.100.7"], "198.51.100.7"),
        ("10.0.0.2", &["198.51.100.7, ::ffff:10.1.1.1"], "198.51.100.7"),
        ("2001:db8:ffff::1", &["198.51.100.7, 2001:db8:ffff:1::2"], "198.51.100.7"),
        // What is no address ends the reading.
        ("10.0.0.2", &["198.51.100.7, unknown"], "10.0.0.2"),
        ("10.0.0.2", &["198.51.100.7, _hidden, 10.0.0.9"], "10.0.0.9"),
        ("10.0.0.2", &["198.51.100.7, 10.0.0.999"], "10.0.0.2"),
        ("10.0.0.2", &["198.51.100.7, 10.0.0.9:123456"], "10.0.0.2"),
        ("10.0.0.2", &["198.51.100.7, [::1"], "10.0.0.2"),
        ("10.0.0.2", &["198.51.100.7, [::1]x"], "10.0.0.2"),
        ("10.0.0.2", &["198.51.100.7, 0x7f.1"], "10.0.0.2"),
        // Empty entries are nothing.
        ("10.0.0.2", &["198.51.100.7, , ,"], "198.51.100.7"),
        ("10.0.0.2", &["", " , "], "10.0.0.2"),
    ];
    for (peer, lines, expected) in cases {
        let headers: Vec<Header> = lines.iter().map(|line| header("X-Forwarded-FOR", line)).collect();
        let client = finder("x-forwarded-for").resolve(peer.parse().unwrap(), &headers);
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }
    assert_eq!(cases.len(), 28);
}

#[test]
fn forwarded() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("203.0.113.9", &["for=198.51.100.7"], "203.0.113.9"),
        ("10.0.0.2", &["for=198.51.100.7"], "198.51.100.7"),
        ("10.0.0.2", &["For=\"198.51.100.7:47011\""], "198.51.100.7"),
        ("10.0.0.2", &["for=\"[2001:db8::1]:4711\""], "2001:db8::1"),
        ("10.0.0.2", &["for=\"[2001:db8::1]:_p\""], "2001:db8::1"),
        ("10.0.0.2", &["for=\"198.51.100.7:_p\""], "198.51.100.7"),
        ("10.0.0.2", &["for=6.6.6.6, for=198.51.100.7;proto=http;by=10.0.0.3, for=10.0.0.4"], "198.51.100.7"),
        ("10.0.0.2", &["for=6.6.6.6", "proto=https; by=10.0.0.3 ;FOR = 198.51.100.7"], "198.51.100.7"),
        // Commas and semicolons inside quotation marks separate nothing.
        ("10.0.0.2", &["for=198.51.100.7;host=\"a,b;for=6.6.6.6\""], "198.51.100.7"),
        ("10.0.0.2", &["for=198.51.100.7;host=\"a\\\",for=6.6.6.6\""], "198.51.100.7"),
        ("10.0.0.2", &["for=\"198\\.51.100.7\""], "198.51.100.7"),
        // A client opens a quotation mark, or escapes one, to swallow what proxies append.
        ("10.0.0.2", &["for=\"6.6.6.6, for=198.51.100.7"], "198.51.100.7"),
        ("10.0.0.2", &["for=6.6.6.6;x=\"\\, for=\"198.51.100.7\""], "198.51.100.7"),
        ("10.0.0.2", &["for=\"6.6.6.6, for=\"[2001:db8::1]\", for=10.0.0.7"], "2001:db8::1"),
        ("10.0.0.2", &["for=\"6.6.6.6, for=10.0.0.7"], "10.0.0.7"),
        // What names no address ends the reading.
        ("10.0.0.2", &["for=198.51.100.7, for=unknown"], "10.0.0.2"),
        ("10.0.0.2", &["for=198.51.100.7, for=_SEVKISEK, for=10.0.0.5"], "10.0.0.5"),
        ("10.0.0.2", &["for=198.51.100.7, proto=http"], "10.0.0.2"),
        ("10.0.0.2", &["for=198.51.100.7;for=6.6.6.6"], "10.0.0.2"),
        ("10.0.0.2", &["for=198.51.100.7, nonsense"], "10.0.0.2"),
        ("10.0.0.2", &["for="], "10.0.0.2"),
        ("10.0.0.2", &["for=\""], "10.0.0.2"),
        ("10.0.0.2", &["for=198.51.100.7, ,"], "198.51.100.7"),
    ];
    for (peer, lines, expected) in cases {
        let headers: Vec<Header> = lines.iter().map(|line| header("forwarded", line)).collect();
        let client = finder("Forwarded").resolve(peer.parse().unwrap(), &headers);
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }
    assert_eq!(cases.len(), 23);
}

#[test]
fn only_the_configured_header_counts() {
    let headers = [header("X-Forwarded-For", "6.6.6.6"), header("X-Real-IP", "198.51.100.7")];
    let peer = "10.0.0.2".parse().unwrap();
    assert_eq!(finder("x-real-ip").resolve(peer, &headers), "198.51.100.7".parse::<IpAddr>().unwrap());
    assert_eq!(finder("forwarded").resolve(peer, &headers), peer);
    assert_eq!(ClientIp::default().resolve(peer, &headers), peer);
}

proptest! {
    #[test]
    fn garbage_never_panics_and_an_untrusted_peer_is_the_client(
        line in proptest::collection::vec(any::<u8>(), 0..200), forwarded: bool, peer: u32,
    ) {
        let name = if forwarded { "forwarded" } else { "x-forwarded-for" };
        let finder = finder(name);
        let headers = [Header { name: Bytes::from(name), value: Bytes::from(line) }];
        let peer = IpAddr::from(peer.to_be_bytes());
        let client = finder.resolve(peer, &headers);
        prop_assert!(finder.trusts(peer) || client == peer);
    }

    /// Whatever a client writes, once a trusted proxy appends the client's address to it, that is the
    /// client; as long as it can't be mistaken for an element of its own line it counts for nothing.
    #[test]
    fn what_a_client_writes_left_of_its_address_changes_nothing(
        claim in "[ -~]{0,80}", quoted: bool, trusted_hops in 0usize..3,
    ) {
        let node = if quoted { "for=\"198.51.100.7:80\"" } else { "for=198.51.100.7" };
        let hops = ", for=10.9.9.9;proto=http".repeat(trusted_hops);
        let headers = [header("forwarded", &format!("{claim}, {node}{hops}"))];
        let peer = "10.0.0.2".parse().unwrap();
        prop_assert_eq!(finder("forwarded").resolve(peer, &headers), "198.51.100.7".parse::<IpAddr>().unwrap());

        let hops = ", 10.9.9.9".repeat(trusted_hops);
        let headers = [header("x-forwarded-for", &format!("{claim}, 198.51.100.7{hops}"))];
        prop_assert_eq!(finder("x-forwarded-for").resolve(peer, &headers), "198.51.100.7".parse::<IpAddr>().unwrap());
    }
}
