//! Who is told of signals, whether it arrives, and a test.

use axum::http::Method;
use maud::{Markup, html};

use super::TABS;
use crate::{
    api::{
        ApiError,
        types::{List, NotificationTarget, NotificationTest, NotificationTested, Role},
    },
    cli::screen::grouped,
    event::printable,
    ui::{
        command::Command,
        form::Form,
        frame::Frame,
        page::Page,
        parts::{
            empty::empty,
            form,
            icon::Icon,
            link,
            table::{Column, list},
            tabs, time,
        },
        rows::Done,
        visit::Visit,
    },
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let targets: List<NotificationTarget> = visit.get("/v1/notifications", &[]).await?;
    let frame = &visit.frame;
    let body = html! {
        (tabs::tabs(frame, &TABS))
        section.card.list { (table(frame, &targets)) }
    };
    Ok(Page::new("Settings", body).command(Command::new("picket notify list")))
}

fn table(frame: &Frame, targets: &List<NotificationTarget>) -> Markup {
    const COLUMNS: [Column; 6] = [
        Column::new("Target", "wide"),
        Column::new("Of", "less"),
        Column::new("Sent", "num"),
        Column::new("Failed", "num"),
        Column::new("Latest", "less"),
        Column::new("Test", ""),
    ];
    if targets.items.is_empty() {
        let advice = html! {
            p { "Signals wait here until somebody looks. To be told, add a target to the configuration:" }
            pre.request { "[[notify]]\nname = \"duty\"\ntype = \"slack\"\nurl_file = \"slack.url\"" }
            p { "Webhooks, Slack, syslog, mail and OTLP are known." }
        };
        return empty(Icon::Settings, "Nobody is told of signals", &advice);
    }
    list(
        "Who is told of signals",
        &COLUMNS,
        &html! { @for target in &targets.items { (row(frame, target)) } },
    )
}

fn row(frame: &Frame, target: &NotificationTarget) -> Markup {
    let counts = target.counts.clone().unwrap_or_default();
    html! {
        tr {
            td.wide {
                strong { (printable(&target.name)) } " " span.hint { (target.via) }
                p.sub { (link::text(&target.address)) }
                @if let Some(error) = &counts.last_error { p.sub.failed { (link::text(error)) } }
            }
            td.less { @if target.signals.is_empty() { "all signals" } @else { code { (link::text(&target.signals)) } } }
            td.num { (grouped(counts.delivered)) @if counts.waiting > 0 { p.sub { (grouped(counts.waiting)) " wait" } } }
            td.num { (grouped(counts.failed)) @if counts.given_up > 0 { p.sub { (grouped(counts.given_up)) " given up" } } }
            td.less { @if let Some(last) = counts.last_delivered { (time::ago(frame, last)) } @else { span.none { "none yet" } } }
            td {
                @if frame.may(Role::Admin) {
                    (form::post(frame, "/settings/notifications/test", "inline", &html! {
                        input type="hidden" name="target" value=(target.name);
                        button.button { "Send a test" span.hidden { " to " (printable(&target.name)) } }
                    }))
                } @else { span.none { "an administrator may" } }
            }
        }
    }
}

/// Has the agent send a test to a target.
pub async fn test(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let body = NotificationTest { target: form.needed("target")?.to_owned() };
    let tested: NotificationTested =
        visit.call(Method::POST, "/v1/notifications/test", &[], Some(&body)).await?;
    Ok(Done::back(&form, format!("{} took it: {}", tested.target, tested.answer)))
}
