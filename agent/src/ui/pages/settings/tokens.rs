//! Who may use the API over TCP.

use axum::http::Method;
use maud::{Markup, html};

use super::TABS;
use crate::{
    api::{
        ApiError, Code,
        types::{List, Role, TokenBody, TokenMade, TokenView},
    },
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
            pager,
            table::{Column, list},
            tabs, time,
        },
        rows::Done,
        visit::Visit,
    },
};

/// How long a token may be used, as seconds; 0 is for good.
const LENGTHS: [(&str, &str); 5] = [
    ("86400", "1 day"),
    ("2592000", "30 days"),
    ("7776000", "90 days"),
    ("31536000", "1 year"),
    ("0", "for good"),
];

/// Rows of a page.
const ROWS: &str = "50";

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let command = Command::new("picket token list");
    if !frame.may(Role::Admin) {
        let advice = html! { p { "Who may use the API is for administrators. Log in as one: " code { "sudo picket ui login" } } };
        let body = html! { (tabs::tabs(frame, &TABS)) section.card { (empty(Icon::Settings, "Not for your role", &advice)) } };
        return Ok(Page::new("Settings", body).command(command));
    }
    let tokens: List<TokenView> =
        visit.get("/v1/tokens", &[("limit", ROWS), ("cursor", visit.parameter("cursor"))]).await?;
    let body = html! {
        (tabs::tabs(frame, &TABS))
        p.message { "A token lets a program, or a person elsewhere, use the API over TCP, and log in here. Picket keeps its hash alone." }
        div.columns.signal {
            section.card.list { (table(frame, &tokens)) (pager::between(frame, tokens.next.as_deref(), "To the beginning", "More")) }
            aside.acts { section.card { header { h2 { "New token" } } (new(frame)) } }
        }
    };
    Ok(Page::new("Settings", body).command(command))
}

fn table(frame: &Frame, tokens: &List<TokenView>) -> Markup {
    const COLUMNS: [Column; 5] = [
        Column::new("Name", "wide"),
        Column::new("Role", ""),
        Column::new("Made", "less"),
        Column::new("Ends", ""),
        Column::new("Take back", ""),
    ];
    if tokens.items.is_empty() {
        let advice = html! { p { "Make one beside, or on the host: " code { "sudo picket token add grafana --role viewer" } } };
        return empty(Icon::Settings, "There are no tokens", &advice);
    }
    let row = |token: &TokenView| {
        html! {
            tr {
                td.wide { strong { (printable(&token.name)) } }
                td { (token.role) }
                td.less { (time::ago(frame, token.created)) }
                td {
                    @match token.expires {
                        None => "never",
                        Some(at) if at <= frame.now => { span.failed { "ended" } " " (time::ago(frame, at)) }
                        Some(at) => { (time::exact(frame, at)) }
                    }
                }
                td {
                    (form::confirmed("Take back…", &form::post(frame, "/settings/tokens/remove", "one", &html! {
                        p.hint { "Whoever uses it is out at once." }
                        input type="hidden" name="name" value=(token.name);
                        button.button.danger { "Take back " (printable(&token.name)) }
                    })))
                }
            }
        }
    };
    list("Tokens", &COLUMNS, &html! { @for token in &tokens.items { (row(token)) } })
}

fn new(frame: &Frame) -> Markup {
    let roles: Vec<(&str, &str)> = Role::ALL.iter().map(|role| (role.name(), role.name())).collect();
    form::post(
        frame,
        "/settings/tokens/add",
        "stack",
        &html! {
            (form::text("Name", "name", "", "grafana"))
            (form::choice("Role", "role", &roles, Role::Viewer.name()))
            (form::choice("For how long", "seconds", &LENGTHS, "7776000"))
            p.hint { "It is shown once, right after." }
            button.button.primary { "Make a token" }
        },
    )
}

/// Makes a token; it is said once.
pub async fn add(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let role = form.needed("role")?;
    let role = Role::ALL
        .into_iter()
        .find(|known| known.name() == role)
        .ok_or_else(|| ApiError::new(Code::BadRequest, "role: not one of those that can be chosen"))?;
    let seconds: u64 = form
        .needed("seconds")?
        .parse()
        .map_err(|_| ApiError::new(Code::BadRequest, "for how long: expected seconds, 0 is for good"))?;
    let body = TokenBody {
        name: form.needed("name")?.to_owned(),
        role,
        for_seconds: (seconds > 0).then_some(seconds),
        forever: seconds == 0,
    };
    let made: TokenMade = visit.call(Method::POST, "/v1/tokens", &[], Some(&body)).await?;
    Ok(Done::back(&form, format!("The token of {}, shown this once: {}", made.name, made.token)))
}

/// Takes a token back.
pub async fn remove(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let name = form.needed("name")?;
    let _: TokenView = visit.call(Method::DELETE, "/v1/tokens", &[("name", name)], None::<&()>).await?;
    Ok(Done::back(&form, format!("{name} may not use the API any longer")))
}
