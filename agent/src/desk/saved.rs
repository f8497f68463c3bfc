//! Open windows and signals under way, kept over a restart.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{DeskError, nanoseconds};
use crate::{
    detect::{Detection, Signal},
    event::Event,
    limits,
    query::Sql,
    store::{Change, Reader, Window, read::Between},
};

/// What counts in windows.
const WINDOWS: &str = "windows";
/// Signals under way.
const SIGNALS: &str = "signals";
/// Version of both; their bytes have versions of their own.
const VERSION: i64 = 1;
/// Between two saves, at least.
const SOON: Duration = Duration::from_secs(1);
/// When nothing was counted meanwhile, and when saving costs more than next to nothing.
const LATE: Duration = Duration::from_secs(5);
/// Saving takes one part in this many of the time; up to [`LATE`], one in so many.
const SHARE: u32 = 50;
const SHARE_SOON: u32 = 500;
/// And no more is written than this: a million groups have 150 MB. Up to [`LATE`], no more than that.
const BYTES_A_SECOND: usize = 1024 * 1024;
const BYTES_A_SECOND_SOON: usize = 64 * 1024;

/// When to save next.
#[derive(Default)]
pub(super) struct Clock {
    /// When it was saved, and the pauses after it: if something was counted, and if nothing was.
    saved: Option<(Instant, Duration, Duration)>,
    /// The time of the newest event in it, nanoseconds.
    counted: i64,
}

impl Clock {
    /// Whether it is time. `counted`: the time of the newest event, nanoseconds.
    pub fn is_due(&self, counted: i64) -> bool {
        self.saved
            .is_none_or(|(at, soon, late)| at.elapsed() >= if counted == self.counted { late } else { soon })
    }

    /// It was saved, took so long, and has so many bytes.
    pub fn took(&mut self, time: Duration, bytes: usize, counted: i64) {
        let (soon, late) = pauses(time, bytes);
        self.saved = Some((Instant::now(), soon, late));
        self.counted = counted;
    }
}

/// How long to wait after a save that took so long and has so many bytes: when something was counted since, and when nothing was.
fn pauses(time: Duration, bytes: usize) -> (Duration, Duration) {
    let written = |a_second: usize| Duration::from_secs_f64(bytes as f64 / a_second as f64);
    let late = LATE.max(time * SHARE).max(written(BYTES_A_SECOND));
    let soon = SOON.max(time * SHARE_SOON).max(written(BYTES_A_SECOND_SOON));
    (soon.min(late), late)
}

impl super::Desk {
    /// Keeps something over a restart, in place of what had the name before.
    pub fn save(&self, name: &str, bytes: Vec<u8>) {
        let time = nanoseconds(Timestamp::now());
        self.write(vec![Change::Window(Window { name: name.to_owned(), version: VERSION, time, bytes })]);
    }

    /// What was kept under a name.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn saved(&self, name: &str) -> Result<Option<Vec<u8>>, DeskError> {
        Ok(self.reader.window(name)?.map(|window| window.bytes))
    }
}

/// What is to be saved; `counted`: the time of the newest event in it, nanoseconds.
pub(super) fn windows(detection: &Detection, counted: i64) -> Vec<Change> {
    let (windows, signals) = detection.snapshot();
    let window = |name: &str, bytes| {
        Change::Window(Window { name: name.to_owned(), version: VERSION, time: counted, bytes })
    };
    vec![window(WINDOWS, windows), window(SIGNALS, signals)]
}

/// Bytes of what is to be saved.
pub(super) fn bytes(change: &Change) -> usize {
    match change {
        Change::Window(window) => window.bytes.len(),
        _ => 0,
    }
}

/// What was stored after windows were saved last.
pub(super) struct Missed {
    /// The time of the newest event that is in the windows, nanoseconds.
    pub counted: i64,
    /// Later events, in the order of their time.
    pub events: Vec<Event>,
}

