//! The ledger: every request that was sent, and what must be reported of it. Reports are compared
//! with it one by one; what is missing, twice, wrong or never sent is named.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Result, bail};
use picket_tests::rates::Expected;
use serde_json::{Value, json};

use crate::agent::Report;
use crate::client::Request;
use crate::client::request::{HOST, USER_AGENT};
use crate::patience::wait_until;
use crate::servers::{Access, Server, Service};

/// Differences named of each kind before the rest is only counted.
const NAMED: usize = 5;

/// A request that was sent and answered.
#[derive(Clone)]
pub struct Sent {
    service: Arc<Service>,
    peer: SocketAddr,
    client_ip: IpAddr,
    method: &'static str,
    path: String,
    query: Option<String>,
    user_agent: String,
    status: u16,
}

/// All requests sent in a scenario.
#[derive(Clone, Default)]
pub struct Ledger {
    sent: Vec<Sent>,
}

impl Ledger {
    /// Enters a request: sent by `peer` (as the service sees it), answered with `status`.
    pub fn enter(&mut self, service: &Arc<Service>, peer: SocketAddr, request: &Request, status: u16) {
        self.enter_forwarded(service, peer, peer.ip(), request, status);
    }

    /// Enters a request that came through a trusted proxy on behalf of `client_ip`.
    pub fn enter_forwarded(
        &mut self,
        service: &Arc<Service>,
        peer: SocketAddr,
        client_ip: IpAddr,
        request: &Request,
        status: u16,
    ) {
        let own = request.headers.iter().find(|(name, _)| *name == "User-Agent").map(|(_, v)| v.clone());
        self.sent.push(Sent {
            service: service.clone(),
            peer,
            client_ip,
            method: request.method,
            path: request.path.clone(),
            query: request.query.clone(),
            user_agent: own.unwrap_or_else(|| USER_AGENT.to_owned()),
            status,
        });
    }

    /// How many requests were entered.
    pub fn len(&self) -> usize {
        self.sent.len()
    }

    /// Path of the request entered last.
    pub fn last_path(&self) -> Option<&str> {
        self.sent.last().map(|s| s.path.as_str())
    }

    /// Adds what another ledger holds.
    pub fn append(&mut self, other: Self) {
        self.sent.extend(other.sent);
    }

