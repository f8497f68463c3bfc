//! What the filter found in values that come again: a browser sends the same header fields with each request, a
//! form has the same names.
//!
//! An answer counts only for exactly its bytes and its plan, so it can't be wrong. There are so many places, of
//! bounded size; who sends other values all the time gets nothing out of it and takes only what nobody asked for
//! twice in a row: a value is kept when it is met the second time, without another one in between that has the
//! same place.

/// Answers that are kept.
const SLOTS: usize = 1024;
/// Bytes of a value whose answer is kept.
const LONGEST: usize = 512;
/// Checks of an answer that is kept.
const MOST: usize = 64;

/// The answers of one worker.
#[derive(Debug, Default)]
pub(super) struct Answers {
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    /// Hash of the value that was met last here; 0 is none.
    met: u64,
    /// Of which plan the answer is, from 1; 0: there is none.
    plan: u16,
    text: Vec<u8>,
    checks: Vec<u32>,
}

/// What is known of a value.
pub(super) enum Known<'a> {
    /// The checks that may hold on it.
    All(&'a [u32]),
    /// It was met before: what is found is worth keeping, in this place.
    Met(Place),
    /// Nothing.
    Nothing,
}

/// Where an answer is to be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

impl Answers {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.slots.resize(SLOTS, Slot::default());
    }

    /// What is known of a value, by number of its plan.
    pub fn of(&mut self, plan: u16, text: &[u8]) -> Known<'_> {
        if text.len() > LONGEST {
            return Known::Nothing;
        }
        let hash = hash(u32::from(plan), text);
        // The highest bits are the best mixed.
        let at = (hash >> (64 - SLOTS.trailing_zeros())) as usize;
        let Some(slot) = self.slots.get_mut(at) else { return Known::Nothing };
        if slot.plan == plan + 1 && slot.text == text {
            return Known::All(&slot.checks);
        }
        if slot.met == hash {
            return Known::Met(Place(at));
        }
        slot.met = hash;
        Known::Nothing
    }

    /// Keeps the checks that may hold on a value.
    pub fn keep(&mut self, place: Place, plan: u16, text: &[u8], checks: &[u32]) {
        let Some(slot) = self.slots.get_mut(place.0).filter(|_| checks.len() <= MOST) else { return };
        slot.plan = plan + 1;
        slot.text.clear();
        slot.text.extend_from_slice(text);
        slot.checks.clear();
        slot.checks.extend_from_slice(checks);
    }
}

/// Eight bytes at a time. Who makes two values collide makes one of them slower to judge, that is all.
pub(super) fn hash(of: u32, text: &[u8]) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (u64::from(of) << 32 | text.len() as u64).wrapping_mul(MIX);
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let eight = chunk.first_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        hash = (hash.rotate_left(29) ^ eight).wrapping_mul(MIX);
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(chunks.remainder()) {
        *to = *from;
    }
    hash = (hash.rotate_left(29) ^ u64::from_le_bytes(last)).wrapping_mul(MIX);
    (hash ^ hash >> 32).wrapping_mul(MIX).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever came before: what is answered is what was kept for exactly this value.
        #[test]
        fn an_answer_is_that_of_its_value(asked in prop::collection::vec((0u16..3, "[ab]{0,3}|a{600}"), 0..200)) {
            let right = |plan: u16, text: &str| vec![u32::from(plan), text.len() as u32, text.starts_with('a').into()];
            let mut answers = Answers::default();
            answers.clear();
            for (plan, text) in asked {
                let right = right(plan, &text);
                match answers.of(plan, text.as_bytes()) {
                    Known::All(checks) => prop_assert_eq!(checks, &right),
                    Known::Met(place) => answers.keep(place, plan, text.as_bytes(), &right),
                    Known::Nothing => {}
                }
            }
        }
    }

    #[test]
    fn a_value_is_known_the_third_time() {
        let mut answers = Answers::default();
        answers.clear();
        assert!(matches!(answers.of(0, b"value"), Known::Nothing));
        let Known::Met(place) = answers.of(0, b"value") else { panic!("it was met") };
        answers.keep(place, 0, b"value", &[1, 2]);
        assert!(matches!(answers.of(0, b"value"), Known::All([1, 2])));
        assert!(!matches!(answers.of(1, b"value"), Known::All(_)), "another plan");
        let long = [b'a'; LONGEST + 1];
        for _ in 0..3 {
            assert!(matches!(answers.of(0, &long), Known::Nothing));
        }
        let many = vec![0; MOST + 1];
        let Known::Nothing = answers.of(2, b"many") else { panic!("it is new") };
        let Known::Met(place) = answers.of(2, b"many") else { panic!("it was met") };
        answers.keep(place, 2, b"many", &many);
        assert!(!matches!(answers.of(2, b"many"), Known::All(_)));
    }
}
