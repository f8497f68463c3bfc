//! Any bytes as a request, before Picket's own rules.

use std::sync::LazyLock;

use picket::http::{Body, Header, Request};
use picket::limits;
use picket::rules::{
    load::{self, Wanted},
    program::{
        engine::Engine,
        run::{Facts, Scratch},
    },
};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let wanted = Wanted { paths: vec!["default".into()], ..Wanted::default() };
    load::load(&wanted).expect("own rules").engine.expect("own rules")
});

/// Judging ends, gives the same answer twice, and keeps to its bounds.
pub fn run(data: &[u8]) {
    let request = request(data);
    let facts = Facts::of_client([192, 0, 2, 1].into(), 0);
    let mut scratch = Scratch::default();
    let mut judge = || ENGINE.judge(&request, None, &facts, &mut scratch).in_app;
    let matches = judge();
    for found in &matches {
        assert!(found.value.len() <= limits::MATCH_VALUE * 3, "value of {} bytes", found.value.len());
    }
    assert_eq!(matches, judge(), "the second time differs");
    assert_eq!(scratch.stats.transactions, 2);
}

/// Reads bytes as a request, far more loosely than the http stage would: first line, header lines,
/// empty line, body.
#[must_use]
pub fn request(data: &[u8]) -> Request {
    let mut rest = data;
    let mut line = || {
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line).to_vec()
    };
    let first = line();
    let mut words = first.splitn(3, |&byte| byte == b' ');
    let method = words.next().unwrap_or_default().to_vec();
    let target = words.next().unwrap_or_default().to_vec();
    let mut headers = Vec::new();
    loop {
        let field = line();
        if field.is_empty() {
            break;
        }
        let colon = field.iter().position(|&byte| byte == b':').unwrap_or(field.len());
        let (name, value) = field.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        headers.push(Header { name: name.to_vec().into(), value: value.to_vec().into() });
    }
    Request {
        number: 0,
        method: method.into(),
        target: target.into(),
        protocol: "HTTP/1.1".into(),
        version: 1,
        headers,
        trailers: 0,
        body: Body { data: rest.to_vec().into(), wire_len: rest.len() as u64, cut: false },
        anomalies: Vec::new(),
        started: 0,
        ended: 0,
    }
}
