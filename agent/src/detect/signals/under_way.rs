//! A signal under way: an event written into it, its severity raised, its changes told.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    change::{Change, ChangeKind},
    observed::{Looks, Observed},
    related::Tie,
    samples,
    signal::{Counts, Fingerprints, Signal, Status},
    targets::Targets,
    text,
    timeline::{Stage, Timeline},
};
use crate::{
    detect::{engine::Finding, rules::Severity},
    limits,
    query::Fields,
};

/// A signal under way, and what its stored form does not say.
#[derive(Clone, Debug)]
pub(super) struct UnderWay {
    pub(super) signal: Signal,
    pub(super) key: (String, String),
    /// The group's values as the detector knows them.
    pub(super) group: Vec<String>,
    pub(super) keep_alive: u64,
    pub(super) max_duration: u64,
    pub(super) targets: Targets,
    /// It changed since it was told.
    pub(super) changed: bool,
    /// When it was told last, nanoseconds.
    pub(super) told: u64,
    /// Events up to here were written into it before a restart, nanoseconds.
    pub(super) written: u64,
}

impl UnderWay {
    /// Begins with a finding; nothing is written into it yet.
    pub(super) fn begin(id: Uuid, key: (String, String), finding: &Finding) -> Self {
        // What counted is in the window; what a group did before belongs to an earlier signal.
        let window = finding.time.saturating_sub(seconds(finding.rule.longest_window()));
        let began = finding.since.max(window).min(finding.time);
        let counts = Counts { events: finding.events_since(began), ..Counts::default() };
        let signal = Signal {
            id,
            rule: key.0.clone(),
            title: String::new(),
            message: String::new(),
            severity: Severity::Info,
            rule_case: String::new(),
            status: Status::Open,
            archive_reason: None,
            comment: None,
            assignee: None,
            case: None,
            first_seen: timestamp(began),
            last_seen: timestamp(finding.time),
            group: finding.named_group().map(|(name, value)| (name.to_string(), value.to_owned())).collect(),
            counts,
            actors: Vec::new(),
            users: Vec::new(),
            sessions: Vec::new(),
            user_agents: Vec::new(),
            services: Vec::new(),
            fingerprints: Fingerprints::default(),
            events: Vec::new(),
            timeline: Timeline::default(),
            actions: Vec::new(),
            notifications: Vec::new(),
            tags: finding.rule.tags.iter().map(ToString::to_string).collect(),
            related: Vec::new(),
        };
        Self {
            signal,
            key,
            group: finding.group.clone(),
            keep_alive: finding.rule.keep_alive,
            max_duration: finding.rule.max_duration,
            targets: Targets::default(),
            changed: false,
            told: finding.time,
            written: 0,
        }
    }

    /// Goes on with one that was stored, and that a finding belongs to.
    pub(super) fn again(signal: Signal, key: (String, String), finding: &Finding) -> Self {
        let written = nanoseconds(signal.last_seen);
        Self { signal, written, ..Self::begin(Uuid::nil(), key, finding) }
    }

    /// Whether a finding belongs to it: soon enough after its last event, and it is not too old.
    pub(super) fn goes_on(&self, finding: &Finding) -> bool {
        let (first, last) = (nanoseconds(self.signal.first_seen), nanoseconds(self.signal.last_seen));
        finding.time.saturating_sub(last) <= seconds(self.keep_alive)
            && finding.time.saturating_sub(first) <= seconds(self.max_duration)
    }

    /// Whether nothing can extend it any more at a time, nanoseconds.
    pub(super) fn is_over(&self, now: u64) -> bool {
        let last = nanoseconds(self.signal.last_seen);
        now.saturating_sub(last) > limits::DETECT_LATE + seconds(self.keep_alive)
    }

