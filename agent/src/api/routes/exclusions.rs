//! What rules leave alone: listed, tried on stored events, made, taken away.

mod past;

use std::hash::{Hash as _, Hasher as _};

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{delete, get, post},
};

use super::{
    Api, Row, Shared,
    answer::{Answer, run},
    body::Sent,
    params::{Params, id},
};
use crate::{
    api::{
        ApiError, Code,
        access::Person,
        control,
        types::{Excluded, ExclusionView, Role},
    },
    respond::StateError,
    rules::policy::{
        Exclusion,
        kept::{KeptError, Made, Wanted},
    },
};

/// An exclusion, as it is sent.
const EXPECTED: &str = r#"{"rules":["picket-xss-001"],"services":["shop"],"paths":["/editor/*"],"inputs":["body.html"],"reason":"…"}"#;

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Method::GET, "/v1/exclusions", Role::Viewer, get(list)),
        Row::new(Method::POST, "/v1/exclusions", Role::Responder, post(add)),
        Row::new(Method::DELETE, "/v1/exclusions", Role::Responder, delete(remove)),
    ]
}

async fn list(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["limit", "cursor"])?;
    let cursor = params.cursor()?;
    run(api, move |api| params.page(all(api)?, cursor.as_ref(), name)).await
}

/// Those that people made, the newest first, then those of the configuration.
fn all(api: &Api) -> Result<Vec<ExclusionView>, ApiError> {
    let settings = api.control.settings();
    let common = &settings.config.rules.exclusions;
    let in_force = |made: &Made| common.iter().any(|exclusion| exclusion.id == Some(made.id));
    let made = api.control.exclusions().list()?.into_iter().rev();
    let mut views: Vec<ExclusionView> = made.map(|made| view(in_force(&made), made)).collect();
    let configured = |exclusions: &[Exclusion], origin: &str| -> Vec<ExclusionView> {
        let own = exclusions.iter().filter(|exclusion| exclusion.id.is_none());
        own.map(|exclusion| ExclusionView { in_force: true, ..ExclusionView::of(exclusion.into(), origin) })
            .collect()
    };
    views.extend(configured(common, "[rules]"));
    for policy in &settings.config.policies {
        views.extend(configured(&policy.exclusions, &format!("policy {}", policy.name)));
    }
    Ok(views)
}

/// What tells it from others: its id, or a number made of all that it says.
fn name(entry: &ExclusionView) -> String {
    entry.id.map_or_else(
        || {
            let mut hasher = siphasher::sip::SipHasher13::new_with_keys(0, 0);
            serde_json::to_string(entry).unwrap_or_default().hash(&mut hasher);
            format!("{:x}", hasher.finish())
        },
        |id| id.to_string(),
    )
}

fn view(in_force: bool, made: Made) -> ExclusionView {
    let Made { id, time, who, exclusion } = made;
    let base = ExclusionView::of(exclusion, "manual");
    ExclusionView { id: Some(id), author: Some(who), time: Some(time), in_force, ..base }
}

async fn add(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    let params = Params::read(&uri, &["dry_run", "from", "to"])?;
    let dry_run = params.flag("dry_run")?;
    let between = params.between(None)?;
    let wanted: Wanted = body?.json(EXPECTED)?;
    let exclusion = wanted.read()?;
    run(api, move |api| {
        let past = past::of(&api.desk().reader(), &api.control.settings(), &exclusion, between)?;
        if dry_run {
            return Ok(Excluded { dry_run, exclusion: ExclusionView::of(wanted, "manual"), past });
        }
        let kept = api.control.exclusions();
        let made = kept.add(wanted, &person.name)?;
        if let Err(error) = api.control.reload() {
            // What is not in force is not kept either.
            kept.remove(made.id)?;
            return Err(error);
        }
        let exclusion = view(true, made);
        let what = exclusion.id.map(|id| id.to_string()).unwrap_or_default();
        control::audit(&api.desk(), &person.name, "add_exclusion", &what, &exclusion);
        Ok(Excluded { dry_run, exclusion, past })
    })
    .await
}

async fn remove(State(api): State<Shared>, Extension(person): Extension<Person>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["id"])?;
    let id = id(params.needed("id", "?id=0193a5c2-7d00-7000-8000-000000000001")?)?;
    run(api, move |api| {
        let kept = api.control.exclusions();
        let was = kept.remove(id)?;
        if let Err(error) = api.control.reload() {
            kept.put_back(was)?;
            return Err(error);
        }
        let was = view(false, was);
        control::audit(&api.desk(), &person.name, "remove_exclusion", &id.to_string(), &was);
        Ok(was)
    })
    .await
}

impl From<KeptError> for ApiError {
    fn from(error: KeptError) -> Self {
        let code = match error {
            KeptError::Field { .. } | KeptError::Everything => Code::BadRequest,
            KeptError::Unknown(_) => Code::NotFound,
            KeptError::Full => Code::Full,
            KeptError::State(_) => Code::Internal,
        };
        let answer = Self::new(code, error.to_string());
        match error {
            KeptError::Unknown(_) => {
                answer.hint("those without an id stand in the configuration, and are changed there")
            }
            KeptError::Field { .. } | KeptError::Everything => answer.hint(format!("expected {EXPECTED}")),
            _ => answer,
        }
    }
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> Self {
        Self::new(Code::Internal, error.to_string())
    }
}
