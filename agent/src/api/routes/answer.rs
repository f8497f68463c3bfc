//! From a handler's call to an answer.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Api, Shared};
use crate::{
    api::{ApiError, Code, types::List},
    desk::{Desk, DeskError},
    store::{ReadError, Reader, WriteError, read::Reach},
};

pub(super) type Answer = Result<Response, ApiError>;

/// Calls the agent on a thread that may block, and answers with JSON.
pub(super) async fn run<T: Serialize + Send + 'static>(
    api: Shared,
    call: impl FnOnce(&Api) -> Result<T, ApiError> + Send + 'static,
) -> Answer {
    let json = blocking(move || {
        let answer = call(&api)?;
        serde_json::to_vec(&answer).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
    })
    .await?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], json).into_response())
}

/// Asks the store. When the client goes away, the question ends.
pub(super) async fn ask<T: Serialize + Send + 'static>(
    api: Shared,
    question: impl FnOnce(&Reader) -> Result<T, ApiError> + Send + 'static,
) -> Answer {
    let asking = Asking::default();
    let gone = asking.0.clone();
    run(api, move |api| question(&api.desk().reader().until(gone))).await
}

/// Calls on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(call).await.map_err(|error| {
        ApiError::new(Code::Internal, format!("the agent failed over this request: {error}"))
    })?
}

/// Says when the one who asks does not wait any more: a handler is dropped with its connection.
#[derive(Default)]
struct Asking(Arc<std::sync::atomic::AtomicBool>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Api {
    /// Events and signals.
    pub(super) fn desk(&self) -> Arc<Desk> {
        self.control.desk()
    }
}

/// Stored JSON as it is.
pub(super) fn raw(json: String) -> Result<Box<RawValue>, ApiError> {
    RawValue::from_string(json)
        .map_err(|error| ApiError::new(Code::Internal, format!("the store holds what is no JSON: {error}")))
}

/// A page of stored JSON.
pub(super) fn page(
    rows: impl IntoIterator<Item = String>,
    next: Option<String>,
) -> Result<List<Box<RawValue>>, ApiError> {
    let items = rows.into_iter().map(raw).collect::<Result<_, _>>()?;
    Ok(List { items, next })
}

/// A time of the store.
pub(super) fn timestamp(nanoseconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(jiff::Timestamp::MAX)
}

/// Since when was counted, where that is not all.
pub(super) fn since(reach: Reach) -> Option<jiff::Timestamp> {
    (!reach.complete).then(|| timestamp(reach.since))
}

/// A time as the store has it.
pub(super) fn stored(time: jiff::Timestamp) -> i64 {
    crate::time::since_epoch(time)
}

/// A count of the store.
pub(super) fn count(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        let code = match error {
            ReadError::Deadline { .. } => Code::TooSlow,
            ReadError::Cursor(_) => Code::BadRequest,
            ReadError::Database(_) => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        let code = match error {
            WriteError::Refused(_) => Code::Internal,
            WriteError::Busy { .. } | WriteError::Disk(_) | WriteError::Closed | WriteError::Late => {
                Code::Unavailable
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NoSignal(_) => Self::new(Code::NotFound, error.to_string()),
            DeskError::Triage(_) => Self::new(Code::BadRequest, error.to_string()),
            DeskError::Read(error) => error.into(),
            DeskError::NotStored(error) => error.into(),
            error => Self::new(Code::Internal, error.to_string()),
        }
    }
}
