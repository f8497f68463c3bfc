//! Stories as text: what a person sees, exactly.

use std::{fs, path::Path};

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::{Screen, Story};

const NOW: &str = "2026-11-22T04:52:10Z";

/// An attack that seems to have worked, by an address that then was blocked for another signal.
fn attack() -> serde_json::Value {
    json!({
        "signal": {
            "id": "019aa9a8-d300-7003-8000-40abcdef0123", "rule": "sql-injection-success",
            "title": "SQL injection likely successful",
            "message": "203.0.113.7 tried SQL injection on shop, and the service answered with errors of its database.",
            "severity": "high", "rule_case": "errors", "status": "under_review", "assignee": "alice", "case": "SEC-17",
            "comment": "asked the shop's team",
            "first_seen": "2026-11-22T04:40:10Z", "last_seen": "2026-11-22T04:50:10Z",
            "group": {"client_ip": "203.0.113.7", "service": "shop", "@endpoint": "/search"},
            "counts": {"events": 46, "queries": {"errors": 12}, "attacks": 44, "blocked": 3},
            "actors": ["203.0.113.7", "203.0.113.8"], "users": ["bob"], "sessions": ["5d41402abc4b2a76"],
            "user_agents": ["sqlmap/1.8.2#stable (https://sqlmap.org)"], "services": ["shop"],
            "fingerprints": {"ja4": ["t13d1516h2_8daaf6152771_b186095e22b6"]},
            "events": [
                {"id": "019aa9a8-d300-7004-8000-40abcdef0123", "time": "2026-11-22T04:40:10Z", "what": "GET /.env 404"},
                {"id": "019aa9a8-d301-7004-8000-40abcdef0123", "time": "2026-11-22T04:41:10Z",
                 "what": "GET /search 500 sql_injection"},
            ],
            "timeline": [
                {"stage": "probing", "what": "GET /.env 404", "first_seen": "2026-11-22T04:40:10Z",
                 "last_seen": "2026-11-22T04:40:40Z", "count": 2},
                {"stage": "attempt", "what": "GET /search 200 sql_injection", "first_seen": "2026-11-22T04:40:50Z",
                 "last_seen": "2026-11-22T04:45:10Z", "count": 32},
                {"stage": "success_hint", "what": "GET /search 500 sql_injection", "first_seen": "2026-11-22T04:41:10Z",
                 "last_seen": "2026-11-22T04:50:10Z", "count": 12},
                {"stage": "action_taken", "what": "203.0.113.7 blocked for 1h", "first_seen": "2026-11-22T04:50:10Z",
                 "last_seen": "2026-11-22T04:50:10Z", "count": 1},
            ],
            "actions": [{"kind": "block_ip", "duration": 3600}], "tags": ["technique:sqli"],
            "related": ["019aa9a8-d200-7003-8000-40abcdef0123", "019aa9a8-d100-7003-8000-40abcdef0123"],
        },
        "actors": [{
            "ip": "203.0.113.7", "first_seen": "2026-11-22T04:38:10Z", "last_seen": "2026-11-22T04:50:10Z", "events": 1046,
            "types": {"sql_injection": 44, "xss": 2}, "services": ["shop"], "users": ["bob"],
            "user_agents": ["sqlmap/1.8.2#stable (https://sqlmap.org)"], "signals": 3, "blocked": true, "passlisted": false,
        }],
        "events": [{
            "kind": "event", "id": "019aa9a8-d301-7004-8000-40abcdef0123", "time": "2026-11-22T04:41:10Z",
            "service": {"name": "shop", "port": 80}, "client_ip": "203.0.113.7", "peer_ip": "203.0.113.7", "peer_port": 4000,
            "method": "GET", "host": "shop.example", "path": "/search", "query": "q=%27+OR+1%3D1", "status": 500,
            "user_agent": "sqlmap/1.8.2", "matches": [{"rule": "picket-sqli-003", "name": "Tautology in a comparison",
            "tags": {"type": "sql_injection"}, "location": "query.q", "value": "' OR 1=1"}], "blocked": false,
            "duration_us": 900, "truncated": false,
        }],
        "related": [{
            "id": "019aa9a8-d200-7003-8000-40abcdef0123", "rule": "security-scanner", "title": "Security scanner",
            "message": "", "severity": "low", "status": "open", "first_seen": "2026-11-22T04:38:10Z",
            "last_seen": "2026-11-22T04:50:10Z", "group": {}, "counts": {"events": 900, "queries": {}, "attacks": 900,
            "blocked": 0}, "events": [], "timeline": [], "tags": [],
        }],
        "history": [
            {"time": "2026-11-22T04:41:10Z", "who": "picket", "what": "opened", "details": {"severity": "high", "case": "errors"}},
            {"time": "2026-11-22T04:51:10Z", "who": "root", "what": "status",
             "details": {"from": "open", "to": "under_review", "reason": null}},
        ],
    })
}

