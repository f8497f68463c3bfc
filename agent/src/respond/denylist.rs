//! Who is blocked.
#![forbid(unsafe_code)]

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use picket_common::limits::{CIDR_ENTRIES, DENY_ENTRIES};
use serde::Serialize;

use super::{
    Block, BlockError, Blocked, By, Cause, Drops, EnforceError, Enforcer, Entry, Notice, Passlist, Standing,
    StateError, UnblockError,
    block::{WIDEST_V4, WIDEST_V6},
    state_file,
};
use crate::config::canonical;

/// The entries, in force in the kernel where there is an enforcer, and on disk after [`Self::save`].
pub struct Denylist {
    entries: BTreeMap<IpNet, Held>,
    /// Entries that end, by when.
    ends: BTreeSet<(Timestamp, IpNet)>,
    singles: [u32; 2],
    cidrs: [u32; 2],
    enforcer: Option<Box<dyn Enforcer>>,
    path: PathBuf,
    /// Changes made, and how many of them are on disk.
    changes: u64,
    saved: u64,
}

/// A denylist, and what was found on the way.
pub struct Opened {
    /// The denylist.
    pub denylist: Denylist,
    /// What was wrong with its file.
    pub notice: Option<Notice>,
    /// What the kernel refused. Entries that are not in force say so themselves.
    pub refused: Vec<EnforceError>,
}

struct Held {
    entry: Entry,
    /// Why it is not in force.
    not_enforced: Option<String>,
}

impl Held {
    fn listed(&self, enforcer: &mut Option<Box<dyn Enforcer>>) -> Listed {
        let drops: Drops =
            enforcer.as_mut().and_then(|enforcer| enforcer.drops(self.entry.address)).unwrap_or_default();
        Listed {
            entry: self.entry.clone(),
            enforced: self.not_enforced.is_none(),
            not_enforced: self.not_enforced.clone(),
            drops: drops.packets,
            first_drop: drops.first,
        }
    }
}

/// An entry, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Whether its packets are dropped.
    pub enforced: bool,
    /// Why not, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_enforced: Option<String>,
    /// Packets dropped.
    pub drops: u64,
    /// When the first was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_drop: Option<Timestamp>,
}

/// The denylist at a moment, to be written where waiting for the disk holds up nobody.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    bytes: Vec<u8>,
    changes: u64,
}

impl Snapshot {
    /// Writes it. Hand it back with [`Denylist::saved`] then.
    ///
    /// # Errors
    /// When the state directory can't be written; the file is as it was.
    pub fn write(&self) -> Result<(), StateError> {
        state_file::write(&self.path, &self.bytes)
    }
}

const NO_INTERFACE: &str = "no interface is chosen: set `deny.interfaces`, or start with `--deny IFACE`";

