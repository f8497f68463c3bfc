//! A day made of recorded visits.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use picket::event::Event;
use uuid::Uuid;

use super::Recorded;
use super::visits::{Rhythm, VISITS, user};
use crate::random::Random;

/// Seconds.
const DAY: u64 = 86_400;
/// When it begins: 2026-11-22T00:00:00Z.
const BEGIN: i64 = 1_795_305_600;

/// A day's events, in the order of their time.
pub struct Day {
    events: Vec<Event>,
    random: Random,
    people: u32,
}

/// One visit in a day: when, from where, and who.
struct Once<'d> {
    /// Milliseconds of the day.
    begin: u64,
    /// Milliseconds between two requests: at least, and at most.
    pace: (u64, u64),
    /// Where it comes from, by the address it had when it was recorded.
    address: &'d mut dyn FnMut(u8) -> Ipv4Addr,
    /// Its name in the shop.
    user: String,
}

impl Day {
    /// Of recorded visits, one of each of [`VISITS`].
    pub fn of(recorded: &[Recorded]) -> Result<Self> {
        let mut day = Self { events: Vec::new(), random: Random::new(0x1122), people: 0 };
        for (number, (visit, recorded)) in VISITS.iter().zip(recorded).enumerate() {
            day.visits(number, visit.rhythm, recorded)?;
        }
        day.events.sort_by_key(|event| event.time);
        ensure!(day.events.len() > 50_000, "a day of {} events is no day", day.events.len());
        Ok(day)
    }

    /// In order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The same day, with what no benign visit is at noon.
    pub fn with_stuffing(&self, recorded: &[Recorded]) -> Result<Self> {
        let number = VISITS.iter().position(|visit| matches!(visit.rhythm, Rhythm::Never));
        let number = number.context("a visit that is not benign")?;
        let recorded = recorded.get(number).context("it was recorded")?;
        let mut day = Self { events: self.events.clone(), random: Random::new(0x2233), people: self.people };
        let mut address = |_| Ipv4Addr::new(203, 0, 113, 66);
        let once = Once { begin: DAY * 500, pace: (500, 2000), address: &mut address, user: String::new() };
        day.add(number, recorded, once)?;
        day.events.sort_by_key(|event| event.time);
        Ok(day)
    }

    fn visits(&mut self, number: usize, rhythm: Rhythm, recorded: &Recorded) -> Result<()> {
        match rhythm {
            Rhythm::People(count, pause) => (0..count).try_for_each(|_| {
                let begin = self.by_day();
                let home = self.home();
                self.visit(number, recorded, begin, pause, &mut |_| home)
            }),
            Rhythm::Office(count) => (0..count).try_for_each(|person| {
                let begin = 8 * 3_600_000 + self.below(3_600_000);
                let office = Ipv4Addr::new(203, 0, 113, if person % 2 == 0 { 10 } else { 20 });
                self.visit(number, recorded, begin, 25, &mut |_| office)
            }),
            Rhythm::Mobile(count, addresses) => (0..count).try_for_each(|_| {
                let begin = self.by_day();
                let first = self.below(addresses);
                let carrier = |host| {
                    let at = u8::try_from((first + u64::from(host)) % addresses).unwrap_or(0);
                    Ipv4Addr::new(203, 0, 113, 100 + at)
                };
                self.visit(number, recorded, begin, 20, &mut { carrier })
            }),
            Rhythm::Program(each, pause) => {
                let home = self.home();
                let name = self.name();
                (0..DAY).step_by(usize::try_from(each)?).try_for_each(|begin| {
                    let begin = begin * 1000 + self.below(1000);
                    let pace = (pause * 900, pause * 1100);
                    let address = &mut |_| home;
                    self.add(number, recorded, Once { begin, pace, address, user: name.clone() })
                })
            }
            Rhythm::Never => Ok(()),
        }
    }

    /// A person's visit, with pauses of up to so many seconds between requests.
    fn visit(
        &mut self,
        number: usize,
        recorded: &Recorded,
        begin: u64,
        pause: u64,
        address: &mut dyn FnMut(u8) -> Ipv4Addr,
    ) -> Result<()> {
        let user = self.name();
        self.add(number, recorded, Once { begin, pace: (800, pause * 1000), address, user })
    }

    fn add(&mut self, number: usize, recorded: &Recorded, once: Once<'_>) -> Result<()> {
        let Once { begin, pace: (least, most), address, user: name } = once;
        let was = user(number);
        let mut sessions: HashMap<Arc<str>, Arc<str>> = HashMap::new();
        let mut at = begin;
        for (host, event) in recorded {
            // What is left of a visit at midnight is the next day's.
            if at >= DAY * 1000 {
                break;
            }
            let mut event = event.clone();
            event.id = Uuid::from_u64_pair(at, self.events.len() as u64);
            event.time =
                Timestamp::new(BEGIN + i64::try_from(at / 1000)?, i32::try_from(at % 1000)? * 1_000_000)?;
            event.client_ip = IpAddr::V4(address(*host));
            event.chain = None;
            if let Some(user) = &mut event.user {
                user.id = renamed(&user.id, &was, &name).into();
            }
            for business in &mut event.business {
                for value in business.attributes.values_mut() {
                    if let Some(text) = value.as_str() {
                        *value = renamed(text, &was, &name).into();
                    }
                }
            }
            if let Some(session) = &mut event.session {
                let count = sessions.len();
                let id = sessions.entry(Arc::clone(&session.id));
                session.id = Arc::clone(id.or_insert_with(|| format!("{name}-{begin}-{count}").into()));
            }
            self.events.push(event);
            at += least + self.below(most - least);
        }
        Ok(())
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.below(usize::try_from(limit).unwrap_or(usize::MAX)) as u64
    }

    /// Sometime between six and midnight, in milliseconds of the day.
    fn by_day(&mut self) -> u64 {
        6 * 3_600_000 + self.below(17 * 3_600_000)
    }

    /// An address that nobody else has.
    fn home(&mut self) -> Ipv4Addr {
        self.people += 1;
        Ipv4Addr::from(u32::from(Ipv4Addr::new(100, 64, 0, 0)) + self.people)
    }

    /// A name that nobody else has.
    fn name(&mut self) -> String {
        self.people += 1;
        format!("person{}", self.people)
    }
}

/// A text with the name it was recorded with replaced; one that is mistyped stays so.
fn renamed(text: &str, was: &str, name: &str) -> String {
    match text.strip_prefix(was) {
        Some(rest) => format!("{name}{rest}"),
        None => text.to_owned(),
    }
}
