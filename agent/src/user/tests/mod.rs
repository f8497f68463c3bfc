//! Stories: requests and responses in, users and events out.

mod canaries;
mod sessions;

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::http::{Exchange, Limits, exchange};

/// Observes from one moment on; each transaction is a second later.
pub(super) struct Watch {
    pub observer: Observer,
    now: Timestamp,
}

impl Watch {
    pub fn new(configuration: &str) -> Self {
        let config =
            crate::config::Config::parse(configuration, "test").unwrap_or_else(|error| panic!("{error}"));
        let sessions = Arc::new(Sessions::new(Key::new(&[7; 32])));
        Self {
            observer: Observer::new(Arc::new(Settings::new(&config.users)), sessions),
            now: "2026-11-22T04:40:00Z".parse().unwrap(),
        }
    }

    pub fn see(&mut self, request: &str, response: Option<&str>) -> Observed {
        self.see_from(request, response, false)
    }

    pub fn see_from(&mut self, request: &str, response: Option<&str>, trusted: bool) -> Observed {
        let Exchange { request, response } =
            exchange(request.as_bytes(), response.map(str::as_bytes), Limits::default());
        self.now += jiff::Span::new().seconds(1);
        let transaction = Transaction {
            request: &request,
            response: response.as_ref(),
            service: "shop",
            port: 443,
            trusted,
            attacks: &[],
        };
        self.observer.observe(&transaction, self.now)
    }
}

/// A message as it is on the wire, of lines without what is in front of them.
pub(super) fn message(first: &str, lines: &[&str]) -> String {
    let end = lines.iter().position(|line| line.is_empty()).unwrap_or(lines.len());
    let (head, body) = lines.split_at(end);
    let body = body.get(1..).unwrap_or_default().join("\n");
    let mut text = format!("{first}\r\n");
    for line in head {
        text += &format!("{line}\r\n");
    }
    let kind = match body.bytes().next() {
        Some(b'{' | b'[') => "application/json",
        Some(b'<') => "text/html; charset=utf-8",
        _ => "application/x-www-form-urlencoded",
    };
    if !body.is_empty() {
        text += &format!("Content-Type: {kind}\r\n");
    }
    text + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

/// What a transaction was, in the words of the stories.
fn told(observed: &Observed) -> Vec<String> {
    let mut told = Vec::new();
    for BusinessEvent { name, attributes } in &observed.business {
        told.push(name.to_string());
        told.extend(attributes.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        }));
    }
    if let Some(User { id, source, claimed }) = &observed.user {
        told.push(format!("user={id}"));
        told.push(format!("source={}", serde_json::to_value(source).unwrap().as_str().unwrap()));
        told.extend(claimed.then(|| "claimed".to_owned()));
    }
    told.sort();
    told
}

/// Runs stories; how many transactions there were.
fn run(stories: &str) -> usize {
    run_with("", stories)
}

/// The same with a configuration.
fn run_with(configuration: &str, stories: &str) -> usize {
    let mut ran = 0;
    for story in stories.split("\n## ").skip(1) {
        let (name, story) = story.split_once('\n').unwrap();
        let mut watch = Watch::new(configuration);
        let (mut request, mut response): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for line in story.lines() {
            let (mark, text) = line.split_at(line.len().min(1));
            let text = text.strip_prefix(' ').unwrap_or(text);
            match mark {
                ">" => request.push(text),
                "<" => response.push(text),
                "=" => {
                    let sent =
                        message(&format!("{} HTTP/1.1\r\nHost: shop.example", request[0]), &request[1..]);
                    let got = message(&format!("HTTP/1.1 {} X", response[0]), &response[1..]);
                    let observed = watch.see(&sent, Some(&got));
                    let mut expected: Vec<String> =
                        text.split(' ').filter(|word| *word != "-").map(str::to_owned).collect();
                    expected.sort();
                    assert_eq!(told(&observed), expected, "{name}: {}\n{sent}\n\n{got}", request[0]);
                    let line =
                        serde_json::to_string(&(&observed.user, &observed.session, &observed.business))
                            .unwrap();
                    assert!(!line.contains("hunter2"), "{line}");
                    request.clear();
                    response.clear();
                    ran += 1;
                }
                _ => assert!(line.is_empty(), "{name}: {line}"),
            }
        }
        assert!(request.is_empty() && response.is_empty(), "{name} ends early");
    }
    ran
}

#[test]
fn frameworks() {
    let stories = include_str!("frameworks.txt");
    let ran = run(stories);
    assert_eq!(ran, stories.lines().filter(|line| line.starts_with('=')).count());
    assert!(ran >= 100, "{ran}");
}

/// Examples of transactions are stories, with the configuration that stands before them.
#[test]
fn the_examples_of_the_manual() {
    let manual = include_str!("../../../../docs/users.md");
    let (mut ran, mut configuration) = (0, "");
    for block in manual.split("```").skip(1).step_by(2) {
        if let Some(toml) = block.strip_prefix("toml\n") {
            configuration = toml;
        } else if let Some(story) = block.strip_prefix("text\n") {
            ran += run_with(configuration, &format!("\n## docs/users.md\n{story}"));
        }
    }
    assert_eq!(ran, 3);
}

#[test]
fn what_looks_like_a_login_and_is_none() {
    let ran = run(include_str!("benign.txt"));
    assert_eq!(ran, 31);
}
