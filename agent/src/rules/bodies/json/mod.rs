//! JSON bodies (RFC 8259), with names as libmodsecurity 3 writes them.
//!
//! `{"a": {"b": [1, {"c": null}]}}` → `json.a.b.array_0` = `1`, `json.a.b.array_1.c` = ``; a text that is
//! one value is `json`; an empty key is `empty-key`; containers have no value of their own. Duplicate
//! keys give a value each, numbers are as written.
//!
//! One pass, no recursion. Where the text is not JSON, that is noted and reading goes on the way the most
//! lenient reader would: single quotes, comments, bare keys, missing and superfluous commas.

mod reader;
mod string;
#[cfg(test)]
mod tests;
mod word;

use super::{Buffers, Kind, Outcome, Sink};
use reader::Reader;

/// An open object or list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Length of its own name, which the names of what is in it begin with.
    name: usize,
    /// `Some(index of the next element)` for a list.
    index: Option<u32>,
}

/// Tells the values of a JSON text. `depth` is how many containers may be open at once
/// (`SecRequestBodyJsonDepthLimit`); `cut`: only the beginning of the text is here, its end is no error.
pub fn read(text: &[u8], depth: usize, cut: bool, buffers: &mut Buffers, sink: &mut impl Sink) -> Outcome {
    // SecLang runs no reader on a body that is not there.
    if text.is_empty() {
        return Outcome::default();
    }
    buffers.json.clear();
    buffers.name.clear();
    buffers.name.extend_from_slice(b"json");
    let Buffers { name, value, json: frames, .. } = buffers;
    let mut outcome = Reader::new(text, depth, name, value, frames, sink).run(cut);
    if let Err(error) = std::str::from_utf8(text)
        && !(cut && error.error_len().is_none())
    {
        outcome.wrong(Kind::Json, "not UTF-8", error.valid_up_to());
    }
    outcome
}
