//! Ranges of rule ids: `1`, `2-9`, `1,5 20-30`.

use super::{
    ReadError,
    names::shown,
    text::{Text, is_space},
};

const EXPECTED: &str = "expected an id such as 942100 or a range such as 942100-942199";

/// One id or range, both ends included.
pub(super) fn range(text: &str) -> Result<(u64, u64), String> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| {
        let digits = text.trim_matches(is_space);
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u64>().ok()).flatten()
    };
    match (number(low), number(high)) {
        (Some(low), Some(high)) if low <= high => Ok((low, high)),
        (Some(_), Some(_)) => Err(format!(
            "the range {} has its ends the wrong way round: expected the lower id first",
            shown(text)
        )),
        _ => Err(format!("{}: {EXPECTED}", shown(text))),
    }
}

/// Ranges separated by commas or white space, several in one argument or in many.
pub(super) fn ranges(words: &[Text<'_>]) -> Result<Vec<(u64, u64)>, ReadError> {
    let mut ranges = Vec::new();
    for word in words {
        let mut at = 0;
        let before = ranges.len();
        for part in word.as_str().split(|c| c == ',' || is_space(c)) {
            if !part.is_empty() {
                ranges.push(range(part).map_err(|problem| word.error(at, problem))?);
            }
            // Separators are one byte.
            at += part.len() + 1;
        }
        if ranges.len() == before {
            return Err(word.error(0, format!("an empty argument: {EXPECTED}")));
        }
    }
    Ok(ranges)
}
