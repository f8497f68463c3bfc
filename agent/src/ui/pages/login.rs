//! Getting in: with a link that `picket ui login` printed, or with a token of the API.

use axum::{
    extract::{RawPathParams, Request, State},
    http::{HeaderValue, header, request::Parts},
    response::Response,
};
use maud::{Markup, html};

use crate::{
    api::{ApiError, Code, Person, types::TokenView},
    ui::{
        Shared, answer,
        form::Form,
        frame::Frame,
        guard,
        page::Page,
        parts::icon::Icon,
        rows::Done,
        session,
        target::{Target, local},
        visit::{self, Visit},
    },
};

/// Where to log in.
pub async fn show(State(ui): State<Shared>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let back = Target::of(&parts.uri).get("back").and_then(local).unwrap_or("/").to_owned();
    if visit::known(&ui, &parts).await.is_some() {
        return answer::to(&back);
    }
    framed(&parts, |_| door(&back, None))
}

/// Lets in whoever has a token of the API.
pub async fn with_token(State(ui): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = match form_of(&parts, body).await {
        Ok(form) => form,
        Err(error) => return framed(&parts, |_| door("/", Some(&error))),
    };
    let back = form.get("back").and_then(local).unwrap_or("/").to_owned();
    let address = visit::address(&parts);
    let token = match form.needed("token") {
        Ok(token) => ui.api.token(address, token.to_owned()).await,
        Err(error) => Err(error),
    };
    match token {
        Ok(token) => {
            let person = Person { name: token.name.clone(), role: token.role };
            enter(&ui, &parts, person, Some(token), &back).await
        }
        Err(error) => framed(&parts, |_| door(&back, Some(&error))),
    }
}

/// What a link leads to: a button. Programs that look at links before people do press none.
pub async fn link(State(ui): State<Shared>, pieces: RawPathParams, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match ui.doors.links.look(&secret(&pieces)) {
        Some(person) => framed(&parts, |_| invitation(&person)),
        None => framed(&parts, |_| door("/", Some(&used_up()))),
    }
}

/// Lets in whoever has a link.
pub async fn with_link(State(ui): State<Shared>, pieces: RawPathParams, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let address = visit::address(&parts);
    let taken = async {
        form_of(&parts, body).await?;
        ui.api.may_try(address)?;
        ui.doors.links.take(&secret(&pieces)).ok_or_else(|| {
            ui.api.failed(address);
            used_up()
        })
    };
    match taken.await {
        Ok(person) => enter(&ui, &parts, person, None, "/").await,
        Err(error) => framed(&parts, |_| door("/", Some(&error))),
    }
}

/// Ends the session.
pub async fn log_out(visit: Visit, _: Form) -> Result<Done, ApiError> {
    visit.ui.api.audit(&visit.known.person, "ui_logout", visit.address).await;
    visit.ui.doors.sessions.end(&visit.known);
    let cookie = session::cleared();
    Ok(Done::new("/login", "").cookie(cookie.map(|cookie| (header::SET_COOKIE, cookie))))
}

fn secret(pieces: &RawPathParams) -> String {
    pieces.iter().find(|(name, _)| *name == "link").map_or_else(String::new, |(_, value)| value.to_owned())
}

fn used_up() -> ApiError {
    ApiError::new(Code::Unauthorized, "this link was used, or its minute is over")
        .hint("sudo picket ui login prints another one")
}

async fn form_of(parts: &Parts, body: axum::body::Body) -> Result<Form, ApiError> {
    guard::same_origin(&parts.headers)?;
    Form::read(body).await
}

/// Begins a session. Whatever cookie was there before is worth nothing afterwards.
async fn enter(ui: &Shared, parts: &Parts, person: Person, token: Option<TokenView>, back: &str) -> Response {
    let begun = ui.doors.sessions.begin(person.clone(), token);
    let cookie: Result<HeaderValue, ApiError> = begun.and_then(|secret| {
        session::session(&secret).ok_or_else(|| ApiError::new(Code::Internal, "no cookie can be made"))
    });
    match cookie {
        Ok(cookie) => {
            ui.api.audit(&person, "ui_login", visit::address(parts)).await;
            let mut response = answer::to(back);
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        Err(error) => framed(parts, |_| door(back, Some(&error))),
    }
}

fn framed(parts: &Parts, page: impl FnOnce(&Frame) -> Page) -> Response {
    match Frame::new(&parts.headers, Target::of(&parts.uri), None) {
        Ok(frame) => answer::page(&frame, &page(&frame), &parts.headers),
        Err(error) => answer::failed(&parts.headers, Target::default(), error),
    }
}

fn card(body: &Markup) -> Markup {
    html! {
        section.card.door { div.brand { (Icon::Brand.show()) span { "Picket" } } (body) }
    }
}

/// Both ways in, and what went wrong.
fn door(back: &str, error: Option<&ApiError>) -> Page {
    let body = card(&html! {
        h1 { "Log in" }
        @if let Some(error) = error {
            p.flash.wrong role="alert" { (error.message) @if let Some(hint) = &error.hint { ". " (hint) } }
        }
        p { "On the host, run " code { "sudo picket ui login" } " and open the link that it prints." }
        form method="post" action="/login" {
            input type="hidden" name="back" value=(back);
            label.field {
                span { "Or paste a token of the API" }
                input type="password" name="token" autocomplete="off" placeholder="pkt_…" required;
            }
            button.button.primary { "Log in" }
        }
        p.hint { "Tokens: " code { "sudo picket token add NAME --role responder" } }
    });
    let page = Page::new("Log in", body);
    match error {
        Some(error) => page.status(error.code.status()),
        None => page,
    }
}

fn invitation(person: &Person) -> Page {
    Page::new(
        "Log in",
        card(&html! {
            h1 { "Log in" }
            p { "As " strong { (person.name) } ", who may " (may(person)) "." }
            form method="post" { button.button.primary autofocus { "Log in" } }
            p.hint { "The link is good once." }
        }),
    )
}

fn may(person: &Person) -> &'static str {
    use crate::api::types::Role;

    match person.role {
        Role::Viewer => "look at everything",
        Role::Responder => "look at everything, triage signals and block",
        Role::Admin => "do everything",
    }
}
