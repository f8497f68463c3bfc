//! Denylist and passlist as the desk knows them. Users are entries here alone. Addresses are kept by [`respond`]
//! in files of their own, so that they stand whatever becomes of the store; here their history is noted.
//!
//! [`respond`]: crate::respond

use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;

use super::{
    Desk, DeskError, nanoseconds,
    response::{self, NOT_IN_KERNEL, Why},
};
use crate::{
    api::net::display,
    respond::Entry,
    store::{Change, ListEntry, ListKind, ListState, Target},
};

impl Desk {
    /// What is said of every user on the denylist.
    pub const USERS_NOT_ENFORCED: &'static str = NOT_IN_KERNEL;

    /// Puts a user on the denylist or the passlist; it is stored when this returns.
    ///
    /// # Errors
    /// When there are too many, a user to be blocked is on the passlist, or it can't be stored.
    pub fn list_user(
        &self,
        kind: ListKind,
        user: &str,
        length: Option<Duration>,
        why: &Why<'_>,
    ) -> Result<ListEntry, DeskError> {
        let entry = response::entry(kind, Target::User, user, length, why);
        self.responses.check(&entry).map_err(DeskError::List)?;
        let action = if kind == ListKind::Pass { "passlist_user" } else { "block_user" };
        let mut changes =
            vec![response::audit(action, user, why.who, None, Some(&entry)), Change::List(entry.clone())];
        if kind == ListKind::Pass && self.responses.has(ListKind::Deny, user) {
            changes.push(response::off(ListKind::Deny, Target::User, user, ListState::Lifted));
        }
        // Stored first: what can't be stored is not done.
        self.write_now(changes)?;
        self.responses.put(&entry);
        Ok(entry)
    }

    /// Takes a user off a list; false: it is not on it.
    ///
    /// # Errors
    /// When it can't be stored; it stays then.
    pub fn unlist_user(&self, kind: ListKind, user: &str, who: &str) -> Result<bool, DeskError> {
        if !self.responses.has(kind, user) {
            return Ok(false);
        }
        let action = if kind == ListKind::Pass { "unpasslist_user" } else { "unblock_user" };
        self.write_now(vec![
            response::off(kind, Target::User, user, ListState::Lifted),
            response::audit(action, user, who, None, None),
        ])?;
        Ok(self.responses.take_off(kind, user))
    }

    /// Whether a user is on a list.
    #[must_use]
    pub fn lists(&self, kind: ListKind, user: &str) -> bool {
        self.responses.has(kind, user)
    }

    /// Users on a list, those added last first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn listed_users(&self, kind: ListKind) -> Result<Vec<ListEntry>, DeskError> {
        let entries = self.reader.lists(Some(kind), true)?;
        Ok(entries.into_iter().filter(|entry| entry.what == Target::User).collect())
    }

    /// The proxy that a client was seen behind: blocking the client's address keeps out nothing that comes through it.
    #[must_use]
    pub fn proxy_of(&self, client: std::net::IpAddr) -> Option<std::net::IpAddr> {
        self.responses.proxy_of(client)
    }

    /// Notes that an address or network was put on the denylist.
    pub fn note_block(&self, entry: &Entry, enforced: bool) {
        let author = entry.cause.author.as_deref().unwrap_or("picket");
        let noted = ListEntry {
            kind: ListKind::Deny,
            what: what(entry.address),
            value: display(&entry.address),
            since: nanoseconds(entry.since),
            until: entry.until.map(nanoseconds),
            reason: entry.cause.reason.clone(),
            author: author.to_owned(),
            signal: entry.cause.signal.clone(),
            enforced,
            state: ListState::Active,
        };
        let audit = response::audit("block", &noted.value, author, None, Some(&noted));
        self.write(vec![audit, Change::List(noted)]);
    }

    /// Notes that a block is over.
    pub fn note_unblock(&self, net: IpNet, state: ListState, who: &str) {
        let value = display(&net);
        let mut changes = vec![response::off(ListKind::Deny, what(net), &value, state)];
        if state == ListState::Lifted {
            changes.push(response::audit("unblock", &value, who, None, None));
        }
        self.write(changes);
    }

    /// Notes a change of the passlist.
    pub fn note_pass(&self, net: IpNet, comment: &str, who: &str, on: bool) {
        let value = display(&net);
        let changes = if on {
            let why = Why { reason: comment, who, signal: None };
            let entry = response::entry(ListKind::Pass, what(net), &value, None, &why);
            vec![response::audit("passlist", &value, who, None, Some(&entry)), Change::List(entry)]
        } else {
            vec![
                response::off(ListKind::Pass, what(net), &value, ListState::Lifted),
                response::audit("unpasslist", &value, who, None, None),
            ]
        };
        self.write(changes);
    }
}

fn what(net: IpNet) -> Target {
    if net.prefix_len() == net.max_prefix_len() { Target::Ip } else { Target::Cidr }
}

/// When an entry ends, as people see it.
#[must_use]
pub fn ends(entry: &ListEntry) -> Option<Timestamp> {
    entry.until.and_then(|until| Timestamp::from_nanosecond(i128::from(until)).ok())
}
