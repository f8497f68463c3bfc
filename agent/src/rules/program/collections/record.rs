//! One record: members with values and times.

use super::CollectionStats;
use crate::{limits, rules::seclang::operators::number};

/// Bytes it takes to keep a record beside its key, and a member beside its name and value.
const RECORD: usize = 160;
const MEMBER: usize = 80;

/// One record.
#[derive(Debug)]
pub(super) struct Record {
    created: i64,
    updated: i64,
    /// Transactions that have written to it.
    updates: u64,
    /// Seconds without an update after which it is forgotten.
    timeout: i64,
    members: Vec<Member>,
    bytes: usize,
}

#[derive(Debug)]
struct Member {
    /// In small letters.
    name: Box<[u8]>,
    /// `None`: it has a time to go, and is not there yet.
    value: Option<Box<[u8]>>,
    /// From then on it is not there any more.
    expires: Option<i64>,
    /// When it was made, or last brought down by `deprecatevar`.
    since: i64,
}

/// What every record tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// When it was made, seconds since 1970.
    pub create_time: i64,
    /// When it was last written to.
    pub last_update_time: i64,
    /// Transactions that have written to it.
    pub update_counter: u64,
    /// The same, a minute since it was made.
    pub update_rate: u64,
    /// Seconds it is kept without being written to.
    pub timeout: i64,
}

impl Record {
    pub fn new(now: i64, timeout: i64) -> Self {
        Self { created: now, updated: now, updates: 0, timeout, members: Vec::new(), bytes: RECORD }
    }

    /// Bytes it takes, without its key.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn is_over(&self, now: i64) -> bool {
        now.saturating_sub(self.updated) >= self.timeout
    }

    pub fn built(&self, now: i64) -> Built {
        let age = u64::try_from(now.saturating_sub(self.created)).unwrap_or(0);
        Built {
            create_time: self.created,
            last_update_time: self.updated,
            update_counter: self.updates,
            // As ModSecurity: no rate as long as no second has gone by.
            update_rate: self.updates.saturating_mul(60).checked_div(age).unwrap_or(0),
            timeout: self.timeout,
        }
    }

    pub fn members(&self, now: i64) -> impl Iterator<Item = (&[u8], &[u8])> {
        let there = self.members.iter().filter(move |member| !member.is_over(now));
        there.filter_map(|member| Some((&*member.name, member.value.as_deref()?)))
    }

    /// Somebody has written to it; `first`: a transaction that had not before.
    pub fn note(&mut self, now: i64, first: bool) {
        self.updated = now;
        self.updates += u64::from(first);
    }

    pub fn keep_for(&mut self, seconds: i64) {
        self.timeout = seconds.max(1);
    }

    pub fn set(&mut self, name: &[u8], value: &[u8], now: i64, counts: &mut CollectionStats) {
        let kept = value.get(..limits::COLLECTION_VALUE).unwrap_or(value);
        counts.cut += u64::from(kept.len() < value.len());
        let Some(member) = self.member(name, now, counts) else { return };
        let before = member.value.as_deref().map_or(0, <[u8]>::len);
        match &mut member.value {
            Some(old) if old.len() == kept.len() => old.copy_from_slice(kept),
            held => *held = Some(kept.into()),
        }
        self.bytes = (self.bytes + kept.len()).saturating_sub(before);
    }

    pub fn add(&mut self, name: &[u8], by: i64, now: i64, counts: &mut CollectionStats) -> i64 {
        self.forget(name, |member| member.is_over(now));
        let sum = self.value(name).map_or(0, number::read).saturating_add(by);
        self.set(name, itoa::Buffer::new().format(sum).as_bytes(), now, counts);
        sum
    }

    pub fn unset(&mut self, name: &[u8]) {
        self.forget(name, |_| true);
    }

    pub fn expire(&mut self, name: &[u8], at: i64, now: i64, counts: &mut CollectionStats) {
        if let Some(member) = self.member(name, now, counts) {
            member.expires = Some(at);
        }
    }

    pub fn deprecate(&mut self, name: &[u8], amount: i64, per: i64, now: i64) -> Option<i64> {
        let member = self.members.iter_mut().find(|member| *member.name == *name)?;
        let spans = now.saturating_sub(member.since).checked_div(per).filter(|&spans| spans > 0)?;
        member.since = member.since.saturating_add(spans.saturating_mul(per));
        let before = number::read(member.value.as_deref()?);
        let value = before.saturating_sub(amount.saturating_mul(spans)).max(0);
        if before <= 0 || value == before {
            return None;
        }
        let name = member.name.clone();
        self.set(&name, itoa::Buffer::new().format(value).as_bytes(), now, &mut CollectionStats::default());
        Some(value)
    }

    fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.members.iter().find(|member| *member.name == *name)?.value.as_deref()
    }

    /// A member that may be written to; nothing: there are too many.
    fn member(&mut self, name: &[u8], now: i64, counts: &mut CollectionStats) -> Option<&mut Member> {
        self.forget(name, |member| member.is_over(now));
        let at = match self.members.iter().position(|member| *member.name == *name) {
            Some(at) => at,
            None if self.members.len() >= limits::COLLECTION_MEMBERS => {
                counts.refused += 1;
                return None;
            }
            None => {
                self.bytes += MEMBER + name.len();
                self.members.push(Member { name: name.into(), value: None, expires: None, since: now });
                self.members.len() - 1
            }
        };
        self.members.get_mut(at)
    }

    fn forget(&mut self, name: &[u8], if_so: impl Fn(&Member) -> bool) {
        let at = self.members.iter().position(|member| *member.name == *name && if_so(member));
        if let Some(at) = at {
            let gone = self.members.remove(at);
            let freed = MEMBER + gone.name.len() + gone.value.map_or(0, |value| value.len());
            self.bytes = self.bytes.saturating_sub(freed);
        }
    }
}

impl Member {
    fn is_over(&self, now: i64) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }
}
