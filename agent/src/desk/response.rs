//! Responses: what signals and people have done to actors. Addresses are kept out by an [`Enforce`]; users can't be in
//! the kernel, they and flagged addresses are marked on their events.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use ipnet::IpNet;
use jiff::Timestamp;
use lru::LruCache;

use super::{DeskError, nanoseconds};
use crate::{
    detect::{self, rules::ActionKind, signals::Wanted},
    event::Event,
    limits,
    store::{AuditEntry, Change, ListEntry, ListKind, ListState, Reader, Target},
};

/// Keeps addresses out.
pub trait Enforce: Send + Sync {
    /// Blocks for a signal or a person, and notes it at the desk.
    ///
    /// # Errors
    /// Why not, for people.
    fn block(&self, net: IpNet, length: Option<Duration>, why: &Why<'_>) -> Result<Enforced, String>;

    /// Whether an address is on the denylist.
    fn covers(&self, ip: IpAddr) -> bool;
}

/// Why somebody is blocked, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Why<'a> {
    /// In words.
    pub reason: &'a str,
    /// A person, or `picket`.
    pub who: &'a str,
    /// The signal it comes from.
    pub signal: Option<&'a str>,
}

/// What became of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enforced {
    /// It is in force.
    InForce,
    /// It is noted, and marks events: the reason why it is not in force.
    Detected(String),
}

/// Who is marked, and who can't be kept out.
pub(super) struct Responses {
    enforce: OnceLock<Arc<dyn Enforce>>,
    marked: RwLock<Marked>,
    /// Clients that came through a proxy, and the latest.
    behind: Mutex<LruCache<IpAddr, IpAddr>>,
}

#[derive(Default)]
struct Marked {
    users: HashMap<String, Option<i64>>,
    flagged: HashMap<IpAddr, Option<i64>>,
    /// Users that are never blocked.
    passed: HashSet<String>,
}

impl Marked {
    /// Takes an entry over, if it is of users or flags: the others have files of their own.
    fn put(&mut self, entry: &ListEntry) {
        let ListEntry { kind, what, value, until, .. } = entry;
        match (kind, what) {
            (ListKind::Deny, Target::User) => {
                self.users.insert(value.clone(), *until);
            }
            (ListKind::Pass, Target::User) => {
                self.passed.insert(value.clone());
                self.users.remove(value);
            }
            (ListKind::Flag, Target::Ip) => {
                if let Ok(ip) = value.parse() {
                    self.flagged.insert(ip, *until);
                }
            }
            _ => {}
        }
    }
}

impl Responses {
    /// With the entries that stand.
    pub fn open(reader: &Reader) -> Result<Self, DeskError> {
        let mut marked = Marked::default();
        for entry in reader.lists(None, true)? {
            marked.put(&entry);
        }
        let behind = LruCache::new(NonZeroUsize::new(limits::DESK_BEHIND).unwrap_or(NonZeroUsize::MIN));
        Ok(Self { enforce: OnceLock::new(), marked: RwLock::new(marked), behind: Mutex::new(behind) })
    }

    /// Who keeps out; the first counts.
    pub fn enforce_with(&self, enforce: Arc<dyn Enforce>) {
        let _ = self.enforce.set(enforce);
    }

    /// A client's connection comes from `origin`.
    pub fn note_origin(&self, client: IpAddr, origin: IpAddr) {
        if client != origin.to_canonical() {
            let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
            behind.put(client, origin);
        }
    }

