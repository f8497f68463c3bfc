//! The routes of one service, by the segments of their paths. Learns which segments vary.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{
    route::{Method, Route},
    segment::{PARAM, SLUG, is_label, is_slug},
};
use crate::limits;

/// Seen no more often than this, a segment is rare.
const RARE: u64 = 3;

/// The routes of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tree {
    root: Node,
    /// Routes in it.
    len: usize,
    /// Routes it may have.
    room: usize,
    /// Times that segments were found to vary.
    pub learned: u64,
    /// Times that room was made by folding.
    pub squeezed: u64,
}

/// What is below the first segments of a path.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Node {
    children: HashMap<Box<str>, Node>,
    /// Routes that end here, one a method.
    routes: Vec<(Method, Route)>,
    /// What the path up to here is called.
    pattern: Arc<str>,
    /// Requests that went through.
    seen: u64,
    /// Children that read like titles.
    slugs: usize,
}

/// Names of nodes, from the root on.
type Names<'s> = SmallVec<[&'s str; 8]>;

/// A route with the names it stands under.
pub(super) struct Found<'t> {
    pub pattern: Arc<str>,
    pub route: &'t mut Route,
}

impl Tree {
    pub fn new(room: usize) -> Self {
        let root = Node { pattern: "/".into(), ..Node::default() };
        Self { root, len: 0, room, learned: 0, squeezed: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The route of a path, if there is one; counts on the way that it was seen so many times.
    pub fn find(&mut self, method: Method, segments: &[&str], times: u64) -> Option<Found<'_>> {
        let names = self.names(method, segments)?;
        let Node { pattern, routes, .. } = self.root.walk(&names, times)?;
        let (_, route) = routes.iter_mut().find(|(known, _)| *known == method)?;
        Some(Found { pattern: Arc::clone(pattern), route })
    }

    /// Whether there is a route of a path.
    fn has(&self, method: Method, segments: &[&str]) -> bool {
        self.names(method, segments).is_some()
    }

    /// What the segments of a path stand under, if there is a route at its end.
    fn names<'s>(&self, method: Method, segments: &[&'s str]) -> Option<Names<'s>> {
        let (mut node, mut names) = (&self.root, Names::new());
        for segment in segments {
            let (name, child) = node.step(segment)?;
            names.push(name);
            node = child;
        }
        node.routes.iter().any(|(known, _)| *known == method).then_some(names)
    }

    /// The route of a path, made if there is none. `None`: there is no room, and none could be made.
    pub fn place(
        &mut self,
        method: Method,
        segments: &[&str],
        times: u64,
        now: Timestamp,
    ) -> Option<Found<'_>> {
        if !self.has(method, segments) {
            if self.len >= self.room && !self.squeeze() {
                return None;
            }
            // What was folded may have made it one that is there.
            if !self.has(method, segments) {
                let learned = self.root.insert(method, segments, now);
                self.len += 1;
                if learned {
                    self.learned += 1;
                    self.len = self.root.count();
                }
            }
        }
        self.find(method, segments, times)
    }

    /// Folds where there is most to fold, until an eighth of the room is free. Whether there is room now.
    fn squeeze(&mut self) -> bool {
        while self.len > self.room - self.room / 8 && self.root.squeeze_widest() {
            self.squeezed += 1;
            self.len = self.root.count();
        }
        self.len < self.room
    }

    /// Takes over the routes of another worker. Gives back those for which there is no room.
    pub fn merge(&mut self, other: &Self) -> Vec<Route> {
        let mut left = Vec::new();
        self.learned += other.learned;
        self.squeezed += other.squeezed;
        other.root.each(&mut Vec::new(), &mut |segments, method, route| {
            // What varies there varies here.
            self.root.fold_as(segments);
            match self.place(method, segments, route.seen, route.first) {
                Some(found) => found.route.merge(route),
                None => left.push(route.clone()),
            }
        });
        self.len = self.root.count();
        left
    }

    /// Every route, in the order of the patterns.
    pub fn routes(&self) -> Vec<(Arc<str>, Method, &Route)> {
        let mut routes = Vec::with_capacity(self.len);
        self.root.collect(&mut routes);
        routes.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        routes
    }
}

