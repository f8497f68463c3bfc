//! Versions of the schema, and the way from one to the next.
#![forbid(unsafe_code)]

use rusqlite::{Connection, TransactionBehavior};

/// The steps: the first makes version 1 of an empty database, each further one makes the next version with
/// the data kept. A step that was released is never changed.
pub(super) const STEPS: [&str; 4] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// The version that this Picket writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// The database's version; 0: nothing is in it.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Takes the steps that are missing, each whole or not at all. Gives their number.
pub(super) fn migrate(db: &mut Connection) -> rusqlite::Result<usize> {
    let from = usize::try_from(version(db)?).unwrap_or(0);
    let mut taken = 0;
    if from > 0 && from < STEPS.len() {
        tracing::info!(
            from,
            to = VERSION,
            "the store is brought to a new version; with many events that takes minutes"
        );
    }
    for (version, step) in (1_i64..).zip(STEPS).skip(from) {
        let step_in = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step_in.execute_batch(step)?;
        step_in.pragma_update(None, "user_version", version)?;
        step_in.commit()?;
        taken += 1;
    }
    Ok(taken)
}
