//! What waits to be delivered, by target.

use super::{super::rows::OutboxRow, Reader};
use crate::{limits, store::ReadError};

impl Reader {
    /// Notifications that are due at a time, the longest due first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn outbox(&self, due: i64, limit: usize) -> Result<Vec<OutboxRow>, ReadError> {
        let limit = limit.clamp(1, limits::STORE_PAGE) as i64;
        self.ask(|db, _| {
            db.prepare_cached(&format!(
                "SELECT {} FROM outbox WHERE due <= ? ORDER BY due, id LIMIT ?",
                OutboxRow::COLUMNS
            ))?
            .query_map((due, limit), OutboxRow::read)?
            .collect()
        })
    }

    /// Notifications whose ids lie between two texts, in the order of their ids.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn outbox_between(
        &self,
        after: &str,
        before: &str,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, ReadError> {
        let limit = limit.clamp(1, limits::STORE_PAGE) as i64;
        self.ask(|db, _| {
            db.prepare_cached(&format!(
                "SELECT {} FROM outbox WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
                OutboxRow::COLUMNS
            ))?
            .query_map((after, before, limit), OutboxRow::read)?
            .collect()
        })
    }

    /// How many notifications wait, by target.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn outbox_counts(&self) -> Result<Vec<(String, u64)>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached("SELECT target, count(*) FROM outbox GROUP BY target ORDER BY target")?
                .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
                .collect()
        })
    }
}
