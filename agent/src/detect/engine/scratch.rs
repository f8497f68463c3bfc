//! What is worked out once an event and used by several rules.

use super::queries::Matched;
use crate::{
    detect::{
        facet::{Facet, SEPARATOR},
        windows::{Hash, HashKey},
    },
    query::Fields,
};

/// Facets whose values make a group; the same ones are worked out once an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grouping {
    /// Places among the facets of all groupings.
    facets: Vec<usize>,
    /// A missing one counts as empty.
    optional: bool,
}

/// The distinct groupings of all rules, and the distinct facets in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Groupings {
    list: Vec<Grouping>,
    facets: Vec<Facet>,
}

impl Groupings {
    /// The place of a grouping; the same one has the same.
    pub(super) fn add(&mut self, facets: Vec<Facet>, optional: bool) -> usize {
        let facets = facets.into_iter().map(|facet| place_of(&mut self.facets, facet)).collect();
        place_of(&mut self.list, Grouping { facets, optional })
    }
}

/// The place of an item in a list, at whose end it is put if it is not in it.
fn place_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

/// A piece of a text, if it was worked out.
#[derive(Clone, Copy, Debug, Default)]
enum Piece {
    #[default]
    Unknown,
    /// The event does not have it.
    Without,
    At(usize, usize),
}

/// Keys of the groups of one event. Each facet is read once, each key put together once.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// First values of facets.
    values: String,
    facets: Vec<Piece>,
    text: String,
    keys: Vec<(Piece, Hash)>,
}

impl Keys {
    /// For the next event.
    pub(super) fn clear(&mut self, groupings: &Groupings) {
        self.values.clear();
        self.facets.clear();
        self.facets.resize(groupings.facets.len(), Piece::Unknown);
        self.text.clear();
        self.keys.clear();
        self.keys.resize(groupings.list.len(), (Piece::Unknown, 0));
    }

    /// The hash of an event's group; none: it has not all of the facets.
    pub(super) fn of<F: Fields + ?Sized>(
        &mut self,
        place: usize,
        groupings: &Groupings,
        event: &F,
        key: &HashKey,
    ) -> Option<Hash> {
        if let Some((Piece::Unknown, _)) = self.keys.get(place) {
            let start = self.text.len();
            let slot = if self.write(groupings.list.get(place)?, &groupings.facets, event) {
                let text = self.text.get(start..).unwrap_or_default();
                (Piece::At(start, self.text.len()), key.hash(text.as_bytes()))
            } else {
                (Piece::Without, 0)
            };
            *self.keys.get_mut(place)? = slot;
        }
        match self.keys.get(place)? {
            (Piece::At(..), hash) => Some(*hash),
            (Piece::Unknown | Piece::Without, _) => None,
        }
    }

    /// Writes the key of a group; whether the event has it.
    fn write<F: Fields + ?Sized>(&mut self, grouping: &Grouping, facets: &[Facet], event: &F) -> bool {
        let mut whole = true;
        for (at, facet) in grouping.facets.iter().enumerate() {
            if at > 0 {
                self.text.push(SEPARATOR);
            }
            let (Some(piece), Some(facet)) = (self.facets.get_mut(*facet), facets.get(*facet)) else {
                return false;
            };
            if let Piece::Unknown = piece {
                let start = self.values.len();
                let there = facet.write_first(event, &mut self.values);
                *piece = if there { Piece::At(start, self.values.len()) } else { Piece::Without };
            }
            match *piece {
                Piece::At(start, end) => self.text.push_str(self.values.get(start..end).unwrap_or_default()),
                Piece::Unknown | Piece::Without if grouping.optional => {}
                Piece::Unknown | Piece::Without => whole = false,
            }
        }
        whole
    }

    /// The key that was found for a grouping.
    pub(super) fn text(&self, place: usize) -> &str {
        match self.keys.get(place) {
            Some((Piece::At(start, end), _)) => self.text.get(*start..*end).unwrap_or_default(),
            _ => "",
        }
    }
}

/// What counting an event for a group needs of the event, and where it writes.
#[derive(Debug)]
pub(super) struct Counting<'s> {
    pub(super) matched: &'s Matched,
    pub(super) key: &'s HashKey,
    pub(super) text: &'s mut String,
    pub(super) hashes: &'s mut Vec<Hash>,
    /// Which of the rule's queries counted it.
    pub(super) hit: &'s mut Vec<bool>,
    /// What the rule's queries count now.
    pub(super) values: &'s mut Vec<f64>,
}

/// Hashes of the values of some facets: of each value of one, or of the combination of several.
pub(super) fn values<F: Fields + ?Sized>(
    facets: &[Facet],
    event: &F,
    key: &HashKey,
    text: &mut String,
    hashes: &mut Vec<Hash>,
) {
    hashes.clear();
    match facets {
        [] => {}
        [one] => one.each_text(event, crate::limits::EVENT_MATCHES, &mut |value| {
            hashes.push(key.hash(value.as_bytes()))
        }),
        several => {
            text.clear();
            for facet in several {
                text.push(SEPARATOR);
                if !facet.write_first(event, text) {
                    return;
                }
            }
            hashes.push(key.hash(text.as_bytes()));
        }
    }
}
