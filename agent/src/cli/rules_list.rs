//! `picket rules list`: what the running agent judges by, and how often each rule held.

use anstyle::AnsiColor;

use super::{
    CliError, Exit,
    args::Asking,
    ask,
    asked::{given, placed},
    screen::{Screen, grouped},
    table::Table,
};
use crate::{
    api::{
        Client,
        types::{RuleList, RuleView},
    },
    event::printable,
    limits::STORE_PAGE,
};

pub(super) fn command(client: &Client, asking: &Asking, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let (query, from, to) = asking.words();
    let mut list = RuleList::default();
    let wanted = asking.limit as usize;
    loop {
        let limit = wanted.saturating_sub(list.items.len()).min(STORE_PAGE).to_string();
        let cursor = list.next.take().unwrap_or_default();
        let parameters =
            [("query", &*query), ("from", &from), ("to", &to), ("limit", &limit), ("cursor", &cursor)];
        let mut page: RuleList =
            ask(client.get("/v1/rules", &given(&parameters))).map_err(|error| placed(error, &query))?;
        let came = page.items.len();
        list.items.append(&mut page.items);
        (list.next, list.complete, list.since) = (page.next, page.complete, page.since);
        if list.next.is_none() || came == 0 || list.items.len() >= wanted {
            break;
        }
    }
    if screen.json {
        screen.json(&list)?;
        return Ok(Exit::Done);
    }
    if list.items.is_empty() {
        screen.line(format_args!("no rules with: {}", printable(&query)))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["ID", "TYPE", "NAME", "PHASE", ">HITS", "STATE"])
        .shrinking(&[("NAME", 16), ("TYPE", 8)])
        .dropping(&["PHASE", "TYPE", "NAME"])
        .painted("STATE", |state| (state == "off").then_some(AnsiColor::Yellow));
    for rule in &list.items {
        table.row([
            rule.id.clone(),
            rule.tags.get("type").cloned().unwrap_or_default(),
            rule.name.clone(),
            rule.phase.clone(),
            grouped(rule.hits.unwrap_or(0)),
            state(rule),
        ]);
    }
    table.print(screen)?;
    if let Some(since) = list.since {
        let since = screen.when(since);
        screen.warning(&format!("hits are counted since {since} only; ask for a shorter time"))?;
    }
    super::events::more(&list.next, list.items.len(), screen)
}

/// `monitor`, `block` where any policy asks it; `off` where none does.
fn state(rule: &RuleView) -> String {
    let mut modes: Vec<&str> = rule
        .policies
        .iter()
        .filter(|policy| policy.off.is_none())
        .map(|policy| policy.mode.as_str())
        .collect();
    modes.sort_unstable();
    modes.dedup();
    if modes.is_empty() { "off".to_owned() } else { modes.join(", ") }
}
