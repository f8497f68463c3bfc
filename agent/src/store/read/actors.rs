//! Who there is: client addresses and users by their events, and what is known of each.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use rusqlite::{Connection, Result, Row};
use serde::Serialize;

use super::{
    super::{
        error::ReadError,
        sql::{FacetExpression, Sql},
    },
    Between, Cursor, FacetValue, Reach, Reader,
    pool::Deadline,
    question::Question,
    tally::stretch,
    walk::walk,
};
use crate::limits;

/// Newest events of each whose names are looked at, in a list and of one.
const LOOKED_AT: (usize, usize) = (20, 500);
/// Names that are given of each kind.
const NAMES: usize = 20;
/// Newest signals that are looked through.
const SIGNALS: usize = 5000;

/// A client address or a user, with what is stored of it. Numbers are those of stored events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The address, or the user's id.
    pub id: String,
    /// Time of its first event in the stretch, under whatever condition; nanoseconds since the epoch.
    pub first_seen: i64,
    /// … of its latest.
    pub last_seen: i64,
    /// Its events that fit.
    pub events: i64,
    /// These by type of attack.
    pub types: BTreeMap<String, i64>,
    /// These by what they were for the business; of an address only those of its newest events.
    pub business: BTreeMap<String, i64>,
    /// These by service.
    pub services: BTreeMap<String, i64>,
    /// Users of an address, the most frequent of its newest events first.
    pub users: Vec<String>,
    /// Addresses of a user, likewise.
    pub ips: Vec<String>,
    /// User agents, likewise.
    pub user_agents: Vec<String>,
    /// Signals of the stretch that name it.
    pub signals: i64,
}

/// Those with the most events, or those that follow them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actors {
    /// They, the most events first.
    pub rows: Vec<Actor>,
    /// Where the next ones begin; none: there are no more.
    pub next: Option<Cursor>,
    /// How far events were counted.
    pub reach: Reach,
}

/// What somebody is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Address,
    User,
}

impl By {
    fn column(self) -> &'static str {
        match self {
            Self::Address => "e.client_ip",
            Self::User => "e.user_id",
        }
    }

    /// What is counted of each: service, types, and what it was for the business, as far as a rollup has it.
    fn columns(self) -> &'static str {
        match self {
            Self::Address => "e.client_ip, e.service, e.types, '[]'",
            Self::User => "e.user_id, e.service, e.types, e.business",
        }
    }

    /// The column that an index has, in events and where they are counted.
    fn key(self) -> &'static str {
        match self {
            Self::Address => "client_key",
            Self::User => "user_key",
        }
    }

    /// Events `f` of one of them. Users have an index without regard to the case of letters, and ids with.
    fn is(self) -> &'static str {
        match self {
            Self::Address => "f.client_ip = ?1",
            Self::User => "f.user_id = ?1 COLLATE NOCASE AND f.user_id = ?1",
        }
    }

    /// The column of signals that names them.
    fn of_signal(self) -> &'static str {
        match self {
            Self::Address => "actors",
            Self::User => "users",
        }
    }
}

