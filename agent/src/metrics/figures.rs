//! What is counted behind the events: store, detection, signals, notifications.

use super::{AttackCount, Process};
use crate::{
    detect::{DetectorStats, signals::BookStats},
    notify::TargetStats,
    store::{
        ReadError, Reader, StoreStats,
        read::{Between, FacetValue},
        sql::{FacetExpression, Sql},
    },
};

/// What is counted behind the events. What is none is not shown.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The store's own.
    pub store: Option<StoreStats>,
    /// Changes that the store did not take, and that were given up.
    pub writes_lost: u64,
    /// Detection's.
    pub detection: Option<(DetectorStats, BookStats)>,
    /// Signals in the store.
    pub signals: Vec<SignalCount>,
    /// Attacks.
    pub attacks: Vec<AttackCount>,
    /// Notifications.
    pub notify: Vec<TargetStats>,
    /// Entries in force, by list: `denylist`, `passlist`.
    pub lists: Vec<(&'static str, u64)>,
    /// The agent itself.
    pub process: Option<Process>,
}

/// Signals of a severity and a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalCount {
    /// `info`, `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// `open`, `under_review`, `archived`.
    pub status: String,
    /// How many.
    pub count: u64,
}

/// Signals in the store, by severity and status.
///
/// # Errors
/// When the database can't be read.
pub fn stored_signals(reader: &Reader) -> Result<Vec<SignalCount>, ReadError> {
    let both = FacetExpression::of("e.severity || ' ' || e.status");
    let counts = reader.signal_facet(&Sql::all(), &both, Between::any(), 64)?;
    let counted = counts.into_iter().filter_map(|(value, count)| {
        let FacetValue::Text(text) = value else { return None };
        let (severity, status) = text.split_once(' ')?;
        Some(SignalCount {
            severity: severity.to_owned(),
            status: status.to_owned(),
            count: count.unsigned_abs(),
        })
    });
    Ok(counted.collect())
}
