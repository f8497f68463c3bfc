//! A second copy of what people decided, lists and audit, beside the database: should that get corrupt, no entry is lost.
//!
//! A line a change, appended when the database has it: a hash, a space, JSON. A line that is half written or damaged is
//! one line less. At every start, and when it has grown, it is written anew from the database.
#![forbid(unsafe_code)]

use std::{
    collections::HashMap,
    fs::{self, File},
    hash::Hasher,
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::{
    change::Change,
    directory,
    rows::{AuditEntry, ListEntry, ListKind, ListState, Target},
};

/// Its name in the state directory.
pub const FILE: &str = "lists.journal";
/// Bytes after which it is written anew, when it has doubled too.
const LONG: u64 = 1 << 20;
/// Longest line: an audit entry may hold what a person wrote.
const LINE: u64 = 1 << 20;
/// Newest audit entries that are kept.
const AUDIT: i64 = 10_000;

/// A change, as a line has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    List(ListEntry),
    State { kind: ListKind, what: Target, value: String, state: ListState, until: i64 },
    Audit(AuditEntry),
}

/// The file, open at its end.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    length: u64,
    /// Its length when it was written anew.
    fresh: u64,
    /// That it can't be written was said.
    said: bool,
}

impl Journal {
    /// Writes it anew from the database.
    pub fn open(database: &Path, db: &Connection) -> Self {
        let mut journal =
            Self { path: database.with_file_name(FILE), file: None, length: 0, fresh: 0, said: false };
        journal.renew(db);
        journal
    }

    /// Adds changes that the database has. What can't be written is written with the next renewal.
    pub fn append<'c>(&mut self, changes: impl IntoIterator<Item = &'c Change>) {
        let mut text = String::new();
        for change in changes {
            let line = match change {
                Change::List(entry) => Line::List(entry.clone()),
                Change::ListState { kind, what, value, state, until } => Line::State {
                    kind: *kind,
                    what: *what,
                    value: value.clone(),
                    state: *state,
                    until: *until,
                },
                Change::Audit(entry) => Line::Audit(entry.clone()),
                _ => continue,
            };
            text.push_str(&written(&line));
        }
        let Some(file) = self.file.as_mut().filter(|_| !text.is_empty()) else { return };
        match file.write_all(text.as_bytes()) {
            Ok(()) => self.length += text.len() as u64,
            Err(error) => self.failed(&error),
        }
    }

    /// Writes it anew when it has grown, or could not be written.
    pub fn keep_short(&mut self, db: &Connection) {
        if self.file.is_none() || self.length > LONG.max(2 * self.fresh) {
            self.renew(db);
        }
    }

    fn renew(&mut self, db: &Connection) {
        match self.write(db) {
            Ok((file, length)) => {
                (self.file, self.length, self.fresh, self.said) = (Some(file), length, length, false);
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.file = None;
        // Once, until it works again.
        if !std::mem::replace(&mut self.said, true) {
            tracing::warn!(
                "{}: {error}; the second copy of the lists is not up to date",
                self.path.display()
            );
        }
    }

    fn write(&self, db: &Connection) -> io::Result<(File, u64)> {
        let new = self.path.with_extension("new");
        let mut file = directory::private(&new)?;
        file.set_len(0)?;
        let mut out = BufWriter::new(&mut file);
        for line in stored(db).map_err(io::Error::other)? {
            out.write_all(written(&line).as_bytes())?;
        }
        out.flush()?;
        drop(out);
        file.sync_data()?;
        fs::rename(&new, &self.path)?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok((file, length))
    }
}

fn stored(db: &Connection) -> rusqlite::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut statement = db.prepare(&format!("SELECT {} FROM lists ORDER BY since", ListEntry::COLUMNS))?;
    for entry in statement.query_map([], ListEntry::read)? {
        lines.push(Line::List(entry?));
    }
    let mut statement = db.prepare(
        "SELECT time, who, action, what, before, after FROM
             (SELECT * FROM audit ORDER BY number DESC LIMIT ?) ORDER BY number",
    )?;
    for entry in statement.query_map([AUDIT], |row| AuditEntry::read(row, 0))? {
        lines.push(Line::Audit(entry?));
    }
    Ok(lines)
}

fn written(line: &Line) -> String {
    let json = serde_json::to_string(line).unwrap_or_default();
    format!("{:016x} {json}\n", hash(&json))
}

fn hash(json: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(json.as_bytes());
    hasher.finish()
}

fn line(text: &[u8]) -> Option<Line> {
    let (expected, json) = std::str::from_utf8(text).ok()?.trim_end_matches('\n').split_once(' ')?;
    let expected = u64::from_str_radix(expected, 16).ok()?;
    (expected == hash(json)).then(|| serde_json::from_str(json).ok())?
}

/// Puts entries that a database lacks into it. Gives how many of lists and of the audit; no journal: none.
pub(super) fn restore(database: &Path, db: &mut Connection) -> rusqlite::Result<(usize, usize)> {
    let mut lists = HashMap::<(ListKind, Target, String), ListEntry>::new();
    let mut audit = Vec::new();
    let Ok(file) = File::open(database.with_file_name(FILE)) else { return Ok((0, 0)) };
    let mut lines = BufReader::new(file);
    let mut text = Vec::new();
    loop {
        text.clear();
        // A longer line, which nobody wrote, is some that are damaged.
        match io::Read::take(&mut lines, LINE).read_until(b'\n', &mut text) {
            Ok(1..) => (),
            _ => break,
        }
        match line(&text) {
            Some(Line::List(entry)) => {
                drop(lists.insert((entry.kind, entry.what, entry.value.clone()), entry))
            }
            Some(Line::State { kind, what, value, state, until }) => {
                if let Some(entry) = lists.get_mut(&(kind, what, value)) {
                    (entry.state, entry.until) = (state, Some(until));
                }
            }
            Some(Line::Audit(entry)) => audit.push(entry),
            None => (),
        }
    }
    let restore = db.transaction()?;
    let mut counts = (0, 0);
    for entry in lists.into_values() {
        let known: bool = restore
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM lists WHERE kind = ? AND what = ? AND value = ?)")?
            .query_row((entry.kind.word(), entry.what.word(), &entry.value), |row| row.get(0))?;
        if !known {
            Change::List(entry).apply(&restore)?;
            counts.0 += 1;
        }
    }
    for entry in audit {
        let known: bool = restore
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM audit WHERE time = ? AND who = ? AND action = ? AND what = ?)",
            )?
            .query_row((entry.time, &entry.who, &entry.action, &entry.what), |row| row.get(0))?;
        if !known {
            Change::Audit(entry).apply(&restore)?;
            counts.1 += 1;
        }
    }
    restore.commit()?;
    Ok(counts)
}
