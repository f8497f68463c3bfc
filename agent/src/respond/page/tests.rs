//! A client that loses what it likes gets the page, and nobody gets anything who does not hold the other end.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use etherparse::{
    IpHeaders, NetSlice, PacketBuilder, SingleVlanHeader, SlicedPacket, TcpHeader, TcpOptionElement,
    TransportSlice, VlanHeader, VlanId,
};
use proptest::prelude::*;

use super::{ANSWER_LIMIT, Answered, Answerer, BODY_LIMIT, COOKIE_SECONDS, Format, Page, PageError, SEGMENT};
use crate::config::Deny;

const HERE: [u8; 6] = [2, 0, 0, 0, 0, 1];
const THERE: [u8; 6] = [2, 0, 0, 0, 0, 2];
const V4: [[u8; 4]; 2] = [[198, 51, 100, 7], [192, 0, 2, 1]];
const V6: [[u8; 16]; 2] = [
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
];
const BROWSER: &[u8] =
    b"GET / HTTP/1.1\r\nHost: shop.example\r\nACCEPT: text/html,application/xhtml+xml\r\n\r\n";
const PROGRAM: &[u8] =
    b"POST /api HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\nX-Note: text/html\r\n\r\n";
const NOW: u64 = 1_000_000;

/// How packets travel.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Road {
    V4,
    V6,
    Vlan,
}

const ROADS: [Road; 3] = [Road::V4, Road::V6, Road::Vlan];

impl Road {
    fn client(self) -> IpAddr {
        if self == Self::V6 { V6[0].into() } else { V4[0].into() }
    }

    fn frame(self, tcp: TcpHeader, payload: &[u8]) -> Vec<u8> {
        let link = PacketBuilder::ethernet2(THERE, HERE);
        let builder = match self {
            Self::V4 => link.ipv4(V4[0], V4[1], 64),
            Self::V6 => link.ipv6(V6[0], V6[1], 64),
            Self::Vlan => {
                let vlan_id = VlanId::try_new(77).unwrap();
                let tag = SingleVlanHeader { vlan_id, ..SingleVlanHeader::default() };
                link.vlan(VlanHeader::Single(tag)).ipv4(V4[0], V4[1], 64)
            }
        };
        let mut frame = Vec::new();
        builder.tcp_header(tcp).write(&mut frame, payload).unwrap();
        // As short frames travel (IEEE 802.3).
        frame.resize(frame.len().max(60), 0xee);
        frame
    }
}

/// A segment that came back.
#[derive(Debug)]
struct Reply {
    tcp: TcpHeader,
    payload: Vec<u8>,
}

/// Reads a frame as strictly as can be: addresses, sums, lengths.
fn read(road: Road, frame: &[u8]) -> Reply {
    assert_eq!((&frame[..6], &frame[6..12]), (&THERE[..], &HERE[..]));
    let packet = SlicedPacket::from_ethernet(frame).expect("a packet");
    assert_eq!(packet.link_exts.len(), usize::from(road == Road::Vlan));
    let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { panic!("no TCP") };
    let header = tcp.to_header();
    let sum = match packet.net.as_ref().expect("a network layer") {
        NetSlice::Ipv4(ip) => {
            let ip = ip.header().to_header();
            assert_eq!((ip.source, ip.destination), (V4[1], V4[0]));
            assert_eq!(ip.calc_header_checksum(), ip.header_checksum);
            header.calc_checksum_ipv4(&ip, tcp.payload()).unwrap()
        }
        NetSlice::Ipv6(ip) => {
            let ip = ip.header().to_header();
            assert_eq!((ip.source, ip.destination), (V6[1], V6[0]));
            header.calc_checksum_ipv6(&ip, tcp.payload()).unwrap()
        }
        NetSlice::Arp(_) => panic!("ARP"),
    };
    assert_eq!(sum, header.checksum);
    assert_eq!((header.source_port, header.destination_port), (80, 40_000));
    assert!(header.ack && !header.rst);
    Reply { tcp: header, payload: tcp.payload().to_vec() }
}

fn answerer(page: Page) -> Answerer {
    Answerer::new([7; 16], Arc::new(page))
}

