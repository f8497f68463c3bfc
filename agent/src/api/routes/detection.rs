//! Detection rules.

mod past;

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{delete, get, patch, post, put},
};

use super::{
    Api, Row, Shared,
    answer::{Answer, count, run, timestamp},
    body::Sent,
    kept::in_force,
    params::{Params, bad},
    piece::Piece,
};
use crate::{
    api::{
        ApiError, Code,
        access::Person,
        types::{DetectionRuleDetails, DetectionRuleView, List, Role, RuleState, RulesChecked, SwitchBody},
    },
    desk::RuleAtWork,
    detect::rules,
    limits,
};

/// Bytes of rules that are checked.
const RULES: usize = limits::DETECT_FILE as usize;

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Method::GET, "/v1/detection/rules", Role::Viewer, get(list)),
        Row::new(Method::GET, "/v1/detection/rules/{id}", Role::Viewer, get(one)),
        Row::new(Method::PUT, "/v1/detection/rules/{id}", Role::Admin, put(save)),
        Row::new(Method::PATCH, "/v1/detection/rules/{id}", Role::Admin, patch(switch)),
        Row::new(Method::DELETE, "/v1/detection/rules/{id}", Role::Admin, delete(remove)),
        Row::new(Method::POST, "/v1/detection/check", Role::Viewer, post(check)),
    ]
}

async fn list(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| {
        let desk = api.desk();
        let (rules, mut at_work) = (desk.rules(), desk.rules_at_work()?);
        let views = rules.rules.iter().map(|rule| DetectionRuleView {
            state: at_work.remove(&rule.id).map(|at_work| state(&at_work)).or(Some(RuleState::default())),
            ..DetectionRuleView::of(rule, &rules)
        });
        Ok(List { items: views.collect(), next: None })
    })
    .await
}

async fn one(State(api): State<Shared>, Piece(id): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, move |api| details(api, &id)).await
}

fn details(api: &Api, id: &str) -> Result<DetectionRuleDetails, ApiError> {
    let desk = api.desk();
    let (rules, at_work) = (desk.rules(), desk.rules_at_work()?);
    let Some(rule) = rules.rules.iter().find(|rule| *rule.id == *id) else {
        return Err(no_such(id));
    };
    let view = DetectionRuleView {
        state: Some(at_work.get(&rule.id).map(state).unwrap_or_default()),
        ..DetectionRuleView::of(rule, &rules)
    };
    Ok(DetectionRuleDetails { rule: view, text: rules.text(id) })
}

fn no_such(id: &str) -> ApiError {
    ApiError::new(Code::NotFound, format!("there is no detection rule {:?}", super::short(id)))
        .hint("GET /v1/detection/rules lists those there are")
}

async fn save(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    Piece(id): Piece,
    uri: Uri,
    body: Result<Sent<RULES>, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let Sent(body) = body?;
    run(api, move |api| {
        let text = std::str::from_utf8(&body).map_err(|_| bad("body: expected UTF-8"))?;
        let before = api.control.detections().put(&id, text, &person.name)?;
        in_force(api, api.control.detections(), &before, &person, "save_detection_rule", &id)?;
        details(api, &id)
    })
    .await
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
        if !api.desk().rules().rules.iter().any(|rule| *rule.id == *id) {
            return Err(no_such(&id));
        }
        let before = api.control.detections().switch(&id, !enabled, &person.name)?;
        let action = if enabled { "enable_detection_rule" } else { "disable_detection_rule" };
        in_force(api, api.control.detections(), &before, &person, action, &id)?;
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
        // What it was; afterwards another one may stand in its place.
        let was = details(api, &id)?;
        let before = api.control.detections().remove(&id)?;
        in_force(api, api.control.detections(), &before, &person, "remove_detection_rule", &id)?;
        Ok(was)
    })
    .await
}

fn state(at_work: &RuleAtWork) -> RuleState {
    RuleState {
        groups: at_work.groups,
        signals: at_work.signals.as_ref().map_or(0, |signals| count(signals.count)),
        last_signal: at_work.signals.as_ref().map(|signals| timestamp(signals.last_seen)),
    }
}

/// Reads rules as a file of them is read, and plays stored events to them; nothing is kept.
async fn check(State(api): State<Shared>, uri: Uri, body: Result<Sent<RULES>, ApiError>) -> Answer {
    let params = Params::read(&uri, &["past", "from", "to"])?;
    let with_past = params.flag("past")?;
    let between = params.between(None)?;
    let Sent(body) = body?;
    run(api, move |api| {
        let rules = rules::read(&body, "").map_err(|error| {
            ApiError::new(Code::BadRule, super::cut(&error.to_string(), 2000))
                .hint("docs/detection.md has the form of a rule")
        })?;
        let views = rules.iter().map(DetectionRuleView::from).collect();
        let rules: Vec<_> = rules.into_iter().map(Arc::new).collect();
        let past = with_past.then(|| past::of(&api.desk().reader(), &rules, between)).transpose()?;
        Ok(RulesChecked { rules: views, past })
    })
    .await
}
