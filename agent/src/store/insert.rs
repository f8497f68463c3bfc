//! An event becomes rows.
#![forbid(unsafe_code)]

use rusqlite::{Connection, Result};

use super::facts::NewEvent;

/// Facts of the events that have none, from their JSON: what [`Facts::of`](super::Facts::of) knows of an event.
pub(super) const FACTS_OF_JSON: &str = "
    INSERT OR IGNORE INTO event_facts
        (time, kind, service, client_ip, user_id, method, path, status, blocked, types, rules, business)
    SELECT b.time, nullif(json_extract(json, '$.kind'), ''), nullif(json_extract(json, '$.service.name'), ''),
        nullif(json_extract(json, '$.client_ip'), ''), nullif(json_extract(json, '$.user.id'), ''),
        nullif(json_extract(json, '$.method'), ''), nullif(json_extract(json, '$.path'), ''),
        nullif(json_extract(json, '$.status'), 0), coalesce(json_extract(json, '$.blocked'), 0),
        (SELECT json_group_array(DISTINCT json_extract(value, '$.tags.type') ORDER BY json_extract(value, '$.tags.type'))
         FILTER (WHERE json_extract(value, '$.tags.type') IS NOT NULL) FROM json_each(b.json, '$.matches')),
        (SELECT json_group_array(DISTINCT json_extract(value, '$.rule') ORDER BY json_extract(value, '$.rule'))
         FROM json_each(b.json, '$.matches')),
        (SELECT json_group_array(DISTINCT json_extract(value, '$.name') ORDER BY json_extract(value, '$.name'))
         FILTER (WHERE json_extract(value, '$.name') IS NOT NULL) FROM json_each(b.json, '$.business'))
    FROM event_bodies b
    WHERE json_valid(json) AND NOT EXISTS (SELECT 1 FROM event_facts f WHERE f.time = b.time)";

/// What lists of signals are found by, where it is not known: of rows of an earlier version.
pub(super) const LISTS_OF_SIGNALS: &str = "
    UPDATE signals SET services = json_extract(json, '$.services'), actors = json_extract(json, '$.actors'),
        users = json_extract(json, '$.users')
    WHERE services IS NULL AND actors IS NULL AND users IS NULL AND json_valid(json)";

/// Stores an event. Gives its time there, or none when an event with this id is stored already.
pub(super) fn event(db: &Connection, event: &NewEvent) -> Result<Option<i64>> {
    const ROWID: i32 = rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY;
    const UNIQUE: i32 = rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
    let id = event.id.to_string();
    let mut body = db.prepare_cached("INSERT INTO event_bodies (time, id, json) VALUES (?, ?, ?)")?;
    let start = event.facts.time.max(0);
    let mut time = start;
    // Each try is elsewhere in a wider stretch, the same for the same id: up to a millisecond, then a second.
    for step in 0_u64.. {
        match body.execute((time, &id, &event.json)) {
            Ok(_) => break,
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.extended_code == ROWID && step < 64 => {
                let width = if step < 32 { 1_000_000 } else { 1_000_000_000 };
                let random = event.id.as_u64_pair().1.wrapping_add(step).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                time = start.saturating_add((random >> 16).rem_euclid(width).cast_signed());
            }
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.extended_code == UNIQUE => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    let facts = &event.facts;
    let known = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let list = |list: &[String]| serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned());
    db.prepare_cached(
        "INSERT INTO event_facts
         (time, kind, service, client_ip, user_id, method, path, status, blocked, types, rules, business)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute((
        time,
        known(&facts.kind),
        known(&facts.service),
        known(&facts.client_ip),
        facts.user_id.as_deref().and_then(known),
        known(&facts.method),
        known(&facts.path),
        facts.status.filter(|status| *status != 0),
        facts.blocked,
        list(&facts.types),
        list(&facts.rules),
        list(&facts.business),
    ))?;
    Ok(Some(time))
}
