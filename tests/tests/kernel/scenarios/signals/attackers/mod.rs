//! Attackers, one for each rule that comes with Picket and that seconds are enough for. Each has a network of addresses and
//! some users of the shop for itself, so that all of them can be at work at once and each signal has one that it belongs to.

mod abuse;
mod accounts;
mod injections;
mod scanning;

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use super::town::{Town, address};
use super::visitor::Visitor;

/// Users of the shop that an attacker has for itself.
const USERS: usize = 12;
/// The networks that attackers come from, and that people live in.
const ATTACKERS: u8 = 0;
const HOMES: u8 = 1;

/// Somebody who does one bad thing, as it is done.
pub struct Attacker {
    /// The rule that is there for it.
    pub rule: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    /// Does it.
    pub act: fn(&Street<'_>) -> Result<()>,
    /// The signals that come of it, no more and no fewer: rule and severity.
    pub raises: &'static [(&'static str, &'static str)],
}

/// An attacker's own addresses, victims and users.
#[derive(Clone, Copy)]
pub struct Street<'t> {
    town: &'t Town,
    number: u8,
}

impl<'t> Street<'t> {
    /// The street with a number.
    pub fn new(town: &'t Town, number: usize) -> Result<Self> {
        Ok(Self { town, number: u8::try_from(number).context("256 streets at most")? })
    }

    /// The attacker, at one of their addresses.
    pub fn attacker(&self, host: u8) -> Visitor<'t> {
        self.town.visitor(self.attackers(host))
    }

    /// A victim, at home.
    pub fn victim(&self, host: u8) -> Visitor<'t> {
        self.town.visitor(address(HOMES, self.number, host))
    }

    /// One of the attacker's addresses.
    pub fn attackers(&self, host: u8) -> Ipv4Addr {
        address(ATTACKERS, self.number, host)
    }

    /// Whether an address is one of the attacker's.
    pub fn is_from_here(&self, ip: &str) -> bool {
        ip.starts_with(&format!("198.18.{}.", self.number))
    }

    /// A user whom nobody else attacks.
    pub fn user(&self, number: usize) -> String {
        format!("user{}", usize::from(self.number) * USERS + number % USERS)
    }

    /// A name that no user has.
    pub fn nobody(&self, number: usize) -> String {
        format!("nobody{}-{number}", self.number)
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Attacker> {
    accounts::ATTACKERS.iter().chain(abuse::ATTACKERS).chain(scanning::ATTACKERS).chain(injections::ATTACKERS)
}
