//! Who is told of signals, and whether it arrives.

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{get, post},
};
use serde_json::json;

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
        types::{List, NotificationCounts, NotificationTarget, NotificationTest, NotificationTested, Role},
    },
    limits::API_NAME,
    notify::NotifyError,
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Method::GET, "/v1/notifications", Role::Viewer, get(list)),
        Row::new(Method::POST, "/v1/notifications/test", Role::Admin, post(test)),
    ]
}

async fn list(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| {
        let targets = api.desk().notification_targets().into_iter();
        let items = targets.map(|(target, stats)| NotificationTarget {
            address: stats.address.clone(),
            counts: Some(NotificationCounts::from(stats)),
            ..NotificationTarget::from(&target)
        });
        Ok(List { items: items.collect(), next: None })
    })
    .await
}

async fn test(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let NotificationTest { target } = body?.json(r#"{"target":"NAME"}"#)?;
    if target.is_empty() || target.chars().count() > API_NAME {
        return Err(bad(format!("target: expected the name of one, of 1 to {API_NAME} characters")));
    }
    run(api, move |api| {
        let desk = api.desk();
        let tested = desk.test_notification(&target);
        // Something was sent, or tried to be.
        let came = match &tested {
            Ok(answer) => Some(json!({ "arrived": true, "answer": answer })),
            Err(error @ NotifyError::Undelivered { .. }) => {
                Some(json!({ "arrived": false, "answer": error.to_string() }))
            }
            Err(_) => None,
        };
        if let Some(came) = came {
            control::audit(&desk, &person.name, "test_notification", &target, &came);
        }
        Ok(NotificationTested { answer: tested?, target })
    })
    .await
}

impl From<NotifyError> for ApiError {
    fn from(error: NotifyError) -> Self {
        let text = error.to_string();
        match error {
            NotifyError::Unknown { .. } => {
                Self::new(Code::NotFound, text).hint("targets stand in the configuration as [[notify]]")
            }
            NotifyError::Tests { .. } => Self::new(Code::TooMany, text),
            _ => Self::new(Code::Unavailable, text),
        }
    }
}