    /// The proxy that a client was seen behind.
    pub fn proxy_of(&self, client: IpAddr) -> Option<IpAddr> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner).peek(&client).copied()
    }

    /// Marks an event of an actor that something was done about.
    pub fn mark(&self, event: &mut Event) {
        if self.enforce.get().is_some_and(|enforce| enforce.covers(event.client_ip)) {
            event.security_response.block_ip = true;
        }
        let marked = self.marked.read().unwrap_or_else(PoisonError::into_inner);
        let now = nanoseconds(event.time);
        let stands = |until: &Option<i64>| until.is_none_or(|until| until > now);
        if let Some(user) = &event.user
            && marked.users.get(&*user.id).is_some_and(stands)
        {
            event.security_response.block_user = true;
        }
        if marked.flagged.get(&event.client_ip).is_some_and(stands) {
            event.security_response.flag_ip = true;
        }
    }

    /// Does what a signal asks for; gives what was done, or why it was not, in words, and what the store is to be told.
    pub fn act(&self, change: &detect::Change) -> (Vec<Result<String, String>>, Vec<Change>) {
        let detect::Change { signal, wanted, .. } = change;
        let (mut done, mut written) = (Vec::new(), Vec::new());
        let id = signal.id.to_string();
        let reason = format!("{}: {}", signal.rule, signal.title);
        let why = Why { reason: &reason, who: "picket", signal: Some(&id) };
        for Wanted { kind, duration, targets } in wanted {
            let length = (*duration > 0).then(|| Duration::from_secs(*duration));
            for target in targets {
                done.push(match kind {
                    ActionKind::BlockIp => self.block_ip(target, length, &why),
                    ActionKind::BlockUser => {
                        let entry = entry(ListKind::Deny, Target::User, target, length, &why);
                        self.note(entry, "block_user", &mut written)
                            .map(|()| format!("user {target} put on the denylist; {NOT_IN_KERNEL}"))
                    }
                    ActionKind::FlagIp => {
                        let entry = entry(ListKind::Flag, Target::Ip, target, length, &why);
                        self.note(entry, "flag_ip", &mut written).map(|()| format!("{target} flagged"))
                    }
                });
            }
        }
        (done, written)
    }

    fn block_ip(&self, ip: &str, length: Option<Duration>, why: &Why<'_>) -> Result<String, String> {
        let not = |why: String| format!("{ip} not blocked: {why}");
        let address = ip.parse::<IpAddr>().map_err(|_| not("it is no address".to_owned()))?;
        let Some(enforce) = self.enforce.get() else {
            return Err(not("nothing keeps anybody out here".to_owned()));
        };
        Ok(match enforce.block(IpNet::from(address), length, why).map_err(not)? {
            Enforced::InForce => format!("{ip} blocked{}", for_how_long(length)),
            Enforced::Detected(why) => format!("{ip} put on the denylist; detected, not enforced: {why}"),
        })
    }

    /// Marks whom an entry names, for Picket; appends what the store is to be told.
    fn note(&self, entry: ListEntry, action: &str, written: &mut Vec<Change>) -> Result<(), String> {
        self.check(&entry)?;
        self.put(&entry);
        written.push(audit(action, &entry.value, &entry.author, None, Some(&entry)));
        written.push(Change::List(entry));
        Ok(())
    }

    /// Whether an entry of users or flags can be made.
    ///
    /// # Errors
    /// They are on the passlist, there are too many, or it is no address.
    pub fn check(&self, entry: &ListEntry) -> Result<(), String> {
        let marked = self.marked.read().unwrap_or_else(PoisonError::into_inner);
        let ListEntry { kind, value, .. } = entry;
        match kind {
            ListKind::Deny if marked.passed.contains(value) => {
                Err(format!("user {value} is on the passlist: take it off first"))
            }
            ListKind::Deny => {
                room(marked.users.len(), marked.users.contains_key(value), "users on the denylist")
            }
            ListKind::Pass => {
                room(marked.passed.len(), marked.passed.contains(value), "users on the passlist")
            }
            ListKind::Flag => match value.parse() {
                Ok(ip) => room(marked.flagged.len(), marked.flagged.contains_key(&ip), "flagged addresses"),
                Err(_) => Err(format!("{value} not flagged: it is no address")),
            },
        }
    }

    /// Marks whom an entry of users or flags names, from now on.
    pub fn put(&self, entry: &ListEntry) {
        self.marked.write().unwrap_or_else(PoisonError::into_inner).put(entry);
    }

    /// Takes a user off the denylist or the passlist; whether it was there.
    pub fn take_off(&self, kind: ListKind, user: &str) -> bool {
        let mut marked = self.marked.write().unwrap_or_else(PoisonError::into_inner);
        match kind {
            ListKind::Deny => marked.users.remove(user).is_some(),
            ListKind::Pass => marked.passed.remove(user),
            ListKind::Flag => user.parse().is_ok_and(|ip: IpAddr| marked.flagged.remove(&ip).is_some()),
        }
    }

    /// Whether a user is on the denylist or the passlist.
    pub fn has(&self, kind: ListKind, user: &str) -> bool {
        let marked = self.marked.read().unwrap_or_else(PoisonError::into_inner);
        match kind {
            ListKind::Deny => marked.users.contains_key(user),
            ListKind::Pass => marked.passed.contains(user),
            ListKind::Flag => user.parse().is_ok_and(|ip: IpAddr| marked.flagged.contains_key(&ip)),
        }
    }

    /// Entries whose time is over.
    pub fn sweep(&self, now: Timestamp) -> Vec<Change> {
        let now = nanoseconds(now);
        let mut changes = Vec::new();
        let mut marked = self.marked.write().unwrap_or_else(PoisonError::into_inner);
        let over = |until: &Option<i64>| until.is_some_and(|until| until <= now);
        marked.users.retain(|user, until| {
            let over = over(until);
            if over {
                changes.push(off(ListKind::Deny, Target::User, user, ListState::Ended));
            }
            !over
        });
        marked.flagged.retain(|ip, until| {
            let over = over(until);
            if over {
                changes.push(off(ListKind::Flag, Target::Ip, &ip.to_string(), ListState::Ended));
            }
            !over
        });
        changes
    }
}