    /// What a report of each request is compared with to count rates.
    pub fn expected(&self) -> impl Iterator<Item = Expected<'_>> {
        self.sent.iter().map(|sent| Expected {
            path: &sent.path,
            peer: sent.peer,
            pid: sent.service.pid,
            port: sent.service.port,
            status: sent.status,
        })
    }

    /// Compares with the service's own access log: proves the client and the fixture.
    pub fn check_access_log(&self, server: &Server) -> Result<()> {
        let mut expected: Vec<Access> =
            self.sent.iter().filter(|s| Arc::ptr_eq(&s.service, &server.service)).map(Sent::access).collect();
        expected.sort();
        let mut seen = Vec::new();
        let complete = wait_until("the access log", 10, || {
            seen = server.access_log().ok()?;
            (seen.len() >= expected.len()).then_some(())
        });
        seen = server.access_log()?;
        seen.sort();
        if complete.is_err() || seen != expected {
            let missing: Vec<_> =
                expected.iter().filter(|e| seen.binary_search(e).is_err()).take(NAMED).collect();
            let extra: Vec<_> =
                seen.iter().filter(|s| expected.binary_search(s).is_err()).take(NAMED).collect();
            bail!(
                "the fixture is wrong, not the agent: {}'s access log has {} requests, {} were sent\n\
                 sent, not logged: {missing:?}\nlogged, not sent: {extra:?}\n{}",
                server.process.name(),
                seen.len(),
                expected.len(),
                server.printed()
            );
        }
        Ok(())
    }

    /// Compares with all the agent reported: each request once, each field as sent, nothing else.
    pub fn check(&self, reports: &[Report]) -> Result<()> {
        self.compare(reports, Lost::None).map(|_| ())
    }

    /// As [`Ledger::check`], but requests may be missing and responses unseen; gives how many
    /// requests are missing and of how many others the status is.
    pub fn check_with_loss(&self, reports: &[Report]) -> Result<(usize, usize)> {
        self.compare(reports, Lost::Allowed)
    }

    fn compare(&self, reports: &[Report], lost: Lost) -> Result<(usize, usize)> {
        let mut by_path: HashMap<&str, Vec<&Report>> = HashMap::new();
        for report in reports {
            by_path.entry(report.path()).or_default().push(report);
        }
        let (mut missing, mut twice, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        let mut unseen_status = 0;
        for sent in &self.sent {
            match by_path.remove(sent.path.as_str()).as_deref() {
                None | Some([]) => missing.push(sent.to_string()),
                Some([report]) => {
                    let statusless = lost == Lost::Allowed && report.at("/status").is_null();
                    unseen_status += usize::from(statusless);
                    let differences = sent.differences(report, statusless);
                    if !differences.is_empty() {
                        wrong.push(format!("{sent}: {}", differences.join(", ")));
                    }
                }
                Some(many) => twice.push(format!("{sent}: {} times: {}", many.len(), many[1])),
            }
        }
        let never: Vec<String> = by_path.values().flatten().map(|r| format!("{} {r}", r.path())).collect();
        let excused = if lost == Lost::Allowed { missing.len() } else { 0 };
        if missing.len() > excused || !twice.is_empty() || !wrong.is_empty() || !never.is_empty() {
            let mut text = format!(
                "{} requests sent, {} reported: {} missing, {} more than once, {} wrong, {} never sent\n",
                self.sent.len(),
                reports.len(),
                missing.len(),
                twice.len(),
                wrong.len(),
                never.len()
            );
            for (what, list) in
                [("missing", &missing), ("more than once", &twice), ("wrong", &wrong), ("never sent", &never)]
            {
                for one in list.iter().take(NAMED) {
                    let _ = writeln!(text, "{what}: {one}");
                }
                if list.len() > NAMED {
                    let _ = writeln!(text, "{what}: … {} more: {}", list.len() - NAMED, shapes(list));
                }
            }
            bail!("{}", text.trim_end());
        }
        Ok((missing.len(), unseen_status))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    None,
    Allowed,
}

/// How many of each shape (the path's part before the number) are in a list of differences.
fn shapes(list: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in list {
        let path = one.split(' ').find(|w| w.starts_with('/')).unwrap_or_default();
        *counts.entry(path.rsplit_once('/').map_or(path, |(shape, _)| shape)).or_default() += 1;
    }
    counts.iter().map(|(shape, n)| format!("{shape} {n}")).collect::<Vec<_>>().join(", ")
}

impl Sent {
    fn access(&self) -> Access {
        let target = match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        };
        let peer = SocketAddr::new(self.peer.ip(), self.peer.port());
        Access { peer, method: self.method.to_owned(), target, status: self.status }
    }

    fn differences(&self, report: &Report, without_status: bool) -> Vec<String> {
        let mut fields = vec![
            ("/service/name", json!(self.service.name)),
            ("/service/pid", json!(self.service.pid)),
            ("/service/exe", json!(self.service.exe)),
            ("/service/port", json!(self.service.port)),
            ("/client_ip", json!(self.client_ip.to_string())),
            ("/peer_ip", json!(self.peer.ip().to_string())),
            ("/peer_port", json!(self.peer.port())),
            ("/method", json!(self.method)),
            ("/host", json!(HOST)),
            ("/user_agent", json!(self.user_agent)),
        ];
        if !without_status {
            fields.push(("/status", json!(self.status)));
        }
        if let Some(query) = &self.query {
            fields.push(("/query", json!(query)));
        }
        let mut differences: Vec<String> = fields
            .into_iter()
            .filter(|(field, expected)| report.at(field) != expected)
            .map(|(field, expected)| format!("{} is {}, not {expected}", &field[1..], report.at(field)))
            .collect();
        // What is sent here is HTTP by the book.
        let anomalies = report.at("/anomalies");
        if anomalies.as_array().is_some_and(|a| !a.is_empty()) {
            differences.push(format!("anomalies are {anomalies}"));
        }
        if self.query.is_none() && !matches!(report.at("/query"), Value::Null) && report.at("/query") != "" {
            differences.push(format!("query is {}, there was none", report.at("/query")));
        }
        differences
    }
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} (from {} to {}, answered {})",
            self.method, self.path, self.peer, self.service.name, self.status
        )
    }
}
