//! `extract_schema`: the shape of an object without its values, as Datadog's API catalogue takes it.
//!
//! | object | schema |
//! |---|---|
//! | unknown, null, truth value, whole number, text, other number | `[0]`, `[1]`, `[2]`, `[4]`, `[8]`, `[16]` |
//! | a text that a scanner knows | `[8, {"type": "email", "category": "pii"}]` |
//! | list | `[[schemas of its items, each once], {"len": 3}]` |
//! | map | `[{"name": schema, …}]` |
//!
//! Of a list the first 10 items are looked at, of a map the first 255 entries; what has more carries
//! `"truncated": true`. The 18th level is the last: a container there is empty. A name that is there twice
//! counts once, as what it is first; entries without a name are passed over.

use super::config::Tags;
use super::scanner::{Catalog, Chosen};
use crate::limits;
use crate::rules::inapp::object::{Object, Room};

/// Levels (`max_container_depth` of libddwaf, as are the others).
const DEPTH: usize = 18;
/// Items of a list.
const ITEMS: usize = 10;
/// Entries of a map.
const ENTRIES: usize = 255;

/// The schema of an object. What finds no room is left out.
pub(super) fn extract(
    object: &Object<'_>,
    catalog: &Catalog,
    chosen: &[usize],
    room: &mut Room,
) -> Object<'static> {
    let mut extraction = Extraction { catalog, chosen, scans: limits::SCHEMA_SCANS, room };
    extraction.shape(object, &mut Under::default(), DEPTH).into_object()
}

/// The name that texts stand under, and the scanners that look at them, once they are known.
#[derive(Default)]
struct Under<'o> {
    name: &'o [u8],
    scanners: Option<Chosen>,
}

struct Extraction<'c, 'm> {
    catalog: &'c Catalog,
    chosen: &'c [usize],
    scans: usize,
    room: &'m mut Room,
}

/// The shape of an object. Items and entries are in order and each is there once, so that equal shapes are
/// equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape<'o, 'c> {
    Scalar(u64),
    Text(Option<&'c Tags>),
    List { items: Vec<Self>, len: u64, truncated: bool },
    Map { entries: Vec<(&'o [u8], Self)>, truncated: bool },
}

impl<'c> Extraction<'c, '_> {
    fn shape<'o>(&mut self, object: &'o Object<'_>, under: &mut Under<'o>, depth: usize) -> Shape<'o, 'c> {
        match object {
            Object::Unknown => Shape::Scalar(0),
            Object::Null => Shape::Scalar(1),
            Object::Bool(_) => Shape::Scalar(2),
            Object::Signed(_) | Object::Unsigned(_) => Shape::Scalar(4),
            Object::Float(_) => Shape::Scalar(16),
            Object::String(text) => Shape::Text(self.tags(text, under)),
            Object::Array(items) => {
                let looked_at = items.iter().take(if depth > 1 { ITEMS } else { 0 });
                let mut shapes: Vec<_> = looked_at.map(|item| self.shape(item, under, depth - 1)).collect();
                shapes.sort_unstable();
                shapes.dedup();
                Shape::List { items: shapes, len: items.len() as u64, truncated: items.len() > ITEMS }
            }
            Object::Map(entries) => {
                let looked_at = entries.iter().take(if depth > 1 { ENTRIES } else { 0 });
                let named = looked_at.filter(|(name, _)| !name.is_empty());
                let mut shapes: Vec<_> = named
                    .map(|(name, value)| {
                        let mut under = Under { name: &name[..], scanners: None };
                        (&name[..], self.shape(value, &mut under, depth - 1))
                    })
                    .collect();
                // Stable: the first of equal names stays.
                shapes.sort_by_key(|(name, _)| *name);
                shapes.dedup_by_key(|(name, _)| *name);
                Shape::Map { entries: shapes, truncated: entries.len() > ENTRIES }
            }
        }
    }

    fn tags(&mut self, text: &[u8], under: &mut Under<'_>) -> Option<&'c Tags> {
        if self.chosen.is_empty() {
            return None;
        }
        let Some(left) = self.scans.checked_sub(1) else {
            self.room.leave_out();
            return None;
        };
        self.scans = left;
        let Self { catalog, chosen, .. } = self;
        let scanners = under.scanners.get_or_insert_with(|| catalog.under(under.name, chosen));
        catalog.tags(text, scanners)
    }
}

impl Shape<'_, '_> {
    fn into_object(self) -> Object<'static> {
        let map = |entries: Vec<(&[u8], Object<'static>)>| {
            Object::Map(entries.into_iter().map(|(name, value)| (name.to_vec().into(), value)).collect())
        };
        Object::Array(match self {
            Self::Scalar(kind) => vec![Object::Unsigned(kind)],
            Self::Text(None) => vec![Object::Unsigned(8)],
            Self::Text(Some(tags)) => {
                let text = |tag: &String| Object::String(tag.clone().into_bytes().into());
                let tags = tags.iter().map(|(name, tag)| (name.as_bytes(), text(tag))).collect();
                vec![Object::Unsigned(8), map(tags)]
            }
            Self::List { items, len, truncated } => {
                let mut about = vec![(&b"len"[..], Object::Unsigned(len))];
                if truncated {
                    about.push((b"truncated", Object::Bool(true)));
                }
                vec![Object::Array(items.into_iter().map(Self::into_object).collect()), map(about)]
            }
            Self::Map { entries, truncated } => {
                let entries = entries.into_iter().map(|(name, shape)| (name, shape.into_object())).collect();
                let mut parts = vec![map(entries)];
                if truncated {
                    parts.push(map(vec![(b"truncated", Object::Bool(true))]));
                }
                parts
            }
        })
    }
}
