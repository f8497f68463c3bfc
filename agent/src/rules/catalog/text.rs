//! The text of a rule, as its file has it.

use std::{borrow::Cow, fs};

use serde_json::value::RawValue;

use super::{Entry, Language};
use crate::{
    limits::RULE_FILE,
    rules::{builtin, seclang::ast::Place},
};

/// The text of a rule as its file says it now: SecLang as it stands, JSON with a member a line. None: the file is gone,
/// or has another rule at that place. What somebody wrote with the agent is as they wrote it.
#[must_use]
pub fn source(entry: &Entry) -> Option<String> {
    if let Some(text) = &entry.own {
        return Some(text.to_string());
    }
    let file: Cow<'static, str> = match builtin::text(&entry.place.file).filter(|_| entry.builtin) {
        Some(text) => text.into(),
        None => {
            let path = &*entry.place.file;
            fs::metadata(path).ok().filter(|file| file.len() <= RULE_FILE)?;
            fs::read_to_string(path).ok()?.into()
        }
    };
    match entry.language {
        Language::InApp => {
            let from = at(&file, &entry.place)?;
            let mut values = serde_json::Deserializer::from_str(from).into_iter::<&RawValue>();
            let raw = values.next()?.ok()?.get();
            let id = serde_json::from_str::<serde_json::Value>(raw).ok()?;
            (id["id"] == entry.meta.id.as_str()).then(|| pretty(raw))
        }
        Language::SecLang => {
            let links = entry.conditions.len().max(1);
            let text = directives(&file, entry.place.line, links);
            text.contains(&entry.meta.id).then_some(text)
        }
    }
}

/// What begins at a place.
fn at<'t>(text: &'t str, place: &Place) -> Option<&'t str> {
    let line = text.split_inclusive('\n').nth(place.line.checked_sub(1)? as usize)?;
    let (start, _) = line.char_indices().nth(place.column.checked_sub(1)? as usize)?;
    // A part of the text: where it lies there is the distance of both.
    let from = (line.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    text.get(from + start..)
}

/// So many directives from a line on; a line goes on behind a `\` at its end.
fn directives(text: &str, line: u32, mut count: usize) -> String {
    let mut shown = Vec::new();
    for line in text.lines().skip((line as usize).saturating_sub(1)) {
        if count == 0 {
            break;
        }
        let between = shown.last().is_none_or(|before: &&str| !before.trim_end().ends_with('\\'));
        if between && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        shown.push(line);
        count -= usize::from(!line.trim_end().ends_with('\\'));
    }
    shown.join("\n")
}

/// JSON with a member a line, in the order in which it stands.
#[must_use]
pub(crate) fn pretty(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut rest = raw.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = rest.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            c if c.is_ascii_whitespace() => {}
            '{' | '[' => {
                out.push(c);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_is_laid_out() {
        let raw = r#"{"a":[1,{"b":"x,\"{\\"}],"c":{},"d": [ ]}"#;
        assert_eq!(
            pretty(raw),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,\\\"{\\\\\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}"
        );
    }

    proptest! {
        #[test]
        fn it_stays_the_same_json(texts in prop::collection::vec(".{0,12}", 0..6)) {
            let value = serde_json::json!({"texts": texts, "of": {"texts": texts}});
            let read: serde_json::Value = serde_json::from_str(&pretty(&value.to_string())).unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
