//! Tests of the metrics. `tests/tests/readers.rs` has Prometheus' own reader read a page.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::{
    page::{Kind, Page},
    *,
};
use crate::{
    api::{
        Stats,
        tls::TlsStats,
        types::{KernelCounter, StageCounter},
    },
    notify::TargetStats,
    stream::StreamStats,
};

const DASHBOARD: &str = include_str!("../../../deploy/grafana/picket.json");
const MANUAL: &str = include_str!("../../../docs/metrics.md");

/// A page with everything.
fn full() -> String {
    let pipeline = crate::pipeline::Counters::default();
    let agent = pipeline.iter().map(|(name, _)| StageCounter::count("pipeline", name, 1));
    let stream = StreamStats::default()
        .iter()
        .map(|(name, _)| StageCounter::lost("stream", name, 1))
        .collect::<Vec<_>>();
    let mut stats = Stats {
        kernel: picket_common::stats::Counter::ALL
            .iter()
            .map(|counter| KernelCounter::of(*counter, vec![1]))
            .collect(),
        agent: agent.chain(stream).chain([StageCounter::lost("store", "disk", 1)]).collect(),
        tls: Some(TlsStats::default()),
        ..Stats::default()
    };
    for gauge in [
        "connections",
        "memory_held_bytes",
        "generation",
        "policies",
        "rules",
        "rss_bytes",
        "events_waiting",
        "store_bytes",
    ] {
        stats.gauges.insert(gauge.to_owned(), 1);
    }
    let target = TargetStats {
        name: "pager".into(),
        last_delivered: Some(Default::default()),
        ..TargetStats::default()
    };
    let figures = Figures {
        store: Some(Default::default()),
        detection: Some(Default::default()),
        signals: vec![SignalCount { severity: "high".into(), status: "open".into(), count: 1 }],
        attacks: vec![AttackCount { service: "shop".into(), kind: "xss".into(), count: 1 }],
        notify: vec![target],
        lists: vec![("denylist", 1)],
        process: Process::read(),
        ..Figures::default()
    };
    render(&stats, &figures)
}

/// Names of samples on a page.
fn names(page: &str) -> HashSet<&str> {
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| line.split(['{', ' ']).next()).collect()
}

/// Words of an expression that are names of Picket's metrics.
fn metrics_of(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("picket_") || word.starts_with("process_"))
}

#[test]
fn the_dashboard_shows_what_there_is() {
    let page = full();
    let names = names(&page);
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut used = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            assert_eq!(target["datasource"]["uid"], "${datasource}");
            let found: Vec<&str> = metrics_of(expression).collect();
            assert!(!found.is_empty(), "{expression}");
            used.extend(found);
        }
    }
    for name in &used {
        assert!(names.contains(name), "the dashboard asks for {name}, which is not on the page");
    }
    assert!(panels.len() >= 10 && used.len() >= 15, "{} panels, {used:?}", panels.len());
}

#[test]
fn the_manual_names_what_there_is() {
    let page = full();
    let names = names(&page);
    let mut found = 0;
    for name in MANUAL.split('`').skip(1).step_by(2).flat_map(metrics_of) {
        let pattern = name.ends_with('_');
        assert!(
            names.iter().any(|known| if pattern { known.starts_with(name) } else { *known == name }),
            "docs/metrics.md names {name}, which is not on the page"
        );
        found += 1;
    }
    assert!(found >= 30, "{found}");
    // And the other way round, for all that are not one a counter.
    for name in &names {
        let whole = ["picket_kernel_", "picket_pipeline_", "picket_stream_"];
        if !whole.iter().any(|prefix| name.starts_with(prefix)) {
            assert!(MANUAL.contains(&format!("`{name}`")), "docs/metrics.md has no {name}");
        }
    }
}

/// Stages with families of their own are told there, and their losses with all others.
#[test]
fn nothing_is_told_twice() {
    let page = full();
    assert!(page.contains("\npicket_lost_total{stage=\"store\",counter=\"disk\"} 1\n"), "{page}");
    let names = names(&page);
    assert!(!names.contains("picket_store_disk_total") && !names.contains("picket_store_bytes"));
    let bare = render(
        &Stats { agent: vec![StageCounter::lost("store", "disk", 1)], ..Stats::default() },
        &Figures::default(),
    );
    assert!(bare.contains("\npicket_store_disk_total 1\n"), "{bare}");
}

