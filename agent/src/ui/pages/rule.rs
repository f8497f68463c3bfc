//! A rule: what it says, what it matched, and which services it judges.

pub(in crate::ui) mod edit;

use maud::{Markup, html};

use crate::{
    api::{
        ApiError, ServiceView,
        client::segment,
        types::{Role, RuleDetails, RuleView},
    },
    event::printable,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::{
            past::Past,
            rules::{SINCE, state},
        },
        parts::{
            badge,
            empty::empty,
            facts::facts,
            form,
            icon::Icon,
            link,
            range::{self, Range},
            table::{Column, table},
            time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let id = visit.piece("id").to_owned();
    let range = Range::of(frame, SINCE);
    let route = format!("/v1/rules/{}", segment(&id));
    let (rule, services, past) = tokio::join!(
        visit.find::<RuleDetails>(&route, &[]),
        visit.get::<Vec<ServiceView>>("/v1/services", &[]),
        Past::of_events(&visit, terms::term("@rule.id", &id), &range),
    );
    let (rule, services, past) = (rule?, services?, past?);
    let Some(rule) = rule else { return Ok(gone(frame, id, &past, &range)) };
    let body = html! {
        @if let Some(reason) = &rule.reason { p.message { (printable(reason)) } }
        div.columns.signal {
            div.grow {
                (conditions(&rule))
                (text(&rule))
                (past.show(frame))
            }
            aside.acts aria-label="About it" {
                section.card { header { h2 { "In short" } } (in_short(frame, &rule)) }
                (change(frame, &rule))
                section.card { header { h2 { "Who is judged by it" } } (judged(&rule, &services)) }
                section.card { header { h2 { "Go on" } } (further(frame, &rule)) }
            }
        }
    };
    let command = Command::new("picket rules show").word(&id);
    let command = command.option("--rules", rule.rule.file.as_deref().unwrap_or_default());
    let title = if rule.rule.name.is_empty() { id } else { rule.rule.name.clone() };
    Ok(Page::new(printable(&title), body)
        .aside(html! { (state(&rule.rule)) (range::choice(frame, &range)) })
        .command(command))
}

/// A rule that no policy has any more: events still name it.
fn gone(frame: &Frame, id: String, past: &Past, range: &Range) -> Page {
    let advice = html! { p { "Events below may still name it. " a href="/rules" { "All rules there are" } } };
    let body = html! {
        section.card { (empty(Icon::Rules, "No policy has this rule", &advice)) }
        (past.show(frame))
    };
    let command = Command::new("picket events").word(&terms::term("@rule.id", &id));
    Page::new(printable(&id).into_owned(), body).aside(range::choice(frame, range)).command(command)
}

/// All of them have to hold.
fn conditions(rule: &RuleDetails) -> Markup {
    const COLUMNS: [Column; 3] =
        [Column::new("Looks for", "wide"), Column::new("In", ""), Column::new("After", "less")];
    html! {
        section.card {
            header {
                h2 { "It holds when" }
                @if rule.rule.conditions.len() > 1 { span.hint { "all of these hold" } }
            }
            @if let Some(never) = &rule.rule.never { p.note { "It can never hold here. " (printable(never)) } }
            @if !rule.rule.conditions.is_empty() { (table("Conditions", &COLUMNS, &html! {
                @for condition in &rule.rule.conditions {
                    tr {
                        td.wide { code { (condition.operator) } @if !condition.argument.is_empty() { p.argument { code { (printable(&condition.argument)) } } } }
                        td { ul.inputs { @for input in &condition.inputs { li { code { (printable(input)) } } } } }
                        td.less { ul.inputs { @for transform in &condition.transforms { li { code { (transform) } } } } }
                    }
                }
            })) }
        }
    }
}

fn text(rule: &RuleDetails) -> Markup {
    let lines = rule.text.as_ref().map_or(0, |text| text.lines().count());
    html! {
        section.card {
            @if let Some(text) = &rule.text {
                details open[lines <= 24] { summary { h2 { "As it is written" } } pre.json { (link::lines(text)) } }
            } @else {
                header { h2 { "As it is written" } }
                p.hint { "Its file is gone, or has something else there: it was changed since it was read. " code { "sudo picket rules reload" } " reads it again." }
            }
        }
    }
}

fn in_short(frame: &Frame, rule: &RuleDetails) -> Markup {
    let rule = &rule.rule;
    let tag = |name: &str| html! { @if let Some(value) = rule.tags.get(name) { (printable(value)) } };
    let place = match &rule.file {
        Some(file) => format!("{file}, line {}", rule.line),
        None if is_own(rule) => "written here".to_owned(),
        None => "comes with Picket".to_owned(),
    };
    let known = ["type", "category", "confidence", "severity", "paranoia_level"];
    let others: Vec<String> = rule
        .tags
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}:{value}"))
        .chain(rule.labels.iter().cloned())
        .collect();
    facts(&[
        ("Id", html! { code { (rule.id) } }),
        ("Attack", tag("type")),
        ("Category", tag("category")),
        ("Confidence", tag("confidence")),
        ("Severity", tag("severity")),
        ("Paranoia", tag("paranoia_level")),
        (
            "Language",
            html! { (match rule.language.as_str() { "seclang" => "SecLang", _ => "In-App WAF (JSON)" }) },
        ),
        ("Phase", html! { (rule.phase.replace('_', " ")) }),
        ("Stands in", html! { (printable(&place)) }),
        (
            if is_own(rule) { "Changed" } else { "Switched" },
            html! { @if let Some(kept) = &rule.kept { "by " (link::text(&kept.by)) " " (time::ago(frame, kept.at)) } },
        ),
        ("Wants", html! { @if rule.blocks { (badge::loud("block")) } }),
        ("Tags", html! { @for tag in &others { (badge::word(&printable(tag))) } }),
    ])
}

