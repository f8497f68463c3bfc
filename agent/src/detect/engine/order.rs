//! Which group has the least weight: lists by weight, so that it is found without looking through all.

/// No entry.
const NONE: u32 = u32::MAX;
/// Weights below have a list each, so that the least of them is found exactly; above, a list's weights are
/// within a sixteenth of each other.
const EXACT: u32 = 256;
const CLASSES: usize = EXACT as usize + 24 * 16;

/// A weight's list.
const fn class(weight: u32) -> usize {
    if weight < EXACT {
        return weight as usize;
    }
    let doubling = weight.ilog2();
    let sixteenth = weight >> (doubling - 4) & 15;
    EXACT as usize + ((doubling - 8) * 16 + sixteenth) as usize
}

/// The place of an entry in its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    before: u32,
    after: u32,
    class: u16,
}

impl Default for Link {
    fn default() -> Self {
        Self { before: NONE, after: NONE, class: u16::MAX }
    }
}

/// Lists by weight. The entries of a list are in the order they came into it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    first: [u32; CLASSES],
    last: [u32; CLASSES],
    links: Vec<Link>,
    /// No list before this one has an entry.
    lowest: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { first: [NONE; CLASSES], last: [NONE; CLASSES], links: Vec::new(), lowest: 0 }
    }
}

impl Order {
    /// Puts an entry where its weight belongs; whether it stood elsewhere.
    pub(super) fn place(&mut self, entry: u32, weight: u32) -> bool {
        let at = entry as usize;
        if self.links.len() <= at {
            self.links.resize(at + 1, Link::default());
        }
        let class = class(weight).min(CLASSES - 1);
        if self.links.get(at).is_some_and(|link| usize::from(link.class) == class) {
            return false;
        }
        self.remove(entry);
        self.lowest = self.lowest.min(class);
        let last = self.last.get(class).copied().unwrap_or(NONE);
        if let Some(link) = self.links.get_mut(at) {
            let class = u16::try_from(class).unwrap_or(u16::MAX);
            *link = Link { before: last, after: NONE, class };
        }
        match self.links.get_mut(last as usize) {
            Some(link) if last != NONE => link.after = entry,
            _ => self.set_first(class, entry),
        }
        self.set_last(class, entry);
        true
    }

    /// Takes an entry out of its list.
    pub(super) fn remove(&mut self, entry: u32) {
        let Some(link) = self.links.get_mut(entry as usize) else { return };
        let Link { before, after, class } = std::mem::take(link);
        let class = usize::from(class);
        if class >= CLASSES {
            return;
        }
        match self.links.get_mut(before as usize) {
            Some(link) if before != NONE => link.after = after,
            _ => self.set_first(class, after),
        }
        match self.links.get_mut(after as usize) {
            Some(link) if after != NONE => link.before = before,
            _ => self.set_last(class, before),
        }
    }

    /// The entry with the least weight that has been there for longest.
    pub(super) fn least(&mut self) -> Option<u32> {
        let lists = self.first.get(self.lowest..)?;
        let beyond = lists.iter().position(|first| *first != NONE)?;
        self.lowest += beyond;
        self.first.get(self.lowest).copied()
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        self.links.capacity() * size_of::<Link>()
    }

    fn set_first(&mut self, class: usize, entry: u32) {
        if let Some(first) = self.first.get_mut(class) {
            *first = entry;
        }
    }

    fn set_last(&mut self, class: usize, entry: u32) {
        if let Some(last) = self.last.get_mut(class) {
            *last = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn classes() {
        let vectors = [
            (0, 0),
            (1, 1),
            (255, 255),
            (256, 256),
            (271, 256),
            (272, 257),
            (511, 271),
            (512, 272),
            (u32::MAX, 639),
        ];
        for (weight, expected) in vectors {
            assert_eq!(class(weight), expected, "{weight}");
        }
        assert_eq!(class(u32::MAX), CLASSES - 1);
    }

    proptest! {
        /// Against a list that is looked through.
        #[test]
        fn the_least_is_found(steps in prop::collection::vec((0_u32..20, prop::option::of(0_u32..600)), 1..300)) {
            let mut order = Order::default();
            let mut model: Vec<(u32, usize)> = Vec::new();
            for (entry, weight) in steps {
                if let Some(weight) = weight {
                    order.place(entry, weight);
                    if !model.contains(&(entry, class(weight))) {
                        model.retain(|(known, _)| *known != entry);
                        model.push((entry, class(weight)));
                    }
                } else {
                    order.remove(entry);
                    model.retain(|(known, _)| *known != entry);
                }
                let least = model.iter().map(|(_, class)| *class).min();
                let expected = model.iter().find(|(_, class)| Some(*class) == least).map(|(entry, _)| *entry);
                prop_assert_eq!(order.least(), expected);
            }
        }
    }
}
