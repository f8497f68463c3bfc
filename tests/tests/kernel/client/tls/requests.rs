//! The requests of the load: mostly small ones, and of each other kind some.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};

use super::{Cut, Secured};
use crate::client::{Body, Request, Response, Split};
use crate::ledger::Ledger;
use crate::servers::Server;
use crate::servers::tls::{BIG, STATUSES};

/// Numbers are unique in a run, and each answer says its number, or is as long as only its request asked for.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A request and what must be answered.
pub struct Question {
    /// The request.
    pub request: Request,
    status: u16,
    body: Vec<u8>,
    split: Split,
    cut: Cut,
}

impl Question {
    /// The next one of the load.
    pub fn next() -> Self {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let [small, big] = BIG;
        let form = |length: usize| b"name=value&".iter().copied().cycle().take(length).collect::<Vec<u8>>();
        let length = usize::try_from(n % 1000).unwrap_or_default();
        let question = match (n % 1000, n % 50) {
            (499, _) => Self::big(n, big),
            (749, _) => Self::length(n, Body::Length(form(1 << 20)), 1 << 20),
            (_, 7) => Self::length(n, Body::Length(form(length)), length),
            (_, 13) => Self::length(n, Body::Chunked(form(5000 + length), 700), 5000 + length),
            (_, 21) => Self::big(n, small),
            (_, 29) => {
                let chunks: String = (0..10).map(|n| format!("chunk {n}\n")).collect();
                Self::new(Request::new("GET", format!("/chunked/{n}")), 200, chunks.into())
            }
            (_, 37) => Self::length(n, Body::Length(form(100_000)), 100_000),
            _ => Self::id(n),
        };
        match n % 20 {
            // Records of 37 bytes, a segment each.
            3 => Self { split: Split::Pieces(37), ..question },
            // Records over several segments: an upload in ten thousand of them would be about the client alone.
            11 if question.request.encode().len() < 4096 => Self { cut: Cut::Segments(23), ..question },
            // Several records in a segment.
            17 => Self { split: Split::Pieces(19), cut: Cut::Held, ..question },
            _ => question,
        }
    }

    /// The next one, and small.
    pub fn small() -> Self {
        Self::id(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A request with a number, to another path.
    pub fn other(path: &str, status: u16) -> Self {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Self::new(Request::new("GET", format!("{path}{n}")), status, Vec::new())
    }

    fn id(n: u64) -> Self {
        let status = STATUSES[usize::try_from(n % 5).unwrap_or_default()];
        Self::new(Request::new("GET", format!("/id/{n}")), status, format!("id {n}\n").into())
    }

    fn length(n: u64, body: Body, length: usize) -> Self {
        let request = Request::new("POST", format!("/length/{n}")).body(body);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        Self::new(request, 200, format!("length {length}\n").into())
    }

    fn big(n: u64, size: usize) -> Self {
        let body = b"0123456789abcdef".iter().copied().cycle().take(size).collect();
        Self::new(Request::new("GET", format!("/big/{size}/{n}")), 200, body)
    }

    fn new(request: Request, status: u16, body: Vec<u8>) -> Self {
        Self { request, status, body, split: Split::Whole, cut: Cut::No }
    }

    /// Status code of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Body of the answer, when it is text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// Sends it.
    pub fn ask(&self, connection: &mut Secured) -> Result<()> {
        connection.stream_mut().cut = self.cut;
        connection.send(&self.request.encode(), self.split).with_context(|| self.request.target())
    }

    /// Reads the answer, compares it, enters the request.
    pub fn heed(&self, server: &Server, connection: &mut Secured, ledger: &mut Ledger) -> Result<()> {
        let response =
            connection.receive(self.request.method).with_context(|| format!("answer to {}", self.named()))?;
        self.check(&response)?;
        ledger.enter(&server.service, connection.local(), &self.request, self.status);
        Ok(())
    }

    /// Whether it was answered as it must be.
    pub fn check(&self, response: &Response) -> Result<()> {
        let named = self.named();
        ensure!(
            response.status == self.status,
            "{named} was answered {}, not {}: {:?}",
            response.status,
            self.status,
            String::from_utf8_lossy(response.body.get(..300).unwrap_or(&response.body))
        );
        ensure!(
            response.body == self.body,
            "{named} was answered with {} other bytes, not {}: {:?}",
            response.body.len(),
            self.body.len(),
            String::from_utf8_lossy(response.body.get(..100).unwrap_or(&response.body))
        );
        Ok(())
    }

    fn named(&self) -> String {
        let Request { method, path, .. } = &self.request;
        format!("{method} {path} (in {:?} and {:?})", self.split, self.cut)
    }
}
