//! When an address is blocked without a person asking: N attack events within a window.
#![forbid(unsafe_code)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    net::IpAddr,
    time::Duration,
};

use ipnet::IpNet;
use uuid::Uuid;

use super::{
    Block, Cause, Obstacle, PassReason, Passlist,
    entry::{By, net_text},
};
use crate::{config, event::Event, limits, time::Ktime};

/// Counts attack events per actor and says when to block.
///
/// Bounded: [`limits::RESPOND_ACTORS`] actors and [`limits::RESPOND_EVENTS`] events are remembered; beyond
/// that the actor that was silent longest is forgotten, and counted.
#[derive(Debug)]
pub struct Policy {
    config: config::Respond,
    actors: HashMap<IpNet, Actor>,
    /// Actors in the order of their latest event.
    order: BTreeMap<u64, IpNet>,
    turn: u64,
    events: usize,
    pub(super) caps: Caps,
    stats: PolicyStats,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    pub actors: usize,
    pub events: usize,
}

/// What the policy counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyStats {
    /// Attack events that counted.
    pub counted: u64,
    /// Attack events of passlisted addresses.
    pub passlisted: u64,
    /// Attack events all of whose matches are excepted by the configuration.
    pub excepted: u64,
    /// Decisions to block.
    pub decisions: u64,
    /// Decisions that can't be carried out.
    pub obstacles: u64,
    /// Actors forgotten because the table was full.
    pub actors_forgotten: u64,
}

#[derive(Debug, Default)]
struct Actor {
    /// In the order of their times.
    events: VecDeque<(Ktime, Option<Uuid>)>,
    rules: BTreeSet<String>,
    turn: u64,
}

/// An attack event, as far as respond is concerned.
#[derive(Clone, Debug)]
pub struct Attack<'e> {
    /// The client.
    pub client: IpAddr,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// The event's id, if it has one yet.
    pub event: Option<Uuid>,
    /// Rule ids and values of the tag `type` of its matches.
    pub matches: Vec<(&'e str, Option<&'e str>)>,
}

impl<'e> From<&'e Event> for Attack<'e> {
    fn from(event: &'e Event) -> Self {
        let matches = event.matches.iter().map(|m| (m.rule.as_str(), m.tags.get("type").map(String::as_str)));
        Self {
            client: event.client_ip,
            peer: event.peer_ip,
            event: Some(event.id),
            matches: matches.collect(),
        }
    }
}

/// Somebody is to be blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// For [`Denylist::block`](super::Denylist::block).
    pub block: Block,
    /// Why it can't be carried out on this host; then it is only to be said.
    pub obstacle: Option<Obstacle>,
}

impl Policy {
    /// With these settings.
    #[must_use]
    pub fn new(config: config::Respond) -> Self {
        Self {
            config,
            actors: HashMap::new(),
            order: BTreeMap::new(),
            turn: 0,
            events: 0,
            caps: Caps { actors: limits::RESPOND_ACTORS, events: limits::RESPOND_EVENTS },
            stats: PolicyStats::default(),
        }
    }

    /// By which it goes.
    #[must_use]
    pub fn config(&self) -> &config::Respond {
        &self.config
    }

