//! Where a page ends and the next one begins: a text that clients give back as they got it.
//!
//! It says of which question it is, so that it is not taken for another one's, and what `from` and `to` were, so
//! that `-1h` means the same on all pages.

use std::hash::Hasher as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::params::bad;
use crate::api::ApiError;

/// Characters of the longest cursor: the id of a user, of whatever characters, may be in it.
const LONGEST: usize = 4096;

/// The end of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// As the store says it.
    pub at: String,
}

#[derive(Serialize, Deserialize)]
struct Written(u64, Option<i64>, Option<i64>, String);

impl Cursor {
    pub fn write<'q>(self, question: impl Iterator<Item = (&'q str, &'q str)>) -> String {
        let written = Written(hash(question), self.from, self.to, self.at);
        // Numbers and a text always are JSON.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).unwrap_or_default())
    }

    pub fn read<'q>(
        text: &str,
        question: impl Iterator<Item = (&'q str, &'q str)>,
    ) -> Result<Self, ApiError> {
        let wrong = || bad("cursor: expected what `next` of the page before says");
        if text.len() > LONGEST {
            return Err(wrong());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let Written(of, from, to, at) = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        if of != hash(question) {
            return Err(bad("cursor: it is of another list, query or time")
                .hint("query, from and to are the same for all pages"));
        }
        Ok(Self { from, to, at })
    }
}

/// The same after a restart.
fn hash<'q>(question: impl Iterator<Item = (&'q str, &'q str)>) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    for (name, value) in question {
        for text in [name, value] {
            hasher.write_u64(text.len() as u64);
            hasher.write(text.as_bytes());
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_comes_back_and_only_for_its_own_question(
            from in prop::option::of(any::<i64>()), to in prop::option::of(any::<i64>()), at in prop::string::string_regex("[0-9a-f-]{0,60}|[0-9]{1,19}-.{257}").expect("a pattern"),
            query in ".{0,40}", other in ".{0,40}",
        ) {
            let cursor = Cursor { from, to, at };
            let written = cursor.clone().write([("query", query.as_str())].into_iter());
            prop_assert!(written.len() <= LONGEST);
            prop_assert_eq!(Cursor::read(&written, [("query", query.as_str())].into_iter()), Ok(cursor));
            if query != other {
                prop_assert!(Cursor::read(&written, [("query", other.as_str())].into_iter()).is_err());
            }
        }

        #[test]
        fn anything_else_is_refused(text in ".{0,80}") {
            prop_assert!(Cursor::read(&text, std::iter::empty()).is_err());
        }
    }
}
