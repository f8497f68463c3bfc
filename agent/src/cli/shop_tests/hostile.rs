//! What attackers write.

use super::*;

/// Whatever an attacker writes, lines stay lines, in every list, on every terminal.
#[test]
fn nothing_an_attacker_writes_steers_the_terminal() {
    const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\r\n\u{202e}\u{200b}é日本語日本語日本語";
    let agent = Agent::start();
    for n in 0..6 {
        let mut event = injection(HOSTILE);
        event["service"] = json!({"name": HOSTILE, "port": 80, "exe": HOSTILE, "cmdline": [HOSTILE]});
        for name in ["host", "path", "query", "user_agent", "endpoint", "policy"] {
            event[name] = json!(format!("/{HOSTILE}"));
        }
        event["method"] = json!(HOSTILE);
        event["user"] = json!({"id": HOSTILE, "source": "session"});
        event["session"] = json!({"id": HOSTILE});
        event["tls"] = json!({"version": HOSTILE, "cipher": HOSTILE, "sni": HOSTILE, "ja4": HOSTILE});
        event["attributes"] = json!({HOSTILE: HOSTILE});
        event["anomalies"] = json!([{"kind": HOSTILE, "detail": HOSTILE}]);
        event["matches"][0]["name"] = json!(HOSTILE);
        event["matches"][0]["rule"] = json!(HOSTILE);
        event["business"] = json!([{"name": "users.login.failure", "attributes": {"usr.login": HOSTILE}}]);
        agent.take(agent.event(100 - n, &event));
    }
    agent.stored();
    let signal = agent.signals().first().expect("one was raised").id.to_string();
    let event = agent.json(&["events"])["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(agent.picket(&["block", "--user", HOSTILE, "--reason", HOSTILE]).exit, Exit::Done);
    let mut ran = 0;
    for columns in [None, Some(60), Some(200)] {
        for args in [
            &["events"][..],
            &["events", "show", &event],
            &["events", "facets", "@path"],
            &["signals"],
            &["signals", "show", &signal],
            &["users"],
            &["users", "show", HOSTILE],
            &["actors"],
            &["actors", "show", "203.0.113.7"],
            &["denylist"],
            &["audit"],
        ] {
            let did = agent.picket_on(columns, args);
            assert_eq!(did.exit, Exit::Done, "{args:?}: {}", did.err);
            let control = did
                .out
                .chars()
                .find(|c| *c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}')));
            assert_eq!(control, None, "{args:?} {columns:?}: {:?}", did.out);
            if let Some(columns) = columns {
                // The commands that a person copies are whole, whatever is in them; an event's own line keeps its client.
                let bounded = did.out.lines().take_while(|line| *line != "What you can do");
                let bounded = bounded.skip(if args[1..].first() == Some(&"show") && args[0] == "events" {
                    3
                } else {
                    0
                });
                for line in bounded {
                    assert!(line.width() <= columns, "{args:?} {columns} {}: {line}", line.width());
                }
            }
            let did = agent.picket_on(columns, &[args, &["--json"]].concat());
            let control = did
                .out
                .chars()
                .find(|c| *c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}')));
            assert_eq!(control, None, "{args:?} --json: {:?}", did.out);
            serde_json::from_str::<Value>(&did.out).expect("JSON");
            ran += 1;
        }
    }
    assert_eq!(ran, 33);
}
