//! Commands from their arguments to what they print, against an agent with lists in memory.

use std::path::Path;

use clap::CommandFactory as _;

use super::{Exit, args::Cli, main, screen::Screen};
use crate::{
    api::{
        ServiceView, Stats,
        tests::{InMemory, Running},
        tls::{Http2View, TlsFailure, TlsLatency, TlsStats, TlsView},
        types::{DenyInterface, KernelCounter, StageCounter},
    },
    tls::sight::{Reason, Sight, TlsRuntime},
};

/// What a command did.
pub(super) struct Did {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

pub(super) fn picket_at(directory: Option<&Path>, args: &[&str]) -> Did {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut screen = Screen::plain(&mut out, &mut err, "2026-01-02T03:09:05Z".parse().expect("time"));
    let mut line = vec!["picket".into()];
    if let Some(directory) = directory {
        line.extend(["--state-dir".into(), directory.into()]);
    }
    line.extend(args.iter().map(Into::into));
    let exit = main(line, &mut screen);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Did { exit, out: text(out), err: text(err) }
}

fn with_agent(control: InMemory, test: impl FnOnce(&dyn Fn(&[&str]) -> Did)) {
    let agent = Running::start(control);
    let directory = agent.state_dir();
    test(&|args| picket_at(Some(&directory), args));
}

fn on_eth0() -> InMemory {
    InMemory {
        interfaces: vec![DenyInterface { name: "eth0".into(), mode: "native".into() }],
        ..InMemory::default()
    }
}

#[test]
fn every_help_shows_examples() {
    fn each(command: &clap::Command, path: &[&str], seen: &mut Vec<String>) {
        let mut args = path.to_vec();
        args.push("--help");
        let did = picket_at(None, &args);
        let name = path.join(" ");
        assert_eq!((did.exit, did.err.as_str()), (Exit::Done, ""), "{name}");
        assert!(did.out.contains("Examples:\n"), "{name} has no examples:\n{}", did.out);
        let examples: Vec<&str> = did
            .out
            .lines()
            .skip_while(|line| *line != "Examples:")
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .collect();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            let words: Vec<&str> = example.split_whitespace().collect();
            assert!(words.contains(&"picket"), "{name}: {example}");
        }
        let long: Vec<&str> = did.out.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(long.is_empty(), "{name}: too long: {long:#?}");
        seen.push(name);
        for sub in command.get_subcommands() {
            each(sub, &[path, &[sub.get_name()]].concat(), seen);
        }
    }
    let mut seen = Vec::new();
    each(&Cli::command(), &[], &mut seen);
    assert_eq!(
        seen,
        [
            "",
            "run",
            "doctor",
            "signals",
            "signals show",
            "signals triage",
            "signals facets",
            "events",
            "events show",
            "events facets",
            "tail",
            "services",
            "services policy",
            "endpoints",
            "users",
            "users show",
            "actors",
            "actors show",
            "block",
            "unblock",
            "denylist",
            "passlist",
            "passlist list",
            "passlist add",
            "passlist remove",
            "audit",
            "export",
            "import",
            "stats",
            "rules",
            "rules list",
            "rules check",
            "rules show",
            "rules test",
            "rules use",
            "rules reload",
            "rules save",
            "rules on",
            "rules off",
            "rules remove",
            "rules try",
            "rules exclusions",
            "rules exclusions list",
            "rules exclusions add",
            "rules exclusions remove",
            "rules detection",
            "rules detection check",
            "rules detection test",
            "rules detection list",
            "rules detection save",
            "rules detection on",
            "rules detection off",
            "rules detection remove",
            "rules detection show",
            "notify",
            "notify list",
            "notify test",
            "eval",
            "token",
            "token add",
            "token list",
            "token remove",
            "ui",
            "ui login",
            "version"
        ]
    );
}

/// The examples in the help are command lines that are understood.
#[test]
fn examples_are_understood() {
    let mut tried = 0;
    for text in std::iter::once(Cli::command()).chain(Cli::command().get_subcommands().cloned()) {
        let Some(help) = text.get_after_help() else { continue };
        for line in help.to_string().lines().filter(|line| line.starts_with("  ")) {
            let Some((_, line)) = line.split_once("picket ") else { continue };
            let line = line.split("   ").next().unwrap_or(line).split(" | ").next().unwrap_or(line);
            let words = shell_words(line);
            let parsed = <Cli as clap::Parser>::try_parse_from(super::args::negated(
                std::iter::once("picket".to_owned()).chain(words).map(Into::into),
            ));
            assert!(parsed.is_ok(), "picket {line}: {}", parsed.expect_err("just seen"));
            tried += 1;
        }
    }
    assert!(tried >= 30, "{tried}");
}

