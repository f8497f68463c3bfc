//! `cargo xtask bench store`: how fast events are stored, what they take, and how long questions of a UI take.

mod made;
mod questions;

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use picket::{
    query,
    store::{Fate, Options, Store, read::Between, sql::Sql},
};

pub use made::{Body, DAY, END};
pub use questions::ask;

/// Events put in between two flushes: fewer than the queue holds.
const BATCH: u64 = 4000;
/// Days that the events are spread over.
pub const DAYS: i64 = 30;

/// Fills a store with events up to `end` (nanoseconds since the epoch), unless it has as many already, and tells what
/// that cost, as Markdown.
///
/// # Errors
/// When the store can't be used, or loses an event.
pub fn fill(directory: &Path, events: u64, end: i64, body: Body) -> Result<String> {
    let store = Store::open(directory, &options())?;
    let there =
        store.reader().with_deadline(Duration::from_secs(60)).count(&Sql::all(), Between::any())?.count;
    // Live attacks of an earlier run may have come to it.
    if u64::try_from(there).is_ok_and(|there| there >= events) {
        return Ok(format!("{there} events were stored already.\n"));
    }
    ensure!(there == 0, "{} has {there} events, not {events}: name another directory", directory.display());
    let (took, json) = put(&store, events, end, body)?;
    drop(store);
    let bytes = fs::metadata(directory.join(picket::store::FILE))?.len();
    let json = json / events.max(1);
    let mut text = String::new();
    writeln!(
        text,
        "{events} events of {json} bytes of JSON on average, spread over {DAYS} days: {:.0} stored a second (one \
         writer thread, until acknowledged). In the file an event takes {} bytes, {} of them beside its JSON; all take \
         {:.2} GiB.",
        events as f64 / took.as_secs_f64(),
        bytes / events.max(1),
        (bytes / events.max(1)).saturating_sub(json),
        bytes as f64 / f64::from(1 << 30)
    )?;
    Ok(text)
}

/// Opens a filled store and asks it; gives tables as Markdown.
///
/// # Errors
/// When it can't be opened, or a question gets no answer.
pub fn measure(directory: &Path, rounds: usize) -> Result<String> {
    let start = Instant::now();
    let store = Store::open(directory, &options())?;
    let opened = format!("Opening it takes {} ms.\n\n", start.elapsed().as_millis());
    Ok(opened + &ask(&store.reader(), rounds)?)
}

/// As the agent has them, but for what would delete or leave out events.
pub fn options() -> Options {
    Options {
        max_age: Duration::from_secs(100_000 * 86_400),
        max_size: u64::MAX,
        events_per_second: u32::MAX,
        functions: Some(query::register),
        ..Options::default()
    }
}

/// Puts events in; gives the time from the first to the last acknowledgement, without that in which they were made,
/// and the bytes of their JSON.
fn put(store: &Store, events: u64, end: i64, body: Body) -> Result<(Duration, u64)> {
    let handle = store.handle();
    let mut took = Duration::ZERO;
    let mut made = made::Events::new(events, end, DAYS, body);
    let (mut put, mut bytes) = (0, 0);
    while put < events {
        let batch: Vec<_> = made.by_ref().take(usize::try_from(BATCH.min(events - put))?).collect();
        put += batch.len() as u64;
        bytes += batch.iter().map(|(_, _, json)| json.len() as u64).sum::<u64>();
        let start = Instant::now();
        for (id, facts, json) in batch {
            let fate = handle.event(id, facts, || json);
            ensure!(fate == Fate::Queued, "an event was not taken: {fate:?}");
        }
        handle.flush()?.wait(Duration::from_secs(120)).context("the writer")?;
        took += start.elapsed();
        if put.is_multiple_of(200_000) {
            eprintln!("    {put} events, {:.0} a second", put as f64 / took.as_secs_f64());
        }
    }
    ensure!(store.handle().stats().stored == events, "some events are missing: {:?}", store.handle().stats());
    Ok((took, bytes))
}
