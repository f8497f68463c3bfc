//! respond for signals and people: addresses by the responder, users at the desk.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

use super::shared::Shared;
use crate::{
    api::{ApiError, BlockView, Code, DenyRequest, Denylist, ListPage, PassView, Whom, types::Protection},
    desk::{self, Desk, DeskError, Enforce, Enforced, Why},
    respond::{By, Cause},
    store::{ListEntry, ListKind},
};

impl Enforce for Shared {
    fn block(&self, net: IpNet, length: Option<Duration>, why: &Why<'_>) -> Result<Enforced, String> {
        let cause = Cause {
            by: By::Signal,
            reason: why.reason.to_owned(),
            author: None,
            signal: why.signal.map(str::to_owned),
            rules: Vec::new(),
            events: Vec::new(),
        };
        let view = self.responder().block(net, length, cause).map_err(|error| error.message)?;
        self.counters.blocks.add(u64::from(view.enforced));
        Ok(match view.not_enforced {
            None => Enforced::InForce,
            Some(why) => Enforced::Detected(why),
        })
    }

    fn covers(&self, ip: IpAddr) -> bool {
        self.responder().covers(ip)
    }
}

impl Shared {
    /// Blocks for a person.
    ///
    /// # Errors
    ///
    /// When they are on the passlist, or the denylist is full.
    pub fn block_for(&self, request: DenyRequest) -> Result<BlockView, ApiError> {
        let DenyRequest { whom, duration, reason, signal, who } = request;
        let signal = signal.map(|id| id.to_string());
        let reason = reason.unwrap_or_default();
        match whom {
            Whom::Net(net) => {
                let author = Some(who);
                let cause =
                    Cause { by: By::User, reason, author, signal, rules: Vec::new(), events: Vec::new() };
                self.responder().block(net, duration, cause)
            }
            Whom::User(user) => {
                let why = Why { reason: &reason, who: &who, signal: signal.as_deref() };
                let entry = self.desk.list_user(ListKind::Deny, &user, duration, &why).map_err(refused)?;
                Ok(user_view(entry))
            }
        }
    }

