//! Rows that SQLite can't reach any more, put into the table whose columns they have.
#![forbid(unsafe_code)]

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, params_from_iter, types::Value};

use super::{
    error::of_disk,
    pages::{Found, Pages},
    rows::{ListKind, ListState, Target},
};

/// Rows in one transaction.
const BATCH: usize = 10_000;

/// Puts rows of damaged tables that lie in the file, and that the database has not, into it. Gives their number by
/// table. Events that were deleted may be among them: what is too old or too much goes again.
pub(super) fn rescue(
    file: &Path,
    new: &mut Connection,
    damaged: &[&'static str],
) -> rusqlite::Result<BTreeMap<&'static str, usize>> {
    let mut rescued = BTreeMap::new();
    let Ok(pages) = Pages::open(file) else { return Ok(rescued) };
    new.execute_batch("BEGIN")?;
    let mut waiting = 0;
    pages.rows(|found| {
        let Some((table, values)) = belongs(found).filter(|(table, _)| damaged.contains(table)) else {
            return Ok(());
        };
        let marks = vec!["?"; values.len()].join(", ");
        let text = match table {
            // Of two states of a signal, the later one.
            "signals" => format!(
                "INSERT INTO signals (id, time, first_seen, rule, severity, status, assignee, json)
                 VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET time = excluded.time,
                 severity = excluded.severity, status = excluded.status, assignee = excluded.assignee,
                 json = excluded.json, services = NULL, actors = NULL, users = NULL WHERE excluded.time > signals.time"
            ),
            _ => format!("INSERT OR IGNORE INTO {table} VALUES ({marks})"),
        };
        let known = |new: &Connection| -> rusqlite::Result<bool> {
            let [Value::Text(id), ..] = values.as_slice() else { return Ok(false) };
            new.prepare_cached("SELECT EXISTS (SELECT 1 FROM signals WHERE id = ?)")?
                .query_row([id], |row| row.get(0))
        };
        let counts = table != "signals" || !known(new)?;
        match new.prepare_cached(&text)?.execute(params_from_iter(&values)) {
            Ok(1) if counts => *rescued.entry(table).or_default() += 1,
            Err(error) if of_disk(&error) => return Err(error),
            _ => (),
        }
        waiting += 1;
        if waiting % BATCH == 0 {
            new.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    })?;
    new.execute_batch("COMMIT")?;
    Ok(rescued)
}

/// The table that a row can only be of, and its columns in the table's order.
fn belongs(found: Found) -> Option<(&'static str, Vec<Value>)> {
    use Value::{Integer, Null, Text};
    let Found { number, mut values } = found;
    let table = match (number, values.as_slice()) {
        (Some(_), [Null, Text(id), Text(json)]) if id.len() == 36 && json.starts_with('{') => "event_bodies",
        (Some(_), [Null, Text(_), Integer(_), Text(_), Text(_), Text(_)]) => "signal_history",
        (Some(_), [Null, Integer(_), Text(_), Text(_), Text(_), Null | Text(_), Null | Text(_)]) => "audit",
        // What else it has is made of its JSON again.
        (
            None,
            [
                Text(_),
                Integer(_),
                Integer(_),
                Text(_),
                Text(_),
                Text(_),
                Null | Text(_),
                Text(json),
                rest @ ..,
            ],
        ) if json.starts_with('{') && matches!(rest.len(), 0 | 3) => "signals",
        (
            None,
            [
                Text(kind),
                Text(what),
                Text(_),
                Integer(_),
                Null | Integer(_),
                Text(_),
                Text(_),
                _,
                Integer(_),
                Text(state),
            ],
        ) if ListKind::from_word(kind).is_some()
            && Target::from_word(what).is_some()
            && ListState::from_word(state).is_some() =>
        {
            "lists"
        }
        // The index has the same the other way round: these refer to no signal, and go.
        (None, [Text(event), Text(_)]) if event.len() == 36 => "signal_events",
        _ => return None,
    };
    if table == "signals" {
        values.truncate(8);
    }
    // The column that is the number is empty in the row.
    if let (Some(number), Some(first)) = (number, values.first_mut()) {
        *first = Value::Integer(number);
    }
    Some((table, values))
}
