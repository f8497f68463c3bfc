//! Detection rules.

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::{get, post},
};

use super::{
    Row, Shared,
    answer::{Answer, count, run, timestamp},
    body::Sent,
    params::Params,
};
use crate::{
    api::{
        ApiError, Code,
        types::{DetectionRuleView, List, Role, RuleState, RulesChecked},
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

fn state(at_work: &RuleAtWork) -> RuleState {
    RuleState {
        groups: at_work.groups,
        signals: at_work.signals.as_ref().map_or(0, |signals| count(signals.count)),
        last_signal: at_work.signals.as_ref().map(|signals| timestamp(signals.last_seen)),
    }
}

/// Reads rules as a file of them is read; nothing is kept.
async fn check(State(api): State<Shared>, uri: Uri, body: Result<Sent<RULES>, ApiError>) -> Answer {
    Params::read(&uri, &[])?;
    let Sent(body) = body?;
    run(api, move |_| {
        let rules = rules::read(&body, "").map_err(|error| {
            ApiError::new(Code::BadRule, super::cut(&error.to_string(), 2000))
                .hint("docs/detection.md has the form of a rule")
        })?;
        Ok(RulesChecked { rules: rules.iter().map(DetectionRuleView::from).collect() })
    })
    .await
}
