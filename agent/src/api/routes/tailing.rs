//! A tail at work: what is stored since the client was there last, then what happens.
//!
//! ```text
//! desk.live ── 4096 of the latest, shared ──> matcher ──> one message at a time ──> client
//! ```
//!
//! A client has no queue of its own: it is as far behind as it is slow, and what falls out of the shared ones is
//! counted and told (`lag`).

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::IntoResponse};
use bytes::Bytes;
use hyper::body::Frame;
use jiff::Timestamp;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, watch};
use uuid::Uuid;

use super::answer::{blocking, count, stored};
use crate::{
    api::{ApiError, types::Lag},
    desk::{Desk, Live},
    detect::{ChangeKind, Signal},
    event::json_line,
    limits::{API_TAIL_BEFORE, STORE_PAGE},
    query::Matcher,
    store::read::Between,
};

/// Messages on their way to the connection.
const AHEAD: usize = 8;
/// How long it is waited for what came before to be stored.
const STORED_WITHIN: Duration = Duration::from_secs(2);
/// How long a client waits before it comes again, milliseconds.
const RETRY: u64 = 2000;

/// What a tail is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Events,
    Signals,
}

/// Where a client was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// The event it had last.
    Event(Uuid),
    /// When it was told of a signal last, nanoseconds since the epoch.
    Signal(i64),
}

impl Resume {
    /// What a client says in `Last-Event-ID`.
    pub fn read(text: &str, of: Of) -> Option<Self> {
        match of {
            Of::Events => text.parse().ok().map(Self::Event),
            Of::Signals => text.parse().ok().filter(|time| *time >= 0).map(Self::Signal),
        }
    }
}

/// The body of a tail's answer.
pub(super) struct Tail(mpsc::Receiver<Bytes>);

impl Tail {
    /// Begins. It ends with its client, or when the agent stops.
    pub fn start(
        desk: Arc<Desk>,
        of: Of,
        matcher: Matcher,
        resume: Option<Resume>,
        heartbeat: Duration,
        stopping: watch::Receiver<bool>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let (to, messages) = mpsc::channel(AHEAD);
        // From here on nothing is missed; what was before is in the store.
        let live = desk.live();
        let telling = Telling { desk, of, matcher, to, live, told: VecDeque::new() };
        tokio::spawn(async move {
            telling.run(resume, heartbeat, stopping).await;
            drop(place);
        });
        Self(messages)
    }
}

impl hyper::body::Body for Tail {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|message| message.map(|bytes| Ok(Frame::data(bytes))))
    }
}

impl IntoResponse for Tail {
    fn into_response(self) -> axum::response::Response {
        Body::new(self).into_response()
    }
}

/// The client is gone.
struct Gone;

struct Telling {
    desk: Arc<Desk>,
    of: Of,
    matcher: Matcher,
    to: mpsc::Sender<Bytes>,
    live: broadcast::Receiver<Arc<Live>>,
    /// Ids of events that were told from the store and may come live, too.
    told: VecDeque<Uuid>,
}

impl Telling {
    async fn run(mut self, resume: Option<Resume>, heartbeat: Duration, mut stopping: watch::Receiver<bool>) {
        let to = self.to.clone();
        tokio::select! {
            _ = self.tell(resume, heartbeat) => {}
            () = to.closed() => {}
            () = async {
                // Errors when there is nobody left to stop it: then it is time, too.
                let _ = stopping.wait_for(|stopping| *stopping).await;
            } => {}
        }
    }

