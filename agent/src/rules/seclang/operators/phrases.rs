//! `pm`: one of the phrases occurs in the text, ASCII case ignored. `pmFromFile`: the phrases are the
//! lines of files.
//!
//! `@pm sqlmap nikto |3a 2f|`

use super::ReadFile;
use crate::rules::operators::phrases::Phrases;

/// `pm`: phrases between white space.
pub(super) fn listed(argument: &str) -> Result<Phrases, String> {
    let mut phrases = Vec::new();
    let mut rest = argument.trim_start();
    while !rest.is_empty() {
        // White space between two bars is part of the phrase.
        let mut within = false;
        let end = rest.find(|c: char| {
            within ^= c == '|';
            c.is_ascii_whitespace() && !within
        });
        let end = end.or_else(|| if within { rest.find(char::is_whitespace) } else { None });
        let (phrase, behind) = rest.split_at(end.unwrap_or(rest.len()));
        phrases.push(unescaped(phrase.as_bytes()));
        rest = behind.trim_start();
    }
    compile(phrases)
}

/// `pmFromFile`: a phrase a line, without the white space around it; empty lines and comments are none.
pub(super) fn from_files(argument: &str, files: ReadFile<'_>) -> Result<Phrases, String> {
    let mut phrases = Vec::new();
    for name in argument.split_ascii_whitespace() {
        if name.starts_with("http://") || name.starts_with("https://") {
            return Err(format!("{name}: phrases are not fetched from the network"));
        }
        let content = files(name).map_err(|problem| format!("{name}: {problem}"))?;
        let lines = content.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        phrases.extend(lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).map(unescaped));
    }
    compile(phrases)
}

fn compile(phrases: Vec<Vec<u8>>) -> Result<Phrases, String> {
    if phrases.is_empty() {
        return Err("there is no phrase to look for".to_owned());
    }
    Phrases::new(&phrases, false, false)
}

/// Bytes in hexadecimal between bars, as Snort writes them: `A|42 43|D` is `ABCD`. What is not written
/// so stands for itself.
fn unescaped(phrase: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(phrase.len());
    for (number, part) in phrase.split(|&byte| byte == b'|').enumerate() {
        if number % 2 == 0 {
            out.extend_from_slice(part);
        } else {
            let digits: Vec<_> = part.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let bytes = digits.chunks(2).map(|pair| {
                let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
                u8::from_str_radix(text, 16).ok().filter(|_| pair.iter().all(u8::is_ascii_hexdigit))
            });
            match bytes.collect::<Option<Vec<_>>>() {
                Some(bytes) if !bytes.is_empty() => out.extend(bytes),
                _ => return phrase.to_vec(),
            }
        }
    }
    let bars = phrase.iter().filter(|&&byte| byte == b'|').count();
    if bars % 2 == 0 && !out.is_empty() { out } else { phrase.to_vec() }
}