fn ask(answerer: &Answerer, road: Road, tcp: TcpHeader, payload: &[u8], at: u64) -> (Answered, Vec<Reply>) {
    let mut replies = Vec::new();
    let frame = road.frame(tcp, payload);
    let answered = answerer.answer(&frame, at, |frame| replies.push(read(road, frame)));
    (answered, replies)
}

fn segment(sequence: u32, acknowledges: u32) -> TcpHeader {
    let mut tcp = TcpHeader::new(40_000, 80, sequence, 64_240);
    tcp.ack = true;
    tcp.acknowledgment_number = acknowledges;
    tcp
}

/// Opens a connection; the number that the answer begins with.
fn open(answerer: &Answerer, road: Road, at: u64) -> u32 {
    let mut syn = TcpHeader::new(40_000, 80, 999, 64_240);
    syn.syn = true;
    let (answered, replies) = ask(answerer, road, syn, b"", at);
    assert_eq!(answered, Answered::Opened);
    let [reply] = replies.as_slice() else { panic!("{replies:?}") };
    assert!(reply.tcp.syn && !reply.tcp.fin && reply.payload.is_empty());
    assert_eq!(reply.tcp.acknowledgment_number, 1000);
    let options: Vec<_> = reply.tcp.options_iterator().map(Result::unwrap).collect();
    assert_eq!(options, [TcpOptionElement::MaximumSegmentSize(1220)]);
    reply.tcp.sequence_number.wrapping_add(1)
}

/// A long page of one's own.
fn long() -> Page {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "<p>{{address}}</p>".repeat(200) + &"x".repeat(2000)).unwrap();
    let config = Deny { page_html: Some(file.path().to_owned()), ..Deny::default() };
    Page::configured(&config).unwrap()
}

#[test]
fn a_client_gets_the_page_it_asks_for() {
    for road in ROADS {
        let answerer = answerer(Page::default());
        for (request, format, head_only) in [
            (BROWSER, Format::Html, false),
            (PROGRAM, Format::Json, false),
            (b"HEAD / HTTP/1.1\r\nAccept: text/html\r\n\r\n", Format::Html, true),
            (b"GET /without-an-end", Format::Json, false),
        ] {
            let first = open(&answerer, road, NOW);
            let (answered, replies) = ask(&answerer, road, segment(1000, first), request, NOW + 1);
            assert_eq!(answered, Answered::Page);
            let bytes: Vec<u8> = replies.iter().flat_map(|reply| reply.payload.clone()).collect();
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert_eq!(bytes, answerer.page().response(format, road.client(), head_only));
            assert!(text.starts_with("HTTP/1.1 403 Forbidden\r\n") && text.contains("no-store"), "{text}");
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(body.is_empty(), head_only);
            let whole = answerer.page().body(format, road.client());
            assert!(head.contains(&format!("Content-Length: {}\r\n", whole.len())), "{head}");
            assert!(whole.contains(&road.client().to_string()));
            let last = replies.last().unwrap();
            assert!(last.tcp.fin && last.tcp.acknowledgment_number == 1000 + request.len() as u32);
            // It closes, having got all.
            let mut fin = segment(last.tcp.acknowledgment_number, first.wrapping_add(bytes.len() as u32 + 1));
            fin.fin = true;
            let (answered, replies) = ask(&answerer, road, fin.clone(), b"", NOW + 2);
            assert_eq!((answered, replies.len()), (Answered::Closed, 1));
            assert_eq!(replies[0].tcp.acknowledgment_number, fin.sequence_number + 1);
            assert_eq!(replies[0].tcp.sequence_number, fin.acknowledgment_number);
        }
    }
}

