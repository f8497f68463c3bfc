//! Which of several open requests an inner one may come from.

use std::{collections::hash_map::RandomState, net::IpAddr};

use super::{
    habits::Habits,
    likeness::{Has, Likeness, piece},
    target::{Relation, relation},
};

/// An open request, as far as it is weighed.
#[derive(Clone, Copy, Debug)]
pub struct Outer<'l> {
    /// What it says.
    pub likeness: &'l Likeness,
    /// The other end of its connection: what the proxy calls its client.
    pub sender: IpAddr,
    /// Its client, behind proxies of its own.
    pub client: IpAddr,
}

/// The outer requests that all of `inner` may come from, by their places in `outers`. `alone`: nothing else is open in
/// the proxy, so that what it adds can be learned.
pub fn weigh(
    inner: &Likeness,
    outers: &[Outer<'_>],
    habits: &mut Habits,
    alone: bool,
    keys: &RandomState,
) -> Vec<usize> {
    let alone = alone && outers.len() == 1;
    let mut prefix = None;
    let mut possible = |outer: &&Outer<'_>| {
        let Some(replaced) = path(inner, outer.likeness, keys) else { return false };
        match replaced {
            Some(replaced) if habits.replaces(replaced) => {}
            Some(replaced) if alone => prefix = Some(replaced),
            Some(_) => return false,
            None => {}
        }
        body(inner, outer.likeness) && addresses(inner, outer) && fields(inner, outer.likeness)
    };
    let mut left: Vec<(usize, &Outer<'_>, bool)> =
        outers.iter().enumerate().filter(|(_, o)| possible(o)).map(|(at, o)| (at, o, true)).collect();
    let mut added = Vec::new();
    for field in inner.fields.iter().filter(|field| field.class.is_evidence()) {
        let equal = |outer: &Outer<'_>| outer.likeness.field(field) == Has::Equal;
        if left.iter().any(|(_, outer, _)| equal(outer)) {
            for (_, outer, stays) in &mut left {
                *stays &= equal(outer);
            }
        } else if field.class.is_words() && !habits.adds(field.name) {
            // Nobody who is asked has sent it: the proxy's own word, or somebody else's.
            if !alone || field.class.clients {
                return Vec::new();
            }
            added.push(field.name);
        }
    }
    left.retain(|(_, _, stays)| *stays);
    if let [_] = left[..] {
        habits.learn(prefix, &added);
    }
    left.into_iter().map(|(at, ..)| at).collect()
}

/// What beginning the path had and has, if it is another; `None`: the paths have nothing to do with each other.
#[expect(clippy::option_option, reason = "whether it can be, and what it takes")]
fn path(inner: &Likeness, outer: &Likeness, keys: &RandomState) -> Option<Option<(u64, u64)>> {
    if inner.key != outer.key {
        return None;
    }
    if inner.path_hash == outer.path_hash {
        return Some(None);
    }
    if inner.path.is_empty() || outer.path.is_empty() {
        return None;
    }
    match relation(&outer.path, &inner.path) {
        Relation::Within => Some(None),
        Relation::Replaced(before, now) => Some(Some((piece(keys, before), piece(keys, now)))),
    }
}

fn body(inner: &Likeness, outer: &Likeness) -> bool {
    let ((content, length, cut), (content_before, length_before, cut_before)) = (inner.body, outer.body);
    // Where both see the same part of it, that part is compared.
    content == content_before || (cut || cut_before) && length == length_before
}

/// Each address is the sender's, or one that the sender has told.
fn addresses(inner: &Likeness, outer: &Outer<'_>) -> bool {
    let Outer { likeness, sender, client } = outer;
    let told = |address: &IpAddr| address == sender || address == client || likeness.told.contains(address);
    inner.told.iter().all(told) && inner.garbage.iter().all(|word| likeness.garbage.contains(word))
}

/// No field contradicts, and what proxies write of themselves is nothing but what they write.
fn fields(inner: &Likeness, outer: &Likeness) -> bool {
    inner.fields.iter().all(|field| match outer.field(field) {
        Has::Equal => true,
        Has::Other if field.class.is_words() => false,
        Has::None if field.class.is_words() => true,
        _ if field.class.is_listed() => true,
        _ if field.class.is_target() => field.value == outer.target,
        _ => field.class.tame,
    })
}
