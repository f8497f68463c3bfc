//! libinjection: answers about texts that come again (browsers send the same User-Agent, Referer and cookies with
//! each request), and a transaction's share of it.

use super::answers::hash;
use crate::{
    limits,
    rules::seclang::operators::{Found, SecOperator},
};

/// Answers that are kept.
const SLOTS: usize = 512;
/// Bytes of a text whose answer is kept.
const LONGEST: usize = 512;

/// The last answers, each found by its text. An answer counts only for exactly its text, so it can't be wrong; nobody
/// can fill more than the places there are. A text takes a place when it is met the second time, so that
/// values that never come again take none.
#[derive(Debug, Default)]
pub struct Memo {
    slots: Vec<Answer>,
}

#[derive(Clone, Debug, Default)]
struct Answer {
    /// Hash of the text that was met last here; 0 is none.
    met: u64,
    /// Which question: the operator's own number.
    question: u32,
    text: Vec<u8>,
    /// What was found, and the bytes libinjection read for it.
    said: Said,
    known: bool,
}

type Said = (Option<Found>, usize);

impl Memo {
    /// The answer to a question about a text: the one that is kept, or the one that `ask` gives.
    pub fn answer(&mut self, question: u32, text: &[u8], ask: impl FnOnce() -> Said) -> Said {
        if text.len() > LONGEST {
            return ask();
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Answer::default());
        }
        let hash = hash(question, text);
        // The highest bits are the best mixed.
        let Some(slot) = self.slots.get_mut((hash >> (64 - SLOTS.trailing_zeros())) as usize) else {
            return ask();
        };
        if slot.known && slot.question == question && slot.text == text {
            return slot.said;
        }
        let said = ask();
        if slot.met == hash {
            slot.said = said;
            slot.question = question;
            slot.known = true;
            slot.text.clear();
            slot.text.extend_from_slice(text);
        }
        slot.met = hash;
        said
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slots.clear();
    }
}

/// A transaction's share of libinjection, whose work for a hostile byte is far more than others'. An answer that is
/// kept counts as if it had been asked for again: what a verdict says must not depend on what came before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    bytes: usize,
    cut: u64,
}

impl Share {
    /// Whether a text may be given to it. One that it has nothing to say about always may.
    pub fn may_read(&mut self, operator: &SecOperator, text: &[u8]) -> bool {
        if self.bytes < limits::JUDGED_INJECTION_TOTAL {
            return true;
        }
        let is_cut = operator.injection_bytes(text) > 0;
        self.cut += u64::from(is_cut);
        !is_cut
    }

    /// It has read so many bytes.
    pub fn note(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Texts that it was not given.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut
    }
}

/// Asks an operator about a text; libinjection as far as the transaction's share goes, and without asking again
/// what was asked before (unless `plain`).
pub(super) fn ask(
    (number, operator): (u32, &SecOperator),
    text: &[u8],
    memo: &mut Memo,
    share: &mut Share,
    plain: bool,
    find: impl FnOnce() -> Option<Found>,
) -> Option<Found> {
    if !operator.is_injection() {
        return find();
    }
    // What can be told with a look at the text's words costs the share nothing.
    let said = || match !plain && operator.rules_out(text) {
        true => (None, 0),
        false => (find(), operator.injection_bytes(text)),
    };
    if !share.may_read(operator, text) {
        return None;
    }
    let (found, read) = if plain { said() } else { memo.answer(number, text, said) };
    share.note(read);
    found
}

#[cfg(test)]
#[test]
fn a_text_is_asked_about_twice() {
    let mut memo = Memo::default();
    let mut asked = 0;
    let said = (Some(Found { start: 1, end: 2 }), 4);
    let nothing = (None, 0);
    for _ in 0..3 {
        let answer = memo.answer(1, b"text", || {
            asked += 1;
            said
        });
        assert_eq!(answer, said);
    }
    assert_eq!(asked, 2, "it is kept when it is met again");
    assert_eq!(memo.answer(2, b"text", || nothing), nothing, "another question");
    assert_eq!(memo.answer(1, b"other", || nothing), nothing, "another text");
    let long = [b'a'; LONGEST + 1];
    memo.answer(1, &long, || nothing);
    memo.answer(1, &long, || nothing);
    assert_eq!(memo.answer(1, &long, || said), said, "a long text is asked about each time");
}
