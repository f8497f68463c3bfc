//! Actors and users: who was seen, and what is known of them.

use std::net::IpAddr;

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};
use serde::Serialize;

use super::{
    Api, Row, Shared,
    answer::{Answer, ask, count, since, stored, timestamp},
    params::{Params, segment},
    piece::Piece,
};
use crate::{
    api::{
        ApiError, Code, Control,
        types::{Actor, Logins, Ranking, Role, User, Whom},
    },
    limits,
    query::{EVENTS, Sql},
    store::{
        ReadError, Reader,
        read::{self, Between, Cursor},
    },
};

pub(super) fn rows() -> Vec<Row> {
    let read = |path, to| Row::new(Method::GET, path, Role::Viewer, to);
    vec![
        read("/v1/actors", get(actors)),
        read("/v1/actors/{ip}", get(actor)),
        read("/v1/users", get(users)),
        read("/v1/users/{id}", get(user)),
    ]
}

/// A question to the store, of a page of those with the most events.
type Most = fn(&Reader, &Sql, Between, usize, Option<&Cursor>) -> Result<read::Actors, ReadError>;

async fn actors(State(api): State<Shared>, uri: Uri) -> Answer {
    most(api, &uri, Reader::actors, Lists::actor).await
}

async fn users(State(api): State<Shared>, uri: Uri) -> Answer {
    most(api, &uri, Reader::users, Lists::user).await
}

/// A page of those with the most events, and what else is known of each.
async fn most<T: Serialize + Send + 'static>(
    api: Shared,
    uri: &Uri,
    question: Most,
    view: fn(&Lists, read::Actor) -> T,
) -> Answer {
    let params = Params::read(uri, &["query", "from", "to", "limit", "cursor", "within"])?;
    let condition = params.query(&EVENTS)?.to_sql();
    let cursor = params.cursor()?;
    let mut between = params.between(cursor.as_ref())?;
    // Who has the most would change from page to page with what comes meanwhile.
    between.to.get_or_insert(stored(jiff::Timestamp::now()));
    let limit = params.number("limit", 1..=limits::STORE_ACTORS)?.unwrap_or(limits::API_FACET);
    let after = cursor.map(|cursor| cursor.at.parse()).transpose()?;
    let lists = Lists::of(&api);
    ask(api, move |reader| {
        let found = question(&params.within(reader)?, &condition, between, limit, after.as_ref())?;
        let reach = found.reach;
        if !reach.complete {
            // The next page counts what this one did.
            between.from = Some(reach.since);
        }
        let next = found.next.map(|next| params.next(between, next));
        let items = found.rows.into_iter().map(|actor| view(&lists, actor)).collect();
        Ok(Ranking { items, next, complete: reach.complete, since: since(reach) })
    })
    .await
}

async fn actor(State(api): State<Shared>, Piece(text): Piece, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["from", "to"])?;
    let ip: IpAddr = segment("ip", &text, "an address such as 203.0.113.7")?;
    let between = params.between(None)?;
    let lists = Lists::of(&api);
    ask(api, move |reader| {
        let found = reader.actor(ip, between)?;
        let found =
            found.ok_or_else(|| ApiError::new(Code::NotFound, format!("there are no events of {ip}")))?;
        Ok(lists.actor(found))
    })
    .await
}

async fn user(State(api): State<Shared>, Piece(id): Piece, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["from", "to"])?;
    let between = params.between(None)?;
    let lists = Lists::of(&api);
    ask(api, move |reader| {
        let found = reader.user(&id, between)?;
        let found = found.ok_or_else(|| {
            ApiError::new(Code::NotFound, format!("there are no events of user {}", super::short(&id)))
        })?;
        Ok(lists.user(found))
    })
    .await
}

/// Who is on the lists.
struct Lists(std::sync::Arc<dyn Control>);

impl Lists {
    fn of(api: &Api) -> Self {
        Self(std::sync::Arc::clone(&api.control))
    }

    fn actor(&self, actor: read::Actor) -> Actor {
        let whom = actor.id.parse::<IpAddr>().ok().map(|ip| Whom::Net(ip.into()));
        Actor {
            blocked: whom.as_ref().is_some_and(|whom| self.0.denies(whom)),
            passlisted: whom.as_ref().is_some_and(|whom| self.0.passes(whom)),
            ip: actor.id,
            first_seen: timestamp(actor.first_seen),
            last_seen: timestamp(actor.last_seen),
            events: count(actor.events),
            types: actor.types.into_iter().map(|(name, number)| (name, count(number))).collect(),
            services: frequent(actor.services),
            users: actor.users,
            user_agents: actor.user_agents,
            signals: count(actor.signals),
        }
    }

    fn user(&self, user: read::Actor) -> User {
        let logins = |name: &str| count(user.business.get(name).copied().unwrap_or(0));
        User {
            logins: Logins { success: logins("users.login.success"), failure: logins("users.login.failure") },
            blocked: self.0.denies(&Whom::User(user.id.clone())),
            id: user.id,
            first_seen: timestamp(user.first_seen),
            last_seen: timestamp(user.last_seen),
            events: count(user.events),
            ips: user.ips,
            services: frequent(user.services),
            signals: count(user.signals),
        }
    }
}

/// Names, the most frequent first.
fn frequent(names: std::collections::BTreeMap<String, i64>) -> Vec<String> {
    let mut names: Vec<(String, i64)> = names.into_iter().collect();
    names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    names.into_iter().map(|(name, _)| name).collect()
}
