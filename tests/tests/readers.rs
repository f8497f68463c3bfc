//! What Picket writes for others, read by readers that others wrote: `prometheus_client`, `syslog_rfc5424_parser`, `pycef`.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use picket::{
    api::{
        Stats,
        tls::{TlsLatency, TlsStats},
        types::{KernelCounter, StageCounter},
    },
    config::{Config, Format},
    detect::{ChangeKind, Signal},
    metrics::{self, AttackCount, Figures, Process, SignalCount},
    notify::{Letter, Notification, TargetStats, What, formats},
};
use picket_common::stats::Counter;
use picket_tests::wheels;
use serde_json::{Value, json};

/// Runs a program in Python over the wheels that `cargo xtask setup` fetched; gives what it printed as JSON.
fn python(program: &str, input: &str) -> Value {
    let path = std::env::join_paths(wheels::ALL.iter().map(|wheel| wheels::directory(wheel))).expect("paths");
    let mut python = Command::new("python3")
        .args(["-c", program])
        .env("PYTHONPATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    python.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let output = python.wait_with_output().expect("ends");
    assert!(
        output.status.success(),
        "the reader refused it; cargo xtask setup test fetches the readers\n{input}"
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

const OPENMETRICS: &str = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
families = []
for family in read(sys.stdin.read()):
    samples = [[s.name, s.labels, s.value] for s in family.samples]
    families.append([family.name, family.type, family.unit, family.documentation, samples])
json.dump(families, sys.stdout)
";

fn stats() -> Stats {
    let mut stats = Stats {
        version: "1.2.3".to_owned(),
        uptime_seconds: 12.5,
        kernel: Counter::ALL.iter().map(|counter| KernelCounter::of(*counter, vec![1, 2])).collect(),
        agent: vec![
            StageCounter::count("pipeline", "requests", 7),
            StageCounter::lost("stream", "gaps_lost", 3),
            StageCounter::lost("stream", "odd-name \"x\"\n", u64::MAX),
        ],
        tls: Some(TlsStats {
            processes: 9,
            files: 4,
            attached: 3,
            latency: TlsLatency { count: 3, p50_ms: 1.5, p99_ms: 2.0, max_ms: 1000.0 },
            ..TlsStats::default()
        }),
        ..Stats::default()
    };
    stats.gauges.insert("rss_bytes".to_owned(), 123);
    stats
}

fn figures() -> Figures {
    let attack =
        |service: &str, kind: &str| AttackCount { service: service.into(), kind: kind.into(), count: 5 };
    Figures {
        store: Some(Default::default()),
        detection: Some(Default::default()),
        signals: vec![SignalCount { severity: "high".into(), status: "open".into(), count: 2 }],
        attacks: vec![attack("shop", "xss"), attack("a\"b\\c\nd ü", "xss")],
        notify: vec![TargetStats {
            name: "pager".into(),
            via: "slack".into(),
            delivered: 4,
            ..TargetStats::default()
        }],
        lists: vec![("denylist", 8)],
        process: Process::read(),
        ..Figures::default()
    }
}

#[test]
fn openmetrics() {
    let page = metrics::render(&stats(), &figures());
    let families = python(OPENMETRICS, &page);
    let families = families.as_array().expect("a list");
    assert!(families.len() > 60, "{}", families.len());
    let find = |name: &str| {
        let found = families.iter().find(|family| family[0] == name);
        found.unwrap_or_else(|| panic!("no family {name}"))
    };
    for family in families {
        assert!(!family[3].as_str().unwrap_or_default().is_empty(), "{family} says nothing");
    }
    assert_eq!(find("picket_kernel_packets")[4], json!([["picket_kernel_packets_total", {}, 3]]));
    assert_eq!(find("picket_rss_bytes")[2], "bytes");
    assert_eq!(find("picket_build")[4][0][1], json!({"version": "1.2.3"}));
    assert_eq!(find("picket_attacks")[4][1][1], json!({"service": "a\"b\\c\nd ü", "type": "xss"}));
    let lost = find("picket_lost")[4].as_array().expect("samples");
    let losses = Counter::ALL.iter().filter(|counter| counter.is_loss()).count() + 2;
    assert_eq!(lost.len(), losses);
    assert_eq!(find("picket_tls_attach_seconds")[4].as_array().map(Vec::len), Some(4));
    assert!(find("process_cpu_seconds")[4][0][2].as_f64().is_some_and(|seconds| seconds >= 0.0));
    // Nothing at all is a page, too.
    let least = python(OPENMETRICS, &metrics::render(&Stats::default(), &Figures::default()));
    assert!(least.as_array().is_some_and(|families| !families.is_empty()));
}

fn signal(text: &str) -> Signal {
    serde_json::from_value(json!({
        "id": "01900000-0000-7001-8000-000000000001", "rule": "sql-injection", "title": "SQL injection attempted",
        "message": format!("what {text} did"), "severity": "high", "status": "open",
        "first_seen": "2026-11-22T10:00:00Z", "last_seen": "2026-11-22T10:05:00.5Z", "group": {},
        "counts": {"events": 12, "queries": {}, "attacks": 11, "blocked": 3}, "actors": ["203.0.113.7"],
        "users": [text], "services": ["shop"], "events": [], "timeline": [], "tags": [],
    }))
    .expect("a signal")
}

/// Texts that want to be something else.
const HOSTILE: &[&str] =
    &["plain", "über 漢", "a=b c=d", "a|b", "back\\slash", "\"]", "two\nlines", "%s {x} <y> &", "'"];

fn lines(format: Format) -> Vec<(String, String, Notification, Letter)> {
    let config = "[[notify]]\nname = \"x\"\ntype = \"slack\"\nurl = \"http://127.0.0.1/\"";
    let target = Config::parse(config, "test").expect("a configuration").notify.remove(0);
    let header = formats::Header { facility: 10, host: "web1", process: 42, format, most: 8192 };
    let line = |text: &&str| {
        let notification = Notification {
            id: "01795305600123456789-x".to_owned(),
            time: "2026-11-22T10:05:01.123456789Z".parse().expect("a time"),
            what: What::Signal { change: ChangeKind::Opened, signal: Box::new(signal(text)) },
        };
        let letter = Letter::write(&target, &notification, "web1");
        let line = formats::syslog(&header, &notification, &letter);
        ((*text).to_owned(), line, notification, letter)
    };
    HOSTILE.iter().map(line).collect()
}

const RFC5424: &str = "
import json, sys
from syslog_rfc5424_parser import SyslogMessage
json.dump([SyslogMessage.parse(line).as_dict() for line in json.load(sys.stdin)], sys.stdout)
";

#[test]
fn syslog() {
    let lines = lines(Format::Rfc5424);
    let input: Vec<&str> = lines.iter().map(|(_, line, ..)| line.as_str()).collect();
    let read = python(RFC5424, &json!(input).to_string());
    for ((text, line, ..), read) in lines.iter().zip(read.as_array().expect("a list")) {
        assert_eq!(read["hostname"], "web1", "{line}");
        assert_eq!((&read["facility"], &read["severity"]), (&json!("authpriv"), &json!("err")), "{line}");
        assert_eq!((&read["appname"], &read["msgid"]), (&json!("picket"), &json!("signal.opened")), "{line}");
        let data = &read["sd"]["picket@32473"];
        // This reader leaves values escaped.
        let unescaped = |value: &Value| {
            let text = value.as_str().unwrap_or_default().replace("\\]", "]").replace("\\\"", "\"");
            text.replace("\\\\", "\\")
        };
        assert_eq!(unescaped(&data["user"]), text.replace('\n', " "), "{line}");
        assert_eq!(data["rule"], "sql-injection");
    }
    assert_eq!(read.as_array().map(Vec::len), Some(HOSTILE.len()));
}

const CEF: &str = "
import json, sys, pycef
json.dump([pycef.parse(line) for line in json.load(sys.stdin)], sys.stdout)
";

#[test]
fn cef() {
    let lines = lines(Format::Cef);
    let input: Vec<&str> = lines.iter().map(|(_, line, ..)| line.as_str()).collect();
    let read = python(CEF, &json!(input).to_string());
    // What this reader leaves escaped.
    let plain = |value: &Value| {
        let text =
            value.as_str().unwrap_or_default().replace("\\n", "\n").replace("\\=", "=").replace("\\|", "|");
        text.replace("\\\\", "\\")
    };
    for ((text, line, ..), read) in lines.iter().zip(read.as_array().expect("a list")) {
        assert_eq!(read["DeviceVendor"], "Picket", "{line}");
        assert_eq!(read["DeviceEventClassID"], "sql-injection", "{line}");
        assert_eq!(read["Severity"], "8", "{line}");
        assert_eq!(read["src"], "203.0.113.7", "{line}");
        assert_eq!(read["cnt"], "12", "{line}");
        assert_eq!(plain(&read["suser"]), *text, "{line}");
        assert_eq!(plain(&read["msg"]), format!("what {text} did"), "{line}");
    }
    assert_eq!(read.as_array().map(Vec::len), Some(HOSTILE.len()));
}