    /// Ends a block.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn unblock(&self, whom: Whom, who: &str) -> Result<BlockView, ApiError> {
        match whom {
            Whom::Net(net) => self.responder().unblock(net, who),
            Whom::User(user) => {
                let before = self.desk.listed_users(ListKind::Deny).map_err(refused)?;
                let before = before.into_iter().find(|entry| entry.value == user);
                let was = self.desk.unlist_user(ListKind::Deny, &user, who).map_err(refused)?;
                match before.filter(|_| was) {
                    Some(entry) => Ok(user_view(entry)),
                    None => Err(ApiError::new(Code::NotFound, format!("user {user} is not blocked"))),
                }
            }
        }
    }

    /// Ends all blocks; gives how many.
    ///
    /// # Errors
    ///
    /// When the kernel does not let one go, or it can't be stored.
    pub fn unblock_all(&self, who: &str) -> Result<u64, ApiError> {
        let mut ended = self.responder().unblock_all(who)?;
        for entry in self.desk.listed_users(ListKind::Deny).map_err(refused)? {
            ended += u64::from(self.desk.unlist_user(ListKind::Deny, &entry.value, who).map_err(refused)?);
        }
        Ok(ended)
    }

    /// A page of the denylist, newest first.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn denylist(&self, wanted: &ListPage) -> Result<Denylist, ApiError> {
        let mut list = self.responder().denylist(wanted);
        let mut users = self.desk.listed_users(ListKind::Deny).map_err(refused)?;
        list.total += users.len() as u64;
        users.retain(|entry| {
            let whom = Whom::User(entry.value.clone());
            wanted.find.takes(&whom, &[&entry.reason, &entry.author])
        });
        list.found += users.len() as u64;
        list.entries.extend(users.into_iter().map(user_view));
        list.entries = wanted.page(list.entries, BlockView::place);
        Ok(list)
    }

    /// Whether the denylist holds somebody.
    #[must_use]
    pub fn denies(&self, whom: &Whom) -> bool {
        match whom {
            Whom::Net(net) => self.responder().covers(net.addr()),
            Whom::User(id) => self.desk.lists(ListKind::Deny, id),
        }
    }

    /// Whether the passlist does.
    #[must_use]
    pub fn passes(&self, whom: &Whom) -> bool {
        match whom {
            Whom::Net(net) => self.responder().passes(*net),
            Whom::User(id) => self.desk.lists(ListKind::Pass, id),
        }
    }

    /// What keeps attackers out, and what it did.
    ///
    /// # Errors
    ///
    /// When users on the lists can't be read.
    pub fn protection(&self) -> Result<Protection, ApiError> {
        let mut protection = self.responder().protection();
        let on = |kind| self.desk.listed_users(kind).map(|users| users.len() as u64).map_err(refused);
        protection.denylist.users = on(ListKind::Deny)?;
        protection.denylist.total += protection.denylist.users;
        protection.passlist += on(ListKind::Pass)?;
        Ok(protection)
    }

    /// The passlist; users are left out when the store can't be read.
    #[must_use]
    pub fn passlist(&self) -> Vec<PassView> {
        let mut list = self.responder().passlist();
        match self.desk.listed_users(ListKind::Pass) {
            Ok(users) => list.extend(users.into_iter().map(user_pass)),
            Err(error) => tracing::warn!(%error, "users on the passlist can't be read"),
        }
        list
    }

    /// Adds to the passlist, and ends blocks it now holds.
    ///
    /// # Errors
    ///
    /// When there are too many, or it can't be written down.
    pub fn pass(&self, whom: Whom, comment: Option<String>, who: &str) -> Result<PassView, ApiError> {
        match whom {
            Whom::Net(net) => self.responder().passlist_add(net, comment, who),
            Whom::User(user) => {
                let why = Why { reason: comment.as_deref().unwrap_or_default(), who, signal: None };
                self.desk.list_user(ListKind::Pass, &user, None, &why).map(user_pass).map_err(refused)
            }
        }
    }

    /// Takes an entry that a person added off the passlist.
    ///
    /// # Errors
    ///
    /// When it is not there, or not a person's.
    pub fn unpass(&self, whom: Whom, who: &str) -> Result<PassView, ApiError> {
        match whom {
            Whom::Net(net) => self.responder().passlist_remove(net, who),
            Whom::User(user) => {
                let before = self.desk.listed_users(ListKind::Pass).map_err(refused)?;
                let before = before.into_iter().find(|entry| entry.value == user);
                let was = self.desk.unlist_user(ListKind::Pass, &user, who).map_err(refused)?;
                before.filter(|_| was).map(user_pass).ok_or_else(|| {
                    ApiError::new(Code::NotFound, format!("user {user} is not on the passlist"))
                })
            }
        }
    }
}

fn user_view(entry: ListEntry) -> BlockView {
    let ends = desk::ends(&entry);
    let since = jiff::Timestamp::from_nanosecond(i128::from(entry.since)).ok();
    BlockView {
        user: Some(entry.value),
        since,
        ends,
        cause: entry.reason,
        origin: if entry.signal.is_some() && entry.author == "picket" { "signal" } else { "manual" }
            .to_owned(),
        author: Some(entry.author),
        signal: entry.signal,
        enforced: false,
        not_enforced: Some(Desk::USERS_NOT_ENFORCED.to_owned()),
        ..BlockView::default()
    }
}

fn user_pass(entry: ListEntry) -> PassView {
    PassView {
        user: Some(entry.value),
        origin: "manual".to_owned(),
        comment: Some(entry.reason),
        author: Some(entry.author),
        ..PassView::default()
    }
}

fn refused(error: DeskError) -> ApiError {
    let code = match &error {
        DeskError::List(_) => Code::Refused,
        _ => Code::Internal,
    };
    ApiError::new(code, error.to_string())
}
