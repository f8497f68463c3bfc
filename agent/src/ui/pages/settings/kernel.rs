//! What this kernel allows.

use maud::{Markup, html};

use super::TABS;
use crate::{
    api::{
        ApiError, Code,
        types::{CheckView, DoctorView},
    },
    doctor::{Job, Level, Runtimes, TlsProcess},
    event::printable,
    tls::sight::{Sight, TlsRuntime},
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        parts::{
            badge, fresh, link,
            table::{Column, table},
            tabs, time,
        },
        visit::Visit,
    },
};

/// Milliseconds that the page waits for a new look at this host; then it shows what was found the last time.
const WAIT: &str = "50";

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let looked = match visit.get::<DoctorView>("/v1/doctor", &[("within", WAIT)]).await {
        Ok(report) => found(frame, &report),
        Err(error) if error.code == Code::TooSlow => html! {
            section.card { p.message { "This host is being looked at: programs are loaded to see what its kernel allows. " a href=(frame.here) { "Look again" } } }
        },
        Err(error) => return Err(error),
    };
    let body = html! { (tabs::tabs(frame, &TABS)) (fresh::part("report", &looked)) };
    Ok(Page::new("Settings", body).aside(fresh::switch()).command(Command::new("picket doctor")))
}

/// What was found, by what it is needed for.
fn found(frame: &Frame, report: &DoctorView) -> Markup {
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
    html! {
        @if report.watch && !report.block { p.note { (verdict) } } @else { p.flash.wrong[!report.watch] { (verdict) } }
        @for (job, title) in JOBS {
            @let checks: Vec<&CheckView> = report.items.iter().filter(|check| check.job == job).collect();
            @if !checks.is_empty() { section.card { header { h2 { (title) } } ul.checks { @for check in checks { (one(check)) } } } }
        }
        @if !report.tls.processes.is_empty() { (code(&report.tls)) }
        p.hint { "Looked at " (time::ago(frame, report.time)) "; somebody who asks after a minute has it looked at again." }
    }
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

/// TLS code in processes that listen, and below why some of it is not seen.
fn code(tls: &Runtimes) -> Markup {
    const COLUMNS: [Column; 5] = [
        Column::new("Process", ""),
        Column::new("PID", "num less"),
        Column::new("Ports", "less"),
        Column::new("TLS code in it", "wide"),
        Column::new("Plaintext", ""),
    ];
    html! {
        section.card {
            header { h2 { "TLS code in processes that listen" } }
            (table("TLS code in processes that listen", &COLUMNS, &html! { @for one in &tls.processes { (process(one)) } }))
            @for runtime in tls.unseen() {
                div.found {
                    p { (printable(&runtime.verdict())) }
                    @if let Some(advice) = &runtime.advice { p.hint { "What to do: " (printable(advice)) } }
                }
            }
        }
    }
}

fn process(one: &TlsProcess) -> Markup {
    let ports: Vec<String> = one.ports.iter().map(u16::to_string).collect();
    let names: Vec<String> = one.runtimes.iter().map(TlsRuntime::full_name).collect();
    html! {
        tr {
            td { (link::text(&one.name)) }
            td.num.less { (one.pid) }
            td.less { (ports.join(", ")) }
            td.wide { (printable(&names.join(", "))) }
            td { @if one.sight == Sight::Unseen { (badge::loud(one.sight.name())) } @else { (badge::word(one.sight.name())) } }
        }
    }
}
