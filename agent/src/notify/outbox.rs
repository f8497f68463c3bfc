//! The outbox: rows of the store, whose ids are target, time and signal.
//!
//! ```text
//!  pager/01795305600123456789-0190d8f0-…     a change of a signal
//!  pager/01795305600123456789-more-12        twelve changes in one
//! ```
//!
//! So the rows of a target lie side by side, in the order in which they came to be.

use std::time::Duration;

use super::message::Notification;
use crate::store::{Change, OutboxRow, ReadError, Reader, StoreHandle, WriteError};

/// How long a write may take.
const WRITE: Duration = Duration::from_secs(20);

/// The notification's id.
pub(super) fn id(time: i64, what: &str) -> String {
    format!("{time:020}-{what}")
}

/// The id of its row.
pub(super) fn row_id(target: &str, id: &str) -> String {
    format!("{target}/{id}")
}

/// When a row came to be, nanoseconds since the epoch, and what it is about.
pub(super) fn about(row: &OutboxRow) -> Option<(i64, &str)> {
    let (time, what) = row.id.split_once('/')?.1.split_once('-')?;
    Some((time.parse().ok()?, what))
}

/// Whether several signals are in it.
pub(super) fn is_more(what: &str) -> bool {
    what.starts_with("more-")
}

/// Several rows as one, in the place of the first.
pub(super) fn merge(target: &str, rows: &[OutboxRow]) -> Option<OutboxRow> {
    let (time, _) = about(rows.first()?)?;
    let told: Vec<Notification> =
        rows.iter().filter_map(|row| serde_json::from_str(&row.json).ok()).collect();
    let id = id(time, &format!("more-{}", rows.len()));
    let more = Notification::more(id.clone(), &told)?;
    Some(OutboxRow {
        id: row_id(target, &id),
        target: target.to_owned(),
        due: time,
        attempts: 0,
        json: serde_json::to_string(&more).ok()?,
    })
}

/// Reads and changes the rows of the store. Cheap to clone; each call blocks a thread of the runtime's pool.
#[derive(Clone)]
pub(super) struct Outbox {
    pub reader: Reader,
    pub handle: StoreHandle,
}

impl Outbox {
    /// Rows of a target after an id, in order.
    pub async fn page(
        &self,
        target: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, ReadError> {
        // `0` is what follows `/`.
        let (after, before) =
            (after.map_or_else(|| format!("{target}/"), str::to_owned), format!("{target}0"));
        let reader = self.reader.clone();
        let page = tokio::task::spawn_blocking(move || reader.outbox_between(&after, &before, limit));
        // It can't panic, and is not cancelled while somebody waits for it.
        page.await.unwrap_or_else(|_| Ok(Vec::new()))
    }

    /// Makes changes, and waits until they are on the disk.
    pub async fn write(&self, changes: Vec<Change>) -> Result<(), WriteError> {
        let handle = self.handle.clone();
        let written = tokio::task::spawn_blocking(move || handle.write(changes)?.wait(WRITE));
        written.await.unwrap_or(Err(WriteError::Closed))
    }

    /// Waits until what others are writing is there.
    pub async fn settle(&self) {
        let handle = self.handle.clone();
        let settled = tokio::task::spawn_blocking(move || handle.flush().and_then(|ack| ack.wait(WRITE)));
        // A store that can't write has nothing new either.
        let _ = settled.await;
    }

    /// Deletes what waits for targets that are no more; gives their names and how many.
    pub fn sweep(&self, known: &[String]) -> Vec<(String, u64)> {
        let Ok(counts) = self.reader.outbox_counts() else { return Vec::new() };
        let mut swept = Vec::new();
        for (target, count) in counts {
            if known.contains(&target) {
                continue;
            }
            let (first, before) = (format!("{target}/"), format!("{target}0"));
            while let Ok(rows) = self.reader.outbox_between(&first, &before, crate::limits::STORE_PAGE) {
                let done: Vec<Change> = rows.into_iter().map(|row| Change::OutboxDone(row.id)).collect();
                if done.is_empty() || self.handle.write(done).and_then(|ack| ack.wait(WRITE)).is_err() {
                    break;
                }
            }
            swept.push((target, count));
        }
        swept
    }
}