/// So are those of the manual; where something stands for something else, `…` says so.
#[test]
fn the_manual_is_understood() {
    let manual = include_str!("../../../docs/cli.md");
    let mut tried = 0;
    for line in manual.lines().filter(|line| line.starts_with("    ") && !line.contains('…')) {
        let Some((_, line)) = line.split_once("picket ") else { continue };
        let words = shell_words(line.split("   ").next().unwrap_or(line));
        let words = std::iter::once("picket".to_owned()).chain(words).map(Into::into);
        let parsed = <Cli as clap::Parser>::try_parse_from(super::args::negated(words));
        assert!(parsed.is_ok(), "picket {line}: {}", parsed.expect_err("just seen"));
        tried += 1;
    }
    assert!(tried >= 15, "{tried}");
}

fn shell_words(line: &str) -> Vec<String> {
    line.split('\'')
        .enumerate()
        .flat_map(|(at, part)| {
            if at % 2 == 1 {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        })
        .collect()
}

#[test]
fn mistakes_are_said_with_what_was_expected() {
    for (args, expected) in [
        (&["block"][..], "ADDR|CIDR"),
        (&["block", "example.org"], "203.0.113.7"),
        (&["block", "10.1.2.3/8"], "write 10.0.0.0/8 for the network"),
        (&["block", "203.0.113.7", "--for", "soon"], "1h30m"),
        (&["block", "203.0.113.7", "--for", "10m", "--forever"], "cannot be used with"),
        (&["unblock"], "ADDR|CIDR"),
        (&["unblock", "203.0.113.7", "--all"], "cannot be used with"),
        (&["passlist", "add"], "ADDR|CIDR"),
        (&["run", "--deny", "eth0/1"], "ip link"),
        (&["run", "--clean", "--all"], "cannot be used with"),
        (&["stats", "--watch=0"], "1..=86400"),
        (&["block", "--user", "alice", "203.0.113.7"], "cannot be used with"),
        (&["events", "--from", "yesterday"], "2026-11-22T04:40:00Z"),
        (&["events", "--limit", "0"], "1..=100000"),
        (&["events", "show", "12345"], "first 6 characters"),
        (&["signals", "show", "so-so-so"], "019aa9a8"),
        (&["signals", "triage", "019aa9a8"], "--status"),
        (&["signals", "triage", "--status", "open"], "ID"),
        (&["signals", "triage", "019aa9a8", "--status", "closed"], "archived"),
        (&["signals", "triage", "019aa9a8", "--status", "open", "--yes"], "--query"),
        (&["signals", "triage", "019aa9a8", "--status", "open", "--reason", "other"], "--status archived"),
        (&["actors", "show", "example.org"], "IP"),
        (&["token", "add", "x"], "--role"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["--state-dir", "/etc/passwd", "stats"], "not a directory"),
    ] {
        let did = picket_at(None, args);
        assert_eq!(did.exit, Exit::Usage, "{args:?}: {}", did.err);
        assert!(did.err.to_lowercase().contains(&expected.to_lowercase()), "{args:?}: {}", did.err);
        assert_eq!(did.out, "", "{args:?}");
    }
}

#[test]
fn without_an_agent_it_says_how_to_start_one() {
    let directory = tempfile::tempdir().expect("directory");
    for args in [
        &["stats"][..],
        &["services"],
        &["denylist"],
        &["passlist"],
        &["block", "203.0.113.7"],
        &["unblock", "--all"],
        &["passlist", "add", "192.0.2.1"],
        &["rules", "reload"],
        &["signals"],
        &["signals", "show", "019aa9"],
        &["signals", "triage", "019aa9", "--status", "archived"],
        &["events"],
        &["events", "facets", "service"],
        &["tail"],
        &["endpoints"],
        &["users"],
        &["actors", "show", "203.0.113.7"],
        &["audit"],
        &["export"],
    ] {
        let did = picket_at(Some(directory.path()), args);
        assert_eq!((did.exit, did.out.as_str()), (Exit::NotRunning, ""), "{args:?}");
        assert!(did.err.contains("no agent runs here") && did.err.contains("sudo picket run"), "{}", did.err);
        assert!(did.err.contains(&directory.path().display().to_string()), "{}", did.err);
    }
    let did = picket_at(Some(directory.path()), &["stats", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&did.err).expect("JSON");
    assert_eq!(error["error"]["code"], "not_running");
}

#[test]
fn blocking_from_beginning_to_end() {
    with_agent(on_eth0(), |picket| {
        let did = picket(&["denylist"]);
        assert_eq!(did.exit, Exit::Done);
        assert!(
            did.out.starts_with("nobody is blocked\n") && did.out.contains("picket block"),
            "{}",
            did.out
        );

        let did = picket(&["block", "203.0.113.7", "--for", "10m", "--reason", "scans\x1b[2J"]);
        assert_eq!(did.out, "blocked 203.0.113.7 for 10m\nin force on eth0\n", "{}", did.err);
        assert_eq!(
            picket(&["block", "2001:db8::/48", "--forever"]).out,
            "blocked 2001:db8::/48 for good\nin force on eth0\n"
        );
        assert_eq!(
            picket(&["denylist"]).out,
            "ADDRESS        SINCE      ENDS IN  DROPS  CAUSE\n\
             203.0.113.7    5 min ago  5m           3  scans\\u{1b}[2J\n\
             2001:db8::/48  5 min ago  never        3  by hand\n\
             in force on eth0 (native)\n"
        );
        let did = picket(&["denylist", "--limit", "1"]);
        assert!(did.out.contains("1 more; show them with --limit 2"), "{}", did.out);
        let list: serde_json::Value =
            serde_json::from_str(&picket(&["denylist", "--json"]).out).expect("JSON");
        assert_eq!(list["entries"][0]["net"], "203.0.113.7");
        assert_eq!(list["total"], 2);

        assert_eq!(
            picket(&["unblock", "203.0.113.7"]).out,
            "unblocked 203.0.113.7 (3 packets were dropped)\n"
        );
        let did = picket(&["unblock", "203.0.113.7"]);
        assert_eq!((did.exit, did.err.as_str()), (Exit::Refused, "error: 203.0.113.7 is not blocked\n"));
        assert_eq!(picket(&["unblock", "--all"]).out, "unblocked all: 1\n");
        assert_eq!(picket(&["unblock", "--all"]).out, "nobody was blocked\n");
    });
}

#[test]
fn a_block_that_drops_nothing_says_so() {
    with_agent(InMemory::default(), |picket| {
        let did = picket(&["block", "203.0.113.7"]);
        assert!(did.out.starts_with("blocked 203.0.113.7 for 1h\nnot in force:"), "{}", did.out);
        assert!(did.out.contains("picket run --deny IFACE"), "{}", did.out);
        assert!(picket(&["denylist"]).out.contains("not in force:"));
    });
}

#[test]
fn the_passlist_wins_and_says_why() {
    with_agent(on_eth0(), |picket| {
        let did = picket(&["passlist"]);
        assert!(did.out.contains("passlist add"), "{}", did.out);
        let did = picket(&["passlist", "add", "192.0.2.0/24", "--comment", "office"]);
        assert_eq!((did.exit, did.out.as_str()), (Exit::Done, "192.0.2.0/24 is never blocked from now on\n"));
        assert_eq!(
            picket(&["passlist", "list"]).out,
            "ADDRESS       FROM    COMMENT\n192.0.2.0/24  manual  office\n"
        );
        let did = picket(&["block", "192.0.2.7"]);
        assert_eq!(did.exit, Exit::Refused);
        assert!(did.err.contains("on the passlist") && did.err.contains("hint: "), "{}", did.err);
        let did = picket(&["block", "192.0.2.7", "--json"]);
        let error: serde_json::Value = serde_json::from_str(&did.err).expect("JSON");
        assert_eq!(error["error"]["code"], "passlisted");
        assert_eq!(picket(&["passlist", "remove", "127.0.0.1"]).exit, Exit::Refused);
        assert_eq!(
            picket(&["passlist", "remove", "192.0.2.0/24"]).out,
            "192.0.2.0/24 may be blocked again\n"
        );
        assert_eq!(picket(&["block", "0.0.0.0/0"]).exit, Exit::Refused);
    });
}

fn service(name: &str, container_id: Option<&str>) -> ServiceView {
    ServiceView {
        name: name.into(),
        pid: Some(812),
        listen: "0.0.0.0:8080".parse().expect("address"),
        exe: None,
        cmdline: Vec::new(),
        container_id: container_id.map(Into::into),
        pod_uid: None,
        cgroup: "/".into(),
        netns: 1,
        policy: "default".into(),
        mode: "monitor".into(),
        requests: 12_345,
        events: 6,
        last_seen: Some("2026-01-02T03:08:55Z".parse().expect("time")),
        tls: None,
        http2: None,
        set: None,
        recent: None,
        attacks: Default::default(),
        open_signals: 0,
    }
}

#[test]
fn a_mode_is_set_shown_and_given_back() {
    let shop = ServiceView { policy: "shop".into(), ..service("app.py (python3)", None) };
    with_agent(InMemory { services: vec![shop], ..InMemory::default() }, |picket| {
        let name = "app.py (python3)";
        let did = picket(&["services", "policy", name]);
        assert_eq!(
            did.out,
            "app.py (python3): as the configuration says\n  listens on  0.0.0.0:8080\n  policy      shop (monitor)\n"
        );
        let did = picket(&["services", "policy", name, "protect"]);
        assert!(did.out.starts_with("app.py (python3): block, set by "), "{}{}", did.out, did.err);
        assert!(did.out.contains("shop (block; the configuration says monitor)"), "{}", did.out);
        assert!(did.out.contains("[respond] is not enabled"), "{}", did.out);
        assert!(picket(&["services"]).out.contains("shop (block, set)"));
        let json: serde_json::Value =
            serde_json::from_str(&picket(&["services", "policy", name, "off", "--json"]).out).expect("JSON");
        assert_eq!((&json["set"]["mode"], &json["listeners"][0]["mode"]), (&"off".into(), &"off".into()));
        let did = picket(&["services", "policy", name, "--reset"]);
        assert!(did.out.starts_with("app.py (python3): as the configuration says"), "{}", did.out);
        let did = picket(&["services", "policy", name, "--reset"]);
        assert_eq!(did.exit, Exit::Refused, "{}", did.out);
        let did = picket(&["services", "policy", "ngnix", "off"]);
        assert_eq!(did.exit, Exit::Refused, "{}", did.out);
        assert!(
            did.err.contains("no service \"ngnix\"") && did.err.contains("picket services"),
            "{}",
            did.err
        );
        let did = picket(&["services", "policy", name, "on"]);
        assert_eq!(
            (did.exit, did.err.contains("expected off, monitor or block")),
            (Exit::Usage, true),
            "{}",
            did.err
        );
        assert_eq!(picket(&["services", "policy", name, "off", "--reset"]).exit, Exit::Usage);
    });
}

#[test]
fn what_came_in_the_last_minutes_is_shown() {
    let recent = crate::api::types::RecentView {
        seconds: 300,
        requests: 450,
        rate: 1.5,
        answers: 400,
        failed: 8,
        latency: Some(crate::endpoint::Latency { p50_us: 900, p95_us: 12_000, p99_us: 48_000 }),
    };
    let busy = ServiceView { recent: Some(recent), ..service("nginx", None) };
    with_agent(InMemory { services: vec![busy, service("ssh", None)], ..InMemory::default() }, |picket| {
        let out = picket(&["services"]).out;
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[0].ends_with("LAST SEEN   RATE  5XX    P95"), "{out}");
        assert!(lines[1].ends_with("10s ago    1.5/s   2%  12 ms"), "{out}");
        assert!(lines[2].ends_with("10s ago        -    -      -"), "{out}");
    });
}

#[test]
fn services_are_listed() {
    with_agent(InMemory::default(), |picket| {
        let did = picket(&["services"]);
        assert!(did.out.contains("no requests yet") && did.out.contains("picket doctor"), "{}", did.out);
        assert_eq!(picket(&["services", "--json"]).out, "[]\n");
    });
    let services = vec![service("nginx", None), service("evil\r\x1b]0;x\x07", None)];
    with_agent(InMemory { services, ..InMemory::default() }, |picket| {
        let did = picket(&["services"]);
        assert!(!did.out.contains(['\r', '\x1b', '\x07']), "{:?}", did.out);
        let lines: Vec<&str> = did.out.lines().collect();
        assert_eq!(lines[0], "NAME                   PID  PORT  REQUESTS  EVENTS  LAST SEEN");
        assert_eq!(lines[1], "nginx                  812  8080    12,345       6  10s ago");
    });
    let services = vec![service("nginx", Some(&"3f".repeat(32))), service("ssh", None)];
    with_agent(InMemory { services, ..InMemory::default() }, |picket| {
        let did = picket(&["services"]);
        let ends: Vec<&str> = did.out.lines().map(|line| line.rsplit("  ").next().expect("a cell")).collect();
        assert_eq!(ends, ["CONTAINER", "3f3f3f3f3f3f", "-"]);
    });
    let shop = ServiceView { policy: "shop".into(), mode: "block".into(), ..service("nginx", None) };
    with_agent(InMemory { services: vec![shop, service("ssh", None)], ..InMemory::default() }, |picket| {
        let did = picket(&["services"]);
        let ends: Vec<&str> = did.out.lines().map(|line| line.rsplit("  ").next().expect("a cell")).collect();
        assert_eq!(ends, ["POLICY", "shop (block)", "default (monitor)"]);
    });
}

fn runtime(name: &str, sight: Sight) -> TlsRuntime {
    let unseen = sight != Sight::Seen;
    TlsRuntime {
        name: name.into(),
        version: None,
        file: "/usr/lib/x.so".into(),
        sight,
        why: unseen.then(|| "it is compiled anew in each process".to_owned()),
        advice: unseen.then(|| "use a proxy".to_owned()),
    }
}

#[test]
fn what_is_not_seen_of_tls_is_said() {
    let tls = |seen, unseen, runtimes: &[TlsRuntime]| {
        let reason = (unseen > 0).then(|| Reason::of(runtimes, seen > 0));
        Some(TlsView {
            seen,
            unseen,
            runtimes: runtimes.to_vec(),
            short: reason.as_ref().and_then(|reason| reason.short.clone()),
            why: reason.as_ref().map(|reason| reason.why.clone()),
            advice: reason.map(|reason| reason.advice),
        })
    };
    let java = tls(0, 12, &[runtime("Java", Sight::Unseen)]);
    let nginx = tls(1024, 0, &[runtime("OpenSSL", Sight::Seen)]);
    let checked = tls(7, 1, &[runtime("OpenSSL", Sight::Seen)]);
    let odd = tls(0, 1, &[]);
    let http2 = Some(Http2View { clear: 1, tls: 4 });
    let services = vec![
        ServiceView { tls: nginx, http2, ..service("nginx", None) },
        ServiceView { tls: java, ..service("shop.jar (java)", None) },
        ServiceView { tls: checked, ..service("haproxy", None) },
        ServiceView { tls: odd, ..service("odd", None) },
        service("plain", None),
    ];
    with_agent(InMemory { services, ..InMemory::default() }, |picket| {
        let out = picket(&["services"]).out;
        let (table, below) = out.split_once("\n\n").expect("words below the table");
        let ends: Vec<&str> = table.lines().map(|line| line.rsplit("  ").next().expect("a cell")).collect();
        assert_eq!(
            ends,
            ["TLS", "1,024, HTTP/2 5", "unseen 12 (Java)", "7, unseen 1", "unseen 1 (unknown library)", "-"]
        );
        assert_eq!(
            below,
            "shop.jar (java), port 8080: 12 TLS connections not seen\n  \
             why:  it is compiled anew in each process\n  do:   use a proxy\n\n\
             odd, port 8080: 1 TLS connection not seen\n  \
             why:  no TLS library that Picket knows is mapped by this process\n  \
             do:   terminate TLS in a proxy in front of the service, such as nginx or HAProxy on the same host\n"
        );
        let json: serde_json::Value =
            serde_json::from_str(&picket(&["services", "--json"]).out).expect("JSON");
        assert_eq!(json[1]["tls"]["runtimes"][0]["sight"], "unseen");
        assert_eq!(json[2]["tls"]["why"].as_str().map(|why| why.contains("health checks")), Some(true));
        assert_eq!(json[0]["http2"]["tls"], 4);
        assert!(json[4]["tls"].is_null());
    });
}

#[test]
fn stats_say_what_tls_needs() {
    let shown = |tls: TlsStats| {
        let mut shown = String::new();
        let agent = vec![
            StageCounter::count("pipeline", "tls_seen", 1024),
            StageCounter::count("pipeline", "tls_unseen", 12),
        ];
        let stats = Stats { agent, tls: Some(tls), ..stats(0) };
        with_agent(InMemory { stats, ..InMemory::default() }, |picket| shown = picket(&["stats"]).out);
        shown
    };
    let failure = TlsFailure {
        file: "/opt/a\x1b.so".into(),
        pid: 9,
        step: "attach".into(),
        reason: "it is full".into(),
        at: None,
    };
    let latency = TlsLatency { count: 3, p50_ms: 1.25, p99_ms: 20.0, max_ms: 21.5 };
    let out = shown(TlsStats {
        processes: 40,
        files: 90,
        attached: 3,
        latency,
        failures: vec![failure],
        ..TlsStats::default()
    });
    for line in [
        "TLS connections: 1,024 seen, 12 unseen: see picket services",
        "  probes in 3 of 90 files that 40 processes have mapped",
        "  from mapping to probes: p50 1.2 ms, p99 20.0 ms, longest 21.5 ms (3 files)",
        "  not seen: /opt/a\\u{1b}.so of process 9 (attach): it is full",
    ] {
        assert!(out.lines().any(|shown| shown == line), "{line:?} in\n{out}");
    }
    let off = shown(TlsStats { why_not: Some("TLS is not looked into: off".into()), ..TlsStats::default() });
    assert!(off.contains("  TLS is not looked into: off\n") && !off.contains("probes in"), "{off}");
}

fn stats(ring_full: u64) -> Stats {
    let mut sets = [[0; picket_common::stats::COUNTERS]; 2];
    sets[0][0] = 1000;
    sets[1][0] = 234;
    sets[1][picket_common::stats::Counter::RingFull as usize] = ring_full;
    Stats {
        version: "0.1.0".into(),
        pid: 812,
        uptime_seconds: 7980.0,
        kernel: KernelCounter::all(&sets),
        agent: vec![
            StageCounter::count("http", "requests", 77),
            StageCounter::lost("stream", "memory_full", ring_full),
        ],
        gauges: [("connections".to_owned(), 5), ("rss_bytes".to_owned(), 47_185_920)].into(),
        rates: [("requests".to_owned(), 12.34)].into(),
        ..Stats::default()
    }
}

#[test]
fn stats_say_first_what_was_lost() {
    with_agent(InMemory { stats: stats(0), ..InMemory::default() }, |picket| {
        let did = picket(&["stats"]);
        assert!(did.out.starts_with("nothing lost in 2h 13m\n"), "{}", did.out);
        for line in [
            "rss          45.0 MiB",
            "requests     12.3/s",
            "packets              1,234",
            "http    requests        77",
        ] {
            assert!(did.out.lines().any(|shown| shown == line), "{line:?} in\n{}", did.out);
        }
        let did = picket(&["stats", "--per-cpu"]);
        assert!(did.out.contains("1,234  1,000 234\n"), "{}", did.out);
        let json: Stats = serde_json::from_str(&picket(&["stats", "--json"]).out).expect("JSON");
        assert_eq!(json, stats(0));
    });
    with_agent(InMemory { stats: stats(1204), ..InMemory::default() }, |picket| {
        let did = picket(&["stats"]);
        assert!(did.out.starts_with("lost in 2h 13m:\n  1,204 ring_full: records"), "{}", did.out);
        assert!(did.out.contains("ring_size") && did.out.contains("1,204 memory_full: "), "{}", did.out);
    });
}

#[test]
fn every_kernel_loss_has_its_own_advice() {
    let other = super::stats::advice("something else");
    for counter in picket_common::stats::Counter::ALL.iter().filter(|counter| counter.is_loss()) {
        assert_ne!(super::stats::advice(counter.key()), other, "{}", counter.key());
    }
}

#[test]
fn watching_repeats() {
    with_agent(InMemory { stats: stats(0), ..InMemory::default() }, |picket| {
        let did = picket(&["stats", "--watch=1", "--count", "2", "--json"]);
        assert_eq!((did.exit, did.out.lines().count()), (Exit::Done, 2));
        let did = picket(&["stats", "--watch=1", "--count", "2"]);
        assert_eq!(did.out.matches("nothing lost").count(), 2);
        assert_eq!(did.out.matches("PER SECOND").count(), 2, "kernel and agent, from the second look on");
    });
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut err = Vec::new();
    let mut out = Closed;
    let mut screen = Screen::plain(&mut out, &mut err, jiff::Timestamp::UNIX_EPOCH);
    (screen.colour, screen.colour_err) = (true, true);
    assert_eq!(main(["picket".into(), "version".into()], &mut screen), Exit::Done);
    assert!(err.is_empty());
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let directory = tempfile::tempdir().expect("directory");
    let line = ["picket".into(), "--state-dir".into(), directory.path().into(), "stats".into()];
    let mut screen = Screen::plain(&mut out, &mut err, jiff::Timestamp::UNIX_EPOCH);
    screen.colour_err = true;
    main(line, &mut screen);
    assert!(String::from_utf8(err).expect("UTF-8").starts_with("\x1b["));
}
