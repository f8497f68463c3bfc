//! The list of a rule's actions: `name`, `name:value`, `name:'value'`, separated by commas.

use super::{ReadError, action, ast::Action, names::shown, text::Text};

/// An action as it is spelled.
pub(super) struct Pair<'s> {
    pub name: Text<'s>,
    /// Between quotation marks `\\` and `\'` are undone.
    pub value: Option<Text<'s>>,
}

/// Actions in their order.
pub(super) fn actions(text: &Text<'_>) -> Result<Vec<Action>, ReadError> {
    let mut actions = Vec::new();
    let mut at = text.skip_space(0);
    while at < text.len() {
        let (pair, end) = pair(text, at)?;
        actions.push(action::read(&pair)?);
        at = text.skip_space(end);
        match text.byte(at) {
            Some(b',') => at = text.skip_space(at + 1),
            None => {}
            Some(_) => {
                let found = shown(text.from(at));
                let problem = format!("found {found} behind an action: expected \",\" and another one");
                return Err(text.error(at, problem));
            }
        }
    }
    Ok(actions)
}

/// One action, and where it ends.
fn pair<'s>(text: &Text<'s>, at: usize) -> Result<(Pair<'s>, usize), ReadError> {
    let rest = text.from(at);
    let end = at + rest.find([',', ':']).unwrap_or(rest.len());
    let name = text.trimmed(at..end);
    if name.len() == 0 {
        return Err(text.error(at, format!("found {}: expected an action, for example id:1", shown(rest))));
    }
    if text.byte(end) != Some(b':') {
        return Ok((Pair { name, value: None }, end));
    }
    let at = text.skip_space(end + 1);
    if text.byte(at) == Some(b'\'') {
        let Some(end) = text.closing(at + 1, b'\'') else {
            return Err(text.error(at, "a quotation mark that is not closed: expected another \"'\""));
        };
        let value = text.unescaped(at + 1..end, Some(b'\''));
        return Ok((Pair { name, value: Some(value) }, end + 1));
    }
    let rest = text.from(at);
    let end = at + rest.find(',').unwrap_or(rest.len());
    Ok((Pair { name, value: Some(text.trimmed(at..end)) }, end))
}

/// Whether a line that can't be read seems to have `chain` among its actions.
pub(super) fn seem_chained(line: &str) -> bool {
    line.split([',', '"']).any(|word| word.trim().eq_ignore_ascii_case("chain"))
}