fn story(value: serde_json::Value) -> Story {
    serde_json::from_value(value).expect("a story")
}

fn told(story: &Story, columns: Option<usize>, set: impl FnOnce(&mut Screen<'_>)) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut screen = Screen::plain(&mut out, &mut err, NOW.parse().expect("time"));
    screen.columns = columns;
    set(&mut screen);
    story.print(&mut screen).expect("printed");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn an_attack_that_seems_to_have_worked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/story/tests");
    let mut wrong = String::new();
    for (file, columns, utc) in
        [("attack.txt", None, false), ("attack-60.txt", Some(60), false), ("attack-utc.txt", Some(200), true)]
    {
        let expected = fs::read_to_string(folder.join(file)).expect("it is there");
        let shown = told(&story(attack()), columns, |screen| screen.utc = utc);
        if shown != expected {
            wrong.push_str(&format!("--- {file} is not\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// No text of it is there that somebody could have put in.
#[test]
fn nothing_in_it_reaches_the_terminal_as_a_control() {
    const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\r\n\u{202e}\u{200b}'é日本";
    fn poison(value: &mut serde_json::Value, poisoned: &mut u32) {
        match value {
            serde_json::Value::String(text) => {
                // Times, ids, addresses and words that Picket chooses can't be anything else.
                let fixed = text.starts_with("2026-")
                    || text.starts_with("019aa9a8-")
                    || text.parse::<std::net::IpAddr>().is_ok();
                let words = [
                    "high",
                    "low",
                    "open",
                    "under_review",
                    "probing",
                    "attempt",
                    "success_hint",
                    "action_taken",
                    "block_ip",
                    "event",
                ];
                if !fixed && !words.contains(&text.as_str()) {
                    *text = format!("{HOSTILE}{text}");
                    *poisoned += 1;
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| poison(item, poisoned)),
            serde_json::Value::Object(map) => map.values_mut().for_each(|item| poison(item, poisoned)),
            _ => {}
        }
    }
    let mut value = attack();
    value["signal"]["actors"] = json!([HOSTILE, "203.0.113.8"]);
    value["actors"][0]["ip"] = json!(HOSTILE);
    let mut poisoned = 0;
    poison(&mut value, &mut poisoned);
    assert!(poisoned >= 40, "{poisoned}");
    let hostile = story(value);
    for columns in [None, Some(60), Some(200)] {
        let text = told(&hostile, columns, |_| ());
        let control =
            text.chars().find(|c| *c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}')));
        assert_eq!(control, None, "{text:?}");
        // A user whose name is not what is seen is not written into a command.
        assert!(!text.contains("--user"), "{text}");
        let commands = text.lines().skip_while(|line| *line != "What you can do").count();
        let above = text.lines().count() - commands;
        for line in text.lines().take(above) {
            assert!(line.width() <= columns.unwrap_or(usize::MAX), "{columns:?} {}: {line}", line.width());
        }
    }
}

/// What is done about an attack, and whether it worked, in one line each.
#[test]
fn outcomes() {
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = attack();
        change(&mut value);
        let text = told(&story(value), None, |_| ());
        let line = |label: &str| {
            let line =
                text.lines().find(|line| line.starts_with(&format!("  {label}"))).expect("it is there");
            line.trim_start().trim_start_matches(label).trim().to_owned()
        };
        (line("did it work"), line("what was done"))
    };
    let timeline = |stages: &'static [&'static str]| {
        move |value: &mut serde_json::Value| {
            let entry = |stage: &&str| json!({"stage": stage, "what": "GET /", "first_seen": NOW, "last_seen": NOW, "count": 1});
            value["signal"]["timeline"] = stages.iter().map(entry).collect();
            value["signal"]["counts"]["blocked"] = json!(0);
            value["actors"][0]["blocked"] = json!(false);
        }
    };
    let nobody = "nobody is blocked";
    for (stages, worked, done) in [
        (&["probing"][..], "it only looked around", nobody),
        (&["probing", "attempt"], "nothing hints at it", nobody),
        (&["attempt", "success_hint"], "perhaps: GET / (once)", nobody),
        (&["attempt", "action_taken"], "nothing hints at it", "GET /"),
        (&[], "its events don't tell", nobody),
    ] {
        assert_eq!(with(&timeline(stages)), (worked.to_owned(), done.to_owned()), "{stages:?}");
    }
    let (_, done) = with(&|value| {
        timeline(&["attempt"])(value);
        value["actors"][0]["passlisted"] = json!(true);
    });
    assert_eq!(done, "nobody is blocked; on the passlist, so never blocked: 203.0.113.7");
}