#[test]
fn nobody_gets_anything_without_the_cookie() {
    let (answerer, other) = (answerer(Page::default()), Answerer::new([8; 16], Arc::default()));
    let first = open(&answerer, Road::V4, NOW);
    let nothing = |answerer: &Answerer, tcp: TcpHeader, payload: &[u8], at: u64| {
        assert_eq!(ask(answerer, Road::V4, tcp, payload, at).1.len(), 0);
    };
    for wrong in [first.wrapping_sub(1), first.wrapping_add(ANSWER_LIMIT as u32 + 2), 0, first ^ 0x8000_0000]
    {
        nothing(&answerer, segment(1000, wrong), BROWSER, NOW);
    }
    nothing(&other, segment(1000, first), BROWSER, NOW);
    let mut elsewhere = segment(1000, first);
    elsewhere.source_port = 40_001;
    nothing(&answerer, elsewhere, BROWSER, NOW);
    // It is good for two minutes, and not for three.
    assert_eq!(
        ask(&answerer, Road::V4, segment(1000, first), BROWSER, NOW + COOKIE_SECONDS).0,
        Answered::Page
    );
    nothing(&answerer, segment(1000, first), BROWSER, NOW + 2 * COOKIE_SECONDS);
    // Neither is what says nothing that can be answered.
    for payload in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\0\0\0",
        b"get / x",
        b"GET",
        b" / ",
        b"",
    ] {
        nothing(&answerer, segment(1000, first), payload, NOW);
    }
    let mut reset = segment(1000, first);
    reset.rst = true;
    nothing(&answerer, reset, BROWSER, NOW);
    let mut both = segment(1000, first);
    both.syn = true;
    nothing(&answerer, both, BROWSER, NOW);
}

#[test]
fn tls_gets_an_alert_and_who_says_nothing_is_let_go() {
    let answerer = answerer(Page::default());
    let first = open(&answerer, Road::V6, NOW);
    let (answered, replies) = ask(&answerer, Road::V6, segment(1000, first), b"\x16\x03\x01\x02\0\x01", NOW);
    assert_eq!(answered, Answered::Alert);
    assert_eq!((replies.len(), replies[0].payload.as_slice()), (1, &b"\x15\x03\x03\0\x02\x02\x31"[..]));
    let mut fin = segment(1000, first);
    fin.fin = true;
    let (answered, replies) = ask(&answerer, Road::V6, fin, b"", NOW);
    assert_eq!(answered, Answered::Closed);
    assert!(replies[0].tcp.fin && replies[0].tcp.acknowledgment_number == 1001);
    // The rest of a long request, behind a page that is there.
    let (answered, replies) =
        ask(&answerer, Road::V6, segment(3000, first.wrapping_add(900)), b"name=value", NOW);
    assert_eq!((answered, replies[0].tcp.acknowledgment_number), (Answered::Closed, 3010));
}

#[test]
fn what_is_no_segment_to_somebody_gets_nothing() {
    let answerer = answerer(Page::default());
    let mut syn = TcpHeader::new(40_000, 80, 999, 64_240);
    syn.syn = true;
    let good = Road::V4.frame(syn.clone(), b"");
    let count = |frame: &[u8]| {
        let mut count = 0;
        answerer.answer(frame, NOW, |_| count += 1);
        count
    };
    assert_eq!(count(&good), 1);
    let changed = |at: usize, byte: u8| {
        let mut frame = good.clone();
        frame[at] = byte;
        frame
    };
    for (at, byte) in [
        (0, 3),
        (6, 3),
        (12, 9),
        (14, 0x65),
        (14, 0x46),
        (20, 0x20),
        (23, 17),
        (26, 224),
        (26 + 4, 224),
        (46, 0x30),
    ] {
        assert_eq!(count(&changed(at, byte)), 0, "{at} {byte}");
    }
    for length in 0..54 {
        assert_eq!(count(&good[..length]), 0, "{length}");
    }
    // IPv6 with an extension header.
    let header = etherparse::Ipv6RawExtHeader::new_raw(etherparse::ip_number::TCP, &[0; 6]).unwrap();
    let extensions = etherparse::Ipv6Extensions { hop_by_hop_options: Some(header), ..Default::default() };
    let ip =
        etherparse::Ipv6Header { source: V6[0], destination: V6[1], hop_limit: 64, ..Default::default() };
    let builder = PacketBuilder::ethernet2(THERE, HERE).ip(IpHeaders::Ipv6(ip, extensions)).tcp_header(syn);
    let mut frame = Vec::new();
    builder.write(&mut frame, b"").unwrap();
    assert_eq!(count(&frame), 0);
}