    /// After a reload of the configuration. What was counted stays counted.
    pub fn configure(&mut self, config: config::Respond) {
        if config.ipv6_prefix != self.config.ipv6_prefix {
            *self = Self { stats: self.stats, caps: self.caps, ..Self::new(config) };
        } else {
            self.config = config;
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> PolicyStats {
        self.stats
    }

    /// Takes note of an attack event at this time. Times may come slightly out of order.
    pub fn observe(&mut self, attack: &Attack<'_>, at: Ktime, passlist: &Passlist) -> Option<Decision> {
        if !self.config.enabled {
            return None;
        }
        let rules: Vec<&str> = attack.matches.iter().filter(|m| self.counts(m)).map(|m| m.0).collect();
        if rules.is_empty() {
            self.stats.excepted += u64::from(!attack.matches.is_empty());
            return None;
        }
        let client = attack.client.to_canonical();
        let net = self.actor(client);
        // Also when only the client itself is passlisted, inside a network that would be blocked.
        if passlist.contains(client) || passlist.why(net).is_some() {
            self.stats.passlisted += 1;
            return None;
        }
        self.stats.counted += 1;
        let actor = self.note(net, &rules, at, attack.event)?;
        self.stats.decisions += 1;
        // The header's word counts only behind a trusted proxy, so a client that is not the peer is behind one.
        let peer = attack.peer.to_canonical();
        // One on this host gets the client's packets from the host's own interfaces, where XDP meets them.
        let here = passlist
            .why(IpNet::from(peer))
            .is_some_and(|pass| matches!(pass.reason, PassReason::Loopback | PassReason::Own));
        let obstacle = (client != peer && !here).then_some(Obstacle::BehindProxy(peer));
        self.stats.obstacles += u64::from(obstacle.is_some());
        Some(Decision {
            block: Block { net, block_for: self.config.block_for, cause: self.cause(actor) },
            obstacle,
        })
    }

    /// Whether a match counts.
    fn counts(&self, (rule, kind): &(&str, Option<&str>)) -> bool {
        let is = |list: &[String], value: &str| list.iter().any(|entry| entry == value);
        !is(&self.config.except_rules, rule) && !kind.is_some_and(|kind| is(&self.config.except_types, kind))
    }

    /// Who is counted as one: an IPv4 address, an IPv6 network of the configured size.
    fn actor(&self, client: IpAddr) -> IpNet {
        let single = IpNet::from(client);
        match client {
            IpAddr::V4(_) => single,
            IpAddr::V6(_) => {
                IpNet::new(client, self.config.ipv6_prefix.min(128)).map_or(single, |net| net.trunc())
            }
        }
    }

    /// Adds an event to an actor's; the actor, taken off the table, when it is one too many.
    fn note(&mut self, net: IpNet, rules: &[&str], at: Ktime, event: Option<Uuid>) -> Option<Actor> {
        self.turn += 1;
        let mut actor = self.take(net).unwrap_or_default();
        actor.turn = self.turn;
        actor.rules.extend(rules.iter().map(|rule| (*rule).to_owned()).take(limits::EVENT_MATCHES));
        let later = actor.events.iter().rev().take_while(|(time, _)| *time > at).count();
        actor.events.insert(actor.events.len() - later, (at, event));
        actor.forget_before(self.config.window);
        if actor.events.len() >= self.config.events.max(1) {
            return Some(actor);
        }
        self.events += actor.events.len();
        self.order.insert(actor.turn, net);
        self.actors.insert(net, actor);
        while self.actors.len() > self.caps.actors || self.events > self.caps.events {
            let Some((_, silent)) = self.order.first_key_value() else { break };
            self.take(*silent);
            self.stats.actors_forgotten += 1;
        }
        None
    }

    fn take(&mut self, net: IpNet) -> Option<Actor> {
        let actor = self.actors.remove(&net)?;
        self.order.remove(&actor.turn);
        self.events -= actor.events.len();
        Some(actor)
    }

    fn cause(&self, actor: Actor) -> Cause {
        let events = actor.events.len();
        let rules: Vec<String> = actor.rules.into_iter().take(limits::CAUSE_EVENTS).collect();
        let reason = format!(
            "{events} attack event{} within {}",
            if events == 1 { "" } else { "s" },
            words(self.config.window)
        );
        let ids: Vec<Uuid> = actor.events.iter().filter_map(|(_, id)| *id).collect();
        let latest = ids.len().saturating_sub(limits::CAUSE_EVENTS);
        Cause {
            by: By::Respond,
            reason,
            author: None,
            signal: None,
            rules,
            events: ids.get(latest..).unwrap_or_default().to_vec(),
        }
    }
}

impl Actor {
    /// Forgets what lies more than a window before the latest event.
    fn forget_before(&mut self, window: Duration) {
        let window = Ktime::try_from(window.as_nanos()).unwrap_or(Ktime::MAX);
        let Some(&(latest, _)) = self.events.back() else { return };
        while self.events.front().is_some_and(|(time, _)| latest - time > window) {
            self.events.pop_front();
        }
    }
}

/// A duration in words: `60s`, `1h30m`.
fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units =
        [("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60)];
    match units.iter().filter(|(_, n)| *n > 0).map(|(unit, n)| format!("{n}{unit}")).collect::<String>() {
        words if words.is_empty() => format!("{}ms", duration.as_millis()),
        words => words,
    }
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Block { net, block_for, cause } = &self.block;
        let who = net_text::text(*net);
        let rules = cause.rules.join(", ");
        let span = block_for.map_or_else(|| "for good".to_owned(), |span| format!("for {}", words(span)));
        match self.obstacle {
            None => write!(f, "{who} is blocked {span}: {} ({rules})", cause.reason),
            Some(obstacle) => {
                write!(f, "{who} would be blocked {span}: {} ({rules}); but {obstacle}", cause.reason)
            }
        }
    }
}
