//! Answers about texts that come again: browsers send the same User-Agent, Referer and cookies with each
//! request.

use std::hash::{BuildHasher as _, RandomState};

use crate::rules::seclang::operators::Found;

/// Answers that are kept.
const SLOTS: usize = 512;
/// Bytes of a text whose answer is kept.
const LONGEST: usize = 512;

/// The last answers, each found by its text; a text whose place is taken takes the place. An answer counts only for
/// exactly its text, so it can't be wrong; nobody can fill more than the places there are.
#[derive(Debug, Default)]
pub struct Memo {
    hasher: RandomState,
    slots: Vec<Answer>,
}

#[derive(Clone, Debug, Default)]
struct Answer {
    /// Which question: the operator's own number.
    question: u32,
    text: Vec<u8>,
    found: Option<Found>,
    known: bool,
}

impl Memo {
    /// The answer to a question about a text: the one that is kept, or the one that `ask` gives.
    pub fn answer(
        &mut self,
        question: u32,
        text: &[u8],
        ask: impl FnOnce() -> Option<Found>,
    ) -> Option<Found> {
        if text.len() > LONGEST {
            return ask();
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Answer::default());
        }
        let at = usize::try_from(self.hasher.hash_one((question, text))).unwrap_or_default() % SLOTS;
        let Some(slot) = self.slots.get_mut(at) else { return ask() };
        if !(slot.known && slot.question == question && slot.text == text) {
            slot.found = ask();
            slot.question = question;
            slot.known = true;
            slot.text.clear();
            slot.text.extend_from_slice(text);
        }
        slot.found
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slots.clear();
    }
}

#[cfg(test)]
#[test]
fn a_text_is_asked_about_once() {
    let mut memo = Memo::default();
    let mut asked = 0;
    let found = Some(Found { start: 1, end: 2 });
    for _ in 0..3 {
        let answer = memo.answer(1, b"text", || {
            asked += 1;
            found
        });
        assert_eq!(answer, found);
    }
    assert_eq!(asked, 1);
    assert_eq!(memo.answer(2, b"text", || None), None, "another question");
    assert_eq!(memo.answer(1, b"other", || None), None, "another text");
    let long = [b'a'; LONGEST + 1];
    memo.answer(1, &long, || None);
    assert_eq!(memo.answer(1, &long, || found), found, "a long text is asked about each time");
}