#[test]
fn pages_are_made_of_what_is_configured() {
    let client = IpAddr::from(Ipv4Addr::new(203, 0, 113, 9));
    let with = |contact: &str| {
        let config = Deny { page_contact: Some(contact.to_owned()), ..Deny::default() };
        let page = Page::configured(&config).unwrap();
        (page.body(Format::Html, client), page.body(Format::Json, client))
    };
    let (html, json) = with("security@shop.example");
    assert!(
        html.contains("href=\"mailto:security@shop.example\"") && html.contains("<b>203.0.113.9</b>"),
        "{html}"
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (json["address"].as_str(), json["contact"].as_str()),
        (Some("203.0.113.9"), Some("security@shop.example"))
    );
    assert!(with("https://shop.example/blocked").0.contains("href=\"https://shop.example/blocked\""));
    let (html, json) = with("\"><script>alert(1)</script> @ the desk");
    assert!(!html.contains("<script") && !html.contains("href"), "{html}");
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    // It fits with room to spare.
    let longest = "x".repeat(200);
    assert!(with(&longest).0.len() < 3 * SEGMENT);
    let mapped = "::ffff:203.0.113.9".parse().unwrap();
    assert_eq!(Page::default().body(Format::Html, mapped), Page::default().body(Format::Html, client));
}

#[test]
fn files_that_are_no_pages_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let html = |path| Page::configured(&Deny { page_html: Some(path), ..Deny::default() });
    let json = |path| Page::configured(&Deny { page_json: Some(path), ..Deny::default() });
    assert!(matches!(html(dir.path().join("missing")), Err(PageError::Io { .. })));
    assert!(matches!(html(file("long", &[b'x'; BODY_LIMIT + 1])), Err(PageError::TooLong { .. })));
    assert!(matches!(
        html(file("grows", "{{address}}".repeat(BODY_LIMIT / 12).as_bytes())),
        Err(PageError::TooLong { .. })
    ));
    assert!(matches!(html(file("latin", b"\xe9")), Err(PageError::Wrong { .. })));
    let error = json(file("json", b"{\"address\": {{address}}}")).unwrap_err().to_string();
    assert!(error.contains("no JSON") && error.contains("json:"), "{error}");
    let page = json(file("good", b"{\"you\": \"{{address}}\"}")).unwrap();
    assert_eq!(page.body(Format::Json, Ipv4Addr::new(203, 0, 113, 9).into()), "{\"you\": \"203.0.113.9\"}");
    assert!(
        html(file("full", &[b'x'; BODY_LIMIT])).unwrap().response(Format::Html, V6[0].into(), false).len()
            <= ANSWER_LIMIT
    );
}

proptest! {
    /// Whatever is lost on the way back: the client asks again from where it is, and gets all of it in the end.
    #[test]
    fn lost_segments_are_asked_for_again(lost in prop::collection::vec(any::<bool>(), 60), start in any::<u32>()) {
        let answerer = answerer(long());
        let first = open(&answerer, Road::V4, NOW);
        let whole = answerer.page().response(Format::Html, Road::V4.client(), false);
        let mut lost = lost.into_iter().chain(std::iter::repeat(false));
        let mut got: Vec<u8> = Vec::new();
        let mut ended = false;
        for _ in 0..70 {
            let next = first.wrapping_add(got.len() as u32);
            // Not acknowledged as long as it is not all there: TCP sends it again.
            let (_, replies) = ask(&answerer, Road::V4, segment(start, next), BROWSER, NOW);
            for reply in replies {
                if lost.next() == Some(true) {
                    continue;
                }
                let is_last = reply.tcp.fin;
                let wants = start.wrapping_add(if is_last { BROWSER.len() as u32 } else { 0 });
                prop_assert_eq!(reply.tcp.acknowledgment_number, wants);
                // In order only: a gap is left out here.
                if reply.tcp.sequence_number == first.wrapping_add(got.len() as u32) {
                    got.extend(reply.payload);
                    ended |= is_last;
                }
            }
            if ended {
                break;
            }
        }
        prop_assert!(ended);
        prop_assert_eq!(got, whole);
    }

    /// Frames of any bytes are answered with whole frames or not at all.
    #[test]
    fn any_frame_is_read(frame in prop::collection::vec(any::<u8>(), 0..200), at in any::<u64>()) {
        let answerer = answerer(Page::default());
        answerer.answer(&frame, at, |reply| assert!(SlicedPacket::from_ethernet(reply).is_ok()));
    }
}
