//! The web UI's door: links to log in with.

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::post,
};

use super::{
    Row, Shared,
    answer::{Answer, run},
    body::Sent,
    params::{Params, bad},
};
use crate::{
    api::{
        ApiError, Code,
        access::Person,
        control,
        types::{LoginBody, Role},
    },
    limits::API_NAME,
};

pub(super) fn rows() -> Vec<Row> {
    vec![Row::new(Method::POST, "/v1/ui/login-links", Role::Admin, post(link))]
}

async fn link(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let LoginBody { role, name } = body?.json(r#"{"role":"responder","name":"alice"}, "name" optional"#)?;
    let is_name = |name: &str| {
        !name.trim().is_empty() && name.chars().count() <= API_NAME && !name.chars().any(char::is_control)
    };
    if name.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(bad(format!("name: expected 1 to {API_NAME} characters")));
    }
    run(api, move |api| {
        let door = api.door.get().ok_or_else(|| {
            ApiError::new(Code::Unavailable, "the agent serves no web UI")
                .hint("start it with picket run --ui, or set listen in [ui] of the configuration")
        })?;
        let who = Person { name: name.unwrap_or_else(|| person.name.clone()), role };
        let what = format!("{} ({role})", who.name);
        let view = door.link(who)?;
        // The link itself is nobody's business.
        let after = serde_json::json!({ "role": role, "expires": view.expires });
        control::audit(&api.desk(), &person.name, "login_link", &what, &after);
        Ok(view)
    })
    .await
}
