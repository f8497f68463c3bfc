//! What keeps attackers out.

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};

use super::{
    Row, Shared,
    answer::{Answer, run},
    params::Params,
};
use crate::api::types::Role;

pub(super) fn rows() -> Vec<Row> {
    vec![Row::new(Method::GET, "/v1/protection", Role::Viewer, get(protection))]
}

async fn protection(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| api.control.protection()).await
}
