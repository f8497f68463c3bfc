//! Rules that judge requests: which there are, which policies ask them, how often each held.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError, Code,
        types::{FacetView, RuleList, RuleView},
    },
    cli::screen::grouped,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::explorer,
        parts::{
            badge,
            empty::empty,
            facets::{self, Facet},
            icon::Icon,
            link, pager, query,
            range::{self, Range},
            table::{Column, list},
            tabs, time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

/// Hits are counted from here on, unless asked otherwise.
pub(in crate::ui) const SINCE: &str = "-7d";
/// Rows of a page.
const ROWS: &str = "50";
/// Values of a facet that are shown.
const VALUES: usize = 10;
const TITLE: &str = "Rules";
const EXAMPLE: &str = "type:sql_injection confidence:high hits:>0";
const FACETS: [Facet; 6] = [
    Facet { name: "type", title: "Attack" },
    Facet { name: "confidence", title: "Confidence" },
    Facet { name: "severity", title: "Severity" },
    Facet { name: "language", title: "Language" },
    Facet { name: "enabled", title: "Asked" },
    Facet { name: "policy", title: "Policy" },
];
/// Queries that people ask again and again.
const VIEWS: [(&str, &str); 5] = [
    ("All", ""),
    ("Fired", "hits:>0"),
    ("Never fired", "hits:0 enabled:true tells:true"),
    ("Off", "enabled:false"),
    ("Own", "file:* OR written:true"),
];

/// The two kinds of rules.
pub(in crate::ui) const TABS: [(&str, &str); 3] = [
    ("Judge requests", "/rules"),
    ("Raise signals", "/rules/detection"),
    ("Exclusions", "/rules/exclusions"),
];

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let range = Range::of(frame, SINCE);
    let asked = visit.parameter("query");
    let given = [("query", asked), ("from", range.from.as_str()), ("to", range.to.as_str())];
    let facets = FACETS.map(|facet| facet.name).join(",");
    let of_page =
        [("limit", ROWS), ("cursor", visit.parameter("cursor")), ("facets", &facets), visit.within()];
    // One question: hits are counted once.
    let found = visit.get::<RuleList>("/v1/rules", &[&given[..], &of_page].concat()).await;
    let mut found = match found {
        Ok(found) => found,
        Err(error) if error.code == Code::BadQuery => {
            return Ok(explorer::not_understood(frame, TITLE, "rules", EXAMPLE, &error));
        }
        Err(error) => return Err(error),
    };
    let counted: Vec<(Facet, FacetView)> = FACETS
        .into_iter()
        .zip(std::mem::take(&mut found.facets))
        .map(|(facet, view)| {
            (facet, FacetView { items: view.items.into_iter().take(VALUES).collect(), ..view })
        })
        .collect();
    let body = html! {
        (tabs::tabs(frame, &TABS))
        p.message { "Every request is compared with these. Hits are stored events of the chosen time that a rule matched." }
        (query::bar(frame, "rules", EXAMPLE, None))
        (explorer::views(frame, &VIEWS))
        div.explorer {
            (facets::facets(frame, &counted))
            section.card.list {
                @if let Some(since) = found.since { p.note { "Hits since " (time::exact(frame, since)) " are counted. " (link::longer(frame, "Count longer")) } }
                (table(frame, &found, &range))
                (pager::between(frame, found.next.as_deref(), "To the first", "More"))
            }
        }
    };
    let command = Command::new("picket rules list").word(asked);
    let command = command.option("--from", &range.from).option("--to", &range.to);
    Ok(Page::new(TITLE, body)
        .aside(html! { a.button href="/rules/edit" { "Write a rule" } a.button href="/rules/try" { "Try a rule" } (range::choice(frame, &range)) })
        .command(command))
}

fn table(frame: &Frame, found: &RuleList, range: &Range) -> Markup {
    const COLUMNS: [Column; 5] = [
        Column::new("Rule", "wide"),
        Column::new("Attack", "less"),
        Column::new("Confidence", "less"),
        Column::new("Hits", "num"),
        Column::new("State", ""),
    ];
    if found.items.is_empty() {
        let advice = match frame.here.get("query") {
            Some(_) => explorer::nothing_fits(frame),
            None => html! {
                p { "No policy has rules: requests are counted, and not judged." }
                p { "Picket's own come with " code { "builtin = true" } " in " code { "[rules]" } " of the configuration, OWASP CRS with " code { "sudo picket rules use crs" } "." }
            },
        };
        return empty(Icon::Rules, "No rules", &advice);
    }
    list("Rules", &COLUMNS, &html! { @for rule in &found.items { (row(rule, range)) } })
}

fn row(rule: &RuleView, range: &Range) -> Markup {
    let hits = rule.hits.unwrap_or(0);
    let events = Target::new("/events")
        .with("query", terms::term("@rule.id", &rule.id))
        .with("from", &range.from)
        .with("to", &range.to);
    let tag = |name: &str| rule.tags.get(name).map(String::as_str).unwrap_or_default();
    let sure = if tag("confidence").is_empty() { tag("severity") } else { tag("confidence") };
    html! {
        tr {
            td.wide {
                a.open href=(link::rule(&rule.id)) { @if rule.name.is_empty() { (rule.id) } @else { (link::text(&rule.name)) } }
                p.sub { code { (rule.id) } " " (looks(rule)) }
            }
            td.less { @if !tag("type").is_empty() { (badge::word(tag("type"))) } }
            td.less { (sure) }
            td.num { @if hits > 0 { a href=(events) { (grouped(hits)) } } @else { span.none { "0" } } }
            td { (state(rule)) }
        }
    }
}

/// What it looks for and where, in a line.
fn looks(rule: &RuleView) -> String {
    let Some(first) = rule.conditions.first() else { return String::new() };
    let inputs: Vec<&str> = first.inputs.iter().take(3).map(String::as_str).collect();
    let more = if first.inputs.len() > 3 { "…" } else { "" };
    format!("{} on {}{more}", first.operator, inputs.join(", "))
}

/// What policies do with it.
pub(in crate::ui) fn state(rule: &RuleView) -> Markup {
    let mut modes: Vec<&str> = rule
        .policies
        .iter()
        .filter(|policy| policy.off.is_none())
        .map(|policy| policy.mode.as_str())
        .collect();
    modes.sort_unstable();
    modes.dedup();
    let why = rule.policies.iter().find_map(|policy| policy.off.as_ref());
    html! {
        @for mode in &modes { (badge::word(mode)) }
        @if modes.is_empty() { span.word title=[why.map(|off| &off.message)] { "off" } }
        @if !rule.tells { span.word title="it holds, and no event tells it: other rules build on it" { "silent" } }
    }
}