/// Events that an agent which was killed had stored and counted, but not saved in its windows. Transactions that are no events
/// are not stored: what rules counted of those after the last save is missing.
pub(super) fn missed(reader: &Reader) -> Result<Missed, DeskError> {
    let counted = reader.window_time(WINDOWS)?.unwrap_or(0);
    // An event lies up to a second beside its time.
    let between = Between { from: Some(counted.saturating_sub(1_000_000_000)), to: None };
    let (mut events, mut cursor) = (Vec::new(), None);
    // The newest come first: of more than there is room for, the oldest are left out.
    while events.len() < limits::DESK_REPLAYED {
        let page = reader.events(&Sql::all(), between, limits::STORE_PAGE, cursor.as_ref())?;
        let read = page.rows.iter().filter_map(|row| serde_json::from_str::<Event>(&row.json).ok());
        events.extend(read.filter(|event| nanoseconds(event.time) > counted));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    events.sort_by_key(|event| event.time);
    Ok(Missed { counted, events })
}

/// Goes on where the agent before ended. What can't be read is said, and begins anew.
pub(super) fn resume(reader: &Reader, detection: &mut Detection) -> Result<(), DeskError> {
    let (windows, signals) = (reader.window(WINDOWS)?, reader.window(SIGNALS)?);
    let counted = signals.as_ref().map_or(0, |signals| signals.time);
    let bytes = |window: Option<Window>| window.map(|window| window.bytes).unwrap_or_default();
    let (windows, signals) = (bytes(windows), bytes(signals));
    if !(windows.is_empty() && signals.is_empty())
        && let Err(error) = detection.restore(&windows, &signals)
    {
        tracing::warn!(%error, "what detection rules counted before the restart can't be read: they count from now on");
    }
    // People may have decided since it was saved.
    let under_way: Vec<_> = detection.book().iter().map(|signal| signal.id).collect();
    for id in under_way {
        let Some(row) = reader.signal(&id.to_string())? else { continue };
        if let Ok(stored) = serde_json::from_str::<Signal>(&row.json) {
            detection.book_mut().resume(&stored);
        }
    }
    // And an agent that was killed may have raised some more.
    let late = i64::try_from(limits::DETECT_LATE).unwrap_or(i64::MAX);
    let between = Between { from: Some(counted.saturating_sub(late)), to: None };
    let page = reader.signals(&Sql::all(), between, limits::STORE_PAGE, None)?;
    let stored = page.rows.iter().filter_map(|row| serde_json::from_str::<Signal>(&row.json).ok());
    detection.book_mut().recall(stored);
    Ok(())
}

#[cfg(test)]
#[test]
fn what_is_small_is_saved_often() {
    let (ms, kib) = (Duration::from_millis, 1024);
    // (took, bytes, pause when something was counted, when nothing was)
    let cases = [
        (ms(0), 0, ms(1000), ms(5000)),
        (ms(1), 40 * kib, ms(1000), ms(5000)),
        (ms(4), 40 * kib, ms(2000), ms(5000)),
        (ms(1), 192 * kib, ms(3000), ms(5000)),
        (ms(40), 40 * kib, ms(5000), ms(5000)),
        (ms(1), 3072 * kib, ms(5000), ms(5000)),
        (ms(200), 40 * kib, ms(10_000), ms(10_000)),
        (ms(1), 150 * 1024 * kib, ms(150_000), ms(150_000)),
    ];
    for (took, bytes, soon, late) in cases {
        assert_eq!(pauses(took, bytes), (soon, late), "{took:?}, {bytes} bytes");
    }
    assert_eq!(cases.len(), 8);
    let mut clock = Clock::default();
    assert!(clock.is_due(0), "nothing was saved yet");
    clock.took(Duration::from_secs(3600), 0, 7);
    assert!(!clock.is_due(7) && !clock.is_due(8), "what took an hour is not done again right away");
}