#[test]
fn families() {
    let mut page = Page::default();
    page.one("a_bytes", Kind::Gauge, "in\nlines, \"quoted\"", 1.5);
    let mut family = page.family("b", Kind::Counter, "back\\slash").unwrap();
    family.sample(&[("one", "x\"y"), ("tw-o", "a\\b\nc")], u64::MAX);
    family.sample(&[], 0);
    assert!(page.family("b", Kind::Gauge, "again").is_none());
    page.one("9 lives", Kind::Info, "", 1);
    assert_eq!(
        page.end(),
        "# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n# HELP a_bytes in\\nlines, \\\"quoted\\\"\na_bytes 1.5\n\
         # TYPE b counter\n# HELP b back\\\\slash\n\
         b_total{one=\"x\\\"y\",tw_o=\"a\\\\b\\nc\"} 18446744073709551615\nb_total 0\n\
         # TYPE _9_lives info\n# HELP _9_lives \n_9_lives_info 1\n# EOF\n"
    );
}

async fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "current_thread")]
async fn served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, || "# EOF\n".to_owned()));
    // Clients that say nothing keep nobody else out.
    let mut silent = Vec::new();
    for _ in 0..crate::limits::METRICS_CONNECTIONS - 1 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let vectors = [
        ("GET /metrics", "HTTP/1.1 200"),
        ("GET /metrics?x=y", "HTTP/1.1 200"),
        ("POST /metrics", "HTTP/1.1 405"),
        ("GET /", "HTTP/1.1 404"),
    ];
    for (request, expected) in vectors {
        let request = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let asked = ask(address, &request);
        let answer = tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap();
        assert!(answer.starts_with(expected), "{request}: {answer}");
        if expected.ends_with("200") {
            assert!(answer.contains(CONTENT_TYPE) && answer.ends_with("\r\n\r\n# EOF\n"), "{answer}");
        }
    }
    // Nor do more of them than there is room for: they are not waited for for long.
    for _ in 0..4 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let asked = ask(address, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let answer = tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(vectors.len(), 4);
    drop(silent);
    server.abort();
}

#[test]
fn attacks_are_counted_by_type() {
    use crate::event::EventMatch;
    let attacks = Attacks::default();
    let mut event: crate::event::Event = serde_json::from_value(serde_json::json!({
        "kind": "event", "id": "01900000-0000-7001-8000-000000000001", "time": "2026-11-22T10:00:00Z",
        "service": {"name": "shop", "port": 80}, "client_ip": "203.0.113.7", "peer_ip": "203.0.113.7", "peer_port": 1,
        "method": "GET", "host": null, "path": "/", "query": null, "status": 200, "user_agent": null, "matches": [],
        "blocked": false, "duration_us": 1,
    }))
    .unwrap();
    attacks.take(&event);
    assert!(attacks.counts().is_empty(), "no match, no attack");
    let matched = |kind: &str| EventMatch {
        rule: "r".into(),
        name: "r".into(),
        tags: [("type".to_owned(), kind.to_owned())].into(),
        location: "path".into(),
        value: "v".into(),
    };
    event.matches = vec![matched("xss"), matched("xss"), matched("sql_injection")];
    for _ in 0..3 {
        attacks.take(&event);
    }
    let counts: Vec<(String, u64)> =
        attacks.counts().into_iter().map(|count| (count.kind, count.count)).collect();
    assert_eq!(counts, [("sql_injection".to_owned(), 3), ("xss".to_owned(), 3)]);
    // Many kinds: the first have their own place, the others share one, and no event is lost.
    for number in 0..2 * crate::limits::METRICS_ATTACKS {
        event.matches = vec![matched(&format!("kind{number}"))];
        attacks.take(&event);
    }
    let counts = attacks.counts();
    assert_eq!(counts.len(), crate::limits::METRICS_ATTACKS + 1);
    let total: u64 = counts.iter().map(|count| count.count).sum();
    assert_eq!(total, 6 + 2 * crate::limits::METRICS_ATTACKS as u64);
}