    /// Writes an event into it; whether it names somebody new.
    pub(super) fn note<F: Fields + ?Sized>(
        &mut self,
        looks: &Looks,
        observed: &Observed,
        finding: &Finding,
        event: &F,
    ) -> bool {
        let signal = &mut self.signal;
        let time = timestamp(finding.time);
        signal.last_seen = signal.last_seen.max(time);
        signal.first_seen = signal.first_seen.min(time);
        signal.counts.attacks += u64::from(observed.is_attack);
        signal.counts.blocked += u64::from(observed.is_blocked);
        signal.counts.missed = signal.counts.missed.max(u64::from(finding.missed));
        for (query, value) in finding.rule.queries.iter().zip(&finding.values) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count; casts saturate"
            )]
            let value = value.round() as u64;
            match signal.counts.queries.get_mut(&*query.name) {
                Some(most) => *most = value.max(*most),
                None => {
                    signal.counts.queries.insert(query.name.to_string(), value);
                }
            }
        }
        samples::keep(&mut signal.events, &observed.id, &observed.what, time);
        if let Some(stage) = observed.stage {
            let what = observed.what.rsplit_once(' ').filter(|_| observed.is_attack);
            let what = what.map_or(observed.what.as_str(), |(_, kind)| kind);
            signal.timeline.add(stage, what, time, Some(&observed.id));
        }
        // What the event is stays what it is; that somebody was blocked because of it is another thing.
        if let (true, Some(address)) = (observed.is_blocked, &observed.address) {
            let what = format!("{address} put on the denylist");
            signal.timeline.add(Stage::ActionTaken, &what, time, Some(&observed.id));
        }
        let (mut unnamed, mut new) = (0, false);
        let mut name = |list: &mut Vec<String>, value: Option<&str>| {
            let Some(value) = value.filter(|value| !value.is_empty()) else { return };
            if list.iter().any(|known| known == value) {
                return;
            }
            if list.len() < limits::SIGNAL_NAMES {
                list.push(value.to_owned());
                new = true;
            } else {
                unnamed += 1;
            }
        };
        name(&mut signal.actors, observed.address.as_deref());
        name(&mut signal.users, observed.user.as_deref().or(observed.login.as_deref()));
        for (list, facet) in [
            (&mut signal.sessions, &looks.session),
            (&mut signal.user_agents, &looks.user_agent),
            (&mut signal.services, &looks.service),
            (&mut signal.fingerprints.ja4, &looks.ja4),
            (&mut signal.fingerprints.header, &looks.fp_header),
            (&mut signal.fingerprints.endpoint, &looks.fp_endpoint),
            (&mut signal.fingerprints.network, &looks.fp_network),
        ] {
            name(list, facet.text(event).as_deref());
        }
        signal.counts.unnamed += unnamed;
        if finding.rule.acts() {
            let (address, user) = whom(observed, finding);
            self.targets.add(address, user);
        }
        self.changed = true;
        new
    }

    /// Its severity rises to a finding's case.
    pub(super) fn worse<F: Fields + ?Sized>(&mut self, finding: &Finding, event: &F) {
        let signal = &mut self.signal;
        signal.severity = finding.severity();
        if let Some(case) = finding.case() {
            signal.rule_case = case.name.to_string();
            signal.actions.clone_from(&case.actions);
            signal.notifications = case.notifications.iter().map(ToString::to_string).collect();
            self.targets.begin_again();
        }
        let value = |name: &str| text::value(name, signal, finding, event);
        let (title, message) = (finding.rule.name.render(&value), finding.rule.message.render(&value));
        signal.title = title;
        signal.message = message;
    }

    /// Tells what changed, and what is to be done about whoever takes part in an event.
    pub(super) fn tell_with(
        &mut self,
        kind: ChangeKind,
        observed: &Observed,
        finding: &Finding,
        changes: &mut Vec<Change>,
    ) {
        let wanted = self.targets.wanted(&self.signal.actions, whom(observed, finding), finding.time);
        let due = kind != ChangeKind::Extended
            || !wanted.is_empty()
            || finding.time.saturating_sub(self.told) >= limits::SIGNAL_TOLD;
        if due {
            self.tell(kind, finding.time, changes);
            if let Some(change) = changes.last_mut() {
                change.wanted = wanted;
            }
        }
    }

    /// Tells what changed.
    pub(super) fn tell(&mut self, kind: ChangeKind, now: u64, changes: &mut Vec<Change>) {
        self.changed = false;
        self.told = now;
        changes.push(Change { kind, signal: self.signal.clone(), wanted: Vec::new() });
    }
}

/// Whom a rule's actions are about, of those in an event. A user whom only the client claims to be is not: anybody
/// could have others blocked. Nor is the address of a login that worked, unless it is what the rule counts by: in the
/// middle of an attack from many addresses, others log in.
fn whom<'o>(observed: &'o Observed, finding: &Finding) -> (Option<&'o str>, Option<&'o str>) {
    let by_address = finding.named_group().any(|(name, _)| **name == *"client_ip");
    let address = observed.address.as_deref().filter(|_| by_address || !observed.is_login);
    let user = observed.user.as_deref().filter(|_| !observed.is_claimed);
    (address, user)
}

/// What ties a signal to others. An address that a signal has among dozens says nothing, nor does a common browser.
pub(super) fn ties(signal: &Signal) -> impl Iterator<Item = (Tie, &str)> {
    const FEW: usize = 8;
    let lists = [
        (Tie::Actor, &signal.actors),
        (Tie::User, &signal.users),
        (Tie::Session, &signal.sessions),
        (Tie::Fingerprint, &signal.fingerprints.network),
        (Tie::Fingerprint, &signal.fingerprints.ja4),
    ];
    let few = lists.into_iter().filter(|(_, values)| values.len() <= FEW);
    few.flat_map(|(tie, values)| values.iter().map(move |value| (tie, value.as_str())))
}

const fn seconds(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000_000_000)
}

pub(super) fn timestamp(nanoseconds: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::MAX)
}

pub(super) fn nanoseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond()).unwrap_or(0)
}
