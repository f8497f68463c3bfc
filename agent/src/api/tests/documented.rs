//! Every request in docs/api.md is sent.

use super::{desk::Ground, *};

const DOCS: &str = include_str!("../../../../docs/api.md");

#[test]
fn what_the_documentation_asks_is_answered() {
    let ground = Ground::new();
    let signal = ground.signal().to_string();
    let event = ground.get("/v1/events?limit=1")["items"][0]["id"].as_str().expect("an id").to_owned();
    let body = r#"{"rules":["picket-xss-002"]}"#;
    let (_, made) = ground.ask("POST", "/v1/exclusions", body);
    let exclusion = made["exclusion"]["id"].as_str().expect("an id").to_owned();
    let mut sent = 0;
    let mut inside = false;
    for line in DOCS.lines() {
        if line.starts_with("```") {
            inside = line == "```http";
            continue;
        }
        if !inside {
            continue;
        }
        let line = line.replace("{signal}", &signal).replace("{event}", &event);
        let line = line.replace("{exclusion}", &exclusion);
        let (method, rest) = line.split_once(' ').expect("a method");
        let (target, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let (status, answer) = ground.ask(method, target, body);
        assert_eq!(status, 200, "{line}\n{answer}");
        sent += 1;
    }
    assert_eq!(sent, 73);
}

#[test]
fn every_code_is_documented_with_its_status() {
    for code in Code::ALL {
        let name = serde_json::to_value(code).expect("JSON");
        let row = format!("| `{}` | {} |", name.as_str().expect("a text"), code.status().as_u16());
        assert!(DOCS.contains(&row), "docs/api.md lacks {row}");
    }
}
