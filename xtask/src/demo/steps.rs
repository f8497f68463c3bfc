//! The steps, in order; each ends when it was observed.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use super::{
    agent::Agent,
    attacks::ATTACKS,
    client::{Answer, Honest, Patience, request},
    host::{Cgroup, Scratch, Server, services, sweep},
    network::{ATTACKER, HONEST, HOST, INTERFACE, Network},
    tell::{Who, seen, tell},
};
use crate::say;

/// Requests of the honest client to see before the attacker comes.
const HONEST_REQUESTS: u64 = 10;
/// Attacks until a block is overdue: more than `respond.events` of demo.toml.
const MOST_ATTACKS: usize = 12;
/// Requests that have to come to nothing while blocked, and that the honest client makes meanwhile.
const WHILE_BLOCKED: u64 = 3;
/// Between two attacks, so that a person can read along.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a client waits for an answer.
const WAIT: Duration = Duration::from_secs(1);

/// Everything on stage. Fields are dropped in this order.
struct Stage {
    honest: Honest,
    agent: Agent,
    services: [Server; 2],
    _cgroup: Cgroup,
    network: Arc<Network>,
    _scratch: Scratch,
}

/// Plays it all.
///
/// # Errors
/// The step that was not observed, and what the agent said last.
pub fn play(agent: &Path, stop: &AtomicBool) -> Result<()> {
    tell(
        Who::Demo,
        &format!("network: honest client {HONEST}, attacker {ATTACKER} ── router ── host {HOST}"),
    );
    sweep(agent);
    let network = Arc::new(Network::new()?);
    let scratch = Scratch::new()?;
    let cgroup = Cgroup::new(&scratch)?;
    let services = services(&network.host, &cgroup, &scratch)?;
    tell(Who::Demo, "host: nginx :80, a Python service :8000 behind it; nobody told them of Picket");
    Patience::seconds(15).until("the services answer", || {
        matches!(request(&network.honest, &["/"], WAIT), Ok(Answer::Status(200))).then_some(())
    })?;
    let agent = Agent::start(agent, &network.host, &cgroup, &scratch)?;
    let honest = Honest::begin(Arc::clone(&network));
    let mut stage = Stage { honest, agent, services, _cgroup: cgroup, network, _scratch: scratch };

    let outcome = stage.acts();
    match outcome {
        Ok(()) => {
            say::step("every step was observed");
            Ok(())
        }
        Err(error) if stop.load(Ordering::Relaxed) => Err(error),
        Err(error) => {
            let error = format!("{error:#}");
            let ended = stage.alive().err().map(|ended| format!("{ended:#}")).filter(|ended| *ended != error);
            let ended = ended.map(|ended| format!("\n{ended}")).unwrap_or_default();
            Err(anyhow!("not seen: {error}{ended}\nthe agent said last:\n{}", stage.agent.last_words()))
        }
    }
}

impl Stage {
    fn acts(&mut self) -> Result<()> {
        self.agent_answers()?;
        self.services_found()?;
        self.requests_seen()?;
        self.attacks_judged()?;
        self.blocked_and_dropped()?;
        self.block_runs_out()?;
        self.honest_client_unharmed()
    }

    fn agent_answers(&mut self) -> Result<()> {
        let agent = &mut self.agent;
        Patience::seconds(15).until("the agent answers `picket stats`", || {
            // An agent that ended will not answer: no use to wait.
            agent.check().map_or(Some(()), |()| agent.ask("stats").ok().map(drop))
        })?;
        agent.check()?;
        tell(Who::Picket, &format!("runs on the host, drops on {INTERFACE}"));
        Ok(())
    }

