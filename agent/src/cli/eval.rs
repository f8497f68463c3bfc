//! `picket eval`: the rule engine on its own, over requests from a file.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    net::IpAddr,
    num::NonZero,
    path::Path,
    sync::Arc,
    thread,
    time::Instant,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::{
    CliError, Exit,
    args::EvalArgs,
    screen::{Screen, grouped},
};
use crate::{
    http::{self, Limits},
    rules::{
        load::{self, Loaded, Wanted},
        program::{
            collections::Collections,
            run::{Facts, Scratch},
        },
    },
};

/// Lines that are read before their answers are written.
const BATCH: usize = 4096;
/// Bytes of one line.
const LONGEST_LINE: usize = 64 << 20;

pub(super) fn command(args: &EvalArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let wanted = Wanted {
        paths: args.rules.clone(),
        paranoia: args.paranoia,
        lenient: args.lenient,
        ..Wanted::default()
    };
    let began = Instant::now();
    let loaded = load::load(&wanted).map_err(|error| CliError::Rules(error.to_string()))?;
    let loading = began.elapsed();
    for left_out in &loaded.left_out {
        screen.warning(&format!("left out: {left_out}"))?;
    }
    let threads =
        args.threads.unwrap_or_else(|| thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN));
    let mut input = open(&args.file)?;
    let kept = Arc::<Collections>::default();
    let mut workers: Vec<Worker<'_>> =
        (0..threads.get()).map(|_| Worker::new(&loaded, Arc::clone(&kept))).collect();
    let mut times = Vec::new();
    let mut flawed = 0usize;
    let mut lines = Vec::new();
    let mut number = 0;
    loop {
        lines.clear();
        while lines.len() < BATCH
            && let Some(line) = next_line(&mut input)?
        {
            number += 1;
            lines.push((number, line));
        }
        if lines.is_empty() {
            break;
        }
        let share = lines.len().div_ceil(workers.len());
        let answers: Vec<Answered> = thread::scope(|scope| {
            let running: Vec<_> = workers
                .iter_mut()
                .zip(lines.chunks(share))
                .map(|(worker, lines)| {
                    scope.spawn(move || {
                        lines.iter().map(|(at, line)| worker.line(*at, line)).collect::<Vec<_>>()
                    })
                })
                .collect();
            running.into_iter().flat_map(|running| running.join().unwrap_or_default()).collect()
        });
        for answer in answers {
            times.extend(answer.us);
            flawed += usize::from(answer.us.is_none());
            writeln!(screen.out, "{}", answer.json).map_err(CliError::Print)?;
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        // Truncation is what picks the sample.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
    let flawed =
        if flawed == 0 { String::new() } else { format!(", {} lines refused", grouped(flawed as u64)) };
    screen.note(&format!(
        "{} requests, {} rules (loaded in {} ms): mean {mean:.1} µs, p50 {:.1} µs, p99 {:.1} µs, longest {:.1} µs{flawed}",
        grouped(times.len() as u64),
        grouped(loaded.rules() as u64),
        loading.as_millis(),
        at(0.5),
        at(0.99),
        times.last().copied().unwrap_or_default(),
    ))?;
    Ok(Exit::Done)
}

fn open(file: &Path) -> Result<Box<dyn BufRead>, CliError> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    match File::open(file) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(error) => Err(CliError::Input(format!("{}: {error}", file.display()))),
    }
}

fn next_line(input: &mut dyn BufRead) -> Result<Option<Vec<u8>>, CliError> {
    let mut line = Vec::new();
    let wrong = |error: io::Error| CliError::Input(format!("the input: {error}"));
    let mut limited = io::Read::take(input, LONGEST_LINE as u64);
    let read = limited.read_until(b'\n', &mut line).map_err(wrong)?;
    if read == LONGEST_LINE && line.last() != Some(&b'\n') {
        return Err(CliError::Input(format!("a line of more than {LONGEST_LINE} bytes")));
    }
    Ok((read > 0).then_some(line))
}

