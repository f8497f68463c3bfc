//! What who is blocked is told: whether, where, how often, and how it looks.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};

use crate::{
    api::{
        ApiError, Code,
        types::{BlockingPage, Protection},
    },
    cli::screen::grouped,
    config::DenyAnswer,
    event::printable,
    ui::{parts::fresh, visit::Visit},
};

/// Nothing that an own page has in it may run, or load anything, and nobody else may frame it.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'";

/// The page itself, as blocked clients see it.
pub async fn preview(visit: Visit) -> Result<Response, ApiError> {
    let format = visit.parameter("format");
    let Protection { page, .. } = visit.get("/v1/protection", &[]).await?;
    let (kind, body) = match format {
        "" | "html" => ("text/html; charset=utf-8", page.html),
        "json" => ("application/json", page.json),
        other => {
            let message = format!("{:?} is no format of the blocking page", printable(other));
            return Err(ApiError::new(Code::BadRequest, message).hint("html or json"));
        }
    };
    let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// The card about it.
pub fn card(page: &BlockingPage) -> Markup {
    let answers = page.answer == DenyAnswer::Page;
    html! {
        section.card {
            header { h2 { "Blocking page" } a href="/protection/page?format=html" target="_blank" rel="noopener" { "Open it" } }
            @if let Some(problem) = &page.problem {
                p { strong { "Nobody sees it: " } (printable(problem)) "." }
            } @else if answers {
                p { "Who is blocked is told so, " (ports(page)) "." }
            } @else {
                p { "Switched off: who is blocked gets no answer at all. To tell them, set " code { "[deny] answer = \"page\"" } "." }
            }
            @if answers { (fresh::part("pages", &counts(page))) }
            div.previews {
                figure {
                    figcaption.hint { "Browsers, here that of 203.0.113.9, show" }
                    iframe src="/protection/page?format=html" title="The blocking page as browsers show it" sandbox="" {}
                }
                figure {
                    figcaption.hint { "Programs, which do not ask for HTML, get" }
                    pre.request tabindex="0" aria-label="The blocking page for programs" { (printable(page.json.trim_end())) }
                }
            }
            p.hint.list { "TLS can't be answered without the service's key: its clients get an alert, " code { "access_denied" } ". Connections that were open when the block began are cut." }
        }
    }
}

fn ports(page: &BlockingPage) -> Markup {
    let list: Vec<String> = page.ports.iter().map(u16::to_string).collect();
    html! {
        @match (list.as_slice(), page.ports_found) {
            ([], _) => { "on no port yet: none of this host's own has answered HTTP since the agent started. Ports that are forwarded to containers have to be named in "
                code { "[deny] page_ports" } }
            (_, true) => { "on the ports on which HTTP is seen: " (list.join(", ")) }
            (_, false) => { "on " (if list.len() == 1 { "port " } else { "ports " }) (list.join(", ")) }
        }
    }
}

fn counts(page: &BlockingPage) -> Markup {
    let missed = page.limited + page.full + page.unsent;
    html! {
        p.hint {
            "Since the agent started: " (grouped(page.opened)) " connections, " (grouped(page.sent)) " pages, " (grouped(page.alerts)) " alerts"
            @if missed > 0 {
                ", and " (grouped(missed))
                span title=(format!("{} came too fast for an answer, {} the agent did not read in time, {} answers could not be sent.", grouped(page.limited), grouped(page.full), grouped(page.unsent))) { " packets without an answer" }
            }
            "."
        }
    }
}