    fn services_found(&self) -> Result<()> {
        let found =
            Patience::seconds(10).until("services found: nginx on port 80, Python on 8000", || {
                let services = self.agent.ask("services").ok()?;
                let services = services.as_array().or_else(|| services["services"].as_array())?.clone();
                let on = |port: &str, program: &str| {
                    let runs =
                        |service: &&Value| service["exe"].as_str().is_some_and(|exe| exe.contains(program));
                    let listens = |service: &&Value| {
                        service["listen"].as_str().is_some_and(|listen| listen.ends_with(port))
                    };
                    services.iter().find(|service| runs(service) && listens(service)).cloned()
                };
                Some([on(":80", "nginx")?, on(":8000", "python")?])
            })?;
        for service in &found {
            tell(
                Who::Picket,
                &format!(
                    "service {} on {}, {}",
                    text(&service["name"]),
                    text(&service["listen"]),
                    text(&service["exe"])
                ),
            );
        }
        seen("the services were found");
        Ok(())
    }

    fn requests_seen(&self) -> Result<()> {
        let before = self.agent.reports(0).len();
        let (mut at, mut count) = (before, 0);
        Patience::seconds(15).until("requests of the honest client, with their status", || {
            for report in self.agent.reports(at) {
                at += 1;
                if report["client_ip"] == HONEST && report["status"] == 200 {
                    count += 1;
                    tell(Who::Honest, &request_line(&report));
                }
            }
            (count >= HONEST_REQUESTS).then_some(())
        })?;
        seen(&format!("{count} requests were seen, none judged an attack"));
        match self.agent.reports(0).iter().find(|report| report["client_ip"] == HONEST && is_event(report)) {
            Some(false_alarm) => bail!("peace: an honest request was judged an attack: {false_alarm}"),
            None => Ok(()),
        }
    }

    /// The attacker tries one thing after the other until it is blocked.
    fn attacks_judged(&self) -> Result<()> {
        let mut at = self.agent.reports(0).len();
        let mut types = BTreeSet::new();
        let mut events = 0;
        for attack in ATTACKS.iter().cycle().take(MOST_ATTACKS) {
            let answer = request(&self.network.attacker, attack.request, WAIT)?;
            tell(Who::Attacker, &format!("{} ─> {}", attack.name, shown(answer)));
            let next = Instant::now() + PAUSE;
            let blocked = Patience::seconds(2).until("", || {
                for report in self.agent.reports(at) {
                    at += 1;
                    if report["client_ip"] == ATTACKER && is_event(&report) {
                        events += 1;
                        types.extend(match_types(&report));
                        tell(Who::Picket, &format!("judged {}", verdict(&report)));
                    }
                }
                let blocked = self.agent.block_of(ATTACKER).ok()?.is_some();
                (blocked || Instant::now() > next).then_some(blocked)
            })?;
            if blocked {
                if types.len() < 2 {
                    bail!(
                        "attacks judged: {events} events before the block, of types {types:?}: expected at least 2 types"
                    );
                }
                seen(&format!("{events} attacks were judged: {}", Vec::from_iter(types).join(", ")));
                return Ok(());
            }
        }
        bail!(
            "the attacker blocked: {MOST_ATTACKS} attacks, {events} events, and no block of {ATTACKER} in `picket denylist`"
        )
    }