/// Whether it was written here.
fn is_own(rule: &RuleView) -> bool {
    rule.kept.as_ref().is_some_and(|kept| kept.written)
}

/// What an administrator can do about it.
fn change(frame: &Frame, rule: &RuleDetails) -> Markup {
    let rule = &rule.rule;
    if !frame.may(Role::Admin) {
        let advice = html! { section.card { header { h2 { "Change it" } } p.hint { "Rules that were written here are changed by administrators." } } };
        return if is_own(rule) {
            advice
        } else {
            html! {}
        };
    }
    let off = rule.kept.as_ref().is_some_and(|kept| kept.off);
    let hidden = html! { input type="hidden" name="rule" value=(rule.id); };
    html! {
        section.card {
            header { h2 { "Change it" } }
            @if is_own(rule) { div.one { a.button href=(Target::new("/rules/edit").with("rule", &rule.id)) { "Edit" } } }
            (form::post(frame, "/rules/switch", "one", &html! {
                (hidden)
                input type="hidden" name="enabled" value=(off);
                button.button { @if off { "Switch on" } @else { "Switch off" } }
            }))
            @if is_own(rule) {
                (form::confirmed("Remove…", &form::post(frame, "/rules/remove", "one", &html! {
                    p.hint { "What was written here is forgotten, and judges no requests any longer. Its events stay." }
                    (hidden)
                    button.button.danger { "Remove" }
                })))
            }
        }
    }
}

/// Policies, and the services that have them.
fn judged(rule: &RuleDetails, services: &[ServiceView]) -> Markup {
    html! {
        ul.policies {
            @for policy in &rule.rule.policies {
                @let of: Vec<String> = services.iter().filter(|service| service.policy == policy.name).map(|service| service.name.clone()).collect();
                li {
                    p { strong { (policy.name) } " " @if policy.off.is_none() { (badge::word(&policy.mode)) } @else { (badge::word("off")) } }
                    @if let Some(off) = &policy.off { p.hint { (printable(&off.message)) } }
                    p.hint { @if of.is_empty() { "no service has it at the moment" } @else { (link::several(&of, 8, link::text)) } }
                }
            }
        }
    }
}

fn further(frame: &Frame, rule: &RuleDetails) -> Markup {
    let of = |path: &str| Target::new(path).with("rule", &rule.rule.id);
    html! {
        ul.links {
            li { a href=(of("/rules/try")) { "Try it on a request" } }
            @if frame.may(Role::Responder) { li { a href=(of("/rules/exclusions/new")) { "Exclude something from it" } } }
            li { a href=(of("/rules/exclusions")) { "Exclusions that concern it" } }
        }
    }
}
