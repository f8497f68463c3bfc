//! What the agent is set to, what its kernel allows, who may ask it over TCP.

use std::time::Duration;

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{delete, get, post},
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Row, Shared,
    answer::{Answer, run},
    body::Sent,
    params::{Params, bad},
};
use crate::api::{
    ApiError, Code, TokenError,
    access::Person,
    control,
    types::{Role, SettingView, SettingsView, TokenBody, TokenMade},
};

/// How long somebody waits for a look at this host who does not say how long.
const LOOKED_WITHIN: Duration = Duration::from_secs(20);

pub(super) fn rows() -> Vec<Row> {
    let admin = |method, path, to| Row::new(method, path, Role::Admin, to);
    vec![
        Row::new(Method::GET, "/v1/settings", Role::Viewer, get(settings)),
        Row::new(Method::GET, "/v1/doctor", Role::Viewer, get(doctor)),
        admin(Method::GET, "/v1/tokens", get(tokens)),
        admin(Method::POST, "/v1/tokens", post(add)),
        admin(Method::DELETE, "/v1/tokens", delete(remove)),
    ]
}

async fn settings(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| {
        let settings = api.control.settings();
        Ok(SettingsView {
            config: api.control.config_file().map(|file| file.display().to_string()),
            generation: settings.generation,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            license: env!("CARGO_PKG_LICENSE").to_owned(),
            items: settings.config.shown().into_iter().map(SettingView::from).collect(),
            warnings: settings.policies.warnings.clone(),
        })
    })
    .await
}

async fn doctor(State(api): State<Shared>, uri: Uri) -> Answer {
    let patience = Params::read(&uri, &["within"])?.moment()?.unwrap_or(LOOKED_WITHIN);
    run(api, move |api| api.control.doctor(patience)).await
}

async fn tokens(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["limit", "cursor"])?;
    let cursor = params.cursor()?;
    run(api, move |api| params.page(api.access.tokens().list()?, cursor.as_ref(), |token| token.name.clone()))
        .await
}

async fn add(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let body: TokenBody =
        body?.json(r#"{"name":"grafana","role":"viewer","for_seconds":7776000}, "forever":true in place of "for_seconds""#)?;
    let expires = match (body.for_seconds, body.forever) {
        (Some(0), _) => return Err(bad("for_seconds is 0: expected at least 1")),
        (Some(seconds), false) => {
            Some(Timestamp::now().saturating_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX))
        }
        (None, true) => None,
        _ => return Err(bad("expected exactly one of for_seconds and forever")),
    };
    run(api, move |api| {
        let TokenBody { name, role, .. } = body;
        let secret = api.access.tokens().add(&name, role, expires)?;
        let after = json!({ "role": role, "expires": expires });
        control::audit(&api.desk(), &person.name, "add_token", &name, &after);
        Ok(TokenMade { name, role, expires, token: secret.show().to_owned() })
    })
    .await
}

async fn remove(State(api): State<Shared>, Extension(person): Extension<Person>, uri: Uri) -> Answer {
    let name = Params::read(&uri, &["name"])?.needed("name", "?name=grafana")?.to_owned();
    run(api, move |api| {
        let was = api.access.tokens().remove(&name)?;
        control::audit(&api.desk(), &person.name, "remove_token", &name, &json!(null));
        Ok(was)
    })
    .await
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        let code = match error {
            TokenError::Taken(_) => Code::Refused,
            TokenError::Unknown(_) => Code::NotFound,
            TokenError::Name(_) => Code::BadRequest,
            TokenError::Full => Code::Full,
            TokenError::State(_) | TokenError::Io { .. } => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}