    async fn tell(&mut self, resume: Option<Resume>, heartbeat: Duration) -> Result<(), Gone> {
        // Something comes at once, so that the client knows that it is connected. Who is never told of a signal has an
        // id to come back with, too.
        let since = match self.of {
            Of::Events => String::new(),
            Of::Signals => format!("id: {}\n", stored(Timestamp::now())),
        };
        self.send(format!("retry: {RETRY}\n{since}\n")).await?;
        if let Some(resume) = resume {
            self.before(resume).await?;
        }
        let mut beat = tokio::time::interval(heartbeat);
        beat.reset();
        loop {
            let message = tokio::select! {
                live = self.live.recv() => match live {
                    Ok(live) => self.live(&live),
                    Err(broadcast::error::RecvError::Lagged(left_out)) => Some(lag(left_out)),
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                _ = beat.tick() => Some(":\n\n".to_owned()),
            };
            if let Some(message) = message {
                self.send(message).await?;
                beat.reset();
            }
        }
    }

    async fn send(&self, message: String) -> Result<(), Gone> {
        self.to.send(message.into()).await.map_err(|_| Gone)
    }

    fn live(&mut self, live: &Live) -> Option<String> {
        match (live, self.of) {
            (Live::Event(event), Of::Events) => {
                if let Some(at) = self.told.iter().position(|told| *told == event.id) {
                    self.told.remove(at);
                    return None;
                }
                self.matcher.matches(&**event).then(|| message("event", &event.id, &event.json_line()))
            }
            (Live::Signal(change), Of::Signals) => self.signal(change.kind, &change.signal),
            _ => None,
        }
    }

    fn signal(&self, kind: ChangeKind, signal: &Signal) -> Option<String> {
        let json = serde_json::to_value(signal).ok().filter(|json| self.matcher.matches(json))?;
        Some(changed(kind, stored(Timestamp::now()), &json))
    }

    /// What was stored since.
    async fn before(&mut self, resume: Resume) -> Result<(), Gone> {
        let (desk, matcher) = (Arc::clone(&self.desk), self.matcher.clone());
        let found = blocking(move || {
            // What is on its way is to be found; if it is late, it comes live.
            let _ = desk.handle().flush().and_then(|ack| ack.wait(STORED_WITHIN));
            match resume {
                Resume::Event(last) => events_since(&desk, &matcher, last),
                Resume::Signal(since) => signals_since(&desk, &matcher, since),
            }
        })
        .await;
        match found {
            Ok(Before { messages, left_out, told }) => {
                if left_out > 0 {
                    self.send(lag(left_out)).await?;
                }
                for message in messages {
                    self.send(message).await?;
                }
                self.told = told;
            }
            // Not known what was missed: said, and it goes on with what happens.
            Err(error) => {
                tracing::warn!(%error, "a tail could not be told what was before");
                self.send(lag(0)).await?;
            }
        }
        Ok(())
    }
}

/// What was stored since a client was there.
#[derive(Default)]
struct Before {
    /// The oldest first.
    messages: VecDeque<String>,
    /// Older ones than these, that were left out.
    left_out: u64,
    told: VecDeque<Uuid>,
}

/// Events that are newer than one.
fn events_since(desk: &Desk, matcher: &Matcher, last: Uuid) -> Result<Before, ApiError> {
    let reader = desk.reader();
    let condition = matcher.to_sql();
    let since = match reader.event(&last.to_string())? {
        Some(event) => event.time.saturating_add(1),
        // Not stored, or gone: its id has the time, in milliseconds.
        None => match last.get_timestamp() {
            Some(time) => {
                let (seconds, nanoseconds) = time.to_unix();
                let time = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
                i64::try_from(time).unwrap_or(i64::MAX)
            }
            None => return Ok(Before::default()),
        },
    };
    let mut between = Between { from: Some(since), to: None };
    let mut before = Before::default();
    let mut after = None;
    loop {
        let page = reader.events(&condition, between, STORE_PAGE, after.as_ref())?;
        for event in page.rows {
            let Ok(id) = event.id.parse::<Uuid>() else { continue };
            if id == last {
                continue;
            }
            before.told.push_front(id);
            before.messages.push_front(message("event", &id, &event.json));
            between.to = Some(event.time);
        }
        after = page.next;
        if after.is_none() {
            return Ok(before);
        }
        if before.messages.len() >= API_TAIL_BEFORE {
            before.left_out = count(reader.count(&condition, between)?.count);
            return Ok(before);
        }
    }
}

/// Signals that were seen since a time, and those that this agent found when it began, as they are now.
fn signals_since(desk: &Desk, matcher: &Matcher, since: i64) -> Result<Before, ApiError> {
    let reader = desk.reader();
    let condition = matcher.to_sql();
    let between = Between { from: Some(since), to: None };
    let mut messages: Vec<(i64, String)> = Vec::new();
    let (began, recounted) = desk.recounted(since);
    for (id, kind) in &recounted {
        let Some(signal) = desk.signal(*id)? else { continue };
        if let Some(json) = serde_json::to_value(signal).ok().filter(|json| matcher.matches(json)) {
            messages.push((began, changed(*kind, began, &json)));
        }
    }
    let is_told = |id: &str| {
        id.parse().is_ok_and(|id: Uuid| recounted.binary_search_by_key(&id, |(told, _)| *told).is_ok())
    };
    let mut after = None;
    loop {
        let page = reader.signals(&condition, between, STORE_PAGE, after.as_ref())?;
        for row in page.rows.into_iter().filter(|row| !is_told(&row.id)) {
            let kind = if row.first_seen >= since { ChangeKind::Opened } else { ChangeKind::Extended };
            let Ok(signal) = RawValue::from_string(row.json) else { continue };
            messages.push((row.time, changed(kind, row.time, &signal)));
        }
        after = page.next;
        if after.is_none() || messages.len() >= API_TAIL_BEFORE {
            break;
        }
    }
    messages.sort_by_key(|(time, _)| *time);
    let messages = messages.into_iter().map(|(_, message)| message).collect();
    Ok(Before { messages, ..Before::default() })
}

fn changed(kind: ChangeKind, id: i64, signal: &impl serde::Serialize) -> String {
    message("signal", &id, &json_line(&serde_json::json!({ "kind": kind, "signal": signal })))
}

fn lag(left_out: u64) -> String {
    let lag = serde_json::to_string(&Lag { left_out }).unwrap_or_default();
    format!("event: lag\ndata: {lag}\n\n")
}

/// JSON has no line breaks, so it is one line of data.
fn message(event: &str, id: &impl std::fmt::Display, json: &str) -> String {
    format!("event: {event}\nid: {id}\ndata: {json}\n\n")
}