/// What is said of every user on the denylist.
pub(super) const NOT_IN_KERNEL: &str =
    "detected, not enforced: XDP sees addresses, not users; their events carry security_response.block_user";

fn room(taken: usize, again: bool, what: &str) -> Result<(), String> {
    if taken < limits::DESK_MARKED || again {
        return Ok(());
    }
    Err(format!("there are {} {what} already, which is the most", limits::DESK_MARKED))
}

fn for_how_long(length: Option<Duration>) -> String {
    match length {
        None => " until a person unblocks it".to_owned(),
        Some(length) => {
            let length = jiff::SignedDuration::try_from(length).unwrap_or(jiff::SignedDuration::MAX);
            format!(" for {length:#}")
        }
    }
}

/// A new entry, from now on.
pub(super) fn entry(
    kind: ListKind,
    what: Target,
    value: &str,
    length: Option<Duration>,
    why: &Why<'_>,
) -> ListEntry {
    let now = Timestamp::now();
    let until = length
        .map(|length| nanoseconds(now).saturating_add(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)));
    ListEntry {
        kind,
        what,
        value: value.to_owned(),
        since: nanoseconds(now),
        until,
        reason: why.reason.to_owned(),
        author: why.who.to_owned(),
        signal: why.signal.map(ToOwned::to_owned),
        enforced: false,
        state: ListState::Active,
    }
}

/// An entry counts no longer.
pub(super) fn off(kind: ListKind, what: Target, value: &str, state: ListState) -> Change {
    Change::ListState { kind, what, value: value.to_owned(), state, until: nanoseconds(Timestamp::now()) }
}

/// Who did what.
pub(super) fn audit(
    action: &str,
    what: &str,
    who: &str,
    before: Option<&ListEntry>,
    after: Option<&ListEntry>,
) -> Change {
    let json = |entry: &ListEntry| serde_json::to_string(entry).unwrap_or_default();
    Change::Audit(AuditEntry {
        time: nanoseconds(Timestamp::now()),
        who: who.to_owned(),
        action: action.to_owned(),
        what: what.to_owned(),
        before: before.map(json),
        after: after.map(json),
    })
}
