//! Targets: `ARGS|!ARGS:x|&ARGS|ARGS:/re/|TX:'/a|b/'|XML:/*`.

use super::{
    ReadError,
    ast::{Selector, Target},
    names::{meant, shown},
    text::{Text, is_space},
};
use crate::rules::variable::{Kind, Variable};

/// Variables of the manuals that there are not, by the start of their names, and why.
pub(super) const REFUSED: [(&str, &str); 13] = [
    ("ARGS_PATH", "@restpath is not there: capture parts of REQUEST_FILENAME with @rx"),
    ("JSON", "the values of a JSON body are ARGS:json.…"),
    ("RES_BODY_", "responses are judged as text: use RESPONSE_BODY"),
    ("RESPONSE_ARGS", "responses are judged as text: use RESPONSE_BODY"),
    ("RESPONSE_XML", "responses are judged as text: use RESPONSE_BODY"),
    ("URI_PARSE_ERROR", "any target is taken: compare REQUEST_URI_RAW with what is allowed"),
    ("PERF_", "the time of single phases is not measured"),
    ("SCRIPT_", "no request is mapped to a file here"),
    ("STREAM_", "use REQUEST_BODY or RESPONSE_BODY"),
    ("SDBM_", "there is no database of this kind"),
    ("WEBSERVER_ERROR_LOG", "the server's own log is not read"),
    ("USERAGENT_IP", "use REMOTE_ADDR"),
    ("USERGROUP", "the server's users are not known here"),
];

/// A list of targets, separated by `|` or `,`. At least one.
pub(super) fn targets(text: &Text<'_>) -> Result<Vec<Target>, ReadError> {
    let mut targets = Vec::new();
    let mut at = 0;
    loop {
        let (target, end) = target(text, at, Rest::List)?;
        targets.push(target);
        at = text.skip_space(end);
        match text.byte(at) {
            None => return Ok(targets),
            Some(b'|' | b',') => at += 1,
            Some(_) => {
                let found = shown(text.from(at));
                return Err(
                    text.error(at, format!("found {found} behind a target: expected \"|\" and another one"))
                );
            }
        }
    }
}

/// The one target that all of a text is: that of a `ctl`, in whose name anything may stand.
pub(super) fn single(text: &Text<'_>) -> Result<Target, ReadError> {
    let (target, end) = target(text, 0, Rest::One)?;
    if end < text.len() {
        let found = shown(text.from(end));
        return Err(text
            .error(end, format!("found {found} behind a target: expected nothing, one ctl has one target")));
    }
    if target.excluded || target.count {
        let problem =
            "a target with \"!\" or \"&\": expected the target that is taken out, for example ARGS:x";
        return Err(text.error(0, problem));
    }
    Ok(target)
}

/// What may follow a target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    List,
    One,
}

fn target(text: &Text<'_>, from: usize, rest: Rest) -> Result<(Target, usize), ReadError> {
    let start = text.skip_space(from);
    let prefix = text.byte(start).filter(|byte| matches!(byte, b'!' | b'&'));
    let name_at = text.skip_space(start + usize::from(prefix.is_some()));
    let name_end = name_at + name_len(text.from(name_at));
    let name = text.from(name_at).get(..name_end - name_at).unwrap_or_default();
    let Some(variable) = Variable::named(name) else {
        return Err(text.error(name_at, unknown(name, text.from(name_at))));
    };
    let behind = text.skip_space(name_end);
    let (selector, end) = if text.byte(behind) == Some(b':') {
        let at = behind + 1;
        if !selectable(variable) {
            let name = variable.name();
            return Err(text.error(at, format!("{name} is one value: expected nothing behind it")));
        }
        selector(text, at, variable, rest)?
    } else {
        (Selector::All, name_end)
    };
    let (count, excluded) = (prefix == Some(b'&'), prefix == Some(b'!'));
    Ok((Target { place: text.place(start), variable, selector, count, excluded }, end))
}