impl Denylist {
    /// From the state directory, put into force. What stands in the kernel but not in the file is adopted;
    /// what ended is dropped.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn open(
        directory: &Path,
        enforcer: Option<Box<dyn Enforcer>>,
        passlist: &Passlist,
        now: Timestamp,
    ) -> Result<Opened, StateError> {
        let path = directory.join("denylist.json");
        let (entries, notice) = state_file::read::<Entry>(&path, now)?;
        let mut denylist = Self {
            entries: BTreeMap::new(),
            ends: BTreeSet::new(),
            singles: [0; 2],
            cidrs: [0; 2],
            enforcer,
            path,
            changes: u64::from(notice.is_some()),
            saved: 0,
        };
        for entry in entries {
            let entry = Entry { address: canonical(entry.address).trunc(), ..entry };
            if entry.ended(now) || denylist.check(entry.address, passlist).is_err() {
                denylist.changes += 1;
            } else {
                denylist.put(entry);
            }
        }
        let adopted = denylist.adopt(passlist, now);
        let applied = denylist.apply(passlist).map(drop);
        let refused = [adopted, applied].into_iter().filter_map(Result::err).collect();
        Ok(Opened { denylist, notice, refused })
    }

    /// Entries in the kernel that the file does not know: an agent died before it wrote them down.
    fn adopt(&mut self, passlist: &Passlist, now: Timestamp) -> Result<(), EnforceError> {
        let standing = self.enforcer.as_mut().map_or(Ok(Vec::new()), |enforcer| enforcer.standing())?;
        for Standing { net, until } in standing {
            let address = canonical(net).trunc();
            if self.entries.contains_key(&address) {
                continue;
            }
            let reason = "found in force when the agent started".to_owned();
            let cause = Cause {
                by: By::Adopted,
                reason,
                author: None,
                signal: None,
                rules: Vec::new(),
                events: Vec::new(),
            };
            let entry = Entry { address, since: now, until, cause };
            if !entry.ended(now) && self.check(address, passlist).is_ok() {
                self.put(entry);
                self.changes += 1;
            } else if let Some(enforcer) = &mut self.enforcer {
                enforcer.allow(net)?;
            }
        }
        Ok(())
    }

    /// Blocks somebody. On somebody blocked already, a person's word replaces the end, respond's can only put
    /// it off.
    ///
    /// # Errors
    /// When they are on the passlist, too many, or the table is full. An enforcer that fails is no error: the
    /// entry is kept and says so.
    pub fn block(
        &mut self,
        block: Block,
        passlist: &Passlist,
        now: Timestamp,
    ) -> Result<Blocked, BlockError> {
        let Block { net, block_for, cause } = block;
        let net = canonical(net).trunc();
        self.check(net, passlist)?;
        let until = block_for.map(|span| {
            let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
            now.saturating_add(span).unwrap_or(Timestamp::MAX)
        });
        let before = self.entries.get(&net).map(|held| held.entry.clone()).filter(|entry| !entry.ended(now));
        let entry = match &before {
            Some(before) if cause.by != By::User && !ends_later(until, before.until) => before.clone(),
            Some(before) => Entry { address: net, since: before.since, until, cause },
            None => Entry { address: net, since: now, until, cause },
        };
        let not_enforced = self.put(entry.clone());
        self.changes += 1;
        Ok(Blocked { entry, again: before.is_some(), not_enforced, excepted: passlist.inside(net) })
    }

    /// Blocks somebody no longer.
    ///
    /// # Errors
    /// When there is no such entry, or the kernel goes on dropping.
    pub fn unblock(&mut self, net: IpNet) -> Result<Entry, UnblockError> {
        let net = canonical(net).trunc();
        if !self.entries.contains_key(&net) {
            let covering = self.entries.keys().find(|entry| entry.contains(&net));
            return Err(covering
                .map_or(UnblockError::Unknown(net), |&covering| UnblockError::Covered { net, covering }));
        }
        self.drop_entry(net)
            .map_err(|error| UnblockError::Enforcer { net, error })?
            .ok_or(UnblockError::Unknown(net))
    }

    /// The entries that ended, taken off. The kernel stopped dropping by itself; this clears its table.
    /// One that the kernel does not let go stays until the next time.
    pub fn sweep(&mut self, now: Timestamp) -> Vec<Entry> {
        let ended: Vec<IpNet> =
            self.ends.iter().take_while(|(until, _)| *until <= now).map(|(_, net)| *net).collect();
        ended.into_iter().filter_map(|net| self.drop_entry(net).ok().flatten()).collect()
    }

    /// When the next entry ends.
    #[must_use]
    pub fn next_end(&self) -> Option<Timestamp> {
        self.ends.first().map(|(until, _)| *until)
    }

    /// All entries with what they dropped.
    #[cfg(test)]
    pub fn list(&mut self) -> Vec<Listed> {
        let Self { entries, enforcer, .. } = self;
        entries.values().map(|held| held.listed(enforcer)).collect()
    }

    /// All entries by themselves.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().map(|held| &held.entry)
    }

    /// The networks of all entries.
    #[must_use]
    pub fn nets(&self) -> Vec<IpNet> {
        self.entries.keys().copied().collect()
    }

    /// The entry of exactly this network with what it dropped.
    pub fn listed(&mut self, net: IpNet) -> Option<Listed> {
        let Self { entries, enforcer, .. } = self;
        entries.get(&canonical(net).trunc()).map(|held| held.listed(enforcer))
    }

    /// The entry of exactly this network.
    #[must_use]
    pub fn entry(&self, net: IpNet) -> Option<&Entry> {
        self.entries.get(&canonical(net).trunc()).map(|held| &held.entry)
    }

    /// Whether an entry holds this address.
    #[must_use]
    pub fn covers(&self, ip: IpAddr) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let single = canonical(IpNet::from(ip));
        let (of, widest) = if single.addr().is_ipv4() { (0, WIDEST_V4) } else { (1, WIDEST_V6) };
        let networks = self.cidrs.get(of).is_some_and(|count| *count > 0);
        let longest = single.prefix_len();
        let shortest = if networks { widest } else { longest };
        (shortest..=longest)
            .filter_map(|length| IpNet::new(single.addr(), length).ok())
            .any(|net| self.entries.contains_key(&net.trunc()))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody is blocked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// After a change of the passlist: tells the kernel, and takes off the entries it now holds.
    ///
    /// # Errors
    /// When the kernel refuses; entries the passlist holds are taken off all the same.
    pub fn apply(&mut self, passlist: &Passlist) -> Result<Vec<Entry>, EnforceError> {
        let passed = self.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.pass(&passlist.nets()));
        let held: Vec<IpNet> =
            self.entries.keys().copied().filter(|net| passlist.why(*net).is_some()).collect();
        let mut lifted = Vec::new();
        for net in held {
            lifted.extend(self.drop_entry(net)?);
        }
        passed.map(|()| lifted)
    }

    /// What has changed since the last [`Self::saved`], if anything.
    #[must_use]
    pub fn unsaved(&self) -> Option<Snapshot> {
        let entries = || self.entries.values().map(|held| &held.entry).collect::<Vec<_>>();
        (self.changes != self.saved).then(|| Snapshot {
            path: self.path.clone(),
            bytes: state_file::encode(&entries()),
            changes: self.changes,
        })
    }

    /// A snapshot is on disk.
    pub fn saved(&mut self, snapshot: &Snapshot) {
        self.saved = self.saved.max(snapshot.changes);
    }

    /// Writes down what changed.
    ///
    /// # Errors
    /// When the state directory can't be written; try again later.
    pub fn save(&mut self) -> Result<(), StateError> {
        if let Some(snapshot) = self.unsaved() {
            snapshot.write()?;
            self.saved(&snapshot);
        }
        Ok(())
    }

    /// Whether this network may be blocked, and there is room.
    fn check(&self, net: IpNet, passlist: &Passlist) -> Result<(), BlockError> {
        if let Some(pass) = passlist.why(net) {
            return Err(BlockError::Passlisted { net, pass: Box::new(pass) });
        }
        let widest = if matches!(net, IpNet::V4(_)) { WIDEST_V4 } else { WIDEST_V6 };
        if net.prefix_len() < widest {
            return Err(BlockError::TooWide { net, widest });
        }
        if net.addr().is_multicast() || net.addr().is_unspecified() {
            return Err(BlockError::NoSender(net));
        }
        let (counts, limit, what) = match is_single(net) {
            true => (&self.singles, DENY_ENTRIES, "addresses of this family"),
            false => (&self.cidrs, CIDR_ENTRIES, "networks of this family"),
        };
        if !self.entries.contains_key(&net) && counts[family(net)] >= limit {
            return Err(BlockError::Full { net, limit, what });
        }
        Ok(())
    }

    /// Puts an entry into the list and into force; why it is not in force, if it is not.
    fn put(&mut self, entry: Entry) -> Option<String> {
        let net = entry.address;
        let not_enforced = match &mut self.enforcer {
            Some(enforcer) => enforcer.deny(net, entry.until).err().map(|error| error.to_string()),
            None => Some(NO_INTERFACE.to_owned()),
        };
        self.ends.extend(entry.until.map(|until| (until, net)));
        let before = self.entries.insert(net, Held { entry, not_enforced: not_enforced.clone() });
        match before.map(|held| held.entry) {
            Some(before) => {
                let until = self.entries.get(&net).and_then(|held| held.entry.until);
                if before.until != until {
                    before.until.map(|before| self.ends.remove(&(before, net)));
                }
            }
            None => *self.count(net) += 1,
        }
        not_enforced
    }

    /// Takes an entry out of force and off the list.
    fn drop_entry(&mut self, net: IpNet) -> Result<Option<Entry>, EnforceError> {
        if let Some(enforcer) = &mut self.enforcer {
            enforcer.allow(net)?;
        }
        let Some(Held { entry, .. }) = self.entries.remove(&net) else { return Ok(None) };
        entry.until.map(|until| self.ends.remove(&(until, net)));
        *self.count(net) -= 1;
        self.changes += 1;
        Ok(Some(entry))
    }

    fn count(&mut self, net: IpNet) -> &mut u32 {
        let counts = if is_single(net) { &mut self.singles } else { &mut self.cidrs };
        &mut counts[family(net)]
    }
}

fn is_single(net: IpNet) -> bool {
    net.prefix_len() == net.max_prefix_len()
}

fn family(net: IpNet) -> usize {
    usize::from(matches!(net, IpNet::V6(_)))
}

/// Whether a block that ends then ends later than another; one without end ends last.
fn ends_later(until: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (until, other) {
        (None, Some(_)) => true,
        (Some(until), Some(other)) => until > other,
        (_, None) => false,
    }
}
