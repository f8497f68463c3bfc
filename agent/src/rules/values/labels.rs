//! Names of members that rules name (`REQUEST_HEADERS:User-Agent`), each with a number: a member's name is looked up
//! once, and then compared as a number.

/// Number of a name; 0 is any that no rule names.
pub type Label = u16;

const BUCKETS: usize = 256;

/// The names that rules name, ASCII case ignored, whatever their collection.
#[derive(Debug)]
pub struct Labels {
    /// By hash: the name's label, and where there are several the label of the last.
    heads: [Label; BUCKETS],
    /// By label, from 1: the name, and another one with the same hash.
    names: Vec<(Box<[u8]>, Label)>,
}

impl Default for Labels {
    fn default() -> Self {
        Self { heads: [0; BUCKETS], names: Vec::new() }
    }
}

impl Labels {
    /// The label of a name that a rule names, a new one the first time. 0 when there are too many.
    pub fn add(&mut self, name: &[u8]) -> Label {
        let known = self.of(name);
        if known != 0 || name.is_empty() {
            return known;
        }
        let Ok(label) = Label::try_from(self.names.len() + 1) else { return 0 };
        let Some(head) = self.heads.get_mut(hash(name)) else { return 0 };
        self.names.push((name.into(), std::mem::replace(head, label)));
        label
    }

    /// The label of a member's name.
    #[must_use]
    pub fn of(&self, name: &[u8]) -> Label {
        let mut label = self.heads.get(hash(name)).copied().unwrap_or_default();
        while label != 0 {
            let Some((known, other)) = self.names.get(usize::from(label) - 1) else { break };
            if known.eq_ignore_ascii_case(name) {
                return label;
            }
            label = *other;
        }
        0
    }

    /// How many labels there are, 0 included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.names.len() + 1
    }
}

/// Of length and ends, case ignored.
fn hash(name: &[u8]) -> usize {
    let fold = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte | 0x20));
    let (first, middle, last) = (name.first(), name.get(name.len() / 2), name.last());
    (name.len() * 31 + fold(first) * 7 + fold(middle) * 13 + fold(last) * 3) % BUCKETS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_has_one_label(names in prop::collection::vec("[a-cA-C-]{0,4}", 0..60), other in "[a-c-]{0,4}") {
            let mut labels = Labels::default();
            let given: Vec<Label> = names.iter().map(|name| labels.add(name.as_bytes())).collect();
            for (name, label) in names.iter().zip(&given) {
                prop_assert_eq!(*label == 0, name.is_empty());
                prop_assert_eq!(labels.of(name.to_ascii_uppercase().as_bytes()), *label);
                for (another, label_of_it) in names.iter().zip(&given) {
                    prop_assert_eq!(name.eq_ignore_ascii_case(another), label == label_of_it);
                }
            }
            let named = names.iter().any(|name| !name.is_empty() && name.eq_ignore_ascii_case(&other));
            prop_assert_eq!(labels.of(other.as_bytes()) != 0, named);
            prop_assert_eq!(labels.count(), given.iter().copied().max().map_or(1, |most| usize::from(most) + 1));
        }
    }
}
