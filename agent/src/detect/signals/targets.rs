//! Whom a signal's actions are about, and who was told already.
//!
//! An action is asked for once about everybody whom it concerns: with the event that opens the signal or makes it
//! worse, and when somebody else joins in later. It is asked for again when its time is over and they go on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::Wanted;
use crate::{
    detect::rules::{Action, ActionKind},
    limits,
};

/// Actors of a signal whose rule acts, each with the time (nanoseconds) it was last told; 0: it was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Targets {
    addresses: BTreeMap<String, u64>,
    users: BTreeMap<String, u64>,
    /// Somebody was not told yet.
    fresh: bool,
}

impl Targets {
    /// Somebody takes part.
    pub(super) fn add(&mut self, address: Option<&str>, user: Option<&str>) {
        for (list, name) in [(&mut self.addresses, address), (&mut self.users, user)] {
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            if !list.contains_key(name) && list.len() < limits::SIGNAL_TARGETS {
                list.insert(name.to_owned(), 0);
                self.fresh = true;
            }
        }
    }

    /// The case became another: its actions are new to everybody.
    pub(super) fn begin_again(&mut self) {
        self.addresses.values_mut().chain(self.users.values_mut()).for_each(|told| *told = 0);
        self.fresh = true;
    }

    /// What is to be done now, at a time in nanoseconds, about those who take part in this event or were not told yet.
    pub(super) fn wanted(
        &mut self,
        actions: &[Action],
        (address, user): (Option<&str>, Option<&str>),
        now: u64,
    ) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let fresh = std::mem::take(&mut self.fresh);
        for (list, here, of_users) in [(&mut self.addresses, address, false), (&mut self.users, user, true)] {
            let of_this: Vec<&Action> =
                actions.iter().filter(|action| (action.kind == ActionKind::BlockUser) == of_users).collect();
            let again = of_this.iter().map(|action| action.duration).filter(|duration| *duration > 0).min();
            let mut targets = Vec::new();
            if let (Some(told), Some(again)) = (here.and_then(|here| list.get_mut(here)), again)
                && *told > 0
                && now.saturating_sub(*told) / 1_000_000_000 >= again
            {
                *told = now.max(1);
                targets.extend(here.map(str::to_owned));
            }
            if fresh && !of_this.is_empty() {
                for (name, told) in list.iter_mut().filter(|(_, told)| **told == 0) {
                    *told = now.max(1);
                    targets.push(name.clone());
                }
            }
            if targets.is_empty() {
                continue;
            }
            wanted.extend(of_this.iter().map(|action| Wanted {
                kind: action.kind,
                duration: action.duration,
                targets: targets.clone(),
            }));
        }
        wanted
    }

    /// What a saved state has to keep to.
    pub(super) fn is_sound(&self) -> bool {
        self.addresses.len() <= limits::SIGNAL_TARGETS && self.users.len() <= limits::SIGNAL_TARGETS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn once_and_again() {
        let actions = [
            Action { kind: ActionKind::BlockIp, duration: 60 },
            Action { kind: ActionKind::BlockUser, duration: 0 },
        ];
        let mut targets = Targets::default();
        // (seconds, address, user, who is named: addresses, users)
        type Vector<'a> = (u64, &'a str, Option<&'a str>, &'a [&'a str], &'a [&'a str]);
        let vectors: &[Vector<'_>] = &[
            (1, "10.0.0.1", Some("ada"), &["10.0.0.1"], &["ada"]),
            (2, "10.0.0.1", Some("ada"), &[], &[]),
            (3, "10.0.0.2", None, &["10.0.0.2"], &[]),
            (60, "10.0.0.1", Some("bob"), &[], &["bob"]),
            // The first one's minute is over; what has no end is said once.
            (61, "10.0.0.1", Some("ada"), &["10.0.0.1"], &[]),
            (62, "10.0.0.1", Some("ada"), &[], &[]),
            (200, "10.0.0.2", None, &["10.0.0.2"], &[]),
        ];
        for (seconds, address, user, addresses, users) in vectors {
            targets.add(Some(address), *user);
            let wanted = targets.wanted(&actions, (Some(address), *user), seconds * SECOND);
            let of = |kind: ActionKind| -> Vec<&str> {
                let named = wanted.iter().filter(|wanted| wanted.kind == kind);
                named.flat_map(|wanted| wanted.targets.iter().map(String::as_str)).collect()
            };
            assert_eq!(of(ActionKind::BlockIp), *addresses, "at {seconds}");
            assert_eq!(of(ActionKind::BlockUser), *users, "at {seconds}");
        }
        assert_eq!(vectors.len(), 7);
        targets.begin_again();
        assert_eq!(targets.wanted(&actions, (None, None), 300 * SECOND).len(), 2);
        assert!(targets.wanted(&[], (None, None), 900 * SECOND).is_empty());
    }

    #[test]
    fn bounded() {
        let mut targets = Targets::default();
        for n in 0..3 * limits::SIGNAL_TARGETS {
            targets.add(Some(&n.to_string()), Some(""));
        }
        assert!(targets.is_sound());
        assert_eq!((targets.addresses.len(), targets.users.len()), (limits::SIGNAL_TARGETS, 0));
    }
}