/// A line of the input.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    client_ip: Option<IpAddr>,
    request: String,
    response: Option<String>,
}

/// A line of the output.
#[derive(Serialize)]
struct Answer<'a> {
    id: Option<&'a RawValue>,
    matches: Vec<MatchView<'a>>,
    score: serde_json::Map<String, Value>,
    blocked: bool,
    us: f64,
    /// What rules and processors write on a request that matched.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    attributes: serde_json::Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anomalies: Vec<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

#[derive(Serialize)]
struct MatchView<'a> {
    rule: String,
    tags: Value,
    severity: Option<u8>,
    location: &'a str,
    value: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

struct Answered {
    json: String,
    /// Time in the engine; none for a line that is no request.
    us: Option<f64>,
}

struct Worker<'r> {
    rules: &'r Loaded,
    scratch: Scratch,
}

impl<'r> Worker<'r> {
    fn new(rules: &'r Loaded, kept: Arc<Collections>) -> Self {
        Self { rules, scratch: Scratch::sharing(kept) }
    }

    /// One line out for one line in.
    fn line(&mut self, number: u64, line: &[u8]) -> Answered {
        let refused = |id: Option<&RawValue>, problem: String| {
            let error = format!("line {number}: {problem}");
            Answered { json: serde_json::json!({ "id": id, "error": error }).to_string(), us: None }
        };
        let read: Line<'_> = match serde_json::from_slice(line) {
            Ok(read) => read,
            Err(error) => {
                return refused(None, format!("expected {{\"id\", \"client_ip\", \"request\"}}: {error}"));
            }
        };
        let Ok(request) = BASE64_STANDARD.decode(read.request.as_bytes()) else {
            return refused(read.id, "\"request\" is not base64".into());
        };
        let response = match read.response.as_ref().map(|text| BASE64_STANDARD.decode(text.as_bytes())) {
            Some(Err(_)) => return refused(read.id, "\"response\" is not base64".into()),
            Some(Ok(response)) => Some(response),
            None => None,
        };
        let client = read.client_ip.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let limits = Limits { request_body: LONGEST_LINE, response_body: LONGEST_LINE, ..Limits::default() };
        let exchange = http::exchange(&request, response.as_deref(), limits);
        let began = Instant::now();
        let facts = Facts::of_client(client, jiff::Timestamp::now().as_second());
        let verdict = self.rules.engine.as_ref().map(|engine| {
            engine.judge(&exchange.request, exchange.response.as_ref(), &facts, &mut self.scratch)
        });
        let us = began.elapsed().as_secs_f64() * 1e6;
        let verdict = verdict.unwrap_or_default();
        let mut matches = Vec::new();
        for found in &verdict.in_app {
            matches.push(MatchView {
                rule: found.rule.id.clone(),
                tags: serde_json::to_value(&found.rule.tags).unwrap_or_default(),
                severity: None,
                location: &found.location,
                value: &found.value,
                message: &found.rule.name,
            });
        }
        for hit in &verdict.hits {
            matches.push(MatchView {
                rule: hit.rule.id.to_string(),
                tags: serde_json::to_value(&hit.rule.tags).unwrap_or_default(),
                severity: hit.rule.severity,
                location: &hit.location,
                value: &hit.value,
                message: &hit.message,
            });
        }
        let mut attributes = verdict.attributes.clone();
        if let (Some(engine), false) = (&self.rules.engine, matches.is_empty()) {
            attributes.extend(engine.attributes(&exchange.request, exchange.response.as_ref(), &facts));
        }
        let answer = Answer {
            id: read.id,
            matches,
            attributes: attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).collect(),
            score: verdict.scores.iter().map(|(name, score)| (name.clone(), Value::from(*score))).collect(),
            blocked: verdict.blocks(),
            us: (us * 10.0).round() / 10.0,
            anomalies: exchange.request.anomalies.iter().map(|anomaly| anomaly.kind).collect(),
            truncated: exchange.request.body.cut,
        };
        Answered { json: serde_json::to_string(&answer).unwrap_or_default(), us: Some(us) }
    }
}
