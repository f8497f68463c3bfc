//! What the store knows of an event besides its JSON.
#![forbid(unsafe_code)]

use uuid::Uuid;

use crate::event::{Event, Kind};

/// What an event is found and counted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Nanoseconds since the epoch.
    pub time: i64,
    /// `event`, `transaction`.
    pub kind: String,
    /// The service's name.
    pub service: String,
    /// The client's address, as text.
    pub client_ip: String,
    /// Who, where it is known.
    pub user_id: Option<String>,
    /// Method as sent.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Status; none: no response was seen.
    pub status: Option<u16>,
    /// Whether it got the client blocked.
    pub blocked: bool,
    /// Ids of the rules that matched, each once.
    pub rules: Vec<String>,
    /// Values of their tag `type`, each once.
    pub types: Vec<String>,
    /// What it was for the business (`users.login.failure`…), each once.
    pub business: Vec<String>,
}

impl Facts {
    /// Of an event, and who it was if that is known.
    #[must_use]
    pub fn of(event: &Event, user_id: Option<&str>) -> Self {
        let mut rules: Vec<String> = event.matches.iter().map(|matched| matched.rule.clone()).collect();
        let mut types: Vec<String> =
            event.matches.iter().filter_map(|matched| matched.tags.get("type").cloned()).collect();
        let mut business: Vec<String> =
            event.business.iter().map(|business| business.name.to_string()).collect();
        for list in [&mut rules, &mut types, &mut business] {
            list.sort_unstable();
            list.dedup();
        }
        Self {
            time: crate::time::since_epoch(event.time),
            kind: match event.kind {
                Kind::Event => "event",
                Kind::Transaction => "transaction",
            }
            .to_owned(),
            service: event.service.name.clone(),
            client_ip: event.client_ip.to_string(),
            user_id: user_id.map(ToOwned::to_owned),
            method: event.method.clone(),
            path: event.path.clone(),
            status: event.status,
            blocked: event.blocked,
            rules,
            types,
            business,
        }
    }
}

/// An event on its way into the database.
#[derive(Clone, Debug)]
pub(super) struct NewEvent {
    pub id: Uuid,
    pub facts: Facts,
    pub json: String,
}

impl NewEvent {
    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        let Facts { rules, types, business, .. } = &self.facts;
        let lists = rules.iter().chain(types).chain(business);
        512 + self.json.len() + self.facts.path.len() + lists.map(|text| text.len() + 24).sum::<usize>()
    }
}