impl Reader {
    /// Client addresses with the most events under a condition; `after`: those that follow. While the condition takes
    /// the same events between the same times, pages have each address once.
    ///
    /// # Errors
    /// When the clause is none, or not even the newest events could be looked at in time.
    pub fn actors(
        &self,
        condition: &Sql,
        between: Between,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<Actors, ReadError> {
        self.most(By::Address, condition, between, limit, after)
    }

    /// An address, if there are events of it.
    ///
    /// # Errors
    /// As [`Self::actors`].
    pub fn actor(&self, ip: IpAddr, between: Between) -> Result<Option<Actor>, ReadError> {
        self.one(By::Address, &ip.to_canonical().to_string(), between)
    }

    /// Users with the most events under a condition, page by page as [`Self::actors`].
    ///
    /// # Errors
    /// As [`Self::actors`].
    pub fn users(
        &self,
        condition: &Sql,
        between: Between,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<Actors, ReadError> {
        self.most(By::User, condition, between, limit, after)
    }

    /// A user, if there are events of them. Ids are told apart by the case of their letters.
    ///
    /// # Errors
    /// As [`Self::actors`].
    pub fn user(&self, id: &str, between: Between) -> Result<Option<Actor>, ReadError> {
        self.one(By::User, id, between)
    }

    fn one(&self, by: By, id: &str, between: Between) -> Result<Option<Actor>, ReadError> {
        self.ask(|db, deadline| {
            let mut rows = [Actor { id: id.to_owned(), ..Actor::default() }];
            let (_, events) = break_down(db, deadline, by, &Sql::all(), between, &mut rows)?;
            let [mut row] = rows;
            row.events = events.iter().sum();
            if row.events == 0 {
                return Ok(None);
            }
            row.signals = signals(db, by, between)?.get(id).copied().unwrap_or(0);
            look_at(db, by, between, LOOKED_AT.1, &mut row)?;
            Ok(Some(row))
        })
    }

    fn most(
        &self,
        by: By,
        condition: &Sql,
        between: Between,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<Actors, ReadError> {
        let limit = limit.clamp(1, limits::STORE_ACTORS);
        let after = after.map(|cursor| (FacetValue::Text(cursor.id.clone()), cursor.place));
        let column = FacetExpression::of(by.column());
        // One more than was asked for says whether there are more.
        let facet = self.facet_after(condition, &column, between, limit + 1, after.as_ref())?;
        if facet.values.is_empty() {
            return Ok(Actors { rows: Vec::new(), next: None, reach: facet.reach });
        }
        let more = facet.values.len() > limit;
        let mut rows: Vec<Actor> = facet
            .values
            .into_iter()
            .take(limit)
            .map(|(value, events)| {
                let id = match value {
                    FacetValue::Text(text) => text,
                    FacetValue::Integer(number) => number.to_string(),
                };
                Actor { id, events, ..Actor::default() }
            })
            .collect();
        let last = rows.last().filter(|_| more);
        let next = last.map(|actor| Cursor { place: actor.events, id: actor.id.clone() });
        let mut reach = facet.reach;
        let counted = Between { from: Some(reach.since), to: between.to };
        let since = self.ask(|db, deadline| {
            let (since, _) = break_down(db, deadline, by, condition, counted, &mut rows)?;
            let signals = signals(db, by, between)?;
            for row in &mut rows {
                row.signals = signals.get(&row.id).copied().unwrap_or(0);
                look_at(db, by, between, LOOKED_AT.0, row)?;
            }
            Ok(since)
        })?;
        if since > reach.since {
            reach = Reach { complete: false, since };
        }
        Ok(Actors { rows, next, reach })
    }
}

/// Counts services, types and the business of each. Gives the time since when, and the events of each.
fn break_down(
    db: &Connection,
    deadline: &Deadline,
    by: By,
    condition: &Sql,
    between: Between,
    rows: &mut [Actor],
) -> Result<(i64, Vec<i64>)> {
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let columns = by.columns().to_owned();
    let among = Some((by.key(), ids.as_slice()));
    let question = Question { columns, params: &[], condition, among, coarsest: i64::MAX };
    let mut events = vec![0; rows.len()];
    let places: HashMap<String, usize> =
        (0..).zip(rows.iter()).map(|(at, row)| (row.id.clone(), at)).collect();
    let stretch = stretch(db, between)?;
    let (view, coarsest) = question.place(db, stretch, deadline)?;
    let since = walk(stretch, coarsest, deadline, &mut |part| {
        // All of a part or nothing.
        let mut counts = vec![<(i64, [HashMap<String, i64>; 3])>::default(); rows.len()];
        question.rows(db, view, part, &mut |row: &Row<'_>| {
            let Some(id) = row.get_ref(0)?.as_str_or_null().ok().flatten() else { return Ok(()) };
            let Some((all, of)) = places.get(id).and_then(|at| counts.get_mut(*at)) else { return Ok(()) };
            let count: i64 = row.get(4)?;
            *all += count;
            for (column, of) in (1..4).zip(of) {
                if let Some(text) = row.get_ref(column)?.as_str_or_null().ok().flatten() {
                    match of.get_mut(text) {
                        Some(known) => *known += count,
                        None => drop(of.insert(text.to_owned(), count)),
                    }
                }
            }
            Ok(())
        })?;
        for ((row, events), (all, [services, types, business])) in
            rows.iter_mut().zip(&mut events).zip(counts)
        {
            *events += all;
            for (service, count) in services {
                *row.services.entry(service).or_default() += count;
            }
            for (of, lists) in [(&mut row.types, types), (&mut row.business, business)] {
                for (list, count) in lists {
                    for text in texts(&list) {
                        *of.entry(text).or_default() += count;
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok((since, events))
}

/// First and last time, and names that the newest events have.
fn look_at(db: &Connection, by: By, between: Between, newest: usize, row: &mut Actor) -> Result<()> {
    let (is, from, to) = (by.is(), between.first(), between.end());
    let end = |which: &str| {
        db.prepare_cached(&format!(
            "SELECT {which}(f.time) FROM event_facts f WHERE {is} AND f.time >= ?2 AND f.time < ?3"
        ))?
        .query_row((&row.id, from, to), |row| row.get::<_, Option<i64>>(0))
    };
    (row.first_seen, row.last_seen) = (end("min")?.unwrap_or(0), end("max")?.unwrap_or(0));
    let other = if by == By::Address { "user_id" } else { "client_ip" };
    let mut statement = db.prepare_cached(&format!(
        "SELECT f.{other}, CASE WHEN json_valid(b.json) THEN json_extract(b.json, '$.user_agent') END, f.business
         FROM event_facts f LEFT JOIN event_bodies b ON b.time = f.time
         WHERE {is} AND f.time >= ?2 AND f.time < ?3 ORDER BY f.time DESC LIMIT ?4"
    ))?;
    let mut names = [HashMap::new(), HashMap::new()];
    let mut business = BTreeMap::new();
    let mut events = statement.query((&row.id, from, to, i64::try_from(newest).unwrap_or(i64::MAX)))?;
    while let Some(event) = events.next()? {
        for (column, names) in (0..).zip(&mut names) {
            if let Some(name) = event.get_ref(column)?.as_str_or_null().ok().flatten() {
                *names.entry(name.to_owned()).or_insert(0_usize) += 1;
            }
        }
        for name in texts(event.get_ref(2)?.as_str_or_null().ok().flatten().unwrap_or_default()) {
            *business.entry(name).or_default() += 1;
        }
    }
    let [others, agents] = names.map(frequent);
    row.user_agents = agents;
    match by {
        By::Address => (row.users, row.business) = (others, business),
        By::User => row.ips = others,
    }
    Ok(())
}

/// The most frequent names first.
fn frequent(names: HashMap<String, usize>) -> Vec<String> {
    let mut names: Vec<(String, usize)> = names.into_iter().collect();
    names.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    names.truncate(NAMES);
    names.into_iter().map(|(name, _)| name).collect()
}

/// Signals that name somebody.
fn signals(db: &Connection, by: By, between: Between) -> Result<HashMap<String, i64>> {
    let column = by.of_signal();
    let mut statement = db.prepare_cached(&format!(
        "SELECT e.{column} FROM signals e WHERE e.time >= ? AND e.time < ? ORDER BY e.time DESC LIMIT ?"
    ))?;
    let mut rows =
        statement.query((between.first(), between.end(), i64::try_from(SIGNALS).unwrap_or(i64::MAX)))?;
    let mut counts = HashMap::new();
    while let Some(row) = rows.next()? {
        let mut names = texts(row.get_ref(0)?.as_str_or_null().ok().flatten().unwrap_or_default());
        names.sort_unstable();
        names.dedup();
        names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
    }
    Ok(counts)
}

/// The texts of a JSON array.
fn texts(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap_or_default()
}