    /// While the block stands, XDP drops what the attacker sends and the honest client goes on.
    fn blocked_and_dropped(&self) -> Result<()> {
        let block = self.agent.block_of(ATTACKER)?.context("the block, though it was just there")?;
        let on: Vec<&str> =
            block["enforced_on"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !on.contains(&INTERFACE) {
            bail!("the block in force on {INTERFACE}: {block}");
        }
        seen(&format!("{ATTACKER} is blocked on {INTERFACE}, until {}", text(&block["ends"])));
        let (answered, failed) = (self.honest.answered(), self.honest.failed());
        let (mut silences, mut last, mut drops) = (0, None, 0);
        Patience::seconds(20).until("the attacker's packets dropped while the honest client goes on", || {
            if silences < WHILE_BLOCKED {
                let answer = request(&self.network.attacker, &["/"], WAIT).ok()?;
                silences += u64::from(answer == Answer::Silence);
                last = Some(answer);
                if let Some(block) = self.agent.block_of(ATTACKER).ok()? {
                    drops = block["drops"].as_u64()?;
                }
                let honest = self.honest.answered() - answered;
                tell(Who::Attacker, &format!("GET / ─> {}", shown(answer)));
                tell(Who::Picket, &format!("XDP dropped {drops} packets; the honest client had {honest} answers meanwhile"));
            }
            let honest = self.honest.answered() - answered;
            (silences >= WHILE_BLOCKED && drops > 0 && honest >= WHILE_BLOCKED).then_some(())
        })
        .with_context(|| format!("{silences} of the attacker's requests without answer (last: {last:?}), {drops} packets dropped"))?;
        if self.honest.failed() > failed {
            bail!(
                "the honest client goes on: {} of its requests failed meanwhile",
                self.honest.failed() - failed
            );
        }
        seen(&format!("XDP dropped the attacker's next {drops} packets, the honest client went on"));
        Ok(())
    }

    fn block_runs_out(&self) -> Result<()> {
        tell(Who::Demo, "nobody does anything: the block runs out by itself");
        Patience::seconds(20)
            .until("the block running out", || self.agent.block_of(ATTACKER).ok()?.is_none().then_some(()))?;
        seen("the block ran out");
        let mut at = self.agent.reports(0).len();
        Patience::seconds(10).until("the attacker getting through again", || {
            let answer = request(&self.network.attacker, &["/?again"], WAIT).ok()?;
            tell(Who::Attacker, &format!("GET /?again ─> {}", shown(answer)));
            (answer == Answer::Status(200)).then_some(())
        })?;
        let report = Patience::seconds(5).until("the attacker's request after the block", || {
            let reports = self.agent.reports(at);
            at += reports.len();
            reports.into_iter().find(|report| report["client_ip"] == ATTACKER && report["query"] == "again")
        })?;
        tell(Who::Picket, &format!("sees {}", request_line(&report)));
        seen("the attacker got through again");
        Ok(())
    }

    fn honest_client_unharmed(&mut self) -> Result<()> {
        let (answered, failed) = (self.honest.answered(), self.honest.failed());
        tell(Who::Honest, &format!("{answered} requests answered, {failed} failed"));
        self.alive()?;
        if failed > 0 {
            bail!("the honest client unharmed: {failed} of its {} requests failed", answered + failed);
        }
        Ok(())
    }

    fn alive(&mut self) -> Result<()> {
        self.agent.check()?;
        self.services.iter_mut().try_for_each(Server::check)
    }
}

fn is_event(report: &Value) -> bool {
    report["kind"] == "event" && report["matches"].as_array().is_some_and(|matches| !matches.is_empty())
}

fn match_types(report: &Value) -> impl Iterator<Item = String> + '_ {
    let matches = report["matches"].as_array().into_iter().flatten();
    matches.filter_map(|hit| hit["tags"]["type"].as_str()).map(str::to_owned)
}

fn request_line(report: &Value) -> String {
    let query = match text(&report["query"]) {
        query if query.is_empty() => query,
        query => format!("?{query}"),
    };
    let line = format!("{} {}{query}", text(&report["method"]), text(&report["path"]));
    let line: String = line.chars().take(60).collect();
    format!("{line} ─> {} ({})", text(&report["status"]), service_name(report))
}

fn verdict(report: &Value) -> String {
    let first = &report["matches"][0];
    let value: String = text(&first["value"]).chars().take(48).collect();
    format!(
        "{}: {} in {} `{value}` ({})",
        text(&first["tags"]["type"]),
        text(&first["name"]),
        text(&first["location"]),
        service_name(report)
    )
}

fn service_name(report: &Value) -> String {
    match &report["service"] {
        Value::Object(service) => service.get("name").map(text).unwrap_or_default(),
        other => text(other),
    }
}

fn shown(answer: Answer) -> String {
    match answer {
        Answer::Status(status) => status.to_string(),
        Answer::Silence => "no answer".to_owned(),
        Answer::Failed(code) => format!("failed (curl: {code})"),
    }
}

/// A value as text without quotes.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
