//! Rules that judge requests, written, switched and forgotten.

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{delete, patch, put},
};

use super::{
    Api, Row, Shared,
    answer::{Answer, run},
    body::Sent,
    kept::in_force,
    params::{Params, bad},
    piece::Piece,
    rules::details,
};
use crate::{
    api::{
        ApiError, Code,
        access::Person,
        types::{Role, RuleBody, SwitchBody},
    },
    limits,
};

/// Bytes of a body: JSON may have six for one of the rule.
const BODY: usize = 6 * limits::KEPT_RULE + 1024;
const PATH: &str = "/v1/rules/{id}";

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Method::PUT, PATH, Role::Admin, put(save)),
        Row::new(Method::PATCH, PATH, Role::Admin, patch(switch)),
        Row::new(Method::DELETE, PATH, Role::Admin, delete(remove)),
    ]
}

async fn save(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    Piece(id): Piece,
    uri: Uri,
    body: Result<Sent<BODY>, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let RuleBody { text } =
        body?.json(r#"{"text":"SecRule ARGS \"@contains evil\" \"id:100001,phase:2,log\""}"#)?;
    run(api, move |api| {
        let kept = api.control.rules();
        kept.check(&id, &text)?;
        free(api, &id)?;
        let before = kept.put(&id, &text, &person.name)?;
        in_force(api, kept, &before, &person, "save_rule", &id)?;
        details(api, &id)
    })
    .await
}

/// Whether an id is no other rule's.
pub(super) fn free(api: &Api, id: &str) -> Result<(), ApiError> {
    let settings = api.control.settings();
    let other =
        settings.policies.iter().find_map(|policy| policy.rules().find(id).filter(|e| e.own.is_none()));
    let Some(other) = other else { return Ok(()) };
    let place = if other.builtin { "it comes with Picket".to_owned() } else { format!("at {}", other.place) };
    let message = format!("there is a rule {id} already, {place}: ids are unique");
    Err(ApiError::new(Code::Refused, message)
        .hint("choose another id; the other rule can be switched off, or have exclusions"))
}

async fn switch(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    Piece(id): Piece,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let SwitchBody { enabled } = body?.json(r#"{"enabled":false}"#)?;
    run(api, move |api| {
        details(api, &id)?;
        if id.contains('*') {
            // It would stand for other rules, too.
            return Err(bad("a rule with * in its id can't be switched here")
                .hint("`disabled` in [rules] of the configuration can"));
        }
        let kept = api.control.rules();
        let before = kept.switch(&id, !enabled, &person.name)?;
        let action = if enabled { "enable_rule" } else { "disable_rule" };
        in_force(api, kept, &before, &person, action, &id)?;
        details(api, &id)
    })
    .await
}

async fn remove(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    Piece(id): Piece,
    uri: Uri,
) -> Answer {
    Params::read(&uri, &[])?;
    run(api, move |api| {
        let was = details(api, &id)?;
        let kept = api.control.rules();
        let before = kept.remove(&id)?;
        in_force(api, kept, &before, &person, "remove_rule", &id)?;
        Ok(was)
    })
    .await
}
