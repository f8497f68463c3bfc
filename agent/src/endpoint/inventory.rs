//! The routes of all services, as one worker sees them.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ServiceEndpoints, Snapshot,
    route::{Method, Route, count_named},
    segment::fold,
    tree::Tree,
};
use crate::{
    http::{Request, Response},
    limits, user,
};

/// Version of what [`Inventory::save`] writes.
const SAVED: u32 = 2;

/// The routes of all services.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Inventory {
    services: Vec<Service>,
    /// Where the last request was found.
    last: usize,
    routes: usize,
    /// Requests to services beyond the cap.
    left_out: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Service {
    name: Arc<str>,
    port: u16,
    tree: Tree,
    elsewhere: Elsewhere,
}

/// What is no route of the service, or has no room.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Elsewhere {
    pub seen: u64,
    pub attacks: BTreeMap<Box<str>, u64>,
}

/// A transaction, as far as its route is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The service's name.
    pub service: &'a str,
    /// Its port.
    pub port: u16,
    /// The method.
    pub method: &'a [u8],
    /// The path, without query.
    pub path: &'a [u8],
    /// The query.
    pub query: Option<&'a [u8]>,
    /// The request.
    pub request: &'a Request,
    /// The response, if one was seen.
    pub response: Option<&'a Response>,
    /// From the first byte of the request to the last of the response, microseconds.
    pub latency: Option<u64>,
    /// It carries credentials, or its user is known.
    pub authenticated: bool,
    /// Types of the attacks in it.
    pub attacks: &'a [&'a str],
    /// What it was for the business.
    pub business: &'a [user::BusinessEvent],
}

impl Seen<'_> {
    /// Whether the service answers as if the route was there, to somebody who does not attack.
    fn is_there(&self) -> bool {
        let answered = |response: &Response| match response.status {
            // Refused for what it is, or who asks; but it is there.
            401 | 403 | 409 | 422 | 429 => true,
            status => (100..400).contains(&status) || status == 500,
        };
        self.attacks.is_empty() && self.response.is_some_and(answered)
    }
}

impl Inventory {
    /// Counts a transaction and says its route's pattern. `fields` reads the request's parameters; it is called for
    /// some requests only.
    pub(crate) fn record<'f>(
        &mut self,
        seen: &Seen<'_>,
        now: Timestamp,
        fields: impl FnOnce() -> &'f user::Fields,
    ) -> Option<Arc<str>> {
        let Some(at) = self.service(seen.service, seen.port) else {
            self.left_out += 1;
            return None;
        };
        let full = self.routes >= limits::ENDPOINTS;
        let service = self.services.get_mut(at)?;
        let method = Method::of(seen.method);
        let segments = fold(seen.path);
        let before = service.tree.len();
        // `OPTIONS *`, `CONNECT host:443`: no path.
        let path = seen.path.starts_with(b"/");
        let known = if path { service.tree.find(method, segments.as_slice(), 1) } else { None };
        let found = match known {
            Some(found) => Some(found),
            None if path && !full && seen.is_there() => {
                service.tree.place(method, segments.as_slice(), 1, now)
            }
            None => None,
        };
        let Some(found) = found else {
            service.elsewhere.seen += 1;
            for attack in seen.attacks {
                count_named(&mut service.elsewhere.attacks, attack, 1);
            }
            self.routes = (self.routes + service.tree.len()).saturating_sub(before);
            return None;
        };
        if found.route.count(seen, now) {
            found.route.look(seen, fields());
        }
        let pattern = Arc::clone(&found.pattern);
        self.routes = (self.routes + service.tree.len()).saturating_sub(before);
        Some(pattern)
    }

    /// The place of a service, made if there is none. `None`: there are too many.
    fn service(&mut self, name: &str, port: u16) -> Option<usize> {
        let is = |service: &Service| service.port == port && *service.name == *name;
        if self.services.get(self.last).is_some_and(is) {
            return Some(self.last);
        }
        let at = match self.services.iter().position(is) {
            Some(at) => at,
            None if self.services.len() >= limits::ENDPOINT_SERVICES => return None,
            None => {
                let tree = Tree::new(limits::SERVICE_ENDPOINTS);
                self.services.push(Service {
                    name: name.into(),
                    port,
                    tree,
                    elsewhere: Elsewhere::default(),
                });
                self.services.len() - 1
            }
        };
        self.last = at;
        Some(at)
    }

    /// Takes over what another worker has seen.
    pub fn merge(&mut self, other: &Self) {
        self.left_out += other.left_out;
        for theirs in &other.services {
            let Some(at) = self.service(&theirs.name, theirs.port) else {
                self.left_out += theirs.tree.routes().iter().map(|(_, _, route)| route.seen).sum::<u64>();
                continue;
            };
            let Some(ours) = self.services.get_mut(at) else { continue };
            for Route { seen, attacks, .. } in ours.tree.merge(&theirs.tree) {
                ours.elsewhere.seen += seen;
                attacks
                    .iter()
                    .for_each(|(attack, times)| count_named(&mut ours.elsewhere.attacks, attack, *times));
            }
            ours.elsewhere.seen += theirs.elsewhere.seen;
            for (attack, times) in &theirs.elsewhere.attacks {
                count_named(&mut ours.elsewhere.attacks, attack, *times);
            }
        }
        self.routes = self.services.iter().map(|service| service.tree.len()).sum();
    }

    /// All of it, to go on with after a restart; see [`Self::restored`].
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        // Writing to a vector can't fail, and nothing in it has a form of its own.
        postcard::to_allocvec(&(SAVED, self)).unwrap_or_default()
    }

    /// What was saved; `None`: these bytes are no inventory of this version.
    #[must_use]
    pub fn restored(bytes: &[u8]) -> Option<Self> {
        // The version first: what follows may be anything.
        let (version, rest) = postcard::take_from_bytes::<u32>(bytes).ok()?;
        let saved = (version == SAVED).then(|| postcard::from_bytes::<Self>(rest).ok())??;
        let mut inventory = Self::default();
        // Merged, not taken: caps may be lower now.
        inventory.merge(&saved);
        Some(inventory)
    }

    /// Routes of all services.
    #[must_use]
    pub fn len(&self) -> usize {
        self.routes
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes == 0
    }

    /// All of it, for people and programs.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let services = self.services.iter().map(|Service { name, port, tree, elsewhere }| {
            ServiceEndpoints::new(name, *port, tree, elsewhere)
        });
        let mut services: Vec<ServiceEndpoints> = services.collect();
        services.sort_by(|a, b| (&a.service, a.port).cmp(&(&b.service, b.port)));
        Snapshot { services, left_out: self.left_out }
    }
}