fn name_len(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

fn unknown(name: &str, rest: &str) -> String {
    if name.is_empty() {
        let found = if rest.is_empty() { "nothing".to_owned() } else { shown(rest) };
        return format!("found {found}: expected a variable, for example ARGS");
    }
    let capitals = name.to_ascii_uppercase();
    if let Some((_, why)) = REFUSED.iter().find(|(start, _)| capitals.starts_with(start)) {
        return format!("the variable {capitals} can't be had here: {why}");
    }
    let own = Variable::ALL.iter().filter(|variable| variable.kind() != Kind::Address);
    let meant = meant(name, own.map(|variable| variable.name()));
    format!("there is no variable {}{meant}", shown(name))
}

/// Whether a variable has members with names.
fn selectable(variable: Variable) -> bool {
    match variable.kind() {
        Kind::Scalar | Kind::Address => false,
        Kind::Collection | Kind::Names | Kind::Written | Kind::Document => true,
        Kind::Matched => {
            matches!(variable, Variable::Rule | Variable::MatchedVars | Variable::MatchedVarsNames)
        }
    }
}

/// A selector, and where it ends.
fn selector(
    text: &Text<'_>,
    at: usize,
    variable: Variable,
    rest: Rest,
) -> Result<(Selector, usize), ReadError> {
    let empty = || text.error(at, "nothing behind \":\": expected a name or an expression such as /^x/");
    let (value, end) = if text.byte(at) == Some(b'\'') {
        let Some(end) = text.closing(at + 1, b'\'') else {
            return Err(text.error(at, "a quotation mark that is not closed"));
        };
        (text.unescaped(at + 1..end, Some(b'\'')), end + 1)
    } else {
        let end = at + unquoted_len(text.from(at), variable, rest);
        (text.slice(at..end), end)
    };
    let value = value.as_str();
    // A path into a document is no expression, even if it begins and ends with a slash.
    let expression = value.strip_prefix('/').and_then(|value| value.strip_suffix('/'));
    match expression.filter(|_| variable.kind() != Kind::Document) {
        Some("") => Err(empty()),
        Some(expression) => Ok((Selector::Regex(expression.to_owned()), end)),
        None if value.is_empty() => Err(empty()),
        None => Ok((Selector::Name(value.to_owned()), end)),
    }
}

/// Bytes of a selector that is not quoted.
fn unquoted_len(text: &str, variable: Variable, rest: Rest) -> usize {
    if rest == Rest::One {
        return text.len();
    }
    let expression = variable.kind() != Kind::Document && text.starts_with('/');
    expression
        .then(|| expression_len(text))
        .flatten()
        .unwrap_or_else(|| text.find(separates).unwrap_or(text.len()))
}

fn separates(c: char) -> bool {
    matches!(c, '|' | ',') || is_space(c)
}

/// Bytes of `/…/`: up to the first slash without a backslash that a separator or the end follows.
///
/// ModSecurity ends it at the first `|`, Coraza does not. So a `|` inside is taken, unless what follows
/// it is a target: `ARGS:/x|ARGS_NAMES:/y/` are two, the first of which is a name.
fn expression_len(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        match rest.bytes().next()? {
            b'\\' => at += 1 + rest.get(1..)?.chars().next()?.len_utf8(),
            b'/' if rest.get(1..)?.chars().next().is_none_or(separates) => return Some(at + 1),
            b'|' | b',' if is_target(rest.get(1..)?) => return None,
            _ => at += rest.chars().next()?.len_utf8(),
        }
    }
}

/// Whether a target begins here.
fn is_target(text: &str) -> bool {
    let text = text.strip_prefix(['!', '&']).unwrap_or(text);
    let name = text.get(..name_len(text)).unwrap_or_default();
    let next = text.get(name.len()..).and_then(|rest| rest.chars().next());
    next.is_none_or(|c| c == ':' || separates(c)) && Variable::named(name).is_some()
}

/// Whether a selector reads the same without quotes.
pub(super) fn stands_alone(selector: &str, variable: Variable) -> bool {
    !selector.starts_with('\'')
        && selector.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
        && unquoted_len(selector, variable, Rest::List) == selector.len()
        // What follows in the list could close an expression that this only seems to begin.
        && (!selector.starts_with('/') || variable.kind() == Kind::Document || expression_len(selector).is_some())
}
