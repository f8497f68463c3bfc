//! Actions.

use std::collections::BTreeMap;

use super::texts;
use crate::rules::inapp::{
    ast::{Action, ActionKind},
    node::Node,
    position::ReadError,
};

/// What an answer to a blocked request is, unless an action says otherwise.
const BLOCK: [(&str, &str); 3] = [("status_code", "403"), ("type", "auto"), ("grpc_status_code", "10")];
/// The status codes of a redirect; others become the first.
const REDIRECTS: [&str; 4] = ["303", "301", "302", "307"];

pub(super) fn read(node: Node<'_, '_>) -> Result<Action, ReadError> {
    let action = node.object(&["id", "type", "parameters"])?;
    let id = action.need("id")?.name()?;
    let written = action.need("parameters")?;
    let mut parameters = texts(written)?;
    let mut kind = kind(&action.need("type")?.name()?);
    if kind == ActionKind::Redirect {
        let location = parameters.get("location").map(String::as_str).unwrap_or_default();
        if !leads_somewhere(location) {
            let problem = "\"location\" is no path and no http or https URL: requests are blocked instead";
            written.warn(problem);
            (kind, parameters) = (ActionKind::Block, BTreeMap::new());
        }
    }
    match kind {
        ActionKind::Block => {
            for (name, value) in BLOCK {
                parameters.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
        ActionKind::Redirect => {
            let status = parameters.entry("status_code".to_owned()).or_default();
            if !REDIRECTS.contains(&status.as_str()) {
                if !status.is_empty() {
                    written.warn("\"status_code\" of a redirect is 301, 302, 303 or 307: 303 is taken");
                }
                status.replace_range(.., REDIRECTS[0]);
            }
        }
        ActionKind::Unknown(_) => action.need("type")?.warn("is not known: the action does nothing"),
        _ => {}
    }
    Ok(Action { id: id.into(), kind, parameters, place: node.place() })
}

fn kind(name: &str) -> ActionKind {
    let known =
        [ActionKind::Block, ActionKind::Redirect, ActionKind::Stack, ActionKind::Schema, ActionKind::Monitor];
    known.into_iter().find(|kind| kind.name() == name).unwrap_or_else(|| ActionKind::Unknown(name.to_owned()))
}

/// A path, `//host/…`, or a URL of http or https: where a browser may be sent (libddwaf's rule).
fn leads_somewhere(location: &str) -> bool {
    let visible = location.bytes().all(|byte| byte.is_ascii_graphic());
    let lower = location.to_ascii_lowercase();
    let rest = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://"));
    visible
        && (location.starts_with('/') || rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')))
}

/// The actions that are there without being written.
pub(in crate::rules::inapp) fn defaults() -> [Action; 4] {
    let action = |id: &str, kind: ActionKind| {
        let parameters: &[(&str, &str)] = if kind == ActionKind::Block { &BLOCK } else { &[] };
        let parameters = parameters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Action { id: id.into(), kind, parameters: parameters.collect(), place: Default::default() }
    };
    [
        action("block", ActionKind::Block),
        action("stack_trace", ActionKind::Stack),
        action("extract_schema", ActionKind::Schema),
        action("monitor", ActionKind::Monitor),
    ]
}
