//! What a restart must not forget: open windows.
//!
//! ```text
//! "PKTDET" | version u16 LE | SHA-256 of the rest, first 16 bytes | postcard: key, now, rules [id, of, groups]
//! ```

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    detector::Detector,
    group::{Fresh, Group},
};
use crate::{
    detect::{
        rules::Rule,
        windows::{HashKey, Series},
    },
    limits,
};

const MAGIC: &[u8; 6] = b"PKTDET";
pub(super) const VERSION: u16 = 3;
const CHECK: usize = 16;
const HEAD: usize = MAGIC.len() + 2 + CHECK;

/// Why a saved state is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not ours.
    #[error("this is no saved state of detection")]
    Foreign,
    /// Of another version.
    #[error(
        "the saved state has version {0}; this Picket reads version {VERSION}, and begins with empty windows"
    )]
    Version(u16),
    /// Half-written, or changed.
    #[error("the saved state is damaged ({0}); detection begins with empty windows")]
    Damaged(&'static str),
    /// Too much.
    #[error("the saved state has {0} bytes; at most {most} are read", most = limits::DETECT_STATE)]
    TooLong(usize),
}

#[derive(Serialize, Deserialize)]
struct Saved {
    key: [u8; 16],
    now: u64,
    rules: Vec<SavedRule>,
}

#[derive(Serialize, Deserialize)]
struct SavedRule {
    id: String,
    /// Of what decides how things are counted: a rule that was changed begins anew.
    of: u64,
    groups: Vec<(Group, Vec<Series>, Vec<u64>)>,
}

#[derive(Serialize)]
struct Borrowed<'a> {
    key: [u8; 16],
    now: u64,
    rules: Vec<BorrowedRule<'a>>,
}

#[derive(Serialize)]
struct BorrowedRule<'a> {
    id: &'a str,
    of: u64,
    groups: Vec<(&'a Group, &'a [Series], &'a [u64])>,
}

impl Detector {
    /// Everything that is being counted.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let rules = self.rules.iter().map(|running| BorrowedRule {
            id: &running.how.rule.id,
            of: of(&running.how.rule),
            groups: running.table.groups().collect(),
        });
        let saved = Borrowed { key: self.key.0, now: self.now, rules: rules.collect() };
        seal(MAGIC, VERSION, &saved)
    }

    /// Goes on where a saved state ended, and says of how many rules. Rules that were changed or are new begin
    /// with empty windows.
    ///
    /// # Errors
    /// The bytes are no saved state; nothing is changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<usize, StateError> {
        let saved: Saved = postcard::from_bytes(open(MAGIC, VERSION, bytes)?)
            .map_err(|_| StateError::Damaged("it ends too early or means nothing"))?;
        let mut taken = 0;
        let mut tables = Vec::new();
        for SavedRule { id, of: saved_of, groups } in saved.rules {
            let found = self.rules.iter().position(|running| *running.how.rule.id == *id);
            let Some((at, running)) = found.and_then(|at| Some((at, self.rules.get(at)?))) else { continue };
            if saved_of != of(&running.how.rule) {
                continue;
            }
            let fresh = running.table.fresh();
            if groups.len() > limits::DETECT_GROUPS
                || groups.iter().any(|(group, series, steps)| !is_sound(group, series, steps, fresh))
            {
                return Err(StateError::Damaged("a group does not fit its rule"));
            }
            tables.push((at, groups));
        }
        self.key = HashKey(saved.key);
        self.now = self.now.max(saved.now);
        for (at, groups) in tables {
            let Some(running) = self.rules.get_mut(at) else { continue };
            for (group, series, steps) in groups {
                if running.table.find(group.hash).is_none() {
                    running.table.insert(group, series, &steps);
                }
            }
            taken += 1;
        }
        self.weigh();
        Ok(taken)
    }
}

fn is_sound(group: &Group, series: &[Series], steps: &[u64], fresh: &Fresh) -> bool {
    series.len() == fresh.series.len()
        && steps.len() == fresh.steps
        && group.missed <= group.weight
        && group.key.len() <= limits::DETECT_FIELDS * (limits::DETECT_VALUE + 1)
        && series.iter().zip(&fresh.series).all(|(series, fresh)| series.is_sound(fresh))
}

/// A number of what decides how a rule counts; not of its texts, cases and actions.
fn of(rule: &Rule) -> u64 {
    let Rule { queries, method, window, learning, .. } = rule;
    HashKey([0; 16]).hash(format!("{queries:?}{method:?}{window}{learning:?}").as_bytes())
}

/// What is to be saved, behind a head by which it is known again. It is encoded where it stays: it may have a hundred
/// megabytes.
pub(crate) fn seal(magic: &[u8; 6], version: u16, body: &impl Serialize) -> Vec<u8> {
    check(postcard::to_extend(body, head(magic, version)).unwrap_or_default())
}

/// A head without its check, for what is put behind it.
pub(super) fn head(magic: &[u8; 6], version: u16) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD);
    head.extend_from_slice(magic);
    head.extend_from_slice(&version.to_le_bytes());
    head.resize(HEAD, 0);
    head
}

/// Writes the check of what stands behind the head into it.
pub(super) fn check(mut sealed: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(sealed.get(HEAD..).unwrap_or_default());
    for (to, from) in sealed.iter_mut().skip(HEAD - CHECK).take(CHECK).zip(digest) {
        *to = from;
    }
    sealed
}

/// The body behind a head.
pub(crate) fn open<'a>(magic: &[u8], version: u16, bytes: &'a [u8]) -> Result<&'a [u8], StateError> {
    if bytes.len() > limits::DETECT_STATE {
        return Err(StateError::TooLong(bytes.len()));
    }
    let rest = bytes.strip_prefix(magic).ok_or(StateError::Foreign)?;
    let (written, rest) = rest.split_first_chunk::<2>().ok_or(StateError::Damaged("it ends in its head"))?;
    let written = u16::from_le_bytes(*written);
    if written != version {
        return Err(StateError::Version(written));
    }
    let (check, body) = rest.split_at_checked(CHECK).ok_or(StateError::Damaged("it ends in its head"))?;
    if Sha256::digest(body).get(..CHECK) != Some(check) {
        return Err(StateError::Damaged("its checksum is another one"));
    }
    Ok(body)
}
