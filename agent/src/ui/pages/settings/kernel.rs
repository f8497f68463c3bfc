//! What this kernel allows.

use maud::{Markup, html};

use super::TABS;
use crate::{
    api::{
        ApiError,
        types::{CheckView, DoctorView},
    },
    doctor::{Job, Level},
    event::printable,
    ui::{
        command::Command,
        page::Page,
        parts::{tabs, time},
        visit::Visit,
    },
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let report: DoctorView = visit.get("/v1/doctor", &[]).await?;
    let frame = &visit.frame;
    let verdict = match (report.watch, report.block) {
        (true, true) => "Picket can watch this host and keep attackers out.",
        (true, false) => "Picket can watch this host, but it cannot keep attackers out.",
        (false, _) => "Picket cannot watch this host.",
    };
    const JOBS: [(Job, &str); 4] = [
        (Job::Watch, "Seeing requests"),
        (Job::Block, "Keeping attackers out"),
        (Job::Attribute, "Naming services"),
        (Job::Tls, "Seeing requests inside TLS"),
    ];
    let body = html! {
        (tabs::tabs(frame, &TABS))
        @if report.watch && !report.block { p.note { (verdict) } } @else { p.flash.wrong[!report.watch] { (verdict) } }
        @for (job, title) in JOBS {
            @let checks: Vec<&CheckView> = report.items.iter().filter(|check| check.job == job).collect();
            @if !checks.is_empty() { section.card { header { h2 { (title) } } ul.checks { @for check in checks { (one(check)) } } } }
        }
        p.hint { "Looked at " (time::ago(frame, report.time)) "; it is looked at again after a minute." }
    };
    Ok(Page::new("Settings", body).command(Command::new("picket doctor")))
}

fn one(check: &CheckView) -> Markup {
    let (class, word) = match check.level {
        Level::Ok => ("ok", "ok"),
        Level::Degraded => ("degraded", "degraded"),
        Level::Missing => ("missing", "missing"),
    };
    html! {
        li.(class) {
            span.level { span.shape aria-hidden="true" {} (word) }
            div {
                p { strong { (check.id.replace('_', " ")) } " " (printable(&check.found)) }
                @if let Some(costs) = &check.costs { p.sub { "Costs: " (printable(costs)) } }
                @if let Some(fix) = &check.fix { p.sub { "To do: " (printable(fix)) } }
            }
        }
    }
}