impl Node {
    /// The child a segment leads to, and its name.
    fn step<'s>(&self, segment: &'s str) -> Option<(&'s str, &Self)> {
        let child = |name: &'s str| Some((name, self.children.get(name)?));
        let known = child(segment);
        if known.is_some() || is_label(segment) {
            return known;
        }
        let slug = if is_slug(segment) { child(SLUG) } else { None };
        slug.or_else(|| child(PARAM))
    }

    /// Goes along names of children and counts on the way.
    fn walk(&mut self, names: &[&str], times: u64) -> Option<&mut Self> {
        let mut node = self;
        node.seen += times;
        for name in names {
            node = node.children.get_mut(*name)?;
            node.seen += times;
        }
        Some(node)
    }

    /// Makes a route. Whether something was folded for it.
    fn insert(&mut self, method: Method, segments: &[&str], now: Timestamp) -> bool {
        let Some((segment, rest)) = segments.split_first() else {
            // What was folded on the way here may have made it one that is there.
            if !self.routes.iter().any(|(known, _)| *known == method) {
                self.routes.push((method, Route::new(now)));
            }
            return false;
        };
        let mut learned = false;
        if self.step(segment).is_none() {
            let pattern = joined(&self.pattern, segment);
            self.slugs += usize::from(is_slug(segment));
            self.children.insert(Box::from(*segment), Self { pattern, ..Self::default() });
            learned = self.learn();
        }
        // What was just made may be folded already.
        let name = self.step(segment).map_or(*segment, |(name, _)| name);
        match self.children.get_mut(name) {
            Some(child) => child.insert(method, rest, now) || learned,
            None => learned,
        }
    }

    /// Folds children that turn out to vary.
    fn learn(&mut self) -> bool {
        if self.slugs > limits::PATTERN_SLUGS {
            self.fold(SLUG, |name, _| is_slug(name));
            return true;
        }
        let names = self.children.len();
        if names <= limits::PATTERN_RARE {
            return false;
        }
        let rare = |name: &str, node: &Self| !is_label(name) && node.seen <= RARE;
        if self.children.iter().filter(|(name, node)| rare(name, node)).count() > limits::PATTERN_RARE {
            self.fold(PARAM, rare);
            return true;
        }
        if names > limits::PATTERN_CHILDREN {
            let seen = self.seen;
            // What a thirty-second of all requests go to is a name; there can't be more than 32.
            self.fold(PARAM, |name, node| !is_label(name) && node.seen.saturating_mul(32) < seen);
            return true;
        }
        false
    }

    /// Makes one child of several.
    fn fold(&mut self, label: &str, which: impl Fn(&str, &Self) -> bool) {
        let pattern = joined(&self.pattern, label);
        let mut into = self.children.remove(label).unwrap_or_default();
        let names: Vec<Box<str>> = self
            .children
            .iter()
            .filter(|(name, node)| which(name, node))
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            if let Some(node) = self.children.remove(&name) {
                into.absorb(node);
            }
        }
        into.rename(pattern);
        self.children.insert(label.into(), into);
        self.slugs = self.children.keys().filter(|name| is_slug(name)).count();
    }

    fn absorb(&mut self, other: Self) {
        self.seen += other.seen;
        for (method, route) in other.routes {
            match self.routes.iter_mut().find(|(known, _)| *known == method) {
                Some((_, known)) => known.merge(&route),
                None => self.routes.push((method, route)),
            }
        }
        for (name, node) in other.children {
            self.children.entry(name).or_default().absorb(node);
        }
        self.slugs = self.children.keys().filter(|name| is_slug(name)).count();
        // What was apart may be many now.
        if self.children.len() > limits::PATTERN_CHILDREN {
            self.fold(PARAM, |name, _| !is_label(name));
        }
    }

    fn rename(&mut self, pattern: Arc<str>) {
        for (name, node) in &mut self.children {
            node.rename(joined(&pattern, name));
        }
        self.pattern = pattern;
    }

    /// Folds the children of the node that has most of them. `false`: every node has one at most.
    fn squeeze_widest(&mut self) -> bool {
        let most = self.widest();
        most >= 2 && self.squeeze_at(most)
    }

    fn widest(&self) -> usize {
        self.children.values().map(Self::widest).max().unwrap_or(0).max(self.children.len())
    }

    fn squeeze_at(&mut self, most: usize) -> bool {
        if self.children.len() != most {
            return self.children.values_mut().any(|node| node.squeeze_at(most));
        }
        let seen = self.seen;
        let cold = |node: &Self| node.seen.saturating_mul(16) < seen;
        let named = |name: &str, node: &Self| !is_label(name) && cold(node);
        // Names that hardly anybody asks for, then all names, then everything.
        if self.children.iter().filter(|(name, node)| named(name, node)).count() >= 2 {
            self.fold(PARAM, named);
        } else if self.children.keys().filter(|name| !is_label(name)).count() >= 2 {
            self.fold(PARAM, |name, _| !is_label(name));
        } else {
            self.fold(PARAM, |_, _| true);
        }
        true
    }

    /// Folds along a pattern in which something is folded that is not here yet.
    fn fold_as(&mut self, segments: &[&str]) {
        let Some((segment, rest)) = segments.split_first() else { return };
        if (*segment == PARAM || *segment == SLUG)
            && !self.children.contains_key(*segment)
            && !self.children.is_empty()
        {
            let slugs = *segment == SLUG;
            self.fold(
                segment,
                |name, node| {
                    if slugs { is_slug(name) } else { !is_label(name) && node.seen <= RARE }
                },
            );
        }
        if let Some(child) = self.children.get_mut(*segment) {
            child.fold_as(rest);
        }
    }

    fn count(&self) -> usize {
        self.routes.len() + self.children.values().map(Self::count).sum::<usize>()
    }

    fn each<'n>(&'n self, segments: &mut Vec<&'n str>, to: &mut impl FnMut(&[&'n str], Method, &'n Route)) {
        for (method, route) in &self.routes {
            to(segments, *method, route);
        }
        for (name, node) in &self.children {
            segments.push(name);
            node.each(segments, to);
            segments.pop();
        }
    }

    fn collect<'n>(&'n self, to: &mut Vec<(Arc<str>, Method, &'n Route)>) {
        to.extend(self.routes.iter().map(|(method, route)| (Arc::clone(&self.pattern), *method, route)));
        self.children.values().for_each(|node| node.collect(to));
    }
}

fn joined(pattern: &str, name: &str) -> Arc<str> {
    if pattern == "/" { format!("/{name}").into() } else { format!("{pattern}/{name}").into() }
}
